"""Every SQL statement of the queue: jobs of procrastinate, claiming, fencing and progress of runs."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from app.jobs.handlers import ClaimedRun
from app.jobs.queue import QUEUE, STALLED_AFTER_S, TASK, Job

LONGEST_WAIT_S = 300.0
"""A run that waits longer than this while none is done waits for a worker that is not there."""
REAPER_LOCK = 7_402_158_615
"""Advisory lock: one worker at a time looks for what dead ones left."""

_ENQUEUE = text(
    """select procrastinate.procrastinate_defer_jobs_v1(array[row(
        cast(:queue as varchar), cast(:task as varchar), cast(:priority as int), cast(:run_id as text),
        cast(:run_id as text), cast(:args as jsonb), cast(null as timestamptz)
    )::procrastinate.procrastinate_job_to_defer_v1])"""
)
_WITHDRAW = text(
    """select procrastinate.procrastinate_cancel_job_v1(id, true, true) from procrastinate.procrastinate_jobs
    where (queueing_lock = :run_id and status = 'todo') or (lock = :run_id and status = 'doing')"""
)
_TRY_LOCK = text("select pg_try_advisory_xact_lock(:key)")
_BURY_WORKERS = text(
    """delete from procrastinate.procrastinate_workers
    where last_heartbeat < clock_timestamp() - make_interval(secs => :seconds) returning id"""
)
_DROP_ORPHANS = text(
    """delete from procrastinate.procrastinate_jobs j where status not in ('todo', 'doing') or (status = 'doing'
    and not exists (select from procrastinate.procrastinate_workers w where w.id = j.worker_id))"""
)
_WITHOUT_JOB = text(
    """select municipality_id, id from analysis_run r where state in ('queued', 'running') and not exists (
        select from procrastinate.procrastinate_jobs j
        where j.lock = r.id::text and j.status in ('todo', 'doing'))
    order by id limit 1000 for update skip locked"""
)
_END_SESSIONS = text(
    """select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name like any(:names) and pid <> pg_backend_pid()"""
)

_RUN_COLUMNS = """(select code from municipality where municipality.id = municipality_id) as municipality_code,
    municipality_id, id, kind, parameters, seed, attempt, state = 'running' as begun"""
_CLAIM = text(
    f"""select {_RUN_COLUMNS} from analysis_run
    where municipality_id = :municipality_id and id = :run_id and state in ('queued', 'running') and exists (
        select from procrastinate.procrastinate_jobs where id = :job_id and status = 'doing')
    for update"""  # noqa: S608 - constant columns
)
_START = text(
    """update analysis_run set state = 'running', attempt = attempt + 1, progress = 0, message = 'started',
    started_at = clock_timestamp() where municipality_id = :municipality_id and id = :id"""
)
_FENCE = "where municipality_id = :municipality_id and id = :id and attempt = :attempt and state = 'running'"
_PROGRESS = text(
    f"update analysis_run set progress = :progress, message = :message {_FENCE} returning id"  # noqa: S608 - constant
)
_IS_OURS = text(f"select id from analysis_run {_FENCE}")  # noqa: S608 - constant
_FINISH = text(
    f"""update analysis_run set state = cast(:state as varchar), message = :message,
    progress = case when cast(:state as varchar) = 'succeeded' then 100 else progress end,
    summary = cast(:summary as jsonb), problem = cast(:problem as jsonb), input_fingerprint = :fingerprint,
    finished_at = clock_timestamp() {_FENCE} returning id"""  # noqa: S608 - constant fence
)
_GIVE_BACK = text(
    """update analysis_run set state = 'queued', progress = 0, message = 'waiting'
    where municipality_id = :municipality_id and id = :run_id and state = 'running'"""
)
_STATE = text(
    """select count(*) filter (where state = 'queued'), count(*) filter (where state = 'running'),
    coalesce(extract(epoch from clock_timestamp() - min(created_at) filter (where state = 'queued')), 0)::float8,
    (select count(*) from procrastinate.procrastinate_workers
        where last_heartbeat > clock_timestamp() - make_interval(secs => :seconds))
    from analysis_run where state in ('queued', 'running')"""
)


@dataclass(frozen=True)
class QueueState:
    """The runs that have not ended, of all municipalities.

    Attributes
    ----------
    waiting, running : int
        Number of runs.
    oldest_s : float
        How long the oldest waiting run has waited, seconds; 0 if none waits.
    workers : int
        Workers that were heard of within the last seconds, on any machine.
    """

    waiting: int
    running: int
    oldest_s: float
    workers: int = 0

    @property
    def moves(self) -> bool:
        """Whether runs are done: none waits for long while none is under way."""
        return self.running > 0 or self.oldest_s <= LONGEST_WAIT_S


def queue_state(session: Session) -> QueueState:
    """Return what waits and runs, and how many workers live."""
    return QueueState(*session.execute(_STATE, {"seconds": STALLED_AFTER_S}).one())


def enqueue(session: Session, municipality_id: int, run_id: int, *, priority: int = 0) -> None:
    """Put a job for a run into the queue; workers hear of it when the transaction is committed."""
    args = json.dumps({"municipality_id": municipality_id, "run_id": run_id})
    values = {"queue": QUEUE, "task": TASK, "priority": priority, "run_id": str(run_id), "args": args}
    session.execute(_ENQUEUE, values)


def withdraw(session: Session, run_id: int) -> None:
    """Take the job of a run out of the queue; a worker that has begun it hears of it when this is committed."""
    session.execute(_WITHDRAW, {"run_id": str(run_id)})


def try_lock_reaping(session: Session) -> bool:
    """Take the right to look for what dead workers left, until the transaction ends; False if another has it."""
    return bool(session.scalar(_TRY_LOCK, {"key": REAPER_LOCK}))


def bury_workers(session: Session) -> list[int]:
    """Forget the workers that were not heard of for too long, and return them."""
    return list(session.scalars(_BURY_WORKERS, {"seconds": STALLED_AFTER_S}))


def drop_orphans(session: Session) -> None:
    """Remove the jobs of workers that are gone, and jobs that have ended."""
    session.execute(_DROP_ORPHANS)


def runs_without_job(session: Session) -> list[tuple[int, int]]:
    """Return the keys of the runs that have not ended and that no worker has or would take."""
    return [(row.municipality_id, row.id) for row in session.execute(_WITHOUT_JOB)]


def end_sessions(connection: Connection, names: list[str]) -> None:
    """End the database sessions whose name is like one of these; ``%`` stands for anything."""
    connection.execute(_END_SESSIONS, {"names": names})


def lock_claimed(session: Session, job: Job) -> tuple[ClaimedRun, bool] | None:
    """Return the run of a job that is still ours, locked until the transaction ends, and whether it was begun before.

    None where the run has ended or another job has taken the place of this one.
    """
    values = {"municipality_id": job.municipality_id, "run_id": job.run_id, "job_id": job.id}
    row = session.execute(_CLAIM, values).mappings().one_or_none()
    if row is None:
        return None
    columns = dict(row)
    begun = bool(columns.pop("begun"))
    return ClaimedRun(**columns), begun


def start(session: Session, run: ClaimedRun) -> ClaimedRun:
    """Mark the run as running under the next attempt and return it so."""
    session.execute(_START, {"municipality_id": run.municipality_id, "id": run.id})
    return dataclasses.replace(run, attempt=run.attempt + 1)


def set_progress(session: Session, run: ClaimedRun, progress: int, message: str) -> bool:
    """Store the progress; return False when the run is no longer ours (dismissed, or taken over)."""
    values = {**_key(run), "progress": progress, "message": message}
    return session.execute(_PROGRESS, values).one_or_none() is not None


def is_ours(session: Session, run: ClaimedRun) -> bool:
    """Return whether the run still stands at our attempt; :func:`finish` decides."""
    return session.execute(_IS_OURS, _key(run)).one_or_none() is not None


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


def give_back(session: Session, job: Job) -> None:
    """Let the run wait again, for a worker that has to stop; nothing else does it any more."""
    session.execute(_GIVE_BACK, {"municipality_id": job.municipality_id, "run_id": job.run_id})


def _key(run: ClaimedRun) -> dict[str, int]:
    return {"municipality_id": run.municipality_id, "id": run.id, "attempt": run.attempt}
