"""geopandas, OWSLib and curl read what SQL says, and ask for no more than they need."""

import json
import math

import geopandas
import pytest
from owslib.ogcapi.features import Features

from app.jobs.worker import Worker

PAGE = 1000


@pytest.fixture
def gdal_key(service, monkeypatch):
    monkeypatch.setenv("GDAL_HTTP_USERPWD", f"me:{service.key}")


def read(service, layer="incidents", **options):
    return geopandas.read_file(f"OAPIF:{service.root}", layer=layer, **options)


def test_geopandas_reads_every_feature_by_pages(service, gdal_key):
    frame = read(service)
    n = service.scalar("select count(*) from incident")
    assert (len(frame), frame["external_id"].nunique()) == (n, n)
    assert frame.crs.is_geographic
    assert str(frame["occurred_from"].dtype).startswith("datetime64")
    assert frame.total_bounds == pytest.approx((22.50008, 57.20004, 22.7, 57.3), abs=1e-6)
    assert len(service.requests()) <= math.ceil(n / PAGE) + 5


def test_geopandas_filters_on_the_server(service, gdal_key):
    frame = read(service, where="category = 'burglary' AND external_id LIKE 'I1%'")
    query = "select count(*) from incident i join category c on c.id = i.category_id "
    assert len(frame) == service.scalar(f"{query} where c.code = 'burglary' and i.external_id like 'I1%'") > 100
    asked = [request for request in service.requests() if "filter" in request]
    assert asked, service.requests()
    assert all("burglary" in request["filter"] for request in asked)
    before = len(service.requests())
    box = (22.55, 57.22, 22.6, 57.26)
    frame = read(service, bbox=box)
    envelope = f"st_makeenvelope({','.join(map(str, box))}, 4326)"
    assert len(frame) == service.scalar(f"select count(*) from incident where st_intersects(geom, {envelope})") > 100
    assert any("bbox" in request for request in service.requests()[before:])


def test_owslib_finds_layers_and_features(service):
    api = Features(service.root, headers={"Authorization": f"Bearer {service.key}"})
    assert "incidents" in api.feature_collections()
    assert api.collection("incidents")["storageCrs"].endswith("CRS84")
    assert "category" in api.collection_queryables("incidents")["properties"]
    found = api.collection_items("incidents", limit=10, filter="category = 'robbery'")
    query = "select count(*) from incident i join category c on c.id = i.category_id where c.code = 'robbery'"
    assert (found["numberReturned"], found["numberMatched"]) == (10, service.scalar(query))
    assert api.collection_item("incidents", str(found["features"][0]["id"]))["properties"]["category"] == "robbery"
    assert api.api()["openapi"].startswith("3.0")


def test_curl_follows_next_to_the_end(service, run):
    address, identifiers = f"{service.root}/collections/incidents/items?limit=900", []
    while address:
        page = json.loads(run("curl", "-sSf", "--compressed", "-u", f"me:{service.key}", address))
        identifiers += [feature["id"] for feature in page["features"]]
        address = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
    assert len(identifiers) == len(set(identifiers)) == service.scalar("select count(*) from incident")


def test_curl_walks_from_the_execution_of_a_process_to_its_layer(service, run):
    def curl(address, *options):
        return json.loads(run("curl", "-sSf", "-u", f"me:{service.key}", *options, address))

    body = json.dumps({"inputs": {"cell_m": 500}})
    posted = ("-H", "Content-Type: application/json", "-H", "Prefer: respond-async", "-d", body)
    job = curl(f"{service.root}/processes/getis-ord/execution", *posted)
    assert job["status"] == "accepted"
    assert Worker(service.database).run_until_idle() == 1
    address = f"{service.root}/jobs/{job['jobID']}"
    ended = curl(address)
    assert (ended["status"], ended["progress"]) == ("successful", 100), json.dumps(ended)
    results = curl(next(link["href"] for link in ended["links"] if link["rel"].endswith("/results")))
    layer = curl(results["collection"]["href"])
    address = next(link["href"] for link in layer["links"] if link["rel"] == "items")
    cells = curl(f"{address}{'&' if '?' in address else '?'}limit=10000")["features"]
    assert sum(cell["properties"]["count"] for cell in cells) == service.scalar("select count(*) from incident")
