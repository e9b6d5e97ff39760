"""Use cases of the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from app.audit import repository
from app.audit.events import AuditEvent
from app.audit.refusals import record_refusal
from app.audit.repository import EventFilter
from app.errors import InvalidInputError

__all__ = ["AuditEvent", "EventFilter", "list_events", "record", "record_refusal"]


def record(session: Session, event: AuditEvent) -> None:
    """Write an event in the transaction of what it tells of: both are stored, or neither.

    Parameters
    ----------
    session : Session
        In a transaction, in the municipality of the event if it has one.
    event : AuditEvent
    """
    repository.insert_event(session, event)


def list_events(
    session: Session, wanted: EventFilter, *, before: int | None = None, limit: int = 100
) -> Sequence[Row[Any]]:
    """Return events, newest first; ``before`` is the number of the last event of the page before.

    The role of the session decides what is seen: that of the service the municipality it is in, that of the audit all.

    Raises
    ------
    InvalidInputError
        If the time ends before it begins.
    """
    if wanted.since is not None and wanted.until is not None and wanted.until <= wanted.since:
        raise InvalidInputError("The time asked for ends before it begins.", "Give an end that is after the begin.")
    return repository.list_events(session, wanted, before=before, limit=limit)
