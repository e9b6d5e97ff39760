"""The worker: takes queued runs, does them, publishes each result exactly once.

A run moves ``queued -> running -> succeeded | failed | dismissed``. While a worker does a run it holds the session
advisory lock of the run. A run that is marked as running although nobody holds its lock belonged to a worker that died;
it is taken over under the next attempt. The attempt is the fence: a worker that was only frozen, and wakes up, finds
that the run has moved on and throws its result away.

Runs are claimed under a role that sees the queue of every municipality and nothing else; everything after that happens
inside the municipality of the run.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
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
from app.logs import log_context

LOGGER = logging.getLogger("kvart.worker")
MAX_ATTEMPTS = 3
POLL_S = 1.0
"""Longest wait between two looks at the queue; announcements make the usual wait shorter."""
PROGRESS_EVERY_S = 0.25
RECONNECT_EVERY_S = 2.0

DATABASE_LOST = (OperationalError, InterfaceError, psycopg.OperationalError, DatabaseUnavailableError)

Observer = Callable[[ClaimedRun, float, str], None]


class RunGoneError(Exception):
    """The run was dismissed, or another worker has taken it over."""


class WorkerStoppingError(Exception):
    """The worker was asked to stop; the run goes back into the queue."""


class Worker:
    """Does runs, one at a time.

    Parameters
    ----------
    database : Database
        Where the queue and the results are.
    handlers : mapping, optional
        Handler of every kind of run; those of Kvart by default.
    observer : callable, optional
        Called with the run, the fraction done and the message, whenever a handler reports progress.
    """

    def __init__(
        self,
        database: Database,
        *,
        handlers: Mapping[str, str | Handler] = HANDLERS,
        observer: Observer | None = None,
    ) -> None:
        self._database = database
        self._handlers = handlers
        self._observer = observer
        self._stop = threading.Event()

    def stop(self) -> None:
        """Ask the worker to stop; a run under way goes back into the queue at its next report of progress."""
        self._stop.set()

    def run_forever(self) -> None:
        """Do runs until asked to stop; a database that goes away is waited for."""
        while not self._stop.is_set():
            try:
                self._work_on_one_connection()
            except DATABASE_LOST:
                LOGGER.warning("The database does not answer; trying again in %s s.", RECONNECT_EVERY_S)
                self._stop.wait(RECONNECT_EVERY_S)

    def run_until_idle(self) -> int:
        """Do all runs that are queued or orphaned now, and return how many."""
        connection = repository.WorkerConnection(self._database)
        try:
            done = 0
            while not self._stop.is_set() and self._take_and_do(connection):
                done += 1
            return done
        finally:
            connection.close()

    def _work_on_one_connection(self) -> None:
        connection = repository.WorkerConnection(self._database)
        try:
            while not self._stop.is_set():
                if not self._take_and_do(connection):
                    connection.wait(POLL_S)
        finally:
            connection.close()

    def _take_and_do(self, connection: repository.WorkerConnection) -> bool:
        run = self._take_orphan(connection) or self._take_queued(connection)
        if run is None:
            return False
        try:
            self._do(run)
        finally:
            connection.release(run.id)
        return True

    def _take_queued(self, connection: repository.WorkerConnection) -> ClaimedRun | None:
        with self._database.transaction(DatabaseRole.QUEUE) as session:
            run = connection.first_held(repository.lock_queued(session))
            return None if run is None else repository.start(session, run)

    def _take_orphan(self, connection: repository.WorkerConnection) -> ClaimedRun | None:
        with self._database.transaction(DatabaseRole.QUEUE) as session:
            candidates = repository.running_ids(session)
        for run_id in candidates:
            if not connection.hold(run_id):
                continue
            run = self._take_over(run_id)
            if run is not None:
                return run
            connection.release(run_id)
        return None

    def _take_over(self, run_id: int) -> ClaimedRun | None:
        with self._database.transaction(DatabaseRole.QUEUE) as session:
            run = repository.lock_orphan(session, run_id)
            if run is None:
                return None
            if run.attempt < MAX_ATTEMPTS:
                LOGGER.warning("Run %s: its worker died; attempt %s.", run.id, run.attempt + 1)
                return repository.start(session, run)
        self._fail(run, _worker_died_problem(run))
        return None

    def _do(self, run: ClaimedRun) -> None:
        with log_context(run_id=run.id, kind=run.kind, attempt=run.attempt, municipality=run.municipality_code):
            self._do_and_publish(run)

    def _do_and_publish(self, run: ClaimedRun) -> None:
        LOGGER.info("Run %s (%s): attempt %s.", run.id, run.kind, run.attempt)
        started = time.monotonic()
        try:
            result = handler_of(run.kind, self._handlers)(self._database, run, self._reporter(run))
            self._publish(run, result)
        except RunGoneError:
            LOGGER.info("Run %s: dismissed, or taken over by another worker; its result is dropped.", run.id)
        except WorkerStoppingError:
            with self._database.inside(run.municipality_id) as session:
                repository.requeue(session, run)
        except DATABASE_LOST:
            raise  # the run stays marked as running and is taken over when the database is back
        except (KvartError, AnalysisError) as error:
            self._fail(run, problem_document(error))
        except Exception:
            LOGGER.exception("Run %s (%s) stopped unexpectedly.", run.id, run.kind)
            self._fail(run, _unexpected_problem(run))
        else:
            LOGGER.info("Run %s: succeeded after %.1f s.", run.id, time.monotonic() - started)

    def _publish(self, run: ClaimedRun, result: RunResult) -> None:
        with self._database.inside(run.municipality_id) as session:
            if not repository.hold_for_publishing(session, run):
                raise RunGoneError
            published = result.publish(session) if result.publish else {}
            summary = {**result.summary, **published}
            repository.finish(session, run, summary=summary, fingerprint=result.input_fingerprint)
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
