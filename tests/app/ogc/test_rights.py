"""Who sees which layer, and how exactly."""

import json

import pytest
from sqlalchemy import text

from app.identity.roles import Role


def names(client, root):
    return {item["id"] for item in client.get(f"{root}/collections").json()["collections"]}


def test_list_shows_what_the_caller_may_see(anonymous, client_as, root, town):
    public = {"danger-zones", "fixes", "streets", "street-lights", "public-counts"}
    assert names(anonymous, root) == public
    assert names(client_as(Role.MUNICIPALITY, town), root) > public | {"incidents", "beats", "areal-units"}
    assert anonymous.get(f"{root}/collections/incidents").status_code == 401
    assert client_as(Role.PUBLIC, town).get(f"{root}/collections/incidents/items").status_code == 403
    paths = anonymous.get(f"{root}/api").json()["paths"]
    assert "/collections/streets/items" in paths
    assert "/collections/incidents/items" not in paths


def test_coarse_callers_see_coarse_places_times_and_filters(client_as, root, town):
    engineer = client_as(Role.MUNICIPALITY, town)
    document = engineer.get(f"{root}/collections/incidents/items").json()
    assert document["numberMatched"] == 250 - 250 // 3
    assert len({tuple(feature["geometry"]["coordinates"]) for feature in document["features"]}) < 120
    assert {len(feature["properties"]["occurred_from"] or "2025-01") for feature in document["features"]} == {7}
    refused = engineer.get(f"{root}/collections/incidents/items?external_id=I7")
    assert (refused.status_code, refused.json()["parameter"]) == (400, "external_id")
    month = engineer.get(f"{root}/collections/incidents/items?occurred_from=2025-02").json()
    assert 0 < month["numberMatched"] < 28
    described = engineer.get(f"{root}/api").json()["paths"]["/collections/incidents/items"]["get"]["parameters"]
    assert "external_id" not in json.dumps(described)


def test_weights_of_incidents_are_for_those_who_see_incidents_exactly(client, client_as, root, town, database):
    engineer, incidents = client_as(Role.MUNICIPALITY, town), f"{root}/collections/incidents"
    with database.owner_engine.begin() as connection:
        connection.execute(text("update incident set weight = 4.5 where external_id in ('I7', 'I8', 'I9')"))
    for parameters in ({"filter": "weight > 4"}, {"filter": "weight = 4.5"}, {"weight": "4.5"}):
        found = client.get(f"{incidents}/items", params=parameters).json()
        assert found["numberMatched"] == 3
        assert {feature["properties"]["weight"] for feature in found["features"]} == {4.5}
        assert engineer.get(f"{incidents}/items", params=parameters).status_code == 400, parameters
    for told in ("queryables", "schema"):
        assert client.get(f"{incidents}/{told}").json()["properties"]["weight"]["type"] == "number"
        assert "weight" not in engineer.get(f"{incidents}/{told}").json()["properties"]
    table = engineer.get(f"{incidents}/items", params={"f": "csv"}).text
    assert "weight" not in table.partition("\n")[0]
    assert "weight" in client.get(f"{incidents}/items", params={"f": "csv"}).text.partition("\n")[0]


def test_without_a_purpose_nothing_exact_is_told(client_as, root, town):
    analyst = client_as(Role.ANALYST, town, purpose=None)
    listed = {item["id"]: item for item in analyst.get(f"{root}/collections").json()["collections"]}
    assert "extent" not in listed["incidents"]
    assert "extent" in listed["streets"]
    answer = analyst.get(f"{root}/collections/incidents/items")
    assert answer.json()["type"] == "urn:kvart:problem:purpose_required"
    told = {"Kvart-Purpose": "prevention"}
    assert analyst.get(f"{root}/collections/incidents/items", headers=told).status_code == 200


def test_looks_are_written_down(client, root, database):
    client.get(f"{root}/collections/incidents/items?limit=10&category=burglary")
    with database.owner_engine.begin() as connection:
        what = connection.scalar(text("select what from audit_event order by id desc limit 1"))
    assert what["filters"] == {"limit": "10", "category": "burglary"}
    assert [look["number"] for look in what["looks"]] == [10]


@pytest.mark.parametrize("path", ["", "/collections", "/collections/streets/items"])
def test_municipality_that_does_not_exist(client, path):
    assert client.get(f"/municipalities/nowhere/ogc{path}").status_code == 404
