"""The schema of the queue: what procrastinate brings, closed to everybody but the role of the queue."""

from __future__ import annotations

import hashlib
from pathlib import Path

import procrastinate
import pytest
from sqlalchemy import text

from app.database.roles import MAINTENANCE, DatabaseRole
from app.database.sessions import Database
from app.municipalities.service import find_municipality
from app.runs import service as runs
from migrations.tenancy import QUEUE

SCHEMA_SHA256 = "c70ec4b400a60ad9592787653aae5ae77ae41bf801d56b5bd2712751a07f2009"
"""Of the statements that revision 0010 ran when it was released."""

REACHABLE = """
select c.relname from pg_class c where c.relnamespace = 'procrastinate'::regnamespace and c.relkind in ('r', 'S')
  and has_schema_privilege(:role, 'procrastinate', 'usage')
  and case c.relkind when 'r' then has_any_column_privilege(:role, c.oid, 'select, insert, update, references')
      else has_sequence_privilege(:role, c.oid, 'usage, select, update') end
"""
FUNCTIONS = """
select proname, coalesce(proconfig::text, '') as settings, prosecdef as definer,
    has_function_privilege('kvart_service', oid, 'execute') as open
from pg_proc where pronamespace = 'procrastinate'::regnamespace
"""


def test_the_installed_procrastinate_has_the_schema_of_the_revision() -> None:
    """A new version of it needs a revision that runs its own migrations, and 0010 the old statements as a file."""
    found = (Path(procrastinate.__file__).parent / "sql" / "schema.sql").read_bytes()
    assert hashlib.sha256(found).hexdigest() == SCHEMA_SHA256


@pytest.mark.parametrize("role", [DatabaseRole.SERVICE, DatabaseRole.IDENTITY, DatabaseRole.AUDIT])
def test_other_roles_do_not_reach_the_queue(database: Database, role: DatabaseRole) -> None:
    with database.owner_engine.connect() as connection:
        assert connection.scalars(text(REACHABLE), {"role": role.value}).all() == []


@pytest.mark.parametrize("role", [QUEUE, MAINTENANCE])
def test_the_queue_and_backups_reach_all_of_it(database: Database, role: str) -> None:
    with database.owner_engine.connect() as connection:
        assert len(connection.scalars(text(REACHABLE), {"role": role}).all()) == 8


def test_functions_of_the_queue_look_in_its_schema_and_lend_no_rights(database: Database) -> None:
    with database.owner_engine.connect() as connection:
        functions = connection.execute(text(FUNCTIONS)).all()
    assert len(functions) > 10
    for function in functions:
        assert "search_path=procrastinate, pg_temp" in function.settings, function.proname
        assert not function.definer
        assert not function.open


def test_a_job_says_nothing_but_which_run_it_is_for(database: Database, towns: dict[str, int]) -> None:
    with database.transaction() as session:
        east = find_municipality(session, "east")
        run = runs.submit_run(session, east, "getis-ord", {"categories": ["secret"]})
    with database.owner_engine.connect() as connection:
        jobs = connection.execute(text("select * from procrastinate.procrastinate_jobs")).mappings().all()
    assert [job["args"] for job in jobs] == [{"run_id": run.id, "municipality_id": east.id}]
    assert "secret" not in str(jobs)


def test_the_job_exists_exactly_when_the_run_does(database: Database, towns: dict[str, int]) -> None:
    with database.transaction() as session:
        runs.submit_run(session, find_municipality(session, "east"), "getis-ord", {})
        session.rollback()
    with database.owner_engine.connect() as connection:
        assert connection.scalar(text("select count(*) from procrastinate.procrastinate_jobs")) == 0
        assert connection.scalar(text("select count(*) from analysis_run")) == 0
