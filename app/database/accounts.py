"""The system account that the embedded server runs under: PostgreSQL refuses to run as root."""

from __future__ import annotations

import os
import pwd
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.database.programs import run_program
from app.errors import DatabaseUnavailableError

ACCOUNTS_FOR_ROOT = ("postgres", "nobody")


@dataclass(frozen=True)
class ServerAccount:
    """Account of the server's processes; ``uid`` is None where it is the caller's own."""

    uid: int | None = None
    gid: int | None = None

    def process_options(self) -> dict[str, Any]:
        """Return the keywords with which ``run_program`` runs a program under this account."""
        options: dict[str, Any] = {
            "cwd": "/",
            "env": {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/"},
        }
        if self.uid is not None:
            options |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        return options

    def own(self, directory: Path) -> None:
        """Make a directory that only this account (and root) may enter."""
        directory.mkdir(mode=0o700, exist_ok=True)
        if self.uid is not None and self.gid is not None:
            os.chown(directory, self.uid, self.gid)
        directory.chmod(0o700)

    def can_enter(self, directory: Path) -> bool:
        """Say whether the account may pass every directory on the way to this one."""
        if self.uid is None:
            return True
        probe = [shutil.which("test") or "/usr/bin/test", "-x", str(directory)]
        return run_program(probe, **self.process_options()).returncode == 0

    @contextmanager
    def way_to(self, directory: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Give a path by which the account reaches its directory, and the descriptors a child must inherit for it.

        Below a directory that is closed to the account, such as ``/root``, the way leads through an open descriptor.

        Raises
        ------
        DatabaseUnavailableError
            If the way is closed and the system has no ``/proc`` to go round it.
        """
        if self.can_enter(directory):
            yield str(directory), ()
            return
        if not Path("/proc/self/fd").is_dir():
            raise DatabaseUnavailableError(
                f"The system account that runs the database for root cannot reach {directory}.",
                "Run as an ordinary user, or set KVART_HOME to a directory outside of root's own.",
            )
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            yield f"/proc/self/fd/{descriptor}", (descriptor,)
        finally:
            os.close(descriptor)


def server_account(data: Path) -> ServerAccount:
    """Return the account for a data directory: its owner's, or for a new one of root's a system account.

    Raises
    ------
    DatabaseUnavailableError
        If the directory belongs to somebody else, or root has no system account to drop to.
    """
    caller = os.geteuid()
    owner = data.stat().st_uid if data.exists() else None
    if caller != 0:
        if owner not in {None, caller}:
            raise DatabaseUnavailableError(
                f"{data} belongs to {_account_name(owner)}, not to {_account_name(caller)}.",
                f"Run as {_account_name(owner)} or root, or set KVART_HOME to a directory of your own.",
            )
        return ServerAccount()
    if owner:
        return ServerAccount(owner, data.stat().st_gid)
    for name in ACCOUNTS_FOR_ROOT:
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServerAccount(account.pw_uid, account.pw_gid)
    raise DatabaseUnavailableError(
        "PostgreSQL does not run as root, and this machine has no account `postgres` or `nobody`.",
        "Run Kvart as an ordinary user.",
    )


def _account_name(uid: int | None) -> str:
    if uid is None:
        return "nobody"
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
