"""Faults of the embedded cluster: none loses an acknowledged row or keeps the next start from working."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from subprocess import Popen

import psycopg
import pytest

from app.database.embedded import EmbeddedCluster
from app.database.locking import is_held
from app.database.recovery import SOCKET_NAME, read_postmaster, server_processes
from app.database.sessions import Database, open_database
from app.errors import DatabaseUnavailableError
from app.settings import DatabaseSettings

needs_proc = pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="looks for processes in /proc")

WRITER = """
from app.database.sessions import open_database
from app.settings import DatabaseSettings
from sqlalchemy import text

database = open_database(DatabaseSettings(home=Path(sys.argv[1])))
with database.owner_engine.begin() as connection:
    connection.execute(text("create table if not exists acknowledged (n int)"))
    connection.execute(text("grant insert on acknowledged to kvart_service"))
print("ready", flush=True)
for n in range(1_000_000):
    with database.transaction() as session:
        session.execute(text("insert into acknowledged values (:n)"), {"n": n})
    print(n, flush=True)
"""


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)


@pytest.fixture
def opened(home: Path) -> Iterator[Callable[[], Database]]:
    """Function that opens the database of the home; it is closed at the end."""
    databases: list[Database] = []

    def open_() -> Database:
        databases.append(open_database(DatabaseSettings(home=home)))
        return databases[-1]

    yield open_
    for database in databases:
        database.close()


def acknowledged(writer: Popen[str], rows: int) -> Iterator[int]:
    """Read from a writer the rows that it was told are stored, at least so many."""
    assert writer.stdout is not None
    for line in writer.stdout:
        if line.strip().isdigit():
            yield int(line)
            rows -= 1
        if rows <= 0:
            return


def stored(database: Database) -> set[int]:
    with database.owner_engine.connect() as connection:
        return set(connection.exec_driver_sql("select n from acknowledged").scalars())


def test_killing_the_application_leaves_the_rows_and_the_server(
    home: Path, start_python: Callable[..., Popen[str]], opened: Callable[[], Database]
) -> None:
    writer = start_python(WRITER, str(home))
    rows = set(acknowledged(writer, 20))
    postmaster = read_postmaster(home / "pg")
    writer.kill()
    writer.wait()
    database = opened()
    assert read_postmaster(home / "pg") == postmaster
    assert rows <= stored(database)
    database.close()
    assert not is_held(home / "server.lock")


def test_killing_the_postmaster_loses_no_acknowledged_row(
    home: Path, start_python: Callable[..., Popen[str]], opened: Callable[[], Database]
) -> None:
    writer = start_python(WRITER, str(home))
    rows = set(acknowledged(writer, 20))
    kill_postmaster(home)
    rows |= set(acknowledged(writer, 5))
    writer.kill()
    rows |= set(acknowledged(writer, 1_000_000))
    assert rows <= stored(opened())


def kill_postmaster(home: Path) -> None:
    postmaster = read_postmaster(home / "pg")
    assert postmaster is not None
    os.kill(postmaster.pid, signal.SIGKILL)


def test_an_open_database_starts_its_dead_server_again(home: Path, opened: Callable[[], Database]) -> None:
    database = opened()
    with database.owner_engine.begin() as connection:
        connection.exec_driver_sql("create table acknowledged as select 7 as n")
    kill_postmaster(home)
    until(lambda: not is_held(home / "server.lock"))
    assert stored(database) == {7}


def test_work_under_way_when_the_server_dies_is_refused_clearly(home: Path, opened: Callable[[], Database]) -> None:
    database = opened()

    def work() -> None:
        with database.transaction() as session:
            session.connection().exec_driver_sql("select 1")
            kill_postmaster(home)
            until(lambda: not is_held(home / "server.lock"))
            session.connection().exec_driver_sql("select 2")

    with pytest.raises(DatabaseUnavailableError, match="connection to the database was lost"):
        work()


@needs_proc
def test_a_busy_backend_without_postmaster_is_ended(home: Path, opened: Callable[[], Database]) -> None:
    cluster = EmbeddedCluster(home)
    cluster.start()

    def work() -> None:
        with suppress(psycopg.OperationalError), psycopg.connect(cluster.conninfo()) as connection:
            connection.execute("select count(*) from generate_series(1, 100000000000) where random() < 0")

    worker = threading.Thread(target=work)
    worker.start()
    with psycopg.connect(cluster.conninfo(), autocommit=True) as watcher:
        busy = "select count(*) from pg_stat_activity where state = 'active' and query like '%random()%'"
        until(lambda: watcher.execute(busy).fetchone() == (2,))
    kill_postmaster(home)
    with opened().owner_engine.connect() as connection:
        assert connection.exec_driver_sql("select 42").scalar() == 42
    worker.join()
    cluster.stop()


def zombie() -> int:
    """Return the number of a process that has ended and that nobody waits for."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    until(lambda: f"{process.pid} (" in Path(f"/proc/{process.pid}/stat").read_text() and is_zombie(process.pid))
    zombies.append(process)
    return process.pid


def is_zombie(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


zombies: list[Popen[bytes]] = []


@pytest.mark.parametrize(
    "pid",
    [
        pytest.param(os.getpid, id="used again"),
        pytest.param(lambda: 1, id="used again by root"),
        pytest.param(zombie, id="zombie", marks=needs_proc),
        pytest.param(lambda: 4_000_000, id="free"),
        pytest.param(lambda: "", id="unreadable"),
    ],
)
def test_files_of_a_dead_server_do_not_keep_a_new_one_from_starting(
    home: Path, opened: Callable[[], Database], pid: Callable[[], int | str]
) -> None:
    number, socket_directory = pid(), home / "socket"
    socket_directory.mkdir(exist_ok=True)
    lines = [number, home / "pg", int(time.time()), 5432, socket_directory, "", " 16040189         4", "ready   "]
    (home / "pg" / "postmaster.pid").write_text("\n".join(map(str, lines)) + "\n")
    (socket_directory / f"{SOCKET_NAME}.lock").write_text("\n".join(map(str, lines)) + "\n")
    (socket_directory / SOCKET_NAME).touch()
    with opened().owner_engine.connect() as connection:
        assert connection.exec_driver_sql("select 42").scalar() == 42
    while zombies:
        zombies.pop().wait()


def test_a_lost_socket_is_made_again(home: Path, opened: Callable[[], Database]) -> None:
    database = opened()
    database.owner_engine.dispose()
    assert database.cluster is not None
    Path(database.cluster.socket_directory, SOCKET_NAME).unlink()
    with database.owner_engine.connect() as connection:
        assert connection.exec_driver_sql("select 42").scalar() == 42


ATTEMPTS = 5
OPENER = """
from app.database.embedded import EmbeddedCluster
from app.database.recovery import read_postmaster
from app.errors import DatabaseUnavailableError

cluster = EmbeddedCluster(Path(sys.argv[1]))
try:
    cluster.start()
except DatabaseUnavailableError as error:
    print(error.message, flush=True)
else:
    print(read_postmaster(cluster.data).pid, flush=True)
    sys.stdin.readline()
    cluster.stop()
"""


def test_two_processes_start_at_once_on_an_empty_home(open_home: Path, start_python: Callable[..., Popen[str]]) -> None:
    home = open_home / "home"
    openers = [start_python(OPENER, str(home)) for _ in range(2)]
    postmasters = {opener.stdout.readline() for opener in openers if opener.stdout}
    assert postmasters == {f"{read_postmaster(home / 'pg').pid}\n"}  # type: ignore[union-attr]
    assert {opener.communicate("\n", timeout=300)[1] for opener in openers} == {""}
    assert not is_held(home / "server.lock")


def initdb_processes(home: Path) -> list[int]:
    """Return initdb and the servers that it runs for a home."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (process / "cmdline").read_bytes().split(b"\0")
            unfinished = any(os.fsencode(home / "pg.new") in argument for argument in command)
            if unfinished and Path(os.fsdecode(command[0])).name in {"initdb", "postgres"}:
                found.append(int(process.name))
    return sorted(found)


@needs_proc
def test_killing_initdb_is_reported_and_the_next_start_makes_the_database(
    open_home: Path, start_python: Callable[..., Popen[str]]
) -> None:
    home, told = open_home, ""
    for attempt in range(ATTEMPTS):  # on a busy machine initdb may have ended before it is hit
        home = open_home / str(attempt)
        opener = start_python(OPENER, str(home))
        until(lambda home=home: initdb_processes(home))
        for process in initdb_processes(home):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        told = opener.communicate(timeout=300)[0]
        if "initdb could not make a database" in told:
            break
    assert "initdb could not make a database" in told
    starts_and_is_clean(home)


@needs_proc
def test_killing_the_application_and_not_its_initdb(open_home: Path, start_python: Callable[..., Popen[str]]) -> None:
    opener = start_python(OPENER, str(open_home))
    until(lambda: initdb_processes(open_home))
    opener.kill()
    opener.wait()
    assert initdb_processes(open_home)
    starts_and_is_clean(open_home)


def starts_and_is_clean(home: Path) -> None:
    cluster = EmbeddedCluster(home, durable=False)
    cluster.start()
    try:
        assert list(home.glob("pg.new*")) == []
        with psycopg.connect(cluster.conninfo()) as connection:
            assert connection.execute("select 42").fetchone() == (42,)
    finally:
        cluster.stop()


@needs_proc
def test_a_server_of_another_container_is_not_trodden_on(home: Path, start_python: Callable[..., Popen[str]]) -> None:
    holder = start_python(
        """
        import fcntl
        file = open(sys.argv[1], "w")
        fcntl.flock(file, fcntl.LOCK_EX)
        print("held", flush=True)
        sys.stdin.readline()
        """,
        str(home / "server.lock"),
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(DatabaseUnavailableError, match="not of this machine"):
        EmbeddedCluster(home).start()
    assert server_processes(home / "pg") == []
