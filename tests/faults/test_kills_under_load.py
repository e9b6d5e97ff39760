"""kill -9 of the service, the worker and the database at random moments, while callers write and read."""

from __future__ import annotations

import random
import signal
import time

import pytest
from load import SECONDS_OF_PATIENCE, Load

from benchmarks.service_process import Service, kill_pid, wait_until

SECONDS_BETWEEN_FAULTS = (0.3, 1.2)
REPORTS_BETWEEN_FAULTS = 3


def kill_service(service: Service) -> None:
    service.kill()
    service.start()


def kill_worker(service: Service) -> None:
    kill_pid(service.worker_pid())


def kill_postmaster(service: Service) -> None:
    kill_pid(service.postmaster_pid())


def restart_database(service: Service) -> None:
    """Shut the database down at once, as an administrator's restart does; the service starts it again."""
    kill_pid(service.postmaster_pid(), signal.SIGINT)


FAULTS = (kill_service, kill_worker, kill_postmaster, restart_database)


@pytest.mark.parametrize("seed", [1])
def test_what_was_acknowledged_is_there_whatever_is_killed(service: Service, seed: int) -> None:
    draw = random.Random(seed)
    with Load(service) as load:
        for fault in [*FAULTS, *draw.choices(FAULTS, k=4)]:
            load.wait_for_reports(REPORTS_BETWEEN_FAULTS)
            time.sleep(draw.uniform(*SECONDS_BETWEEN_FAULTS))
            fault(service)
        load.wait_for_reports(REPORTS_BETWEEN_FAULTS)
        wait_until(lambda: load.runs and load.imports, SECONDS_OF_PATIENCE, "runs and imports are accepted")
    assert load.wrong == []
    check_nothing_is_lost_or_doubled(service, load)


def check_nothing_is_lost_or_doubled(service: Service, load: Load) -> None:
    with service.client() as client:
        for run in [*load.runs, *load.imports]:
            wait_until(lambda run=run: has_ended(client, run), 120, f"run {run} ends")
        states = {run: client.get(f"/municipalities/talsi/runs/{run}").json() for run in load.imports}
    for run, told in states.items():
        assert told["state"] == "succeeded", told
        assert told["summary"]["accepted"] == 200, f"run {run}"
    with service.owner_connection() as connection:
        stored = {text for (text,) in connection.execute("select description from report")}
        assert set(load.zones) <= stored
        sizes = connection.execute("select batch_id, count(*) from incident group by batch_id").fetchall()
        assert {count for _, count in sizes} <= {200}, "an import is there by half"
        batches = connection.execute("select count(*), count(distinct file_sha256) from import_batch").fetchone()
        assert batches is not None
        assert batches[0] == len(sizes)
        doubled = connection.execute(
            "select run_id, cell from hot_spot_cell group by 1, 2 having count(*) > 1"
        ).fetchall()
        assert doubled == []
        unpublished = connection.execute(
            """select id from analysis_run r where kind = 'getis-ord' and state <> 'succeeded'
            and exists (select from hot_spot_cell c where c.run_id = r.id)"""
        ).fetchall()
        assert unpublished == [], "cells of a run that did not succeed"


def has_ended(client, run: int) -> bool:
    answer = client.get(f"/municipalities/talsi/runs/{run}")
    return answer.status_code == 200 and answer.json()["state"] in {"succeeded", "failed"}
