"""What no plan can be better than."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]
Real = NDArray[np.float64]


def least_peak(workload: Real, group: Whole, fewest: Whole, most: Whole, beats: int) -> float:
    """Return a value that the workload of the busiest beat cannot fall below.

    Parameters
    ----------
    workload : ndarray of float64, shape (n,)
        Work of each unit.
    group : ndarray of int64, shape (n,)
        Connected group of each unit.
    fewest, most : ndarray of int64, shape (g,)
        Beats that each group can have.
    beats : int
        Beats of all groups together.

    Returns
    -------
    float
        In the unit of the workload.

    Notes
    -----
    Water-filling: the smallest level ``t`` for which ``sum of max(fewest, ceil(W / t))`` over the groups stays within
    the number of beats, and no group needs more beats than it can have; at least the largest unit; a whole number where
    all workloads are.

    Examples
    --------
    >>> least_peak(np.array([3.0, 1.0, 1.0, 2.0]), np.zeros(4, int), np.array([2]), np.array([2]), 2)
    4.0
    """
    level = float(workload.max(initial=0.0))
    work = np.bincount(group, workload, minlength=len(fewest))
    ceiling = np.maximum(most, fewest)

    def fits(candidate: float) -> bool:
        needed = np.maximum(fewest, np.ceil(work / candidate - 1e-9))
        return bool((needed <= ceiling).all() and needed.sum() <= beats)

    low, high = level, max(level, float(work.max(initial=0.0)))
    if fits(max(low, 1e-12)):
        return low
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (low, middle) if fits(middle) else (middle, high)
    whole = bool((workload == np.round(workload)).all())
    return float(np.ceil(high - 1e-6)) if whole else high


def least_variation(workload: Real, beats: int) -> float:
    """Return a value that the variation (standard deviation over mean) of the workload cannot fall below.

    Parameters
    ----------
    workload : ndarray of float64, shape (n,)
        Work of each unit.
    beats : int
        Number of beats.

    Returns
    -------
    float

    Notes
    -----
    A beat has at least the work of its heaviest unit. The least variation that this allows, borders and residents
    aside, is that of the ``beats`` heaviest units filled up to a common level (water-filling).

    Examples
    --------
    >>> round(least_variation(np.array([4.0, 1.0, 1.0]), 2), 3)
    0.333
    """
    total = float(workload.sum())
    if total <= 0.0 or beats < 1:
        return 0.0
    heaviest = np.sort(workload)[::-1][:beats]
    above = np.concatenate([[0.0], np.cumsum(heaviest)])
    for heavier in range(len(heaviest)):
        level = (total - above[heavier]) / (beats - heavier)
        if heaviest[heavier] <= level:
            loads = np.concatenate([heaviest[:heavier], np.full(beats - heavier, level)])
            return float(loads.std() / loads.mean())
    return 0.0
