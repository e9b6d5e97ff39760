"""OGC API - Features, Part 5 (23-058r2): schemas of what is shown and of what can be asked for."""

import pytest
from jsonschema import Draft202012Validator, FormatChecker

SCHEMA = "application/schema+json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
RELATION = "http://www.opengis.net/def/rel/ogc/1.0/schema"
ROLES = {"id", "primary-geometry", "primary-instant", "primary-interval-start", "primary-interval-end", "type"}
FORMATS = {
    "geometry-point": {"Point"},
    "geometry-linestring": {"LineString"},
    "geometry-polygon": {"Polygon"},
    "geometry-multipolygon": {"MultiPolygon"},
    "geometry-linestring-or-multilinestring": {"LineString", "MultiLineString"},
    "geometry-polygon-or-multipolygon": {"Polygon", "MultiPolygon"},
    "geometry-any": {"Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon"},
}


@pytest.fixture(scope="module")
def schemas(read, names):
    """What is shown of each layer."""
    return {name: read(f"/collections/{name}/schema") for name in names}


@pytest.fixture(scope="module")
def queryables(read, names):
    """What can be asked for of each layer."""
    return {name: read(f"/collections/{name}/queryables") for name in names}


@pytest.fixture(scope="module", params=["schemas", "queryables"])
def documents(request):
    """Either of them."""
    return request.getfixturevalue(request.param)


# schemas


def test_schemas_are_json_schemas_that_are_found_where_they_say(api, documents):
    for name, document in documents.items():
        Draft202012Validator.check_schema(document)
        assert document["$schema"] == DIALECT
        assert document["$id"].startswith("http")
        assert "?" not in document["$id"]
        answer = api.get(document["$id"], headers={"Accept": SCHEMA})
        assert (answer.status_code, answer.headers["content-type"]) == (200, SCHEMA), name
        assert answer.json() == document


def test_each_property_has_a_type_or_is_a_geometry(documents):
    for name, document in documents.items():
        assert document["type"] == "object"
        for known, schema in document["properties"].items():
            is_geometry = "type" not in schema and schema.get("format") in FORMATS
            assert is_geometry or schema["type"] in {"string", "integer", "number", "boolean", "object", "array"}, known
            if schema.get("type") == "string" and "format" in schema:
                assert schema["format"] in {"date", "date-time"}, (name, known)


def test_keywords_are_known_or_marked_as_extensions(documents):
    known = {"type", "title", "description", "format", "enum", "readOnly", "items"}
    for document in documents.values():
        for schema in document["properties"].values():
            assert all(keyword in known or keyword.startswith("x-") for keyword in schema)


def test_roles_are_those_of_the_standard(documents):
    for document in documents.values():
        assert {schema["x-ogc-role"] for schema in document["properties"].values() if "x-ogc-role" in schema} <= ROLES


def test_one_property_is_the_identifier(schemas):
    for document in schemas.values():
        (found,) = (schema for schema in document["properties"].values() if schema.get("x-ogc-role") == "id")
        assert found["type"] in {"integer", "string"}


# core roles


def test_one_property_is_the_geometry(documents):
    for document in documents.values():
        found = [schema for schema in document["properties"].values() if schema.get("x-ogc-role") == "primary-geometry"]
        spatial = [schema for schema in document["properties"].values() if schema.get("format", "").startswith("geom")]
        assert found == spatial
        assert len(found) == 1
        assert "type" not in found[0]


def test_no_two_properties_are_the_time(documents):
    for document in documents.values():
        roles = [schema.get("x-ogc-role", "") for schema in document["properties"].values()]
        assert all(roles.count(role) <= 1 for role in ROLES)
        assert "type" not in roles or document["properties"]


# what is shown


def test_each_layer_links_to_its_schema(collections):
    for item in collections:
        (link,) = (link for link in item["links"] if link["rel"] == RELATION)
        assert link["type"] == SCHEMA
        assert link["href"].endswith(f"/collections/{item['id']}/schema")


def test_features_are_as_their_schema_says(schemas, everything):
    for name, document in schemas.items():
        parts = document["properties"]
        told = {known: schema for known, schema in parts.items() if known not in {"id", "geometry"}}
        nullable = {
            known: {
                **schema,
                "type": [schema["type"], "null"],
                **({"enum": [*schema["enum"], None]} if "enum" in schema else {}),
            }
            for known, schema in told.items()
        }
        validator = Draft202012Validator(
            {"type": "object", "properties": nullable, "additionalProperties": False, "required": list(nullable)},
            format_checker=FormatChecker(),
        )
        identifier = Draft202012Validator({"type": parts["id"]["type"]})
        for feature in everything[name]:
            validator.validate(feature["properties"])
            identifier.validate(feature["id"])
            geometry = feature["geometry"]
            assert geometry is None or geometry["type"] in FORMATS[parts["geometry"]["format"]], name


def test_nothing_is_received(api, names):
    """Layers are read only; what can be sent in goes elsewhere, so that there are no receivables."""
    for name in names:
        answer = api.post(f"/municipalities/talsi/ogc/collections/{name}/items", json={})
        assert answer.status_code == 405


# queryables


def test_what_can_be_asked_for_is_shown(schemas, queryables):
    for name, document in queryables.items():
        assert document["properties"].keys() <= schemas[name]["properties"].keys()
        for known, schema in document["properties"].items():
            assert schema == schemas[name]["properties"][known]
