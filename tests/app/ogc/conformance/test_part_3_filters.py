"""OGC API - Features, Part 3 (19-079r2): queryables, queryables as parameters, filters of features."""

import pytest
from jsonschema import Draft202012Validator
from pyproj import Transformer

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
QUERYABLES = "http://www.opengis.net/def/rel/ogc/1.0/queryables"
SCHEMA = "application/schema+json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
BROKEN = "THIS IS NOT A FILTER"
EVERYWHERE = "22.4,57.1,22.8,57.4"


def ids(document):
    return [feature["id"] for feature in document["features"]]


@pytest.fixture(scope="module")
def queryables(read, names):
    return {name: read(f"/collections/{name}/queryables") for name in names}


# queryables


def test_queryables_are_a_json_schema(get, names):
    for name in names:
        answer = get(f"/collections/{name}/queryables", headers={"Accept": SCHEMA})
        assert (answer.status_code, answer.headers["content-type"]) == (200, SCHEMA)
        document = answer.json()
        Draft202012Validator.check_schema(document)
        assert document["$schema"] == DIALECT
        assert document["$id"].endswith(f"/collections/{name}/queryables")
        assert document["type"] == "object"
        assert document["properties"]
        assert document["additionalProperties"] is False


def test_each_layer_links_to_its_queryables(api, collections):
    for item in collections:
        (link,) = (link for link in item["links"] if link["rel"] == QUERYABLES)
        assert link["type"] == SCHEMA
        assert link["href"].endswith(f"/collections/{item['id']}/queryables")
        assert api.get(link["href"]).status_code == 200


def test_only_queryables_can_be_asked_for(get, read, queryables):
    for name, document in queryables.items():
        for property_name in document["properties"]:
            read(f"/collections/{name}/items", filter=f'"{property_name}" IS NULL', limit=1)
        answer = get(f"/collections/{name}/items", filter="this_is_not_a_queryable IS NULL")
        assert (answer.status_code, answer.json()["parameter"]) == (400, "filter")


# queryables as parameters


def test_each_queryable_but_the_geometry_is_a_parameter(parameters_of, queryables):
    for name, document in queryables.items():
        told = parameters_of(f"/collections/{name}/items")
        for property_name, schema in document["properties"].items():
            if property_name == "geometry":
                continue
            parameter = told[property_name]
            assert (parameter["in"], parameter["required"]) == ("query", False)
            assert parameter["schema"]["type"] == schema["type"], (name, property_name)


def test_a_parameter_finds_the_features_of_that_value(read, queryables, everything):
    for name, document in queryables.items():
        for property_name in document["properties"].keys() - {"geometry"}:
            values = [feature["properties"][property_name] for feature in everything[name]]
            known = next((value for value in values if value is not None), None)
            if known is None or isinstance(known, float):
                continue
            text = str(known).lower() if isinstance(known, bool) else str(known)
            found = read(f"/collections/{name}/items", limit=10_000, **{property_name: text})
            expected = [feature["id"] for feature in everything[name] if feature["properties"][property_name] == known]
            assert ids(found) == expected, (name, property_name)


def test_parameters_are_taken_together(read, everything):
    found = read("/collections/incidents/items", category="burglary", external_id="I3")
    expected = [
        feature["id"]
        for feature in everything["incidents"]
        if (feature["properties"]["category"], feature["properties"]["external_id"]) == ("burglary", "I3")
    ]
    assert ids(found) == expected


# filter


def test_filter_is_a_parameter_of_every_layer(get, read, parameters_of, queryables, everything):
    for name, document in queryables.items():
        told = parameters_of(f"/collections/{name}/items")["filter"]
        assert (told["in"], told["required"], told["schema"]["type"]) == ("query", False, "string")
        property_name = next(key for key in document["properties"] if key != "geometry")
        for more in ({}, {"filter_lang": "cql2-text"}):
            found = read(f"/collections/{name}/items", filter=f'"{property_name}" IS NULL', limit=10_000, **more)
            expected = [f["id"] for f in everything[name] if f["properties"][property_name] is None]
            assert ids(found) == expected, name
            answer = get(f"/collections/{name}/items", filter=BROKEN, **more)
            assert (answer.status_code, answer.json()["parameter"]) == (400, "filter")


