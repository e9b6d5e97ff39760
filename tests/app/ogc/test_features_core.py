"""OGC API - Features, Part 1: the abstract tests, by the address of the requirement."""

import re

import pytest
from openapi_spec_validator import validate
from sqlalchemy import text

from app.ogc.conformance import CONFORMS_TO

GEOJSON = "application/geo+json"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
NAMES = {
    "incidents",
    "danger-zones",
    "fixes",
    "areal-units",
    "streets",
    "street-lights",
    "beats",
    "hot-spots",
    "densities",
    "lighting-segments",
    "evaluation-areas",
    "public-counts",
    "hot-spots-1",
}
EMPTY = {"densities", "lighting-segments", "evaluation-areas", "public-counts"}


def by_relation(document):
    return {link["rel"]: link for link in document["links"] if "html" not in link["type"]}


def test_landing_page_leads_everywhere(client, root, read):
    """/req/core/root-op, /req/core/root-success, /req/oas30/oas-definition-1."""
    document = read()
    links = by_relation(document)
    assert {"self", "service-desc", "conformance", "data"} <= links.keys()
    assert links["service-desc"]["type"] == OPENAPI
    assert any(link["rel"] == "service-doc" and link["type"] == "text/html" for link in document["links"])
    for link in document["links"]:
        answer = client.get(link["href"])
        assert answer.status_code == 200, link
        assert answer.headers["content-type"].partition(";")[0] == link["type"].partition(";")[0], link
    assert client.get(f"{root}/").json()["title"] == document["title"]


def test_description_is_valid_openapi_3_0(client, root):
    """/req/oas30/oas-definition-2 and /req/core/api-definition-success; what QGIS and GDAL look for in it."""
    answer = client.get(f"{root}/api")
    assert answer.headers["content-type"] == OPENAPI
    document = answer.json()
    validate(document)
    assert document["openapi"].startswith("3.0")
    limit = document["components"]["parameters"]["limit"]
    assert (limit["schema"]["default"], limit["schema"]["maximum"]) == (1000, 10_000)
    assert (limit["style"], limit["explode"]) == ("form", False)
    names = {
        item["name"]
        for item in document["paths"]["/collections/incidents/items"]["get"]["parameters"]
        if "name" in item
    }
    assert {"category", "occurred_from", "external_id"} <= names
    for path in document["paths"]:
        if "{" not in path:
            assert client.get(f"{root}{path}").status_code == 200, path


def test_conformance_declares_the_classes(read):
    """/req/core/conformance-op, /req/core/conformance-success."""
    assert read("/conformance")["conformsTo"] == list(CONFORMS_TO)
    assert len(set(CONFORMS_TO)) == len(CONFORMS_TO)


def test_collections(client, root, read):
    """/req/core/fc-md-op, -success, -links, -items, -items-links, -extent; /req/core/sfc-md-op, -success."""
    document = read("/collections")
    assert {"self", "alternate"} <= {link["rel"] for link in document["links"]}
    assert {item["id"] for item in document["collections"]} == NAMES
    for item in document["collections"]:
        alone = read(f"/collections/{item['id']}")
        assert alone == item
        assert any(link["rel"] == "items" and link["type"] == GEOJSON for link in item["links"])
        assert all("type" in link and "rel" in link for link in item["links"])
        if item["id"] not in EMPTY:
            west, south, east, north = item["extent"]["spatial"]["bbox"][0]
            assert 22.49 < west <= east < 22.71
            assert 57.19 < south <= north < 57.31
    incidents = next(item for item in document["collections"] if item["id"] == "incidents")
    assert incidents["extent"]["temporal"]["interval"] == [["2025-01-02T12:00:00Z", "2025-09-07T12:00:00Z"]]
    fixes = next(item for item in document["collections"] if item["id"] == "fixes")
    assert fixes["extent"]["temporal"]["interval"][0][1] is None


def test_layers_whose_features_have_no_time_tell_of_which_days_they_are(read, database):
    def interval(layer):
        return read(f"/collections/{layer}")["extent"].get("temporal", {}).get("interval")

    assert interval("beats") == [["2024-12-31T22:00:00Z", None]]
    assert interval("areal-units") is None
    assert interval("hot-spots") is None
    with database.owner_engine.begin() as connection:
        period = """update analysis_run set summary = summary || '{"first_day": "2025-01-01", "last_day": "2025-06-30"}'
            returning id"""
        number = connection.scalar(text(period))
    for name in ("hot-spots", f"hot-spots-{number}"):
        assert interval(name) == [["2024-12-31T22:00:00Z", "2025-06-30T20:59:59Z"]]


