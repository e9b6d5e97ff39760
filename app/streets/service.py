"""Use cases of streets."""

from __future__ import annotations

from app.streets.repository import STREETS as COLLECTION

__all__ = ["COLLECTION"]
