"""Runs that make beat plans: draw one, draw it anew, five from compact to even, officers for one."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from analysis.beats.drawn import drawn_plan
from analysis.beats.trade_off import TradeOffPoint
from analysis.summary import Summary
from app.beats import repository, service
from app.beats.computing import BeatResult, compute_beats, compute_trade_off, problem_of, with_officers
from app.beats.gathering import PlanInput, read_input, request_of
from app.beats.schemas import AllocationParameters, AssignmentParameters, RedrawParameters
from app.beats.workload import workload_in_words
from app.database.sessions import Database
from app.errors import ConflictError
from app.jobs.handlers import ClaimedRun, ReportProgress, RunResult
from app.municipalities import service as municipalities
from app.municipalities.context import MunicipalityContext

EVENNESS_NAMES = ("most compact", "compact", "balanced", "even", "most even")


def execute_allocation(database: Database, run: ClaimedRun, report: ReportProgress) -> RunResult:
    """Do a run of the kind ``beat-allocation``."""
    return _draw(database, run, AllocationParameters.model_validate(run.parameters), report)


def execute_redraw(database: Database, run: ClaimedRun, report: ReportProgress) -> RunResult:
    """Do a run of the kind ``beat-redraw``."""
    return _draw(database, run, RedrawParameters.model_validate(run.parameters), report)


def execute_trade_off(database: Database, run: ClaimedRun, report: ReportProgress) -> RunResult:
    """Do a run of the kind ``trade-off``: five drafts, from the most compact to the most even."""
    parameters = AllocationParameters.model_validate(run.parameters)
    municipality, found = _read(database, run, parameters, report)
    request = request_of(parameters, municipality, run.seed or 0)
    points = compute_trade_off(found.units, request, study_area=found.study_area, progress=_shared(report, 0.1, 0.9))
    results = [with_officers(point.plan, request, found.units, officers=found.officers) for point in points]
    report(0.95, "storing five plans")

    def publish(session: Session) -> dict[str, Any]:
        stored = []
        for point, result, name in zip(points, results, EVENNESS_NAMES, strict=True):
            named = parameters.model_copy(
                update={"plan_name": f"{parameters.plan_name}, {name}", "evenness": point.evenness}
            )
            plan_id, version = repository.insert_plan(
                session, municipality.id, municipality.time_zone, _new_plan(run, named, found, result)
            )
            stored.append({"beat_plan_id": plan_id, "beat_plan_version": version, **_of_point(point)})
        return {"points": stored}

    summary = _told_by_name(results[2].summary, parameters, found)
    return RunResult({**summary.to_dict(), **found.about}, found.fingerprint, publish)


def execute_assignment(database: Database, run: ClaimedRun, report: ReportProgress) -> RunResult:
    """Do a run of the kind ``officer-assignment``: officers for the beats of a draft."""
    asked = AssignmentParameters.model_validate(run.parameters)
    report(0.02, "reading the plan and the officers")
    with database.transaction() as session:
        municipality = municipalities.find_municipality(session, run.municipality_code)
        plan = service.get_plan(session, municipality, asked.plan_id)
        require_draft(plan)
        parameters = service.parameters_of(session, municipality, plan).model_copy(
            update={"officer_conditions": asked.conditions, "officers": True, "current_plan_id": asked.current_plan_id}
        )
        found = read_input(session, municipality, parameters)
        held = service.unit_assignments(session, municipality, asked.plan_id)
    request = request_of(parameters, municipality, run.seed or 0)
    report(0.3, "measuring the beats")
    problem = problem_of(
        found.units, dataclasses.replace(request, conditions=type(request.conditions)()), found.study_area
    )
    beat_of_unit = found.units["unit_id"].map(held.set_index("unit_id")["beat_id"])
    names, codes = np.unique(beat_of_unit.fillna("").to_numpy(dtype=str), return_inverse=True)
    codes = np.where(beat_of_unit.isna(), -1, codes)
    drawn = drawn_plan(problem, codes.astype(np.int64), names.tolist())
    report(0.6, f"matching officers with {len(drawn.beat_ids):,} beats")
    result = with_officers(drawn, request, found.units, officers=found.officers, notices=found.notices)

    def publish(session: Session) -> dict[str, Any]:
        require_draft(service.get_plan(session, municipality, asked.plan_id))
        officers = result.report()["officers"]
        repository.replace_officers(
            session, municipality.id, municipality.time_zone, asked.plan_id, _officer_keys(found, result),
            officers, f"officer assignment, run {run.id}",
        )  # fmt: skip
        return {"beat_plan_id": asked.plan_id, "officers": officers}

    return RunResult({**result.summary.to_dict(), **found.about}, found.fingerprint, publish)


def require_draft(plan: dict[str, Any]) -> None:
    """Refuse to change a plan that is no draft.

    Raises
    ------
    ConflictError
        Naming its status.
    """
    if plan["status"] != "draft":
        raise ConflictError(
            f"Plan {plan['id']} is {plan['status']}: only a draft can be changed.",
            "Withdraw or reject it first; of a published plan draw or import a new version.",
        )


def _draw(database: Database, run: ClaimedRun, parameters: AllocationParameters, report: ReportProgress) -> RunResult:
    municipality, found = _read(database, run, parameters, report)
    request = request_of(parameters, municipality, run.seed or 0)
    computed = compute_beats(
        found.units,
        request,
        officers=found.officers,
        study_area=found.study_area,
        excluded=found.excluded,
        notices=found.notices,
        progress=_shared(report, 0.1, 0.9),
    )
    result = dataclasses.replace(computed, summary=_told_by_name(computed.summary, parameters, found))
    report(0.95, f"storing {len(result.frame):,} beats")

    def publish(session: Session) -> dict[str, Any]:
        plan = _new_plan(run, parameters, found, result)
        plan_id, version = repository.insert_plan(session, municipality.id, municipality.time_zone, plan)
        return {"beat_plan_id": plan_id, "beat_plan_version": version}

    figures = {"figures": result.plan.report.to_dict(), **found.about}
    return RunResult({**result.summary.to_dict(), **figures}, found.fingerprint, publish)


def _read(
    database: Database, run: ClaimedRun, parameters: AllocationParameters, report: ReportProgress
) -> tuple[MunicipalityContext, PlanInput]:
    report(0.02, "reading units and events")
    with database.transaction() as session:
        municipality = municipalities.find_municipality(session, run.municipality_code)
        if parameters.current_plan_id is not None:
            service.get_plan(session, municipality, parameters.current_plan_id)
        return municipality, read_input(session, municipality, parameters)


def _shared(report: ReportProgress, begin: float, end: float) -> Callable[[float, str], None]:
    """Return a report of progress that covers a part of the run."""
    return lambda share, told: report(begin + (end - begin) * share, told)


def _of_point(point: TradeOffPoint) -> dict[str, Any]:
    figures = point.plan.report
    return {
        "evenness": point.evenness,
        "beats": figures.beats,
        "within_bounds": figures.within_bounds,
        "workload_cv": figures.workload_cv,
        "polsby_popper_mean": figures.polsby_popper_mean,
        "moved_residents": figures.moved_residents,
        "surpassed": point.surpassed,
    }


def _new_plan(
    run: ClaimedRun, parameters: AllocationParameters, found: PlanInput, result: BeatResult
) -> repository.NewPlan:
    report = result.report()
    report["summary"] |= found.about
    return repository.NewPlan(
        name=parameters.plan_name,
        min_residents=parameters.min_residents,
        max_residents=parameters.max_residents,
        effective_from=parameters.effective_from,
        run_id=run.id,
        report=report,
        parameters=parameters.model_dump(mode="json"),
        beats=result.frame,
        unit_keys=found.units["id"].to_numpy(),
        beat_of_unit=result.plan.beat_of_unit,
        officer_keys=_officer_keys(found, result),
    )


def _officer_keys(found: PlanInput, result: BeatResult) -> dict[str, int]:
    """Return the key of the officer of each beat that has one."""
    if found.officers is None or result.matching is None:
        return {}
    keys = dict(zip(found.officers["officer_id"], found.officers["id"].tolist(), strict=True))
    return {beat: keys[badge] for beat, badge in result.matching.officer_of_beat.items() if badge is not None}


def _told_by_name(summary: Summary, parameters: AllocationParameters, found: PlanInput) -> Summary:
    """Say what residents, workload, boundary and current plan are, instead of the columns they were put in."""
    told = {
        "residents": f"residents of the areal units ({parameters.units_source or 'the only source'})",
        "workload": workload_in_words(parameters, found.about.get("period")),
        "hard_boundary": parameters.hard_boundary,
        "current": None if parameters.current_plan_id is None else f"beat plan {parameters.current_plan_id}",
    }
    kept = {name: value for name, value in (summary.parameters | told).items() if value is not None}
    return dataclasses.replace(summary, parameters=kept)
