"""What the municipality sees of an incident: its cell and its month, whatever it asks."""

import math
import random
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, text

from app.database.coarse_views import coarse_view, lattice_at
from app.database.feature_collections import Bbox, FeatureQuery
from app.database.feature_pages import read_feature_page
from app.database.tenancy import enter_municipality
from app.identity.roles import Role
from app.incidents.service import COLLECTION as INCIDENTS

EXACT = [22.61234, 57.25678]
EARTH_METRES = 111_320
SMALL = Bbox(22.60, 57.25, 22.61, 57.26)
LATTICE = lattice_at(57.25, "Europe/Riga")


def incident(place=EXACT, **properties):
    told = {"category": "robbery", "occurred_from": "2026-03-14T22:10:00Z", "recorded_area": "By the gate of No. 7"}
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": place}, "properties": told | properties}


@pytest.fixture
def incidents(municipality):
    return f"/municipalities/{municipality}/incidents"


@pytest.fixture
def engineer(client_as, municipality):
    """A client of the municipality, which sees incidents coarsely."""
    return client_as(Role.MUNICIPALITY, municipality)


def places(answer):
    assert answer.status_code == 200, answer.text
    return [tuple(feature["geometry"]["coordinates"]) for feature in answer.json()["features"]]


def metres(left, right):
    wide = math.cos(math.radians(57.25)) * EARTH_METRES
    return math.hypot((left[0] - right[0]) * wide, (left[1] - right[1]) * EARTH_METRES)


def test_municipality_sees_the_cell_the_month_and_no_free_text(client, engineer, incidents):
    client.post(incidents, json=incident(weight=4.5))
    (feature,) = engineer.get(incidents).json()["features"]
    assert feature == engineer.get(f"{incidents}/{feature['id']}").json()
    assert feature["properties"] == {"category": "robbery", "occurred_from": "2026-03", "occurred_to": None}
    assert feature["geometry"]["type"] == "Point"
    assert 1 < metres(feature["geometry"]["coordinates"], EXACT) < 360


def test_lattice_has_cells_of_about_500_metres_and_never_moves():
    assert LATTICE.height * EARTH_METRES == pytest.approx(500, rel=0.02)
    assert LATTICE.width * EARTH_METRES * math.cos(math.radians(57.25)) == pytest.approx(500, rel=0.02)
    assert lattice_at(57.4, "Europe/Riga") == LATTICE
    assert lattice_at(90, "UTC").width == 1


def test_no_sequence_of_rectangles_narrows_the_cell(client, engineer, incidents):
    """Halving the rectangle that still holds the place ends at the cell's node, not at the place."""
    client.post(incidents, json=incident())
    west, south, east, north = 22.5, 57.2, 22.7, 57.3
    for turn in range(50):
        if turn % 2:
            middle = (south + north) / 2
            low, high = (west, south, east, middle), (west, middle, east, north)
        else:
            middle = (west + east) / 2
            low, high = (west, south, middle, north), (middle, south, east, north)
        inside = places(engineer.get(incidents, params={"bbox": ",".join(f"{edge:.9f}" for edge in low)}))
        west, south, east, north = low if inside else high
    (shown,) = places(engineer.get(incidents))
    assert metres((west, south), shown) < 1
    assert metres((west, south), EXACT) > 50


def test_rectangles_answer_alike_wherever_in_the_cell_the_place_is(client, engineer, incidents):
    chance = random.Random(7)
    node = (round(EXACT[0] / LATTICE.width) * LATTICE.width, round(EXACT[1] / LATTICE.height) * LATTICE.height)
    for _ in range(60):
        off = (chance.uniform(-0.499, 0.499) * LATTICE.width, chance.uniform(-0.499, 0.499) * LATTICE.height)
        client.post(incidents, json=incident([node[0] + off[0], node[1] + off[1]]))
    for _ in range(40):
        edges = (
            sorted(chance.uniform(22.6, 22.625) for _ in range(2)),
            sorted(chance.uniform(57.25, 57.264) for _ in range(2)),
        )
        bbox = ",".join(f"{edge:.9f}" for edge in (edges[0][0], edges[1][0], edges[0][1], edges[1][1]))
        assert len(places(engineer.get(incidents, params={"bbox": bbox}))) in {0, 60}
    assert len(set(places(engineer.get(incidents)))) == 1


