"""Every SQL statement about danger zones, their reports and the secret links of reporters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from geoalchemy2.shape import from_shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import (
    ColumnElement,
    Row,
    RowMapping,
    and_,
    delete,
    exists,
    func,
    insert,
    literal_column,
    select,
    text,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session, aliased

from app.danger_zones.models import (
    DAY_PARTS,
    REPORT_SOURCES,
    SEASONS,
    WEEKDAYS,
    ZONE_STATUSES,
    DangerZone,
    DangerZoneChange,
    Report,
    ReporterLink,
    ReporterSalt,
)
from app.database.base import WGS84
from app.database.feature_collections import Collection, Property
from app.fixes.models import Fix, FixDangerZone
from app.incidents.models import Category

_FIRST = aliased(Report)
_WORDS = func.coalesce(
    DangerZone.description,
    select(_FIRST.description)
    .where(
        _FIRST.municipality_id == DangerZone.municipality_id,
        _FIRST.danger_zone_id == DangerZone.id,
        _FIRST.description.is_not(None),
    )
    .order_by(_FIRST.id)
    .limit(1)
    .correlate(DangerZone.__table__)
    .scalar_subquery(),
)

_HISTORY: ColumnElement[Any] = literal_column(
    """(select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
            'changed_at', h.changed_at, 'action', h.action, 'from_status', h.from_status, 'to_status', h.to_status,
            'why', h.why, 'next_step', h.next_step, 'passed_on_to', h.passed_on_to, 'other_zone', h.other_zone_id
        )) order by h.id), '[]') from danger_zone_change h
        where h.municipality_id = danger_zone.municipality_id and h.danger_zone_id = danger_zone.id)"""
)

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
        Property("category", Category.code, "string", "Code of the concern.", filterable=True),
        Property("status", DangerZone.status, "string", "What became of it.", ZONE_STATUSES, filterable=True),
        Property("reported_by", DangerZone.reported_by, "string", "Who named it.", REPORT_SOURCES, filterable=True),
        Property("channel", DangerZone.channel, "string", "By which way it was named."),
        Property("day_part", DangerZone.day_part, "string", "When it is dangerous.", DAY_PARTS, filterable=True),
        Property("weekday", DangerZone.weekday, "string", "On which days it is dangerous.", WEEKDAYS, filterable=True),
        Property("season", DangerZone.season, "string", "In which season it is dangerous.", SEASONS, filterable=True),
        Property("description", _WORDS, "string", "In the words of who named it first."),
        Property("reporters", DangerZone.reporters, "integer", "Distinct residents who named it; staff do not count."),
        Property("verified", DangerZone.verified, "boolean", "Whether staff found the place as reported."),
        Property("passed_on_to", DangerZone.passed_on_to, "string", "Who is responsible, where it was passed on."),
        Property("merged_into", DangerZone.merged_into, "integer", "Danger zone that this is a duplicate of."),
        Property("history", _HISTORY, "array", "Its steps with what the public was told, oldest first."),
        Property("reported_at", DangerZone.reported_at, "date-time", "When it was first named."),
        Property("updated_at", DangerZone.updated_at, "date-time", "When it last changed."),
        Property("external_id", DangerZone.external_id, "string", "The supplier's identifier."),
    ),
    sensitive=Category.sensitive,
    time=(DangerZone.reported_at, DangerZone.reported_at),
)

_NEAR_IN_PUBLIC = text(
    """
    select v.id, v.category, v.status, v.reported_month as reported_at,
        round(st_distance(cast(v.geom as geography), cast(place.geom as geography))) as distance_m
    from (select st_setsrid(cast(:place as geometry), 4326) as geom) as place
    join public_danger_zone v on st_dwithin(cast(v.geom as geography), cast(place.geom as geography), :within_m)
    where v.municipality_id = :municipality and v.category = :category and v.status = any(:statuses)
    order by distance_m, v.id limit :most
    """
)
_OF_PUBLIC_ID = text(
    """
    select z.id from danger_zone z join public_danger_zone v on v.municipality_id = z.municipality_id
        and v.id = z.public_id
    where z.municipality_id = :municipality and z.public_id = :public_id
    """
)
BESIDE_M = 100
"""A place may lie so far beside the boundary, as boundaries are drawn more or less closely."""

_PLACE = "(select st_setsrid(cast(:place as geometry), 4326) as geom) as place"
_NEAR = text(
    f"""
    select z.id, c.code as category, z.status, z.reporters, z.reported_at,
        round(st_distance(cast(z.geom as geography), cast(place.geom as geography))) as distance_m
    from {_PLACE}
    join danger_zone z
        on z.geom && cast(st_buffer(cast(st_envelope(place.geom) as geography), :within_m + 1) as geometry)
    join category c on c.municipality_id = z.municipality_id and c.id = z.category_id
    where z.municipality_id = :municipality and c.code = :category and z.status = any(:statuses)
        and st_dwithin(cast(z.geom as geography), cast(place.geom as geography), :within_m)
    order by distance_m, z.id limit :most
    """  # noqa: S608 - a constant of this module
)
_MEETS_BOUNDARY = text(
    f"""
    select st_intersects(m.boundary, st_envelope(cast(st_buffer(
        cast(st_envelope(place.geom) as geography), {BESIDE_M}) as geometry)))
    from municipality m, {_PLACE} where m.id = :municipality
    """  # noqa: S608 - constants of this module
)
_IN_COMMON = text(
    """
    select count(distinct mine.reporter_key) from report mine
    where mine.municipality_id = :municipality and mine.id = any(:reports) and mine.reporter_key in (
        select other.reporter_key from report other
        where other.municipality_id = :municipality and other.danger_zone_id = :zone and other.id <> all(:reports))
    """
)
_DISTINCT_RESIDENTS = text(
    """
    select count(distinct coalesce(encode(reporter_key, 'hex'), cast(id as text)))
    from report where municipality_id = :municipality and id = any(:reports) and reported_by <> all(:staff)
    """
)


def insert_danger_zone(session: Session, municipality_id: int, row: Mapping[str, Any]) -> int:
    """Store a danger zone, whose ``geom`` is a shapely geometry, and return its identifier."""
    stored = {**row, "municipality_id": municipality_id, "geom": from_shape(row["geom"], srid=WGS84)}
    return session.scalars(insert(DangerZone).values(stored).returning(DangerZone.id)).one()


def insert_report(session: Session, municipality_id: int, row: Mapping[str, Any]) -> int:
    """Store a report, whose ``geom`` is a shapely geometry, and return its identifier."""
    stored = {**row, "municipality_id": municipality_id, "geom": from_shape(row["geom"], srid=WGS84)}
    stored.setdefault("reported_at", func.now())
    return session.scalars(insert(Report).values(stored).returning(Report.id)).one()


def meets_boundary(session: Session, municipality_id: int, place: BaseGeometry) -> bool:
    """Tell whether the box around a place meets the municipality, or lies no more than 100 m beside it."""
    return bool(session.scalar(_MEETS_BOUNDARY, {"municipality": municipality_id, "place": place.wkb_hex}))


def lock_zone(session: Session, municipality_id: int, danger_zone_id: int) -> RowMapping | None:
    """Return a danger zone without its place; nobody else changes it until the transaction ends."""
    zone = DangerZone
    columns: list[Any] = [zone.id, zone.status, zone.reporters, zone.merged_into, zone.category_id]
    statement = select(*columns, zone.day_part, zone.weekday, zone.season).where(
        zone.municipality_id == municipality_id, zone.id == danger_zone_id
    )
    return session.execute(statement.with_for_update()).mappings().one_or_none()


def update_zone(session: Session, municipality_id: int, danger_zone_id: int, **values: Any) -> None:
    """Change columns of a danger zone."""
    zone = DangerZone
    mine = (zone.municipality_id == municipality_id, zone.id == danger_zone_id)
    session.execute(update(zone).where(*mine).values(**values, updated_at=func.now()))


def zones_by_ids(session: Session, municipality_id: int, identifiers: Sequence[int]) -> Sequence[RowMapping]:
    """Return danger zones by key: figures, and as WKB ``shape`` and ``public_shape``."""
    zone = DangerZone
    columns: list[Any] = [zone.id, Category.code.label("category"), zone.status, zone.reporters, zone.verified]
    shapes = [func.ST_AsBinary(zone.geom).label("shape"), func.ST_AsBinary(zone.public_geom).label("public_shape")]
    statement = (
        select(*columns, zone.public_id, zone.reported_at, *shapes)
        .select_from(DANGER_ZONES.source)
        .where(zone.municipality_id == municipality_id, zone.id == func.any(list(identifiers)))
        .order_by(zone.id)
    )
    return session.execute(statement).mappings().all()


def insert_change(session: Session, municipality_id: int, danger_zone_id: int, **told: Any) -> None:
    """Write down a step in the life of a danger zone."""
    values = {"municipality_id": municipality_id, "danger_zone_id": danger_zone_id, **told}
    session.execute(insert(DangerZoneChange).values(values))


def list_changes(session: Session, municipality_id: int, danger_zone_id: int) -> list[dict[str, Any]]:
    """Return the steps in the life of a danger zone, oldest first."""
    change = DangerZoneChange
    statement = select(*change.__table__.columns).where(
        change.municipality_id == municipality_id, change.danger_zone_id == danger_zone_id
    )
    return [row._asdict() for row in session.execute(statement.order_by(change.id))]


def last_merge(session: Session, municipality_id: int, danger_zone_id: int) -> RowMapping | None:
    """Return the step by which a danger zone became a duplicate last, here or where it was imported from."""
    change = DangerZoneChange
    statement = (
        select(change.action, change.from_status, change.other_zone_id, change.moved_reports)
        .where(change.municipality_id == municipality_id, change.danger_zone_id == danger_zone_id)
        .where(change.action.in_(("merge", "import")), change.to_status == "duplicate")
        .order_by(change.id.desc())
    )
    return session.execute(statement.limit(1)).mappings().one_or_none()


def near_zones(
    session: Session, municipality_id: int, place: BaseGeometry, *, within_m: float, **wanted: Any
) -> Sequence[RowMapping]:
    """Return danger zones of a ``category`` and of ``statuses`` that overlap a place or lie near it, nearest first.

    Each has ``id, category, status, reporters, reported_at`` and ``distance_m``; there are ``most`` at most.
    """
    values = {"municipality": municipality_id, "place": place.wkb_hex, "within_m": within_m, **wanted}
    return session.execute(_NEAR, values).mappings().all()


def near_public_zones(
    session: Session, municipality_id: int, place: BaseGeometry, *, within_m: float, **wanted: Any
) -> Sequence[RowMapping]:
    """Return public ``id``, ``category, status, reported_at`` and ``distance_m`` of public zones near a place."""
    values = {"municipality": municipality_id, "place": place.wkb_hex, "within_m": within_m, **wanted}
    return session.execute(_NEAR_IN_PUBLIC, values).mappings().all()


def zone_of_public_id(session: Session, municipality_id: int, public_id: int) -> int | None:
    """Return the danger zone that is public under an identifier."""
    found: int | None = session.scalar(_OF_PUBLIC_ID, {"municipality": municipality_id, "public_id": public_id})
    return found


def report_ids(session: Session, municipality_id: int, danger_zone_id: int) -> list[int]:
    """Return the identifiers of the reports of a danger zone."""
    mine = (Report.municipality_id == municipality_id, Report.danger_zone_id == danger_zone_id)
    return list(session.scalars(select(Report.id).where(*mine).order_by(Report.id)))


def list_reports(session: Session, municipality_id: int, danger_zone_id: int) -> Sequence[RowMapping]:
    """Return the reports of a danger zone, oldest first, without who sent them."""
    columns: list[Any] = [Report.id, Report.reported_at, Report.reported_by, Report.channel, Report.description]
    statement = (
        select(*columns, Category.code.label("category"), func.ST_AsGeoJSON(Report.geom).label("geometry"))
        .outerjoin(
            Category, and_(Category.municipality_id == Report.municipality_id, Category.id == Report.category_id)
        )
        .where(Report.municipality_id == municipality_id, Report.danger_zone_id == danger_zone_id)
    )
    return session.execute(statement.order_by(Report.id)).mappings().all()


def read_report(session: Session, municipality_id: int, report_id: int) -> RowMapping | None:
    """Return ``shape`` (WKB), concern, words, source, channel and time of a report."""
    columns: list[Any] = [Report.category_id, Report.description, Report.reported_by, Report.channel]
    statement = select(*columns, Report.reported_at, func.ST_AsBinary(Report.geom).label("shape")).where(
        Report.municipality_id == municipality_id, Report.id == report_id
    )
    return session.execute(statement).mappings().one_or_none()


def move_reports(
    session: Session, municipality_id: int, reports: Sequence[int], *, source: int, target: int
) -> list[int]:
    """Let reports of one danger zone belong to another, with their links, and return those that were moved."""
    mine = (
        Report.municipality_id == municipality_id,
        Report.danger_zone_id == source,
        Report.id == func.any(list(reports)),
    )
    moved = list(session.scalars(update(Report).where(*mine).values(danger_zone_id=target).returning(Report.id)))
    links = (ReporterLink.municipality_id == municipality_id, ReporterLink.report_id == func.any(moved))
    session.execute(update(ReporterLink).where(*links).values(danger_zone_id=target))
    return sorted(moved)


def reporters_in_common(session: Session, municipality_id: int, reports: Sequence[int], danger_zone_id: int) -> int:
    """Return how many reporters of these reports sent another report of the danger zone besides."""
    values = {"municipality": municipality_id, "reports": list(reports), "zone": danger_zone_id}
    return session.scalar(_IN_COMMON, values) or 0


def distinct_residents(
    session: Session, municipality_id: int, reports: Sequence[int], staff_sources: Sequence[str]
) -> int:
    """Return how many distinct residents sent these reports."""
    values = {"municipality": municipality_id, "reports": list(reports), "staff": list(staff_sources)}
    return session.scalar(_DISTINCT_RESIDENTS, values) or 0


def names_already(session: Session, municipality_id: int, danger_zone_id: int, reporter_key: bytes) -> bool:
    """Tell whether a reporter has reported the danger zone before."""
    known = exists().where(
        Report.municipality_id == municipality_id,
        Report.danger_zone_id == danger_zone_id,
        Report.reporter_key == reporter_key,
    )
    return bool(session.scalar(select(known)))


def reporter_salt(session: Session, municipality_id: int, fresh: bytes) -> bytes:
    """Return what the reporter keys of a municipality are salted with; the first caller's fresh salt becomes it."""
    values = {"municipality_id": municipality_id, "salt": fresh}
    session.execute(upsert(ReporterSalt).values(values).on_conflict_do_nothing())
    return session.scalars(select(ReporterSalt.salt).where(ReporterSalt.municipality_id == municipality_id)).one()


