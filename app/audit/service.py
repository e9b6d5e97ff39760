"""Use cases of the audit log."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.audit import repository
from app.audit.events import AuditEvent
from app.audit.refusals import record_refusal

__all__ = ["AuditEvent", "record", "record_refusal"]


def record(session: Session, event: AuditEvent) -> None:
    """Write an event in the transaction of what it tells of: both are stored, or neither.

    Parameters
    ----------
    session : Session
        In a transaction, in the municipality of the event if it has one.
    event : AuditEvent
    """
    repository.insert_event(session, event)
