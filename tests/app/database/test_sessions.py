"""Transactions and the opening of databases."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from sqlalchemy import func, make_url, select, text
from sqlalchemy.orm import Session

from app.database import migrating, revisions, sessions
from app.database.embedded import EmbeddedCluster
from app.database.installation import find_program
from app.database.sessions import Database, open_database, server_url
from app.database.tenancy import enter_service_wide
from app.database.versions import Versions, require_versions
from app.errors import DatabaseUnavailableError, InvalidInputError
from app.municipalities.models import Municipality
from app.settings import DatabaseSettings

SQUARE = "SRID=4326;MULTIPOLYGON(((0 0,1 0,1 1,0 1,0 0)))"


def municipality(code: str = "town") -> Municipality:
    return Municipality(code=code, name="Town", boundary=SQUARE, working_crs="EPSG:32631", time_zone="Etc/UTC")


def count(database: Database) -> int:
    with database.transaction() as session:
        return session.scalar(select(func.count()).select_from(Municipality)) or 0


def test_a_transaction_is_committed_at_its_end(database: Database) -> None:
    with database.transaction() as session:
        enter_service_wide(session)
        session.add(municipality())
    assert count(database) == 1


def test_a_transaction_is_rolled_back_on_an_error(database: Database) -> None:
    def fail_half_way() -> None:
        with database.transaction() as session:
            enter_service_wide(session)
            session.add(municipality())
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert count(database) == 0


def test_copy_works_through_a_session(session: Session) -> None:
    session.execute(text("create temporary table number (n int)"))
    raw = session.connection().connection.cursor()
    with raw.copy("copy number from stdin") as copy:
        copy.write_row([7])
    assert session.scalar(text("select n from number")) == 7


def settings(url: str) -> DatabaseSettings:
    return DatabaseSettings(database_url=url, pool_size=2)


def test_a_server_database_is_opened_by_its_address(database_url: str) -> None:
    database = open_database(settings(database_url))
    assert count(database) == 0
    database.close()


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_the_address_may_name_the_driver_or_not(scheme: str) -> None:
    url = server_url(f"{scheme}://ann:secret@example.org:5433/kvart?sslmode=require")
    assert url.drivername == "postgresql+psycopg"
    database = Database(url)
    assert database.place() == "postgresql://ann@example.org:5433/kvart"
    assert database.conninfo() == "user=ann host=example.org port=5433 dbname=kvart sslmode=require"


@pytest.mark.parametrize("address", ["mysql://localhost/kvart", "localhost", "postgresql://host:port/kvart", ""])
def test_an_address_of_something_else_is_refused(address: str) -> None:
    with pytest.raises(InvalidInputError, match="KVART_DATABASE_URL") as refused:
        server_url(address)
    assert "postgresql://user:password@host:5432/database" in refused.value.hint


def test_a_server_that_does_not_answer_is_reported_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailableError, match="refused a connection") as refused:
        open_database(settings(f"postgresql://ann:secret@/kvart?host={tmp_path}"))
    assert "secret" not in str(refused.value)


def test_a_server_without_the_schema_is_not_changed(empty_database: Database, cluster: EmbeddedCluster) -> None:
    with pytest.raises(DatabaseUnavailableError, match="schema of the database is at revision none") as refused:
        open_database(settings(empty_database.url.render_as_string(hide_password=False)))
    assert "kvart db upgrade" in refused.value.hint
    with empty_database.owner_engine.connect() as connection:
        assert revisions.current_revision(connection) is None


def test_a_server_where_postgis_may_not_be_switched_on(empty_database: Database) -> None:
    with psycopg.connect(empty_database.conninfo()) as connection:
        connection.execute("drop role if exists clerk")
        connection.execute("create role clerk login")
    clerk = Database(make_url(str(empty_database.url)).set(username="clerk"))
    with pytest.raises(DatabaseUnavailableError, match="PostGIS cannot be switched on") as refused:
        migrating.upgrade(clerk.owner_engine)
    clerk.close()
    assert "create extension postgis" in refused.value.hint


@pytest.mark.parametrize(
    ("versions", "reason"),
    [
        (Versions("14.2", 14, "3.4.0", "3.4.0"), "PostgreSQL 14.2"),
        (Versions("15.2", 15, None, None), "no PostGIS"),
        (Versions("15.2", 15, "3.2.1", "3.4.0"), "PostGIS 3.2.1"),
        (Versions("15.2", 15, None, "3.2.1"), "PostGIS 3.2.1"),
    ],
)
def test_an_old_server_is_refused(versions: Versions, reason: str) -> None:
    with pytest.raises(DatabaseUnavailableError, match=reason):
        require_versions(versions)


def test_a_full_pool_is_reported(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "POOL_TIMEOUT_SECONDS", 0.1)
    database = Database(make_url(database_url), pool_size=1)
    full = pytest.raises(DatabaseUnavailableError, match="Every connection to the database is in use")
    with database.engine.connect(), database.engine.connect(), full:
        count(database)
    database.close()


def test_a_server_without_room_is_reported(database: Database) -> None:
    with pytest.raises(DatabaseUnavailableError, match="out of room: there is no space"):
        raise_in_the_server(database, "disk_full", "there is no space")


def raise_in_the_server(database: Database, condition: str, message: str) -> None:
    with database.transaction() as session:
        session.execute(text(f"do $$ begin raise {condition} using message = '{message}'; end $$"))


def test_a_missing_client_program_is_reported(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailableError, match="The program pg_dump was not found"):
        find_program("pg_dump", tmp_path)
    assert find_program("pg_dump").endswith("pg_dump")
