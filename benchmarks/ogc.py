"""Pages, whole reads and tiles of the OGC API against tipg and pygeoapi on the same PostGIS, one worker each."""

from __future__ import annotations

import itertools
import json
import math
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from app.ogc.exports import EXPORTS
from benchmarks.ogc_peers import PROPERTIES, TABLE, Peer, running_peers
from benchmarks.report import Row, Section, Timing, measure_in_turns
from benchmarks.service_process import Service, wait_until

N_ROWS = 200_000
N_READ = 20_000
READERS = 50
READS_EACH = 10
IMPORTED = 1_000_000
MIDDLE = (22.6, 57.25)
ROOT = "/municipalities/talsi/ogc"
ITEMS = f"{ROOT}/collections/incidents/items"
FILL = f"""
insert into incident (municipality_id, category_id, geom, x, y, time_precision, occurred_from, occurred_to,
    recorded_area, external_id)
select m.id, c.id, st_setsrid(st_point(22.5 + random() * 0.2, 57.2 + random() * 0.1), 4326), 0, 0, 'hour', t, t,
    'A' || (n % 50), n::text
from generate_series(1, {N_ROWS}) as n
cross join lateral (select timestamptz '2025-01-01' + (n % 365) * interval '1 day' as t) as times
cross join (select id from municipality where code = 'talsi') as m
join lateral (select id from category where municipality_id = m.id and code = 'theft' limit 1) as c on true
"""
FLAT = f"""
create table {TABLE} as
select i.id, c.code as category, i.occurred_from, i.occurred_to, i.time_precision, i.recorded_area, i.external_id,
    i.batch_id, i.weight, i.geom::geometry(Point, 4326) as geom
from incident as i left join category as c on c.municipality_id = i.municipality_id and c.id = i.category_id;
alter table {TABLE} add primary key (id);
create index on {TABLE} using gist (geom);
"""


def run() -> Section:
    """Time the same requests of all three servers, turn by turn."""
    directory = Path(tempfile.mkdtemp(prefix="kvart-ogc-"))
    directory.chmod(0o711)
    service = Service(directory / "home")
    try:
        service.start()
        service.create_town()
        with service.owner_connection() as connection:
            connection.execute(
                "insert into category (municipality_id, kind, code, label) "
                "select id, 'incident', 'theft', 'Theft' from municipality on conflict do nothing"
            )
            connection.execute(FILL)
            connection.execute(FLAT)
            connection.commit()
            connection.autocommit = True
            connection.execute("vacuum analyze incident, category")
            connection.execute(f"vacuum analyze {TABLE}")
            conninfo = connection.info.dsn
        with running_peers(conninfo, directory) as peers, service.client() as ours:
            rows = (*_pages(ours, peers), *_whole_reads(service, peers), *_tiles(ours, peers), *_readers(ours, peers))
        rows = (*rows, *_exports(service), _import(service))
    finally:
        service.stop()
        shutil.rmtree(directory, ignore_errors=True)
    return Section(
        "ogc",
        "OGC API",
        f"{N_ROWS:,} incidents with {len(PROPERTIES)} properties; one worker each. Ours reads a row-secured table "
        "joined to its categories, checks a key and writes an audit event; the peers read a plain table with the same "
        "values. Ours tells in `links` what leads to the next page by key; theirs by offset.",
        rows,
    )


def _pages(ours: httpx.Client, peers: tuple[Peer, ...]) -> list[Row]:
    """Ask for pages as they are, and as clients that take compressed bytes get them; pygeoapi compresses nothing."""
    last = _last_page(ours)
    rows = []
    for encoding, how in (("identity", ""), ("gzip", ", gzip where offered")):
        for limit, aim in ((1000, 5), (10_000, 9)):
            own = partial(_ask, ours, f"{ITEMS}?limit={limit}", encoding)
            theirs = [f"{peer.items}&limit={limit}" for peer in peers]
            rows += _compared(f"a page of {limit:,} features{how}", own, peers, theirs, encoding, f"aim: {aim} times")
        own = partial(_ask, ours, last, encoding)
        theirs = [f"{peer.items}&limit=1000&offset={N_ROWS - 1000}" for peer in peers]
        rows += _compared(f"the last page of 1,000{how}", own, peers, theirs, encoding, "aim: 3 times")
    return rows


def _compared(
    what: str, own: Callable[[], bytes], peers: Iterable[Peer], paths: list[str], encoding: str, note: str
) -> list[Row]:
    """Ask ours and each peer for the same, in turns and in the same encoding."""
    with ExitStack() as stack:
        clients = [stack.enter_context(httpx.Client(base_url=peer.address, timeout=120)) for peer in peers]
        theirs = [partial(_ask, client, path, encoding) for client, path in zip(clients, paths, strict=True)]
        sizes = [f"{len(_filled(work())) / 1e3:,.0f} kB" for work in (own, *theirs)]
        timing, *others = measure_in_turns(own, *theirs)
    begin = f"{note}; " if note else ""
    return [
        Row(what, timing, peer=peer.name, theirs=other, note=f"{begin}{sizes[0]}, theirs {size}, uncompressed")
        for peer, other, size in zip(peers, others, sizes[1:], strict=True)
    ]


