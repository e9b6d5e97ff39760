"""OGC API - Features, Part 1 (17-069r4), requirements class Core: each abstract test of annex A, restated."""

import random
import re
from datetime import UTC, datetime

import pytest
import shapely
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from rectangles import rectangle
from shapely.geometry import shape

GEOJSON = "application/geo+json"
JSON, HTML = "application/json", "text/html"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
LINK = {"type": "object", "required": ["href", "rel"], "properties": {"href": {"type": "string", "format": "uri"}}}
LINKS = {"type": "array", "items": LINK}
LANDING_PAGE = {"type": "object", "required": ["links"], "properties": {"links": LINKS, "title": {"type": "string"}}}
NUMBERS = {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4}
EXTENT = {
    "type": "object",
    "properties": {
        "spatial": {"type": "object", "properties": {"bbox": {"type": "array", "minItems": 1, "items": NUMBERS}}},
        "temporal": {"type": "object", "properties": {"interval": {"type": "array", "minItems": 1}}},
    },
}
COLLECTION = {
    "type": "object",
    "required": ["id", "links"],
    "properties": {"id": {"type": "string"}, "links": LINKS, "extent": EXTENT, "itemType": {"const": "feature"}},
}
COLLECTIONS = {
    "type": "object",
    "required": ["links", "collections"],
    "properties": {"links": LINKS, "collections": {"type": "array", "items": COLLECTION}},
}
FEATURE = {
    "type": "object",
    "required": ["type", "id", "geometry", "properties"],
    "properties": {"type": {"const": "Feature"}, "properties": {"type": ["object", "null"]}, "links": LINKS},
}
FEATURES = {
    "type": "object",
    "required": ["type", "features"],
    "properties": {"type": {"const": "FeatureCollection"}, "features": {"type": "array", "items": FEATURE}},
}


def fits(document, schema):
    Draft202012Validator(schema).validate(document)


def relations(document, media_type=None):
    return {link["rel"] for link in document["links"] if media_type in {None, link["type"].partition(";")[0]}}


def place(feature):
    return None if feature["geometry"] is None else shape(feature["geometry"])


# landing page, description, declaration


def test_landing_page(get):
    answer = get()
    assert (answer.status_code, answer.headers["content-type"]) == (200, JSON)
    fits(answer.json(), LANDING_PAGE)
    assert {"service-desc", "service-doc", "conformance", "data"} <= relations(answer.json())


def test_description_is_where_the_landing_page_says(api, read):
    linked = [link for link in read()["links"] if link["rel"] in {"service-desc", "service-doc"}]
    assert {link["rel"] for link in linked} == {"service-desc", "service-doc"}
    for link in linked:
        answer = api.get(link["href"], headers={"Accept": link["type"]})
        assert answer.status_code == 200
        assert answer.headers["content-type"].partition(";")[0] == link["type"].partition(";")[0]


def test_description_is_valid(description):
    validate(description)


def test_conformance_is_declared(get):
    answer = get("/conformance")
    assert (answer.status_code, answer.headers["content-type"]) == (200, JSON)
    declared = answer.json()["conformsTo"]
    assert {f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{name}" for name in ("core", "geojson")} <= set(
        declared
    )


# general


def test_http_is_used_as_it_is_meant(api, get):
    missing = get("/collections/incidents/nothing")
    assert missing.status_code == 404
    wrong = api.post("/municipalities/talsi/ogc/collections/incidents/items", json={})
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET")
    for answer in (missing, wrong):
        assert answer.headers["content-type"] == "application/problem+json"
    compressed = get("/collections/incidents/items", headers={"Accept-Encoding": "gzip"})
    assert compressed.headers["content-encoding"] == "gzip"


@pytest.mark.parametrize("path", ["", "/conformance", "/api", "/collections", "/collections/fixes"])
def test_unknown_parameter_is_refused(get, path):
    answer = get(path, unknown="x")
    assert (answer.status_code, answer.json()["parameter"]) == (400, "unknown")


def test_unknown_parameter_is_refused_on_features(get, names):
    for name in names:
        for path in (f"/collections/{name}", f"/collections/{name}/items", f"/collections/{name}/items/1"):
            answer = get(path, unknown="x")
            assert (answer.status_code, answer.json()["parameter"]) == (400, "unknown"), path


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("limit", ["0", "-1", "x", "1.5", "", "1e3", "9" * 30]),
        (
            "bbox",
            ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "1,2,3,nan", "1,2,3,inf", "200,0,201,1", "0,50,1,40", "1;2;3;4"],
        ),
        ("datetime", ["x", "2025", "2025-13-01", "2025-01-01T00:00:00", "2025-02-01/2025-01-01", "a/b", "1/2/3"]),
        ("f", ["xml", ""]),
    ],
)
def test_invalid_parameter_is_refused(get, names, name, values):
    for collection in names:
        for value in values:
            answer = get(f"/collections/{collection}/items", **{name: value})
            assert (answer.status_code, answer.json()["parameter"]) == (400, name), (collection, value)


