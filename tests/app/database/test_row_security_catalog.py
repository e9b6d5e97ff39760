"""What the catalogue of the migrated database says about row security: no table, view or function is left open."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from app.database.roles import MAINTENANCE, ROLES, DatabaseRole
from app.database.sessions import Database
from app.database.tables import Base
from tests.app.database.conftest import TENANT_TABLES

OPEN_TO_THE_SERVICE = {
    "alembic_version": "tells the schema's revision; a service that may not read it cannot refuse a wrong schema",
    "spatial_ref_sys": "the coordinate systems of PostGIS",
    "geometry_columns": "a view of PostGIS on the catalogue",
    "geography_columns": "a view of PostGIS on the catalogue",
    "public_danger_zone": "a view that acts as its reader: the policies of its tables hold",
    "public_count": "a view that acts as its reader: the policies of its tables hold",
}
"""Relations of the schema without row security that the service may read, and why."""

IDENTITY_TABLES = {"account", "membership", "api_key", "sign_in_link", "login_session"}

WITH_MUNICIPALITY = """
select c.relname, c.relrowsecurity, c.relforcerowsecurity,
       (select count(*) from pg_policy where polrelid = c.oid) as policies
from pg_class c join pg_attribute a on a.attrelid = c.oid
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attname = 'municipality_id'
  and not a.attisdropped
"""
REACHABLE = """
select c.relname from pg_class c
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
  and not (c.relrowsecurity and c.relforcerowsecurity)
  and (has_any_column_privilege(:role, c.oid, 'select, insert, update, references')
       or has_table_privilege(:role, c.oid, 'delete, truncate, trigger'))
"""
OWN_OBJECTS = """
select c.relname, c.relkind::text as kind, coalesce(c.reloptions::text, '') as options
from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('v', 'm')
  and not exists (select from pg_depend where objid = c.oid and deptype = 'e')
"""
DEFINER_FUNCTIONS = """
select p.proname, array_remove(array[
    case when has_function_privilege('kvart_service', p.oid, 'execute') then 'service' end,
    case when not coalesce(p.proconfig::text like '%search_path=%pg_temp%', false) then 'search_path' end], null)
from pg_proc p where p.prosecdef and p.pronamespace = 'public'::regnamespace
  and not exists (select from pg_depend where objid = p.oid and deptype = 'e')
"""
GRANTED_TO_PUBLIC = """
select c.relname from pg_class c, aclexplode(c.relacl) as granted
where c.relnamespace = 'public'::regnamespace and granted.grantee = 0
  and not exists (select from pg_depend where objid = c.oid and deptype = 'e')
"""
POLICIES = """
select tablename, policyname, roles::text[] as roles, cmd, coalesce(qual, '') || coalesce(with_check, '') as condition
from pg_policies where schemaname = 'public'
"""


def rows(database: Database, query: str, **values: str) -> list[tuple[object, ...]]:
    with database.owner_engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query), values)]


def test_every_table_with_a_municipality_is_under_forced_row_security_with_policies(database: Database) -> None:
    found = {str(name): (enabled, forced, bool(n)) for name, enabled, forced, n in rows(database, WITH_MUNICIPALITY)}
    assert set(TENANT_TABLES) <= set(found)
    assert {name for name, state in found.items() if state != (True, True, True)} == set()


def test_every_table_of_the_models_is_under_forced_row_security(database: Database) -> None:
    query = "select relname from pg_class where relrowsecurity and relforcerowsecurity"
    assert set(Base.metadata.tables) == {name for (name,) in rows(database, query)}


def test_without_policy_the_service_reaches_what_is_justified_only(database: Database) -> None:
    assert {name for (name,) in rows(database, REACHABLE, role="kvart_service")} == set(OPEN_TO_THE_SERVICE)


@pytest.mark.parametrize("role", [DatabaseRole.IDENTITY, DatabaseRole.QUEUE, DatabaseRole.AUDIT])
def test_the_other_roles_reach_nothing_without_policy(database: Database, role: DatabaseRole) -> None:
    assert {name for (name,) in rows(database, REACHABLE, role=role)} <= set(OPEN_TO_THE_SERVICE) - {"alembic_version"}


def test_views_act_as_their_reader_and_nothing_is_materialised(database: Database) -> None:
    wrong = [
        name
        for name, kind, options in rows(database, OWN_OBJECTS)
        if kind == "m" or "security_invoker=true" not in str(options)
    ]
    assert wrong == []


def test_no_function_lends_its_owners_rights_to_the_service(database: Database) -> None:
    assert [found for found in rows(database, DEFINER_FUNCTIONS) if found[1]] == []


def test_nothing_is_granted_to_everybody(database: Database) -> None:
    assert rows(database, GRANTED_TO_PUBLIC) == []


def test_policies_of_the_service_name_the_municipality_or_the_whole_service(database: Database) -> None:
    unbounded = {
        (table, name)
        for table, name, roles, _, condition in rows(database, POLICIES)
        if DatabaseRole.SERVICE in roles and "kvart." not in str(condition)
    }
    assert unbounded == {("municipality", "kvart_service_select")}


def test_only_maintenance_has_policies_for_every_row_of_a_tenant_table(database: Database) -> None:
    unbounded = {
        (table, role)
        for table, _, roles, _, condition in rows(database, POLICIES)
        for role in roles
        if table in TENANT_TABLES and "kvart." not in str(condition)
    }
    assert {table for table, role in unbounded if role == MAINTENANCE} == set(TENANT_TABLES)
    assert {pair for pair in unbounded if pair[1] != MAINTENANCE} == {("analysis_run", DatabaseRole.QUEUE)}


def test_roles_own_nothing_and_cannot_log_in_or_bypass(database: Database) -> None:
    owners = rows(database, "select distinct pg_get_userbyid(relowner) from pg_class")
    assert {name for (name,) in owners}.isdisjoint(ROLES)
    powers = "select rolname, rolcanlogin or rolsuper or rolbypassrls or rolcreaterole or rolcreatedb from pg_roles"
    assert {name: powerful for name, powerful in rows(database, powers) if name in ROLES} == dict.fromkeys(ROLES, False)


def test_a_new_table_is_closed_until_it_is_protected(database: Database) -> None:
    with database.owner_engine.begin() as connection:
        connection.execute(text("create table newcomer (municipality_id int)"))
    for role in DatabaseRole:
        assert ("newcomer",) not in rows(database, REACHABLE, role=role)
