"""The worker: takes jobs from the queue and has them done, until it is asked to stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, Self

import procrastinate
from procrastinate.exceptions import ConnectorException, JobAborted
from procrastinate.jobs import Job as QueuedJob

from app.database.sessions import Database
from app.jobs.children import ChildRunner
from app.jobs.handlers import HANDLERS, Handler
from app.jobs.performing import DATABASE_LOST, Observer, Outcome, Performer
from app.jobs.queue import (
    HEARTBEAT_S,
    POLL_S,
    QUEUE,
    REAP_EVERY_S,
    STALLED_AFTER_S,
    TASK,
    Job,
    connect_queue,
)
from app.jobs.reaper import reap

LOGGER = logging.getLogger("kvart.worker")
RECONNECT_EVERY_S = 2.0
RETRY_AFTER_S = 1
"""Pause before a run that was interrupted is tried again."""

QUEUE_LOST = (*DATABASE_LOST, ConnectorException)


class Runner(Protocol):
    """Where the runs of a worker are done."""

    async def run(self, job: Job) -> Outcome:
        """Do the run of a job."""


class ThreadRunner:
    """Does runs in threads of this process; one that is to stop does so at its next report of progress."""

    def __init__(self, performer: Performer, concurrency: int) -> None:
        self._performer = performer
        self._threads = ThreadPoolExecutor(concurrency, thread_name_prefix="kvart-run")

    async def __aenter__(self) -> Self:
        """Begin."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Wait for the threads; no run is under way any more."""
        self._threads.shutdown()

    async def run(self, job: Job) -> Outcome:
        """Do the run of a job; a cancelled one is waited for, as threads cannot be ended."""
        outcome = asyncio.get_running_loop().run_in_executor(self._threads, self._performer.perform, job)
        with contextlib.suppress(asyncio.CancelledError):
            return await asyncio.shield(outcome)
        return await outcome


class RunNotEndedError(Exception):
    """The run has to be done again."""

    def __init__(self, after_s: int) -> None:
        super().__init__(f"again in {after_s} s")
        self.after_s = after_s


class _TryAgain(procrastinate.BaseRetryStrategy):
    """Puts back what did not end: interrupted runs after a pause, those of a worker that stops at once."""

    def get_retry_decision(self, *, exception: BaseException, job: QueuedJob) -> procrastinate.RetryDecision | None:
        """Return when to try again, None for never."""
        del job
        if isinstance(exception, RunNotEndedError):
            return procrastinate.RetryDecision(retry_in={"seconds": exception.after_s})
        return procrastinate.RetryDecision() if isinstance(exception, JobAborted) else None


class Worker:
    """Does runs until asked to stop.

    Parameters
    ----------
    database : Database
        Where the queue and the results are.
    handlers : mapping, optional
        Handler of every kind of run; those of Kvart by default.
    observer : callable, optional
        Called with the run, the fraction done and the message, whenever a handler reports progress.
    concurrency : int
        Runs at a time.
    child_environment : mapping, optional
        Environment of the child processes that do the runs; without it they are done in threads of this process, with
        ``handlers`` and ``observer``.
    """

    def __init__(
        self,
        database: Database,
        *,
        handlers: Mapping[str, str | Handler] = HANDLERS,
        observer: Observer | None = None,
        concurrency: int = 1,
        child_environment: Mapping[str, str] | None = None,
    ) -> None:
        self._database = database
        self._performer = Performer(database, handlers, observer)
        self._concurrency = concurrency
        self._child_environment = child_environment
        self._stop = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._asked = asyncio.Event()
        self._done = 0

    def stop(self) -> None:
        """Ask the worker to stop; a run under way goes back into the queue."""
        self._stop.set()
        self._performer.stop()
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has just ended
                loop.call_soon_threadsafe(self._asked.set)

    def run_forever(self) -> None:
        """Do runs until asked to stop; a database that goes away is waited for."""
        while not self._stop.is_set():
            try:
                reap(self._database)
                asyncio.run(self._work(wait=True))
            except QUEUE_LOST:
                LOGGER.debug("The queue was lost.", exc_info=True)
            if not self._stop.is_set():
                LOGGER.warning("The database does not answer; trying again in %s s.", RECONNECT_EVERY_S)
                self._stop.wait(RECONNECT_EVERY_S)

    def run_until_idle(self) -> int:
        """Do all runs that are queued or left by dead workers now, and return how many."""
        self._done = 0
        reap(self._database)
        if not self._stop.is_set():
            asyncio.run(self._work(wait=False))
        return self._done

    async def _work(self, *, wait: bool) -> None:
        self._loop, self._asked = asyncio.get_running_loop(), asyncio.Event()
        if self._stop.is_set():
            return
        queue = procrastinate.App(connector=connect_queue(self._database, self._concurrency))
        async with self._runner() as runner, queue.open_async():
            self._register(queue, runner)
            working = asyncio.create_task(queue.run_worker_async(**self._options(wait=wait)))
            helpers = [asyncio.create_task(self._stop_when_asked(working))]
            if wait:
                helpers.append(asyncio.create_task(self._reap_regularly()))
            try:
                await working
            except asyncio.CancelledError:
                if not self._stop.is_set():
                    raise
            finally:
                for helper in helpers:
                    helper.cancel()
                await asyncio.gather(*helpers, return_exceptions=True)

    def _runner(self) -> AbstractAsyncContextManager[Runner]:
        if self._child_environment is None:
            return ThreadRunner(self._performer, self._concurrency)
        return ChildRunner(self._database, self._concurrency, self._child_environment)

    def _options(self, *, wait: bool) -> dict[str, Any]:
        """Return the options of procrastinate: a stop ends runs at once, and a job goes when its run has ended."""
        return {
            "queues": [QUEUE],
            "concurrency": self._concurrency,
            "wait": wait,
            "fetch_job_polling_interval": POLL_S,
            "abort_job_polling_interval": POLL_S / 2,
            "shutdown_graceful_timeout": 0 if wait else None,
            "delete_jobs": "always",
            "install_signal_handlers": False,
            "update_heartbeat_interval": HEARTBEAT_S,
            "stalled_worker_timeout": STALLED_AFTER_S,
        }

    def _register(self, queue: procrastinate.App, runner: Runner) -> None:
        @queue.task(name=TASK, pass_context=True, retry=_TryAgain())
        async def do_run(context: procrastinate.JobContext, municipality_id: int, run_id: int) -> None:
            job = Job(context.job.id or 0, context.job.worker_id or 0, municipality_id, run_id)
            try:
                outcome = await runner.run(job)
            except asyncio.CancelledError as error:
                raise JobAborted from error
            if outcome is Outcome.DONE:
                self._done += 1
            elif outcome is Outcome.RETURNED:
                raise RunNotEndedError(0)
            elif outcome is Outcome.INTERRUPTED:
                raise RunNotEndedError(RETRY_AFTER_S)

    async def _stop_when_asked(self, working: asyncio.Task[None]) -> None:
        await self._asked.wait()
        working.cancel()

    async def _reap_regularly(self) -> None:
        while True:
            await asyncio.sleep(REAP_EVERY_S)
            try:
                await asyncio.to_thread(reap, self._database)
            except QUEUE_LOST:
                LOGGER.debug("Nothing can be reaped: the database does not answer.", exc_info=True)
