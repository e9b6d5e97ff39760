"""The audit log over HTTP: administrators of the municipality, newest first, a page at a time."""

import pytest

from app.identity.roles import Role

SQUARE = [[[22.5, 57.2], [22.7, 57.2], [22.7, 57.3], [22.5, 57.3], [22.5, 57.2]]]
ZONE = {
    "type": "Feature",
    "geometry": {"type": "Point", "coordinates": [22.6, 57.25]},
    "properties": {"category": "street-lighting", "reported_by": "municipality"},
}


@pytest.fixture
def address(client, municipality):
    """Address of the log, in which five zones were made."""
    for _ in range(5):
        assert client.post(f"/municipalities/{municipality}/danger-zones", json=ZONE).status_code == 201
    return f"/municipalities/{municipality}/audit"


def test_pages_follow_one_another_newest_first(client, address):
    first = client.get(address, params={"kind": "collection", "most": 3}).json()
    then = client.get(address, params={"kind": "collection", "most": 3, "before": first["next_before"]}).json()
    numbers = [event["id"] for event in first["events"] + then["events"]]
    assert len(numbers) == 5
    assert numbers == sorted(numbers, reverse=True)
    assert then["next_before"] is None
    event = first["events"][0]
    assert event["what"]["collection"] == "danger-zones"
    assert (event["actor_kind"], event["sealed"]) == ("key", False)
    assert event["address"]
    assert event["request_id"]


def test_looking_at_the_log_is_an_event_of_it(client, address):
    client.get(address)
    newest = client.get(address, params={"kind": "consultation"}).json()["events"][0]
    assert newest["what"]["collection"] == "audit"
    assert newest["purpose"] == "administration"


def test_filters(client, address):
    actor = client.get(address).json()["events"][0]["actor"]
    assert client.get(address, params={"actor": actor, "kind": "collection"}).json()["events"]
    assert client.get(address, params={"actor": "nobody"}).json()["events"] == []
    assert client.get(address, params={"until": "2020-01-01T00:00:00Z"}).json()["events"] == []
    assert client.get(address, params={"since": "2020-01-01T00:00:00Z"}).json()["events"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("before", "0"),
        ("before", "-1"),
        ("before", "1e3"),
        ("before", "99999999999999999999"),
        ("before", "aWQ6MQ"),
        ("most", "100000"),
        ("kind", "gossip"),
        ("since", "yesterday"),
        ("since", "2026-01-01T00:00:00"),
        ("actor", "a\x00b"),
        ("cursor", "7"),
    ],
)
def test_forged_parameters_are_named(client, address, name, value):
    answer = client.get(address, params={name: value})
    assert answer.status_code == 400
    assert answer.json()["parameter"] == name


def test_a_span_that_ends_before_it_begins(client, address):
    params = {"since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}
    assert "ends before it begins" in client.get(address, params=params).json()["detail"]


def test_the_administrator_of_a_neighbour_sees_nothing(client_as, address, client):
    square = {"type": "Polygon", "coordinates": SQUARE}
    told = {"code": "kandava", "name": "Kandava", "time_zone": "Europe/Riga"}
    assert client.post("/municipalities", json={"type": "Feature", "geometry": square, "properties": told}).is_success
    other = client_as(Role.ADMINISTRATOR, "kandava")
    assert other.get(address).status_code == 403
    assert client_as(Role.COMMANDER, "talsi").get(address).status_code == 403
    assert client_as(Role.ADMINISTRATOR, "talsi").get(address).status_code == 200
