"""What row security costs on a page of features: the same statement with and without policies, turn by turn."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import shapely
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.orm import Session

from app.database.feature_collections import Bbox, FeatureQuery
from app.database.feature_pages import read_feature_page
from app.database.sessions import Database
from app.incidents.repository import INCIDENTS
from app.municipalities.service import create_municipality
from benchmarks.clusters import empty_database, temporary_cluster
from benchmarks.report import Row, Section, measure_in_turns

MUNICIPALITIES = 20
ROWS_EACH = 10_000
PAGE = 1_000
RUNS = 200
MOST = 1.10
"""The page may take this much of the time that it takes without row security."""

FILL = """
insert into incident (municipality_id, geom, x, y, time_precision, occurred_from, occurred_to, recorded_area)
select m, st_setsrid(st_point(west + random() * 0.1, 57.2 + random() * 0.1), 4326), 0, 0, 'hour', t, t, 'A1'
from (select m.id as m, st_xmin(m.boundary) as west, timestamptz '2025-01-01' + random() * interval '1 year' as t
      from generate_series(1, :each) cross join municipality as m) as places
"""
QUERIES: dict[str, Callable[[float], FeatureQuery]] = {
    "a page of 1,000 incidents": lambda _west: FeatureQuery(limit=PAGE),
    "a page of 1,000 from the middle": lambda _west: FeatureQuery(limit=PAGE, after=MUNICIPALITIES * ROWS_EACH // 2),
    "a page of 1,000 in a quarter of the area": lambda west: FeatureQuery(
        limit=PAGE, bbox=Bbox(west, 57.2, west + 0.05, 57.25)
    ),
    "100 incidents in a hundredth of the area": lambda west: FeatureQuery(
        limit=PAGE, bbox=Bbox(west, 57.2, west + 0.01, 57.21)
    ),
}


def run() -> Section:
    """Measure pages of one municipality of twenty, with and without row security, and see which indexes they use."""
    with temporary_cluster() as (cluster, _directory):
        database = empty_database(cluster)
        keys = fill(database)
        without = create_engine(database.url, pool_pre_ping=True)
        rows = []
        for number, (what, query_of) in enumerate(QUERIES.items()):
            place = (number * 7) % MUNICIPALITIES
            rows.append(_compare(database, without, keys[place], what, query_of(22.0 + place / 10)))
        without.dispose()
        database.close()
    return Section(
        "row_security",
        "Row security",
        f"Pages of one of {MUNICIPALITIES} municipalities side by side, {MUNICIPALITIES * ROWS_EACH:,} incidents "
        "in one table of an embedded cluster: a whole transaction from its begin to its end, with row security and its "
        "roles, and the same statement as a superuser, whom row security does not concern.",
        tuple(rows),
    )


def fill(database: Database, rows_each: int = ROWS_EACH) -> list[int]:
    """Store the municipalities and their incidents; return the keys of the municipalities from west to east."""
    keys = []
    with database.transaction() as session:
        for number in range(MUNICIPALITIES):
            box = shapely.box(22 + number / 10, 57.2, 22.1 + number / 10, 57.3)
            code = f"town-{number}"
            made = create_municipality(session, code=code, name=code, boundary=box, time_zone="Europe/Riga")
            keys.append(made.id)
    with database.owner_engine.begin() as connection:
        connection.execute(text("select setseed(0.5)"))
        connection.execute(text(FILL), {"each": rows_each})
        connection.execute(text("analyze"))
    return keys


def _compare(database: Database, without: Engine, key: int, what: str, query: FeatureQuery) -> Row:
    def secured() -> int:
        with database.inside(key) as session:
            return read_feature_page(session, INCIDENTS, key, query).number_returned

    def unsecured() -> int:
        with Session(without) as session, session.begin():
            return read_feature_page(session, INCIDENTS, key, query).number_returned

    returned, same = secured(), unsecured()
    if returned != same:
        raise AssertionError(f"{what}: {returned} features with row security, {same} without")
    ours, theirs = measure_in_turns(secured, unsecured, runs=RUNS, warm=10)
    cost = ours.median / theirs.median - 1
    indexes = ", ".join(sorted(used_indexes(database, key, query)))
    note = f"{returned:,} features; row security costs {cost:+.1%} (at most {MOST - 1:+.0%}); by {indexes}"
    return Row(what, ours, theirs.median * MOST, "without row security", theirs, note=note)


def used_indexes(database: Database, key: int, query: FeatureQuery) -> set[str]:
    """Return the indexes by which the page is found under row security."""
    with database.inside(key) as session, explained(session.connection()) as plans:
        read_feature_page(session, INCIDENTS, key, query)
    return {name for plan in plans for name in _index_names(plan)}


@contextmanager
def explained(connection: Connection) -> Iterator[list[Any]]:
    """Collect the plan of each statement that the connection executes."""
    plans: list[Any] = []

    def explain(_connection: Any, cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        if not statement.startswith("explain"):
            cursor.execute(f"explain (format json) {statement}", parameters)
            found = cursor.fetchone()[0]
            plans.append(found if isinstance(found, list) else json.loads(found))

    event.listen(connection, "before_cursor_execute", explain)
    yield plans
    event.remove(connection, "before_cursor_execute", explain)


def _index_names(plan: Any) -> Iterator[str]:
    if isinstance(plan, list):
        for part in plan:
            yield from _index_names(part)
    elif isinstance(plan, dict):
        if "Index Name" in plan:
            yield plan["Index Name"]
        for part in plan.values():
            yield from _index_names(part)
