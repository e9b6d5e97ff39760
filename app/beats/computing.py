"""Drawing beats and matching officers, for units from anywhere: a file on the command line, or the database."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from shapely.geometry.base import BaseGeometry

from analysis.beats.checks import amounts
from analysis.beats.conditions import Conditions
from analysis.beats.officer_costs import OfficerWeights
from analysis.beats.officers import OfficerConditions, OfficerMatching, assign_officers
from analysis.beats.plan import BeatPlan
from analysis.beats.problem import BeatProblem, beat_problem
from analysis.beats.redraw import redraw_beats
from analysis.beats.solver import solve_beats
from analysis.beats.trade_off import TradeOffPoint, trade_off
from analysis.beats.weights import Weights
from analysis.summary import Notice, Summary

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class BeatRequest:
    """What is asked for.

    Attributes
    ----------
    residents : str
        Column of the units with residents.
    workload : str, mapping of str to float or None
        Column, or columns with the share of the whole that each stands for.
    hard_boundary, unit_id, current : str or None
        Further columns; see `analysis.beats.problem.beat_problem`.
    min_residents, max_residents : int
    beats : int or None
    snap_m, min_shared_m : float or None
        Widest gap that still is a common border, and the shortest border that counts; found out by default.
    seed : int
    method : {"full", "least-change"}
        Whether all beats are drawn, or only what is wrong with the plan in force is put right.
    conditions : Conditions
        Bridges, forbidden borders, barriers and locks.
    weights : Weights
    time_budget_s : float or None
    officer_conditions : OfficerConditions
    officer_weights : OfficerWeights
    languages : mapping of str to str
        Column with the residents who speak a language, by language.
    as_of : date or None
        Day up to which years of service count; without it they do not.
    """

    residents: str
    workload: str | Mapping[str, float] | None = None
    hard_boundary: str | None = None
    unit_id: str | None = None
    current: str | None = None
    min_residents: int = 3000
    max_residents: int = 7000
    beats: int | None = None
    snap_m: float | None = None
    min_shared_m: float | None = None
    seed: int = 0
    method: Literal["full", "least-change"] = "full"
    conditions: Conditions = field(default_factory=Conditions)
    weights: Weights = field(default_factory=Weights)
    time_budget_s: float | None = None
    officer_conditions: OfficerConditions = field(default_factory=OfficerConditions)
    officer_weights: OfficerWeights = field(default_factory=OfficerWeights)
    languages: Mapping[str, str] = field(default_factory=dict)
    as_of: date | None = None


@dataclass(frozen=True)
class BeatResult:
    """A plan with its officers.

    Attributes
    ----------
    plan : BeatPlan
    matching : OfficerMatching or None
        None where no officers were given.
    frame : GeoDataFrame
        ``plan.frame`` and ``officer_id``.
    summary : Summary
        That of the plan, with the rows left out and the notices of the input.
    before : dict or None
        Figures of the plan in force; None without one.
    """

    plan: BeatPlan
    matching: OfficerMatching | None
    frame: gpd.GeoDataFrame
    summary: Summary
    before: dict[str, Any] | None = None

    @property
    def reasons(self) -> dict[str, str]:
        """Why each beat that is not as asked for is so, and what to do about it."""
        return reasons_by_beat(reason.to_dict() for reason in self.plan.reasons)

    def report(self) -> dict[str, Any]:
        """Return evenness, bound and gap, compactness, continuity, reasons and officers, JSON-ready."""
        beats = self.frame.drop(columns="geometry").astype(object)
        report = {
            "summary": self.summary.to_dict(),
            "figures": self.plan.report.to_dict(),
            "before": self.before,
            "reasons": [reason.to_dict() for reason in self.plan.reasons],
            "officers": None if self.matching is None else _officers_report(self.matching, self.plan),
            "beats": beats.where(beats.notna(), None).to_dict("records"),
        }
        ready: dict[str, Any] = json.loads(json.dumps(report, allow_nan=False, default=_plain))
        return ready


def compute_beats(
    units: gpd.GeoDataFrame,
    request: BeatRequest,
    *,
    officers: pd.DataFrame | None = None,
    stations: pd.DataFrame | None = None,
    study_area: BaseGeometry | None = None,
    excluded: dict[str, int] | None = None,
    notices: tuple[Notice, ...] = (),
    progress: Progress | None = None,
) -> BeatResult:
    """Draw beats and give each one permanent officer.

    Parameters
    ----------
    units : GeoDataFrame
        Areas or points in a projected CRS in metres.
    request : BeatRequest
    officers, stations : DataFrame, optional
        See `analysis.beats.officers.assign_officers`.
    study_area : Polygon or MultiPolygon, optional
        Area that point units are spread over, in the CRS of the units; their hull by default.
    excluded : dict of str to int, optional
        Rows left out on reading, by reason.
    notices : tuple of Notice
        What a careful reader must know of the input.
    progress : callable, optional
        Told the fraction done and what is being done.
    """
    problem = problem_of(units, request, study_area)
    draw = redraw_beats if request.method == "least-change" else solve_beats
    plan = draw(problem, seed=request.seed, progress=progress, time_budget_s=request.time_budget_s)
    return with_officers(plan, request, units, officers=officers, stations=stations, excluded=excluded, notices=notices)


def problem_of(units: gpd.GeoDataFrame, request: BeatRequest, study_area: BaseGeometry | None = None) -> BeatProblem:
    """Check units and find their borders, as a request asks for."""
    return beat_problem(
        units,
        residents=request.residents,
        workload=request.workload,
        hard_boundary=request.hard_boundary,
        unit_id=request.unit_id,
        min_residents=request.min_residents,
        max_residents=request.max_residents,
        beats=request.beats,
        current=request.current,
        study_area=study_area,
        snap_m=request.snap_m,
        min_shared_m=request.min_shared_m,
        weights=request.weights,
        conditions=request.conditions,
    )


def reasons_by_beat(reasons: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return why each beat that is not as asked for is so, and what to do about it.

    Parameters
    ----------
    reasons : iterable of mapping
        As a report holds them: ``beat_id``, ``message`` and ``hint``; the first of a beat is told.
    """
    told: dict[str, str] = {}
    for reason in reasons:
        if reason["beat_id"] is not None:
            told.setdefault(reason["beat_id"], f"{reason['message']} {reason['hint']}")
    return told


