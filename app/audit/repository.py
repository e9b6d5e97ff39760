"""Every SQL statement of the audit log."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, insert, select, text, update
from sqlalchemy.orm import Session

from app.audit.chain import Link, LoggedEvent
from app.audit.events import AuditEvent
from app.audit.models import AuditBatch, StoredEvent

SEAL_LOCK = 7_402_158_615
"""Advisory lock under which one process at a time adds to the chain."""

FETCHED_AT_ONCE = 5_000

_DEFERRED = "case when pg_current_xact_id_if_assigned() is null then set_config('synchronous_commit', 'off', true) end"
_AWAITED = "set_config('synchronous_commit', null, true)"
_INSERT = """
with commit_mode as materialized (select {commit})
insert into audit_event (municipality_id, kind, actor_kind, actor, account_id, what, purpose, address, request_id)
select cast(:municipality_id as int), :kind, :actor_kind, :actor, cast(:account_id as bigint), cast(:what as jsonb),
       cast(:purpose as text), cast(:address as text), cast(:request_id as text)
from commit_mode
"""
_INSERT_DEFERRED = text(_INSERT.format(commit=_DEFERRED))
_INSERT_AWAITED = text(_INSERT.format(commit=_AWAITED))
_EVENT_COLUMNS = tuple(StoredEvent.__table__.columns[name] for name in LoggedEvent._fields)
_LINK_COLUMNS = tuple(AuditBatch.__table__.columns[name] for name in Link._fields)


@dataclass(frozen=True)
class EventFilter:
    """Which events are asked for; None asks for all.

    Attributes
    ----------
    municipality_id : int or None
    kind : str or None
    actor : str or None
        Name of the account, key or operator.
    since, until : datetime or None
        ``until`` is not included.
    """

    municipality_id: int | None = None
    kind: str | None = None
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def insert_event(session: Session, event: AuditEvent) -> None:
    """Store an event, in one statement.

    The commit of a transaction that did nothing but look is not waited for; one that writes anything else besides
    always is: see docs/decisions/0006-audit.md.
    """
    values = {
        "municipality_id": event.municipality_id,
        "kind": event.kind,
        "actor_kind": event.actor.kind,
        "actor": event.actor.name,
        "account_id": event.actor.account_id,
        "what": json.dumps(event.what, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace").decode(),
        "purpose": event.purpose,
        "address": event.address,
        "request_id": event.request_id,
    }
    session.execute(_INSERT_DEFERRED if event.kind == "consultation" else _INSERT_AWAITED, values)


def list_events(session: Session, wanted: EventFilter, *, before: int | None, limit: int) -> Sequence[Row[Any]]:
    """Return events, newest first, that came before the number ``before``."""
    event = StoredEvent
    conditions = [
        column == value
        for column, value in (
            (event.municipality_id, wanted.municipality_id),
            (event.kind, wanted.kind),
            (event.actor, wanted.actor),
        )
        if value is not None
    ]
    if wanted.since is not None:
        conditions.append(event.occurred_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(event.occurred_at < wanted.until)
    if before is not None:
        conditions.append(event.id < before)
    statement: Select[Any] = select(*_EVENT_COLUMNS, event.batch_id).where(*conditions)
    return session.execute(statement.order_by(event.id.desc()).limit(limit)).all()


def try_lock_chain(session: Session) -> bool:
    """Keep others from adding to the chain until the transaction ends; False while another does."""
    return bool(session.scalar(select(func.pg_try_advisory_xact_lock(SEAL_LOCK))))


def hold_chain_still(session: Session) -> None:
    """Wait until nobody adds to the chain, and keep it so until the transaction ends."""
    session.execute(select(func.pg_advisory_xact_lock_shared(SEAL_LOCK)))


def lock_chain(session: Session) -> None:
    """Wait until nobody adds to or looks through the chain, and keep it so until the transaction ends."""
    session.execute(select(func.pg_advisory_xact_lock(SEAL_LOCK)))


def newest_link(session: Session) -> Link | None:
    """Return the head of the chain."""
    row = session.execute(select(*_LINK_COLUMNS).order_by(AuditBatch.id.desc()).limit(1)).one_or_none()
    return None if row is None else Link(*row)


def unsealed_events(session: Session, most: int) -> list[LoggedEvent]:
    """Return the oldest events that belong to no batch yet."""
    statement = select(*_EVENT_COLUMNS).where(StoredEvent.batch_id.is_(None)).order_by(StoredEvent.id).limit(most)
    return [LoggedEvent(*row) for row in session.execute(statement)]


def present_time(session: Session) -> datetime:
    """Return the time by the clock of the database."""
    now: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
    return now


def insert_link(session: Session, link: Link, event_ids: Sequence[int]) -> None:
    """Store a batch and put its events into it."""
    session.execute(insert(AuditBatch).values(link._asdict()))
    session.execute(
        update(StoredEvent)
        .where(StoredEvent.id == func.any(list(event_ids)))
        .values(batch_id=link.id)
        .execution_options(synchronize_session=False)
    )


def links(session: Session) -> list[Link]:
    """Return every batch in the order of the chain."""
    return [Link(*row) for row in session.execute(select(*_LINK_COLUMNS).order_by(AuditBatch.id))]


def sealed_events(session: Session) -> Iterator[tuple[int, LoggedEvent]]:
    """Give every sealed event with the number of its batch, in the order of batches and events."""
    statement = (
        select(StoredEvent.batch_id, *_EVENT_COLUMNS)
        .where(StoredEvent.batch_id.is_not(None))
        .order_by(StoredEvent.batch_id, StoredEvent.id)
        .execution_options(yield_per=FETCHED_AT_ONCE)
    )
    for batch_id, *columns in session.execute(statement):
        yield batch_id, LoggedEvent(*columns)


def count_unsealed(session: Session) -> int:
    """Return how many events belong to no batch yet."""
    return session.scalar(select(func.count()).where(StoredEvent.batch_id.is_(None))) or 0


def erase_sealed(session: Session, older_than: datetime) -> tuple[int | None, int]:
    """Erase the events of the batches that were sealed before; return the last such batch and how many events went."""
    row = session.execute(text("select last_batch, events from erase_audit_events(:t)"), {"t": older_than}).one()
    return row.last_batch, row.events
