"""Use cases of concern: zones and voices for the analyses."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from sqlalchemy.orm import Session

from app.concern import repository
from app.database.base import WGS84
from app.municipalities.context import MunicipalityContext

__all__ = ["read_voices", "read_zones"]


def read_zones(session: Session, municipality: MunicipalityContext) -> gpd.GeoDataFrame:
    """Return ``zone, category, status, reporters`` of the danger zones that stand, in the working CRS."""
    rows = repository.read_zones(session, municipality.id)
    names = ("zone", "category", "status", "reporters")
    columns = {name: pd.Series([getattr(row, name) for row in rows], dtype=object) for name in names}
    shapes = shapely.from_wkb(np.array([bytes(row.shape) for row in rows], dtype=object))
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=WGS84).to_crs(municipality.working_crs)


def read_voices(session: Session, municipality: MunicipalityContext) -> gpd.GeoDataFrame:
    """Return a point with ``category`` for each distinct reporter of each zone or place, in the working CRS.

    Reports of one person about one zone count once, entries of staff not at all. A zone that counts more reporters than
    reports of it are stored (from an import, or erased since) speaks for the rest at a point on it.
    """
    reported = repository.read_reported(session, municipality.id)
    unheard = [row for row in repository.read_unheard(session, municipality.id) if row.voices > 0]
    points = gpd.GeoSeries(
        shapely.from_wkb(np.array([bytes(row.shape) for row in unheard], dtype=object)), crs=WGS84
    ).to_crs(municipality.working_crs)
    times = np.array([row.voices for row in unheard], dtype=np.int64)
    categories = [row.category for row in reported]
    categories += np.repeat(np.array([row.category for row in unheard], dtype=object), times).tolist()
    heard = shapely.points([(row.x, row.y) for row in reported]) if reported else np.zeros(0, dtype=object)
    shapes = np.concatenate([heard, np.repeat(points.to_numpy(), times)])
    return gpd.GeoDataFrame(
        {"category": pd.Series(categories, dtype=object)}, geometry=shapes, crs=municipality.working_crs
    )
