"""What the audit log costs a page, and how long it takes to seal and to verify."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.events import OPERATOR, AuditEvent, EventKind
from app.audit.sealing import seal
from app.audit.verifying import verify
from app.database.feature_collections import FeatureQuery
from app.database.sessions import Database
from app.features.service import list_features
from app.identity.purposes import Purpose
from app.identity.rights import Precision
from app.incidents.service import COLLECTION
from app.municipalities.service import create_municipality, find_municipality
from benchmarks.clusters import empty_database, temporary_cluster
from benchmarks.report import Row, Section, Timing, measure_in_turns

N_INCIDENTS = 20_000
PAGE = 1_000
PAGES = 300
N_EVENTS = 1_000_000
MOST_SHARE = 1.05
"""A page with its event may take 5 % longer."""

_INCIDENTS = """
insert into incident (municipality_id, category_id, geom, x, y, occurred_from, occurred_to, time_precision, external_id)
select 1, null, ST_SetSRID(ST_MakePoint(22.5 + 0.2 * random(), 57.2 + 0.1 * random()), 4326), 0, 0,
       now() - n * interval '1 minute', now() - n * interval '1 minute', 'minute', n
from generate_series(1, :n) as n
"""
_EVENTS = """
insert into audit_event (municipality_id, kind, actor_kind, actor, account_id, what, purpose, address, request_id)
select 1, 'consultation', 'key', 'desk-' || n % 50, n % 50,
       jsonb_build_object('collection', 'incidents', 'action', 'read', 'role',
       'analyst', 'precision', 'exact', 'filters', jsonb_build_object('limit', '1000'), 'looks',
       jsonb_build_array(jsonb_build_object('returned', 1000, 'first', n, 'last', n + 999))),
       'crime-analysis', '192.0.2.' || n % 250, md5(n::text)
from generate_series(1, :n) as n
"""


def run() -> Section:
    """Measure pages with and without an event in turns, then sealing and verifying a million events."""
    with temporary_cluster() as (cluster, directory):
        database = empty_database(cluster)
        _fill(database)
        without, deferred, awaited = _measure_pages(database)
        with database.owner_engine.begin() as connection:
            connection.execute(text(_EVENTS), {"n": N_EVENTS})
        heads = directory / "heads.jsonl"
        sealing = _timed(lambda: seal(database, heads))
        verifying = _timed(lambda: _verify(database, heads))
        database.close()
    more = f"{deferred.median / without.median - 1:+.1%}; when the commit is waited for {awaited}, "
    return Section(
        "audit",
        "Audit log",
        f"Pages of {PAGE:,} features with exact points of {N_INCIDENTS:,} incidents, each in a transaction on a "
        "durable embedded cluster, in turns with and without the event of the consultation; and a log of a million "
        "events.",
        (
            Row(
                "page with its audit event",
                deferred,
                round(MOST_SHARE * without.median, 5),
                "the same page without",
                without,
                note=more + f"{awaited.median / without.median - 1:+.1%}",
            ),
            Row(f"seal {N_EVENTS:,} events", sealing, note=f"{N_EVENTS / sealing.median:,.0f} events/s"),
            Row(f"verify {N_EVENTS:,} events", verifying, note=f"{N_EVENTS / verifying.median:,.0f} events/s"),
        ),
    )


def _fill(database: Database) -> None:
    with database.transaction() as session:
        box = shapely.box(22.5, 57.2, 22.7, 57.3)
        create_municipality(session, code="town", name="Town", boundary=box, time_zone="Europe/Riga")
    with database.owner_engine.begin() as connection:
        connection.execute(text(_INCIDENTS), {"n": N_INCIDENTS})
    with database.owner_engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze"))


def _measure_pages(database: Database) -> tuple[Timing, Timing, Timing]:
    """Return the times of pages without an event, with one whose commit is not waited for, and with one that is."""
    kinds: tuple[EventKind | None, ...] = (None, "consultation", "disclosure")
    pages = [partial(_page, database, kind) for kind in kinds]
    without, deferred, awaited = measure_in_turns(*pages, runs=PAGES, warm=10)
    return without, deferred, awaited


def _page(database: Database, kind: EventKind | None) -> None:
    with database.transaction() as session:
        town = find_municipality(session, "town")
        page = list_features(session, town, COLLECTION, FeatureQuery(limit=PAGE), Precision.EXACT)
        if kind is not None:
            _record(session, town.id, kind, page.number_returned)


def _record(session: Session, municipality_id: int, kind: EventKind, returned: int) -> None:
    what = {"collection": "incidents", "action": "read", "filters": {"limit": str(PAGE)}, "returned": returned}
    audit.record(
        session,
        AuditEvent(kind, municipality_id, OPERATOR, what, Purpose.CRIME_ANALYSIS, "192.0.2.7", "5f0e8a4c1d2b3a49"),
    )


def _verify(database: Database, heads: Path) -> None:
    found = verify(database, heads)
    if found.findings or found.events < N_EVENTS:
        raise AssertionError(f"an untouched log has findings: {found.findings[:3]}")


def _timed(work: Callable[[], object]) -> Timing:
    start = time.perf_counter()
    work()
    return Timing((time.perf_counter() - start,))
