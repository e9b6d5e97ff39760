"""Whatever is sent, the answer is 400, 404, 413, 415 or 422 with a problem document that names what is wrong."""

import base64
import json
import random

import pytest

PROBLEM = "application/problem+json"
ITEMS = "/collections/incidents/items"
QUAD = "/collections/incidents/tiles/WebMercatorQuad"
EXECUTION = "/processes/getis-ord/execution"
JSON = {"Content-Type": "application/json"}
ODD = [
    "",
    " ",
    "null",
    "%00",
    "%0d%0aX: 1",
    "'",
    '"',
    "';--",
    "${x}",
    "\u202e",
    "\U0001f600",
    "1" * 5000,
    "../..",
    "NaN",
]
ODD_BYTES = ["%ff", "%c3%28", "%ed%a0%80"]
PARAMETERS = ["limit", "after", "bbox", "bbox-crs", "crs", "datetime", "filter", "filter-lang", "filter-crs", "f"]
TOKENS = [
    *("x", "MQ", "=", "MS4x====", "LTEuMQ", "MS4x\n", "A" * 4000),
    *(
        base64.urlsafe_b64encode(raw.encode()).decode()
        for raw in ("1", "1.", ".1", "-1.5", "1.5x", "9" * 30 + ".1", "1.1~~")
    ),
]
FILTERS = [
    *("a" * 9000, "(" * 10_000, "(" * 10_000 + "TRUE" + ")" * 10_000, "category = 'x'; drop table incident"),
    *("category = 'x' union select 1", "1=1--", "category = (select 1)", "pg_sleep(5) IS NULL", "version() = 'x'"),
    *("colour = 'red'", "category = 5", "occurred_from = 5", "geometry = 1", "batch_id = 'x'", "NOT 5", "'x'", "5"),
    *("S_INTERSECTS(geometry)", "S_INTERSECTS(geometry,POINT())", "S_WITHIN(geometry,BBOX(1,2))", "BBOX(1,2,3,4)"),
    *("category LIKE 5", "category IN (1, 2)", "category BETWEEN 1 AND 2", "T_AFTER(category, DATE('2025-01-01'))"),
    *("occurred_from > DATE('2025-02-30')", "occurred_from > TIMESTAMP('x')", "CASEI(batch_id) = 'x'", "CASEI() = 'x'"),
]


def refused(answer, *statuses):
    assert answer.status_code in statuses, (answer.status_code, answer.text[:300])
    assert answer.headers["content-type"] == PROBLEM
    document = answer.json()
    assert document["detail"]
    assert "Traceback" not in answer.text
    assert "select" not in document["detail"].lower() or "category" in document["detail"]
    return document


@pytest.mark.parametrize("name", PARAMETERS)
def test_nonsense_in_a_parameter_is_named(strict_get, api, root, name):
    for value in ODD:
        answer = api.get(f"{root}{ITEMS}", params={name: value})
        if answer.status_code != 200:
            assert refused(answer, 400)["parameter"] == name, value
        else:
            assert (name, value) in {("datetime", ""), ("datetime", "../..")}, value
    for raw in ODD_BYTES:
        answer = strict_get(f"{ITEMS}?{name}={raw}")
        assert refused(answer, 400)["parameter"] == name, raw


def test_nonsense_as_a_parameter_is_named(strict_get):
    for name in ("x", "%00", "%ff", "limit%5B%5D", "Limit", "filter_lang", "a" * 5000):
        told = refused(strict_get(f"{ITEMS}?{name}=1"), 400)
        assert "parameter" in told


def test_random_bytes_in_every_parameter(strict_get):
    draw = random.Random(11)
    for name in PARAMETERS:
        for _ in range(8):
            raw = "".join(f"%{draw.randrange(256):02x}" for _ in range(draw.randrange(1, 12)))
            assert refused(strict_get(f"{ITEMS}?{name}={raw}"), 400)["parameter"] == name, raw


