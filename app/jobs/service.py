"""What the rest of Kvart may ask of the queue, whatever the queue is made of."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.database.roles import DatabaseRole, acting_as
from app.database.sessions import Database
from app.jobs import repository
from app.jobs.repository import QueueState

__all__ = ["QueueState", "enqueue", "queue_state", "withdraw"]


def enqueue(session: Session, municipality_id: int, run_id: int) -> None:
    """Let a run be done; a worker takes it as soon as the transaction is committed."""
    with acting_as(session, DatabaseRole.QUEUE):
        repository.enqueue(session, municipality_id, run_id)


def withdraw(session: Session, run_id: int) -> None:
    """Let nobody do a run any more; a worker that has begun ends it as soon as the transaction is committed."""
    with acting_as(session, DatabaseRole.QUEUE):
        repository.withdraw(session, run_id)


def queue_state(database: Database) -> QueueState:
    """Return how many runs wait and run in all municipalities, and how long the oldest has waited."""
    with database.transaction(DatabaseRole.QUEUE) as session:
        return repository.queue_state(session)
