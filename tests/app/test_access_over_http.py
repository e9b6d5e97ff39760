"""Credentials, purposes, tokens against forgery, and what is written down of all that."""

import base64

import pytest
from sqlalchemy import text

from app.identity import keys
from app.identity.roles import Role

INCIDENT = {
    "type": "Feature",
    "geometry": {"type": "Point", "coordinates": [22.61234, 57.25678]},
    "properties": {"category": "robbery", "occurred_from": "2026-03-14T22:10:00Z"},
}
ZONE = INCIDENT | {"properties": {"category": "drugs", "reported_by": "citizen"}}


@pytest.fixture
def incidents(municipality):
    return f"/municipalities/{municipality}/incidents"


@pytest.fixture
def events(database):
    """Return the audit events of a kind, oldest first."""

    def read(kind):
        query = text("select * from audit_event where kind = :kind order by id")
        with database.owner_engine.begin() as connection:
            return connection.execute(query, {"kind": kind}).all()

    return read


def problem(answer):
    return answer.status_code, answer.json()["type"].removeprefix("urn:kvart:problem:")


UNKNOWN_KEY = f"Bearer kvart_{'a' * 10}_{'x' * 43}"
FORGED = [
    *("Bearer", "Bearer ", "Bearer x", "bearer kvart_", UNKNOWN_KEY, f"{UNKNOWN_KEY}'--", "Bearer " + "y" * 5000),
    f"Basic {base64.b64encode(b'admin:admin').decode()}",
    "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.",
    "Bearer \xe9\xff",
]


@pytest.mark.parametrize("header", FORGED, ids=range(len(FORGED)))
def test_credential_that_does_not_hold_is_refused_alike_everywhere(anonymous, incidents, header):
    answers = [
        anonymous.get(address, headers={"Authorization": header.encode("latin-1")})
        for address in (incidents, "/municipalities/nowhere/incidents", "/municipalities", "/health", "/ready")
    ]
    assert {problem(answer) for answer in answers} == {(401, "unauthenticated")}
    assert len({answer.content for answer in answers}) == 1
    assert {answer.headers["www-authenticate"] for answer in answers} == {'Bearer realm="Kvart"'}


def test_cookie_that_does_not_hold_is_refused(anonymous, incidents):
    for cookie in ("x", "y" * 43, "../../etc/passwd"):
        answer = anonymous.get("/municipalities", headers={"Cookie": f"kvart-session={cookie}"})
        assert problem(answer) == (401, "unauthenticated")


def test_two_credentials_at_once_are_refused(client, incidents):
    header = client.headers["Authorization"]
    answer = client.get(incidents, headers=[("Authorization", header), ("Authorization", header)])
    assert problem(answer) == (401, "unauthenticated")


def test_wrong_parameter_is_told_only_to_those_who_may(anonymous, client_as, client, incidents):
    address = f"{incidents}?categroy=x&limit=0"
    assert problem(anonymous.get(address)) == (401, "unauthenticated")
    assert problem(client_as(Role.ANALYST, None, scopes=("streets:read",)).get(address)) == (403, "forbidden")
    assert problem(client.get(address)) == (400, "bad_parameter")
    assert problem(anonymous.get(f"{incidents}/not-a-number")) == (401, "unauthenticated")
    assert problem(anonymous.post(incidents, json={"type": "nothing"})) == (401, "unauthenticated")


def test_purpose_comes_from_the_request_or_the_key(client_as, incidents):
    assert problem(client_as(Role.ANALYST, "talsi", purpose=None).get(incidents)) == (403, "purpose_required")
    keyed = client_as(Role.ANALYST, "talsi", purpose=None)
    assert problem(keyed.get(incidents, headers={"Kvart-Purpose": "curiosity"})) == (403, "purpose_required")
    assert keyed.get(incidents, headers={"Kvart-Purpose": "evaluation"}).status_code == 200
    assert keyed.get("/municipalities/talsi/areal-units").status_code == 200