def _ask(client: httpx.Client, path: str, encoding: str = "gzip") -> bytes:
    return client.get(path, headers={"Accept-Encoding": encoding}).raise_for_status().content


def _filled(answer: bytes) -> bytes:
    """Return an answer; one without features would measure nothing."""
    if len(answer) < 10_000:
        raise ValueError(f"an answer holds {len(answer)} bytes: no features")
    return answer


def _last_page(ours: httpx.Client) -> str:
    """Return the address of the last page of 1,000, by following the links in large steps."""
    address = f"{ITEMS}?limit=1000"
    step = f"{ITEMS}?limit=10000"
    for _ in range(N_ROWS // 10_000 - 1):
        step = _next(ours, step)
    before = step.replace("limit=10000", "limit=9000")
    address = _next(ours, before).replace("limit=9000", "limit=1000")
    assert ours.get(address).json()["numberReturned"] == 1000
    return address


def _next(ours: httpx.Client, address: str) -> str:
    links = ours.get(address).raise_for_status().json()["links"]
    return str(next(link["href"] for link in links if link["rel"] == "next"))


def _whole_reads(service: Service, peers: tuple[Peer, ...]) -> list[Row]:
    """Let GDAL read the first features of each server into a file; and from a file, which is what GDAL itself takes."""
    if shutil.which("ogr2ogr") is None:
        return [Row(f"GDAL reads {N_READ:,} features", Timing((0.0,)), note="not measured: ogr2ogr is not installed")]
    header = f"Authorization: Bearer {service.key}"
    works = [partial(_read, f"OAPIF:{service.address}{ROOT}", "incidents", header)]
    works += [partial(_read, f"OAPIF:{peer.address}{peer.oapif}", peer.collection, "") for peer in peers]
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "incidents.geojson"
        file.write_text(json.dumps({"type": "FeatureCollection", "features": _first_features(service)}))
        own, *others, alone = measure_in_turns(*works, partial(_read, str(file), "incidents", ""), runs=7, warm=1)
    note = "pages of 1,000 asked by GDAL through the document of each; aim: 3 times"
    rows = [
        Row(f"GDAL reads {N_READ:,} features", own, peer=peer.name, theirs=other, note=note)
        for peer, other in zip(peers, others, strict=True)
    ]
    return [*rows, Row("GDAL reads the same from a file", alone, note="no server: GDAL's own part of the rows above")]


def _first_features(service: Service) -> list[Any]:
    features: list[Any] = []
    address = f"{ITEMS}?limit=10000"
    with service.client() as client:
        while len(features) < N_READ:
            features += client.get(address).raise_for_status().json()["features"]
            address = _next(client, address)
    return features


def _read(source: str, collection: str, header: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run(
            ["ogr2ogr", "-limit", str(N_READ), f"{directory}/read.gpkg", source, collection,
             "-oo", "PAGE_SIZE=1000"],
            env={**os.environ, "GDAL_HTTP_HEADERS": header},
            check=True,
            capture_output=True,
            timeout=300,
        )  # fmt: skip


def _tiles(ours: httpx.Client, peers: tuple[Peer, ...]) -> list[Row]:
    """Ask for a tile with some 10,000 points as it is kept in memory, and made anew each time as theirs always is."""
    place = _tile_at(*MIDDLE, zoom=13)
    path = f"{ROOT}/collections/incidents/tiles/WebMercatorQuad/{{z}}/{{y}}/{{x}}".format(**place)
    moments = itertools.count()

    def made_anew() -> bytes:
        return _ask(ours, f"{path}?datetime=2000-01-01T00:{next(moments):02d}:00Z/..", "identity")

    timed = [peer for peer in peers if peer.tile]
    theirs = [peer.tile.format(**place) for peer in timed]
    kept = partial(_ask, ours, path, "identity")
    rows = _compared("a vector tile", kept, timed, theirs, "identity", "ours kept by data version; aim: not slower")
    return rows + _compared("a vector tile, made anew", made_anew, timed, theirs, "identity", "")


def _tile_at(longitude: float, latitude: float, *, zoom: int) -> dict[str, int]:
    """Return the address of the tile of WebMercatorQuad that holds a place."""
    tiles = 2**zoom
    north = 1 - math.asinh(math.tan(math.radians(latitude))) / math.pi
    return {"z": zoom, "x": int((longitude + 180) / 360 * tiles), "y": int(north / 2 * tiles)}


def _readers(ours: httpx.Client, peers: tuple[Peer, ...]) -> list[Row]:
    """Let fifty readers ask for pages of 100 at the same time."""
    key = dict(ours.headers)
    own = _concurrent(str(ours.base_url), f"{ITEMS}?limit=100", key)
    rows = []
    for peer in peers:
        theirs = _concurrent(peer.address, f"{peer.items}&limit=100", {})
        note = f"p99 {_percentile(own):.2f} s, theirs {_percentile(theirs):.2f} s"
        rows.append(Row(f"a page of 100 under {READERS} readers", own, peer=peer.name, theirs=theirs, note=note))
    return rows


def _concurrent(address: str, path: str, headers: dict[str, str]) -> Timing:
    def read(_: int) -> list[float]:
        with httpx.Client(base_url=address, headers=headers, timeout=120) as client:
            return [_seconds(partial(_ask, client, path)) for _ in range(READS_EACH)]

    with ThreadPoolExecutor(READERS) as readers:
        return Timing(tuple(second for some in readers.map(read, range(READERS)) for second in some))


def _seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _percentile(timing: Timing) -> float:
    return sorted(timing.seconds)[int(0.99 * (len(timing.seconds) - 1))]


def _import(service: Service) -> Row:
    """Send a file of a million rows over HTTP, and watch the memory of the web process."""
    file = service.home.parent / "incidents.csv"
    with file.open("w") as rows:
        rows.write("id,lon,lat,category,date\n")
        rows.writelines(
            f"{n},{22.5 + (n % 1999) / 10_000:.5f},{57.2 + (n % 997) / 10_000:.5f},theft,2025-{n % 12 + 1:02d}-11\n"
            for n in range(IMPORTED)
        )
    with _watched(service) as memory, service.client(timeout=600) as client, file.open("rb") as body:
        begin = time.perf_counter()
        form = {"kind": "incidents", "source": "bench"}
        sent = client.post("/municipalities/talsi/imports", data=form, files={"file": ("incidents.csv", body)})
        taken = time.perf_counter() - begin
        run = sent.raise_for_status().headers["location"]
        wait_until(lambda: client.get(run).json()["state"] in {"succeeded", "failed"}, 600, "the import is done")
        done = time.perf_counter() - begin
        state = client.get(run).json()["state"]
    sent_mb = file.stat().st_size / 1e6
    note = (
        f"{sent_mb:.0f} MB sent; {state} after {done:.0f} s; the web process grew by {memory.web_mb:.0f} MB at most, "
        f"the worker and its child by {memory.worker_mb:.0f} MB (aim: below 300)"
    )
    return Row(f"upload of {IMPORTED:,} rows over HTTP", Timing((taken,)), peak_mb=memory.web_mb, note=note)


def _exports(service: Service) -> list[Row]:
    """Fetch everything as a file of each format, and watch the memory of the web process."""
    rows = []
    with service.client(timeout=600) as client:
        for name, kind in EXPORTS.items():
            client.get(f"{ITEMS}?f={name}&limit=1").raise_for_status()  # loads what writes the format
            with _watched(service) as memory:
                begin = time.perf_counter()
                with client.stream("GET", f"{ITEMS}?f={name}", headers={"Accept-Encoding": "identity"}) as answer:
                    parts = answer.raise_for_status().iter_raw()
                    size = len(next(parts))
                    first = time.perf_counter() - begin
                    size += sum(map(len, parts))
                taken = time.perf_counter() - begin
            note = (
                f"{size / 1e6:.0f} MB, the first of it after {first:.2f} s; the web process grew by "
                f"{memory.web_mb:.0f} MB at most, the process that writes to {memory.other_mb:.0f} MB"
            )
            rows.append(Row(f"{N_ROWS:,} features as {kind.title}", Timing((taken,)), peak_mb=memory.web_mb, note=note))
    return rows


@dataclass
class _Memory:
    """How much the web process and the worker grew at most, and how large other processes of the service were, MB."""

    web_mb: float = 0.0
    worker_mb: float = 0.0
    other_mb: float = 0.0


@contextmanager
def _watched(service: Service) -> Iterator[_Memory]:
    """Watch the memory of a service meanwhile."""
    memory, finished = _Memory(), threading.Event()
    before = service.web_memory_mb(), service.worker_memory_mb()

    def watch() -> None:
        while not finished.wait(0.02):
            memory.web_mb = max(memory.web_mb, service.web_memory_mb() - before[0])
            memory.worker_mb = max(memory.worker_mb, service.worker_memory_mb() - before[1])
            memory.other_mb = max(memory.other_mb, service.writer_memory_mb())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield memory
    finally:
        finished.set()
        watcher.join()
