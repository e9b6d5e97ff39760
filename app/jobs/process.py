"""A worker in a process of its own, which ends when its parent does, however the parent ends."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time

from app.jobs.environment import child_environment
from app.settings import DatabaseSettings

LOGGER = logging.getLogger("kvart.worker")
STOP_WITHIN_S = 5.0
FIRST_RESTART_S = 1.0
LONGEST_RESTART_S = 30.0
STEADY_AFTER_S = 60.0
"""A worker that lived this long is restarted at once when it dies."""


class WorkerProcess:
    """A child process that does runs; it is started again when it dies.

    The child holds the reading end of a pipe whose writing end only the parent holds: when the parent dies, even by
    ``kill -9``, the pipe closes and the child ends.

    Parameters
    ----------
    settings : DatabaseSettings
        Database of the queue; handed to the child in its environment.
    """

    def __init__(self, settings: DatabaseSettings) -> None:
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._keep_running, name="kvart-worker-watcher", daemon=True)

    @property
    def pid(self) -> int | None:
        """Process id of the child that runs now."""
        return None if self._process is None else self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the child runs now."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the child, and watch it."""
        self._process = self._spawn()
        self._watcher.start()

    def stop(self) -> None:
        """End the child; a run under way goes back into the queue."""
        self._stopping.set()
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._watcher.join()

    def _keep_running(self) -> None:
        pause_s = FIRST_RESTART_S
        while self._process is not None:
            started = time.monotonic()
            code = self._process.wait()
            _close_pipe(self._process)
            if self._stopping.is_set():
                return
            lived_s = time.monotonic() - started
            pause_s = FIRST_RESTART_S if lived_s > STEADY_AFTER_S else min(2 * pause_s, LONGEST_RESTART_S)
            LOGGER.error("The worker ended with code %s; a new one starts in %.0f s.", code, pause_s)
            if self._stopping.wait(pause_s):
                return
            self._process = self._spawn()

    def _spawn(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "app.cli", "worker", "--exit-with-parent"]
        return subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command, stdin=subprocess.PIPE, env=child_environment(self._settings), start_new_session=True
        )


def exit_with_parent() -> None:
    """End this process as soon as the parent's end of standard input closes."""

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        os._exit(0)

    threading.Thread(target=watch, name="kvart-parent-watcher", daemon=True).start()


def _close_pipe(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
