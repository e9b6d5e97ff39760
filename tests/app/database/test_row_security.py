"""What a transaction sees and may do, whatever was tried before it on the same connection."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.orm import Session

from app.database.roles import DatabaseRole
from app.database.sessions import Database
from app.database.tables import Base
from app.database.tenancy import enter_municipality, enter_service_wide
from app.errors import DatabaseUnavailableError
from app.municipalities.service import find_municipality
from tests.app.database.conftest import TENANT_TABLES

IDENTITY_TABLES = ("account", "membership", "api_key", "sign_in_link", "login_session")
INCIDENTS = text("select recorded_area from incident order by 1")
DENIED = r"permission denied|must (be|have)"
SETTING = text("select coalesce(current_setting('kvart.municipality', true), '')")


def seen(session: Session) -> list[str]:
    return list(session.execute(INCIDENTS).scalars())


@pytest.fixture
def one_connection(database: Database, towns: dict[str, int]) -> Iterator[Database]:
    """A database whose every transaction takes the one connection of its pool."""
    single = Database(database.url, pool_size=1)
    single.engine.pool._max_overflow = 0  # type: ignore[attr-defined]
    yield single
    single.close()


@pytest.mark.parametrize("code", ["east", "west"])
def test_only_the_municipality_that_was_entered_is_seen(database: Database, towns: dict[str, int], code: str) -> None:
    with database.transaction() as session:
        assert find_municipality(session, code).id == towns[code]
        assert seen(session) == [code]


def test_nothing_is_seen_or_changed_before_a_municipality_is_entered(database: Database, towns: dict[str, int]) -> None:
    with database.transaction() as session:
        assert seen(session) == []
        for table in TENANT_TABLES:
            assert session.scalar(text(f'select count(*) from "{table}"')) == 0
        assert session.execute(text("delete from incident returning id")).all() == []


@pytest.mark.parametrize("setting", ["", "0", "-1", "999"])
def test_a_setting_that_names_no_municipality_shows_nothing(
    database: Database, towns: dict[str, int], setting: str
) -> None:
    with database.transaction() as session:
        session.execute(text("select set_config('kvart.municipality', :value, true)"), {"value": setting})
        assert seen(session) == []


@pytest.mark.parametrize("setting", ["garbage", "1 or true", "1; reset role", "99999999999"])
def test_a_setting_that_is_no_number_shows_nothing(database: Database, towns: dict[str, int], setting: str) -> None:
    with database.transaction() as session:
        session.execute(text("select set_config('kvart.municipality', :value, true)"), {"value": setting})
        with pytest.raises(DBAPIError):
            seen(session)
        session.rollback()


def test_the_municipality_does_not_outlive_its_transaction(one_connection: Database, towns: dict[str, int]) -> None:
    with one_connection.inside(towns["east"]) as session:
        assert seen(session) == ["east"]
    with one_connection.transaction() as session:
        assert (session.scalar(SETTING), seen(session)) == ("", [])


def test_the_municipality_does_not_outlive_an_exception(one_connection: Database, towns: dict[str, int]) -> None:
    with pytest.raises(ZeroDivisionError), one_connection.inside(towns["east"]):
        raise ZeroDivisionError
    with one_connection.transaction() as session:
        assert (session.scalar(SETTING), seen(session)) == ("", [])


def test_the_municipality_does_not_outlive_a_cancelled_statement(
    one_connection: Database, towns: dict[str, int]
) -> None:
    with one_connection.inside(towns["east"]) as session:
        session.execute(text("set local statement_timeout = '10ms'"))
        with pytest.raises(DBAPIError, match="statement timeout"):
            session.execute(text("select pg_sleep(5)"))
        session.rollback()
    with one_connection.transaction() as session:
        assert (session.scalar(SETTING), seen(session)) == ("", [])


@pytest.mark.parametrize(
    "left", ["set kvart.municipality = '{east}'", "set kvart.service_wide = 'on'", "set role none"]
)
def test_what_a_session_level_set_left_behind_is_overruled(
    one_connection: Database, towns: dict[str, int], left: str
) -> None:
    with one_connection.inside(towns["west"]) as session:
        session.execute(text(left.format(**towns)))
    with one_connection.transaction() as session:
        assert session.scalar(text("select current_user")) == "kvart_service"
        assert seen(session) == []
        assert session.execute(text("update municipality set name = 'x' returning id")).all() == []


def test_a_savepoint_does_not_bring_a_municipality_back(database: Database, towns: dict[str, int]) -> None:
    with database.inside(towns["east"]) as session:
        with session.begin_nested() as nested:
            enter_municipality(session, towns["west"])
            assert seen(session) == ["west"]
            nested.rollback()
        assert seen(session) == ["east"]


def test_a_row_cannot_be_written_to_or_moved_to_a_neighbour(database: Database, towns: dict[str, int]) -> None:
    move = text("update incident set municipality_id = :west")
    add = text("insert into category (municipality_id, kind, code, label) values (:west, 'incident', 'a', 'A')")
    for statement in (move, add):
        with pytest.raises(ProgrammingError, match="violates row-level security"), database.inside(towns["east"]) as s:
            s.execute(statement, towns)


def test_errors_of_unique_keys_and_references_never_tell_of_a_neighbours_row(
    database: Database, towns: dict[str, int]
) -> None:
    """The key exists in both towns; what the error says is the same as for one that exists nowhere."""
    insert = text(
        """insert into incident (municipality_id, id, geom, x, y, time_precision) overriding system value
        values (:west, :id, st_setsrid(st_point(22.5, 57.2), 4326), 0, 0, 'day')"""
    )
    told = []
    for identifier in (77, 78):
        with pytest.raises(DBAPIError) as refused, database.inside(towns["east"]) as session:
            session.execute(insert, {"west": towns["west"], "id": identifier})
        told.append(str(refused.value.orig))
    assert told[0] == told[1] == 'new row violates row-level security policy for table "incident"'


def test_a_reference_to_a_neighbours_row_fails_as_one_to_no_row(database: Database, towns: dict[str, int]) -> None:
    with database.inside(towns["west"]) as session:
        neighbours = session.scalar(text("select id from source"))
    refer = text("update incident set source_id = :id")
    told = []
    for identifier in (neighbours, 999_999):
        with pytest.raises(DBAPIError) as refused, database.inside(towns["east"]) as session:
            session.execute(refer, {"id": identifier})
        told.append(str(refused.value.orig))
    assert told[0] == told[1]
    assert "Key is not present" in told[0]


@pytest.mark.parametrize("table", IDENTITY_TABLES)
def test_the_service_cannot_read_identity(full_database: Database, table: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), full_database.inside(1) as session:
        session.execute(text(f'select * from "{table}"'))


@pytest.mark.parametrize(
    "statement",
    [
        "update audit_event set actor = 'nobody'",
        "delete from audit_event",
        "truncate audit_event",
        "create table mine (n int)",
        "create function mine() returns int language sql as 'select 1'",
        "alter table incident disable row level security",
        "alter table incident no force row level security",
        "drop policy own_rows on incident",
        "create policy mine on incident using (true)",
        "truncate incident",
        "alter role kvart_service bypassrls",
        "grant kvart_maintenance to kvart_service",
        "update alembic_version set version_num = '0001'",
        "set local session_replication_role = replica",
    ],
)
def test_the_service_cannot_change_what_guards_it(full_database: Database, statement: str) -> None:
    with (
        pytest.raises(ProgrammingError, match=r"permission denied|must be|must have"),
        full_database.inside(1) as session,
    ):
        session.execute(text(statement))


def test_municipalities_are_changed_for_the_whole_service_only(database: Database, towns: dict[str, int]) -> None:
    rename = text("update municipality set name = 'x' where code = 'west' returning id")
    with database.inside(towns["west"]) as session:
        assert session.execute(rename).all() == []
        enter_service_wide(session)
        assert session.execute(rename).all() == [(towns["west"],)]


def test_the_queue_sees_the_runs_of_all_and_nothing_else(full_database: Database) -> None:
    with full_database.transaction(DatabaseRole.QUEUE) as session:
        assert session.scalar(text("select count(kind) from analysis_run")) == 1
    readable = []
    for table in set(Base.metadata.tables) - {"analysis_run", "municipality"}:
        with full_database.transaction(DatabaseRole.QUEUE) as session:
            if session.scalar(text("select has_any_column_privilege(:table, 'select')"), {"table": table}):
                readable.append(table)
    assert readable == []
    for column in ("summary", "problem", "input_fingerprint"):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            full_database.transaction(DatabaseRole.QUEUE) as session,
        ):
            session.execute(text(f"select {column} from analysis_run"))


@pytest.mark.parametrize("role", list(DatabaseRole))
def test_each_role_acts_as_itself(database: Database, role: DatabaseRole) -> None:
    with database.transaction(role) as session:
        assert session.scalar(text("select current_user")) == role.value


def test_a_user_who_is_no_member_is_told_what_to_do(database: Database) -> None:
    with database.owner_engine.begin() as connection:
        connection.execute(text("drop role if exists stranger"))
        connection.execute(text("create role stranger login"))
    stranger = Database(database.url.set(username="stranger"))
    with (
        pytest.raises(DatabaseUnavailableError, match="cannot act as kvart_service: permission denied") as refused,
        stranger.transaction() as session,
    ):
        session.execute(text("select 1"))
    stranger.close()
    assert "grant kvart_service to" in refused.value.hint
