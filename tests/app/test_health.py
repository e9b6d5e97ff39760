"""Health of the process and readiness of the service."""

from sqlalchemy import text

from app.jobs.service import QueueState


class Worker:
    def __init__(self, alive):
        self.alive = alive


def test_process_is_alive(client):
    answer = client.get("/health")
    assert answer.status_code == 200
    assert answer.json() == {"status": "alive", "version": answer.json()["version"]}
    assert answer.json()["version"].startswith("kvart ")


def test_service_is_ready(client):
    answer = client.get("/ready")
    assert answer.status_code == 200
    queue = {"waiting": 0, "running": 0, "workers": 0, "oldest_s": 0.0, "moves": True}
    assert answer.json() == {
        "status": "ready",
        "database": True,
        "schema_current": True,
        "worker": None,
        "queue": queue,
    }


def test_schema_of_another_version_is_not_ready(client, database):
    with database.owner_engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = 'other'"))
    answer = client.get("/ready")
    assert (answer.status_code, answer.json()["schema_current"]) == (503, False)


def test_dead_worker_is_not_ready(application, client):
    application.state.worker = Worker(alive=True)
    assert client.get("/ready").status_code == 200
    application.state.worker = Worker(alive=False)
    assert client.get("/ready").status_code == 503
    application.state.worker = None


def test_queue_that_stands_still_is_told_and_stops_only_the_process_that_should_move_it(
    client, application, monkeypatch
):
    monkeypatch.setattr("app.health.service.queue_state", lambda database: QueueState(3, 0, 301.0))
    assert client.get("/ready").json()["queue"]["moves"] is False
    assert client.get("/ready").status_code == 200
    application.state.worker = Worker(alive=True)
    assert client.get("/ready").status_code == 503
    application.state.worker = None


def test_queue_moves_while_a_run_is_done_or_none_waits_long():
    assert QueueState(5, 1, 4000.0).moves
    assert QueueState(5, 0, 299.0).moves
    assert not QueueState(1, 0, 301.0).moves
