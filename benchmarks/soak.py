"""Ten minutes of mixed requests at a steady rate: errors, latencies, and whether memory stays flat."""

from __future__ import annotations

import random
import shutil
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.report import Row, Section, Timing
from benchmarks.service_process import Service

SECONDS = 600.0
REQUESTS_PER_SECOND = 50.0
CALLERS = 16
SAMPLE_MEMORY_S = 2.0
TOWN = "/municipalities/talsi"
ZONES = 2000
"""Danger zones that are there from the beginning."""


@dataclass(frozen=True)
class Soak:
    """What a soak showed.

    Attributes
    ----------
    seconds : tuple of float
        Time of each answered request.
    statuses : Counter
        Answers by status; 0 is a broken connection.
    memory_mb : tuple of float
        Resident memory of the service and its worker, sampled at even times.
    """

    seconds: tuple[float, ...]
    statuses: Counter[int]
    memory_mb: tuple[float, ...]

    @property
    def errors(self) -> int:
        """Requests that were not answered as they should."""
        return sum(count for status, count in self.statuses.items() if not 200 <= status < 300)

    @property
    def growth(self) -> float:
        """Memory of the last quarter over that of the second, as a share; the first quarter warms up."""
        quarter = max(1, len(self.memory_mb) // 4)
        early, late = self.memory_mb[quarter : 2 * quarter], self.memory_mb[-quarter:]
        return statistics.median(late) / statistics.median(early) - 1.0

    def percentile(self, share: float) -> float:
        """Return the time within which this share of the requests was answered, seconds."""
        return sorted(self.seconds)[min(len(self.seconds) - 1, int(share * len(self.seconds)))]


def soak(service: Service, *, seconds: float, rate: float, seed: int = 0) -> Soak:
    """Put a steady mixed load on a service whose municipality exists.

    Each kind of request is asked once before: what is loaded when it is first used is no growth.

    Parameters
    ----------
    service : Service
    seconds : float
    rate : float
        Requests per second, begun on time whether or not the earlier ones are answered.
    seed : int
    """
    draw = random.Random(seed)
    asks, weights = zip(*_REQUESTS.items(), strict=True)
    times: list[float] = []
    statuses: Counter[int] = Counter()
    lock = threading.Lock()

    def ask_once(ask: Callable[[httpx.Client, random.Random], httpx.Response], draw_seed: int) -> None:
        begin = time.perf_counter()
        try:
            status = ask(client, random.Random(draw_seed)).status_code
        except httpx.TransportError:
            status = 0
        with lock:
            times.append(time.perf_counter() - begin)
            statuses[status] += 1

    memory: list[float] = []
    with service.client() as client, ThreadPoolExecutor(CALLERS) as callers:
        for ask in asks:
            ask(client, random.Random(seed)).raise_for_status()
        begin = time.monotonic()
        for number in range(int(seconds * rate)):
            time.sleep(max(0.0, begin + number / rate - time.monotonic()))
            callers.submit(ask_once, draw.choices(asks, weights)[0], draw.randrange(2**31))
            if number >= len(memory) * SAMPLE_MEMORY_S * rate:
                memory.append(service.memory_mb())
    return Soak(tuple(times), statuses, tuple(memory))


def run() -> Section:
    """Soak the service for ten minutes."""
    directory = Path(tempfile.mkdtemp(prefix="kvart-soak-"))
    directory.chmod(0o711)
    service = Service(directory / "home")
    try:
        service.start()
        service.create_town()
        fill(service, ZONES)
        found = soak(service, seconds=SECONDS, rate=REQUESTS_PER_SECOND)
    finally:
        service.stop()
        shutil.rmtree(directory, ignore_errors=True)
    note = (
        f"{len(found.seconds):,} requests, {found.errors} errors; p99 {found.percentile(0.99) * 1000:.0f} ms; memory "
        f"of service and worker {statistics.median(found.memory_mb):.0f} MB, "
        f"last quarter {found.growth:+.1%} over the second"
    )
    what = f"{SECONDS / 60:.0f} minutes at {REQUESTS_PER_SECOND:.0f} requests/s: pages, maps, reports, runs"
    return Section(
        "soak",
        "Soak",
        "One service with one worker on the embedded, durable database; every request carries a key and is audited.",
        (Row(what, Timing(found.seconds), peak_mb=max(found.memory_mb), note=note),),
    )


def fill(service: Service, zones: int) -> None:
    """Store danger zones and one result, so that pages and maps have something to show."""
    draw = random.Random(1)
    with service.client() as client:
        for _ in range(zones):
            _report(client, draw).raise_for_status()
        _analyse(client, draw).raise_for_status()


def _page(client: httpx.Client, draw: random.Random) -> httpx.Response:
    west, south = draw.uniform(22.5, 22.65), draw.uniform(57.2, 57.28)
    return client.get(f"{TOWN}/danger-zones?limit=200&bbox={west:.4f},{south:.4f},{west + 0.05:.4f},{south + 0.02:.4f}")


def _large_page(client: httpx.Client, _draw: random.Random) -> httpx.Response:
    return client.get(f"{TOWN}/danger-zones?limit=1000")


def _runs(client: httpx.Client, _draw: random.Random) -> httpx.Response:
    return client.get(f"{TOWN}/runs")


def _home(client: httpx.Client, _draw: random.Random) -> httpx.Response:
    return client.get("/")


def _map(client: httpx.Client, _draw: random.Random) -> httpx.Response:
    return client.get(f"{TOWN}/maps/lighting")


def _report(client: httpx.Client, draw: random.Random) -> httpx.Response:
    zone = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [draw.uniform(22.52, 22.68), draw.uniform(57.22, 57.28)]},
        "properties": {"category": "street-lighting", "reported_by": "citizen", "description": "no lamp works here"},
    }
    return client.post(f"{TOWN}/danger-zones", json=zone)


def _analyse(client: httpx.Client, draw: random.Random) -> httpx.Response:
    parameters = {"events": "incidents", "cell_m": float(draw.randint(300, 600))}
    return client.post(f"{TOWN}/runs", json={"kind": "getis-ord", "parameters": parameters})


_REQUESTS = {_page: 0.70, _large_page: 0.05, _runs: 0.10, _home: 0.06, _map: 0.005, _report: 0.08, _analyse: 0.005}
"""Share of each kind of request."""
