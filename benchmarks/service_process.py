"""The whole service as a process on a durable embedded cluster: for the soak and for the tests of faults."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg

from app.database.sessions import connect
from app.settings import DatabaseSettings

REPOSITORY = Path(__file__).resolve().parents[1]
TOWN = {
    "type": "Feature",
    "geometry": {
        "type": "Polygon",
        "coordinates": [[[22.5, 57.2], [22.7, 57.2], [22.7, 57.3], [22.5, 57.3], [22.5, 57.2]]],
    },
    "properties": {"code": "talsi", "name": "Talsi", "time_zone": "Europe/Riga"},
}


def wait_until(condition: Callable[[], Any], seconds: float, told: str) -> Any:
    """Return the first true value of ``condition``; fail when there is none in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise TimeoutError(f"waited {seconds:.0f} s in vain: {told}")


@dataclass
class Service:
    """``kvart serve`` with its worker, its embedded cluster and an administrator's key."""

    home: Path
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None
    address: str = ""
    key: str = ""

    @property
    def log(self) -> Path:
        """File that the log lines go to."""
        return self.home.parent / "service.log"

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a ``kvart`` command on the home of the service."""
        return subprocess.run(
            [sys.executable, "-m", "app.cli", *arguments],
            env=self._environment(),
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=check,
            timeout=300,
        )

    def start(self) -> None:
        """Start it, and wait until it is ready; a later start listens at the same port."""
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app.cli", "serve", "--port", self._port()],
                env=self._environment(),
                cwd=REPOSITORY,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.search(r"http://\S+:\d+", line)
        assert found, f"{line}\n{self.log.read_text()[-3000:]}"
        self.address = found.group()
        if not self.key:
            self.key = self._make_key()
        wait_until(self.is_ready, 60, "the service is ready")

    def _port(self) -> str:
        """Return the port of the first start, so that clients find the service again."""
        return self.address.rsplit(":", 1)[1] if self.address else "0"

    def _make_key(self) -> str:
        self.run("users", "add", "chief", "--role", "administrator")
        made = self.run("keys", "create", "chief", "--scope", "*:*", "--purpose", "administration", "--json")
        return str(json.loads(made.stdout)["key"])

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "KVART_HOME": str(self.home), **self.environment}

    def client(self, **options: Any) -> httpx.Client:
        """Return a client that carries the administrator's key."""
        headers = {"Authorization": f"Bearer {self.key}"}
        return httpx.Client(base_url=self.address, headers=headers, timeout=options.pop("timeout", 30.0), **options)

    def create_town(self) -> None:
        """Create the municipality that the faults strike."""
        with self.client() as client:
            assert client.post("/municipalities", json=TOWN).status_code == 201

    def is_ready(self) -> bool:
        """Say whether it answers that it is ready."""
        try:
            return httpx.get(f"{self.address}/ready", timeout=10).status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """Kill it as an emergency would, without a word."""
        assert self.process is not None
        self.process.kill()
        self._collect()

    def stop(self) -> None:
        """Ask it to stop, and wait until it did."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self._collect(20)
            except subprocess.TimeoutExpired:
                self.kill()

    def _collect(self, seconds: float | None = None) -> None:
        assert self.process is not None
        self.process.wait(seconds)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def worker_pid(self) -> int | None:
        """Return the process id of its worker, None while there is none."""
        assert self.process is not None
        return next((pid for pid in _children_of(self.process.pid) if b"worker" in _command_of(pid)), None)

    def memory_mb(self) -> float:
        """Return the resident memory of the service and its worker, MB."""
        assert self.process is not None
        return sum(_resident_mb(pid) for pid in (self.process.pid, self.worker_pid()) if pid is not None)

    def web_memory_mb(self) -> float:
        """Return the resident memory of the web process alone, MB."""
        assert self.process is not None
        return _resident_mb(self.process.pid)

    def worker_memory_mb(self) -> float:
        """Return the resident memory of the worker and of the processes that it started, MB."""
        worker = self.worker_pid()
        return sum(_resident_mb(pid) for pid in _with_descendants(worker)) if worker is not None else 0.0

    def writer_memory_mb(self) -> float:
        """Return the resident memory of the processes that write files for the web process, MB."""
        assert self.process is not None
        pids = _with_descendants(self.process.pid)
        return sum(_resident_mb(pid) for pid in pids if b"gdal_process" in _command_of(pid))

    def web_peak_mb(self) -> float:
        """Return the most memory that the web process ever held, MB."""
        assert self.process is not None
        return _resident_mb(self.process.pid, "VmHWM")

    def run_peak_mb(self) -> float:
        """Return the most memory that a process which does runs ever held, MB."""
        worker = self.worker_pid()
        pids = [] if worker is None else [pid for pid in _with_descendants(worker) if b"jobs.child" in _command_of(pid)]
        return max((_resident_mb(pid, "VmHWM") for pid in pids), default=0.0)

    def postmaster_pid(self) -> int | None:
        """Return the process id of its database server, None while there is none."""
        try:
            return int((self.home / "pg" / "postmaster.pid").read_text().split()[0])
        except (FileNotFoundError, IndexError, ValueError):
            return None

    @contextmanager
    def owner_connection(self) -> Iterator[psycopg.Connection[Any]]:
        """Give a connection that sees the rows of every municipality."""
        database = connect(DatabaseSettings(database_url=None, home=self.home))
        try:
            with psycopg.connect(database.conninfo()) as connection:
                yield connection
        finally:
            database.close()

    def lines_of_log(self, level: str) -> list[dict[str, Any]]:
        """Return the log lines of a level; every line must be JSON."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [line for line in lines if line["level"] == level]


def _children_of(pid: int) -> list[int]:
    found = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):
            found += [int(child) for child in file.read_text().split()]
    return found


def _with_descendants(pid: int) -> list[int]:
    return [pid, *(one for child in _children_of(pid) for one in _with_descendants(child))]


def _resident_mb(pid: int, figure: str = "VmRSS") -> float:
    try:
        found = re.search(rf"{figure}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except FileNotFoundError:
        return 0.0
    return int(found.group(1)) / 1024 if found else 0.0


def _command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return b""


def kill_pid(pid: int | None, number: int = signal.SIGKILL) -> bool:
    """Send a signal; return whether there was somebody to receive it."""
    if pid is None:
        return False
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True
