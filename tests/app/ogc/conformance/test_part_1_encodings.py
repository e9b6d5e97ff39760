"""OGC API - Features, Part 1: requirements classes GeoJSON, HTML and OpenAPI 3.0."""

import re

import pytest
from openapi_spec_validator import validate

GEOJSON = "application/geo+json"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
TYPES = {"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"}


def resources(names):
    paths = ["", "/conformance", "/api", "/collections", "/tileMatrixSets", "/tileMatrixSets/WebMercatorQuad"]
    for name in names:
        address = f"/collections/{name}"
        paths += [address, f"{address}/items", f"{address}/queryables", f"{address}/schema", f"{address}/tiles"]
    return paths


# GeoJSON


def test_features_are_geojson_for_those_who_accept_it(get, everything):
    for name, features in everything.items():
        for path in (f"/collections/{name}/items", *(f"/collections/{name}/items/{one['id']}" for one in features[:1])):
            answer = get(path, headers={"Accept": GEOJSON})
            assert (answer.status_code, answer.headers["content-type"]) == (200, GEOJSON), path


def test_features_are_valid_geojson_with_links(everything, read):
    for name, features in everything.items():
        document = read(f"/collections/{name}/items", limit=5)
        assert document["type"] == "FeatureCollection"
        assert document["links"]
        for feature in features:
            assert feature["type"] == "Feature"
            assert {"id", "geometry", "properties"} <= feature.keys()
            geometry = feature["geometry"]
            assert geometry is None or (geometry["type"] in TYPES and geometry["coordinates"])
            assert geometry is None or "crs" not in geometry
        for feature in features[:1]:
            assert read(f"/collections/{name}/items/{feature['id']}")["links"]


# HTML


def test_every_resource_is_a_page_for_a_browser(get, names, everything):
    paths = resources(names)
    paths += [f"/collections/{name}/items/{features[0]['id']}" for name, features in everything.items() if features]
    for path in paths:
        answer = get(path, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
        assert answer.status_code == 200, path
        assert answer.headers["content-type"] == "text/html; charset=utf-8", path


def test_pages_show_what_the_document_says_and_link_on(get, names, everything):
    for name in names:
        shown = get(f"/collections/{name}/items", f="html", limit=2).text
        assert shown.lower().startswith("<!doctype html>")
        for feature in everything[name][:2]:
            assert str(feature["id"]) in shown
        landing = get(f"/collections/{name}", f="html").text
        assert f"/collections/{name}/items" in landing
    listed = get("/collections", f="html").text
    assert all(f"/collections/{name}" in listed for name in names)


# OpenAPI 3.0


def test_description_has_the_media_type_of_openapi_3_0(get, read):
    (link,) = (link for link in read()["links"] if link["rel"] == "service-desc")
    assert link["type"] == OPENAPI
    answer = get("/api")
    assert answer.headers["content-type"] == OPENAPI
    assert re.fullmatch(r"3\.0\.\d", answer.json()["openapi"])


def test_description_is_a_valid_openapi_3_0_document(description):
    validate(description)
    assert description["info"]["title"]
    assert description["info"]["version"]


def test_every_address_of_the_description_answers(get, description, everything):
    """/req/oas30/oas-impl: the API does what the description says."""
    for path, operations in description["paths"].items():
        if "get" not in operations or "{job" in path:
            continue
        features = everything.get(path.split("/")[2], []) if path.startswith("/collections/") else []
        if "{featureId}" in path and not features:
            continue
        address = path.replace("{featureId}", str(features[0]["id"]) if features else "1")
        for name, value in {"tileMatrix": 0, "tileRow": 0, "tileCol": 0, "processID": "getis-ord"}.items():
            address = address.replace(f"{{{name}}}", str(value))
        answer = get(address)
        assert answer.status_code == 200, address
        told = operations["get"]["responses"]["200"]["content"]
        assert answer.headers["content-type"].partition(";")[0] in {name.partition(";")[0] for name in told}, address


def test_description_tells_status_codes_and_schemas(description):
    """/req/oas30/completeness."""
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            successes = [status for status in operation["responses"] if status[0] == "2"]
            assert successes, (method, path)
            for status in successes:
                for content in operation["responses"][status].get("content", {}).values():
                    assert content["schema"], (method, path)


def test_description_tells_what_goes_wrong(description):
    """/req/oas30/exception-codes."""
    for path, operations in description["paths"].items():
        for operation in operations.values():
            assert {"400", "401", "403", "404", "429", "500", "503"} <= operation["responses"].keys(), path
    for answer in description["components"]["responses"].values():
        assert "application/problem+json" in answer["content"]


def test_description_tells_how_to_sign_in(api, description):
    """/req/oas30/security: what it says opens what it guards."""
    schemes = description["components"]["securitySchemes"]
    assert {scheme["scheme"] for scheme in schemes.values()} == {"bearer", "basic"}
    assert {name for entry in description["security"] for name in entry} == schemes.keys()
    address = "/municipalities/talsi/ogc/collections/incidents/items?limit=1"
    secret = api.headers["Authorization"].removeprefix("Bearer ")
    nobody = type(api)(api.app)
    nobody.portal = api.portal
    assert nobody.get(address).status_code == 401
    purpose = {"Kvart-Purpose": "administration"}
    assert nobody.get(address, auth=("anybody", secret), headers=purpose).status_code == 200
    assert nobody.get(address, headers=purpose | {"Authorization": f"Bearer {secret}"}).status_code == 200


@pytest.mark.parametrize("path", ["/collections/incidents/items", "/processes/{processID}/execution", "/jobs/{jobID}"])
def test_description_has_features_tiles_and_processes(description, path):
    assert path in description["paths"]
    assert "/collections/incidents/tiles/WebMercatorQuad/{tileMatrix}/{tileRow}/{tileCol}" in description["paths"]