def insert_reporter_link(session: Session, municipality_id: int, *, days: int, **link: Any) -> None:
    """Store the link of a reporter, of which only the hash is known; it ends after so many days."""
    ends = func.now() + func.make_interval(0, 0, 0, days)
    session.execute(insert(ReporterLink).values(municipality_id=municipality_id, expires_at=ends, **link))


def find_reporter_link(session: Session, municipality_id: int, token_sha256: bytes) -> Row[Any] | None:
    """Return the link of a token, if it has not expired."""
    link = ReporterLink
    columns: list[Any] = [link.id, link.danger_zone_id, link.report_id, link.contact, link.created_at, link.expires_at]
    statement = select(*columns).where(
        link.municipality_id == municipality_id, link.token_sha256 == token_sha256, link.expires_at > func.now()
    )
    return session.execute(statement).one_or_none()


def delete_reporter_link(session: Session, municipality_id: int, link_id: int) -> None:
    """Erase a link and the contact that was left with it."""
    link = ReporterLink
    session.execute(delete(link).where(link.municipality_id == municipality_id, link.id == link_id))


def delete_lone_zone(session: Session, municipality_id: int, danger_zone_id: int, report_id: int | None) -> bool:
    """Delete a danger zone with its only report; False where another report, a fix or a duplicate refers to it."""
    zone, other = DangerZone, aliased(DangerZone)
    referring = (
        (Report.municipality_id, Report.danger_zone_id, Report.id != (report_id or 0)),
        (Fix.municipality_id, Fix.danger_zone_id, true()),
        (FixDangerZone.municipality_id, FixDangerZone.danger_zone_id, true()),
        (other.municipality_id, other.merged_into, true()),
    )
    free = (~exists().where(of == municipality_id, to == danger_zone_id, more) for of, to, more in referring)
    mine = (zone.municipality_id == municipality_id, zone.id == danger_zone_id)
    if session.scalar(select(zone.id).where(*mine, zone.reporters <= 1, *free).with_for_update()) is None:
        return False
    reports = (Report.municipality_id == municipality_id, Report.danger_zone_id == danger_zone_id)
    session.execute(delete(Report).where(*reports))
    session.execute(delete(zone).where(*mine))
    return True


def anonymise_report(session: Session, municipality_id: int, report_id: int) -> None:
    """Erase the words of a report and what tells its reporter apart."""
    mine = (Report.municipality_id == municipality_id, Report.id == report_id)
    session.execute(update(Report).where(*mine).values(description=None, reporter_key=None))
