"""Use cases of streets."""

from __future__ import annotations

import geopandas as gpd
from sqlalchemy.orm import Session

from app.errors import InvalidInputError
from app.municipalities.context import MunicipalityContext
from app.streets import repository
from app.streets.repository import STREETS as COLLECTION

__all__ = ["COLLECTION", "read_streets"]


def read_streets(session: Session, municipality: MunicipalityContext) -> gpd.GeoDataFrame:
    """Return ``name`` and the geometry of the streets, in the working CRS.

    Raises
    ------
    InvalidInputError
        There is no street.
    """
    streets = repository.read_streets(session, municipality.id)
    if streets.empty:
        raise InvalidInputError(f"{municipality.name} has no streets.", "Import streets first.")
    return streets.to_crs(municipality.working_crs)
