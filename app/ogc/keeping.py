"""Tiles, extents and counts, kept in memory until the data that they were made of changes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeVar

from fastapi import Request
from sqlalchemy.orm import Session

from app.database.data_versions import Changes, read_version, version_told
from app.ogc.layers import View
from app.plans.service import today

Made = TypeVar("Made")

OWN_BYTES = 1024
"""What an entry takes besides its content."""


@dataclass(frozen=True)
class _Entry:
    version: str
    made: Any
    n_bytes: int


class LayerCache:
    """What was made of the data of layers, each with the version of that data; the least used goes first.

    Parameters
    ----------
    most_bytes : int
        Together they take no more memory.
    """

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self.n_bytes = 0
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()
        self._lock = Lock()

    def find(self, key: Hashable, version: str) -> Any | None:
        """Return what was made of this version of the data; what was made of another one is dropped."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            if entry.version != version:
                self._drop(key)
                return None
            self._entries.move_to_end(key)
            return entry.made

    def keep(self, key: Hashable, version: str, made: Any, n_bytes: int) -> None:
        """Keep what was made of a version of the data, unless it is larger than everything may be."""
        n_bytes += OWN_BYTES
        if n_bytes > self.most_bytes:
            return
        with self._lock:
            if key in self._entries:
                self._drop(key)
            self._entries[key] = _Entry(version, made, n_bytes)
            self.n_bytes += n_bytes
            while self.n_bytes > self.most_bytes:
                self._drop(next(iter(self._entries)))

    def _drop(self, key: Hashable) -> None:
        self.n_bytes -= self._entries.pop(key).n_bytes


def made_once(
    request: Request,
    session: Session,
    view: View,
    question: Hashable,
    make: Callable[[], Made],
    n_bytes: Callable[[Made], int] = lambda _: 0,
    is_final: Callable[[Made], bool] = lambda made: made is not None,
    changes: Changes | None = None,
) -> Made:
    """Return what ``make`` makes of a layer, or what it made before of the same data for the same sight.

    Parameters
    ----------
    request : Request
    session : Session
    view : View
    question : hashable
        All that it depends on besides the layer as the caller sees it.
    make : callable
    n_bytes : callable
        Tells how much memory it takes.
    is_final : callable
        Tells whether it is worth keeping.
    changes : Changes, optional
        Of the tables of the layer, where they are known.
    """
    if not view.is_steady:
        return make()
    cache: LayerCache = request.app.state.layer_cache
    tables = view.municipality.id, view.tables
    told = read_version(session, *tables) if changes is None else version_told(session, *tables, changes)
    version = f"{told} {today(view.municipality)}"
    key = (view.municipality, view.collection.name, view.precision, view.number, question)
    made: Made | None = cache.find(key, version)
    if made is None:
        made = make()
        if is_final(made):
            cache.keep(key, version, made, n_bytes(made))
    return made
