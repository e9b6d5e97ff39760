"""Every SQL statement about danger zones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from geoalchemy2.shape import from_shape
from sqlalchemy import Row, and_, delete, exists, func, insert, select, update
from sqlalchemy.orm import Session

from app.danger_zones.models import DAY_PARTS, REPORT_SOURCES, ZONE_STATUSES, DangerZone, Report, ReporterLink
from app.database.base import WGS84
from app.database.feature_pages import Collection, Property
from app.fixes.models import Fix
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


def insert_reporter_link(
    session: Session, municipality_id: int, danger_zone_id: int, *, token_sha256: bytes, contact: str | None, days: int
) -> None:
    """Store the link of a reporter, of which only the hash is known; it ends after so many days."""
    session.execute(
        insert(ReporterLink).values(
            municipality_id=municipality_id,
            danger_zone_id=danger_zone_id,
            token_sha256=token_sha256,
            contact=contact,
            expires_at=func.now() + func.make_interval(0, 0, 0, days),
        )
    )


def find_reporter_link(session: Session, municipality_id: int, token_sha256: bytes) -> Row[Any] | None:
    """Return the link of a token, if it has not expired."""
    link = ReporterLink
    columns: list[Any] = [link.id, link.danger_zone_id, link.contact, link.created_at, link.expires_at]
    statement = select(*columns).where(
        link.municipality_id == municipality_id, link.token_sha256 == token_sha256, link.expires_at > func.now()
    )
    return session.execute(statement).one_or_none()


def delete_reporter_link(session: Session, municipality_id: int, link_id: int) -> None:
    """Erase a link and the contact that was left with it."""
    link = ReporterLink
    session.execute(delete(link).where(link.municipality_id == municipality_id, link.id == link_id))


def delete_lone_zone(session: Session, municipality_id: int, danger_zone_id: int) -> bool:
    """Delete a danger zone with its links; False where others named it too, or a report or a fix refers to it."""
    zone = DangerZone
    referred = [
        exists().where(table.municipality_id == municipality_id, table.danger_zone_id == danger_zone_id)
        for table in (Report, Fix)
    ]
    statement = delete(zone).where(
        zone.municipality_id == municipality_id,
        zone.id == danger_zone_id,
        zone.reporters <= 1,
        *(~condition for condition in referred),
    )
    return session.execute(statement.returning(zone.id)).one_or_none() is not None


def anonymise_zone(session: Session, municipality_id: int, danger_zone_id: int) -> None:
    """Erase the reporter's words of a danger zone."""
    zone = DangerZone
    session.execute(
        update(zone)
        .where(zone.municipality_id == municipality_id, zone.id == danger_zone_id)
        .values(description=None, updated_at=func.now())
    )