def test_features_of_every_layer(client, root, read, database):
    """/req/core/fc-op, -response, -numberReturned, -numberMatched, -timeStamp; /req/geojson/content, /definition."""
    tables = {"incidents": "incident", "danger-zones": "danger_zone", "fixes": "fix", "areal-units": "areal_unit"}
    tables |= {"streets": "street_segment", "street-lights": "street_light", "hot-spots": "hot_spot_cell"}
    with database.owner_engine.begin() as connection:
        stored = {name: connection.scalar(text(f"select count(*) from {table}")) for name, table in tables.items()}
    for name in NAMES:
        answer = client.get(f"{root}/collections/{name}/items")
        assert answer.headers["content-type"] == GEOJSON
        document = answer.json()
        assert document["type"] == "FeatureCollection"
        assert document["numberMatched"] == document["numberReturned"] == len(document["features"])
        assert document["numberMatched"] == stored.get(name, len(document["features"]))
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", document["timeStamp"])
        assert {"self", "alternate", "collection"} <= {link["rel"] for link in document["links"]}
        for feature in document["features"][:3]:
            one = read(f"/collections/{name}/items/{feature['id']}")
            assert {key: one[key] for key in feature} == feature
            assert {"self", "alternate", "collection"} <= {link["rel"] for link in one["links"]}
    assert read("/collections/beats/items")["features"][0]["properties"]["beat_id"] == "B1"


def test_every_feature_comes_once_page_by_page(client, read):
    """/req/core/fc-limit-definition, -response-1; /rec/core/next-1 to next-3: every parameter is repeated."""
    document = read("/collections/incidents/items", limit=60, category="burglary", datetime="2025-01-01T00:00:00Z/..")
    matched, identifiers, pages = document["numberMatched"], [], 1
    while True:
        identifiers += [feature["id"] for feature in document["features"]]
        assert document["numberMatched"] == matched
        links = by_relation(document)
        if "next" not in links:
            break
        assert "category=burglary" in links["next"]["href"]
        assert "datetime=2025-01-01" in links["next"]["href"]
        document = client.get(links["next"]["href"]).json()
        pages += 1
    assert (pages, len(identifiers), len(set(identifiers))) == (2, matched, matched)
    assert read("/collections/incidents/items", limit=99_999)["numberReturned"] == 250


def test_pages_neither_repeat_nor_miss_while_rows_come_and_go(client, root, read, database):
    """Pages begin after an identifier, not after a number of rows."""
    before = {feature["id"] for feature in read("/collections/incidents/items")["features"]}
    document = read("/collections/incidents/items", limit=100)
    found = [feature["id"] for feature in document["features"]]
    with database.owner_engine.begin() as connection:
        connection.execute(text("delete from incident where id in (3, 50)"))
        connection.execute(
            text(
                "insert into incident (municipality_id, external_id, category_id, geom, x, y, time_precision) "
                "select 1, 'new', category_id, geom, 0, 0, 'unknown' from incident where id = 60"
            )
        )
    while link := next_of(document):
        document = client.get(link).json()
        found += [feature["id"] for feature in document["features"]]
    assert len(found) == len(set(found))
    assert before <= set(found)


def next_of(document):
    links = by_relation(document)
    return links["next"]["href"] if "next" in links else None


