"""The revisions: up, no difference from the models, down and up again with data in every table, two at once."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import Popen

import psycopg
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from app.database import migrating, revisions
from app.database.embedded import EmbeddedCluster
from app.database.programs import run_program
from app.database.sessions import Database
from app.database.tables import Base
from app.errors import InvalidInputError


def test_the_migrated_schema_is_the_one_of_the_models(database: Database) -> None:
    with database.owner_engine.begin() as connection:
        command.check(migrating.migration_config(connection))


def test_migrated_and_created_schema_have_the_same_definitions(
    database: Database, cluster: EmbeddedCluster, empty_database: Database
) -> None:
    with empty_database.owner_engine.begin() as connection:
        connection.execute(text("create extension postgis"))
        Base.metadata.create_all(connection)
    migrated, created = (definitions(cluster, db) for db in (database, empty_database))
    assert len(created) > 5 * len(Base.metadata.tables)
    assert {statement for statement in migrated if not beyond_models(statement)} - created == set()
    assert created - migrated == set()


def beyond_models(statement: str) -> bool:
    """Say whether a statement makes what models do not know: the state of migrations, row security, triggers, views."""
    parts = r"alembic_version|^CREATE POLICY|ROW LEVEL SECURITY$|^CREATE TRIGGER|ENABLE ALWAYS TRIGGER|^CREATE VIEW"
    return re.search(parts, statement) is not None


def definitions(cluster: EmbeddedCluster, database: Database) -> set[str]:
    """Return the statements of the schema, with the columns of a table in alphabetical order."""
    pg_dump = cluster.installation().program("pg_dump")
    dump = run_program(
        [pg_dump, "--schema-only", "--no-owner", "--no-privileges", "--schema=public", "--dbname", database.conninfo()]
    )
    assert dump.returncode == 0, dump.stderr
    without_functions = re.sub(r"CREATE FUNCTION .*?\$\$;", "", dump.stdout, flags=re.DOTALL)
    without_comments = "\n".join(
        line for line in without_functions.splitlines() if not line.startswith(("--", "\\", "SET"))
    )
    statements = (" ".join(statement.split()) for statement in without_comments.split(";\n"))
    return {in_alphabetical_order(statement) for statement in statements if statement}


def in_alphabetical_order(statement: str) -> str:
    start, bracket, columns = statement.partition(" ( ")
    if not statement.startswith("CREATE TABLE") or not bracket:
        return statement
    return start + "; ".join(sorted(columns.removesuffix(" )").split(", ")))


def test_down_and_up_again_with_data_in_every_table(
    full_database: Database, row_counter: Callable[[Connection], dict[str, int]], row_inserter: Callable[..., None]
) -> None:
    with full_database.owner_engine.connect() as connection:
        assert set(row_counter(connection).values()) == {1}
    migrating.downgrade(full_database.owner_engine, "base")
    left = set(inspect(full_database.owner_engine).get_table_names())
    assert left <= {"alembic_version", "spatial_ref_sys"}
    migrating.upgrade(full_database.owner_engine)
    with full_database.owner_engine.begin() as connection:
        row_inserter(connection)
        assert set(row_counter(connection).values()) == {1}


def test_bundles_of_one_title_are_joined_and_imported_rows_begin_their_history(full_database: Database) -> None:
    migrating.downgrade(full_database.owner_engine, "0015")
    with full_database.owner_engine.begin() as connection:
        connection.execute(text("delete from danger_zone_change"))
        connection.execute(text("delete from fix_change"))
        connection.execute(
            text("""with twin as (insert into fix_bundle (municipality_id, id, title, description)
                overriding system value
                select municipality_id, 7, '  ' || upper(title) || ' ', 'Told' from fix_bundle returning id)
                update fix set bundle_id = twin.id from twin""")
        )
        connection.execute(text("update fix_bundle set description = null where description is distinct from 'Told'"))
    migrating.upgrade(full_database.owner_engine)
    with full_database.owner_engine.begin() as connection:
        [(number, description)] = connection.execute(text("select id, description from fix_bundle")).all()
        assert description == "Told"
        assert connection.scalars(text("select bundle_id from fix")).all() == [number]
        zones = text(
            "select c.action, c.to_status = z.status from danger_zone_change c join danger_zone z "
            "on z.id = c.danger_zone_id where z.batch_id is not null"
        )
        assert connection.execute(zones).all() == [("import", True)]
        assert connection.scalars(text("select step from fix_change")).all() == ["import"]


def test_deleting_a_municipality_deletes_everything_of_it(
    full_database: Database, row_counter: Callable[[Connection], dict[str, int]]
) -> None:
    with full_database.owner_engine.begin() as connection:
        connection.execute(text("delete from municipality"))
        left = {table for table, rows in row_counter(connection).items() if rows}
    assert left == {"account", "sign_in_link", "login_session", "audit_event", "audit_batch"}


def test_a_failed_upgrade_leaves_nothing(empty_database: Database) -> None:
    with empty_database.owner_engine.begin() as connection:
        connection.execute(text("create table officer_assignment ()"))
    with pytest.raises(Exception, match="officer_assignment"):
        migrating.upgrade(empty_database.owner_engine)
    assert inspect(empty_database.owner_engine).get_table_names() == ["officer_assignment"]


def test_the_revisions_known_by_name_are_those_of_alembic() -> None:
    scripts = ScriptDirectory.from_config(migrating.migration_config())
    assert revisions.known_revisions() == tuple(script.revision for script in scripts.walk_revisions())[::-1]
    assert revisions.head_revision() == scripts.get_current_head()


def test_several_upgrades_at_once(empty_database: Database) -> None:
    with ThreadPoolExecutor(4) as threads:
        for outcome in [threads.submit(migrating.upgrade, empty_database.owner_engine) for _ in range(4)]:
            outcome.result()
    with empty_database.owner_engine.connect() as connection:
        assert revisions.current_revision(connection) == revisions.head_revision()


def test_an_unknown_revision_is_refused(database: Database) -> None:
    with pytest.raises(InvalidInputError, match="nonsense"):
        migrating.upgrade(database.owner_engine, "nonsense")


def test_migrations_are_found_from_any_working_directory(tmp_path: Path) -> None:
    program = "from app.database.revisions import head_revision; print(head_revision())"
    repository = Path(__file__).resolve().parents[3]
    answer = run_program(
        [sys.executable, "-c", program], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(repository)}
    )
    assert answer.stdout.strip() == revisions.head_revision(), answer.stderr


MIGRATE = """
from sqlalchemy import make_url
from app.database import migrating
from app.database.sessions import Database
database = Database(make_url(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
migrating.upgrade(database.owner_engine)
print(database.schema_revision())
"""


def test_databases_of_one_server_are_migrated_at_once_though_they_share_the_roles(
    open_home: Path, start_python: Callable[..., Popen[str]]
) -> None:
    cluster = EmbeddedCluster(open_home / "new", durable=False)
    cluster.start()
    migrations = []
    try:
        for number in range(3):
            with psycopg.connect(cluster.conninfo("postgres"), autocommit=True) as connection:
                connection.execute(f"create database several_{number}")
            address = cluster.url(f"several_{number}").render_as_string(hide_password=False)
            migrations.append(start_python(MIGRATE, address))
        assert [process.stdout.readline() for process in migrations if process.stdout] == ["ready\n"] * 3
        for process in migrations:
            assert process.stdin
            process.stdin.write("go\n")
            process.stdin.flush()
        assert [process.communicate(timeout=300)[0].strip() for process in migrations] == [
            revisions.head_revision()
        ] * 3
    finally:
        cluster.stop()
