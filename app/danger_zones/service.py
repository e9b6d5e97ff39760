"""Use cases of danger zones."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.danger_zones import repository
from app.danger_zones.reporter_links import make_link
from app.danger_zones.repository import DANGER_ZONES as COLLECTION
from app.danger_zones.schemas import DangerZoneFeature
from app.errors import InvalidInputError
from app.features.geometries import checked_geometry, require_within_surroundings
from app.incidents import service as incidents
from app.municipalities.context import MunicipalityContext

__all__ = ["COLLECTION", "store_danger_zone", "take_report"]


def take_report(
    session: Session,
    municipality: MunicipalityContext,
    zone: DangerZoneFeature,
    *,
    max_vertices: int,
    is_public: bool,
) -> tuple[int, str | None]:
    """Store a danger zone and return its identifier, with the token of its secret link where there is a reporter.

    There is one when a member of the public reports, and when staff leave the contact of somebody.

    Raises
    ------
    InvalidInputError
        If the public claims to be somebody else, the category is unknown or the geometry cannot be stored as it is.
    TooLargeError
        If the geometry has more than ``max_vertices`` positions.
    """
    told = zone.properties
    if is_public and told.reported_by != "citizen":
        raise InvalidInputError(
            f"properties.reported_by: only staff report as {told.reported_by!r}.",
            "Say 'citizen', or sign in.",
            pointer="properties.reported_by",
        )
    identifier = store_danger_zone(session, municipality, zone, max_vertices=max_vertices)
    if not is_public and told.contact is None:
        return identifier, None
    return identifier, make_link(session, municipality, identifier, told.contact)


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