def compute_trade_off(
    units: gpd.GeoDataFrame,
    request: BeatRequest,
    *,
    study_area: BaseGeometry | None = None,
    progress: Progress | None = None,
) -> tuple[TradeOffPoint, ...]:
    """Draw five plans, from the most compact to the most even."""
    problem = problem_of(units, request, study_area)
    return trade_off(problem, seed=request.seed, progress=progress, time_budget_s=request.time_budget_s)


def with_officers(
    plan: BeatPlan,
    request: BeatRequest,
    units: gpd.GeoDataFrame,
    *,
    officers: pd.DataFrame | None = None,
    stations: pd.DataFrame | None = None,
    excluded: dict[str, int] | None = None,
    notices: tuple[Notice, ...] = (),
) -> BeatResult:
    """Give each beat of a plan one permanent officer, where officers are given; see `compute_beats`."""
    frame = plan.frame.copy()
    if plan.problem.current_names:
        frame["moved_residents"] = _moved_residents(plan)
    matching = None
    if officers is not None:
        ids = plan.problem.unit_ids
        matching = assign_officers(
            plan,
            officers,
            speakers={language: amounts(units, column, ids) for language, column in request.languages.items()},
            conditions=request.officer_conditions,
            weights=request.officer_weights,
            stations=stations,
            today=request.as_of,
        )
        notices = (*notices, *(Notice(reason.code, reason.message) for reason in matching.reasons))
    holders = {} if matching is None else matching.officer_of_beat
    badges = [None if (badge := holders.get(beat)) is None else str(badge) for beat in plan.beat_ids]
    frame.insert(3, "officer_id", pd.Series(badges, dtype=object, index=frame.index))
    summary = dataclasses.replace(
        plan.summary,
        excluded={**plan.summary.excluded, **(excluded or {})},
        warnings=(*notices, *plan.summary.warnings),
    )
    return BeatResult(plan, matching, frame, summary, _figures_before(plan))


def _figures_before(plan: BeatPlan) -> dict[str, Any] | None:
    """Measure the plan in force by the same residents and workload; units without a beat are left out."""
    problem = plan.problem
    if not problem.current_names:
        return None
    held, count = problem.current >= 0, len(problem.current_names)
    residents = np.bincount(problem.current[held], problem.residents[held], minlength=count)
    workload = np.bincount(problem.current[held], problem.workload[held], minlength=count)
    mean = float(workload.mean())
    within = (residents >= problem.min_residents) & (residents <= problem.max_residents)
    return {
        "beats": count,
        "within_bounds": int(within.sum()),
        "residents_min": int(residents.min()),
        "residents_max": int(residents.max()),
        "workload_cv": float(workload.std() / mean) if mean else 0.0,
        "workload_max_over_mean": float(workload.max() / mean) if mean else 0.0,
        "units_without_beat": int((~held).sum()),
    }


def _moved_residents(plan: BeatPlan) -> npt.NDArray[np.int64]:
    """Return the residents of each beat who come from another one."""
    problem, names = plan.problem, np.array([*plan.problem.current_names, None], dtype=object)
    moved = (problem.current >= 0) & (
        names[problem.current] != np.array(plan.beat_ids, dtype=object)[plan.beat_of_unit]
    )
    counted = np.bincount(plan.beat_of_unit[moved], problem.residents[moved], minlength=len(plan.beat_ids))
    return counted.astype(np.int64)


def _officers_report(matching: OfficerMatching, plan: BeatPlan) -> dict[str, Any]:
    residents = plan.report.residents
    return {
        "officer_of_beat": matching.officer_of_beat,
        "vacancies": list(matching.vacancies),
        "surplus": list(matching.surplus),
        "kept_residents": matching.kept_residents,
        "kept_share": matching.kept_residents / residents if residents else None,
        "travel_km": matching.travel_km,
        "reasons": [reason.to_dict() for reason in matching.reasons],
    }


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else str(value)
