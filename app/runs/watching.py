"""Telling readers of every change of a run, as server-sent events; one connection to the database hears for all."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from anyio import move_on_after, to_thread

from app.database.listening import Listener
from app.database.sessions import Database
from app.errors import TooManyRequestsError
from app.municipalities.context import MunicipalityContext
from app.runs import service
from app.runs.presenting import run_detail

CHANNEL = "kvart_run"
"""Where the database announces each change of a run as ``municipality:run``, by the trigger of revision 0010."""

MOST_STREAMS = 200
SIGN_OF_LIFE_S = 15.0
"""Longest silence; proxies close connections on which nothing is said."""
LONGEST_STREAM_S = 900.0
"""After this the reader connects anew, and its credential is looked at again."""
PAUSE_S = 0.1
"""Shortest time between two looks of a reader at its run."""

Key = tuple[int, int]


@dataclass(frozen=True)
class Event:
    """What a reader is told of a run.

    Attributes
    ----------
    id : str
        The same for the same state of the run.
    data : str
        The run as JSON, in one line.
    last : bool
        Whether the run has ended.
    """

    id: str
    data: str
    last: bool

    def encode(self) -> bytes:
        """Return the lines of the stream."""
        return f"id: {self.id}\nevent: run\ndata: {self.data}\n\n".encode()


class RunWatch:
    """The readers who follow runs, and what wakes them.

    Parameters
    ----------
    database : Database
    most : int
        Readers at a time.
    """

    def __init__(self, database: Database, most: int = MOST_STREAMS) -> None:
        self._database = database
        self._most = most
        self._readers: dict[Key, set[asyncio.Event]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listener: Listener | None = None

    @property
    def readers(self) -> int:
        """Number of readers now."""
        return sum(len(readers) for readers in self._readers.values())

    def stop(self) -> None:
        """End the connection to the database."""
        if self._listener is not None:
            self._listener.stop()

    def look(self, municipality: MunicipalityContext, run_id: int) -> Event:
        """Return what there is to tell of a run now.

        Raises
        ------
        NotFoundError
            The municipality has no such run.
        """
        with self._database.inside(municipality.id) as session:
            return self.event(municipality, service.get_run(session, municipality, run_id))

    @staticmethod
    def event(municipality: MunicipalityContext, run: service.AnalysisRun) -> Event:
        """Return what there is to tell of a run as it was read."""
        data = run_detail(municipality, run).model_dump_json()
        digest = hashlib.blake2b(data.encode(), digest_size=12).hexdigest()
        return Event(digest, data, run.finished_at is not None)

    def require_room(self) -> None:
        """Refuse one reader too many.

        Raises
        ------
        TooManyRequestsError
            If as many follow runs as one process serves.
        """
        if self.readers >= self._most:
            raise TooManyRequestsError(
                f"{self._most} readers follow runs already.", "Ask for the run from time to time.", retry_after=10
            )

    async def follow(
        self, municipality: MunicipalityContext, run_id: int, known: str | None = None
    ) -> AsyncGenerator[bytes, None]:
        """Give the events of a run until it ends; one that the reader knows already is not told again.

        A reader that is slow misses what has passed and is told the latest.
        """
        key, changed = (municipality.id, run_id), asyncio.Event()
        self._begin_to_listen()
        self._readers.setdefault(key, set()).add(changed)
        try:
            begun = time.monotonic()
            yield b": follow\n\n"
            while time.monotonic() - begun < LONGEST_STREAM_S:
                changed.clear()
                event = await to_thread.run_sync(self.look, municipality, run_id)
                yield b": here\n\n" if event.id == known else event.encode()
                known = event.id
                if event.last:
                    return
                await asyncio.sleep(PAUSE_S)
                with move_on_after(SIGN_OF_LIFE_S):
                    await changed.wait()
        finally:
            self._readers[key].discard(changed)
            if not self._readers[key]:
                del self._readers[key]

    def _begin_to_listen(self) -> None:
        self._loop = asyncio.get_running_loop()
        if self._listener is None:
            self._listener = Listener(self._database, CHANNEL, self._hear)
            self._listener.start()

    def _hear(self, announced: str) -> None:
        """Pass on what the thread of the listener heard."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._wake, announced)

    def _wake(self, announced: str) -> None:
        municipality, _, run = announced.partition(":")
        keys = [(int(municipality), int(run))] if run else list(self._readers)
        for key in keys:
            for changed in self._readers.get(key, ()):
                changed.set()
