"""A million incidents from CSV into the real table, with quarantine."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.csv as arrow_csv
import shapely
from shapely.geometry import mapping

from app.database.embedded import EmbeddedCluster
from app.database.sessions import Database
from app.ingest.report import ImportReport
from app.ingest.service import import_file
from app.municipalities.service import create_municipality
from benchmarks.clusters import empty_database, temporary_cluster
from benchmarks.report import Row, Section, Timing, measure, peak_mb
from benchmarks.service_process import Service, wait_until

N_ROWS = 1_000_000
BAD_SHARE = 0.01
BOX = (-87.90, 41.65, -87.55, 42.02)
RUNS = 3
TARGET_SECONDS = N_ROWS / 100_000


def run() -> Section:
    """Measure the import of a fresh file, the same file again, and ogr2ogr on the same file."""
    with temporary_cluster() as (cluster, directory):
        path = write_incidents(directory / "incidents.csv")
        fresh, reports = _measure_fresh(cluster, path)
        again = _measure_again(cluster, path)
        peer, loaded = _measure_ogr2ogr(cluster, path)
        database = new_database(cluster)
        peak = peak_mb(lambda: take_in(database, path))
        database.close()
        over_http = _measure_over_http(path, directory)
    counts = reports[-1].counts
    rate = f"{N_ROWS / fresh.median:,.0f} rows/s; {counts.accepted:,} accepted, {counts.quarantined:,} quarantined"
    rows = (
        Row("fresh file", fresh, TARGET_SECONDS, "ogr2ogr (COPY)", peer, peak, f"{rate}; ogr2ogr: {loaded}"),
        Row("the same file again: every row compared", again, note=f"{N_ROWS / again.median:,.0f} rows/s"),
        over_http,
    )
    return Section(
        "ingest",
        "Ingest",
        f"{N_ROWS:,} incidents in a CSV of {BAD_SHARE:.0%} bad rows into the table `incident` of an embedded cluster "
        "(durable), from opening the file to the commit: parsing, local time to UTC, projection, categories, "
        "quarantine, warnings, keys, references and indexes. ogr2ogr loads the same file as text columns with "
        "a point and a spatial index; it checks nothing.",
        rows,
    )


def new_database(cluster: EmbeddedCluster) -> Database:
    """Return a database with one municipality, the one before dropped."""
    database = empty_database(cluster)
    with database.transaction() as session:
        box = shapely.box(*BOX)
        create_municipality(session, code="town", name="Town", boundary=box, time_zone="America/Chicago")
    return database


def write_incidents(path: Path) -> Path:
    """Write the seeded file: unique ids in random order, and five kinds of bad rows."""
    random = np.random.default_rng(20)
    west, south, east, north = BOX
    longitude = np.char.mod("%.6f", random.uniform(west, east, N_ROWS))
    latitude = np.char.mod("%.6f", random.uniform(south, north, N_ROWS))
    minutes = random.integers(0, 5 * 365 * 1440, N_ROWS).astype("timedelta64[m]")
    times = np.char.replace(np.datetime_as_string(np.datetime64("2015-01-01T00:00") + minutes), "T", " ")
    bad = np.array_split(random.choice(N_ROWS, int(N_ROWS * BAD_SHARE), replace=False), 5)
    longitude[bad[0]] = latitude[bad[0]] = "0"
    longitude[bad[1]] = ""
    times[bad[2]] = "2016-13-45 10:00"
    longitude[bad[3]], latitude[bad[3]] = latitude[bad[3]].copy(), longitude[bad[3]].copy()
    latitude[bad[4]] = "unknown"
    kinds = np.array(["THEFT", "BATTERY", "ASSAULT", "BURGLARY", "ROBBERY", "NARCOTICS"])
    table = {
        "id": np.char.mod("HX%07d", random.permutation(N_ROWS)),
        "category": kinds[random.integers(0, len(kinds), N_ROWS)],
        "occurred_from": times,
        "longitude": longitude,
        "latitude": latitude,
        "beat": random.integers(111, 2535, N_ROWS).astype("U4"),
    }
    arrow_csv.write_csv(pa.table(table), path)
    return path


def take_in(database: Database, path: Path) -> ImportReport:
    """Import the file."""
    return import_file(database, "town", "incidents", path, source="police")


def _measure_fresh(cluster: EmbeddedCluster, path: Path) -> tuple[Timing, list[ImportReport]]:
    reports = []
    for _ in range(RUNS + 1):
        database = new_database(cluster)
        reports.append(take_in(database, path))
        database.close()
    return Timing(tuple(report.seconds for report in reports[1:])), reports


def _measure_again(cluster: EmbeddedCluster, path: Path) -> Timing:
    database = new_database(cluster)
    take_in(database, path)
    timing = measure(lambda: take_in(database, path), runs=RUNS, warm=0)
    database.close()
    return timing


def _measure_over_http(path: Path, directory: Path) -> Row:
    """Hand the file to a service of its own, and read the most memory that its processes held since their start."""
    service = Service(directory / "service" / "home")
    service.home.mkdir(parents=True)
    try:
        service.start()
        town = {"code": "town", "name": "Town", "time_zone": "America/Chicago"}
        place = {"type": "Feature", "geometry": mapping(shapely.box(*BOX)), "properties": town}
        with service.client(timeout=600) as client, path.open("rb") as body:
            client.post("/municipalities", json=place).raise_for_status()
            begin = time.perf_counter()
            form = {"kind": "incidents", "source": "police"}
            sent = client.post("/municipalities/town/imports", data=form, files={"file": (path.name, body)})
            run = sent.raise_for_status().headers["location"]
            wait_until(lambda: client.get(run).json()["state"] in {"succeeded", "failed"}, 600, "the import is done")
            taken = time.perf_counter() - begin
            state = client.get(run).json()["state"]
        web, child = service.web_peak_mb(), service.run_peak_mb()
    finally:
        service.stop()
    note = (
        f"{state}; peak is the resident memory of the process that imports, its libraries included (aim: below 300); "
        f"the web process {web:.0f} MB"
    )
    return Row("the file over HTTP, from the upload to the end of its run", Timing((taken,)), peak_mb=child, note=note)


def _measure_ogr2ogr(cluster: EmbeddedCluster, path: Path) -> tuple[Timing | str, str]:
    program = shutil.which("ogr2ogr")
    if program is None:
        return "not installed", ""
    database = new_database(cluster)
    name = str(database.url.database)
    call = [
        program, "-f", "PostgreSQL", f"PG:{cluster.conninfo(name)}", str(path), "-nln", "loaded", "-overwrite",
        "-a_srs", "EPSG:4326", "-oo", "X_POSSIBLE_NAMES=longitude", "-oo", "Y_POSSIBLE_NAMES=latitude",
        "--config", "PG_USE_COPY", "YES",
    ]  # fmt: skip
    timing = measure(lambda: subprocess.run(call, check=True, capture_output=True), runs=RUNS)
    with psycopg.connect(cluster.conninfo(name)) as connection:
        query = "select count(*), count(*) filter (where wkb_geometry is null or st_x(wkb_geometry) = 0) from loaded"
        found = connection.execute(query).fetchone() or (0, 0)
    database.close()
    return timing, f"{found[0]:,} rows loaded, {found[1]:,} of them nowhere or at (0, 0), none told"
