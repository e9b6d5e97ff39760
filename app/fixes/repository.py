"""Every SQL statement about fixes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from geoalchemy2.shape import from_shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import (
    ColumnElement,
    DateTime,
    Row,
    SQLColumnExpression,
    cast,
    delete,
    func,
    insert,
    literal,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import INTERVAL, TIMESTAMP, aggregate_order_by
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from app.database.base import WGS84
from app.database.feature_collections import Collection, Property
from app.fixes.lifecycle import FIX_STATUSES
from app.fixes.models import Fix, FixBundle, FixChange, FixDangerZone, FixHotSpot
from app.municipalities.models import Municipality


def _local_midnight(date: SQLColumnExpression[Any]) -> ColumnElement[datetime]:
    return func.timezone(Municipality.time_zone, cast(date, TIMESTAMP), type_=DateTime(timezone=True))


_ONE_DAY = cast(literal("1 day"), INTERVAL)
_BUNDLE_TITLE = (
    select(FixBundle.title)
    .where(FixBundle.municipality_id == Fix.municipality_id, FixBundle.id == Fix.bundle_id)
    .correlate(Fix.__table__)
    .scalar_subquery()
)
_FURTHER_ZONES = (
    select(
        func.coalesce(
            func.jsonb_agg(aggregate_order_by(FixDangerZone.danger_zone_id, FixDangerZone.danger_zone_id)),
            literal_column("'[]'::jsonb"),
        )
    )
    .where(FixDangerZone.municipality_id == Fix.municipality_id, FixDangerZone.fix_id == Fix.id)
    .correlate(Fix.__table__)
    .scalar_subquery()
)

FIXES = Collection(
    name="fixes",
    title="Fixes",
    singular="fix",
    description="What was or will be done about a place: a lamp, paint, a cut hedge, a mended road.",
    source=Fix.__table__.join(Municipality.__table__, Municipality.id == Fix.municipality_id),
    identifier=Fix.id,
    municipality=Fix.municipality_id,
    geometry=Fix.geom,
    geometry_types=("Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon"),
    properties=(
        Property("title", Fix.title, "string", "What is done."),
        Property("kind", Fix.kind, "string", "Entry of the catalogue of fixes.", filterable=True),
        Property("status", Fix.status, "string", "How far it is.", FIX_STATUSES, filterable=True),
        Property("owner", Fix.owner, "string", "Who does it.", filterable=True),
        Property("cost", Fix.cost, "number", "Cost in the municipality's currency."),
        Property("co_owners", Fix.co_owners, "array", "Who helps."),
        Property("budget", Fix.budget, "number", "What has been set aside for it."),
        Property("bundle_id", Fix.bundle_id, "integer", "Bundle that it is done and judged with.", filterable=True),
        Property("bundle_title", _BUNDLE_TITLE, "string", "Title of that bundle."),
        Property("due_on", Fix.due_on, "date", "By when it is promised."),
        Property("started_on", Fix.started_on, "date", "First day."),
        Property("ended_on", Fix.ended_on, "date", "Last day of the work; null while it goes on."),
        Property("danger_zone_id", Fix.danger_zone_id, "integer", "Danger zone that it answers.", internal=True),
        Property("further_danger_zones", _FURTHER_ZONES, "array", "Others that it answers.", internal=True),
        Property("attributes", Fix.attributes, "object", "Further columns of the source.", internal=True),
        Property("external_id", Fix.external_id, "string", "The supplier's identifier.", internal=True),
    ),
    time=(
        _local_midnight(Fix.started_on),
        func.coalesce(
            _local_midnight(cast(Fix.ended_on, TIMESTAMP) + _ONE_DAY),
            cast(literal("infinity"), DateTime(timezone=True)),
        ),
    ),
)

_ANSWERED = text(
    """
    with recursive answered(id, merged_into) as (
        select z.id, z.merged_into from danger_zone z where z.municipality_id = :municipality and z.id in (
            select danger_zone_id from fix where municipality_id = :municipality and id = :fix
            union select danger_zone_id from fix_danger_zone where municipality_id = :municipality and fix_id = :fix)
        union
        select z.id, z.merged_into from answered a
        join danger_zone z on z.municipality_id = :municipality and z.id = a.merged_into
    )
    select id from answered where merged_into is null order by id
    """
)
_HAS_UNFINISHED = text(
    """
    with recursive taken_in(id) as (
        select cast(:zone as bigint)
        union
        select z.id from taken_in t join danger_zone z on z.municipality_id = :municipality and z.merged_into = t.id
    )
    select exists (
        select from fix f where f.municipality_id = :municipality and f.status not in ('done', 'dropped') and (
            f.danger_zone_id in (select id from taken_in) or exists (
                select from fix_danger_zone l where l.municipality_id = :municipality and l.fix_id = f.id
                    and l.danger_zone_id in (select id from taken_in))))
    """
)


def read_fixes(session: Session, municipality_id: int) -> list[Row[tuple[Any, ...]]]:
    """Return every fix, its ``shape`` as WKB in WGS 84."""
    columns = (
        Fix.id.label("fix"),
        Fix.title,
        Fix.kind,
        Fix.status,
        Fix.owner,
        Fix.cost,
        Fix.started_on,
        Fix.ended_on,
        Fix.bundle_id.label("bundle"),
        FixBundle.title.label("bundle_title"),
        func.st_asbinary(Fix.geom).label("shape"),
    )
    same = (FixBundle.municipality_id == Fix.municipality_id) & (FixBundle.id == Fix.bundle_id)
    statement = select(*columns).outerjoin(FixBundle, same).where(Fix.municipality_id == municipality_id)
    return list(session.execute(statement.order_by(Fix.id)).all())


def fixes_by_external_id(session: Session, municipality_id: int, codes: Sequence[str]) -> dict[str, int]:
    """Return the latest fix of each supplier's identifier that is known."""
    mine = (Fix.municipality_id == municipality_id, Fix.external_id.in_(codes))
    latest = select(Fix.external_id, func.max(Fix.id)).where(*mine).group_by(Fix.external_id)
    return {str(code): int(number) for code, number in session.execute(latest)}


