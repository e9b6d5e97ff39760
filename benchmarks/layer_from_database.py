"""From millions of incidents in PostGIS to a Gi* layer of a city: counting packed incidents against reading events."""

from __future__ import annotations

import os
from unittest.mock import patch

import pandas as pd
import shapely
from pyproj import Transformer
from sqlalchemy import text

from app.analyses import reading
from app.analyses.inputs import AnalysisInput
from app.analyses.kinds import ANALYSES
from app.database.bulk_loading import bulk_loading
from app.database.roles import as_owner
from app.database.sessions import Database
from app.events import service as events
from app.incident_blocks import service as incident_blocks
from app.municipalities.service import create_municipality, find_municipality
from benchmarks.clusters import empty_database, temporary_cluster
from benchmarks.report import Row, Section, measure, peak_mb

EVENTS = int(os.environ.get("KVART_BENCH_EVENTS", "10000000"))
CITY_M = 30_000.0
CELL_M = 250.0
WORKING_CRS = "EPSG:32634"
CORNER = 350_000.0, 6_320_000.0
TARGET_S = 1.0

FILL = """
insert into incident (municipality_id, category_id, geom, x, y, time_precision, occurred_from, occurred_to)
select m, c, st_setsrid(st_point(18.5 + px / 60000, 57.1 + py / 110000), 4326), :x + px, :y + py, 'hour', t, t from (
    select m.id as m, (select min(id) from category where municipality_id = m.id and kind = 'incident') + n % 5 as c,
        greatest(0, least(:side, case when n % 3 = 0 then random() * :side else
            (0.1 + 0.2 * (n % 5)) * :side + 600 * (random() + random() + random() - 1.5) end)) as px,
        greatest(0, least(:side, case when n % 3 = 0 then random() * :side else
            (0.1 + 0.2 * (n % 4)) * :side + 600 * (random() + random() + random() - 1.5) end)) as py,
        timestamptz '2023-01-01' + random() * interval '3 years' as t
    from generate_series(1, :events) as n cross join municipality as m) as places
"""
ASKED: dict[str, dict[str, object]] = {
    "all events": {"cell_m": CELL_M},
    "one category, one year": {
        "cell_m": CELL_M,
        "categories": ["robbery"],
        "period_from": "2024-01-01",
        "period_to": "2024-12-31",
    },
}


def run() -> Section:
    """Measure both ways to the layer, and see that they give the same."""
    with temporary_cluster() as (cluster, _directory):
        database = empty_database(cluster)
        fill(database)
        packing = measure(lambda: _pack(database), runs=1, warm=0)
        rows = tuple(_compare(database, what, parameters) for what, parameters in ASKED.items())
        database.close()
    return Section(
        "layer_from_database",
        "From PostGIS to a Gi* layer",
        f"{EVENTS:,} incidents of one municipality in an embedded cluster under row security: "
        f"cells of {CELL_M:g} m over {CITY_M / 1000:g} x {CITY_M / 1000:g} km, with z, exact p and "
        "Benjamini-Hochberg q. Ours counts what is packed of the incidents, which the first analysis after an import "
        f"packed in {packing.median:.1f} s; the second way counts in SQL by the covering index, the peer reads every "
        "event.",
        rows,
    )


def fill(database: Database) -> None:
    """Store the city, its categories and its incidents."""
    to_degrees = Transformer.from_crs(WORKING_CRS, "EPSG:4326", always_xy=True)
    metres = shapely.box(*CORNER, CORNER[0] + CITY_M, CORNER[1] + CITY_M)
    city = shapely.transform(metres, to_degrees.transform, interleaved=False)
    with database.transaction() as session:
        made = create_municipality(
            session, code="city", name="City", boundary=city, time_zone="Europe/Riga", metric_crs=WORKING_CRS
        )
        for code in ("burglary", "robbery", "theft", "assault", "vandalism"):
            session.execute(
                text("insert into category (municipality_id, kind, code, label) values (:m, 'incident', :code, :code)"),
                {"m": made.id, "code": code},
            )
    with database.transaction() as session, bulk_loading(session, "incident", EVENTS), as_owner(session):
        session.execute(text("select setseed(0.5)"))
        values = {"x": CORNER[0], "y": CORNER[1], "side": CITY_M, "events": EVENTS}
        session.execute(text(FILL), values)
    with database.owner_engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze incident"))


def _pack(database: Database) -> None:
    with database.transaction() as session:
        city = find_municipality(session, "city")
    if not incident_blocks.pack(database, city.id):
        raise AssertionError("nothing was packed")


def _compare(database: Database, what: str, asked: dict[str, object]) -> Row:
    analysis = ANALYSES["getis-ord"]
    parameters = analysis.checked(asked)

    def read() -> AnalysisInput:
        with database.transaction() as session:
            return reading.read_input(session, find_municipality(session, "city"), parameters)

    def layer() -> pd.DataFrame:
        return analysis.compute(read(), parameters, 0).layers[0].frame

    with patch.object(reading, "COUNTED_FROM", 1):
        if read().counted is None:
            raise AssertionError(f"{what}: the events were read, not counted")
        counted, by_blocks = layer(), measure(layer, runs=5)
        alone = measure(read, runs=3)
        memory = peak_mb(layer)
        with patch.object(events, "_unpacked", return_value=None):
            by_index = measure(layer, runs=2)
    with patch.object(reading, "COUNTED_FROM", float("inf")):
        pd.testing.assert_frame_equal(pd.DataFrame(layer()), pd.DataFrame(counted))
        by_events = measure(layer, runs=2, warm=0)
    used = int(counted["count"].sum())
    note = (
        f"{used:,} events in {len(counted):,} cells, the same layer; counting takes {alone.median:.2f} s of it; "
        f"counted by the covering index: {by_index} s"
    )
    return Row(f"{EVENTS:,} incidents, {what}", by_blocks, TARGET_S, "reading every event", by_events, memory, note)
