"""Municipalities over HTTP."""

import pytest

RING = [[22.5, 57.2], [22.7, 57.2], [22.7, 57.3], [22.5, 57.3], [22.5, 57.2]]


def feature(ring=RING, **properties):
    return {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {"code": "talsi", "name": "Talsi", "time_zone": "Europe/Riga", **properties},
    }


def test_working_crs_is_chosen_in_metres(client):
    answer = client.post("/municipalities", json=feature())
    assert answer.status_code == 201
    assert answer.headers["location"] == "/municipalities/talsi"
    assert answer.json()["properties"]["working_crs"] == "EPSG:32634"
    assert answer.json()["geometry"]["type"] == "MultiPolygon"
    assert client.get("/municipalities/talsi").json() == answer.json()
    assert client.get("/municipalities").json()["features"] == [answer.json()]


def test_boundary_of_several_parts(client):
    island = [[22.8, 57.2], [22.9, 57.2], [22.9, 57.3], [22.8, 57.2]]
    parts = {"type": "MultiPolygon", "coordinates": [[RING], [island]]}
    answer = client.post("/municipalities", json=feature() | {"geometry": parts})
    assert answer.json()["geometry"] == parts
    open_ring = {"type": "MultiPolygon", "coordinates": [[RING], [[*island[:-1], [22.8, 57.25]]]]}
    answer = client.post("/municipalities", json=feature(code="other") | {"geometry": open_ring})
    assert answer.status_code == 422


def test_working_crs_may_be_given(client):
    assert client.post("/municipalities", json=feature(working_crs="EPSG:3059")).status_code == 201


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"working_crs": "EPSG:4326"}, "4326"),
        ({"working_crs": "EPSG:2249"}, "2249"),
        ({"working_crs": "EPSG:999999"}, "999999"),
        ({"working_crs": "/etc/passwd"}, "working_crs"),
        ({"time_zone": "Europe/Talsi"}, "time zone"),
        ({"code": "Talsi"}, "code"),
        ({"code": "talsi\n"}, "code"),
        ({"code": ""}, "code"),
        ({"name": " "}, "name"),
        ({"mayor": "somebody"}, "mayor"),
    ],
)
def test_impossible_properties(client, change, named):
    answer = client.post("/municipalities", json=feature(**change))
    assert answer.status_code == 422
    assert named in answer.json()["detail"]
    assert client.get("/municipalities").json()["numberReturned"] == 0


def test_code_that_is_taken(client, municipality):
    answer = client.post("/municipalities", json=feature())
    assert answer.status_code == 409
    assert "'talsi'" in answer.json()["detail"]


@pytest.mark.parametrize(
    "ring",
    [
        [[22.5, 57.2], [22.7, 57.3], [22.7, 57.2], [22.5, 57.3], [22.5, 57.2]],
        [[500000, 6000000], [500100, 6000000], [500100, 6000100], [500000, 6000000]],
        [[22.5, 57.2], [22.7, 57.2], [22.5, 57.2]],
    ],
)
def test_impossible_boundary(client, ring):
    assert client.post("/municipalities", json=feature(ring)).status_code == 422


def test_rows_of_another_municipality_are_out_of_reach(client, municipality):
    client.post("/municipalities", json=feature(code="other"))
    zone = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [22.6, 57.25]},
        "properties": {"category": "drugs", "reported_by": "citizen"},
    }
    identifier = client.post("/municipalities/other/danger-zones", json=zone).json()["id"]
    assert client.get(f"/municipalities/other/danger-zones/{identifier}").status_code == 200
    assert client.get(f"/municipalities/{municipality}/danger-zones/{identifier}").status_code == 404
    assert client.get(f"/municipalities/{municipality}/danger-zones").json()["numberReturned"] == 0
