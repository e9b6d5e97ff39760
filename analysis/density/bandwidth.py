"""A bandwidth for kernel density when the analyst names none."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from analysis.density.kernels import KERNELS, KernelShape, same_smoothing
from analysis.errors import ParameterError
from analysis.projection import FloatArray

MOST_QUERIED = 2_000


@dataclass(frozen=True)
class BandwidthTrial:
    """One bandwidth that a rule tried.

    Attributes
    ----------
    radius_m : float
        For the quartic kernel, metres.
    score : float
        What the rule made of it.
    """

    radius_m: float
    score: float


@dataclass(frozen=True)
class Bandwidth:
    """A bandwidth and why.

    Attributes
    ----------
    radius_m : float
        For the quartic kernel, metres.
    reason : str
        The rule and its figures, for a person.
    trials : tuple of BandwidthTrial
        What the rule tried, narrowest first, for a chart; empty for a rule that tries nothing.
    score : str
        What the score of a trial is.
    """

    radius_m: float
    reason: str
    trials: tuple[BandwidthTrial, ...] = ()
    score: str = ""

    @property
    def sigma_m(self) -> float:
        """Standard deviation of the Gaussian that smooths as much, metres."""
        return self.for_kernel(KERNELS["gaussian"])

    def for_kernel(self, kernel: KernelShape) -> float:
        """Return the bandwidth with which a kernel smooths as much (equal variance), metres.

        Parameters
        ----------
        kernel : KernelShape

        Returns
        -------
        float
        """
        return rounded(same_smoothing(self.radius_m, KERNELS["quartic"], kernel))


def suggest_bandwidth(x: FloatArray, y: FloatArray, cell_m: float, neighbour: int | None = None) -> Bandwidth:
    """Suggest a radius from the distance to the nearest other places with events.

    Parameters
    ----------
    x, y : ndarray of float64, shape (n,)
        Events, metres.
    cell_m : float
        Side of a cell of the map, metres.
    neighbour : int, optional
        k of the rule; by default the root of the number of places.

    Returns
    -------
    Bandwidth
        Its trials are the median distances to neighbours up to the k-th.

    Raises
    ------
    ParameterError
        `neighbour` is less than 1 or there are not so many other places.

    Notes
    -----
    Median, over places with events, of the distance to the k-th nearest other place, ``k = sqrt(number of places)``.
    Places are distinct coordinates, so that snapped data and point masses do not shrink it, as they do rules on events;
    and being local it does not grow with the extent of the town, as Scott's rule does (1.4 km standard deviation for
    148,636 events in Chicago). Measured from at most 2,000 places, evenly spaced in the order of x. At least two cells.
    The Gaussian of equal variance has ``sigma = radius / sqrt(8)``.

    References
    ----------
    Loftsgaarden, D. O. and Quesenberry, C. P. (1965). A nonparametric estimate of a multivariate density function.
    Annals of Mathematical Statistics 36(3).
    """
    places, _ = distinct_places(x, y)
    if neighbour is not None and not 1 <= neighbour < len(places):
        raise ParameterError(
            f"neighbour is {neighbour}, and the events lie at {len(places):,} place(s).",
            "Give a whole number from 1 to the number of places less one.",
        )
    if len(places) < 3:
        return few_places(len(places), cell_m)
    nearest = neighbour or max(1, round(math.sqrt(len(places))))
    tried = np.unique(np.geomspace(1, nearest, 16).round().astype(int))
    medians = np.median(cKDTree(places).query(_some(places), k=tried + 1)[0], axis=0)
    trials = tuple(BandwidthTrial(float(d), float(k)) for k, d in zip(tried, medians, strict=True))
    reason = f"median distance from a place with events to its nearest other one number {nearest} of {len(places):,}"
    return at_least_two_cells(float(medians[-1]), cell_m, reason, trials, "number of the neighbour")


def at_least_two_cells(
    radius_m: float, cell_m: float, reason: str, trials: tuple[BandwidthTrial, ...], score: str
) -> Bandwidth:
    """Return what a rule chose, rounded; two cells where that is less.

    Parameters
    ----------
    radius_m : float
        For the quartic kernel, metres.
    cell_m : float
        Side of a cell of the map, metres.
    reason : str
        The rule, without its result.
    trials : tuple of BandwidthTrial
    score : str

    Returns
    -------
    Bandwidth
    """
    least = 2.0 * cell_m
    if radius_m < least:
        return Bandwidth(rounded(least), f"two cells, because the {reason} is only {radius_m:,.0f} m", trials, score)
    return Bandwidth(rounded(radius_m), reason, trials, score)


def few_places(n_places: int, cell_m: float) -> Bandwidth:
    """Return two cells for events at one or two places, from which no rule learns.

    Parameters
    ----------
    n_places : int
    cell_m : float
        Side of a cell of the map, metres.

    Returns
    -------
    Bandwidth
    """
    return Bandwidth(rounded(2.0 * cell_m), f"two cells, because the events lie at {n_places} place(s) only")


def rounded(length: float) -> float:
    """Round a length to two significant digits.

    Parameters
    ----------
    length : float
        Greater than zero.

    Returns
    -------
    float

    Examples
    --------
    >>> rounded(1234.0), rounded(0.0567)
    (1200.0, 0.057)
    """
    return float(f"{length:.2g}")


def distinct_places(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the distinct coordinates, in the order of x then y, and the events at each.

    Parameters
    ----------
    x, y : ndarray of float64, shape (n,)

    Returns
    -------
    places : ndarray of float64, shape (n_places, 2)
    events : ndarray of float64, shape (n_places,)

    Examples
    --------
    >>> distinct_places(np.array([2.0, 1.0, 2.0]), np.array([5.0, 5.0, 5.0]))[1].tolist()
    [1.0, 2.0]
    """
    order = np.lexsort((y, x))
    points = np.column_stack([x[order], y[order]])
    begins = np.flatnonzero(np.r_[True, (np.diff(points, axis=0) != 0).any(axis=1)])
    return points[begins], np.diff(np.r_[begins, len(points)]).astype(np.float64)


def nearest_place_m(places: FloatArray) -> float:
    """Return the median distance from a place to its nearest other place, metres: how fine the data are snapped.

    Parameters
    ----------
    places : ndarray of float64, shape (n_places, 2)
        Distinct; two at least.

    Returns
    -------
    float
    """
    return float(np.median(cKDTree(places).query(_some(places), k=[2])[0]))


def _some(places: FloatArray) -> FloatArray:
    """Return at most about 2,000 places, evenly spaced in the order of x."""
    return places[:: max(1, len(places) // MOST_QUERIED)]