def test_coordinates_are_longitude_and_latitude(everything):
    town = shapely.box(22.49, 57.19, 22.71, 57.31)
    for name, features in everything.items():
        for feature in features:
            assert place(feature) is None or town.covers(place(feature)), name


# collections


def test_collections(get):
    answer = get("/collections")
    assert (answer.status_code, answer.headers["content-type"]) == (200, JSON)
    fits(answer.json(), COLLECTIONS)


def test_collections_link_to_themselves_in_every_form(read):
    links = read("/collections")["links"]
    assert all(link["rel"] and link["type"] for link in links)
    assert {(link["rel"], link["type"]) for link in links} == {("self", JSON), ("alternate", HTML)}


def test_every_layer_is_listed_once(names, description):
    listed = {path.split("/")[2] for path in description["paths"] if re.fullmatch(r"/collections/[^/]+/items", path)}
    assert len(names) == len(set(names))
    assert set(names) == listed


def test_collections_link_to_their_features(api, collections):
    for item in collections:
        links = [link for link in item["links"] if link["rel"] == "items"]
        assert {link["type"] for link in links} >= {GEOJSON, HTML}
        for link in links:
            answer = api.get(link["href"])
            assert answer.status_code == 200, link
            assert answer.headers["content-type"].partition(";")[0] == link["type"], link


def test_extents_hold_every_feature(collections, everything):
    for item in collections:
        features = everything[item["id"]]
        assert ("extent" in item) == any(place(feature) is not None for feature in features), item["id"]
        for feature in features if "extent" in item else ():
            (box,) = item["extent"]["spatial"]["bbox"]
            assert place(feature) is None or shapely.box(*box).buffer(1e-9).covers(place(feature)), item["id"]
    incidents = next(item for item in collections if item["id"] == "incidents")
    ((begin, end),) = incidents["extent"]["temporal"]["interval"]
    times = [feature["properties"]["occurred_from"] for feature in everything["incidents"]]
    moments = [datetime.fromisoformat(text) for text in times if text is not None]
    assert [datetime.fromisoformat(text) for text in (begin, end)] == [min(moments), max(moments)]


def test_each_collection_is_found_and_told_alike(get, collections):
    for item in collections:
        answer = get(f"/collections/{item['id']}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, JSON)
        assert answer.json() == item
        fits(item, COLLECTION)


# features


def test_features_are_found(get, names):
    for name in names:
        answer = get(f"/collections/{name}/items")
        assert (answer.status_code, answer.headers["content-type"]) == (200, GEOJSON)
        fits(answer.json(), FEATURES)


def test_limit_is_described(parameters_of, names):
    for name in names:
        told = parameters_of(f"/collections/{name}/items")["limit"]
        assert (told["in"], told["required"], told["style"], told["explode"]) == ("query", False, "form", False)
        assert told["schema"] == {"type": "integer", "minimum": 1, "maximum": 10_000, "default": 1000}


@pytest.mark.parametrize("limit", [1, 2, 99, 249, 250, 251, 10_000, 10_001, 10**17])
def test_limit_is_kept(read, limit):
    document = read("/collections/incidents/items", limit=limit)
    assert len(document["features"]) == document["numberReturned"] == min(limit, 250)
    assert any(link["rel"] == "next" for link in document["links"]) == (limit < 250)


def test_bbox_is_described(parameters_of, names):
    for name in names:
        told = parameters_of(f"/collections/{name}/items")["bbox"]
        assert (told["in"], told["required"], told["style"], told["explode"]) == ("query", False, "form", False)
        schema = told["schema"]
        assert (schema["type"], schema["items"]["type"]) == ("array", "number")
        assert schema["oneOf"] == [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}]


def boxes():
    """Rectangles of every size over the town, one that is a line, one that is a point, and around the world."""
    draw = random.Random(7)
    for _ in range(12):
        x, y = draw.uniform(22.45, 22.72), draw.uniform(57.18, 57.31)
        yield x, y, x + draw.uniform(0, 0.1), y + draw.uniform(0, 0.05)
    yield 22.6, 57.2, 22.6, 57.3
    yield 22.6, 57.25, 22.6, 57.25
    yield 22.55, -90, -170, 90
    yield -180, -90, 180, 90


def test_bbox_finds_what_meets_it(read, everything):
    for west, south, east, north in boxes():
        spans = [(west, 180.0), (-180.0, east)] if west > east else [(west, east)]
        area = shapely.union_all([rectangle(begin, south, end, north) for begin, end in spans])
        for name, features in everything.items():
            expected = [
                feature["id"] for feature in features if place(feature) is None or area.intersects(place(feature))
            ]
            found = read(f"/collections/{name}/items", bbox=f"{west},{south},{east},{north}", limit=10_000)
            assert [feature["id"] for feature in found["features"]] == expected, (name, west, south, east, north)
        flat = read("/collections/incidents/items", bbox=f"{west},{south},{east},{north}")
        high = read("/collections/incidents/items", bbox=f"{west},{south},-5,{east},{north},5")
        assert flat["numberMatched"] == high["numberMatched"]


