"""Refused requests: written down one by one, but never so many that a flood of them fills the disk."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable
from weakref import WeakKeyDictionary

from app.audit import repository
from app.audit.events import AuditEvent
from app.database.sessions import Database
from app.identity.caller import ANONYMOUS

WINDOW_SECONDS = 3600.0
WRITTEN_PER_ADDRESS = 20
"""Refusals of one address that are written one by one in a window; the others are counted."""
MOST_ADDRESSES = 500
"""Addresses that a window tells apart; the refusals of all further ones are bounded together."""
ELSEWHERE = "elsewhere"


class RefusalBounds:
    """Decides which refusals are written one by one, and counts the others by address.

    Parameters
    ----------
    clock : callable
        Seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._begun = clock()
        self._seen: dict[str, int] = {}

    def admit(self, address: str | None) -> bool:
        """Tell whether a refusal is written on its own; otherwise it is counted."""
        with self._lock:
            told = address or ELSEWHERE
            name = told if told in self._seen or len(self._seen) < MOST_ADDRESSES else ELSEWHERE
            self._seen[name] = self._seen.get(name, 0) + 1
            return self._seen[name] <= WRITTEN_PER_ADDRESS

    def take_counted(self, *, at_end: bool = False) -> dict[str, int]:
        """Return how many refusals of each address were only counted, once its window has ended, and begin anew."""
        with self._lock:
            if not at_end and self._clock() - self._begun < WINDOW_SECONDS:
                return {}
            seen, self._seen, self._begun = self._seen, {}, self._clock()
        return {name: n - WRITTEN_PER_ADDRESS for name, n in seen.items() if n > WRITTEN_PER_ADDRESS}


_BOUNDS: WeakKeyDictionary[Database, RefusalBounds] = WeakKeyDictionary()
_BOUNDS_LOCK = threading.Lock()


def bounds_of(database: Database) -> RefusalBounds:
    """Return the bounds that this process keeps for a database."""
    with _BOUNDS_LOCK:
        return _BOUNDS.setdefault(database, RefusalBounds())


def record_refusal(database: Database, event: AuditEvent) -> None:
    """Write a refused request in a transaction of its own, or only count it where its address made many.

    Parameters
    ----------
    database : Database
    event : AuditEvent
        Of the kind ``refusal`` and of no municipality: whether the one that was named exists is not looked up.
    """
    if not bounds_of(database).admit(event.address):
        return
    with database.transaction() as session:
        repository.insert_event(session, dataclasses.replace(event, municipality_id=None))


def record_counted_refusals(database: Database, *, at_end: bool = False) -> None:
    """Write how many refusals were only counted, one event for each address; ``at_end`` does not wait for the hour."""
    counted = bounds_of(database).take_counted(at_end=at_end)
    if not counted:
        return
    with database.transaction() as session:
        for address, refused in counted.items():
            what = {"refused": refused, "not_written_one_by_one": True}
            repository.insert_event(session, AuditEvent("refusal", None, ANONYMOUS, what, address=address))
