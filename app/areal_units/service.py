"""Use cases of areal units."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.areal_units import repository
from app.areal_units.repository import AREAL_UNITS as COLLECTION
from app.deferred import gpd
from app.errors import InvalidInputError
from app.municipalities.context import MunicipalityContext

__all__ = ["COLLECTION", "find_source", "read_units"]


def find_source(session: Session, municipality: MunicipalityContext, name: str | None) -> int | None:
    """Return the key of a source of areal units, None for units of none; without a name the only source.

    Raises
    ------
    InvalidInputError
        There are no units, none of that source, or they are of several sources and none is named.
    """
    sources = repository.unit_sources(session, municipality.id)
    if not sources:
        raise InvalidInputError(f"{municipality.name} has no areal units.", "Import areal units with residents first.")
    chosen = name or (next(iter(sources)) if len(sources) == 1 else None)
    if chosen is None or chosen not in sources:
        wrong = "of several sources" if chosen is None else f"not of the source {chosen!r}"
        raise InvalidInputError(
            f"{municipality.name} has areal units {wrong}.", f"Set units_source to one of: {', '.join(sources)}."
        )
    return sources[chosen]


def read_units(session: Session, municipality: MunicipalityContext, source: str | None) -> gpd.GeoDataFrame:
    """Return ``unit_id``, ``residents`` and the geometry of the units of a source, in the working CRS.

    Raises
    ------
    InvalidInputError
        See `find_source`.
    """
    units = repository.read_units(session, municipality.id, find_source(session, municipality, source))
    return units.to_crs(municipality.working_crs)
