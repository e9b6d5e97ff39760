"""Drawing beats and matching officers, for units from anywhere: a file on the command line, or the database."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from analysis.beats.officers import OfficerMatching, assign_officers
from analysis.beats.plan import BeatPlan
from analysis.beats.problem import beat_problem
from analysis.beats.solver import solve_beats
from analysis.summary import Notice, Summary

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class BeatRequest:
    """What is asked for.

    Attributes
    ----------
    residents : str
        Column of the units with residents.
    workload, hard_boundary, unit_id, current : str or None
        Further columns; see `analysis.beats.problem.beat_problem`.
    min_residents, max_residents : int
    beats : int or None
    seed : int
    """

    residents: str
    workload: str | None = None
    hard_boundary: str | None = None
    unit_id: str | None = None
    current: str | None = None
    min_residents: int = 3000
    max_residents: int = 7000
    beats: int | None = None
    seed: int = 0


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
    officers : DataFrame, optional
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
    problem = beat_problem(
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
    )
    plan = solve_beats(problem, seed=request.seed, progress=progress)
    frame = plan.frame.copy()
    matching = None
    if officers is not None:
        matching = assign_officers(plan, officers)
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


def events_per_unit(
    units: gpd.GeoDataFrame, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.int64], int]:
    """Count events by unit.

    Parameters
    ----------
    units : GeoDataFrame, n rows
        Areas, or points that stand for areas (an event then counts for the nearest).
    x, y : ndarray of float64, shape (m,)
        Metres in the CRS of the units.

    Returns
    -------
    counts : ndarray of int64, shape (n,)
    outside : int
        Events in no unit. An event on a border counts once, for the unit that comes first.
    """
    shapes = units.geometry.to_numpy()
    if (shapely.get_type_id(shapes) == shapely.GeometryType.POINT).all():
        tree = cKDTree(shapely.get_coordinates(shapes))
        _, nearest = tree.query(np.column_stack([x, y]))
        return np.bincount(nearest, minlength=len(units)).astype(np.int64), 0
    event, unit = shapely.STRtree(shapes).query(shapely.points(x, y), predicate="intersects")
    order = np.lexsort((unit, event))
    event, unit = event[order], unit[order]
    first = np.r_[True, np.diff(event) > 0] if len(event) else np.zeros(0, dtype=bool)
    return np.bincount(unit[first], minlength=len(units)).astype(np.int64), len(x) - int(first.sum())


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
