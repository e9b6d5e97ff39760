"""Server-sent events of runs, runs that are repeated, and how many one caller may have waiting."""

import asyncio
import json
import threading

import pytest

from app.identity.roles import Role
from app.jobs.handlers import RunResult
from app.jobs.worker import Worker
from app.municipalities.service import find_municipality
from app.runs import service as runs
from app.runs import watching
from app.runs.watching import RunWatch

RUNS = "/municipalities/talsi/runs"
REQUEST = {"kind": "getis-ord", "parameters": {"cell_m": 500}}


@pytest.fixture
def run(client, municipality):
    answer = client.post(RUNS, json=REQUEST)
    assert answer.status_code == 201
    return answer.json()


def events_of(text):
    """Return the events of a stream: their identifiers and what they say of the run."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            assert fields["event"] == "run"
            found.append((fields["id"], json.loads(fields["data"])))
    return found


def follow(client, run, known=None):
    """Return the answer to a reader who follows a run in a thread, and the thread."""
    answers = []
    headers = {"Last-Event-ID": known} if known else {}
    thread = threading.Thread(target=lambda: answers.append(client.get(f"{RUNS}/{run['id']}/events", headers=headers)))
    thread.start()
    return answers, thread


def wait_for_readers(application, count):
    """Wait until so many follow runs; the end of the test is the limit."""
    while application.state.run_watch.readers != count:
        threading.Event().wait(0.01)


def test_a_reader_is_told_every_state_until_the_run_has_ended(client, application, database, run):
    answers, thread = follow(client, run)
    wait_for_readers(application, 1)

    def half_way(database, claimed, report):
        report(0.5, "half way")
        return RunResult({"cells": 3})

    assert Worker(database, handlers={"getis-ord": half_way}).run_until_idle() == 1
    thread.join()
    assert answers[0].headers["content-type"].startswith("text/event-stream")
    events = events_of(answers[0].text)
    assert events[0][1]["state"] in {"queued", "running"}
    assert (events[-1][1]["state"], events[-1][1]["progress"]) == ("succeeded", 100)
    assert events[-1][1] == client.get(f"{RUNS}/{run['id']}").json()
    assert len({identifier for identifier, _ in events}) == len(events)
    wait_for_readers(application, 0)


def test_a_reader_who_comes_back_is_told_what_is_new_only(client, database, run):
    client.delete(f"{RUNS}/{run['id']}")
    ((known, told),) = events_of(client.get(f"{RUNS}/{run['id']}/events").text)
    assert told["state"] == "dismissed"
    again = client.get(f"{RUNS}/{run['id']}/events", headers={"Last-Event-ID": known})
    assert (again.status_code, again.text) == (204, "")
    assert len(events_of(client.get(f"{RUNS}/{run['id']}/events", headers={"Last-Event-ID": "other"}).text)) == 1


def test_a_run_that_is_not_there_or_not_yours_cannot_be_followed(client_as, client, run):
    assert client.get(f"{RUNS}/99/events").status_code == 404
    assert client_as(Role.PUBLIC).get(f"{RUNS}/{run['id']}/events").status_code == 403


def test_there_is_an_end_to_the_number_of_readers(client, application, run):
    application.state.run_watch._most = 1
    answers, thread = follow(client, run)
    wait_for_readers(application, 1)
    refused = client.get(f"{RUNS}/{run['id']}/events")
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "10"
    client.delete(f"{RUNS}/{run['id']}")
    thread.join()
    assert events_of(answers[0].text)[-1][1]["state"] == "dismissed"


def test_a_slow_reader_holds_nothing_and_is_told_the_latest(client, database, run, monkeypatch):
    monkeypatch.setattr(watching, "PAUSE_S", 0.0)
    watch = RunWatch(database)
    with database.transaction() as session:
        town = find_municipality(session, "talsi")

    async def read_slowly():
        stream = watch.follow(town, run["id"])
        assert await anext(stream) == b": follow\n\n"
        first = await anext(stream)
        for percent in (10, 20, 30):
            with database.inside(town.id) as session:
                runs.get_run(session, town, run["id"]).progress = percent
        second = await anext(stream)
        with database.inside(town.id) as session:
            runs.dismiss_run(session, town, run["id"])
        return first, second, [part async for part in stream]

    try:
        first, second, rest = asyncio.run(read_slowly())
    finally:
        watch.stop()
    ((_, told),) = events_of(first.decode())
    assert told["state"] == "queued"
    ((_, told),) = events_of(second.decode())
    assert told["progress"] == 30
    assert events_of(b"".join(rest).decode())[-1][1]["state"] == "dismissed"
    assert watch.readers == 0


def test_a_run_is_repeated_with_its_parameters_and_seed(client, municipality):
    asked = client.post(RUNS, json={"kind": "sensitivity", "parameters": {"cell_m": 400}, "seed": 5}).json()
    answer = client.post(f"{RUNS}/{asked['id']}/repeat")
    assert answer.status_code == 201
    again = answer.json()
    assert answer.headers["Location"] == f"{RUNS}/{again['id']}"
    assert again["id"] != asked["id"]
    assert again["repeat_of"] == asked["id"]
    for name in ("kind", "parameters", "seed", "software_version"):
        assert again[name] == asked[name]
    assert client.post(f"{RUNS}/99/repeat").status_code == 404


def test_an_import_is_not_repeated(client, municipality):
    file = {"file": ("incidents.csv", b"id,occurred_from,category,longitude,latitude\n", "text/csv")}
    told = {"kind": "incidents", "source": "police"}
    imported = client.post("/municipalities/talsi/imports", data=told, files=file).json()
    answer = client.post(f"{RUNS}/{imported['id']}/repeat")
    assert answer.status_code == 409
    assert answer.json()["hint"] == "Send the file again."


def test_one_caller_cannot_fill_the_queue(client, client_as, municipality, monkeypatch):
    monkeypatch.setattr(runs, "MAX_UNFINISHED_OF_CALLER", 2)
    accepted = [client.post(RUNS, json=REQUEST).json()["id"] for _ in range(2)]
    refused = client.post(RUNS, json=REQUEST)
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "10"
    assert "2 runs that you asked for wait" in refused.json()["detail"]
    assert client_as(Role.ANALYST, "talsi").post(RUNS, json=REQUEST).status_code == 201
    client.delete(f"{RUNS}/{accepted[0]}")
    assert client.post(f"{RUNS}/{accepted[1]}/repeat").status_code == 201
