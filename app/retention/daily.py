"""Applying the rules of retention once a day, beside a worker."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError

from app.audit.events import WORKER
from app.audit.retaining import erase_old_events
from app.database.sessions import Database
from app.errors import KvartError
from app.retention import service
from app.settings import DatabaseSettings

LOGGER = logging.getLogger("kvart.retention")
FIRST_AFTER_S = 60.0
EVERY_S = 86_400.0


def apply_now(database: Database, settings: DatabaseSettings) -> int:
    """Erase what is older than the rules of every municipality say, and old audit events; return how many rows."""
    erased = service.apply_rules(database, settings.uploads, actor=WORKER)
    rows = sum(erasure.rows for erasure in erased)
    if settings.audit_keep_days is not None:
        rows += erase_old_events(database, datetime.now(UTC), days=settings.audit_keep_days, actor=WORKER)
    return rows


class DailyRetention:
    """Applies the rules in a thread of its own; several workers that do it at once erase nothing twice.

    Parameters
    ----------
    database : Database
    settings : DatabaseSettings
    first_after_s, every_s : float
    """

    def __init__(
        self,
        database: Database,
        settings: DatabaseSettings,
        *,
        first_after_s: float = FIRST_AFTER_S,
        every_s: float = EVERY_S,
    ) -> None:
        self._database = database
        self._settings = settings
        self._first_after_s = first_after_s
        self._every_s = every_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kvart-retention", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, once what is under way is done."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        pause = self._first_after_s
        while not self._stopping.wait(pause):
            pause = self._every_s
            try:
                rows = apply_now(self._database, self._settings)
                LOGGER.info("Retention erased %s rows.", rows)
            except (SQLAlchemyError, KvartError, OSError) as error:
                LOGGER.warning("Retention was not applied: %s", error)
