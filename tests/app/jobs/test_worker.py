import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from analysis.errors import ZeroVarianceError
from app.jobs.handlers import RunResult
from app.jobs.performing import MAX_ATTEMPTS
from app.jobs.worker import Worker
from app.runs import service as runs
from app.runs.repository import find_run

STUBBORN_WORKER = """
import sys, time
from pathlib import Path
from sqlalchemy import make_url, text
from app.database.sessions import Database
from app.jobs.handlers import RunResult
from app.jobs.worker import Worker

def stubborn(database, run, report):
    for step in range(6000):
        report(0.5, f"holding {step}")
        time.sleep(0.01)
    return RunResult({"by": "stubborn"})

Worker(Database(make_url(sys.argv[1])), handlers={"getis-ord": stubborn}).run_forever()
"""


def submit(database, town, **more):
    with database.inside(town.id) as session:
        return runs.submit_run(session, town, "getis-ord", {}, **more).id


def state_of(database, town, run_id):
    with database.inside(town.id) as session:
        return find_run(session, town.id, run_id)


def wait_for(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.02)
    pytest.fail("waited in vain")


def publish_cell(run):
    def publish(session):
        session.execute(
            text("""insert into density_cell (municipality_id, run_id, cell, geom, cell_x, cell_y, density_per_km2)
                values (:town, :run, 0, st_makeenvelope(22.5, 57.2, 22.51, 57.21, 4326), 0, 0, 1)"""),
            {"town": run.municipality_id, "run": run.id},
        )
        return {"cells": 1}

    return publish


def count_cells(database):
    with database.owner_engine.connect() as connection:
        return connection.scalar(text("select count(*) from density_cell"))


def succeed(database, run, report):
    report(0.5, "half")
    return RunResult({"attempt": run.attempt}, "f" * 64, publish_cell(run))


def test_a_queued_run_is_done_and_its_result_published(database, town):
    seen = []
    run_id = submit(database, town, seed=7)
    worker = Worker(
        database, handlers={"getis-ord": succeed}, observer=lambda run, done, told: seen.append((done, told))
    )
    assert worker.run_until_idle() == 1
    run = state_of(database, town, run_id)
    assert (run.state, run.progress, run.attempt, run.seed) == ("succeeded", 100, 1, 7)
    assert run.summary == {"attempt": 1, "cells": 1}
    assert run.input_fingerprint == "f" * 64
    assert run.started_at <= run.finished_at
    assert seen == [(0.5, "half")]
    assert count_cells(database) == 1
    assert worker.run_until_idle() == 0


def test_runs_are_done_in_the_order_in_which_they_came(database, town):
    ids = [submit(database, town) for _ in range(3)]
    done = []
    handlers = {"getis-ord": lambda database, run, report: done.append(run.id) or RunResult({})}
    assert Worker(database, handlers=handlers).run_until_idle() == 3
    assert done == ids


def test_bad_input_fails_the_run_with_a_problem_document(database, town):
    def refuse(database, run, report):
        raise ZeroVarianceError("Every cell holds 3 events.", "Choose smaller cells.")

    run_id = submit(database, town)
    Worker(database, handlers={"getis-ord": refuse}).run_until_idle()
    run = state_of(database, town, run_id)
    assert run.state == "failed"
    assert run.problem["type"] == "urn:kvart:problem:zero_variance"
    assert run.problem["hint"] == "Choose smaller cells."
    assert run.message == "Every cell holds 3 events."


def test_an_unexpected_error_fails_the_run_without_telling_internals(database, town, caplog):
    def break_down(database, run, report):
        raise KeyError("secret")

    run_id = submit(database, town)
    Worker(database, handlers={"getis-ord": break_down}).run_until_idle()
    run = state_of(database, town, run_id)
    assert run.state == "failed"
    assert "secret" not in str(run.problem)
    assert f"run {run_id}" in run.problem["hint"]
    assert "secret" in caplog.text


def test_a_result_that_cannot_be_stored_leaves_nothing_behind(database, town):
    def half_publish(database, run, report):
        def publish(session):
            publish_cell(run)(session)
            raise ValueError("broken in the middle")

        return RunResult({}, None, publish)

    run_id = submit(database, town)
    Worker(database, handlers={"getis-ord": half_publish}).run_until_idle()
    assert state_of(database, town, run_id).state == "failed"
    assert count_cells(database) == 0


def test_a_run_that_is_dismissed_while_it_runs_stops_and_publishes_nothing(database, town):
    def dismissed_meanwhile(database, run, report):
        with database.inside(town.id) as session:
            runs.dismiss_run(session, town, run.id)
        report(0.5, "still here")
        pytest.fail("the report should have stopped the run")

    run_id = submit(database, town)
    Worker(database, handlers={"getis-ord": dismissed_meanwhile}).run_until_idle()
    run = state_of(database, town, run_id)
    assert (run.state, run.message, run.summary) == ("dismissed", "dismissed", None)


def test_a_run_that_is_dismissed_after_its_last_report_publishes_nothing(database, town):
    def dismissed_at_the_end(database, run, report):
        with database.inside(town.id) as session:
            runs.dismiss_run(session, town, run.id)
        return RunResult({}, None, publish_cell(run))

    run_id = submit(database, town)
    Worker(database, handlers={"getis-ord": dismissed_at_the_end}).run_until_idle()
    assert state_of(database, town, run_id).state == "dismissed"
    assert count_cells(database) == 0


