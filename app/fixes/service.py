"""Use cases of fixes."""

from __future__ import annotations

from app.fixes.repository import FIXES as COLLECTION

__all__ = ["COLLECTION"]
