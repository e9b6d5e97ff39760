"""The clock of the service jumps by days; what expires is decided by the clock of the database."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from app.jobs.worker import Worker

JUMPS = (timedelta(days=3), timedelta(days=-3), timedelta(days=400), timedelta(days=-400))


@pytest.mark.parametrize("jump", JUMPS, ids=str)
def test_work_goes_on_and_credentials_stay_valid_when_the_clock_jumps(client, municipality, database, jump) -> None:
    first = hand_in(client, municipality, 1)
    with time_machine.travel(jump, tick=True):
        second = hand_in(client, municipality, 2)
        assert Worker(database).run_until_idle() == 2
        assert client.get("/ready").status_code == 200
    third = hand_in(client, municipality, 3)
    assert Worker(database).run_until_idle() == 1
    listed = client.get(f"/municipalities/{municipality}/runs").json()["runs"]
    assert [run["id"] for run in listed] == [third, second, first]
    assert {run["state"] for run in listed} == {"succeeded"}
    moments = [run["created_at"] for run in listed]
    assert moments == sorted(moments, reverse=True), "the database's clock tells when runs were asked for"


def hand_in(client, municipality: str, number: int) -> int:
    rows = [f"{number}-{row},2026-05-01T12:00:00Z,theft,22.6,57.25" for row in range(50)]
    content = "\n".join(["id,occurred_from,category,longitude,latitude", *rows])
    files = {"file": (f"part-{number}.csv", content, "text/csv")}
    told = {"kind": "incidents", "source": f"s{number}"}
    answer = client.post(f"/municipalities/{municipality}/imports", data=told, files=files)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]
