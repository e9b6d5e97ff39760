"""A load on the service that remembers what was acknowledged."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from collections.abc import Callable
from typing import Self

import httpx

from benchmarks.service_process import Service, wait_until

SECONDS_OF_PATIENCE = 120
GONE = (httpx.TransportError,)
BUSY = {503}
"""What a caller is told while the database is away."""


def incidents_csv(rows: int, seed: int) -> bytes:
    """Return a file of incidents inside the town."""
    draw = random.Random(seed)
    lines = ["id,occurred_from,category,longitude,latitude"]
    lines += [
        f"s{seed}-{number},2026-05-{draw.randint(1, 28):02}T12:00:00Z,theft,"
        f"{draw.uniform(22.55, 22.65):.6f},{draw.uniform(57.22, 57.28):.6f}"
        for number in range(rows)
    ]
    return "\n".join(lines).encode()


class Load:
    """Callers that write and read without pause, and remember what they were promised.

    Attributes
    ----------
    zones : list of str
        Descriptions of danger zones whose storing was acknowledged.
    runs : list of int
        Runs whose acceptance was acknowledged.
    imports : list of int
        Runs of imports whose acceptance was acknowledged.
    statuses : Counter
        Answers by status; 0 is a connection that broke.
    wrong : list of str
        Answers that no fault excuses.
    """

    def __init__(self, service: Service, *, pause_s: float = 0.01, rows_per_import: int = 200) -> None:
        self._service = service
        self._pause_s = pause_s
        self._rows = rows_per_import
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._numbers = iter(range(1_000_000))
        self.zones: list[str] = []
        self.runs: list[int] = []
        self.imports: list[int] = []
        self.statuses: Counter[int] = Counter()
        self.wrong: list[str] = []
        jobs = (self._report, self._report, self._look, self._analyse, self._import)
        self._threads = [threading.Thread(target=self._repeat, args=(job,)) for job in jobs]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait_for_reports(self, more: int) -> None:
        """Wait until so many more reports were acknowledged, however slow the machine is."""
        number = len(self.zones) + more
        wait_until(lambda: len(self.zones) >= number, SECONDS_OF_PATIENCE, f"{number} reports are acknowledged")

    def _repeat(self, job: Callable[[httpx.Client, int], httpx.Response]) -> None:
        with self._service.client() as client:
            while not self._stop.wait(self._pause_s):
                with self._lock:
                    number = next(self._numbers)
                try:
                    answer = job(client, number)
                except GONE:
                    with self._lock:
                        self.statuses[0] += 1
                    self._stop.wait(0.05)
                    continue
                self._judge(answer)

    def _judge(self, answer: httpx.Response) -> None:
        with self._lock:
            self.statuses[answer.status_code] += 1
            excused = answer.status_code < 400 or answer.status_code in BUSY or answer.status_code in {409, 429}
            if not excused:
                self.wrong.append(
                    f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text[:300]}"
                )

    def _report(self, client: httpx.Client, number: int) -> httpx.Response:
        zone = {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [22.6, 57.25]},
            "properties": {"category": "street-lighting", "reported_by": "citizen", "description": f"zone {number}"},
        }
        answer = client.post("/municipalities/talsi/danger-zones", json=zone)
        if answer.status_code == 201:
            with self._lock:
                self.zones.append(f"zone {number}")
        return answer

    def _look(self, client: httpx.Client, _number: int) -> httpx.Response:
        answer = client.get("/municipalities/talsi/danger-zones?limit=100")
        if answer.status_code == 200:
            json.loads(answer.text)
        return answer

    def _analyse(self, client: httpx.Client, number: int) -> httpx.Response:
        body = {"kind": "getis-ord", "parameters": {"cell_m": 500.0 + number % 7}}
        return self._submit(client.post("/municipalities/talsi/runs", json=body), self.runs, 0.3)

    def _import(self, client: httpx.Client, number: int) -> httpx.Response:
        files = {"file": (f"part-{number}.csv", incidents_csv(self._rows, number), "text/csv")}
        told = {"kind": "incidents", "source": f"source-{number}"}
        return self._submit(client.post("/municipalities/talsi/imports", data=told, files=files), self.imports, 0.3)

    def _submit(self, answer: httpx.Response, accepted: list[int], pause_s: float) -> httpx.Response:
        if answer.status_code == 201:
            with self._lock:
                accepted.append(answer.json()["id"])
        self._stop.wait(pause_s)
        return answer
