"""Use cases of danger zones."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.danger_zones import repository
from app.danger_zones.repository import DANGER_ZONES as COLLECTION
from app.danger_zones.schemas import DangerZoneFeature
from app.errors import InvalidInputError
from app.features.geometries import checked_geometry, require_within_surroundings
from app.incidents import service as incidents
from app.municipalities.context import MunicipalityContext

__all__ = ["COLLECTION", "store_danger_zone"]


def store_danger_zone(
    session: Session, municipality: MunicipalityContext, zone: DangerZoneFeature, *, max_vertices: int
) -> int:
    """Store a danger zone and return its identifier.

    Raises
    ------
    InvalidInputError
        If the category is unknown or the geometry cannot be stored as it is.
    TooLargeError
        If the geometry has more than ``max_vertices`` positions.
    """
    geometry = checked_geometry(zone.geometry, member="geometry", max_vertices=max_vertices)
    require_within_surroundings(municipality, geometry, member="geometry")
    known = incidents.concern_category_ids(session, municipality)
    told = zone.properties
    code = incidents.category_code(told.category)
    if code not in known:
        raise InvalidInputError(
            f"properties.category: unknown concern {told.category!r}.",
            f"Use one of: {', '.join(sorted(known))}.",
            pointer="properties.category",
        )
    return repository.insert_danger_zone(
        session,
        municipality.id,
        {
            "category_id": known[code],
            "geom": geometry,
            "reported_by": told.reported_by,
            "channel": told.channel,
            "day_part": told.day_part,
            "description": told.description,
        },
    )