def test_filter_lang_names_the_languages(get, read, parameters_of, names):
    for name in names:
        told = parameters_of(f"/collections/{name}/items")["filter-lang"]
        assert (told["in"], told["required"], told["schema"]["type"]) == ("query", False, "string")
        assert {"cql2-text", "cql2-json"} <= set(told["schema"]["enum"])
        assert told["schema"]["default"] == "cql2-text"
        for language in told["schema"]["enum"]:
            text = "true" if language == "cql2-json" else "TRUE"
            read(f"/collections/{name}/items", filter=text, filter_lang=language, limit=1)
        answer = get(f"/collections/{name}/items", filter="TRUE", filter_lang="sql")
        assert (answer.status_code, answer.json()["parameter"]) == (400, "filter-lang")


def test_filter_crs_is_described(parameters_of, names):
    for name in names:
        told = parameters_of(f"/collections/{name}/items")["filter-crs"]
        assert (told["in"], told["required"], told["schema"]["type"]) == ("query", False, "string")
        assert told["schema"]["format"] == "uri"


def test_geometries_of_a_filter_are_in_longitude_and_latitude(get, read, names, everything):
    for name in names:
        found = read(f"/collections/{name}/items", filter=f"S_INTERSECTS(geometry,BBOX({EVERYWHERE}))", limit=10_000)
        assert ids(found) == [feature["id"] for feature in everything[name]]
        wrong = get(f"/collections/{name}/items", filter="S_INTERSECTS(geometry,BBOX(1000000,1000000,2000000,2000000))")
        assert (wrong.status_code, wrong.json()["parameter"]) == (400, "filter")


def test_filter_crs_takes_every_system_of_the_layer(get, read, collections, everything):
    for item in collections:
        for uri in item["crs"]:
            code = "OGC:CRS84" if uri == CRS84 else f"EPSG:{uri.rpartition('/')[2]}"
            move = Transformer.from_crs("OGC:CRS84", code)
            corners = [*move.transform(22.45, 57.15), *move.transform(22.75, 57.35)]
            box = f"S_INTERSECTS(geometry,BBOX({','.join(map(repr, corners))}))"
            found = read(f"/collections/{item['id']}/items", filter=box, filter_crs=uri, limit=10_000)
            assert ids(found) == [feature["id"] for feature in everything[item["id"]]], (item["id"], uri)
        unknown = "http://www.opengis.net/def/crs/OGC/0/does_not_exist"
        answer = get(f"/collections/{item['id']}/items", filter="TRUE", filter_crs=unknown)
        assert (answer.status_code, answer.json()["parameter"]) == (400, "filter-crs")


def test_filter_and_other_parameters_must_all_hold(read, names, everything):
    for name in names:
        everywhere = f"S_INTERSECTS(geometry,BBOX({EVERYWHERE}))"
        both = read(f"/collections/{name}/items", filter=everywhere, bbox=EVERYWHERE, limit=10_000)
        assert ids(both) == [feature["id"] for feature in everything[name]]
        neither = read(f"/collections/{name}/items", filter=everywhere, bbox="1,1,2,2")
        assert ids(neither) == []
    mixed = read("/collections/incidents/items", filter="category = 'robbery'", category="burglary")
    assert mixed["numberMatched"] == 0
    timed = read("/collections/incidents/items", filter="category = 'robbery'", datetime="2025-03-01/2025-03-31")
    assert 5 < timed["numberMatched"] < 20


def test_filtered_features_are_paged(api, read):
    document = read("/collections/incidents/items", filter="category = 'burglary'", limit=30)
    found = ids(document)
    while following := [link["href"] for link in document["links"] if link["rel"] == "next"]:
        document = api.get(following[0]).json()
        found += ids(document)
    assert len(found) == len(set(found)) == document["numberMatched"]
