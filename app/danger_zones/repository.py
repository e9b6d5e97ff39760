"""Every SQL statement about danger zones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from geoalchemy2.shape import from_shape
from sqlalchemy import and_, insert
from sqlalchemy.orm import Session

from app.danger_zones.models import DAY_PARTS, REPORT_SOURCES, ZONE_STATUSES, DangerZone
from app.database.base import WGS84
from app.database.feature_pages import Collection, Property
from app.incidents.models import Category

DANGER_ZONES = Collection(
    name="danger-zones",
    title="Danger zones",
    singular="danger zone",
    description="Places that citizens, officers, surveys or the municipality named as dangerous.",
    source=DangerZone.__table__.join(
        Category.__table__,
        and_(Category.municipality_id == DangerZone.municipality_id, Category.id == DangerZone.category_id),
    ),
    identifier=DangerZone.id,
    municipality=DangerZone.municipality_id,
    geometry=DangerZone.geom,
    geometry_types=("Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon"),
    properties=(
        Property("category", Category.code, "string", "Code of the concern.", filterable=True, coarse=True),
        Property(
            "status", DangerZone.status, "string", "What became of it.", ZONE_STATUSES, filterable=True, coarse=True
        ),
        Property("reported_by", DangerZone.reported_by, "string", "Who named it.", REPORT_SOURCES, filterable=True),
        Property("channel", DangerZone.channel, "string", "By which way it was named."),
        Property(
            "day_part", DangerZone.day_part, "string", "When it is dangerous.", DAY_PARTS, filterable=True, coarse=True
        ),
        Property("description", DangerZone.description, "string", "In the reporter's words."),
        Property("reporters", DangerZone.reporters, "integer", "Distinct reporters who named it."),
        Property("reported_at", DangerZone.reported_at, "date-time", "When it was first named.", coarse=True),
        Property("updated_at", DangerZone.updated_at, "date-time", "When it last changed."),
        Property("external_id", DangerZone.external_id, "string", "The supplier's identifier."),
    ),
    sensitive=Category.sensitive,
    time=(DangerZone.reported_at, DangerZone.reported_at),
)


def insert_danger_zone(session: Session, municipality_id: int, row: Mapping[str, Any]) -> int:
    """Store a danger zone, whose ``geom`` is a shapely geometry, and return its identifier."""
    stored = {**row, "municipality_id": municipality_id, "geom": from_shape(row["geom"], srid=WGS84)}
    return session.scalars(insert(DangerZone).values(stored).returning(DangerZone.id)).one()
