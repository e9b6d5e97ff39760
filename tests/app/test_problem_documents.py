"""Every error is a problem document that helps and tells nothing of the inside."""

import json
import logging

import pytest

from app.database.sessions import Database
from app.errors import DatabaseUnavailableError
from app.municipalities import service as municipalities

PROBLEM = "application/problem+json"


def problem(answer, status):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    document = answer.json()
    assert document["status"] == status
    assert document["type"].startswith("urn:kvart:problem:")
    assert document["detail"]
    return document


@pytest.fixture
def incidents(municipality):
    return f"/municipalities/{municipality}/incidents"


def test_unknown_address(client):
    assert "/nowhere" in problem(client.get("/nowhere"), 404)["detail"]


def test_unknown_municipality(client):
    for code in ("nobody", "NoBody", "a" * 64, "%00", "x'--", "..%2f..%2fetc"):
        problem(client.get(f"/municipalities/{code}/incidents"), 404)


def test_unknown_feature(client, incidents):
    for identifier in ("1", "0", "-1", "x", "9" * 19, "9" * 30, "1.5", "%F0%9F%98%80"):
        problem(client.get(f"{incidents}/{identifier}"), 404)


def test_unknown_method_names_the_known_ones(client, incidents):
    answer = client.put(incidents, json={})
    problem(answer, 405)
    assert {"GET", "POST"} & set(answer.headers["allow"].replace(" ", "").split(","))


def test_unknown_parameter_is_named_with_the_known_ones(client, incidents):
    document = problem(client.get(incidents, params={"categroy": "x"}), 400)
    assert document["parameter"] == "categroy"
    assert "category" in document["hint"]


def test_repeated_parameter_is_refused(client, incidents):
    assert problem(client.get(f"{incidents}?limit=1&limit=2"), 400)["parameter"] == "limit"


BAD_VALUES = {
    "limit": ["0", "-1", "10001", "many", "1e9", ""],
    "bbox": [
        *("1,2,3", "1,2,3,4,5", "a,b,c,d", "nan,0,1,1", "inf,0,1,1", "0,1,1,0", "0,-91,1,0", "", "1,2,3,4'--"),
        "500000,6000000,500100,6000100",
    ],
    "datetime": [
        *("yesterday", "2026-01-01", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z", "../..", "/", "a/b/c", ""),
        *("2026-02-01T00:00:00Z/2026-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
    ],
    "after": ["1", "", "x" * 64, "x" * 65, "aWQ6MQ==", "aWQ6LTE", "aWQ6OTk5OTk5OTk5OTk5OTk5OTk5OQ", "ä"],
    "time_precision": ["fortnight"],
    "category": ["x" * 101],
}


@pytest.mark.parametrize("name", BAD_VALUES)
def test_bad_parameter_is_named(client, incidents, name):
    for value in BAD_VALUES[name]:
        assert problem(client.get(incidents, params={name: value}), 400)["parameter"] == name, value


def test_plus_of_an_offset_that_was_read_as_a_blank_is_explained(client, incidents):
    document = problem(client.get(f"{incidents}?datetime=2026-01-01T00:00:00+02:00"), 400)
    assert "%2B" in document["hint"]


def test_broken_json(client, incidents):
    for body in ("{", "[" * 100_000, '{"type": "Feature"', "\x00", "{'a': 1}", "1" * 5000):
        problem(client.post(incidents, content=body, headers={"Content-Type": "application/json"}), 400)
    for body in ("", "[]", "1", "null", '"text"'):
        problem(client.post(incidents, content=body, headers={"Content-Type": "application/json"}), 422)


def test_other_media_types(client, incidents):
    for media_type in ("text/plain", "text/csv", "application/xml", "", "application/geo", "a/b;c"):
        problem(client.post(incidents, content="{}", headers={"Content-Type": media_type}), 415)


def test_body_larger_than_the_cap_is_refused_by_its_declared_length(client, incidents):
    document = problem(client.post(incidents, content=b"x" * (256 * 1024 + 1)), 413)
    assert "262,144" in document["detail"]


def test_body_larger_than_the_cap_is_refused_while_it_arrives(client, incidents):
    def chunks():
        for _ in range(300):
            yield b" " * 1024

    answer = client.post(incidents, content=chunks(), headers={"Content-Type": "application/json"})
    problem(answer, 413)


def test_unexpected_error_tells_the_request_id_and_nothing_else(client, caplog, monkeypatch):
    def break_down(session, query):
        raise RuntimeError("secret internals")

    monkeypatch.setattr(municipalities, "list_municipalities", break_down)
    with caplog.at_level(logging.ERROR, logger="kvart"):
        answer = client.get("/municipalities", headers={"X-Request-ID": "trace-1"})
    document = problem(answer, 500)
    assert document["request_id"] == answer.headers["x-request-id"] == "trace-1"
    assert "secret" not in answer.text
    record = next(record for record in caplog.records if record.levelname == "ERROR")
    assert "secret internals" in str(record.exc_info)


def test_database_that_does_not_answer(client, monkeypatch):
    def fail(session, query):
        raise DatabaseUnavailableError("The connection was lost.", "Try again.")

    monkeypatch.setattr(municipalities, "list_municipalities", fail)
    answer = client.get("/municipalities")
    problem(answer, 503)
    assert answer.headers["retry-after"] == "5"


def test_database_that_went_away_under_way(application, client, anonymous, database):
    application.state.database = Database(database.url.set(database="gone"))
    problem(client.get("/municipalities"), 503)
    answer = anonymous.get("/ready")
    assert (answer.status_code, answer.json()["database"]) == (503, False)


def test_every_answer_carries_the_safe_headers(client):
    for address in ("/health", "/nowhere", "/", "/docs", "/static/kvart.css"):
        headers = client.get(address).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] in {"no-referrer", "same-origin"}
        assert "frame-ancestors" in headers["content-security-policy"]
        assert len(headers["x-request-id"]) == 16


def test_strange_request_ids_are_replaced(client):
    for given in ("a b", "x" * 65, 'a"b'):
        assert client.get("/health", headers={"X-Request-ID": given}).headers["x-request-id"] != given


def test_log_names_the_route_and_no_personal_data(client, incidents, caplog):
    with caplog.at_level(logging.INFO, logger="kvart"):
        client.get(f"{incidents}/4711?category=secret")
    fields = next(record.fields for record in caplog.records if record.getMessage() == "request")
    assert fields["route"].endswith("/incidents/{id}")
    assert "4711" not in json.dumps(fields)
    assert "secret" not in json.dumps(fields)
