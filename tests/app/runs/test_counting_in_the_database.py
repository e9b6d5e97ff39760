"""Cells counted by the database are those counted from the events, whatever the origin, at edges and beyond."""

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text

from app.analyses import reading
from app.analyses.kinds import ANALYSES

ATTEMPTS = 100
PARAMETERS = [
    {"cell_m": 250},
    {"cell_m": 100.1, "origin_m": [350_000.3, 6_340_000.7]},
    {"cell_m": 1 / 3 * 700, "statistic": "gi"},
    {"cell_m": 300, "statistic": "local-moran"},
    {"cell_m": 300, "neighbours": "nearest", "nearest": 5},
    {"categories": ["robbery"], "period_from": "2025-02-01", "period_to": "2025-10-31", "source": "records"},
]


def insert_events(session, municipality_id, x, y):
    session.execute(
        text("""insert into incident (municipality_id, geom, x, y, time_precision)
            select :m, st_point(18.5, 57.2, 4326), a, b, 'unknown'
            from unnest(cast(:x as float8[]), cast(:y as float8[])) as v(a, b)"""),
        {"m": municipality_id, "x": x.tolist(), "y": y.tolist()},
    )


def both_ways(database, town, monkeypatch, given):
    """Return the result by counts and by events, and whether the first was counted."""
    analysis = ANALYSES["getis-ord"]
    parameters = analysis.checked(given)
    found = []
    for least in (0, float("inf")):
        monkeypatch.setattr(reading, "COUNTED_FROM", least)
        with database.inside(town.id) as session:
            found.append(reading.read_input(session, town, parameters))
    results = [analysis.compute(read, parameters, 0) for read in found]
    return results, found


@pytest.mark.parametrize("given", PARAMETERS, ids=str)
def test_counts_and_events_give_the_same_layer(database, town, monkeypatch, given):
    (counted, read), found = both_ways(database, town, monkeypatch, given)
    assert found[0].counted is not None
    assert found[1].counted is None
    assert found[0].period == found[1].period
    pd.testing.assert_frame_equal(pd.DataFrame(counted.layers[0].frame), pd.DataFrame(read.layers[0].frame))
    assert counted.summary == read.summary


def test_events_on_edges_and_beyond_the_lattice(database, town, monkeypatch):
    """Coordinates at every edge, one step before it and far away."""
    cell_m = 0.1 * 2500
    edges = 350_000.1 + np.arange(0, 14) * cell_m
    x = np.concatenate([edges, np.nextafter(edges, 0), [1.0, 9e6]])
    y = np.full(x.size, 6_341_000.1)
    with database.inside(town.id) as session:
        insert_events(session, town.id, np.concatenate([x, y - 5_990_000]), np.concatenate([y, x + 5_990_000]))
    given = {"cell_m": cell_m, "origin_m": [350_000.1, 6_340_000.1]}
    (counted, read), found = both_ways(database, town, monkeypatch, given)
    assert found[0].counted is not None
    assert counted.summary == read.summary
    assert counted.summary.excluded["outside"] > 0
    pd.testing.assert_frame_equal(pd.DataFrame(counted.layers[0].frame), pd.DataFrame(read.layers[0].frame))


@pytest.mark.parametrize("place", [(351_000.5, 6_341_000.5), (1.0, 2.0)], ids=["inside", "far away"])
def test_where_a_point_mass_may_be_the_events_are_read_and_it_is_told(database, town, monkeypatch, place):
    with database.inside(town.id) as session:
        insert_events(session, town.id, np.full(300, place[0]), np.full(300, place[1]))
    (counted, read), found = both_ways(database, town, monkeypatch, {"cell_m": 250})
    assert found[0].counted is None
    assert "point_mass" in [notice.code for notice in counted.summary.warnings]
    assert counted.summary == read.summary


def test_the_index_alone_is_read(database, town):
    with database.inside(town.id) as session:
        insert_events(session, town.id, np.linspace(351_000, 352_000, 20_000), np.full(20_000, 6_341_000.5))
    with database.owner_engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("alter table incident set (autovacuum_enabled = off)"))
        for _ in range(ATTEMPTS):  # whoever looked at the rows before, as autovacuum does, has to go first
            connection.execute(text("vacuum analyze incident"))
            if connection.scalar(text("select relallvisible = relpages from pg_class where relname = 'incident'")):
                break
    with database.inside(town.id) as session:
        for other_way in ("seqscan", "bitmapscan"):
            session.execute(text(f"set local enable_{other_way} = off"))
        plan = session.execute(
            text(
                "explain select width_bucket(x, array[1.0::float8, 2.0]), count(*), min(occurred_from) from incident "
                "where municipality_id = :m and category_id = 1 group by 1"
            ),
            {"m": town.id},
        )
        told = "\n".join(row[0] for row in plan)
    assert "Index Only Scan using ix_incident_x_y" in told
