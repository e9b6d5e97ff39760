"""The queue as procrastinate sees it: its connections and its names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import procrastinate

from app.database.roles import DatabaseRole
from app.database.sessions import Database

QUEUE = "runs"
TASK = "kvart.run"
SCHEMA = "procrastinate"
"""Schema of the tables and functions of procrastinate."""

HEARTBEAT_S = 2.0
STALLED_AFTER_S = 8.0
"""A worker that was not heard of for so long is taken for dead: another does its runs."""

REAP_EVERY_S = 2.0
POLL_S = 1.0
"""Longest wait between two looks at the queue; announcements make the usual wait shorter."""

PATIENCE_S = 10.0
"""How long a worker waits for a connection before it begins anew."""


@dataclass(frozen=True)
class Job:
    """One attempt to get a run done; a run whose worker died gets another job.

    Attributes
    ----------
    id : int
        Key of the job in the queue.
    worker_id : int
        Worker that took it.
    municipality_id, run_id : int
        Key of the run.
    """

    id: int
    worker_id: int
    municipality_id: int
    run_id: int


def session_name(worker_id: int, part: int | str) -> str:
    """Return the name of the database sessions of one process of a worker."""
    return f"kvart worker {worker_id}.{part}"


def connect_queue(database: Database, concurrency: int) -> procrastinate.PsycopgConnector:
    """Return the way to the queue, under the role that sees it and nothing of any municipality."""
    arguments: dict[str, Any] = database.connection_arguments()
    given = str(arguments.get("options", ""))
    arguments["options"] = f"{given} -c role={DatabaseRole.QUEUE.value} -c search_path={SCHEMA}".strip()
    arguments["application_name"] = "kvart queue"
    return procrastinate.PsycopgConnector(
        conninfo="", kwargs=arguments, min_size=1, max_size=2 + concurrency, timeout=PATIENCE_S
    )
