"""Figures for Prometheus."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.errors import DatabaseUnavailableError
from app.metrics.instruments import Instruments


def samples(text):
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def figure(client, name, **labels):
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return samples(answer.text).get((name, *sorted(labels.items())))


def test_requests_are_counted_by_route_and_status_never_by_address(client, municipality):
    client.get(f"/municipalities/{municipality}/streets")
    client.get("/municipalities/nowhere-at-all/streets")
    route = "/municipalities/{municipality}/streets"
    assert figure(client, "kvart_http_requests_total", method="GET", route=route, status="200") == 1
    assert figure(client, "kvart_http_requests_total", method="GET", route=route, status="404") == 1
    assert "nowhere" not in client.get("/metrics").text


def test_latency_of_each_route_is_a_histogram(client):
    client.get("/health")
    assert figure(client, "kvart_http_request_seconds_count", route="/health") == 1
    assert figure(client, "kvart_http_request_seconds_bucket", route="/health", le="+Inf") == 1


def test_unknown_methods_share_one_label():
    instruments = Instruments()
    for method in ("BREW", "SPILL"):
        instruments.observe_request(method, "none", 405, 0.01)
    value = instruments.registry.get_sample_value(
        "kvart_http_requests_total", {"method": "other", "route": "none", "status": "405"}
    )
    assert value == 2


@pytest.mark.parametrize("state", ["queued", "running"])
def test_queue_is_told(client, state):
    assert figure(client, "kvart_runs_unfinished", state=state) == 0


def test_waiting_runs_and_connections_are_told(client, municipality):
    answer = client.post(f"/municipalities/{municipality}/runs", json={"kind": "getis-ord", "parameters": {}})
    assert answer.status_code == 201
    assert figure(client, "kvart_runs_unfinished", state="queued") == 1
    assert figure(client, "kvart_queue_oldest_seconds") >= 0
    assert figure(client, "kvart_database_up") == 1
    assert figure(client, "kvart_database_connections", state="in use") >= 0


def test_a_database_that_does_not_answer_leaves_the_other_figures(client, monkeypatch):
    def unavailable(database):
        raise DatabaseUnavailableError("The database refused a connection.")

    monkeypatch.setattr("app.metrics.service.jobs.queue_state", unavailable)
    assert figure(client, "kvart_database_up") == 0
    assert figure(client, "kvart_runs_unfinished", state="queued") is None


def test_the_worker_of_the_process_is_told(application, client):
    class Worker:
        alive = True

    application.state.worker = Worker()
    assert figure(client, "kvart_worker_alive") == 1
    application.state.worker = None
    assert figure(client, "kvart_worker_alive") is None
