"""Danger zones over HTTP."""

import math

import pytest
from sqlalchemy import text


def zone(geometry=None, **properties):
    return {
        "type": "Feature",
        "geometry": geometry or {"type": "Point", "coordinates": [22.6, 57.25]},
        "properties": {"category": "street-lighting", "reported_by": "citizen", **properties},
    }


def polygon(*rings):
    return {"type": "Polygon", "coordinates": [list(ring) for ring in rings]}


SQUARE = [[22.6, 57.25], [22.61, 57.25], [22.61, 57.26], [22.6, 57.26], [22.6, 57.25]]
LINE = {"type": "LineString", "coordinates": [[22.6, 57.25], [22.61, 57.26]]}


@pytest.fixture
def address(municipality):
    return f"/municipalities/{municipality}/danger-zones"


@pytest.mark.parametrize("geometry", [None, LINE, polygon(SQUARE)])
def test_point_line_and_polygon_are_stored_as_they_are(client, address, geometry):
    body = zone(geometry, channel="web", day_part="night", description="No lamp works.\nFor weeks.")
    answer = client.post(address, json=body)
    assert answer.status_code == 201
    found = client.get(answer.headers["location"]).json()
    assert found["geometry"] == body["geometry"]
    assert found["properties"].items() >= body["properties"].items()
    assert found["properties"]["status"] == "received"
    assert found["properties"]["reporters"] == 1


def test_category_may_be_told_by_its_label(client, address):
    answer = client.post(address, json=zone(category="Street lighting"))
    assert answer.json()["properties"]["category"] == "street-lighting"


def test_unknown_category_is_refused_with_the_known_ones(client, address):
    answer = client.post(address, json=zone(category="ghosts"))
    assert answer.status_code == 422
    assert answer.json()["pointer"] == "properties.category"
    assert "dark-passage" in answer.json()["hint"]


def test_catalogue_is_made_at_first_use(client, address, database):
    with database.owner_engine.begin() as connection:
        connection.execute(text("delete from category"))
    assert client.post(address, json=zone(category="drugs")).status_code == 201


BOWTIE = [[22.6, 57.25], [22.61, 57.26], [22.61, 57.25], [22.6, 57.26], [22.6, 57.25]]
STAR = [[22.6 + 0.01 * math.cos(turn * 2.5), 57.25 + 0.01 * math.sin(turn * 2.5)] for turn in (*range(45), 0)]


@pytest.mark.parametrize(
    ("geometry", "reason"),
    [
        (polygon(BOWTIE), "Self-intersection"),
        (polygon(STAR), "Self-intersection"),
        (polygon(SQUARE[:-1]), "does not end where it begins"),
        (polygon([[22.6, 57.25]] * 4), "invalid"),
        (polygon(SQUARE, [[22.7, 57.25], [22.71, 57.25], [22.71, 57.26], [22.7, 57.25]]), "Hole lies outside"),
        ({"type": "LineString", "coordinates": [[22.6, 57.25], [22.6, 57.25]]}, "invalid"),
    ],
)
def test_invalid_geometry_is_refused_with_the_reason_and_never_repaired(client, address, geometry, reason):
    answer = client.post(address, json=zone(geometry))
    assert answer.status_code == 422
    document = answer.json()
    assert document["reason"] == "invalid_geometry"
    assert reason.lower() in document["detail"].lower()
    assert client.get(address).json()["numberReturned"] == 0


def test_too_many_vertices(client, address):
    line = {"type": "LineString", "coordinates": [[22.6 + step / 1e4, 57.25] for step in range(51)]}
    answer = client.post(address, json=zone(line))
    assert answer.status_code == 413
    assert "50 vertices" in answer.json()["detail"]


@pytest.mark.parametrize(
    "geometry",
    [
        {"type": "MultiPoint", "coordinates": [[22.6, 57.25]]},
        {"type": "GeometryCollection", "geometries": []},
        {"type": "Point"},
        {"coordinates": [22.6, 57.25]},
        {"type": "Point", "coordinates": [22.6, 57.25], "crs": {"type": "name"}},
        {"type": "Polygon", "coordinates": []},
        {"type": "LineString", "coordinates": [[22.6, 57.25]]},
        [],
        "POINT(1 2)",
    ],
)
def test_other_geometries_are_refused(client, address, geometry):
    assert client.post(address, json=zone(geometry) | {"geometry": geometry}).status_code == 422


def test_line_that_leaves_the_surroundings(client, address):
    line = {"type": "LineString", "coordinates": [[22.6, 57.25], [24.0, 57.25]]}
    assert client.post(address, json=zone(line)).json()["reason"] == "outside_municipality"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("reported_by", "somebody"),
        ("day_part", "noon"),
        ("description", "x" * 2001),
        ("description", "\x07"),
        ("description", "\ud800"),
        ("channel", ""),
        ("status", "fixed"),
    ],
)
def test_impossible_properties_are_named(client, address, name, value):
    import json

    body = json.dumps(zone(**{name: value}))
    answer = client.post(address, content=body, headers={"Content-Type": "application/geo+json"})
    assert answer.status_code == 422
    assert answer.json()["pointer"].endswith(f"properties.{name}")


def test_filters(client, address):
    client.post(address, json=zone(day_part="night"))
    client.post(address, json=zone(category="drugs", reported_by="survey"))
    for name, value in (("category", "drugs"), ("reported_by", "survey"), ("day_part", "night")):
        assert client.get(address, params={name: value}).json()["numberReturned"] == 1
    assert client.get(address, params={"status": "received"}).json()["numberReturned"] == 2
    assert client.get(address, params={"status": "lost"}).status_code == 400
    assert client.get(address, params={"datetime": "../2020-01-01T00:00:00Z"}).json()["numberReturned"] == 0