def test_a_worker_that_stops_gives_its_run_back(database, town):
    def stop_me(database, run, report):
        worker.stop()
        report(0.1, "begun")

    run_id = submit(database, town)
    worker = Worker(database, handlers={"getis-ord": stop_me})
    worker.run_forever()
    assert state_of(database, town, run_id).state == "queued"
    assert Worker(database, handlers={"getis-ord": succeed}).run_until_idle() == 1
    assert state_of(database, town, run_id).attempt == 2


def test_a_waiting_worker_wakes_up_at_once(database, town):
    worker = Worker(database, handlers={"getis-ord": succeed})
    thread = threading.Thread(target=worker.run_forever)
    thread.start()
    try:
        time.sleep(0.3)
        run_id = submit(database, town)
        wait_for(lambda: state_of(database, town, run_id).state == "succeeded")
        run = state_of(database, town, run_id)
        assert (run.started_at - run.created_at).total_seconds() < 0.9
    finally:
        worker.stop()
        thread.join()


def test_several_workers_do_each_run_once(database, town):
    ids = [submit(database, town) for _ in range(12)]
    done = []

    def slow(database, run, report):
        done.append(run.id)
        time.sleep(0.02)
        return RunResult({}, None, publish_cell(run))

    workers = [Worker(database, handlers={"getis-ord": slow}) for _ in range(3)]
    threads = [threading.Thread(target=worker.run_until_idle) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == ids
    assert count_cells(database) == 12


def start_stubborn_worker(database_url):
    return subprocess.Popen([sys.executable, "-c", STUBBORN_WORKER, database_url], cwd=Path(__file__).parents[3])


def test_a_run_of_a_killed_worker_is_done_by_another_exactly_once(database, database_url, town):
    run_id = submit(database, town)
    killed = start_stubborn_worker(database_url)
    try:
        wait_for(lambda: state_of(database, town, run_id).message.startswith("holding"))
        assert Worker(database, handlers={"getis-ord": succeed}).run_until_idle() == 0
    finally:
        killed.kill()
        killed.wait()
    worker = Worker(database, handlers={"getis-ord": succeed})
    wait_for(lambda: worker.run_until_idle() == 1, seconds=15)
    run = state_of(database, town, run_id)
    assert (run.state, run.attempt, run.summary["attempt"]) == ("succeeded", 2, 2)
    assert count_cells(database) == 1


def test_a_run_that_kills_its_workers_is_given_up(database, town):
    run_id = submit(database, town)
    with database.inside(town.id) as session:
        session.execute(text("update analysis_run set state = 'running', attempt = :n"), {"n": MAX_ATTEMPTS})
    assert Worker(database, handlers={"getis-ord": succeed}).run_until_idle() == 0
    run = state_of(database, town, run_id)
    assert run.state == "failed"
    assert run.problem["type"] == "urn:kvart:problem:worker_died"


def test_a_frozen_worker_that_wakes_up_finds_itself_fenced_off(database, town):
    def overtaken(database, run, report):
        with database.inside(town.id) as session:
            session.execute(text("update analysis_run set attempt = attempt + 1"))
        return RunResult({"by": "the frozen one"}, None, publish_cell(run))

    run_id = submit(database, town)
    assert Worker(database, handlers={"getis-ord": overtaken}).run_until_idle() == 0
    assert count_cells(database) == 0
    assert Worker(database, handlers={"getis-ord": succeed}).run_until_idle() == 1
    assert state_of(database, town, run_id).summary == {"attempt": 3, "cells": 1}


def test_a_worker_outlives_a_lost_connection(database, town):
    worker = Worker(database, handlers={"getis-ord": succeed})
    thread = threading.Thread(target=worker.run_forever)
    thread.start()
    try:
        time.sleep(0.3)
        with database.owner_engine.connect() as connection:
            connection.execute(
                text("""select pg_terminate_backend(pid) from pg_stat_activity
                    where pid <> pg_backend_pid() and datname = current_database() and query not like 'insert%'""")
            )
        run_id = submit(database, town)
        wait_for(lambda: state_of(database, town, run_id).state == "succeeded")
    finally:
        worker.stop()
        thread.join()


def test_the_worker_process_ends_with_its_parent_and_is_restarted_when_it_dies(database, database_url, town):
    script = f"""
import os, sys, time
os.environ["KVART_DATABASE_URL"] = {database_url!r}
from app.jobs import process
from app.settings import DatabaseSettings
process.FIRST_RESTART_S = 0.05
workers = process.WorkerProcess(DatabaseSettings())
workers.start()
first = workers.pid
os.kill(first, 9)
while workers.pid == first:
    time.sleep(0.02)
print(workers.pid, flush=True)
time.sleep(60)
"""
    parent = subprocess.Popen(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[3], stdout=subprocess.PIPE, text=True
    )
    try:
        child = int(parent.stdout.readline())
        run_id = submit(database, town)
        wait_for(lambda: state_of(database, town, run_id).finished_at is not None)
        assert is_alive(child)
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        parent.stdout.close()
    wait_for(lambda: not is_alive(child), seconds=10)


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_worker_command_does_what_waits(database, database_url, town):
    run_id = submit(database, town)
    command = [sys.executable, "-m", "app.cli", "worker", "--until-idle"]
    environment = {**os.environ, "KVART_DATABASE_URL": database_url}
    done = subprocess.run(
        command, check=False, env=environment, capture_output=True, text=True, cwd=Path(__file__).parents[3]
    )
    assert (done.returncode, done.stdout) == (0, "1 runs done.\n"), done.stderr
    assert state_of(database, town, run_id).state == "failed"
