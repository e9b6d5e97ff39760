"""A finished plan: which unit belongs to which beat, the beats with their figures, and what is not as asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from analysis.beats import reasons as codes
from analysis.beats.naming import name_beats
from analysis.beats.problem import BeatProblem
from analysis.beats.reasons import Reason, name_units
from analysis.beats.report import BeatReport, Totals, beat_totals, plan_report
from analysis.beats.screening import COARSE_SHARE, Finding, Screening, coarse_units
from analysis.projection import crs_name
from analysis.summary import Notice, Summary
from analysis.wording import counted

Labels = NDArray[np.int64]

SOLVED = "Beat allocation: random spanning trees, annealing with merge-splits, local repair"


@dataclass(frozen=True, eq=False)
class BeatPlan:
    """A division of all units into beats.

    Attributes
    ----------
    problem : BeatProblem
        The task.
    beat_of_unit : ndarray of int64, shape (n,)
        Position in ``beat_ids`` of the beat of each unit; every unit has one.
    beat_ids : tuple of str
        Names of the beats, in the order of ``frame``.
    totals : Totals
        Figures of every beat.
    reasons : tuple of Reason
        Everything that is not as asked for: every beat out of bounds has at least one.
    report : BeatReport
        How even, compact and continuous the plan is.
    summary : Summary
        How it was made.
    """

    problem: BeatProblem
    beat_of_unit: Labels
    beat_ids: tuple[str, ...]
    totals: Totals
    reasons: tuple[Reason, ...]
    report: BeatReport
    summary: Summary

    @cached_property
    def frame(self) -> gpd.GeoDataFrame:
        """Beats in the working CRS.

        Columns: ``beat_id``, ``residents``, ``workload``, ``polsby_popper``, ``units``, ``within_bounds``,
        ``contiguous``, ``reason`` (code, None when nothing is wrong), ``geometry`` (Polygon or MultiPolygon).
        """
        why: dict[str, str] = {}
        for reason in self.reasons:
            if reason.beat_id is not None:
                why.setdefault(reason.beat_id, reason.code)
        columns = {
            "beat_id": list(self.beat_ids),
            "residents": self.totals.residents,
            "workload": self.totals.workload,
            "polsby_popper": self.totals.polsby_popper,
            "units": self.totals.units,
            "within_bounds": self.totals.within_bounds,
            "contiguous": self.totals.contiguous,
            "reason": pd.Series([why.get(name) for name in self.beat_ids], dtype=object),
        }
        return gpd.GeoDataFrame(columns, geometry=self._areas(), crs=self.problem.crs)

    @cached_property
    def assignments(self) -> pd.DataFrame:
        """``unit_id`` and ``beat_id`` of every unit, in the order of the input."""
        names = np.array(self.beat_ids, dtype=object)
        return pd.DataFrame({"unit_id": self.problem.unit_ids, "beat_id": names[self.beat_of_unit]})

    def _areas(self) -> list[Any]:
        """Dissolve the units of every beat."""
        order = np.argsort(self.beat_of_unit, kind="stable")
        groups = np.split(self.problem.polygons[order], np.cumsum(self.totals.units)[:-1])
        dissolve = shapely.coverage_union_all if self.problem.contiguity.coverage else shapely.union_all
        return [_polygonal(dissolve(group)) for group in groups]


def make_plan(
    problem: BeatProblem, screening: Screening, beat: Labels, *, seed: int, cut_short: bool = False
) -> BeatPlan:
    """Name the beats of a division and say what is not as asked for.

    Parameters
    ----------
    problem : BeatProblem
        The task.
    screening : Screening
        What cannot be divided within the bounds.
    beat : ndarray of int64, shape (n,)
        Beat of each unit, without gaps in the numbering.
    seed : int
        Seed of the search, for the summary.
    cut_short : bool
        Whether the search was ended before its time.

    Returns
    -------
    BeatPlan
        With beats ordered from north-west to south-east in rows; with a plan in force beats keep its ids by the
        residents in common and are ordered by id.
    """
    beat, names = name_beats(problem, beat)
    totals = beat_totals(problem, beat)
    reasons = _reasons(problem, screening, beat, names, totals)
    plan = described(problem, screening, beat, names, reasons, SOLVED)
    warnings = plan.summary.warnings
    if cut_short:
        text = "The search was ended before its time: a longer one may find more even beats or fewer breaches."
        warnings = (*problem.notices, Notice("cut_short", text), *warnings[len(problem.notices) :])
    return replace(plan, summary=replace(plan.summary, seed=seed, warnings=warnings))


def described(
    problem: BeatProblem,
    screening: Screening,
    beat: Labels,
    names: tuple[str, ...],
    reasons: tuple[Reason, ...],
    method: str,
) -> BeatPlan:
    """Put a plan together from its beats and what is wrong with them.

    Parameters
    ----------
    problem, screening
        The task, and what cannot be divided within the bounds.
    beat : ndarray of int64, shape (n,)
        Position in ``names`` of the beat of each unit, without gaps in the numbering.
    names : tuple of str
        Names of the beats.
    reasons : tuple of Reason
        Everything that is not as asked for.
    method : str
        How it was drawn.

    Returns
    -------
    BeatPlan
        Without a seed.
    """
    totals = beat_totals(problem, beat)
    report = plan_report(problem, screening, totals, reasons, _moved(problem, beat, names))
    return BeatPlan(problem, beat, names, totals, reasons, report, _summary(problem, report, reasons, method))


def _moved(problem: BeatProblem, beat: Labels, names: tuple[str, ...]) -> int | None:
    """Return the residents whose beat is not the one of the plan in force, None without one."""
    if not problem.current_names:
        return None
    before = np.array([*problem.current_names, ""], dtype=object)[problem.current]
    after = np.array(names, dtype=object)[beat]
    return int(problem.residents[(problem.current >= 0) & (before != after)].sum())


def _reasons(
    problem: BeatProblem, screening: Screening, beat: Labels, names: tuple[str, ...], totals: Totals
) -> tuple[Reason, ...]:
    """Return a reason for every beat out of bounds or in pieces, then those of the plan as a whole."""
    found: list[Reason] = []
    lone = {int(beat[finding.units[0]]): finding for finding in screening.alone}
    for own in np.flatnonzero(~totals.within_bounds | ~totals.contiguous):
        units = np.flatnonzero(beat == own)
        finding = lone.get(int(own)) or screening.strained.get(int(screening.group[units[0]]))
        found.append(_as_reason(problem, finding or _not_found(problem, units, totals, int(own)), names[own]))
    coarse = coarse_units(problem)
    if coarse is not None:
        found.append(_as_reason(problem, coarse, None))
    return tuple(found)


def _as_reason(problem: BeatProblem, finding: Finding, beat_id: str | None) -> Reason:
    """Name the units and the beat of a finding."""
    return Reason(finding.code, finding.message, finding.hint, tuple(problem.unit_ids[finding.units].tolist()), beat_id)


def _not_found(problem: BeatProblem, units: Labels, totals: Totals, own: int) -> Finding:
    """Describe a beat that the search could not bring within the bounds, and whether coarse units explain that."""
    residents = int(totals.residents[own])
    low, high = problem.min_residents, problem.max_residents
    side, bound = ("below the minimum", low) if residents < low else ("above the maximum", high)
    message = (
        f"The best plan found has a beat of {residents:,} residents, {side} of {bound:,}: "
        f"{name_units(tuple(problem.unit_ids[units]))}."
    )
    around = problem.residents[_in_and_around(problem, units)]
    median = float(np.median(around[around > 0])) if (around > 0).any() else 0.0
    finest = min(low / COARSE_SHARE, high - low)
    if median > finest:
        message += (
            f" The units in and around it have {median:,.0f} residents in the median, too many to fit beats together "
            f"from whole units between {low:,} and {high:,}."
        )
        hint = f"Use smaller units here, of at most {max(1, int(finest)):,} residents, or widen the bounds."
        return Finding(codes.UNITS_TOO_COARSE, message, hint, units)
    hint = "Try another seed or number of beats, widen the bounds, or split the largest units in and around it."
    return Finding(codes.NOT_FOUND, message, hint, units)


def _in_and_around(problem: BeatProblem, units: Labels) -> Labels:
    """Return some units and those that touch them."""
    rows = problem.borders
    beside = [rows.neighbour[rows.start[unit] : rows.start[unit + 1]] for unit in units]
    return np.unique(np.concatenate([units, *beside]))


def _summary(problem: BeatProblem, report: BeatReport, reasons: tuple[Reason, ...], method: str) -> Summary:
    """Say how the plan was made and what it comes to."""
    outside = report.beats - report.within_bounds
    reading = (
        f"{report.residents:,} residents in {problem.n_units:,} units form {report.beats:,} beats, "
        f"{report.within_bounds:,} of them with {problem.min_residents:,} to {problem.max_residents:,} residents. "
        f"The busiest beat has {report.workload_max_over_mean:.2f} times the mean workload "
        f"(variation {report.workload_cv:.0%})."
    )
    if outside:
        reading += f" {counted(outside, 'beat is', 'beats are')} out of bounds, each with a reason."
    if report.moved_residents is not None:
        reading += f" {report.moved_residents:,} residents change beat; {report.kept_share:.0%} stay."
    warnings = [*problem.notices]
    for code, count in report.reasons.items():
        first = next(reason for reason in reasons if reason.code == code)
        warnings.append(Notice(code, first.message if count == 1 else f"{count} times, first: {first.message}"))
    return Summary(
        method=method,
        parameters={
            **problem.columns,
            "min_residents": problem.min_residents,
            "max_residents": problem.max_residents,
            "beats": problem.beats,
            "contiguity": "rook",
            "snap_m": problem.contiguity.snap_m,
            "min_shared_m": problem.contiguity.min_shared_m,
            "weights": vars(problem.weights).copy(),
            "closed_borders": len(problem.closed.first),
            "locked_units": int((problem.locks.beat >= 0).sum()),
        },
        n_used=problem.n_units,
        excluded={},
        crs=crs_name(problem.crs),
        study_area_km2=float(problem.area_m2.sum() / 1e6),
        reading=reading,
        warnings=tuple(warnings),
    )


def _polygonal(shape: Any) -> Any:
    """Return the polygons of a dissolved shape."""
    if shape.geom_type in {"Polygon", "MultiPolygon"}:
        return shape
    parts = shapely.get_parts(shape)
    return shapely.union_all(parts[shapely.get_dimensions(parts) == 2])