def insert_fix(session: Session, municipality_id: int, place: BaseGeometry, values: dict[str, Any]) -> int:
    """Store a fix at a place in WGS 84 and return its identifier."""
    stored = {**values, "municipality_id": municipality_id, "geom": from_shape(place, srid=WGS84)}
    return session.scalars(insert(Fix).values(stored).returning(Fix.id)).one()


def update_fix(session: Session, municipality_id: int, fix_id: int, values: dict[str, Any]) -> None:
    """Change columns of a fix."""
    session.execute(update(Fix).where(Fix.municipality_id == municipality_id, Fix.id == fix_id).values(values))


def find_fix(session: Session, municipality_id: int, fix_id: int, *, lock: bool) -> dict[str, Any] | None:
    """Return status and days of a fix, held until the transaction ends where it is locked; None without one."""
    statement = select(Fix.status, Fix.started_on, Fix.ended_on).where(
        Fix.municipality_id == municipality_id, Fix.id == fix_id
    )
    row = session.execute(statement.with_for_update() if lock else statement).mappings().one_or_none()
    return None if row is None else dict(row)


def insert_change(session: Session, municipality_id: int, fix_id: int, **told: Any) -> None:
    """Write down a step of a fix."""
    session.execute(insert(FixChange).values(municipality_id=municipality_id, fix_id=fix_id, **told))


def list_changes(session: Session, municipality_id: int, fix_id: int) -> list[dict[str, Any]]:
    """Return the steps of a fix, oldest first."""
    change = FixChange
    columns = (change.step, change.from_status, change.to_status, change.reason, change.happened_on, change.changed_at)
    mine = (change.municipality_id == municipality_id, change.fix_id == fix_id)
    return [dict(row) for row in session.execute(select(*columns).where(*mine).order_by(change.id)).mappings()]


def zones_of_fix(session: Session, municipality_id: int, fix_id: int) -> list[int]:
    """Return the danger zones that a fix answers, that of its import and those linked; of a duplicate what took it in.

    The link stays with the duplicate, so that undoing a merge gives the fix back with it.
    """
    return list(session.scalars(_ANSWERED, {"municipality": municipality_id, "fix": fix_id}))


