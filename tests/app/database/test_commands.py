"""``kvart db``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.commands import build_program
from app.database.sessions import Database
from app.database.tables import Base
from app.errors import ConflictError


@pytest.fixture
def kvart_db(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Function that runs a command of ``kvart db`` against a database and returns what it printed."""

    def run(database: Database | Path, *arguments: str) -> str:
        if isinstance(database, Path):
            monkeypatch.delenv("KVART_DATABASE_URL", raising=False)
            monkeypatch.setenv("KVART_HOME", str(database))
        else:
            monkeypatch.setenv("KVART_DATABASE_URL", database.url.render_as_string(hide_password=False))
        outcome = CliRunner().invoke(build_program(), ["db", *arguments])
        if outcome.exception:
            raise outcome.exception
        return outcome.output

    return run


def test_status_of_a_server(kvart_db: Callable[..., str], full_database: Database) -> None:
    output = kvart_db(full_database, "status")
    assert "server postgresql://kvart@" in output
    assert "(up to date)" in output
    assert "incident                         1 rows" in output


def test_status_of_an_empty_server(kvart_db: Callable[..., str], empty_database: Database) -> None:
    output = kvart_db(empty_database, "status")
    assert "not switched on" in output
    assert "run `kvart db upgrade`" in output


def test_status_makes_no_database(kvart_db: Callable[..., str], tmp_path: Path) -> None:
    assert "There is no database" in kvart_db(tmp_path, "status")
    assert list(tmp_path.iterdir()) == []


def test_status_of_the_embedded_database(kvart_db: Callable[..., str], home: Path) -> None:
    assert f"embedded, in {home}" in kvart_db(home, "status")


def test_down_and_up(kvart_db: Callable[..., str], full_database: Database) -> None:
    with pytest.raises(ConflictError, match=rf"holds {len(Base.metadata.tables)} rows; a downgrade to base loses data"):
        kvart_db(full_database, "downgrade", "base")
    assert kvart_db(full_database, "downgrade", "base", "--yes") == "The schema is at revision none.\n"
    assert "The schema is at revision 0" in kvart_db(full_database, "upgrade")


def test_backup_and_restore(kvart_db: Callable[..., str], full_database: Database, home: Path, tmp_path: Path) -> None:
    file = str(tmp_path / "town.backup")
    assert "written to" in kvart_db(full_database, "backup", file)
    assert "Restored" in kvart_db(home, "restore", file)
    rows = len(Base.metadata.tables) + 2  # the restore itself is in the audit log, and sealed
    with pytest.raises(ConflictError, match=rf"already holds {rows} rows"):
        kvart_db(home, "restore", file)
    assert "Restored" in kvart_db(home, "restore", file, "--replace")
