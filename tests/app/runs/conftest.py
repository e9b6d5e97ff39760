"""The small town in the database, and runs over it."""

import pytest
import shapely
from small_town import BLOCKS, SIDE_M, fill, place, square
from sqlalchemy import text

from app.jobs.worker import Worker
from app.municipalities.service import create_municipality
from app.runs import service as runs


@pytest.fixture
def town(database):
    with database.transaction() as session:
        found = create_municipality(
            session,
            code="town",
            name="Town",
            boundary=square(0, 0, BLOCKS * SIDE_M),
            time_zone="Europe/Riga",
            metric_crs="EPSG:32634",
        )
        fill(session, found.id)
    return found


@pytest.fixture
def do_run(database, town):
    """Submit a run, do it, and return it."""

    def do(kind, parameters=None, seed=None):
        with database.inside(town.id) as session:
            run_id = runs.submit_run(session, town, kind, parameters or {}, seed).id
        Worker(database).run_until_idle()
        with database.inside(town.id) as session:
            return runs.get_run(session, town, run_id)

    return do


@pytest.fixture
def town_with_streets(database, town):
    """The town with a street along every border of a block."""
    lines = []
    for step in range(BLOCKS + 1):
        at = step * SIDE_M
        for along in range(BLOCKS):
            begin, end = along * SIDE_M, (along + 1) * SIDE_M
            lines.append(shapely.LineString([place(at, begin), place(at, end)]))
            lines.append(shapely.LineString([place(begin, at), place(end, at)]))
    with database.inside(town.id) as session:
        session.execute(
            text("""insert into street_segment (municipality_id, geom, name)
                values (:m, st_geomfromwkb(:shape, 4326), 'Street')"""),
            [{"m": town.id, "shape": line.wkb} for line in lines],
        )
    return town
