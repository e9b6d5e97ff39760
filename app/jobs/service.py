"""What the rest of Kvart may ask of the queue, whatever the queue is made of."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.jobs import repository


def announce(session: Session) -> None:
    """Tell the workers, once this transaction is committed, that there is a run to do."""
    repository.wake_workers(session)
