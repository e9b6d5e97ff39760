"""Use cases of officers."""

from __future__ import annotations

from app.officers.repository import OFFICERS as COLLECTION

__all__ = ["COLLECTION"]
