"""Runs in child processes: ended at once when dismissed, done again when a process dies or freezes, stored once."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from test_worker import count_cells, state_of, submit, wait_for

from app.jobs import children
from app.jobs.environment import child_environment
from app.jobs.service import queue_state
from app.jobs.worker import Worker
from app.runs import service as runs
from app.settings import DatabaseSettings

REPOSITORY = Path(__file__).parents[3]
BUSY = """
import os, time
from pathlib import Path
from app.jobs.handlers import RunResult
from sqlalchemy import text

def execute(database, run, report):
    report(0.25, f"counting in process {os.getpid()}")
    once = Path(os.environ["KVART_TEST_MARKER"])
    if not once.exists():
        sum(number for number in range(10**12))
    def publish(session):
        session.execute(text('''insert into density_cell
            (municipality_id, run_id, cell, geom, cell_x, cell_y, density_per_km2)
            values (:town, :run, 0, st_makeenvelope(22.5, 57.2, 22.51, 57.21, 4326), 0, 0, 1)'''),
            {"town": run.municipality_id, "run": run.id})
        return {"attempt": run.attempt}
    return RunResult({}, None, publish)
"""
INSTEAD = """
from app.jobs import handlers
handlers.HANDLERS["getis-ord"] = "busy_handler:execute"
"""


@pytest.fixture
def environment(database_url, tmp_path):
    """Environment of children whose runs of one kind count without end until the file ``marker`` is there."""
    (tmp_path / "busy_handler.py").write_text(BUSY)
    (tmp_path / "sitecustomize.py").write_text(INSTEAD)
    made = child_environment(DatabaseSettings(database_url=database_url, home=tmp_path / "home"))
    made["PYTHONPATH"] = os.pathsep.join([str(tmp_path), made["PYTHONPATH"]])
    made["KVART_TEST_MARKER"] = str(tmp_path / "marker")
    return made


@pytest.fixture
def worker(database, environment):
    """A worker at work in a thread, its runs in children."""
    worker = Worker(database, child_environment=environment)
    thread = threading.Thread(target=worker.run_forever)
    thread.start()
    yield worker
    worker.stop()
    thread.join()


def finish_from_now_on(environment):
    Path(environment["KVART_TEST_MARKER"]).touch()


def counting_process(database, town, run_id):
    """Return the process that does the run, as soon as it counts."""
    told = [""]

    def counts():
        told[0] = state_of(database, town, run_id).message
        return told[0].startswith("counting")

    wait_for(counts)
    return int(told[0].split()[-1])


def living_workers(database):
    return queue_state(database).workers


def is_gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_work_that_reports_nothing_ends_within_a_second_of_being_dismissed(database, town, worker, environment):
    run_id = submit(database, town)
    pid = counting_process(database, town, run_id)
    asked = time.monotonic()
    with database.inside(town.id) as session:
        runs.dismiss_run(session, town, run_id)
    wait_for(lambda: is_gone(pid))
    assert time.monotonic() - asked < 1.0
    finish_from_now_on(environment)
    other = submit(database, town)
    wait_for(lambda: state_of(database, town, other).state == "succeeded")
    assert state_of(database, town, run_id).state == "dismissed"
    assert count_cells(database) == 1


def test_the_web_process_answers_while_a_run_computes_without_end(client, database, town, worker, environment):
    run_id = submit(database, town)
    pid = counting_process(database, town, run_id)
    address = f"/municipalities/{town.code}"
    assert client.get("/health").status_code == 200
    assert client.get("/ready").status_code == 200
    assert client.get(f"{address}/incidents").json()["numberReturned"] == 0
    assert client.get(f"{address}/ogc/collections/incidents/items").json()["numberMatched"] == 0
    told = client.get(f"{address}/runs/{run_id}").json()
    assert (told["state"], told["progress"], told["message"]) == ("running", 25, f"counting in process {pid}")
    assert pid != os.getpid()
    assert not is_gone(pid)
    assert client.delete(f"{address}/runs/{run_id}").status_code in {200, 204}
    wait_for(lambda: is_gone(pid))


def test_a_run_whose_process_is_killed_is_done_again(database, town, worker, environment):
    run_id = submit(database, town)
    pid = counting_process(database, town, run_id)
    finish_from_now_on(environment)
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: state_of(database, town, run_id).state == "succeeded")
    assert state_of(database, town, run_id).summary == {"attempt": 2}
    assert count_cells(database) == 1


def test_a_run_that_kills_each_of_its_processes_is_given_up(database, town, worker):
    run_id = submit(database, town)
    killed = set()
    while len(killed) < 3:
        pid = counting_process(database, town, run_id)
        if pid not in killed:
            os.kill(pid, signal.SIGKILL)
            killed.add(pid)
    wait_for(lambda: state_of(database, town, run_id).state == "failed")
    assert state_of(database, town, run_id).problem["type"] == "urn:kvart:problem:worker_died"


def test_a_process_that_is_frozen_loses_its_run(database, town, worker, environment, monkeypatch):
    monkeypatch.setattr(children, "STALLED_AFTER_S", 2.0)
    run_id = submit(database, town)
    pid = counting_process(database, town, run_id)
    finish_from_now_on(environment)
    os.kill(pid, signal.SIGSTOP)
    wait_for(lambda: state_of(database, town, run_id).state == "succeeded")
    assert is_gone(pid)
    assert count_cells(database) == 1


def test_a_worker_that_stops_gives_its_run_back_at_once(database, town, environment):
    worker = Worker(database, child_environment=environment)
    thread = threading.Thread(target=worker.run_forever)
    thread.start()
    run_id = submit(database, town)
    pid = counting_process(database, town, run_id)
    asked = time.monotonic()
    worker.stop()
    thread.join()
    assert time.monotonic() - asked < 3
    assert is_gone(pid)
    run = state_of(database, town, run_id)
    assert (run.state, run.message, run.progress) == ("queued", "waiting", 0)
    with database.owner_engine.connect() as connection:
        jobs = connection.exec_driver_sql("select status::text, lock from procrastinate.procrastinate_jobs").all()
    assert jobs == [("todo", str(run_id))]


@pytest.mark.parametrize("fault", [signal.SIGKILL, signal.SIGSTOP])
def test_a_worker_that_is_killed_or_frozen_for_ever_loses_its_run(database, town, environment, fault):
    run_id = submit(database, town)
    lost = subprocess.Popen([sys.executable, "-m", "app.cli", "worker"], cwd=REPOSITORY, env=environment)
    try:
        pid = counting_process(database, town, run_id)
        other = Worker(database, child_environment=environment)
        thread = threading.Thread(target=other.run_forever)
        thread.start()
        wait_for(lambda: living_workers(database) == 2)
        finish_from_now_on(environment)
        lost.send_signal(fault)
        begun = time.monotonic()
        wait_for(lambda: state_of(database, town, run_id).state == "succeeded")
        assert time.monotonic() - begun < 15
        other.stop()
        thread.join()
    finally:
        lost.send_signal(signal.SIGCONT)
        lost.kill()
        lost.wait()
    assert state_of(database, town, run_id).summary == {"attempt": 2}
    assert count_cells(database) == 1
    wait_for(lambda: is_gone(pid))


def test_several_runs_are_done_at_a_time(database, town, environment):
    worker = Worker(database, concurrency=2, child_environment=environment)
    thread = threading.Thread(target=worker.run_forever)
    thread.start()
    try:
        pids = {counting_process(database, town, run_id) for run_id in [submit(database, town) for _ in range(2)]}
        assert len(pids) == 2
    finally:
        worker.stop()
        thread.join()


def test_children_give_memory_back_unless_the_operator_says_otherwise(database_url, tmp_path, monkeypatch):
    settings = DatabaseSettings(database_url=database_url, home=tmp_path)
    monkeypatch.delenv("ARROW_DEFAULT_MEMORY_POOL", raising=False)
    monkeypatch.setenv("MALLOC_ARENA_MAX", "7")
    made = child_environment(settings)
    assert (made["ARROW_DEFAULT_MEMORY_POOL"], made["MALLOC_ARENA_MAX"]) == ("system", "7")
