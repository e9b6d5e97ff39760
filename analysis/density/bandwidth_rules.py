"""Rules that choose a bandwidth from the events: nearest places, Scott, least-squares cross-validation."""

from __future__ import annotations

import math
from typing import Literal

import numba as nb
import numpy as np
import numpy.typing as npt

from analysis.density.bandwidth import (
    Bandwidth,
    BandwidthTrial,
    at_least_two_cells,
    distinct_places,
    few_places,
    nearest_place_m,
    suggest_bandwidth,
)
from analysis.density.kernels import KERNELS, same_smoothing
from analysis.errors import ParameterError
from analysis.places.point_mass import point_masses
from analysis.projection import FloatArray, checked_coordinates

Rule = Literal["nearest", "scott", "cross_validation"]
RULES: tuple[Rule, ...] = ("nearest", "scott", "cross_validation")

TRIALS = 48
MOST_PAIRS = 2e8
"""Pairs of places that cross-validation looks at; of more places, every second, third ... is paired with the rest."""

REACH = 6.0
"""Standard deviations, of the wider of two Gaussians, after which a pair adds nothing."""

BINS_PER_SIGMA = 40.0
MOST_BINS = 1_000_000


def choose_bandwidth(x: npt.ArrayLike, y: npt.ArrayLike, cell_m: float, *, rule: Rule = "nearest") -> Bandwidth:
    """Choose a bandwidth by a named rule.

    Parameters
    ----------
    x, y : array_like of float, shape (n,)
        Events, metres.
    cell_m : float
        Side of a cell of the map, metres; no rule chooses less than two cells.
    rule : {"nearest", "scott", "cross_validation"}

    Returns
    -------
    Bandwidth
        Give it to `kernel_density` as ``radius_m`` or ``sigma_m``; every kernel then smooths as much.

    Raises
    ------
    ParameterError
        An unknown rule, or a cell that is not a positive length.
    CoordinateError, EmptyInputError
        See `checked_coordinates`.

    Notes
    -----
    Nearest (the default, `suggest_bandwidth`) is local and suits a map of hot spots; Scott is global and smooths a
    whole town into few hills; cross-validation fits the density best in the mean, and is the most restless.

    Examples
    --------
    >>> x, y = np.random.default_rng(0).normal(0, 1000, (2, 500))
    >>> choose_bandwidth(x, y, 50.0, rule="scott").sigma_m
    350.0
    """
    eastings, northings = checked_coordinates(x, y)
    if not (math.isfinite(cell_m) and cell_m > 0):
        raise ParameterError(f"The cell size is {cell_m} m.", "Give a positive number of metres.")
    if rule == "nearest":
        return suggest_bandwidth(eastings, northings, cell_m)
    if rule == "scott":
        return scott_bandwidth(eastings, northings, cell_m)
    if rule == "cross_validation":
        return cross_validated_bandwidth(eastings, northings, cell_m)
    raise ParameterError(f"Unknown bandwidth rule {rule!r}.", f"Use one of: {', '.join(RULES)}.")


def scott_bandwidth(x: FloatArray, y: FloatArray, cell_m: float) -> Bandwidth:
    """Choose a bandwidth by Scott's rule.

    Parameters
    ----------
    x, y : ndarray of float64, shape (n,)
        Events, metres.
    cell_m : float
        Side of a cell of the map, metres.

    Returns
    -------
    Bandwidth

    Notes
    -----
    ``sigma = s n^(-1/6)`` with ``s^2`` the mean of the variances along both axes, n the events. The rule is that of one
    normal cloud: over a town of many hot spots it smooths too much. Ties hardly move it: they change s a little, and
    nothing but s.

    References
    ----------
    Scott, D. W. (1992). Multivariate Density Estimation, equation 6.42. Wiley.
    """
    places, _ = distinct_places(x, y)
    if len(places) < 3:
        return few_places(len(places), cell_m)
    spread = _spread(x, y)
    reason = f"rule of Scott from {x.size:,} events that spread {spread:,.0f} m along an axis"
    return at_least_two_cells(_radius(spread * x.size ** (-1.0 / 6.0)), cell_m, reason, (), "")


