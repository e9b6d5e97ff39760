"""Public files of nine cities through the service: import with quarantine, then the main job on Chicago."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import shapely

from app.database.sessions import Database
from app.ingest.municipalities import MunicipalityOptions, import_municipalities
from app.ingest.service import import_file
from app.jobs.worker import Worker
from app.municipalities.service import create_municipality, find_municipality
from app.runs import service as runs
from benchmarks.clusters import empty_database, temporary_cluster
from benchmarks.report import Row, Section, Timing

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
RUNS = 3


@dataclass(frozen=True)
class CityFile:
    """A file of a city and the boundary it belongs to: a file of polygons or a box in degrees."""

    city: str
    boundary: str | tuple[float, float, float, float]
    time_zone: str
    kind: str
    path: str
    profile: dict[str, Any] = field(default_factory=dict)


_CHICAGO = ("chicago", "chicago/police_districts.geojson", "America/Chicago")
_CAMBRIDGE = ("cambridge", "cambridge_ma/city_boundary.geojson", "America/New_York")
FILES = (
    CityFile(*_CHICAGO, "areal-units", "chicago/census_block_groups_2010.parquet"),
    CityFile(*_CHICAGO, "beats", "chicago/police_beats.geojson"),
    CityFile(*_CHICAGO, "incidents", "chicago/incidents_aggravated_assaults_2010_2019.csv.gz"),
    CityFile(*_CHICAGO, "reports", "chicago/reports_311_sanitation.csv.gz"),
    CityFile(*_CAMBRIDGE, "street-lights", "cambridge_ma/street_lights.geojson"),
    CityFile(*_CAMBRIDGE, "streets", "cambridge_ma/street_centerlines.geojson"),
    CityFile(
        "boston", "boston/police_districts.geojson", "America/New_York", "reports", "boston/reports_311_2011h2.csv.gz"
    ),
    CityFile(
        "vancouver", "vancouver/neighbourhoods.geojson", "America/Vancouver",
        "incidents", "vancouver/incidents_all_2020_utm10n.csv.gz", {"crs": "EPSG:32610"},
    ),
    CityFile(
        "mexico-city", (-99.4, 19.0, -98.9, 19.6), "America/Mexico_City",
        "incidents", "mexico_city/incidents_car_jacking_2019.gpkg", {"utc_label": "local"},
    ),
    CityFile(
        "new-york", "new_york/police_precincts.gpkg", "America/New_York",
        "incidents", "new_york/incidents_vehicle_thefts_2014_2017.csv.gz",
    ),
    CityFile(
        "manchester", "greater_manchester/wards_2016.geojson", "Europe/London",
        "incidents", "greater_manchester/incidents_burglary_police_uk.csv.gz",
    ),
    CityFile(
        "merseyside", (-3.3, 53.2, -2.5, 53.7), "Europe/London",
        "incidents", "merseyside/incidents_shoplifting_police_uk_2019_05.csv.gz",
    ),
    CityFile(
        "memphis", "memphis/police_precincts.geojson", "America/Chicago",
        "incidents", "memphis/incidents_robberies_2019.geojson",
    ),
)  # fmt: skip
ANALYSES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("density, quartic 800 m, cells of 200 m", "kernel-density", {"radius_m": 800, "cell_m": 200}),
    ("Gi*, cells of 300 m", "getis-ord", {"cell_m": 300}),
    ("beats of 3,000-7,000, workload = incidents", "beat-allocation", {"officers": False, "plan_name": "bench"}),
)


def run() -> Section:
    """Import every file and run the analyses of Chicago."""
    about = (
        "Open data with its defects, each file imported into an embedded cluster; Chicago's analyses are runs of the "
        "service, from the incidents in the database to the stored layer."
    )
    if not DATA.is_dir():
        return Section("real_cities", "Real cities", f"{about} Not measured: the data folder is absent.", ())
    with temporary_cluster() as (cluster, _):
        imports = [_measured_import(empty_database(cluster), file) for file in FILES]
        database = empty_database(cluster)
        for file in FILES:
            if file.city == "chicago" and file.kind in {"areal-units", "incidents"}:
                _store_city(database, file)
                _take_in(database, file)
        analyses = [_measured_analysis(database, *analysis) for analysis in ANALYSES]
        database.close()
    return Section("real_cities", "Real cities", about, (*imports, *analyses))


def _store_city(database: Database, file: CityFile) -> None:
    if isinstance(file.boundary, str):
        options = MunicipalityOptions(
            dissolve=True, skip_invalid=True, name=file.city, code=file.city, time_zone=file.time_zone
        )
        import_municipalities(database, DATA / file.boundary, options)
        return
    with database.transaction() as session:
        box = shapely.box(*file.boundary)
        create_municipality(session, code=file.city, name=file.city, boundary=box, time_zone=file.time_zone)


def _take_in(database: Database, file: CityFile) -> Any:
    return import_file(database, file.city, file.kind, DATA / file.path, source="open data", profile=file.profile)


def _measured_import(database: Database, file: CityFile) -> Row:
    with _closing(database):
        _store_city(database, file)
        report = _take_in(database, file)
    counts = report.counts
    note = (
        f"{counts.rows_read:,} rows: {counts.accepted:,} accepted, {counts.unchanged:,} repeated, "
        f"{counts.quarantined:,} quarantined; {counts.rows_read / report.seconds:,.0f} rows/s"
    )
    return Row(f"import {file.city} {file.kind}", Timing((report.seconds,)), note=note)


def _measured_analysis(database: Database, what: str, kind: str, parameters: dict[str, Any]) -> Row:
    seconds = []
    for _ in range(RUNS + 1):
        with database.transaction() as session:
            city = find_municipality(session, "chicago")
            run_id = runs.submit_run(session, city, kind, parameters).id
        start = time.perf_counter()
        Worker(database).run_until_idle()
        seconds.append(time.perf_counter() - start)
    with database.transaction() as session:
        summary = runs.get_run(session, city, run_id).summary or {}
    return Row(f"Chicago {what}", Timing(tuple(seconds[1:])), note=str(summary.get("reading", "")).split(". ")[0])


@contextmanager
def _closing(database: Database) -> Iterator[None]:
    try:
        yield
    finally:
        database.close()
