"""The same incidents, units and streets, from files and from the database, give the same answers."""

import dataclasses

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from small_town import BLOCKS, SIDE_M, square
from sqlalchemy import text
from test_analysis_runs import EVERYTHING, ON_THE_SAMPLE, OPTIONS

from app.analyses import from_files, reading
from app.analyses.from_files import EventFiles
from app.analyses.kinds import ANALYSES

CASES = {
    kind: [
        options
        for options in [EVERYTHING[kind], *(OPTIONS.get(kind, []) if kind != "back-test" else [])]
        if "category_weights" not in options
    ]
    for kind in ANALYSES
    if kind not in ON_THE_SAMPLE
}
"""Weights by category are for the database; else both take the same."""


def stored(session, query, crs):
    rows = session.execute(text(query)).mappings().all()
    table = pd.DataFrame([dict(row) for row in rows])
    shapes = shapely.from_wkb(np.array([bytes(shape) for shape in table.pop("shape")], dtype=object))
    return gpd.GeoDataFrame(table, geometry=shapes, crs=crs)


@pytest.fixture
def weights(database, town_with_streets):
    """Weights of half of the incidents."""
    with database.inside(town_with_streets.id) as session:
        session.execute(text("update incident set weight = 0.3 * (id % 9) where id % 9 > 4"))


@pytest.fixture
def files(database, town_with_streets, tmp_path):
    """What is stored, as files; the incidents in another order and in the working CRS."""
    with database.inside(town_with_streets.id) as session:
        points = stored(
            session,
            """select c.code as category, to_char(occurred_from at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
                    as occurred_from, to_char(occurred_to at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
                    as occurred_to, coalesce(weight, 1) as harm, st_asbinary(st_makepoint(x, y)) as shape
                from incident i join category c on c.id = i.category_id""",
            "EPSG:32634",
        )
        units = stored(
            session,
            "select external_id as unit_id, residents, st_asbinary(geom) as shape from areal_unit order by id",
            "EPSG:4326",
        )
        streets = stored(
            session, "select name, st_asbinary(geom) as shape from street_segment order by id", "EPSG:4326"
        )
    order = np.random.default_rng(6).permutation(len(points))
    area = gpd.GeoDataFrame(geometry=[square(0, 0, BLOCKS * SIDE_M)], crs="EPSG:4326")
    layers = {"points": points.iloc[order], "units": units, "streets": streets, "study_area": area}
    for name, frame in layers.items():
        frame.to_file(tmp_path / f"{name}.gpkg")
    return EventFiles(
        **{name: tmp_path / f"{name}.gpkg" for name in layers},
        working_crs="EPSG:32634",
        time_zone="Europe/Riga",
        time_precision="hour",
    )


def conditions(options):
    chosen = options.get("categories", ())
    return tuple(f"category={code}" for code in ([chosen] if isinstance(chosen, str) else chosen))


@pytest.mark.parametrize("kind", CASES)
def test_files_and_database_give_the_same(database, town_with_streets, files, kind):
    for options in CASES[kind]:
        assert_same_answer(database, town_with_streets, files, ANALYSES[kind], options)


@pytest.mark.parametrize("kind", ["kernel-density", "network-density"])
def test_weights_of_a_column_and_of_stored_incidents_give_the_same(database, town_with_streets, weights, files, kind):
    weighed = dataclasses.replace(files, weights="harm")
    for options in CASES[kind]:
        given = options | {"event_weights": True}
        assert_same_answer(database, town_with_streets, weighed, ANALYSES[kind], given)


def assert_same_answer(database, town_with_streets, files, analysis, options):
    parameters = analysis.checked(options)
    with database.inside(town_with_streets.id) as session:
        of_database = reading.read_input(session, town_with_streets, parameters)
    asked = dataclasses.replace(files, where=conditions(options), base_where=conditions(options.get("base") or {}))
    of_files, _ = from_files.read_input(asked, parameters.needs(), parameters)
    results = [analysis.compute(found, parameters, 7) for found in (of_database, of_files)]
    names = [[layer.name for layer in result.layers] for result in results]
    assert names[0] == names[1]
    for stored_layer, layer in zip(results[0].layers, results[1].layers, strict=True):
        assert_alike(stored_layer.frame, layer.frame)
        assert shapely.equals_exact(stored_layer.frame.geometry, layer.frame.geometry, 1e-6).all()
    for name, table in results[0].tables.items():
        assert_alike(table, results[1].tables[name])
    told = [dataclasses.asdict(result.summary) for result in results]
    assert told[0]["n_used"] == told[1]["n_used"]
    assert told[0]["reading"] == told[1]["reading"]
    assert [notice["code"] for notice in told[0]["warnings"]] == [notice["code"] for notice in told[1]["warnings"]]


def assert_alike(one, other):
    columns = [name for name in one.columns if name != "geometry"]
    assert columns == [name for name in other.columns if name != "geometry"]
    pd.testing.assert_frame_equal(
        pd.DataFrame(one[columns]), pd.DataFrame(other[columns]), rtol=1e-9, atol=1e-9, check_dtype=False
    )
