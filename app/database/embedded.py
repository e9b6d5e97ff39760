"""The private PostGIS cluster that Kvart runs when no server database is named.

Everything lies in the home directory: ``pg`` (data), ``socket``, ``postgres.log`` and the locks of
:mod:`app.database.locking`. The server listens on a unix socket that only its own account and root can reach.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import signal
import tempfile
import threading
import time
from pathlib import Path
from typing import BinaryIO

import psycopg
from psycopg.conninfo import make_conninfo
from sqlalchemy import URL

from app.database.accounts import ServerAccount, server_account
from app.database.installation import Installation, find_installation
from app.database.locking import exclusive, is_held, open_lock, try_lock
from app.database.programs import last_line, run_program
from app.database.recovery import (
    PORT,
    RECOVERY_TIMEOUT_SECONDS,
    SOCKET_NAME,
    SUPERUSER,
    Postmaster,
    answers,
    read_postmaster,
    remove_socket,
    running_postmaster,
)
from app.errors import DatabaseUnavailableError

DATABASE = "kvart"
LONGEST_SOCKET_PATH = 107
"""Bytes that the address of a unix socket may have (``sun_path`` less its closing zero)."""

START_TIMEOUT_SECONDS = 120.0
STOP_TIMEOUT_SECONDS = 120.0
POLL_SECONDS = 0.01
LARGEST_LOG_BYTES = 20_000_000
SMALLEST_SHARED_MEMORY_BYTES = 512_000_000
SERVER_OPTIONS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "wal_compression": "off",
    "random_page_cost": "1.1",
    "effective_io_concurrency": "100",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
FAST_BUT_NOT_DURABLE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "512MB",
    "shared_preload_libraries": "postgis-3",
}


class EmbeddedCluster:
    """A private PostGIS cluster in a directory; started by the first process that uses it, stopped by the last.

    Parameters
    ----------
    home : Path
        Directory of the cluster; made if it does not exist.
    bindir : Path, optional
        Where PostgreSQL's programs are, if not where the system's packages put them.
    durable : bool
        False gives up safety against power cuts for speed; for tests only.
    """

    def __init__(self, home: Path, *, bindir: Path | None = None, durable: bool = True) -> None:
        self.home = Path(home).absolute()
        self.data = self.home / "pg"
        self.log = self.home / "postgres.log"
        self._bindir = bindir
        self._durable = durable
        self._server_lock = self.home / "server.lock"
        self._lease: int | None = None
        self._process = os.getpid()
        self._socket_directory = ""
        self._threads = threading.Lock()

    @property
    def socket_directory(self) -> str:
        """Directory of the server's socket; it may change when the cluster is started again."""
        return self._socket_directory

    def is_running(self) -> bool:
        """Say whether the server takes connections."""
        postmaster = read_postmaster(self.data)
        return postmaster is not None and is_held(self._server_lock) and answers(postmaster)

    def url(self, database: str = DATABASE) -> URL:
        """Return the SQLAlchemy URL of a database of the started cluster."""
        return URL.create(
            "postgresql+psycopg",
            username=SUPERUSER,
            database=database,
            query={"host": self._socket_directory, "port": str(PORT)},
        )

    def conninfo(self, database: str = DATABASE) -> str:
        """Return the same address as a connection string of PostgreSQL's own programs and of psycopg."""
        return make_conninfo(host=self._socket_directory, port=PORT, user=SUPERUSER, dbname=database)

    def installation(self) -> Installation:
        """Return the programs for this cluster: those of its own major version if it exists."""
        return find_installation(self._bindir, major=self._written_by())

    def start(self) -> None:
        """Start the cluster or attach to it, making it first if need be; safe to call again at any time.

        Raises
        ------
        DatabaseUnavailableError
            If PostgreSQL or PostGIS is missing, the directory cannot be used or the server does not start.
        """
        try:
            with self._threads:
                self._start()
        except OSError as error:
            raise DatabaseUnavailableError(
                f"The database directory {self.home} cannot be used: {error.strerror}.",
                "Set KVART_HOME to a directory that you may write to and that has room.",
            ) from error
        except psycopg.Error as error:
            raise DatabaseUnavailableError(
                f"The database server in {self.home} is of no use: {last_line(str(error))}", f"See {self.log}."
            ) from error

    def _start(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True, mode=0o711)
        account = server_account(self.data)
        with exclusive(self.home / "start.lock", START_TIMEOUT_SECONDS) as start_lock:
            if not self.data.exists():
                self._initialise(account, start_lock)
            postmaster = running_postmaster(self.data, self._server_lock) or self._launch(account)
            self._socket_directory = postmaster.socket_directory
            if self._lease is None:
                self._lease = open_lock(self.home / "users.lock")
                try_lock(self._lease, fcntl.LOCK_SH)
                atexit.register(self.stop)
            self._ensure_database()

    def stop(self) -> None:
        """Leave the cluster; the last process to leave stops the server."""
        with self._threads:
            atexit.unregister(self.stop)
            if self._lease is None or os.getpid() != self._process:
                return
            with exclusive(self.home / "start.lock", START_TIMEOUT_SECONDS):
                last = try_lock(self._lease)
                os.close(self._lease)
                self._lease = None
                postmaster = read_postmaster(self.data)
                if last and postmaster and is_held(self._server_lock):
                    self._shut_down(postmaster)

    def _written_by(self) -> int | None:
        """Return the major version of PostgreSQL that wrote the data, None if there is no data yet."""
        try:
            return int((self.data / "PG_VERSION").read_text(encoding="ascii"))
        except FileNotFoundError:
            return None

    def _initialise(self, account: ServerAccount, start_lock: int) -> None:
        """Make the data directory under another name and rename it when it is complete.

        initdb inherits the start lock: if this process dies, nobody meddles before that initdb has ended too.
        """
        for left_over in self.home.glob("pg.new.*"):
            shutil.rmtree(left_over, ignore_errors=True)
        unfinished = self.home / f"pg.new.{os.getpid()}"
        account.own(unfinished)
        with account.way_to(unfinished) as (path, descriptors):
            command = [self.installation().program("initdb"), "--pgdata", path, "--username", SUPERUSER]
            command += ["--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--data-checksums"]
            command += [] if self._durable else ["--no-sync"]
            outcome = run_program(command, pass_fds=(start_lock, *descriptors), **account.process_options())
        if outcome.returncode != 0:
            raise DatabaseUnavailableError(
                f"initdb could not make a database in {self.home}: {last_line(outcome.stderr)}",
                "Check free disk space and permissions, then try again.",
            )
        unfinished.rename(self.data)

    def _launch(self, account: ServerAccount) -> Postmaster:
        """Start the server and wait until it answers; it inherits the server lock and outlives this process."""
        installation = self.installation()
        socket_directory = self._make_socket_directory(account)
        options = SERVER_OPTIONS | {"unix_socket_directories": f'"{socket_directory}"'}
        options |= {} if self._durable else FAST_BUT_NOT_DURABLE
        options |= {"dynamic_shared_memory_type": "mmap"} if _shared_memory_is_small() else {}
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        server_lock = open_lock(self._server_lock)
        try:
            try_lock(server_lock)
            with account.way_to(self.data) as (path, descriptors), self._open_log() as log:
                run_program(
                    ["/bin/sh", "-c", '"$@" &', "sh", installation.program("postgres"), "-D", path, *settings],
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    pass_fds=(server_lock, *descriptors),
                    **account.process_options(),
                )
        finally:
            os.close(server_lock)
        return self._wait_until_it_answers()

    def _make_socket_directory(self, account: ServerAccount) -> Path:
        """Make the directory of the socket: in the home, or where that path is too long or closed, in ``/tmp``."""
        directory = self.home / "socket"
        too_long = len(os.fsencode(directory / SOCKET_NAME)) > LONGEST_SOCKET_PATH
        if too_long or set(str(directory)) & set(',"\\') or not account.can_enter(self.home):
            directory = Path(tempfile.mkdtemp(prefix="kvart-"))
        account.own(directory)
        remove_socket(directory)
        return directory

    def _open_log(self) -> BinaryIO:
        """Open the server's log, keeping one older file where it has grown large."""
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        return self.log.open("ab")

    def _wait_until_it_answers(self) -> Postmaster:
        deadline = time.monotonic() + RECOVERY_TIMEOUT_SECONDS
        while is_held(self._server_lock) and time.monotonic() < deadline:
            postmaster = read_postmaster(self.data)
            if postmaster and answers(postmaster):
                return postmaster
            time.sleep(POLL_SECONDS)
        log = self.log.read_text(errors="replace").splitlines()
        reasons = [line.partition("  ")[2] for line in log if "FATAL:" in line or "PANIC:" in line] or log
        raise DatabaseUnavailableError(
            f"The database server in {self.home} did not start: {last_line(reasons[-1])}", f"See {self.log}."
        )

    def _ensure_database(self) -> None:
        with psycopg.connect(self.conninfo("postgres"), autocommit=True) as connection:
            if not connection.execute("select from pg_database where datname = %s", [DATABASE]).rowcount:
                connection.execute(f"create database {DATABASE}")

    def _shut_down(self, postmaster: Postmaster) -> None:
        """Stop the server: sessions are ended, what they committed is written."""
        os.kill(postmaster.pid, signal.SIGINT)
        deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
        while is_held(self._server_lock):
            if time.monotonic() > deadline:
                raise DatabaseUnavailableError(
                    f"The database server (process {postmaster.pid}) does not stop.", f"See {self.log}."
                )
            time.sleep(POLL_SECONDS)
        if Path(postmaster.socket_directory).parent != self.home:
            shutil.rmtree(postmaster.socket_directory, ignore_errors=True)


def _shared_memory_is_small() -> bool:
    """Say whether parallel queries could outgrow ``/dev/shm``: containers have 64 MB of it."""
    shared_memory = Path("/dev/shm")  # noqa: S108 - only its size is read
    return shared_memory.is_dir() and shutil.disk_usage(shared_memory).total < SMALLEST_SHARED_MEMORY_BYTES