@pytest.mark.parametrize("token", TOKENS)
def test_tokens_that_are_not_ours_are_refused(api, root, token):
    assert refused(api.get(f"{root}{ITEMS}", params={"after": token}), 400)["parameter"] == "after"


@pytest.mark.parametrize("expression", FILTERS, ids=lambda text: text[:30])
def test_filters_that_cannot_be_used_are_refused_as_text_and_as_json(api, root, expression):
    for path in (ITEMS, f"{QUAD}/0/0/0"):
        for more in ({}, {"filter-lang": "cql2-json"}):
            answer = api.get(f"{root}{path}", params={"filter": expression, **more})
            assert refused(answer, 400)["parameter"] == "filter"


def test_what_is_injected_is_a_value_and_nothing_else(read):
    before = read(ITEMS)["numberMatched"]
    for value in ("x' OR 'a' = 'a", "x'; drop table incident; --", "x\\", "%' --", "$1", ":x", "{0}"):
        quoted = value.replace("'", "''")
        assert read(ITEMS, filter=f"external_id = '{quoted}'")["numberMatched"] == 0
        assert read(ITEMS, external_id=value)["numberMatched"] == 0
    assert read(ITEMS)["numberMatched"] == before


@pytest.mark.parametrize(
    "address", ["23/0/0", "-1/0/0", "0/0/1", "0/1/0", "1/2/2", "a/b/c", "0/0/0.mvt", "1e1/0/0", "0/0/%00"]
)
def test_tiles_that_there_cannot_be_are_not_found(strict_get, address):
    refused(strict_get(f"{QUAD}/{address}"), 404)


@pytest.mark.parametrize(
    "identifier", ["0", "-1", "x", "1.5", "9" * 19, "9" * 200, "%00", "%ff", "1%20", "one%2Ftwo", "1;2"]
)
def test_identifiers_that_there_cannot_be_are_not_found(strict_get, identifier):
    refused(strict_get(f"{ITEMS}/{identifier}"), 404)
    refused(strict_get(f"/jobs/{identifier}"), 404)


@pytest.mark.parametrize(
    "path", ["/collections/x", "/collections/x/items", "/collections/%00/items", "/processes/x", "/x"]
)
def test_what_is_not_there_is_not_found(strict_get, path):
    refused(strict_get(path), 404)


BODIES = [
    *((b"", 422), (b"{", 400), (b"\xff", 400), (b"[1", 400), (b"[" * 20_000, 400), (b"null", 422), (b"[]", 422)),
    *(
        (b'"x"', 422),
        (b'{"inputs": 1}', 422),
        (b'{"inputs": {"cell_m": NaN}}', 422),
        (b'{"inputs": {"\\u0000": 1}}', 422),
    ),
    *((b'{"inputs": {}, "outputs": []}', 422), (b'{"response": "xml"}', 422), (b'{"mode": "async"}', 422)),
    (
        json.dumps({"inputs": {"study_area": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 0]]]}}}).encode(),
        422,
    ),
    (json.dumps({"inputs": {"categories": ["x" * 100_000]}}).encode(), 422),
]


@pytest.mark.parametrize(("body", "status"), BODIES, ids=lambda part: repr(part)[:30])
def test_bodies_that_cannot_be_used_are_refused(api, root, body, status):
    told = refused(api.post(f"{root}{EXECUTION}", content=body, headers=JSON), status)
    assert status != 422 or "pointer" in told or told["detail"].startswith("Body")


def test_bodies_of_another_kind_or_size_are_refused(api, root):
    before = api.get(f"{root}/jobs").json()["jobs"]
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    refused(api.post(f"{root}{EXECUTION}", content=b"inputs=1", headers=form), 415)
    refused(api.post(f"{root}{EXECUTION}", content=b'{"inputs": {}}', headers={"Content-Type": "text/plain"}), 415)
    large = json.dumps({"inputs": {"source": "x" * 300_000}}).encode()
    refused(api.post(f"{root}{EXECUTION}", content=large, headers=JSON), 413)
    assert api.get(f"{root}/jobs").json()["jobs"] == before
