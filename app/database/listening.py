"""Hearing what the database announces, on one connection for the whole process."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import psycopg
from psycopg import sql

from app.database.sessions import Database
from app.errors import DatabaseUnavailableError

LOGGER = logging.getLogger("kvart.database")
LOOK_EVERY_S = 1.0
RECONNECT_EVERY_S = 2.0


class Listener:
    """Hears the announcements on a channel in a thread of its own, from :meth:`start` to :meth:`stop`.

    Parameters
    ----------
    database : Database
    channel : str
    heard : callable
        Called in the thread with what was announced; with an empty text when some may have been missed.
    """

    def __init__(self, database: Database, channel: str, heard: Callable[[str], None]) -> None:
        self._database = database
        self._channel = channel
        self._heard = heard
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._listen_on, name=f"kvart-listener-{channel}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and close the connection."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _listen_on(self) -> None:
        while not self._stopping.is_set():
            try:
                self._listen()
            except (psycopg.OperationalError, DatabaseUnavailableError):
                LOGGER.warning("News of %s cannot be heard; trying again in %s s.", self._channel, RECONNECT_EVERY_S)
                self._stopping.wait(RECONNECT_EVERY_S)

    def _listen(self) -> None:
        arguments = {**self._database.connection_arguments(), "application_name": "kvart listener"}
        with psycopg.connect(**arguments, autocommit=True) as connection:
            connection.execute(sql.SQL("listen {}").format(sql.Identifier(self._channel)))
            self._heard("")
            while not self._stopping.is_set():
                for notification in connection.notifies(timeout=LOOK_EVERY_S):
                    self._heard(notification.payload)