def test_filters_of_place_time_and_property(read):
    """/req/core/fc-bbox-*, fc-time-*, /rec/core/fc-filters."""

    def matched(**asked):
        return read("/collections/incidents/items", **asked)["numberMatched"]

    assert matched(bbox="22.55,57.21,22.57,57.22") == 50
    assert matched(bbox="22.55,57.21,0,22.57,57.22,99") == 50
    assert matched(bbox="170,57,-170,58") == 0
    without_time = matched(filter="occurred_from IS NULL")
    assert without_time == 5
    assert matched(datetime="2025-01-02T12:00:00Z") == matched(datetime="2025-01-02") == 1 + without_time
    assert matched(datetime="2025-01-02/2025-01-04") == 3 + without_time
    assert matched(datetime="2025-01-02/2025-01-04", filter="occurred_from IS NOT NULL") == 3
    assert matched(datetime="../2025-01-04T00:00:00Z") == matched(datetime="/2025-01-03") == 2 + without_time
    assert matched(datetime="..") == matched(datetime="../..") == 250
    assert matched(external_id="I7") == matched(occurred_from="2025-01-08T12:00:00Z") == 1
    assert matched(external_id="I7' or true --") == 0


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/collections/incidents/items?limit=0", "limit"),
        ("/collections/incidents/items?limit=ten", "limit"),
        ("/collections/incidents/items?after=x", "after"),
        ("/collections/incidents/items?bbox=1,2,3", "bbox"),
        ("/collections/incidents/items?bbox=1,2,3,nan", "bbox"),
        ("/collections/incidents/items?bbox=0,50,1,40", "bbox"),
        ("/collections/incidents/items?datetime=yesterday", "datetime"),
        ("/collections/incidents/items?datetime=2025-02-30", "datetime"),
        ("/collections/incidents/items?datetime=2025-02-01T00:00:00Z/2025-01-01T00:00:00Z", "datetime"),
        ("/collections/incidents/items?datetime=9999-12-31T23:59:59-23:59", "datetime"),
        ("/collections/incidents/items?colour=red", "colour"),
        ("/collections/incidents/items?limit=1&limit=2", "limit"),
        ("/collections/incidents/items?f=docx", "f"),
        ("/collections/incidents/items?crs=EPSG:4326", "crs"),
        ("/collections/incidents/items?bbox=1,2,3,4&bbox-crs=x", "bbox-crs"),
        ("/collections/incidents/items?external_id=%00", "external_id"),
        ("/collections/incidents/items?batch_id=99999999999999999999", "batch_id"),
        ("/collections/incidents/items?batch_id=one", "batch_id"),
        ("/collections/incidents/items?occurred_from=today", "occurred_from"),
        ("/collections/areal-units/items?attributes=x", "attributes"),
        ("/collections/incidents/items/1?limit=1", "limit"),
        ("/collections/incidents?limit=1", "limit"),
        ("/collections?x=1", "x"),
        ("/conformance?x=1", "x"),
        ("?x=1", "x"),
    ],
)
def test_bad_parameter_is_named(strict_get, path, parameter):
    """/req/core/query-param-unknown, -invalid."""
    answer = strict_get(path)
    assert (answer.status_code, answer.json()["parameter"]) == (400, parameter), answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/collections/nothing",
        "/collections/nothing/items",
        "/collections/incidents/items/0",
        "/collections/incidents/items/99999999999999999999999",
        "/collections/incidents/items/-1",
        "/collections/incidents/items/one",
        "/collections/incidents/items/\u0661",
        "/nothing",
    ],
)
def test_what_does_not_exist_is_404(strict_get, path):
    """/req/core/f-success and HTTP."""
    assert strict_get(path).status_code == 404


def test_tag_spares_what_is_known(client, root):
    """/req/core/http: If-None-Match answers 304; a change answers anew."""
    for path in ("", "/collections", "/collections/areal-units", "/collections/areal-units/items", "/api"):
        first = client.get(f"{root}{path}")
        again = client.get(f"{root}{path}", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b""), path
        assert again.headers["etag"] == first.headers["etag"]
    other = client.get(
        f"{root}/collections/areal-units/items?limit=3", headers={"If-None-Match": first.headers["etag"]}
    )
    assert other.status_code == 200
    assert "no-store" in client.get(f"{root}/collections/incidents/items").headers["cache-control"]
    assert "no-store" not in client.get(f"{root}/collections/hot-spots/items").headers["cache-control"]
    assert client.get(f"{root}/collections/incidents/items").headers["content-encoding"] == "gzip"


def test_every_resource_is_a_page_too(client, root):
    """/req/html/definition, /req/html/content."""
    paths = ["", "/conformance", "/api", "/collections", "/collections/incidents", "/collections/incidents/items"]
    for path in [*paths, "/collections/incidents/items/1", "/collections/danger-zones/items"]:
        answer = client.get(f"{root}{path}", headers={"Accept": "text/html,application/xhtml+xml"})
        assert answer.headers["content-type"].startswith("text/html"), path
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "script" not in answer.headers["content-security-policy"]
        assert client.get(f"{root}{path}?f=json", headers={"Accept": "text/html"}).json(), path
