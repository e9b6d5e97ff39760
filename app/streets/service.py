"""Use cases of streets."""

from __future__ import annotations

import geopandas as gpd
from sqlalchemy.orm import Session

from app.errors import InvalidInputError
from app.municipalities.context import MunicipalityContext
from app.streets import repository
from app.streets.repository import STREETS as COLLECTION

__all__ = ["COLLECTION", "find_streets", "read_streets"]


def read_streets(session: Session, municipality: MunicipalityContext) -> gpd.GeoDataFrame:
    """Return ``name``, the map tag ``lit`` and the geometry of the streets, in the working CRS.

    Raises
    ------
    InvalidInputError
        There is no street.
    """
    streets = find_streets(session, municipality)
    if streets is None:
        raise InvalidInputError(f"{municipality.name} has no streets.", "Import streets first.")
    return streets


def find_streets(session: Session, municipality: MunicipalityContext) -> gpd.GeoDataFrame | None:
    """Return ``name``, the map tag ``lit`` and the geometry of the streets in the working CRS; None without any."""
    streets = repository.read_streets(session, municipality.id)
    return None if streets.empty else streets.to_crs(municipality.working_crs)
