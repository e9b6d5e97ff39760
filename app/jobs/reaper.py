"""Finding what dead workers left: every run that has not ended gets a job that a living worker can take.

A worker is dead when its heartbeat is old: killed, frozen, or cut off from the database. Procrastinate offers no way
back from there (its issue 1518), and takes the end of a job from whoever says so. The job of a dead worker is therefore
removed and its run gets a new one: should the worker wake up, it owns nothing any more.
"""

from __future__ import annotations

import logging

from app.database.roles import DatabaseRole
from app.database.sessions import Database
from app.jobs import repository
from app.jobs.queue import session_name

LOGGER = logging.getLogger("kvart.worker")
BEFORE_OTHERS = 1
"""Priority of runs that have waited already."""


def reap(database: Database) -> int:
    """Return the runs of dead workers to the queue, and how many there were; while another process does it, nothing.

    The database sessions of the dead are ended too, because a frozen process keeps its locks.
    """
    with database.transaction(DatabaseRole.QUEUE) as session:
        if not repository.try_lock_reaping(session):
            return 0
        dead = repository.bury_workers(session)
        repository.drop_orphans(session)
        lost = repository.runs_without_job(session)
        for municipality_id, run_id in lost:
            LOGGER.warning("Run %s: no worker does it; it waits for another.", run_id)
            repository.enqueue(session, municipality_id, run_id, priority=BEFORE_OTHERS)
    if dead:
        end_sessions(database, [session_name(worker, "%") for worker in dead])
    return len(lost)


def end_sessions(database: Database, names: list[str]) -> None:
    """End the database sessions of processes that are gone or frozen, and with them what was not committed."""
    with database.owner_engine.connect() as connection:
        repository.end_sessions(connection, names)
