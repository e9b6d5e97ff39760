"""Locks of the embedded cluster that live as long as the processes that hold them (``flock``).

``start.lock``   exclusive while one process initialises, starts or stops the cluster; initdb inherits it
``server.lock``  exclusive as long as a postmaster or one of its backends lives: they inherit it
``users.lock``   shared by every process that uses the cluster; who can have it alone is the last one
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.errors import DatabaseUnavailableError

POLL_SECONDS = 0.01


def open_lock(path: Path) -> int:
    """Open a lock file and return its descriptor; the caller closes it."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def try_lock(descriptor: int, kind: int = fcntl.LOCK_EX) -> bool:
    """Take the lock if it is free, and say whether it was."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_held(path: Path) -> bool:
    """Say whether any process holds the lock."""
    descriptor = open_lock(path)
    try:
        return not try_lock(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def exclusive(path: Path, timeout: float) -> Iterator[int]:
    """Hold the lock; gives its descriptor, which a child process may inherit to hold it beyond this one.

    After an error it is only closed: a child that inherited it and is still at work holds it until it ends.

    Raises
    ------
    DatabaseUnavailableError
        If others hold it for longer than ``timeout`` seconds.
    """
    descriptor = open_lock(path)
    try:
        deadline = time.monotonic() + timeout
        while not try_lock(descriptor):
            if time.monotonic() > deadline:
                raise DatabaseUnavailableError(
                    f"Another process has been starting or stopping the database of {path.parent} "
                    f"for more than {timeout:.0f} s.",
                    "Wait for it, or look for a hanging `kvart` or `initdb` and end it.",
                )
            time.sleep(POLL_SECONDS)
        yield descriptor
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)
