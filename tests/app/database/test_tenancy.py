"""What the catalogue of the migrated database says about the tenant key."""

from __future__ import annotations

from graphlib import TopologicalSorter

import pytest
from sqlalchemy import Connection, text

from app.database.sessions import Database
from tests.app.database.conftest import TENANT_TABLES

KEYS = """
select c.conname as name, c.contype as kind, array_agg(a.attname::text order by k.position) as columns
from pg_constraint c
cross join lateral unnest(c.conkey) with ordinality as k (number, position)
join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.number
where c.conrelid = cast(:table as regclass) and c.contype in ('p', 'u', 'f')
group by c.conname, c.contype
"""
UNIQUE_INDEXES = """
select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid, 1, true) as first_column
from pg_index where indrelid = cast(:table as regclass) and indisunique
"""
REFERENCES_TO_OTHER_TABLES = """
select distinct conrelid::regclass::text as referrer, confrelid::regclass::text as referred
from pg_constraint
where contype = 'f' and connamespace = 'public'::regnamespace and conrelid <> confrelid
"""
CASCADES_WITHOUT_INDEX = """
select conrelid::regclass || ' ' || conname
from pg_constraint c
where contype = 'f' and confdeltype = 'c' and connamespace = 'public'::regnamespace
  and not exists (
    select from pg_index i
    where i.indrelid = c.conrelid and i.indpred is null
      and (i.indkey::int2[])[0:cardinality(c.conkey) - 1] @> c.conkey
  )
"""


@pytest.mark.parametrize("table", TENANT_TABLES)
def test_every_key_of_a_tenant_table_carries_the_municipality(database: Database, table: str) -> None:
    with database.owner_engine.connect() as connection:
        keys = connection.execute(text(KEYS), {"table": table}).all()
        indexes = connection.execute(text(UNIQUE_INDEXES), {"table": table}).all()
    assert {"p", "f"} <= {key.kind for key in keys}
    assert [key.name for key in keys if key.columns[0] != "municipality_id"] == []
    assert [index.name for index in indexes if index.first_column != "municipality_id"] == []


def references(connection: Connection) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for referrer, referred in connection.execute(text(REFERENCES_TO_OTHER_TABLES)):
        found.setdefault(referrer, set()).add(referred)
    return found


def test_references_form_no_circle_and_all_lead_to_the_municipality(database: Database) -> None:
    with database.owner_engine.connect() as connection:
        graph = references(connection)
    assert set(TopologicalSorter(graph).static_order()) - set(graph) == {"municipality", "account"}
    assert {table for table in graph if "account" in graph[table]}.isdisjoint(TENANT_TABLES)
    assert set(TENANT_TABLES) <= set(graph)


def test_deletes_that_cascade_find_their_rows_by_index(database: Database) -> None:
    with database.owner_engine.connect() as connection:
        assert connection.scalars(text(CASCADES_WITHOUT_INDEX)).all() == []
