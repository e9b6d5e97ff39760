"""``kvart serve`` prints a link for its administrator on the embedded database, and nothing like it on a server."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, make_url, select

from app.database.embedded import EmbeddedCluster
from app.database.roles import DatabaseRole
from app.database.sessions import Database
from app.database.tables import Account
from app.identity.roles import Role
from app.identity.service import sign_in_with_link
from app.serving import local_administrator_link
from app.settings import AccountSettings

KVART = [sys.executable, "-m", "app.cli"]


@pytest.fixture
def home() -> Iterator[Path]:
    """A new directory that every account may enter, unlike those of pytest."""
    directory = Path(tempfile.mkdtemp(prefix="kvart-tests-"))
    directory.chmod(0o711)
    yield directory / "home"
    shutil.rmtree(directory)


def served(environment: dict[str, str]) -> tuple[str, str]:
    """Return what a service printed and logged from its start until it was asked to stop."""
    process = subprocess.Popen(
        [*KVART, "serve", "--port", "0"],
        env=os.environ | environment | {"KVART_WORKER": "false"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        printed = []
        for line in process.stdout:
            printed.append(line)
            if line.startswith("Stop it"):
                break
        process.send_signal(signal.SIGTERM)
        _, logged = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0, logged
    return "".join(printed), logged


def test_a_first_start_on_the_embedded_database_prints_a_link(home: Path, settings: AccountSettings) -> None:
    printed, logged = served({"KVART_HOME": str(home)})
    found = re.search(r"(http://127\.0\.0\.1:\d+)/sign-in/([\w-]{43})\n", printed)
    assert found
    assert found[2] not in logged
    cluster = EmbeddedCluster(home)
    cluster.start()
    database = Database(cluster.url(), cluster=cluster)
    try:
        with database.transaction(DatabaseRole.IDENTITY) as session:
            caller = sign_in_with_link(session, found[2], settings).caller
        assert (caller.name, caller.service_role) == ("local-administrator", Role.ADMINISTRATOR)
    finally:
        database.close()


def test_a_start_on_a_server_database_prints_no_link_and_makes_no_account(database_url: str, tmp_path: Path) -> None:
    printed, _ = served({"KVART_DATABASE_URL": database_url, "KVART_HOME": str(tmp_path)})
    assert "/docs" in printed
    assert "sign-in" not in printed
    database = Database(make_url(database_url))
    with database.transaction(DatabaseRole.IDENTITY) as session:
        assert session.scalar(select(func.count()).select_from(Account)) == 0
    assert local_administrator_link(database, "http://127.0.0.1:8000") is None
    database.close()


def test_nothing_that_ships_holds_a_secret() -> None:
    root = Path(__file__).resolve().parents[3]
    given = re.findall(r"PASSWORD: (.*)", (root / "compose.yaml").read_text())
    assert given
    assert [value for value in given if not re.fullmatch(r"\$\{\w+:\?[^}]*\}", value)] == []
    assert not re.search(r"(?i)password|secret", (root / "Dockerfile").read_text())
