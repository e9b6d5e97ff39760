"""Use cases of fixes."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from sqlalchemy.orm import Session

from app.database.base import WGS84
from app.fixes import repository
from app.fixes.repository import FIXES as COLLECTION
from app.municipalities.context import MunicipalityContext

__all__ = ["COLLECTION", "read_fixes"]

NAMES = ("fix", "title", "kind", "status", "owner", "cost", "started_on", "ended_on", "bundle")


def read_fixes(session: Session, municipality: MunicipalityContext) -> gpd.GeoDataFrame:
    """Return ``fix, title, kind, status, owner, cost, started_on, ended_on, bundle`` in the working CRS."""
    rows = repository.read_fixes(session, municipality.id)
    columns = {name: pd.Series([getattr(row, name) for row in rows], dtype=object) for name in NAMES}
    columns |= {name: columns[name].astype("Float64") for name in ("cost",)}
    columns |= {name: columns[name].astype("Int64") for name in ("fix", "bundle")}
    shapes = shapely.from_wkb(np.array([bytes(row.shape) for row in rows], dtype=object))
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=WGS84).to_crs(municipality.working_crs)
