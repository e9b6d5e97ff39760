"""Use cases of street lights."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from app.database.feature_collections import Collection, Interval
from app.deferred import gpd, pd
from app.lights import repository
from app.lights.repository import STREET_LIGHTS as COLLECTION
from app.municipalities.context import MunicipalityContext

__all__ = ["COLLECTION", "lights_at", "read_inventory"]


def lights_at(session: Session, municipality: MunicipalityContext, span: Interval | None) -> Collection:
    """Return the collection of lamps with their state in a span of time, by default now."""
    if span is None:
        now = datetime.now(UTC)
        span = Interval(now, now)
    return repository.lights_at(session, municipality.id, span)


def read_inventory(session: Session, municipality: MunicipalityContext) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Return the lamps (``lamp`` and a point in the working CRS) and their outages (``lamp, out_from, out_to``)."""
    lamps = pd.DataFrame(repository.read_lamps(session, municipality.id), columns=["lamp", "x", "y"])
    outages = pd.DataFrame(repository.read_outages(session, municipality.id), columns=["lamp", "out_from", "out_to"])
    for column in ("out_from", "out_to"):
        outages[column] = pd.to_datetime(outages[column], utc=True)
    points = gpd.points_from_xy(lamps["x"], lamps["y"])
    return gpd.GeoDataFrame(lamps[["lamp"]], geometry=points, crs=municipality.working_crs), outages
