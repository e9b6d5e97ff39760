"""Figures that say how even, compact and continuous a plan is, and how much better it could be at best."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.beats.bounds import least_peak, least_variation
from analysis.beats.energy import FOUR_PI
from analysis.beats.graph import components
from analysis.beats.problem import BeatProblem
from analysis.beats.reasons import Reason
from analysis.beats.screening import Screening

Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Totals:
    """Totals of every beat.

    Attributes
    ----------
    units, residents : ndarray of int64, shape (k,)
        Number of units, and residents.
    workload, polsby_popper : ndarray of float64, shape (k,)
        Workload, and ``4 pi A / P^2`` (0 to 1).
    within_bounds, contiguous : ndarray of bool, shape (k,)
        Whether residents are within the bounds, and whether the units connect along borders.
    """

    units: Labels
    residents: Labels
    workload: NDArray[np.float64]
    polsby_popper: NDArray[np.float64]
    within_bounds: NDArray[np.bool_]
    contiguous: NDArray[np.bool_]


@dataclass(frozen=True)
class BeatReport:
    """How good a plan is.

    Attributes
    ----------
    beats, within_bounds, contiguous : int
        Number of beats, of those within the bounds, and of those whose units connect.
    residents, residents_min, residents_mean, residents_max : int, int, float, int
        All residents, and the smallest, mean and largest beat.
    workload_mean, workload_max : float
        Mean and largest workload of a beat.
    workload_cv : float
        Standard deviation over mean of the workload; 0 is perfectly even.
    workload_max_over_mean : float
        Largest over mean workload; 1 is perfectly even.
    workload_bound : float
        No plan with this many beats can have a smaller largest workload.
    workload_gap : float
        How far the largest workload lies above that bound, as a share of it.
    workload_cv_bound : float
        No plan with this many beats can have a smaller variation: single units are heavy.
    polsby_popper_mean, polsby_popper_min : float
        Compactness, 0 to 1.
    moved_residents, kept_share : int or None, float or None
        Residents whose beat is not the one they had, and the share who keep theirs; None without a plan in force.
    reasons : dict of str to int
        Reasons by code.
    """

    beats: int
    within_bounds: int
    contiguous: int
    residents: int
    residents_min: int
    residents_mean: float
    residents_max: int
    workload_mean: float
    workload_max: float
    workload_cv: float
    workload_max_over_mean: float
    workload_bound: float
    workload_gap: float
    workload_cv_bound: float
    polsby_popper_mean: float
    polsby_popper_min: float
    moved_residents: int | None
    kept_share: float | None
    reasons: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as plain values."""
        return dataclasses.asdict(self)


def beat_totals(problem: BeatProblem, beat: Labels) -> Totals:
    """Add up every beat of a plan.

    Parameters
    ----------
    problem : BeatProblem
        The task.
    beat : ndarray of int64, shape (n,)
        Beat of each unit, without gaps in the numbering.

    Returns
    -------
    Totals

    Notes
    -----
    The perimeter of a beat is that of its units less twice their common borders, so that a gap narrower than the snap
    tolerance does not count as a border.
    """
    count = int(beat.max()) + 1
    edges = problem.contiguity.edges
    inner = edges.select(beat[edges.first] == beat[edges.second])
    closed = problem.closed.select(beat[problem.closed.first] == beat[problem.closed.second])
    area_m2 = np.bincount(beat, problem.area_m2, minlength=count)
    inner_m = np.bincount(beat[inner.first], inner.border_m, minlength=count)
    inner_m = inner_m + np.bincount(beat[closed.first], closed.border_m, minlength=count)
    perimeter_m = np.bincount(beat, problem.perimeter_m, minlength=count) - 2.0 * inner_m
    n_pieces, piece = components(inner, problem.n_units)
    beat_of_piece = np.zeros(n_pieces, np.int64)
    beat_of_piece[piece] = beat
    residents = np.bincount(beat, problem.residents, minlength=count).astype(np.int64)
    return Totals(
        units=np.bincount(beat, minlength=count),
        residents=residents,
        workload=np.bincount(beat, problem.workload, minlength=count).astype(np.float64),
        polsby_popper=np.minimum(1.0, FOUR_PI * area_m2 / np.maximum(perimeter_m, 1e-9) ** 2),
        within_bounds=(residents >= problem.min_residents) & (residents <= problem.max_residents),
        contiguous=np.bincount(beat_of_piece, minlength=count) == 1,
    )


def workload_bound(problem: BeatProblem, screening: Screening, beats: int) -> float:
    """Return a value that the largest workload of ``beats`` beats cannot fall below.

    Parameters
    ----------
    problem : BeatProblem
        The task.
    screening : Screening
        Its connected groups.
    beats : int
        Beats of the plan, those of the screening's lone units included.

    Returns
    -------
    float
        In the unit of the workload.

    Notes
    -----
    See :func:`analysis.beats.bounds.least_peak`; a beat that the screening sets apart counts as it is.
    """
    free = screening.group >= 0
    lone = max([float(problem.workload[finding.units].sum()) for finding in screening.alone], default=0.0)
    available = beats - len(screening.alone)
    group, work = screening.group[free], problem.workload[free]
    return max(lone, least_peak(work, group, screening.fewest, screening.most, available))


def plan_report(
    problem: BeatProblem,
    screening: Screening,
    totals: Totals,
    reasons: tuple[Reason, ...],
    moved_residents: int | None,
) -> BeatReport:
    """Put the figures of a plan together; ``moved_residents`` is None without a plan in force."""
    work = totals.workload
    mean = float(work.mean())
    cv = float(work.std() / mean) if mean > 0 else 0.0
    bound = min(workload_bound(problem, screening, len(work)), float(work.max()))
    everyone = int(problem.residents.sum())
    return BeatReport(
        beats=len(work),
        within_bounds=int(totals.within_bounds.sum()),
        contiguous=int(totals.contiguous.sum()),
        residents=everyone,
        residents_min=int(totals.residents.min()),
        residents_mean=float(totals.residents.mean()),
        residents_max=int(totals.residents.max()),
        workload_mean=mean,
        workload_max=float(work.max()),
        workload_cv=cv,
        workload_max_over_mean=float(work.max() / mean) if mean > 0 else 1.0,
        workload_bound=bound,
        workload_gap=float(work.max() / bound - 1.0) if bound > 0 else 0.0,
        workload_cv_bound=min(cv, least_variation(problem.workload, len(work))),
        polsby_popper_mean=float(totals.polsby_popper.mean()),
        polsby_popper_min=float(totals.polsby_popper.min()),
        moved_residents=moved_residents,
        kept_share=None if moved_residents is None else 1.0 - moved_residents / max(everyone, 1),
        reasons=dict(sorted(Counter(reason.code for reason in reasons).items())),
    )
