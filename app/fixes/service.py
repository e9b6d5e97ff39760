"""Use cases of fixes."""

from __future__ import annotations

import numpy as np
import shapely
from sqlalchemy.orm import Session

from app.database.base import WGS84
from app.deferred import gpd, pd
from app.fixes import repository
from app.fixes.repository import FIXES as COLLECTION
from app.municipalities.context import MunicipalityContext

__all__ = ["COLLECTION", "link_cells", "read_fixes"]

NAMES = ("fix", "title", "kind", "status", "owner", "cost", "started_on", "ended_on", "bundle", "bundle_title")


def read_fixes(session: Session, municipality: MunicipalityContext) -> gpd.GeoDataFrame:
    """Return ``fix, title, kind, status, owner, cost, started_on, ended_on, bundle, bundle_title``, working CRS."""
    rows = repository.read_fixes(session, municipality.id)
    columns = {name: pd.Series([getattr(row, name) for row in rows], dtype=object) for name in NAMES}
    columns |= {name: columns[name].astype("Float64") for name in ("cost",)}
    columns |= {name: columns[name].astype("Int64") for name in ("fix", "bundle")}
    shapes = shapely.from_wkb(np.array([bytes(row.shape) for row in rows], dtype=object))
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=WGS84).to_crs(municipality.working_crs)


def link_cells(session: Session, municipality: MunicipalityContext, run_id: int, cells: gpd.GeoSeries) -> int:
    """Link every fix to the cells of a run that it stands in and to no others; return how many links there are.

    Parameters
    ----------
    session : Session
    municipality : MunicipalityContext
    run_id : int
    cells : GeoSeries
        In the working CRS, by number of the cell.
    """
    fixes = read_fixes(session, municipality)
    fix, cell = cells.sindex.query(fixes.geometry, predicate="intersects")
    for position, number in enumerate(fixes["fix"]):
        touched = sorted(int(found) for found in cells.index[cell[fix == position]])
        repository.replace_hot_spots(session, municipality.id, int(number), [(run_id, found) for found in touched])
    return len(fix)
