"""What is left of an earlier server: attach to it, wait for it, or clear it away.

Whether anything of an earlier server still lives is asked of ``server.lock``, which its processes inherit, and never
of process numbers: those are used again, and a zombie keeps one.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import make_conninfo
from psycopg.pq import PGconn, Ping

from app.database.locking import is_held
from app.errors import DatabaseUnavailableError

SUPERUSER = "kvart"
PORT = 5432
SOCKET_NAME = f".s.PGSQL.{PORT}"
POLL_SECONDS = 0.01
ORPHANS_END_BY_THEMSELVES_SECONDS = 2.0
RECOVERY_TIMEOUT_SECONDS = 300.0
"""Long enough to replay the largest write-ahead log that the settings allow."""


@dataclass(frozen=True)
class Postmaster:
    """What ``postmaster.pid`` says about the server of a data directory."""

    pid: int
    socket_directory: str
    ready: bool

    @property
    def lost_its_socket(self) -> bool:
        """Whether somebody removed the socket of a server that had been ready, so that nobody can reach it again."""
        return self.ready and not Path(self.socket_directory, SOCKET_NAME).exists()


def read_postmaster(data: Path) -> Postmaster | None:
    """Return the server that the data directory names, None while it names none completely."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        return Postmaster(int(lines[0]), lines[4], ready=lines[7:] != [] and lines[7].strip() == "ready")
    except (FileNotFoundError, IndexError, ValueError):
        return None


def answers(postmaster: Postmaster) -> bool:
    """Say whether the server takes connections; one that is full does, one that starts or stops does not."""
    address = make_conninfo(host=postmaster.socket_directory, port=PORT, connect_timeout=10)
    return PGconn.ping(address.encode()) == Ping.OK


def running_postmaster(data: Path, server_lock: Path) -> Postmaster | None:
    """Return the server that answers for a data directory, or None once nothing of an earlier one is left.

    Raises
    ------
    DatabaseUnavailableError
        If something of an earlier server neither answers nor goes away.
    """
    patience = time.monotonic() + ORPHANS_END_BY_THEMSELVES_SECONDS
    deadline = time.monotonic() + RECOVERY_TIMEOUT_SECONDS
    while is_held(server_lock):
        postmaster = read_postmaster(data)
        if postmaster and answers(postmaster):
            return postmaster
        now = time.monotonic()
        if now > patience:
            patience = now + ORPHANS_END_BY_THEMSELVES_SECONDS
            _end_the_unreachable(data, postmaster, now > deadline)
        time.sleep(POLL_SECONDS)
    _remove_leftovers(data)
    return None


def _end_the_unreachable(data: Path, postmaster: Postmaster | None, too_late: bool) -> None:
    """End backends whose postmaster died: busy ones do not notice; of a living postmaster only one without socket."""
    processes = server_processes(data)
    if postmaster and postmaster.pid in processes and not too_late:
        if postmaster.lost_its_socket:
            os.kill(postmaster.pid, signal.SIGINT)
        return
    if too_late or (Path("/proc/self/cwd").exists() and not processes):
        raise DatabaseUnavailableError(
            f"The database in {data} is held by a server that does not answer"
            + (f" (processes {', '.join(map(str, processes))})." if processes else " and is not of this machine."),
            "If another container or machine uses the same directory, use a server database for both "
            "(KVART_DATABASE_URL); otherwise end those processes.",
        )
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGQUIT)


def server_processes(data: Path) -> list[int]:
    """Return the PostgreSQL processes that work in a data directory (empty where the system has no ``/proc``)."""
    place = data.stat()
    return sorted(int(process.name) for process in Path("/proc").glob("[0-9]*") if _works_in(process, place))


def _works_in(process: Path, place: os.stat_result) -> bool:
    try:
        return (
            os.path.samestat((process / "cwd").stat(), place) and (process / "comm").read_text().strip() == "postgres"
        )
    except OSError:
        return False


def _remove_leftovers(data: Path) -> None:
    """Remove the files by which a dead server would keep a new one from starting."""
    postmaster = read_postmaster(data)
    (data / "postmaster.pid").unlink(missing_ok=True)
    if postmaster:
        with suppress(OSError):
            remove_socket(Path(postmaster.socket_directory))


def remove_socket(directory: Path) -> None:
    """Remove the socket of a dead server and its lock file."""
    for name in (SOCKET_NAME, f"{SOCKET_NAME}.lock"):
        (directory / name).unlink(missing_ok=True)
