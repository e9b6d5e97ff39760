"""What the rest of Kvart may ask of the queue, whatever the queue is made of."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.database.roles import DatabaseRole
from app.database.sessions import Database
from app.jobs import repository
from app.jobs.repository import QueueState

__all__ = ["QueueState", "announce", "queue_state"]


def announce(session: Session) -> None:
    """Tell the workers, once this transaction is committed, that there is a run to do."""
    repository.wake_workers(session)


def queue_state(database: Database) -> QueueState:
    """Return how many runs wait and run in all municipalities, and how long the oldest has waited."""
    with database.transaction(DatabaseRole.QUEUE) as session:
        return repository.queue_state(session)
