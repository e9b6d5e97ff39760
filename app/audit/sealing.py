"""Sealing the log in batches, off the path of requests."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from app.audit import repository
from app.audit.chain import BEFORE_THE_FIRST, Link, batch_digest, event_digest
from app.audit.publishing import publish_head
from app.audit.refusals import record_counted_refusals
from app.database.roles import DatabaseRole
from app.database.sessions import Database
from app.errors import DatabaseUnavailableError

LOGGER = logging.getLogger("kvart.audit")
MOST_EVENTS = 10_000
"""Events of one batch."""

SEAL_EVERY_S = 30.0
"""How long an event may wait for its seal while a service or a worker runs."""


def seal(database: Database, heads: Path) -> int:
    """Seal every event that is committed and has no batch yet, publish the head, and return how many there were.

    While another process seals, nothing is done: it takes these events too.

    Parameters
    ----------
    database : Database
    heads : Path
        File that the head is appended to.
    """
    sealed = 0
    while True:
        with database.transaction(DatabaseRole.AUDIT) as session:
            if not repository.try_lock_chain(session):
                return sealed
            head = repository.newest_link(session)
            events = repository.unsealed_events(session, MOST_EVENTS)
            if events:
                ids = [event.id for event in events]
                sealed_at = repository.present_time(session)
                number, previous = (head.id + 1, head.digest) if head else (1, BEFORE_THE_FIRST)
                digest = batch_digest(number, previous, sealed_at, map(event_digest, events))
                head = Link(number, previous, digest, ids[0], ids[-1], len(ids), sealed_at)
                repository.insert_link(session, head, ids)
        sealed += len(events)
        if len(events) < MOST_EVENTS:
            if head is not None:
                publish_head(head, heads)
            return sealed


class Sealer:
    """Seals the log from time to time in a thread of its own, and a last time when it is stopped.

    Parameters
    ----------
    database : Database
    heads : Path
        File that heads are appended to.
    every_s : float
    """

    def __init__(self, database: Database, heads: Path, *, every_s: float = SEAL_EVERY_S) -> None:
        self._database = database
        self._heads = heads
        self._every_s = every_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kvart-audit-sealer", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Seal what there is, and end; to be called before the database is closed."""
        self._stopping.set()
        self._thread.join()
        self.seal_at_end()

    def seal_at_end(self) -> None:
        """Seal what there is, for a process that is about to end; also where the thread was never started."""
        self._seal(at_end=True)

    def _run(self) -> None:
        while not self._stopping.wait(self._every_s):
            self._seal()

    def _seal(self, *, at_end: bool = False) -> None:
        """Seal; a database that does not answer now is asked again later."""
        try:
            record_counted_refusals(self._database, at_end=at_end)
            seal(self._database, self._heads)
        except (SQLAlchemyError, DatabaseUnavailableError) as error:
            LOGGER.warning("The audit log was not sealed: %s", error)
