"""Processes that do the runs of a worker, each one run at a time.

Heavy work in a process of its own leaves the worker free to show that it lives, whatever a library does with Python's
lock, and can be ended at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import logging
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from app.database.sessions import Database
from app.jobs.performing import Outcome, give_back
from app.jobs.queue import STALLED_AFTER_S, Job, session_name
from app.jobs.reaper import end_sessions

LOGGER = logging.getLogger("kvart.worker")
LOOK_EVERY_S = 1.0
LONGEST_LINE = 65536


class ChildRunner:
    """Does runs in child processes, which are kept for the next run.

    Parameters
    ----------
    database : Database
    concurrency : int
        Number of children, and of runs at a time.
    environment : mapping
        Environment of the children; names the same database.
    """

    def __init__(self, database: Database, concurrency: int, environment: Mapping[str, str]) -> None:
        self._database = database
        self._children = [Child(number, environment) for number in range(1, concurrency + 1)]
        self._free: asyncio.Queue[Child] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        """Start the children, so that the first run need not wait for them."""
        self._free = asyncio.Queue()
        for child in self._children:
            await child.start()
            self._free.put_nowait(child)
        return self

    async def __aexit__(self, *_: object) -> None:
        """End the children."""
        for child in self._children:
            await child.end()

    async def run(self, job: Job) -> Outcome:
        """Do a run; when this is cancelled the child is ended at once, and the run waits again if it still stands."""
        child = await self._free.get()
        try:
            outcome = await child.do(job)
        except asyncio.CancelledError:
            await child.end()
            await asyncio.to_thread(self._after_an_end, child, job)
            raise
        else:
            if outcome is None:
                LOGGER.error("Run %s: the process that did it ended with code %s.", job.run_id, await child.end())
            return outcome or Outcome.INTERRUPTED
        finally:
            await child.start()
            self._free.put_nowait(child)

    def _after_an_end(self, child: Child, job: Job) -> None:
        """Leave nothing of an ended child behind: the server would go on with a long statement."""
        end_sessions(self._database, [child.session_of(job)])
        give_back(self._database, job)


class Child:
    """One process that does runs, and is started again where it ended."""

    def __init__(self, number: int, environment: Mapping[str, str]) -> None:
        self._number = number
        self._environment = dict(environment)
        self._process: Process | None = None

    def session_of(self, job: Job) -> str:
        """Return the name of the child's database sessions."""
        return session_name(job.worker_id, self._number)

    async def start(self) -> None:
        """Start the process unless it runs."""
        if self._process is None or self._process.returncode is not None:
            await self.end()
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "app.jobs.child"),
                stdin=PIPE,
                stdout=PIPE,
                env=self._environment,
                start_new_session=True,
                limit=LONGEST_LINE,
            )

    async def do(self, job: Job) -> Outcome | None:
        """Hand over a job and return what became of it; None where the process ended or stands still."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            return None
        message = {"session": self.session_of(job), "job": dataclasses.asdict(job)}
        process.stdin.write(json.dumps(message).encode() + b"\n")
        with contextlib.suppress(ConnectionError):
            await process.stdin.drain()
        answer = asyncio.ensure_future(process.stdout.readline())
        try:
            line = await _unless_stopped(answer, process.pid)
        finally:
            answer.cancel()
            await asyncio.wait([answer])
        return Outcome(line.decode().strip()) if line else None

    async def end(self) -> int | None:
        """End the process at once, and return its exit code."""
        process, self._process = self._process, None
        if process is None:
            return None
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        if process.stdin is not None:
            process.stdin.close()
        if process.stdout is not None:
            await process.stdout.read()
        return await process.wait()


async def _unless_stopped(answer: asyncio.Future[bytes], pid: int) -> bytes:
    """Wait for an answer; give up on a process that somebody has stopped for longer than a worker may be silent."""
    stopped_s = 0.0
    while not answer.done():
        await asyncio.wait([answer], timeout=LOOK_EVERY_S)
        stopped_s = stopped_s + LOOK_EVERY_S if _is_stopped(pid) else 0.0
        if stopped_s > STALLED_AFTER_S:
            return b""
    return answer.result()


def _is_stopped(pid: int) -> bool:
    """Say whether a signal keeps a process from running; False where the system has no ``/proc``."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state in {"T", "t"}