def has_unfinished_fix(session: Session, municipality_id: int, danger_zone_id: int) -> bool:
    """Tell whether a fix that answers a danger zone, or a duplicate of it, is neither done nor dropped."""
    values = {"municipality": municipality_id, "zone": danger_zone_id}
    return bool(session.scalar(_HAS_UNFINISHED, values))


def replace_zones(session: Session, municipality_id: int, fix_id: int, zones: Sequence[int]) -> None:
    """Link a fix to these danger zones and no others; what its import named and these still hold stays the import's."""
    link, wanted = FixDangerZone, list(zones)
    mine = (link.municipality_id == municipality_id, link.fix_id == fix_id)
    session.execute(delete(link).where(*mine, link.danger_zone_id.not_in(wanted)))
    fix = (Fix.municipality_id == municipality_id, Fix.id == fix_id)
    session.execute(update(Fix).where(*fix, Fix.danger_zone_id.not_in(wanted)).values(danger_zone_id=None))
    first = session.scalar(select(Fix.danger_zone_id).where(*fix))
    rows = [
        {"municipality_id": municipality_id, "fix_id": fix_id, "danger_zone_id": zone}
        for zone in wanted
        if zone != first
    ]
    if rows:
        session.execute(upsert(link).on_conflict_do_nothing(), rows)


def hot_spots_of_fix(session: Session, municipality_id: int, fix_id: int) -> list[dict[str, int]]:
    """Return run and cell of each hot spot that a fix answers."""
    link = FixHotSpot
    mine = (link.municipality_id == municipality_id, link.fix_id == fix_id)
    rows = session.execute(select(link.run_id, link.cell).where(*mine).order_by(link.run_id, link.cell))
    return [{"run_id": row.run_id, "cell": row.cell} for row in rows]


def replace_hot_spots(session: Session, municipality_id: int, fix_id: int, cells: Sequence[tuple[int, int]]) -> None:
    """Link a fix to these cells of runs and no others."""
    link = FixHotSpot
    session.execute(delete(link).where(link.municipality_id == municipality_id, link.fix_id == fix_id))
    rows = [
        {"municipality_id": municipality_id, "fix_id": fix_id, "run_id": run_id, "cell": cell} for run_id, cell in cells
    ]
    if rows:
        session.execute(insert(link), rows)


def insert_bundle(session: Session, municipality_id: int, title: str, description: str | None) -> int | None:
    """Store a bundle and return its identifier; None where there is one of that title."""
    values = {"municipality_id": municipality_id, "title": title, "description": description}
    statement = upsert(FixBundle).values(values).on_conflict_do_nothing(index_elements=["municipality_id", "title_key"])
    return session.scalars(statement.returning(FixBundle.id)).one_or_none()


def has_bundle(session: Session, municipality_id: int, bundle_id: int) -> bool:
    """Tell whether there is a bundle."""
    mine = (FixBundle.municipality_id == municipality_id, FixBundle.id == bundle_id)
    return session.scalars(select(FixBundle.id).where(*mine)).one_or_none() is not None


def list_bundles(session: Session, municipality_id: int) -> list[dict[str, Any]]:
    """Return the bundles, each with its fixes and the sums of their costs and budgets."""
    statement = select(FixBundle.id, FixBundle.title, FixBundle.description).where(
        FixBundle.municipality_id == municipality_id
    )
    parts = select(Fix.bundle_id, Fix.id, func.coalesce(Fix.cost, 0), func.coalesce(Fix.budget, 0)).where(
        Fix.municipality_id == municipality_id, Fix.bundle_id.is_not(None)
    )
    bundles = {
        row["id"]: {**row, "fixes": [], "cost": 0.0, "budget": 0.0}
        for row in session.execute(statement.order_by(FixBundle.id)).mappings()
    }
    for bundle_id, fix_id, cost, budget in session.execute(parts.order_by(Fix.id)):
        bundle = bundles[bundle_id]
        bundle["fixes"].append(fix_id)
        bundle["cost"] += float(cost)
        bundle["budget"] += float(budget)
    return list(bundles.values())
