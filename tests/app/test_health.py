"""Health of the process and readiness of the service."""

from sqlalchemy import text


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
    assert answer.json() == {"status": "ready", "database": True, "schema_current": True, "worker": None}


def test_schema_of_another_version_is_not_ready(client, database):
    with database.transaction() as session:
        session.execute(text("update alembic_version set version_num = 'other'"))
    answer = client.get("/ready")
    assert (answer.status_code, answer.json()["schema_current"]) == (503, False)


def test_dead_worker_is_not_ready(application, client):
    application.state.worker = Worker(alive=True)
    assert client.get("/ready").status_code == 200
    application.state.worker = Worker(alive=False)
    assert client.get("/ready").status_code == 503
    application.state.worker = None
