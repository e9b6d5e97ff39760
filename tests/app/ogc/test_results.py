"""Results of runs as layers: the latest under the name of the layer, each under its number too."""

import json

import pytest
from sqlalchemy import text

SEGMENTS = [
    {"name": "Ezera iela", "lighting": "unlit", "length_m": 120.5, "unlit_m": 120.5, "conflict": False},
    {"name": None, "lighting": "lit", "length_m": 80.0, "unlit_share": 0.25, "conflict": True},
]
AREAS = [
    {"role": "treated", "rank": None, "events_before": 12, "events_after": 7},
    {"role": "control", "rank": 1, "events_before": 9.5},
]
RUNS = """
insert into analysis_run (municipality_id, kind, state, parameters, summary, software_version)
values (1, :kind, 'succeeded', '{}', jsonb_build_object('layers', jsonb_build_array(jsonb_build_object(
        'name', cast(:layer as text), 'features', 2, 'columns', '[]'::jsonb, 'exact_places', false))), 'kvart 0')
returning id
"""
FEATURE = """
insert into result_feature (municipality_id, run_id, number, layer, geom, properties)
values (1, :run, :number, :layer, st_geomfromtext(:shape, 4326), cast(:properties as jsonb))
"""
LINE = "LINESTRING(22.6 57.25,22.61 57.25)"
AREA = "POLYGON((22.6 57.25,22.61 57.25,22.61 57.26,22.6 57.26,22.6 57.25))"


@pytest.fixture
def store(town, database):
    """Stores a run with features of a layer and returns its number."""

    def insert(kind, layer, shape, rows):
        with database.owner_engine.begin() as connection:
            run = connection.scalar(text(RUNS), {"kind": kind, "layer": layer})
            for number, properties in enumerate(rows, 1):
                values = {"run": run, "number": number, "layer": layer, "shape": shape}
                connection.execute(text(FEATURE), values | {"properties": json.dumps(properties)})
        return run

    return insert


def test_lighting_and_areas_have_their_types(read, store):
    lighting = store("lighting", "street-lighting", LINE, SEGMENTS)
    store("fix-evaluation", "evaluation-areas", AREA, AREAS)
    first, second = read("/collections/lighting-segments/items")["features"]
    assert first["geometry"]["type"] == "LineString"
    assert first["properties"]["unlit_m"] == 120.5
    assert first["properties"]["dark_events"] is None
    assert (second["properties"]["name"], second["properties"]["conflict"]) == (None, True)
    schema = read("/collections/lighting-segments/schema")["properties"]
    assert (schema["conflict"]["type"], schema["length_m"]["type"]) == ("boolean", "number")
    assert "lighting" in read("/collections/lighting-segments/queryables")["properties"]
    assert read("/collections/lighting-segments/items", conflict="true")["numberMatched"] == 1
    assert read(f"/collections/lighting-segments-{lighting}/items", filter="length_m > 100")["numberMatched"] == 1
    areas = read("/collections/evaluation-areas/items")["features"]
    assert [(area["properties"]["role"], area["properties"]["rank"]) for area in areas] == [
        ("treated", None),
        ("control", 1),
    ]
    assert areas[1]["properties"]["events_before"] == 9.5


def test_runs_are_layers_of_their_own(client, root, read, store, database):
    earlier = store("lighting", "street-lighting", LINE, SEGMENTS)
    later = store("lighting", "street-lighting", LINE, SEGMENTS[:1])
    name = f"lighting-segments-{earlier}"
    listed = {item["id"]: item for item in read("/collections")["collections"]}
    assert {"lighting-segments", name, f"lighting-segments-{later}"} <= listed.keys()
    assert read(f"/collections/{name}") == listed[name]
    assert listed[name]["storageCrs"].endswith("CRS84")
    assert listed[name]["extent"]["spatial"]["bbox"] == [[22.6, 57.25, 22.61, 57.25]]
    assert read("/collections/lighting-segments/items")["numberMatched"] == 1
    page = read(f"/collections/{name}/items", limit=1)
    assert page["numberMatched"] == 2
    assert (
        client.get(next(link["href"] for link in page["links"] if link["rel"] == "next")).json()["numberReturned"] == 1
    )
    assert read(f"/collections/{name}/items/2")["properties"]["name"] is None
    for path in ("", "/items", "/schema", "/queryables", "/tiles", "/items/1", "/tiles/WebMercatorQuad"):
        answer = client.get(f"{root}/collections/{name}{path}?f=html")
        assert answer.headers["content-type"].startswith("text/html"), path
    assert f"/collections/{name}/items" in read("/api")["paths"]
    assert client.get(f"{root}/collections/{name}/tiles/WebMercatorQuad/5/9/18").content
    assert len(client.get(f"{root}/collections/{name}/items?f=csv").text.splitlines()) == 3
    looks = text("select what -> 'looks' -> 0 ->> 'collection' from audit_event order by id desc limit 1")
    with database.owner_engine.begin() as connection:
        assert connection.scalar(looks) == name
    results = client.get(f"{root}/jobs/{earlier}/results").json()
    assert client.get(results["collection"]["href"]).json()["id"] == name


def test_runs_that_have_no_such_layer(strict_get, store):
    lighting = store("lighting", "street-lighting", LINE, SEGMENTS)
    for name in (f"hot-spots-{lighting}", "lighting-segments-999", "lighting-segments-x", "hot-spots-", "incidents-1"):
        assert strict_get(f"/collections/{name}/items").status_code == 404, name
    assert strict_get(f"/collections/lighting-segments-{'9' * 30}").status_code == 404


def test_public_counts_are_for_everybody(anonymous, root, database, town):
    with database.owner_engine.begin() as connection:
        connection.execute(
            text(
                "insert into published_count (municipality_id, month, area, geom, counts) "
                "values (1, '2026-03-01', 'B1', st_multi(st_geomfromtext(:area, 4326)), '{\"all\": \"<5\"}')"
            ),
            {"area": AREA},
        )
    listed = {item["id"]: item for item in anonymous.get(f"{root}/collections").json()["collections"]}
    assert listed["public-counts"]["extent"]["temporal"]["interval"] == [
        ["2026-02-28T22:00:00Z", "2026-03-31T21:00:00Z"]
    ]
    (feature,) = anonymous.get(f"{root}/collections/public-counts/items?month=2026-03").json()["features"]
    assert feature["properties"] == {"month": "2026-03", "area": "B1", "counts": {"all": "<5"}}
    assert len(anonymous.get(f"{root}/collections/public-counts/items?f=csv").text.splitlines()) == 2
