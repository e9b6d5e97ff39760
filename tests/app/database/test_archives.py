"""Backup and restore: whole or not at all."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from app.database import archives, migrating, revisions
from app.database.archives import back_up, restore
from app.database.inspection import count_rows
from app.database.sessions import Database, open_database
from app.database.tables import Base
from app.errors import ConflictError, DatabaseUnavailableError, InvalidInputError
from app.settings import DatabaseSettings


def rows(database: Database) -> dict[str, int]:
    with database.owner_engine.connect() as connection:
        return count_rows(connection)


def name_of_town(database: Database) -> str | None:
    with database.owner_engine.connect() as connection:
        return connection.scalar(text("select name from municipality"))


def rename_town(database: Database, name: str) -> None:
    with database.owner_engine.begin() as connection:
        connection.execute(text("update municipality set name = :name"), {"name": name})


@pytest.fixture
def file(full_database: Database, tmp_path: Path) -> Path:
    """Backup of a database with a row in every table."""
    assert back_up(full_database, tmp_path / "town.backup") > 1000
    return tmp_path / "town.backup"


@pytest.fixture
def embedded(home: Path, row_inserter: Callable[..., None]) -> Iterator[Database]:
    """Embedded database of its own with a row in every table."""
    database = open_database(DatabaseSettings(home=home))
    with database.owner_engine.begin() as connection:
        row_inserter(connection)
    yield database
    database.close()


def test_a_server_database_is_restored_into_an_empty_one(file: Path, empty_database: Database) -> None:
    restore(empty_database, file)
    assert set(rows(empty_database).values()) == {1}
    with empty_database.owner_engine.connect() as connection:
        assert revisions.current_revision(connection) == revisions.head_revision()


def test_a_server_database_with_the_schema_but_without_rows_counts_as_empty(
    file: Path, empty_database: Database
) -> None:
    migrating.upgrade(empty_database.owner_engine)
    restore(empty_database, file)
    assert set(rows(empty_database).values()) == {1}


def test_a_server_database_that_holds_data_is_replaced_on_demand_only(file: Path, full_database: Database) -> None:
    rename_town(full_database, "Other")
    with pytest.raises(ConflictError, match=rf"already holds {len(Base.metadata.tables)} rows"):
        restore(full_database, file)
    assert name_of_town(full_database) == "Other"
    restore(full_database, file, replace=True)
    assert name_of_town(full_database) == "Town"
    assert set(rows(full_database).values()) == {1}


def test_identities_go_on_after_a_restore(file: Path, empty_database: Database) -> None:
    restore(empty_database, file)
    with empty_database.owner_engine.begin() as connection:
        connection.execute(text("select setval(pg_get_serial_sequence('category', 'id'), 10)"))
        added = (
            "insert into category (municipality_id, kind, code, label) values (1, 'incident', 'x', 'X') returning id"
        )
        assert connection.scalar(text(added)) == 11


def test_a_role_of_ones_own_that_the_new_server_lacks_is_named(
    full_database: Database, empty_database: Database, tmp_path: Path
) -> None:
    with full_database.owner_engine.begin() as connection:
        connection.execute(text("create role reports"))
        connection.execute(text("grant select on incident to reports"))
    back_up(full_database, tmp_path / "town.backup")
    with full_database.owner_engine.begin() as connection:
        connection.execute(text("drop owned by reports"))
        connection.execute(text("drop role reports"))
    with pytest.raises(InvalidInputError, match='role "reports" does not exist'):
        restore(empty_database, tmp_path / "town.backup")


def damaged(file: Path) -> Path:
    """Return a backup whose list of contents is whole and whose rows are cut off."""
    cut = file.with_name("cut.backup")
    cut.write_bytes(file.read_bytes()[:-9000])
    return cut


def test_a_damaged_backup_changes_nothing(file: Path, full_database: Database, embedded: Database) -> None:
    for database in (full_database, embedded):
        rename_town(database, "Other")
        with pytest.raises(InvalidInputError, match="pg_restore did not finish"):
            restore(database, damaged(file), replace=True)
        assert name_of_town(database) == "Other"
        assert set(rows(database).values()) == {1}


def test_the_embedded_database_is_replaced_while_it_is_in_use(file: Path, embedded: Database) -> None:
    rename_town(embedded, "Other")
    stop = threading.Event()

    def use() -> None:
        while not stop.wait(0.01):
            with suppress(DatabaseUnavailableError):
                name_of_town(embedded)

    user = threading.Thread(target=use)
    user.start()
    try:
        restore(embedded, file, replace=True)
    finally:
        stop.set()
        user.join()
    assert name_of_town(embedded) == "Town"
    with embedded.owner_engine.connect() as connection:
        names = connection.exec_driver_sql("select datname from pg_database where datname like 'kvart%%'").scalars()
        assert names.all() == ["kvart"]


def test_what_an_interrupted_restore_left_is_cleared_away(file: Path, embedded: Database) -> None:
    with embedded.owner_engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("create database kvart_restoring")
    restore(embedded, file, replace=True)
    assert name_of_town(embedded) == "Town"


def test_one_restore_at_a_time(file: Path, embedded: Database) -> None:
    assert embedded.cluster is not None
    with psycopg.connect(embedded.cluster.conninfo("postgres")) as connection:
        connection.execute("select pg_advisory_lock(%s)", [archives.RESTORE_LOCK])
        with pytest.raises(ConflictError, match="Another restore is under way"):
            restore(embedded, file, replace=True)


def test_the_schema_of_another_revision_is_not_mixed_up(file: Path, full_database: Database) -> None:
    with full_database.owner_engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '0000'"))
    with pytest.raises(ConflictError, match="schema revision 0000, the backup"):
        restore(full_database, file, replace=True)


def test_a_backup_of_a_newer_version_is_refused(
    full_database: Database, empty_database: Database, tmp_path: Path
) -> None:
    with full_database.owner_engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    back_up(full_database, tmp_path / "newer.backup")
    with pytest.raises(InvalidInputError, match="made by a newer version"):
        restore(empty_database, tmp_path / "newer.backup")


def test_files_that_are_no_backup_are_refused(empty_database: Database, tmp_path: Path) -> None:
    back_up(empty_database, tmp_path / "foreign.backup")
    (tmp_path / "text.backup").write_text("incident,x,y\n")
    (tmp_path / "empty.backup").touch()
    for name, reason in {
        "missing.backup": "cannot be read: No such file",
        "text.backup": "is not a backup",
        "empty.backup": "is not a backup",
        "foreign.backup": "not of Kvart",
        ".": "cannot be read: Is a directory",
    }.items():
        with pytest.raises(InvalidInputError, match=reason):
            restore(empty_database, tmp_path / name)


def test_a_backup_goes_into_an_existing_directory(empty_database: Database, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="cannot be written"):
        back_up(empty_database, tmp_path / "missing" / "town.backup")
    with pytest.raises(InvalidInputError, match="is a directory"):
        back_up(empty_database, tmp_path)


def test_a_backup_that_fails_leaves_the_older_one(file: Path, database: Database, tmp_path: Path) -> None:
    before = file.read_bytes()
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "pg_dump").write_text("#!/bin/sh\necho no room >&2\nexit 1\n")
    (programs / "pg_dump").chmod(0o755)
    broken = Database(database.url, bindir=programs)
    with pytest.raises(InvalidInputError, match="pg_dump did not finish: no room"):
        back_up(broken, file)
    broken.close()
    assert file.read_bytes() == before
    assert set(tmp_path.iterdir()) == {file, programs}


def test_a_backup_is_for_its_owner_only(file: Path) -> None:
    assert file.stat().st_mode & 0o077 == 0
