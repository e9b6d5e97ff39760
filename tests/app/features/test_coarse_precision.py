"""What the public and the municipality see of a place: its cell and its month, whatever they ask."""

import math
import random
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, text

from app.danger_zones.service import COLLECTION as DANGER_ZONES
from app.database.coarse_views import coarse_view, lattice_at
from app.database.feature_pages import Bbox, FeatureQuery, read_feature_page
from app.database.tenancy import enter_municipality
from app.identity.roles import Role
from app.incidents.service import COLLECTION as INCIDENTS

EXACT = [22.61234, 57.25678]
EARTH_METRES = 111_320
SMALL = Bbox(22.60, 57.25, 22.61, 57.26)
LATTICE = lattice_at(57.25, "Europe/Riga")


def zone(place=EXACT, **properties):
    told = {"category": "drugs", "reported_by": "citizen", "day_part": "night", "description": "By the gate of No. 7"}
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": place}, "properties": told | properties}


@pytest.fixture
def zones(municipality):
    return f"/municipalities/{municipality}/danger-zones"


def places(answer):
    assert answer.status_code == 200, answer.text
    return [tuple(feature["geometry"]["coordinates"]) for feature in answer.json()["features"]]


def metres(left, right):
    wide = math.cos(math.radians(57.25)) * EARTH_METRES
    return math.hypot((left[0] - right[0]) * wide, (left[1] - right[1]) * EARTH_METRES)


def test_public_sees_the_cell_the_month_and_no_free_text(client, anonymous, zones):
    client.post(zones, json=zone())
    (feature,) = anonymous.get(zones).json()["features"]
    assert feature == anonymous.get(f"{zones}/{feature['id']}").json()
    month = datetime.now(UTC).astimezone().strftime("%Y-")
    assert feature["properties"].pop("reported_at").startswith(month)
    assert feature["properties"] == {"category": "drugs", "status": "received", "day_part": "night"}
    assert feature["geometry"]["type"] == "Point"
    assert 1 < metres(feature["geometry"]["coordinates"], EXACT) < 360


def test_lattice_has_cells_of_about_500_metres_and_never_moves():
    assert LATTICE.height * EARTH_METRES == pytest.approx(500, rel=0.02)
    assert LATTICE.width * EARTH_METRES * math.cos(math.radians(57.25)) == pytest.approx(500, rel=0.02)
    assert lattice_at(57.4, "Europe/Riga") == LATTICE
    assert lattice_at(90, "UTC").width == 1


def test_reporter_gets_back_what_was_told_and_nobody_else(anonymous, zones):
    answer = anonymous.post(zones, json=zone())
    assert answer.json()["geometry"]["coordinates"] == EXACT
    assert places(anonymous.get(zones)) != [tuple(EXACT)]


def test_line_and_area_become_a_point(client, anonymous, zones):
    line = {"type": "LineString", "coordinates": [[22.6, 57.25], [22.62, 57.26]]}
    client.post(zones, json=zone() | {"geometry": line})
    (feature,) = anonymous.get(zones).json()["features"]
    assert feature["geometry"]["type"] == "Point"
    assert metres(feature["geometry"]["coordinates"], (22.61, 57.255)) < 360


def test_no_sequence_of_rectangles_narrows_the_cell(client, anonymous, zones):
    """Halving the rectangle that still holds the place ends at the cell's node, not at the place."""
    client.post(zones, json=zone())
    west, south, east, north = 22.5, 57.2, 22.7, 57.3
    for turn in range(50):
        if turn % 2:
            middle = (south + north) / 2
            low, high = (west, south, east, middle), (west, middle, east, north)
        else:
            middle = (west + east) / 2
            low, high = (west, south, middle, north), (middle, south, east, north)
        inside = places(anonymous.get(zones, params={"bbox": ",".join(f"{edge:.9f}" for edge in low)}))
        west, south, east, north = low if inside else high
    (shown,) = places(anonymous.get(zones))
    assert metres((west, south), shown) < 1
    assert metres((west, south), EXACT) > 50


def test_rectangles_answer_alike_wherever_in_the_cell_the_place_is(anonymous, zones):
    chance = random.Random(7)
    node = (round(EXACT[0] / LATTICE.width) * LATTICE.width, round(EXACT[1] / LATTICE.height) * LATTICE.height)
    for _ in range(60):
        off = (chance.uniform(-0.499, 0.499) * LATTICE.width, chance.uniform(-0.499, 0.499) * LATTICE.height)
        anonymous.post(zones, json=zone([node[0] + off[0], node[1] + off[1]]))
    for _ in range(40):
        edges = (
            sorted(chance.uniform(22.6, 22.625) for _ in range(2)),
            sorted(chance.uniform(57.25, 57.264) for _ in range(2)),
        )
        bbox = ",".join(f"{edge:.9f}" for edge in (edges[0][0], edges[1][0], edges[0][1], edges[1][1]))
        assert len(places(anonymous.get(zones, params={"bbox": bbox}))) in {0, 60}
    assert len(set(places(anonymous.get(zones)))) == 1