def test_no_sequence_of_times_narrows_the_month(client, engineer, incidents):
    client.post(incidents, json=incident(occurred_to="2026-03-14T22:10:00Z"))
    low, high = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        span = f"../{middle:%Y-%m-%dT%H:%M:%SZ}"
        low, high = (low, middle) if places(engineer.get(incidents, params={"datetime": span})) else (middle, high)
    begin_of_march_in_riga = datetime(2026, 2, 28, 22, tzinfo=UTC)
    assert abs(high - begin_of_march_in_riga) <= timedelta(seconds=2)
    assert places(engineer.get(incidents, params={"datetime": "2026-03-31T20:59:59Z/.."}))
    assert not places(engineer.get(incidents, params={"datetime": "2026-03-31T21:00:00Z/.."}))
    (feature,) = engineer.get(incidents).json()["features"]
    assert feature["properties"] == {"category": "robbery", "occurred_from": "2026-03", "occurred_to": "2026-03"}


def test_month_is_that_of_the_municipality(client, engineer, incidents):
    client.post(incidents, json=incident(occurred_from="2026-02-28T22:30:00Z"))
    (feature,) = engineer.get(incidents).json()["features"]
    assert feature["properties"]["occurred_from"] == "2026-03"


@pytest.mark.parametrize("precision", ["minute", "day"])
def test_filters_by_what_is_not_shown_are_refused(client, engineer, incidents, precision):
    client.post(incidents, json=incident())
    answer = engineer.get(incidents, params={"time_precision": precision})
    assert (answer.status_code, answer.json()["parameter"]) == (400, "time_precision")
    assert len(places(client.get(incidents, params={"time_precision": precision}))) == (precision == "minute")


def test_filters_by_what_is_shown_work(client, engineer, incidents):
    client.post(incidents, json=incident())
    assert len(places(engineer.get(incidents, params={"category": "robbery"}))) == 1
    assert not places(engineer.get(incidents, params={"category": "burglary"}))


def test_order_and_pages_do_not_depend_on_the_place(client, engineer, incidents, database):
    near, far = incident([22.6001, 57.2301]), incident([22.6601, 57.2701])
    identifiers = [client.post(incidents, json=given).json()["id"] for given in (near, far, near, far)]
    assert [feature["id"] for feature in engineer.get(incidents).json()["features"]] == identifiers
    with database.owner_engine.begin() as connection:
        connection.execute(text("update incident set geom = st_translate(geom, 0.001, -0.0007)"))
    assert [feature["id"] for feature in engineer.get(incidents).json()["features"]] == identifiers
    answer = engineer.get(incidents, params={"limit": 3})
    assert [link["rel"] for link in answer.json()["links"]] == ["self", "next"]


def test_sensitive_categories_are_left_out(client, engineer, incidents, database):
    identifier = client.post(incidents, json=incident()).json()["id"]
    with database.owner_engine.begin() as connection:
        connection.execute(text("update category set sensitive = true where code = 'robbery'"))
    assert not places(engineer.get(incidents))
    assert engineer.get(f"{incidents}/{identifier}").status_code == 404
    assert len(places(client.get(incidents))) == 1


INSERT_SPREAD = """
insert into incident (municipality_id, geom, x, y, time_precision)
select 1, st_setsrid(st_point(22.5 + 0.2 * random(), 57.2 + 0.1 * random()), 4326), 0, 0, 'day'
from generate_series(1, 20000)
"""


def test_page_is_one_statement_whose_rectangle_an_index_answers(database, municipality):
    with database.owner_engine.begin() as connection:
        connection.execute(text("select setseed(0.5)"))
        connection.execute(text(INSERT_SPREAD))
    with database.owner_engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("analyze incident"))
    seen = []

    def note(_connection, _cursor, statement, parameters, _context, _many):
        seen.append((statement, parameters))

    with database.transaction() as session:
        enter_municipality(session, 1)
        event.listen(session.connection(), "before_cursor_execute", note)
        page = read_feature_page(session, coarse_view(INCIDENTS, LATTICE), 1, FeatureQuery(bbox=SMALL))
        event.remove(session.connection(), "before_cursor_execute", note)
        assert page.number_returned > 0
        (how_to_plan, _), (statement, parameters) = seen
        assert "plan_cache_mode" in how_to_plan
        plan = session.connection().exec_driver_sql(f"explain {statement}", parameters).scalars().all()
    assert "ix_incident_geom" in "\n".join(plan)
