"""The main job on the sample town, through the same services as HTTP: import, analyse, write layers and maps."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from app.analyses import service as analyses
from app.analyses.parameters.area import GridParameters
from app.analyses.parameters.density import KernelDensityParameters
from app.analyses.parameters.hot_spots import HotSpotParameters
from app.beats import service as beats
from app.beats.schemas import AllocationParameters
from app.database.sessions import Database
from app.errors import KvartError, NotFoundError
from app.files.spreadsheets import csv_text
from app.files.writing import OutputFiles
from app.hot_spots import service as hot_spots
from app.ingest.municipalities import MunicipalityOptions, import_municipalities
from app.ingest.profiles import load_profile
from app.ingest.report import ImportReport
from app.ingest.service import import_file
from app.jobs.worker import Worker
from app.maps.service import Frame, latest_map, run_map
from app.municipalities import service as municipalities
from app.municipalities.context import MunicipalityContext
from app.public_places import service as public_places
from app.runs import service as runs
from app.runs.service import AnalysisRun
from app.settings import MapSettings

SAMPLE = Path(__file__).resolve().parents[1] / "data" / "sample"
SOURCE = "sample"

SAMPLE_FILES: tuple[tuple[str, str], ...] = (
    ("areal-units", "areal_units.gpkg"),
    ("streets", "streets.geojson"),
    ("incidents", "incidents.csv"),
    ("danger-zones", "danger_zones.geojson"),
    ("reports", "reports.csv"),
    ("street-lights", "street_lights.csv"),
    ("street-light-outages", "street_light_outages.csv"),
    ("fixes", "fixes.geojson"),
    ("beats", "beat_plan.csv"),
    ("officers", "officers.csv"),
)
"""Kind and file, in an order in which each finds what it refers to."""

ANALYSES: tuple[tuple[str, str], ...] = (
    ("getis-ord", "hot spots"),
    ("kernel-density", "density"),
    ("beat-allocation", "beats and officers"),
)

Tell = Callable[[str, float, str], None]
"""Told the step, the fraction of it that is done, and what is being done."""


@dataclass(frozen=True)
class Demonstration:
    """What the demonstration did.

    Attributes
    ----------
    municipality : MunicipalityContext
    imports : tuple of ImportReport
    done : dict of str to AnalysisRun
        The run of each kind; one of an earlier demonstration where input, parameters and software are the same.
    reused : tuple of str
        Kinds whose earlier result was used.
    hottest : list of dict
        Hottest cells, hottest first.
    plan : dict
        The beat plan with its report.
    written : tuple of Path
    seconds : float
    """

    municipality: MunicipalityContext
    imports: tuple[ImportReport, ...]
    done: dict[str, AnalysisRun]
    reused: tuple[str, ...]
    hottest: list[dict[str, Any]]
    plan: dict[str, Any]
    written: tuple[Path, ...]
    seconds: float


def demonstrate(database: Database, sample: Path, out: Path, settings: MapSettings, tell: Tell) -> Demonstration:
    """Import the ``sample`` directory, run every analysis, and write layers, tables and maps to ``out``.

    A second time nothing is imported twice and the results of the first are used, as long as input, parameters and
    software are the same. ``tell`` is told the progress.

    Raises
    ------
    NotFoundError
        There is no sample in the directory.
    KvartError
        An import or a run failed; says why.
    """
    begun = time.perf_counter()
    if not (sample / "municipality.geojson").is_file():
        raise NotFoundError(f"There is no sample in {sample}.", "Name its directory with --sample.")
    code = _import_municipality(database, sample)
    with database.transaction() as session:
        municipality = municipalities.find_municipality(session, code)
    imports = tuple(_import(database, municipality, kind, sample / name, tell) for kind, name in SAMPLE_FILES)
    with database.inside(municipality.id) as session:
        public_places.build_points(session, municipality)
    done: dict[str, AnalysisRun] = {}
    reused = []
    for kind, title in ANALYSES:
        done[kind], is_old = _analyse(database, municipality, kind, title, tell)
        if is_old:
            reused.append(kind)
    with database.inside(municipality.id) as session:
        plan = beats.get_plan(
            session, municipality, beats.plan_of_run(session, municipality, done["beat-allocation"].id)
        )
        cells = hot_spots.result_frame(session, municipality, "getis-ord", done["getis-ord"].id)
        written = _write(session, municipality, done, plan, out, settings, tell)
    hottest = cells.nlargest(5, "gi_z").drop(columns="geometry").to_dict("records")
    return Demonstration(
        municipality, imports, done, tuple(reused), hottest, plan, written, time.perf_counter() - begun
    )


def _import_municipality(database: Database, sample: Path) -> str:
    report = import_municipalities(database, sample / "municipality.geojson", MunicipalityOptions())
    return (*report.created, *report.unchanged)[0]


def _import(database: Database, municipality: MunicipalityContext, kind: str, path: Path, tell: Tell) -> ImportReport:
    profile_path = path.parent / "profiles" / f"{path.stem}.toml"
    return import_file(
        database,
        municipality.code,
        kind,
        path,
        source=SOURCE,
        profile=load_profile(profile_path) if profile_path.is_file() else None,
        progress=lambda fraction, told: tell(f"import {kind}", fraction, told),
    )


def _analyse(
    database: Database, municipality: MunicipalityContext, kind: str, title: str, tell: Tell
) -> tuple[AnalysisRun, bool]:
    with database.inside(municipality.id) as session:
        parameters, fingerprint = _parameters(session, municipality, kind)
        known = runs.same_run(session, municipality, kind, parameters, fingerprint)
        if known is not None:
            tell(title, 1.0, f"run {known.id} used again")
            return known, True
        run_id = runs.submit_run(session, municipality, kind, parameters).id
    run = _finish(database, municipality, run_id, lambda fraction, told: tell(title, fraction, told))
    tell(title, 1.0, f"run {run.id}")
    return run, False


def _parameters(
    session: Session, municipality: MunicipalityContext, kind: str
) -> tuple[GridParameters | AllocationParameters, str]:
    if kind == "beat-allocation":
        plans = beats.list_plans(session, municipality)
        current = next((plan["id"] for plan in plans if plan["run_id"] is None), None)
        allocation = AllocationParameters(
            hard_boundary="commissariat", current_plan_id=current, plan_name="Proposed beats"
        )
        return allocation, beats.input_fingerprint(session, municipality, allocation)
    grid = HotSpotParameters(cell_m=150) if kind == "getis-ord" else KernelDensityParameters(cell_m=100, radius_m=400)
    return grid, analyses.input_fingerprint(session, municipality, grid)


def _finish(
    database: Database, municipality: MunicipalityContext, run_id: int, tell: Callable[[float, str], None]
) -> AnalysisRun:
    """Do the run here, or wait until the worker that took it has done it."""
    worker = Worker(database, observer=lambda run, fraction, told: tell(fraction, told) if run.id == run_id else None)
    while True:
        worker.run_until_idle()
        with database.inside(municipality.id) as session:
            run = runs.get_run(session, municipality, run_id)
        if run.state == "succeeded":
            return run
        if run.finished_at is not None:
            problem: Mapping[str, Any] = run.problem or {}
            raise KvartError(str(problem.get("detail", f"Run {run_id} was {run.state}.")), str(problem.get("hint", "")))
        tell(run.progress / 100, run.message)
        time.sleep(0.2)


def _write(
    session: Session,
    municipality: MunicipalityContext,
    done: dict[str, AnalysisRun],
    plan: dict[str, Any],
    out: Path,
    settings: MapSettings,
    tell: Tell,
) -> tuple[Path, ...]:
    layers = {
        "hot_spots": hot_spots.result_frame(session, municipality, "getis-ord", done["getis-ord"].id),
        "density": hot_spots.result_frame(session, municipality, "kernel-density", done["kernel-density"].id),
        "beats": beats.beat_frame(session, municipality, plan["id"]),
    }
    kinds = {"hot_spots": "getis-ord", "density": "kernel-density", "beats": "beat-allocation"}
    frame = Frame(settings, assets="embedded")
    with OutputFiles() as outputs:
        for number, (name, layer) in enumerate(layers.items()):
            tell("write layers and maps", number / 4, name)
            working = layer.to_crs(municipality.working_crs)
            outputs.layer(working, out / f"{name}.geojson")
            outputs.layer(working, out / f"{name}.gpkg")
            outputs.text(run_map(session, municipality, done[kinds[name]], frame), out / "maps" / f"{name}.html")
        tell("write layers and maps", 0.75, "lighting")
        outputs.text(latest_map(session, municipality, "lighting", frame), out / "maps" / "lighting.html")
        assignments = beats.unit_assignments(session, municipality, plan["id"])
        outputs.text(csv_text(assignments), out / "assignments.csv")
        report = json.dumps(plan["report"], ensure_ascii=False, indent=2, allow_nan=False)
        outputs.text(report + "\n", out / "beats_report.json")
        written = outputs.paths
    tell("write layers and maps", 1.0, f"{len(written)} files in {out}")
    return written
