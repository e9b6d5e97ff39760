"""The demonstration from the first file to the last."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.beats import service as beats
from app.database.sessions import Database
from app.demonstration.files import write_files
from app.demonstration.questions import QUESTIONS, fingerprint_of, link_hot_spots, parameters_of
from app.demonstration.sample import Tell, import_sample
from app.errors import KvartError
from app.hot_spots import service as hot_spots
from app.ingest.report import ImportReport
from app.jobs.worker import Worker
from app.municipalities.context import MunicipalityContext
from app.runs import service as runs
from app.runs.service import AnalysisRun
from app.settings import MapSettings


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
    """Import the ``sample`` directory, run every analysis, and write layers, tables, charts and maps to ``out``.

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
    municipality, imports = import_sample(database, sample, tell)
    done: dict[str, AnalysisRun] = {}
    reused = []
    for kind, title in QUESTIONS.items():
        run, is_old = _ask(database, municipality, kind, title, tell)
        if run is not None:
            done[kind] = run
        if is_old:
            reused.append(kind)
    with database.inside(municipality.id) as session:
        if "getis-ord" not in reused:
            link_hot_spots(session, municipality, done["getis-ord"].id)
        plan = beats.get_plan(
            session, municipality, beats.plan_of_run(session, municipality, done["beat-allocation"].id)
        )
        cells = hot_spots.result_frame(session, municipality, "getis-ord", done["getis-ord"].id)
        written = write_files(session, municipality, done, plan, out, settings, tell)
    hottest = cells.nlargest(5, "gi_z").drop(columns="geometry").to_dict("records")
    return Demonstration(
        municipality, imports, done, tuple(reused), hottest, plan, written, time.perf_counter() - begun
    )


def _ask(
    database: Database, municipality: MunicipalityContext, kind: str, title: str, tell: Tell
) -> tuple[AnalysisRun | None, bool]:
    """Return the run that answers a question, None where there is none to ask, and whether it is an old one."""
    with database.inside(municipality.id) as session:
        parameters = parameters_of(session, municipality, kind)
        if parameters is None:
            return None, False
        fingerprint = fingerprint_of(session, municipality, parameters)
        known = runs.same_run(session, municipality, kind, parameters, fingerprint)
        if known is not None:
            tell(title, 1.0, f"run {known.id} used again")
            return known, True
        run_id = runs.submit_run(session, municipality, kind, parameters).id
    run = _finish(database, municipality, run_id, lambda fraction, told: tell(title, fraction, told))
    tell(title, 1.0, f"run {run.id}")
    return run, False


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
