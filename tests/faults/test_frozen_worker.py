"""A worker that freezes in the middle of a run and wakes up: one result, whoever publishes it."""

from __future__ import annotations

import signal
import time

from load import incidents_csv

from benchmarks.service_process import Service, kill_pid, wait_until

ROWS = 60_000


def submit_import(service: Service) -> int:
    files = {"file": ("many.csv", incidents_csv(ROWS, 1), "text/csv")}
    with service.client() as client:
        answer = client.post("/municipalities/talsi/imports", data={"kind": "incidents", "source": "s"}, files=files)
        assert answer.status_code == 201, answer.text
        run = answer.json()["id"]
        wait_until(lambda: state(service, run) != "queued", 30, "the run starts")
    return run


def state(service: Service, run: int) -> str:
    with service.client() as client:
        return client.get(f"/municipalities/talsi/runs/{run}").json()["state"]


def stored(service: Service) -> tuple[int, int]:
    with service.owner_connection() as connection:
        row = connection.execute(
            "select (select count(*) from incident), (select count(*) from import_batch)"
        ).fetchone()
    assert row is not None
    return row


def test_a_worker_that_freezes_and_wakes_stores_its_result_once(service: Service) -> None:
    run = submit_import(service)
    worker = service.worker_pid()
    kill_pid(worker, signal.SIGSTOP)
    time.sleep(1.5)
    kill_pid(worker, signal.SIGCONT)
    wait_until(lambda: state(service, run) == "succeeded", 60, "the run ends")
    assert stored(service) == (ROWS, 1)


def test_a_frozen_worker_whose_service_was_replaced_wakes_to_nothing(service: Service) -> None:
    run = submit_import(service)
    frozen = service.worker_pid()
    kill_pid(frozen, signal.SIGSTOP)
    service.kill()
    service.start()
    kill_pid(frozen, signal.SIGCONT)
    wait_until(lambda: state(service, run) == "succeeded", 60, "the other worker does the run")
    assert stored(service) == (ROWS, 1)
