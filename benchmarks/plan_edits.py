"""Edits of a stored plan of 100,000 units: whole transactions, and whole requests with their credential and audit."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from pyproj import Transformer
from sqlalchemy import text

from app.beats.schemas import AllocationParameters
from app.database.roles import DatabaseRole
from app.database.sessions import Database
from app.identity import accounts, keys
from app.identity.roles import Role
from app.main import create_app
from app.municipalities.service import create_municipality, find_municipality
from app.plans.edits.editors import Editors
from app.plans.edits.service import ANY_TAG, edit_plan, standing
from app.plans.importing import import_plan
from app.plans.schemas import Edit
from app.settings import DatabaseSettings, ServerSettings, Settings
from benchmarks.cities import CRS, block_city
from benchmarks.clusters import empty_database, temporary_cluster
from benchmarks.report import Row, Section, measure

UNITS = int(os.environ.get("KVART_BENCH_PLAN_UNITS", "100000"))
BEAT_SIDE = 5
"""Blocks along a side of each beat of the plan that is edited."""
EDITS = 300
MANY = 20
TARGET_S = 0.005
CODE = "city"
CORNER = np.array([350_000.0, 6_320_000.0])

FILL = text(
    """
    insert into areal_unit (municipality_id, geom, external_id, residents)
    select :m, st_geomfromwkb(shape, 4326), code, residents
    from unnest(cast(:shapes as bytea[]), cast(:codes as varchar[]), cast(:residents as int[]))
        as given (shape, code, residents)
    """
)


def run() -> Section:
    """Measure one unit and many units moved, undone and locked, in the database and over HTTP."""
    with temporary_cluster() as (cluster, directory):
        database = empty_database(cluster)
        city = fill(database, UNITS)
        plan_id = store_plan(database, city, directory / "plan.csv")
        rows = [*_transactions(database, plan_id), _opening(database, plan_id)]
        settings = Settings(
            database=DatabaseSettings(database_url=database.url.render_as_string(), home=directory),
            server=ServerSettings(worker=False),
        )
        rows += _requests(settings, database, plan_id)
    beats = int(np.ceil(np.sqrt(UNITS) / BEAT_SIDE)) ** 2
    return Section(
        "plan_edits",
        "Edits of a stored plan",
        f"A draft of {UNITS:,} blocks in some {beats:,} beats in an embedded cluster. Every edit is stored: units, "
        "shapes and figures of the beats that it touched, the plan's figures and its tag. A transaction is timed from "
        "its begin to after its commit; a request with credential, rights, audit event and JSON besides.",
        tuple(rows),
    )


def fill(database: Database, n_units: int) -> gpd.GeoDataFrame:
    """Store a city of blocks; return the blocks in metres."""
    city = block_city(n_units)
    to_degrees = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)

    def turn(points: np.ndarray) -> np.ndarray:
        return np.column_stack(to_degrees.transform(*(points + CORNER).T))

    shapes = shapely.transform(city.geometry.to_numpy(), turn)
    with database.transaction() as session:
        town = create_municipality(
            session, code=CODE, name=CODE, boundary=shapely.box(*shapely.total_bounds(shapes)), time_zone="Europe/Riga",
            metric_crs=CRS,
        )  # fmt: skip
        values = {
            "m": town.id,
            "shapes": shapely.to_wkb(shapes).tolist(),
            "codes": city["unit_id"].astype(str).tolist(),
            "residents": city["residents"].tolist(),
        }
        session.execute(FILL, values)
    return city


def beat_table(city: gpd.GeoDataFrame) -> str:
    """Return a plan of square beats as CSV."""
    side = int(np.ceil(np.sqrt(len(city))))
    place = np.arange(len(city))
    names = [
        f"B{row}-{column}" for row, column in zip(place // side // BEAT_SIDE, place % side // BEAT_SIDE, strict=True)
    ]
    lines = [f"{unit},{beat}" for unit, beat in zip(city["unit_id"], names, strict=True)]
    return "\n".join(["unit_id,beat_id", *lines])


def store_plan(database: Database, city: gpd.GeoDataFrame, file: Path) -> int:
    """Import a plan of square beats as a draft, wait for no autovacuum, and return its key."""
    file.write_text(beat_table(city))
    parameters = AllocationParameters(workload="residents", officers=False, plan_name="Squares")
    with database.transaction() as session:
        town = find_municipality(session, CODE)
        found = import_plan(session, town, file, parameters, dry_run=False)
    with database.owner_engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze"))
    if found.plan_id is None:
        raise RuntimeError(f"The plan was not stored: {found.preview.errors[:3]}")
    return found.plan_id


def edits_across(side: int, many: int = 1) -> Iterator[Edit]:
    """Give edits without end: units at the right border of a beat to the next beat, each time elsewhere, and back."""
    places = [
        (row, column)
        for row in range(0, UNITS // side - many, max(many, 7))
        for column in range(BEAT_SIDE - 1, side - BEAT_SIDE, BEAT_SIDE * 3)
    ]
    chosen = np.random.default_rng(0).permutation(len(places))[:EDITS]
    for place in cycle(chosen.tolist()):
        row, column = places[place]
        units = tuple(str((row + step) * side + column) for step in range(many))
        for beside in (1, 0):
            yield Edit(
                operation="move",
                unit_ids=units,
                beat_id=f"B{row // BEAT_SIDE}-{column // BEAT_SIDE + beside}",
            )


def _transactions(database: Database, plan_id: int) -> list[Row]:
    editors, side = Editors(), int(np.ceil(np.sqrt(UNITS)))

    def timed(what: str, edits: Iterator[Edit], target: float | None) -> Row:
        def change() -> None:
            with database.transaction() as session:
                town = find_municipality(session, CODE)
                edit_plan(session, town, editors, plan_id, next(edits), ANY_TAG, actor="analyst")

        return Row(f"{UNITS:,} units, transaction: {what}", measure(change, runs=EDITS, warm=20), target)

    lock = cycle([Edit(operation="lock", unit_ids=("0",)), Edit(operation="unlock", unit_ids=("0",))])
    back = cycle([Edit(operation="undo"), Edit(operation="redo")])
    return [
        timed("one unit moved", edits_across(side), TARGET_S),
        timed(f"{MANY} units moved", edits_across(side, MANY), None),
        timed("undo and redo", back, TARGET_S),
        timed("one unit locked and unlocked", lock, TARGET_S),
    ]


def _opening(database: Database, plan_id: int) -> Row:
    def open_anew() -> None:
        with database.transaction() as session:
            standing(session, find_municipality(session, CODE), Editors(), plan_id)

    what = f"{UNITS:,} units: a plan opened that nobody edited since the start of the service"
    return Row(what, measure(open_anew, runs=2, warm=0))


def _requests(settings: Settings, database: Database, plan_id: int) -> list[Row]:
    side = int(np.ceil(np.sqrt(UNITS)))
    with _client(settings, database) as client:
        edits = edits_across(side)
        address = f"/municipalities/{CODE}/beat-plans/{plan_id}/edits"

        def change() -> None:
            answer = client.post(address, content=next(edits).model_dump_json(), headers={"If-Match": "*"})
            if answer.status_code != 200:
                raise RuntimeError(answer.text)

        note = "in this process: credential, rights, audit event, answer as JSON, and the test client's own work"
        return [Row(f"{UNITS:,} units, request: one unit moved", measure(change, runs=EDITS, warm=20), note=note)]


@contextmanager
def _client(settings: Settings, database: Database) -> Iterator[Any]:
    """Give a client of the whole service who may edit."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from starlette.testclient import TestClient  # it announces its successor at import
    with database.transaction(DatabaseRole.IDENTITY) as session:
        accounts.create_account(session, "analyst")
        accounts.grant(session, "analyst", Role.ANALYST, CODE)
        key = keys.create_key(session, "analyst", keys.KeyLimits(("*:*",)))
    headers = {"Authorization": f"Bearer {key.secret}", "Content-Type": "application/json"}
    with TestClient(create_app(settings, database), headers=headers) as client:
        yield client
