"""Use cases of street lights."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from app.database.feature_pages import Collection, Interval
from app.lights import repository
from app.lights.repository import STREET_LIGHTS as COLLECTION
from app.municipalities.context import MunicipalityContext

__all__ = ["COLLECTION", "lights_at"]


def lights_at(session: Session, municipality: MunicipalityContext, span: Interval | None) -> Collection:
    """Return the collection of lamps with their state in a span of time, by default now."""
    if span is None:
        now = datetime.now(UTC)
        span = Interval(now, now)
    return repository.lights_at(session, municipality.id, span)
