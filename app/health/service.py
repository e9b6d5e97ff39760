"""Readiness: what the service needs to do its work."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from app.database import revisions
from app.database.sessions import Database
from app.errors import DatabaseUnavailableError
from app.jobs.process import WorkerProcess


@dataclass(frozen=True)
class Readiness:
    """What readiness depends on.

    Attributes
    ----------
    database, schema : bool
        The database answers; its schema is the one of this version.
    worker : bool or None
        The worker of this process lives; None if it has none.
    """

    database: bool
    schema: bool
    worker: bool | None

    @property
    def ready(self) -> bool:
        """Whether the service can do its work."""
        return self.database and self.schema and self.worker is not False


def check_readiness(database: Database, worker: WorkerProcess | None) -> Readiness:
    """Ask the database and look at the worker."""
    alive = None if worker is None else worker.alive
    try:
        with database.engine.connect() as connection:
            revision = revisions.current_revision(connection)
    except (SQLAlchemyError, DatabaseUnavailableError):
        return Readiness(database=False, schema=False, worker=alive)
    return Readiness(database=True, schema=revision == revisions.head_revision(), worker=alive)
