"""An owner of the tables who is no superuser: migrates, imports fast, backs up every row and restores elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import shapely
from sqlalchemy import text

from app.database import bulk_loading, migrating
from app.database.archives import back_up, restore
from app.database.embedded import EmbeddedCluster
from app.database.inspection import inspect_database
from app.database.roles import ROLES, create_roles
from app.database.sessions import Database
from app.database.tables import Base
from app.errors import DatabaseUnavailableError
from app.ingest.service import import_file
from app.municipalities.service import create_municipality

OWNER = "kvart_owner"
GUARDS = text(
    """select string_agg(concat(relname, relrowsecurity, relforcerowsecurity, (
           select string_agg(concat(policyname, roles, cmd, qual, with_check), ';' order by policyname)
           from pg_policies where tablename = relname), (
           select string_agg(concat(grantee, privilege_type), ',' order by grantee, privilege_type)
           from information_schema.role_table_grants where table_name = relname and grantee like 'kvart\\_%'
           and grantee <> 'kvart_owner')), e'\\n' order by relname)
    from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' and relname <> 'spatial_ref_sys'"""
)


def guards(database: Database) -> str:
    """Return the policies and grants of every table, whoever owns them."""
    with database.owner_engine.connect() as connection:
        return str(connection.scalar(GUARDS))


@pytest.fixture
def owned(empty_database: Database) -> Iterator[Database]:
    """A database of an owner without powers, where an administrator switched PostGIS on and made the roles."""
    with empty_database.owner_engine.begin() as connection:
        connection.execute(text("create extension postgis"))
        create_roles(connection)
        if not connection.scalar(text("select 1 from pg_roles where rolname = :name"), {"name": OWNER}):
            connection.execute(text(f"create role {OWNER} login"))
        connection.execute(text(f"grant {', '.join(ROLES)} to {OWNER}"))
        connection.execute(text(f'alter database "{empty_database.url.database}" owner to {OWNER}'))
    owned = Database(empty_database.url.set(username=OWNER))
    migrating.upgrade(owned.owner_engine)
    yield owned
    owned.close()


@pytest.fixture
def filled(owned: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    """Two municipalities, one of them filled by the fast way."""
    monkeypatch.setattr(bulk_loading, "BULK_ROWS", 50)
    box = shapely.box(22.5, 57.2, 22.7, 57.3)
    for code in ("east", "west"):
        with owned.transaction() as session:
            create_municipality(session, code=code, name=code, boundary=box, time_zone="Europe/Riga")
    file = tmp_path / "incidents.csv"
    lines = [f"{n},theft,2026-03-01 10:00,{22.51 + n / 1000},57.25" for n in range(100)]
    file.write_text("\n".join(["id,category,occurred_from,longitude,latitude", *lines]) + "\n")
    before = guards(owned)
    for code, fast in (("east", True), ("west", False)):
        monkeypatch.setattr(bulk_loading, "BULK_ROWS", 50 if fast else 10**6)
        assert import_file(owned, code, "incidents", file, source="police").counts.accepted == 100
    assert guards(owned) == before
    return owned


def test_a_backup_of_the_owner_holds_every_row_and_every_guard(
    filled: Database, database: Database, tmp_path: Path
) -> None:
    back_up(filled, tmp_path / "all.backup")
    restore(database, tmp_path / "all.backup")
    assert inspect_database(database).rows == inspect_database(filled).rows
    assert inspect_database(database).rows["incident"] == 200
    assert guards(database) == guards(filled)


def test_the_owner_restores_over_data(filled: Database, tmp_path: Path) -> None:
    before = guards(filled), inspect_database(filled).rows
    back_up(filled, tmp_path / "all.backup")
    with filled.owner_engine.begin() as connection:
        connection.execute(text("delete from incident"))
    restore(filled, tmp_path / "all.backup", replace=True)
    assert (guards(filled), inspect_database(filled).rows) == before


def test_the_owner_goes_down_and_up(filled: Database) -> None:
    before = guards(filled)
    migrating.downgrade(filled.owner_engine, "0001")
    assert "kvart_" not in guards(filled)
    migrating.upgrade(filled.owner_engine)
    assert guards(filled) == before
    assert inspect_database(filled).rows["incident"] == 200


def test_a_restore_into_another_server_makes_the_roles(database: Database, open_home: Path, tmp_path: Path) -> None:
    back_up(database, tmp_path / "town.backup")
    cluster = EmbeddedCluster(open_home / "other", durable=False)
    cluster.start()
    elsewhere = Database(cluster.url())
    try:
        restore(elsewhere, tmp_path / "town.backup")
        assert guards(elsewhere) == guards(database)
        assert set(inspect_database(elsewhere).rows) == set(Base.metadata.tables)
        with elsewhere.transaction() as session:
            assert session.scalar(text("select count(*) from incident")) == 0
    finally:
        elsewhere.close()
        cluster.stop()


def test_an_owner_who_may_not_make_roles_is_told_what_an_administrator_has_to_run(
    open_home: Path,
) -> None:
    cluster = EmbeddedCluster(open_home / "bare", durable=False)
    cluster.start()
    database = Database(cluster.url())
    try:
        with database.owner_engine.begin() as connection:
            connection.execute(text("create extension postgis"))
            connection.execute(text(f"create role {OWNER} login"))
            connection.execute(text(f"alter database kvart owner to {OWNER}"))
        owned = Database(cluster.url().set(username=OWNER))
        with pytest.raises(DatabaseUnavailableError, match="permission denied to create role") as refused:
            migrating.upgrade(owned.owner_engine)
        owned.close()
        assert "create role kvart_service nologin" in refused.value.hint
    finally:
        database.close()
        cluster.stop()
