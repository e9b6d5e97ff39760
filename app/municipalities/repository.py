"""Every SQL statement about municipalities."""

from __future__ import annotations

from typing import Any

from geoalchemy2.shape import from_shape
from shapely import MultiPolygon
from sqlalchemy import Row, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.database.base import WGS84
from app.database.feature_collections import Collection, FeatureQuery, Property
from app.database.feature_pages import FeaturePage, read_feature, read_feature_page
from app.database.tenancy import entering
from app.municipalities.models import Municipality

MUNICIPALITIES = Collection(
    name="municipalities",
    title="Municipalities",
    singular="municipality",
    description="The municipalities that this service holds data of.",
    source=Municipality.__table__,
    identifier=Municipality.id,
    municipality=None,
    geometry=Municipality.boundary,
    geometry_types=("MultiPolygon",),
    properties=(
        Property("code", Municipality.code, "string", "Name of the municipality in addresses."),
        Property("name", Municipality.name, "string", "Name that people use."),
        Property("working_crs", Municipality.working_crs, "string", "Projected CRS in metres, a code or WKT."),
        Property("time_zone", Municipality.time_zone, "string", "IANA time zone of its local times."),
        Property("created_at", Municipality.created_at, "date-time", "When it was created."),
    ),
)
_TABLE = Municipality.__table__.c
_ENTER = select(
    _TABLE.id,
    _TABLE.code,
    _TABLE.name,
    _TABLE.working_crs,
    _TABLE.time_zone,
    func.ST_XMin(_TABLE.boundary).label("west"),
    func.ST_YMin(_TABLE.boundary).label("south"),
    func.ST_XMax(_TABLE.boundary).label("east"),
    func.ST_YMax(_TABLE.boundary).label("north"),
    entering(_TABLE.id).label("entered"),
).where(_TABLE.code == bindparam("code"))
"""Made once, of plain columns: every request begins with it, and putting it together takes longer than the query."""


def page(session: Session, query: FeatureQuery) -> FeaturePage:
    """Return a page of municipalities."""
    return read_feature_page(session, MUNICIPALITIES, None, query)


def feature(session: Session, municipality_id: int) -> str | None:
    """Return a municipality as a GeoJSON feature."""
    return read_feature(session, MUNICIPALITIES, None, municipality_id)


def insert_municipality(
    session: Session, *, code: str, name: str, boundary: MultiPolygon, working_crs: str, time_zone: str
) -> int | None:
    """Store a municipality and return its key, None if the code is taken."""
    values: dict[str, Any] = {
        "code": code,
        "name": name,
        "boundary": from_shape(boundary, srid=WGS84),
        "working_crs": working_crs,
        "time_zone": time_zone,
    }
    statement = insert(Municipality).values(values).on_conflict_do_nothing(index_elements=["code"])
    return session.scalar(statement.returning(Municipality.id))


def enter(session: Session, code: str) -> Row[Any] | None:
    """Enter the municipality of that code and return its key, names, CRS, time zone and bounds."""
    return session.execute(_ENTER, {"code": code}).one_or_none()


def list_names(session: Session, most: int) -> list[tuple[str, str]]:
    """Return code and name of at most ``most`` municipalities, in the order of their names."""
    rows = session.execute(select(Municipality.code, Municipality.name).order_by(Municipality.name).limit(most))
    return [(code, name) for code, name in rows]
