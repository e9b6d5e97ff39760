"""Areal units, streets, street lights, fixes and officers over HTTP."""

import json

import pytest
from sqlalchemy import text

ROWS = """
insert into areal_unit (municipality_id, external_id, geom, residents, residents_year, attributes)
values (1, 'U1', st_geomfromtext('POLYGON((22.6 57.25,22.61 57.25,22.61 57.26,22.6 57.26,22.6 57.25))', 4326),
        812, 2025, '{"ward": "W1"}'),
       (1, 'U2', st_geomfromtext('POINT(22.55 57.22)', 4326), null, null, '{}');
insert into street_segment (municipality_id, external_id, geom, name, street_class)
values (1, 'S1', st_geomfromtext('LINESTRING(22.6 57.25,22.61 57.25)', 4326), 'Lielā iela', 'residential');
insert into street_light (municipality_id, external_id, geom, x, y, owner)
values (1, 'L1', st_geomfromtext('POINT(22.6 57.25)', 4326), 0, 0, 'city'),
       (1, 'L2', st_geomfromtext('POINT(22.61 57.25)', 4326), 0, 0, null);
insert into street_light_outage (municipality_id, street_light_id, out_from, out_to)
select 1, id, cast('2026-02-01 00:00+00' as timestamptz), cast('2026-02-10 00:00+00' as timestamptz)
from street_light where external_id = 'L1';
insert into street_light_outage (municipality_id, street_light_id, out_from, out_to)
select 1, id, cast('2026-03-01 00:00+00' as timestamptz), null from street_light where external_id = 'L2';
insert into fix (municipality_id, external_id, kind, title, geom, status, owner, cost, started_on, ended_on)
values (1, 'F1', 'lighting', 'New lamps', st_geomfromtext('POINT(22.6 57.25)', 4326), 'done', 'city', 1200.50,
        '2026-02-01', '2026-02-03'),
       (1, 'F2', 'paint', 'White walls', st_geomfromtext('POINT(22.6 57.25)', 4326), 'under_way', null, null,
        '2026-03-01', null),
       (1, 'F3', 'paint', 'Some day', st_geomfromtext('POINT(22.6 57.25)', 4326), 'proposed', null, null, null, null);
insert into officer (municipality_id, external_id, station, station_geom, languages, capacity, serves_since)
values (1, '1001', 'Centre', st_geomfromtext('POINT(22.6 57.25)', 4326), '{lv,ru}', 0.5, '2020-01-15'),
       (1, '1002', null, null, '{}', 1, null);
"""


@pytest.fixture
def layers(client, municipality, database):
    with database.owner_engine.begin() as connection:
        connection.execute(text(ROWS))

    def read(layer, /, **parameters):
        answer = client.get(f"/municipalities/{municipality}/{layer}", params=parameters)
        assert answer.status_code == 200, answer.text
        return {
            feature["properties"].get("external_id") or feature["id"]: feature for feature in answer.json()["features"]
        }

    return read


def properties(features):
    return [feature["properties"] for feature in features.values()]


def test_areal_units(layers):
    polygon, point = layers("areal-units").values()
    assert polygon["properties"] == {
        "code": "U1",
        "residents": 812,
        "residents_year": 2025,
        "attributes": {"ward": "W1"},
    }
    assert point["geometry"] == {"type": "Point", "coordinates": [22.55, 57.22]}
    assert point["properties"]["residents"] is None
    assert len(layers("areal-units", code="U2")) == 1
    assert len(layers("areal-units", bbox="22.5,57.2,22.56,57.23")) == 1


def test_streets(layers):
    assert properties(layers("streets", name="Lielā iela"))[0]["street_class"] == "residential"
    assert layers("streets", street_class="motorway") == {}


def states(features):
    return {name: feature["properties"]["working"] for name, feature in features.items()}


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("2026-01-31T00:00:00Z", {"L1": "unknown", "L2": "unknown"}),
        ("2026-02-05T00:00:00Z", {"L1": "out", "L2": "working"}),
        ("2026-02-10T00:00:00Z", {"L1": "working", "L2": "working"}),
        ("2026-06-01T00:00:00Z", {"L1": "working", "L2": "out"}),
        ("2026-02-09T00:00:00Z/2026-03-02T00:00:00Z", {"L1": "out", "L2": "out"}),
        ("../2026-02-05T00:00:00Z", {"L1": "out", "L2": "working"}),
        ("2026-02-20T00:00:00Z/..", {"L1": "working", "L2": "out"}),
    ],
)
def test_lamps_work_are_out_or_nobody_knows(layers, time, expected):
    assert states(layers("street-lights", datetime=time)) == expected


def test_lamps_by_their_state_and_owner(layers):
    time = "2026-06-01T00:00:00Z"
    assert states(layers("street-lights", datetime=time, working="out")) == {"L2": "out"}
    assert list(layers("street-lights", owner="city")) == ["L1"]


def test_one_lamp_at_a_time(layers, client, municipality):
    identifier = layers("street-lights")["L1"]["id"]
    address = f"/municipalities/{municipality}/street-lights/{identifier}"
    at_night = client.get(address, params={"datetime": "2026-02-05T00:00:00Z"}).json()
    assert at_night["properties"]["working"] == "out"
    assert client.get(address).json()["properties"]["working"] == "working"
    assert client.get(address, params={"datetime": "never"}).status_code == 400


def test_lamps_without_any_recorded_outage_are_unknown(layers, database):
    with database.owner_engine.begin() as connection:
        connection.execute(text("delete from street_light_outage"))
    assert set(states(layers("street-lights")).values()) == {"unknown"}


def test_fixes(layers):
    first = layers("fixes")["F1"]["properties"]
    assert (first["cost"], first["started_on"], first["ended_on"]) == (1200.5, "2026-02-01", "2026-02-03")
    assert list(layers("fixes", status="under_way")) == ["F2"]
    assert list(layers("fixes", kind="paint", owner="city")) == []


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("2026-01-31T21:59:59Z", []),
        ("2026-01-31T22:00:00Z", ["F1"]),
        ("2026-02-03T21:59:59Z", ["F1"]),
        ("2026-02-04T00:00:00Z/..", ["F2"]),
        ("2026-02-01T12:00:00Z/2030-01-01T00:00:00Z", ["F1", "F2"]),
    ],
)
def test_fixes_in_time_by_the_days_of_the_municipality(layers, time, expected):
    assert list(layers("fixes", datetime=time)) == expected


def test_officers(layers):
    first, second = layers("officers").values()
    assert first["properties"] == {
        "badge": "1001",
        "station": "Centre",
        "languages": ["lv", "ru"],
        "capacity": 0.5,
        "contact": None,
        "serves_since": "2020-01-15",
    }
    assert second["geometry"] is None
    assert len(layers("officers", bbox="22,57,23,58")) == 1
    assert len(layers("officers", badge="1002")) == 1


def test_columns_of_a_source_cannot_break_the_answer(layers, database):
    hostile = {'"}]': '</script>"', "nested": {"list": [1, None, "\\"]}}
    with database.owner_engine.begin() as connection:
        connection.execute(text("update street_segment set attributes = :given"), {"given": json.dumps(hostile)})
    assert properties(layers("streets"))[0]["attributes"] == hostile