def test_no_sequence_of_times_narrows_the_month(anonymous, client_as, client, municipality):
    address = f"/municipalities/{municipality}/incidents"
    first = "2026-03-14T22:10:00Z"
    body = zone() | {"properties": {"category": "robbery", "occurred_from": first, "occurred_to": first}}
    client.post(address, json=body)
    engineer = client_as(Role.MUNICIPALITY, municipality)
    low, high = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        span = f"../{middle:%Y-%m-%dT%H:%M:%SZ}"
        low, high = (low, middle) if places(engineer.get(address, params={"datetime": span})) else (middle, high)
    begin_of_march_in_riga = datetime(2026, 2, 28, 22, tzinfo=UTC)
    assert abs(high - begin_of_march_in_riga) <= timedelta(seconds=2)
    assert places(engineer.get(address, params={"datetime": "2026-03-31T20:59:59Z/.."}))
    assert not places(engineer.get(address, params={"datetime": "2026-03-31T21:00:00Z/.."}))
    (feature,) = engineer.get(address).json()["features"]
    assert feature["properties"] == {"category": "robbery", "occurred_from": "2026-03", "occurred_to": "2026-03"}


def test_month_is_that_of_the_municipality(client, client_as, municipality):
    address = f"/municipalities/{municipality}/incidents"
    body = zone() | {"properties": {"category": "robbery", "occurred_from": "2026-02-28T22:30:00Z"}}
    client.post(address, json=body)
    (feature,) = client_as(Role.MUNICIPALITY, municipality).get(address).json()["features"]
    assert feature["properties"]["occurred_from"] == "2026-03"


@pytest.mark.parametrize("filters", [{"reported_by": "citizen"}, {"reported_by": "survey"}])
def test_filters_by_what_is_not_shown_are_refused(client, anonymous, zones, filters):
    client.post(zones, json=zone())
    answer = anonymous.get(zones, params=filters)
    assert (answer.status_code, answer.json()["parameter"]) == (400, "reported_by")
    assert len(client.get(zones, params=filters).json()["features"]) == (filters["reported_by"] == "citizen")


def test_filters_by_what_is_shown_work(client, anonymous, zones):
    client.post(zones, json=zone())
    assert len(places(anonymous.get(zones, params={"day_part": "night", "category": "drugs"}))) == 1
    assert not places(anonymous.get(zones, params={"day_part": "morning"}))


def test_order_and_pages_do_not_depend_on_the_place(client, anonymous, zones, database):
    near, far = zone([22.6001, 57.2301]), zone([22.6601, 57.2701])
    identifiers = [client.post(zones, json=given).json()["id"] for given in (near, far, near, far)]
    assert [feature["id"] for feature in anonymous.get(zones).json()["features"]] == identifiers
    with database.owner_engine.begin() as connection:
        connection.execute(text("update danger_zone set geom = st_translate(geom, 0.001, -0.0007)"))
    assert [feature["id"] for feature in anonymous.get(zones).json()["features"]] == identifiers
    answer = anonymous.get(zones, params={"limit": 3})
    assert [link["rel"] for link in answer.json()["links"]] == ["self", "next"]


def test_sensitive_categories_are_left_out(client, anonymous, zones, database):
    client.post(zones, json=zone())
    with database.owner_engine.begin() as connection:
        connection.execute(text("update category set sensitive = true where code = 'drugs'"))
    assert not places(anonymous.get(zones))
    assert anonymous.get(f"{zones}/1").status_code == 404
    assert len(places(client.get(zones))) == 1


ROWS = {
    "danger_zone": """insert into danger_zone (municipality_id, category_id, geom, reported_by)
        select 1, (select min(id) from category), place, 'citizen' from ({places}) p""",
    "incident": """insert into incident (municipality_id, geom, x, y, time_precision)
        select 1, place, 0, 0, 'day' from ({places}) p""",
}
SPREAD = """select st_setsrid(st_point(22.5 + 0.2 * random(), 57.2 + 0.1 * random()), 4326) as place
    from generate_series(1, 20000)"""


@pytest.mark.parametrize(
    ("collection", "table"), [(DANGER_ZONES, "danger_zone"), (INCIDENTS, "incident")], ids=["danger-zones", "incidents"]
)
def test_page_is_one_statement_whose_rectangle_an_index_answers(database, municipality, collection, table):
    with database.owner_engine.begin() as connection:
        connection.execute(text("select setseed(0.5)"))
        connection.execute(text(ROWS[table].format(places=SPREAD)))
    with database.owner_engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"analyze {table}"))
    seen = []

    def note(_connection, _cursor, statement, parameters, _context, _many):
        seen.append((statement, parameters))

    with database.transaction() as session:
        enter_municipality(session, 1)
        event.listen(session.connection(), "before_cursor_execute", note)
        page = read_feature_page(session, coarse_view(collection, LATTICE), 1, FeatureQuery(bbox=SMALL))
        event.remove(session.connection(), "before_cursor_execute", note)
        assert page.number_returned > 0
        ((statement, parameters),) = seen
        plan = session.connection().exec_driver_sql(f"explain {statement}", parameters).scalars().all()
    assert f"ix_{table}_geom" in "\n".join(plan)
