"""Doing one run: claim it, compute, publish the result exactly once.

A run moves ``queued -> running -> succeeded | failed | dismissed``. The attempt is the fence: whoever claims a run
raises it, and a result is stored only while the run still stands at the attempt of its worker. A worker that was only
frozen, and wakes up, finds that the run has moved on and throws its result away.

Runs are claimed under a role that sees the queue of every municipality and nothing else; everything after that happens
inside the municipality of the run.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

import psycopg
from sqlalchemy.exc import InterfaceError, OperationalError

from analysis.errors import AnalysisError
from app.audit import service as audit
from app.audit.events import WORKER, AuditEvent
from app.database.roles import DatabaseRole
from app.database.sessions import Database
from app.errors import DatabaseUnavailableError, KvartError, problem_document
from app.jobs import repository
from app.jobs.handlers import HANDLERS, ClaimedRun, Handler, ReportProgress, RunResult, handler_of
from app.jobs.queue import Job
from app.logs import log_context

LOGGER = logging.getLogger("kvart.worker")
MAX_ATTEMPTS = 3
PROGRESS_EVERY_S = 0.25

DATABASE_LOST = (OperationalError, InterfaceError, psycopg.OperationalError, DatabaseUnavailableError)

Observer = Callable[[ClaimedRun, float, str], None]


class Outcome(StrEnum):
    """What became of a job."""

    DONE = "done"
    """The run has ended, with a result or with a problem."""
    DROPPED = "dropped"
    """There was nothing (more) to do: the run was dismissed, or another worker has it."""
    RETURNED = "returned"
    """The worker had to stop; the run waits again."""
    INTERRUPTED = "interrupted"
    """The database or the process was lost on the way; the run is to be tried again."""


class RunGoneError(Exception):
    """The run was dismissed, or another worker has taken it over."""


class WorkerStoppingError(Exception):
    """The worker was asked to stop; the run goes back into the queue."""


class Performer:
    """Does runs in this process, in the thread that asks for it.

    Parameters
    ----------
    database : Database
    handlers : mapping
        Handler of every kind of run.
    observer : callable, optional
        Called with the run, the fraction done and the message, whenever a handler reports progress.
    """

    def __init__(
        self,
        database: Database,
        handlers: Mapping[str, str | Handler] = HANDLERS,
        observer: Observer | None = None,
    ) -> None:
        self._database = database
        self._handlers = handlers
        self._observer = observer
        self._stop = threading.Event()

    def stop(self) -> None:
        """Let every run under way stop at its next report of progress, and go back into the queue."""
        self._stop.set()

    def perform(self, job: Job) -> Outcome:
        """Do the run of a job, or find that there is nothing to do."""
        try:
            run = self._claim(job)
            if run is None:
                return Outcome.DROPPED
            with log_context(run_id=run.id, kind=run.kind, attempt=run.attempt, municipality=run.municipality_code):
                return self._do_and_publish(run, job)
        except DATABASE_LOST:
            LOGGER.warning("Run %s: the database does not answer.", job.run_id)
            return Outcome.INTERRUPTED

    def _claim(self, job: Job) -> ClaimedRun | None:
        with self._database.transaction(DatabaseRole.QUEUE) as session:
            claimed = repository.lock_claimed(session, job)
            if claimed is None:
                return None
            run, begun = claimed
            given_up = begun and run.attempt >= MAX_ATTEMPTS
            if begun and not given_up:
                LOGGER.warning("Run %s: its worker died; attempt %s.", run.id, run.attempt + 1)
            if not given_up:
                return repository.start(session, run)
        self._fail(run, _worker_died_problem(run))
        return None

    def _do_and_publish(self, run: ClaimedRun, job: Job) -> Outcome:
        LOGGER.info("Run %s (%s): attempt %s.", run.id, run.kind, run.attempt)
        started = time.monotonic()
        try:
            result = handler_of(run.kind, self._handlers)(self._database, run, self._reporter(run))
            self._publish(run, result)
        except RunGoneError:
            LOGGER.info("Run %s: dismissed, or taken over by another worker; its result is dropped.", run.id)
            return Outcome.DROPPED
        except WorkerStoppingError:
            give_back(self._database, job)
            return Outcome.RETURNED
        except DATABASE_LOST:
            raise
        except (KvartError, AnalysisError) as error:
            self._fail(run, problem_document(error))
        except Exception:
            LOGGER.exception("Run %s (%s) stopped unexpectedly.", run.id, run.kind)
            self._fail(run, _unexpected_problem(run))
        else:
            LOGGER.info("Run %s: succeeded after %.1f s.", run.id, time.monotonic() - started)
        return Outcome.DONE

    def _publish(self, run: ClaimedRun, result: RunResult) -> None:
        """Store the result and the end of the run in one transaction; dismissing the run never waits for it."""
        with self._database.inside(run.municipality_id) as session:
            if not repository.is_ours(session, run):
                raise RunGoneError
            published = result.publish(session) if result.publish else {}
            summary = {**result.summary, **published}
            if not repository.finish(session, run, summary=summary, fingerprint=result.input_fingerprint):
                raise RunGoneError
            if result.input_fingerprint is not None:
                audit.record(session, _combination(run, result.input_fingerprint))

    def _fail(self, run: ClaimedRun, problem: dict[str, Any]) -> None:
        with self._database.inside(run.municipality_id) as session:
            repository.finish(session, run, problem=problem)

    def _reporter(self, run: ClaimedRun) -> ReportProgress:
        last_stored = 0.0

        def report(fraction: float, message: str) -> None:
            nonlocal last_stored
            if self._stop.is_set():
                raise WorkerStoppingError
            if self._observer is not None:
                self._observer(run, fraction, message)
            now = time.monotonic()
            if now - last_stored < PROGRESS_EVERY_S:
                return
            last_stored = now
            progress = max(0, min(99, int(100 * fraction)))
            with self._database.inside(run.municipality_id) as session:
                if not repository.set_progress(session, run, progress, message):
                    raise RunGoneError

        return report


def give_back(database: Database, job: Job) -> None:
    """Let the run of a job wait again, unless it has ended."""
    with database.transaction(DatabaseRole.QUEUE) as session:
        repository.give_back(session, job)


def _combination(run: ClaimedRun, fingerprint: str) -> AuditEvent:
    """Return the event that tells which layers a run put together; areas that were drawn are not repeated."""
    told = {name: value for name, value in run.parameters.items() if not isinstance(value, dict | list)}
    what = {"collection": "runs", "run": run.id, "kind": run.kind, "parameters": told, "input_fingerprint": fingerprint}
    return AuditEvent("combination", run.municipality_id, WORKER, what)


def _worker_died_problem(run: ClaimedRun) -> dict[str, Any]:
    return {
        "type": "urn:kvart:problem:worker_died",
        "title": "The worker died",
        "detail": f"The worker died in each of {run.attempt} attempts at this run.",
        "hint": "It may need more memory than there is: try larger cells, a shorter period or a smaller area.",
    }


def _unexpected_problem(run: ClaimedRun) -> dict[str, Any]:
    return {
        "type": "urn:kvart:problem:unexpected",
        "title": "Unexpected error",
        "detail": "The run stopped on an error that Kvart did not expect; nothing was stored.",
        "hint": f"The log of the worker says more under run {run.id}.",
    }