def cross_validated_bandwidth(x: FloatArray, y: FloatArray, cell_m: float) -> Bandwidth:
    """Choose the bandwidth that least-squares cross-validation likes best.

    Parameters
    ----------
    x, y : ndarray of float64, shape (n,)
        Events, metres.
    cell_m : float
        Side of a cell of the map, metres.

    Returns
    -------
    Bandwidth
        Its trials hold the score of 48 bandwidths, from the distance between places to one and a half times Scott's.

    Notes
    -----
    With a Gaussian of standard deviation h the score ``integral of f^2 - 2 mean of f(event) without the event`` is
    ``1 / (4 pi n h^2) + (1 - 1/n) A(h sqrt(2)) - 2 A(h)``, A(h) the mean over pairs of events of
    ``exp(-d^2 / (2 h^2)) / (2 pi h^2)``. Where events share coordinates, pairs at distance zero drive the score to
    minus infinity as h goes to 0, and the rule answers 0. Therefore A is taken over pairs at *different* places: a
    place that is left out is left out with all its events. Without ties that is the classical score. Nothing narrower
    than the median distance from a place to its nearest other one (as a quartic radius) is tried: there is nothing to
    see there. A point mass (`point_masses`) counts no more than the busiest place that is none: paired with all around
    it, a wrong geocode would pull the bandwidth down to the distance of its next neighbours.

    Distances are binned at a fortieth of the narrowest bandwidth. Of many places a part, evenly spaced in the order of
    x, is paired with all.

    References
    ----------
    Bowman, A. W. (1984). An alternative method of cross-validation for the smoothing of density estimates. Biometrika
    71(2).
    """
    places, events = distinct_places(x, y)
    if len(places) < 3:
        return few_places(len(places), cell_m)
    masses = point_masses(x, y)
    if masses:
        events = np.minimum(events, max(1, masses[0].next_n))
    sigmas = _tried_sigmas(x, y, places)
    scores = cross_validation_scores(places, events, sigmas)
    best = int(np.argmin(scores))
    trials = tuple(BandwidthTrial(_radius(float(h)), float(s)) for h, s in zip(sigmas, scores, strict=True))
    tied = x.size - len(places)
    ties = f", pairs at the same place left out ({tied:,} events share one)" if tied else ""
    ties += f", {len(masses)} point mass(es) counted like the next busiest place" if masses else ""
    ends = {0: "; the narrowest tried, the distance between places", TRIALS - 1: "; the widest tried"}.get(best, "")
    reason = f"least-squares cross-validation over {x.size:,} events at {len(places):,} places{ties}{ends}"
    return at_least_two_cells(trials[best].radius_m, cell_m, reason, trials, "cross-validation score")


def cross_validation_scores(places: FloatArray, events: FloatArray, sigmas: FloatArray) -> FloatArray:
    """Return the least-squares cross-validation score of Gaussians, pairs at the same place left out.

    Parameters
    ----------
    places : ndarray of float64, shape (n_places, 2)
        Distinct coordinates in the order of x, metres.
    events : ndarray of float64, shape (n_places,)
        Events at each place.
    sigmas : ndarray of float64, shape (n_sigmas,)
        Standard deviations, metres.

    Returns
    -------
    ndarray of float64, shape (n_sigmas,)
        Per square metre; lower is better.
    """
    n, finest = events.sum(), float(sigmas.min()) / BINS_PER_SIGMA
    reach = min(math.hypot(*np.ptp(places, axis=0)), REACH * math.sqrt(2.0) * float(sigmas.max()))
    n_bins = int(min(MOST_BINS, reach / finest + 1.0))
    step = max(1, math.ceil(0.5 * len(places) ** 2 / MOST_PAIRS))
    per_m = n_bins / (reach * (1.0 + 1e-9))
    pairs = _paired_events(places[:, 0].copy(), places[:, 1].copy(), events, step, per_m, n_bins)
    used = np.flatnonzero(pairs)
    squared = ((used + 0.5) / per_m) ** 2
    share = pairs[used] * (2.0 * step / (n**2 - (events**2).sum()))

    def mean_over_pairs(variance: float) -> float:
        return float(share @ np.exp(-0.5 / variance * squared)) / (2.0 * math.pi * variance)

    return np.array(
        [
            0.25 / (math.pi * n * h * h) + (1.0 - 1.0 / n) * mean_over_pairs(2.0 * h * h) - 2.0 * mean_over_pairs(h * h)
            for h in sigmas
        ]
    )


@nb.njit(cache=True, nogil=True)
def _paired_events(
    x: FloatArray, y: FloatArray, events: FloatArray, step: int, per_m: float, n_bins: int
) -> FloatArray:
    """Sum the product of events over pairs of places, by distance; every `step`-th place with all that follow it."""
    pairs = np.zeros(n_bins)
    reach = n_bins / per_m
    for i in range(0, x.size, step):
        for j in range(i + 1, x.size):
            across = x[j] - x[i]
            if across >= reach:
                break
            up = y[j] - y[i]
            place = int(per_m * math.sqrt(across * across + up * up))
            if place < n_bins:
                pairs[place] += events[i] * events[j]
    return pairs


def _tried_sigmas(x: FloatArray, y: FloatArray, places: FloatArray) -> FloatArray:
    """Return the standard deviations to try, narrowest first."""
    narrowest = same_smoothing(nearest_place_m(places), KERNELS["quartic"], KERNELS["gaussian"])
    widest = max(1.5 * _spread(x, y) * x.size ** (-1.0 / 6.0), 4.0 * narrowest)
    return np.geomspace(narrowest, widest, TRIALS)


def _spread(x: FloatArray, y: FloatArray) -> float:
    """Return the root of the mean variance along both axes."""
    return math.sqrt(0.5 * (float(np.var(x, ddof=1)) + float(np.var(y, ddof=1))))


def _radius(sigma: float) -> float:
    """Return the radius of the quartic kernel that smooths as much as a Gaussian."""
    return same_smoothing(sigma, KERNELS["gaussian"], KERNELS["quartic"])
