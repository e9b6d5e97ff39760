"""The queue in the table of runs: claiming, fencing, progress and the locks that show a worker to be alive."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from psycopg import Connection as PsycopgConnection
from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from app.database.sessions import Database
from app.jobs.handlers import ClaimedRun

CHANNEL = "kvart_runs"
LONGEST_WAIT_S = 300.0
"""A run that waits longer than this while none is done waits for a worker that is not there."""
_LOCK_SPACE = 0x4B56 << 48
"""Upper bits of the advisory lock keys of runs, so that they meet no other lock."""

_RUN_COLUMNS = """(select code from municipality where municipality.id = municipality_id) as municipality_code,
    municipality_id, id, kind, parameters, seed, attempt"""
_QUEUED = text(
    f"""select {_RUN_COLUMNS} from analysis_run where state = 'queued'
    order by created_at, id limit 10 for update skip locked"""  # noqa: S608 - constant columns
)
_RUNNING = text("select id from analysis_run where state = 'running' order by id")
_ORPHAN = text(
    f"""select {_RUN_COLUMNS} from analysis_run where id = :id and state = 'running'
    for update skip locked"""  # noqa: S608 - constant columns
)
_START = text(
    """update analysis_run set state = 'running', attempt = attempt + 1, progress = 0, message = 'started',
    started_at = clock_timestamp() where municipality_id = :municipality_id and id = :id"""
)
_FENCE = "where municipality_id = :municipality_id and id = :id and attempt = :attempt and state = 'running'"
_PROGRESS = text(
    f"update analysis_run set progress = :progress, message = :message {_FENCE} returning id"  # noqa: S608 - constant
)
_HOLD_FOR_PUBLISHING = text(f"select id from analysis_run {_FENCE} for update")  # noqa: S608 - constant
_FINISH = text(
    f"""update analysis_run set state = cast(:state as varchar), message = :message,
    progress = case when cast(:state as varchar) = 'succeeded' then 100 else progress end,
    summary = cast(:summary as jsonb), problem = cast(:problem as jsonb), input_fingerprint = :fingerprint,
    finished_at = clock_timestamp() {_FENCE} returning id"""  # noqa: S608 - constant fence
)
_REQUEUE = text(
    f"update analysis_run set state = 'queued', progress = 0, message = 'waiting' {_FENCE}"  # noqa: S608 - constant
)
_STATE = text(
    """select count(*) filter (where state = 'queued'), count(*) filter (where state = 'running'),
    coalesce(extract(epoch from clock_timestamp() - min(created_at) filter (where state = 'queued')), 0)::float8
    from analysis_run where state in ('queued', 'running')"""
)
_NOTIFY = text("select pg_notify(:channel, '')")
_TRY_LOCK = text("select pg_try_advisory_lock(:key)")
_UNLOCK = text("select pg_advisory_unlock(:key)")


@dataclass(frozen=True)
class QueueState:
    """The runs that have not ended, of all municipalities.

    Attributes
    ----------
    waiting, running : int
        Number of runs.
    oldest_s : float
        How long the oldest waiting run has waited, seconds; 0 if none waits.
    """

    waiting: int
    running: int
    oldest_s: float

    @property
    def moves(self) -> bool:
        """Whether runs are done: none waits for long while none is under way."""
        return self.running > 0 or self.oldest_s <= LONGEST_WAIT_S


def queue_state(session: Session) -> QueueState:
    """Return what waits and runs."""
    return QueueState(*session.execute(_STATE).one())


def wake_workers(session: Session) -> None:
    """Tell the waiting workers, once this transaction is committed, that there is a run to do."""
    session.execute(_NOTIFY, {"channel": CHANNEL})


def lock_queued(session: Session) -> list[ClaimedRun]:
    """Return the oldest queued runs that nobody else is about to take, locked until the transaction ends."""
    return [ClaimedRun(**row) for row in session.execute(_QUEUED).mappings()]


def running_ids(session: Session) -> list[int]:
    """Return the runs that some worker says it is doing."""
    return list(session.execute(_RUNNING).scalars())


def lock_orphan(session: Session, run_id: int) -> ClaimedRun | None:
    """Return the run, locked until the transaction ends, if it is still marked as running."""
    row = session.execute(_ORPHAN, {"id": run_id}).mappings().one_or_none()
    return None if row is None else ClaimedRun(**row)


def start(session: Session, run: ClaimedRun) -> ClaimedRun:
    """Mark the run as running under the next attempt and return it so."""
    session.execute(_START, {"municipality_id": run.municipality_id, "id": run.id})
    return dataclasses.replace(run, attempt=run.attempt + 1)


def set_progress(session: Session, run: ClaimedRun, progress: int, message: str) -> bool:
    """Store the progress; return False when the run is no longer ours (dismissed, or taken over)."""
    values = {**_key(run), "progress": progress, "message": message}
    return session.execute(_PROGRESS, values).one_or_none() is not None


def hold_for_publishing(session: Session, run: ClaimedRun) -> bool:
    """Lock the run until the transaction ends; return False when the run is no longer ours."""
    return session.execute(_HOLD_FOR_PUBLISHING, _key(run)).one_or_none() is not None


def finish(
    session: Session,
    run: ClaimedRun,
    *,
    summary: dict[str, Any] | None = None,
    problem: dict[str, Any] | None = None,
    fingerprint: str | None = None,
) -> bool:
    """Mark the run as succeeded, or as failed when there is a problem; return False when it is no longer ours."""
    values = {
        **_key(run),
        "state": "succeeded" if problem is None else "failed",
        "message": "done" if problem is None else str(problem["detail"]),
        "summary": None if summary is None else json.dumps(summary, allow_nan=False),
        "problem": None if problem is None else json.dumps(problem, allow_nan=False),
        "fingerprint": fingerprint,
    }
    return session.execute(_FINISH, values).one_or_none() is not None


def requeue(session: Session, run: ClaimedRun) -> None:
    """Give the run back, for a worker that has to stop."""
    session.execute(_REQUEUE, _key(run))
    wake_workers(session)


def _key(run: ClaimedRun) -> dict[str, int]:
    return {"municipality_id": run.municipality_id, "id": run.id, "attempt": run.attempt}


class WorkerConnection:
    """The connection by which a worker is seen to be alive.

    It holds a session advisory lock for the run that the worker does. PostgreSQL drops the lock when the connection
    ends, however the worker died, and only then can another worker take the run over. The connection also listens for
    new runs.
    """

    def __init__(self, database: Database) -> None:
        self._connection: Connection = database.standing_connection()
        self._connection.execute(text(f"listen {CHANNEL}"))

    def hold(self, run_id: int) -> bool:
        """Take the lock of a run; return False while another worker holds it."""
        return bool(self._connection.execute(_TRY_LOCK, {"key": _LOCK_SPACE + run_id}).scalar_one())

    def release(self, run_id: int) -> None:
        """Give the lock of a run back."""
        self._connection.execute(_UNLOCK, {"key": _LOCK_SPACE + run_id})

    def first_held(self, runs: Iterable[ClaimedRun]) -> ClaimedRun | None:
        """Return the first of these runs whose lock could be taken."""
        return next((run for run in runs if self.hold(run.id)), None)

    def wait(self, seconds: float) -> None:
        """Wait until a run is announced, at most this long."""
        driver = self._connection.connection.driver_connection
        if not isinstance(driver, PsycopgConnection):
            raise TypeError(f"Kvart speaks to PostgreSQL through psycopg, not through {type(driver)}")
        for _ in driver.notifies(timeout=seconds, stop_after=1):
            break

    def close(self) -> None:
        """End the connection, and with it every lock."""
        self._connection.invalidate()
        self._connection.close()
