"""Every SQL statement of retention and erasure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.beats.models import BeatPlan
from app.danger_zones.models import DangerZone, Report, ReporterLink
from app.fixes.models import Fix
from app.incidents.models import Incident
from app.ingest.models import ImportBatch, QuarantinedRow
from app.retention.models import RetentionRule
from app.runs.models import AnalysisRun

Table = Any
"""A mapped class with ``municipality_id`` and ``id``."""

ENDED_ZONES = ("fixed", "confirmed", "rejected", "duplicate", "passed_on")


def rules(session: Session, municipality_id: int) -> dict[str, int | None]:
    """Return the days that a municipality decided on, by collection; None is for good."""
    rule = RetentionRule
    found = session.execute(select(rule.collection, rule.days).where(rule.municipality_id == municipality_id))
    return {row.collection: row.days for row in found}


def store_rule(session: Session, municipality_id: int, collection: str, days: int | None) -> None:
    """Store or change a rule."""
    values = {"municipality_id": municipality_id, "collection": collection, "days": days}
    session.execute(
        insert(RetentionRule)
        .values(values)
        .on_conflict_do_update(
            index_elements=["municipality_id", "collection"], set_={"days": days, "changed_at": func.now()}
        )
    )


def _imported_before(table: Table, cutoff: datetime) -> ColumnElement[bool]:
    same = and_(ImportBatch.municipality_id == table.municipality_id, ImportBatch.id == table.batch_id)
    return exists().where(same, ImportBatch.imported_at < cutoff)


def _old_incidents(cutoff: datetime) -> ColumnElement[bool]:
    time = func.coalesce(Incident.occurred_to, Incident.occurred_from)
    return or_(time < cutoff, and_(time.is_(None), _imported_before(Incident, cutoff)))


def _old_reports(cutoff: datetime) -> ColumnElement[bool]:
    time = func.coalesce(Report.closed_at, Report.reported_at)
    return or_(time < cutoff, and_(time.is_(None), _imported_before(Report, cutoff)))


def _old_zones(cutoff: datetime) -> ColumnElement[bool]:
    return and_(DangerZone.status.in_(ENDED_ZONES), DangerZone.updated_at < cutoff)


def _old_links(cutoff: datetime) -> ColumnElement[bool]:
    return or_(ReporterLink.created_at < cutoff, ReporterLink.expires_at < func.now())


def _old_quarantine(cutoff: datetime) -> ColumnElement[bool]:
    return _imported_before(QuarantinedRow, cutoff)


def _old_runs(cutoff: datetime) -> ColumnElement[bool]:
    plans = exists().where(BeatPlan.municipality_id == AnalysisRun.municipality_id, BeatPlan.run_id == AnalysisRun.id)
    return and_(AnalysisRun.finished_at < cutoff, ~plans)


_OLD: dict[str, tuple[Table, Callable[[datetime], ColumnElement[bool]]]] = {
    "incidents": (Incident, _old_incidents),
    "reports": (Report, _old_reports),
    "danger-zones": (DangerZone, _old_zones),
    "reporter-data": (ReporterLink, _old_links),
    "quarantined-rows": (QuarantinedRow, _old_quarantine),
    "runs": (AnalysisRun, _old_runs),
}


def count_old(session: Session, municipality_id: int, collection: str, cutoff: datetime) -> int:
    """Return how many rows of a collection are of before ``cutoff``."""
    table, condition = _OLD[collection]
    counted = select(func.count()).select_from(table)
    return session.scalar(counted.where(table.municipality_id == municipality_id, condition(cutoff))) or 0


def erase_old(session: Session, municipality_id: int, collection: str, cutoff: datetime) -> int:
    """Erase the rows of a collection that are of before ``cutoff``, and return how many there were."""
    table, condition = _OLD[collection]
    if table is ReporterLink:
        _forget_reporters(session, municipality_id, cutoff)
    if table is DangerZone:
        old = select(DangerZone.id).where(DangerZone.municipality_id == municipality_id, condition(cutoff))
        _release_zones(session, municipality_id, list(session.scalars(old)))
    return _deleted(session, table, table.municipality_id == municipality_id, condition(cutoff))


def erase_one(session: Session, municipality_id: int, collection: str, identifier: int) -> bool:
    """Erase one row of a collection; False where there is none."""
    table, _ = _OLD[collection]
    if table is DangerZone:
        _release_zones(session, municipality_id, [identifier])
    return _deleted(session, table, table.municipality_id == municipality_id, table.id == identifier) > 0


def _forget_reporters(session: Session, municipality_id: int, cutoff: datetime) -> None:
    """Erase what tells the reporters of old reports apart."""
    mine = and_(Report.municipality_id == municipality_id, Report.reporter_key.is_not(None))
    session.execute(update(Report).where(mine, Report.reported_at < cutoff).values(reporter_key=None))


def _release_zones(session: Session, municipality_id: int, identifiers: list[int]) -> None:
    """Let what refers to danger zones stay without them."""
    for table, column in ((Report, "danger_zone_id"), (Fix, "danger_zone_id"), (DangerZone, "merged_into")):
        mine = and_(table.municipality_id == municipality_id, getattr(table, column) == func.any(identifiers))
        session.execute(update(table).where(mine).values({column: None}))


def _deleted(session: Session, table: Table, *conditions: ColumnElement[bool]) -> int:
    gone = delete(table).where(*conditions).returning(table.id).cte("gone")
    return session.scalar(select(func.count()).select_from(gone)) or 0
