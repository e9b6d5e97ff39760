"""Readiness: what the service needs to do its work."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from app.database import revisions
from app.database.sessions import Database
from app.errors import DatabaseUnavailableError
from app.jobs.process import WorkerProcess
from app.jobs.service import QueueState, queue_state


@dataclass(frozen=True)
class Readiness:
    """What readiness depends on.

    Attributes
    ----------
    database, schema : bool
        The database answers; its schema is the one of this version.
    worker : bool or None
        The worker of this process lives; None if it has none.
    queue : QueueState or None
        None where the database cannot tell.
    """

    database: bool
    schema: bool
    worker: bool | None
    queue: QueueState | None

    @property
    def ready(self) -> bool:
        """Whether the service can do its work.

        A process without a worker of its own stays ready while the queue stands still: its pages and maps work.
        """
        if not (self.database and self.schema):
            return False
        return self.worker is None or (self.worker and self.queue is not None and self.queue.moves)


def check_readiness(database: Database, worker: WorkerProcess | None) -> Readiness:
    """Ask the database and look at the worker."""
    alive = None if worker is None else worker.alive
    try:
        current = database.schema_revision() == revisions.head_revision()
        queue = queue_state(database) if current else None
    except (SQLAlchemyError, DatabaseUnavailableError):
        return Readiness(database=False, schema=False, worker=alive, queue=None)
    return Readiness(database=True, schema=current, worker=alive, queue=queue)
