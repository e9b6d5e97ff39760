"""A request has one transaction: stored before it is acknowledged, and never waiting for itself."""

from concurrent.futures import ThreadPoolExecutor

from anyio import Semaphore
from sqlalchemy import event

from app.settings import Settings

ZONE = {
    "type": "Feature",
    "geometry": {"type": "Point", "coordinates": [22.6, 57.25]},
    "properties": {"category": "drugs", "reported_by": "citizen"},
}


def test_nothing_is_acknowledged_that_was_not_committed(application, client, municipality):
    def fail(_connection):
        raise RuntimeError("the disk is full")

    engine = application.state.database.engine
    event.listen(engine, "commit", fail)
    answer = client.post(f"/municipalities/{municipality}/danger-zones", json=ZONE)
    event.remove(engine, "commit", fail)
    assert answer.status_code == 500
    assert "disk" not in answer.text
    assert client.get(f"/municipalities/{municipality}/danger-zones").json()["numberReturned"] == 0


def test_refused_request_leaves_nothing(client, municipality):
    address = f"/municipalities/{municipality}/incidents"
    feature = ZONE | {"properties": {"category": "new category"}}
    far = feature | {"geometry": {"type": "Point", "coordinates": [10, 10]}}
    assert client.post(address, json={"type": "FeatureCollection", "features": [feature, far]}).status_code == 422
    categories = client.get(f"/municipalities/{municipality}/categories", params={"kind": "incident"}).json()
    assert categories == {"categories": []}


def test_more_requests_at_once_than_connections_and_threads(client, municipality):
    """Requests that hold a connection while they wait for a thread, and the other way round, must not lock up."""
    assert 2 * Settings().database.pool_size + 40 < 120
    address = f"/municipalities/{municipality}/danger-zones"
    with ThreadPoolExecutor(120) as callers:
        answers = list(callers.map(lambda number: client.post(address, json=ZONE).status_code, range(240)))
    assert answers == [201] * 240
    assert client.get(address).json()["numberReturned"] == 240


def test_request_that_waits_too_long_is_told_to_come_again(application, client, municipality, monkeypatch):
    monkeypatch.setattr("app.dependencies.LONGEST_WAIT_SECONDS", 0.01)
    application.state.turns = Semaphore(0)
    answer = client.get(f"/municipalities/{municipality}")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
