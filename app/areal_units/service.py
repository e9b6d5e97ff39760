"""Use cases of areal units."""

from __future__ import annotations

from app.areal_units.repository import AREAL_UNITS as COLLECTION

__all__ = ["COLLECTION"]