def test_session_changes_nothing_without_its_token(client_as, municipality):
    client, other = (client_as(Role.OFFICER, municipality, by="session") for _ in range(2))
    address = f"/municipalities/{municipality}/danger-zones"
    token = client.headers.pop("X-CSRF-Token")
    for given in (
        {},
        {"X-CSRF-Token": ""},
        {"X-CSRF-Token": "x" * 64},
        {"X-CSRF-Token": other.headers["X-CSRF-Token"]},
    ):
        assert problem(client.post(address, json=ZONE, headers=given)) == (403, "forbidden")
    assert client.post(address, json=ZONE, headers={"X-CSRF-Token": token}).status_code == 201
    form = client.post(address, data={"csrf_token": token})
    assert form.status_code == 415
    assert client.get(address).json()["numberReturned"] == 1


def test_revoked_key_opens_nothing_from_the_next_request_on(client, incidents, database):
    assert client.get(incidents).status_code == 200
    with database.owner_engine.begin() as connection:
        connection.execute(text("update api_key set revoked_at = now()"))
    assert problem(client.get(incidents)) == (401, "unauthenticated")
    assert keys.START in client.headers["Authorization"]


def test_look_is_written_down_with_what_was_seen_why_and_from_where(client, incidents, events):
    for _ in range(3):
        client.post(incidents, json=INCIDENT)
    before = len(events("consultation"))
    answer = client.get(incidents, params={"limit": 2, "category": "robbery"}, headers={"X-Request-ID": "trace-9"})
    assert answer.json()["numberReturned"] == 2
    (event,) = events("consultation")[before:]
    assert (event.actor_kind, event.purpose, event.address, event.request_id, event.municipality_id) == (
        *("key", "administration", "testclient", "trace-9", 1),
    )
    assert event.actor.startswith("administrator-")
    assert event.what == {
        "collection": "incidents",
        "action": "read",
        "address": {"municipality": "talsi"},
        "role": "administrator",
        "precision": "exact",
        "filters": {"limit": "2", "category": "robbery"},
        "looks": [{"collection": "incidents", "number": 2, "first": 1, "last": 2}],
    }


def test_what_is_stored_is_written_down_with_its_identifiers(client, anonymous, incidents, municipality, events):
    client.post(incidents, json={"type": "FeatureCollection", "features": [INCIDENT, INCIDENT]})
    anonymous.post(f"/municipalities/{municipality}/danger-zones", json=ZONE)
    several, one = events("collection")
    assert several.what["looks"] == [{"collection": "incidents", "number": 2, "first": 1, "last": 2}]
    assert (one.actor_kind, one.actor, one.purpose) == ("anonymous", "", None)


def test_what_was_not_seen_is_not_written_down(client, anonymous, incidents, municipality, events):
    assert client.get(f"{incidents}/77").status_code == 404
    assert client.get(incidents, params={"bbox": "wrong"}).status_code == 400
    for layer in ("danger-zones", "streets", "street-lights", "fixes", "categories"):
        assert anonymous.get(f"/municipalities/{municipality}/{layer}").status_code == 200
    assert events("consultation") == []


def test_refusals_are_written_down_without_telling_what_exists(anonymous, client_as, incidents, events):
    anonymous.get(incidents)
    anonymous.get("/municipalities/nowhere%00/incidents")
    client_as(Role.MUNICIPALITY, "talsi").post(incidents, json=INCIDENT)
    anonymous.get(incidents, headers={"Authorization": UNKNOWN_KEY})
    told = events("refusal")
    assert [event.what["code"] for event in told] == [
        "unauthenticated",
        "unauthenticated",
        "forbidden",
        "unauthenticated",
    ]
    assert [event.municipality_id for event in told] == [None] * 4
    assert [event.what["address"]["municipality"] for event in told] == ["talsi", "nowhere", "talsi", "talsi"]
    assert told[2].actor.startswith("municipality-")
    assert not any("kvart_" in str(event) for event in told)


def test_event_is_in_the_transaction_of_what_it_tells_of(application, client, incidents, events, monkeypatch):
    def fail(*_arguments):
        raise RuntimeError("no room")

    monkeypatch.setattr("app.access.audit.record", fail)
    assert client.post(incidents, json=INCIDENT).status_code == 500
    monkeypatch.undo()
    assert client.get(incidents).json()["numberReturned"] == 0
    assert events("collection") == []
