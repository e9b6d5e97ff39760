"""Use cases of streets."""

from __future__ import annotations

import shapely
from sqlalchemy.orm import Session

from app.deferred import gpd
from app.errors import InvalidInputError
from app.municipalities.context import MunicipalityContext
from app.streets import repository
from app.streets.repository import STREETS as COLLECTION

__all__ = ["COLLECTION", "find_streets", "middle_of_street", "read_streets", "street_names"]


def read_streets(session: Session, municipality: MunicipalityContext) -> gpd.GeoDataFrame:
    """Return ``name, street_class``, the map tag ``lit`` and the geometry of the streets, in the working CRS.

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
    """Return the streets as :func:`read_streets` does; None without any."""
    streets = repository.read_streets(session, municipality.id)
    return None if streets.empty else streets.to_crs(municipality.working_crs)


def street_names(session: Session, municipality: MunicipalityContext) -> list[str]:
    """Return the names of the streets, for who reports without a map."""
    return repository.street_names(session, municipality.id)


def middle_of_street(session: Session, municipality: MunicipalityContext, name: str) -> shapely.Point | None:
    """Return the middle of the longest stretch of a street (WGS 84), None where there is no such street."""
    found = repository.middle_of_street(session, municipality.id, name)
    return None if found is None else shapely.from_wkb(bytes(found))