def test_datetime_is_described(parameters_of, names):
    for name in names:
        told = parameters_of(f"/collections/{name}/items")["datetime"]
        assert (told["in"], told["required"], told["style"], told["explode"]) == ("query", False, "form", False)
        assert told["schema"]["type"] == "string"


INTERVALS = [
    ("2025-03-02T12:00:00Z", "2025-03-02T12:00:00Z", "2025-03-02T12:00:00Z"),
    ("2025-03-02T14:00:00+02:00", "2025-03-02T12:00:00Z", "2025-03-02T12:00:00Z"),
    ("2025-03-01T00:00:00Z/2025-04-01T00:00:00Z", "2025-03-01T00:00:00Z", "2025-04-01T00:00:00Z"),
    ("2025-08-01T00:00:00Z/..", "2025-08-01T00:00:00Z", None),
    ("2025-08-01T00:00:00Z/", "2025-08-01T00:00:00Z", None),
    ("../2025-02-01T00:00:00Z", None, "2025-02-01T00:00:00Z"),
    ("/2025-02-01T00:00:00Z", None, "2025-02-01T00:00:00Z"),
    ("2025-02-01/2025-02-03", "2025-02-01T00:00:00Z", "2025-02-03T23:59:59Z"),
    ("2026-02-02T00:00:00Z/2026-02-10T00:00:00Z", "2026-02-02T00:00:00Z", "2026-02-10T00:00:00Z"),
    ("1900-01-01T00:00:00Z", "1900-01-01T00:00:00Z", "1900-01-01T00:00:00Z"),
]


def meets(incident, begin, end):
    """Tell whether the time of an incident meets an interval; one without a time meets each."""
    told = incident["properties"]
    if told["occurred_from"] is None:
        return True
    first, last = (
        datetime.fromisoformat(text) for text in (told["occurred_from"], told["occurred_to"] or told["occurred_from"])
    )
    return (end is None or first <= datetime.fromisoformat(end)) and (
        begin is None or last >= datetime.fromisoformat(begin)
    )


@pytest.mark.parametrize(("text", "begin", "end"), INTERVALS)
def test_datetime_finds_what_meets_it_and_what_has_no_time(read, everything, text, begin, end):
    incidents = read("/collections/incidents/items", datetime=text)["features"]
    expected = [incident["id"] for incident in everything["incidents"] if meets(incident, begin, end)]
    assert [feature["id"] for feature in incidents] == expected
    assert len(expected) >= 5
    for name in ("areal-units", "streets", "hot-spots", "street-lights"):
        assert read(f"/collections/{name}/items", datetime=text)["numberMatched"] == len(everything[name])


def test_features_link_to_themselves_and_to_the_next_page(api, read, names):
    for name in names:
        document = read(f"/collections/{name}/items", limit=1)
        assert "self" in relations(document, GEOJSON)
        assert "alternate" in relations(document, HTML)
        following = [link["href"] for link in document["links"] if link["rel"] == "next"]
        assert bool(following) == (document["numberMatched"] > 1)
        for address in following:
            assert api.get(address).json()["numberReturned"] == 1


def test_every_link_says_what_it_leads_to(read, names):
    documents = [read(), read("/collections"), read("/conformance")]
    for name in names:
        documents += [read(f"/collections/{name}"), read(f"/collections/{name}/items", limit=1)]
    for document in documents:
        assert all(link["rel"] and link["type"] for link in document["links"])


def test_time_of_the_answer_is_told(read):
    before = datetime.now(UTC).replace(microsecond=0)
    told = datetime.fromisoformat(read("/collections/fixes/items")["timeStamp"])
    assert before <= told <= datetime.now(UTC)


def test_number_matched_counts_every_page(api, read):
    document = read("/collections/incidents/items", limit=100, category="burglary")
    matched, read_so_far = document["numberMatched"], 0
    while True:
        assert document["numberMatched"] == matched
        read_so_far += len(document["features"])
        following = [link["href"] for link in document["links"] if link["rel"] == "next"]
        if not following:
            break
        document = api.get(following[0]).json()
    assert read_so_far == matched


def test_number_returned_counts_this_page(read, names):
    for name in names:
        document = read(f"/collections/{name}/items", limit=3)
        assert document["numberReturned"] == len(document["features"])


def test_each_feature_is_found_and_told_alike(get, everything):
    for name, features in everything.items():
        for feature in features[:5]:
            answer = get(f"/collections/{name}/items/{feature['id']}")
            assert (answer.status_code, answer.headers["content-type"]) == (200, GEOJSON)
            fits(answer.json(), FEATURE)
            assert {key: answer.json()[key] for key in feature} == feature


def test_each_feature_links_to_itself_and_its_collection(read, everything):
    for name, features in everything.items():
        for feature in features[:1]:
            document = read(f"/collections/{name}/items/{feature['id']}")
            assert {"self", "collection"} <= relations(document)
            assert "alternate" in relations(document, HTML)
            (collection,) = (link["href"] for link in document["links"] if link["rel"] == "collection")
            assert collection.endswith(f"/collections/{name}")
