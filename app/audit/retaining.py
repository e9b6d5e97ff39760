"""Erasing old events of the log: whole batches from its beginning, with an event that tells of it."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.audit import repository
from app.audit.events import AuditEvent
from app.database.roles import DatabaseRole
from app.database.sessions import Database
from app.errors import InvalidInputError
from app.identity.caller import Caller

ERASED = "audit-events"
"""Collection that the erasure of old events is told under."""

FEWEST_DAYS = 365
"""No event is erased sooner; the database refuses it too."""


def erase_old_events(database: Database, now: datetime, *, days: int, actor: Caller) -> int:
    """Erase the events of the batches that were sealed more than ``days`` ago, and return how many there were.

    The links of the chain stay, so that what comes after them can still be verified.

    Raises
    ------
    InvalidInputError
        If ``days`` is less than a year.
    """
    if days < FEWEST_DAYS:
        raise InvalidInputError(f"Audit events are kept for at least {FEWEST_DAYS} days, not {days}.", "Keep longer.")
    with database.transaction(DatabaseRole.AUDIT) as session:
        repository.lock_chain(session)
        batch, events = repository.erase_sealed(session, now - timedelta(days=days))
        if events:
            what = {"collection": ERASED, "through_batch": batch, "events": events, "days": days}
            repository.insert_event(session, AuditEvent("erasure", None, actor, what))
    return events
