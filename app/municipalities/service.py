"""Use cases of municipalities."""

from __future__ import annotations

import re
from zoneinfo import available_timezones

from shapely import MultiPolygon, Polygon
from sqlalchemy.orm import Session

from analysis.projection import crs_name, require_metres, working_crs
from app.database.feature_collections import FeatureQuery
from app.database.feature_pages import FeaturePage
from app.database.tenancy import enter_service_wide
from app.errors import ConflictError, InvalidInputError, NotFoundError
from app.incidents import service as incidents
from app.municipalities import repository
from app.municipalities.context import MunicipalityContext
from app.municipalities.repository import MUNICIPALITIES as COLLECTION

__all__ = [
    "COLLECTION",
    "create_municipality",
    "find_municipality",
    "get_municipality",
    "list_municipalities",
    "municipality_names",
]

CODE_PATTERN = r"^[a-z0-9][a-z0-9-]{0,62}$"


def find_municipality(session: Session, code: str) -> MunicipalityContext:
    """Return the municipality of that code and enter it: the one place where an address becomes a tenant.

    The rest of the transaction sees and writes the rows of this municipality and of no other.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    row = repository.enter(session, code) if re.fullmatch(CODE_PATTERN, code) else None
    if row is None:
        raise NotFoundError(f"There is no municipality {code[:63]!r}.", "GET /municipalities lists those there are.")
    return MunicipalityContext(
        row.id, row.code, row.name, row.working_crs, row.time_zone, (row.west, row.south, row.east, row.north)
    )


def create_municipality(
    session: Session,
    *,
    code: str,
    name: str,
    boundary: Polygon | MultiPolygon,
    time_zone: str,
    metric_crs: str | None = None,
) -> MunicipalityContext:
    """Store a municipality with its catalogue of concerns.

    Parameters
    ----------
    session : Session
    code : str
        Lower-case letters, digits and hyphens.
    name : str
    boundary : Polygon or MultiPolygon
        Valid, in WGS 84.
    time_zone : str
        IANA name.
    metric_crs : str, optional
        Projected CRS in metres; by default the UTM zone of the boundary's centre.

    Raises
    ------
    InvalidInputError
        If the code or the time zone cannot be used.
    CoordinateError
        If the CRS is unknown or not in metres.
    ConflictError
        If the code is taken.
    """
    if not re.fullmatch(CODE_PATTERN, code):
        raise InvalidInputError(
            f"Municipality code {code[:80]!r}: only lower-case letters, digits and hyphens.", "For example 'talsi'."
        )
    if time_zone not in available_timezones():
        raise InvalidInputError(f"Unknown time zone {time_zone[:80]!r}.", "Use an IANA name such as Europe/Riga.")
    crs = working_crs(boundary.bounds) if metric_crs is None else require_metres(metric_crs)
    enter_service_wide(session)
    municipality_id = repository.insert_municipality(
        session,
        code=code,
        name=name,
        boundary=boundary if isinstance(boundary, MultiPolygon) else MultiPolygon([boundary]),
        working_crs=crs_name(crs) if crs.to_authority() else crs.to_wkt(),
        time_zone=time_zone,
    )
    if municipality_id is None:
        raise ConflictError(f"There is a municipality {code!r} already.", "Choose another code.")
    municipality = find_municipality(session, code)
    incidents.ensure_concern_catalogue(session, municipality.id)
    return municipality


def list_municipalities(session: Session, query: FeatureQuery) -> FeaturePage:
    """Return a page of municipalities."""
    return repository.page(session, query)


def get_municipality(session: Session, municipality: MunicipalityContext) -> str:
    """Return the municipality as a GeoJSON feature."""
    return repository.feature(session, municipality.id) or "null"


def municipality_names(session: Session, most: int = 200) -> list[tuple[str, str]]:
    """Return code and name of the municipalities, for pages and menus."""
    return repository.list_names(session, most)
