"""Grouping points around seeds within a threshold distance, and the groups again, order by order."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree
from scipy.stats import t as student_t

from analysis.clusters.cluster_shapes import NO_CLUSTER, Places, largest_first
from analysis.errors import TooFewEventsError
from analysis.hot_spots.conditional_permutation import IntArray
from analysis.projection import FloatArray

STANDARD_ERROR = math.sqrt((4.0 - math.pi) / (4.0 * math.pi))
"""Of the mean nearest-neighbour distance, times sqrt(area) / n: 0.26136."""

ROUNDING = 1.0 + 1e-9


@dataclass(frozen=True)
class ClusteringRule:
    """When points make a cluster.

    Attributes
    ----------
    min_events : int
        Least events of a first-order cluster.
    probability : float
        Level of the threshold distance, over 0 and under 1: 0.5 is the mean nearest-neighbour distance of as many
        random points; less makes it shorter.
    threshold_m : float or None
        A threshold for first-order clusters instead of that from the probability, metres.
    min_clusters : int
        Least clusters in a cluster of the next order.
    """

    min_events: int = 10
    probability: float = 0.5
    threshold_m: float | None = None
    min_clusters: int = 4


class Hierarchy(NamedTuple):
    """Clusters of clusters.

    Attributes
    ----------
    orders : list of ndarray of int64, shape (n_places,)
        Cluster of each place, from 1, by order; -1 for none.
    thresholds : tuple of float
        Metres, of every order tried.
    """

    orders: list[IntArray]
    thresholds: tuple[float, ...]


def seed_hierarchy(places: Places, area_m2: float, rule: ClusteringRule) -> Hierarchy:
    """Cluster places, then the centres of clusters, until too few are left to group or to have a threshold.

    Parameters
    ----------
    places : Places
    area_m2 : float
        Study area, square metres.
    rule : ClusteringRule

    Returns
    -------
    Hierarchy

    Raises
    ------
    TooFewEventsError
        There is no threshold for the first order; see `threshold_distance`.
    """
    n = int(places.events.sum())
    threshold = threshold_distance(n, area_m2, rule.probability) if rule.threshold_m is None else rule.threshold_m
    orders = [largest_first(places, seed_clusters(places.x, places.y, places.events, threshold, rule.min_events))]
    thresholds = [threshold]
    while (n_found := int(orders[-1].max(initial=0))) >= rule.min_clusters:
        centres = np.array([_centre(places, orders[-1] == number) for number in range(1, n_found + 1)])
        try:
            threshold = threshold_distance(n_found, area_m2, rule.probability)
        except TooFewEventsError:
            break
        label = seed_clusters(
            centres[:, 0], centres[:, 1], np.ones(n_found, dtype=np.int64), threshold, rule.min_clusters
        )
        thresholds.append(threshold)
        if (label < 0).all():
            break
        of_place = np.where(orders[-1] > 0, label[orders[-1] - 1], NO_CLUSTER)
        orders.append(largest_first(places, of_place))
    return Hierarchy(orders, tuple(thresholds))


def _centre(places: Places, members: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Return the mean centre of the events at some places."""
    weight = places.events[members]
    return float(np.average(places.x[members], weights=weight)), float(np.average(places.y[members], weights=weight))


def seed_clusters(x: FloatArray, y: FloatArray, events: IntArray, threshold: float, least: int) -> IntArray:
    """Cluster points around seeds.

    Parameters
    ----------
    x, y : ndarray of float64, shape (n_points,)
        Distinct points, metres; their order settles ties.
    events : ndarray of int64, shape (n_points,)
        Events at each point, at least one.
    threshold : float
        Metres.
    least : int
        Least events of a cluster.

    Returns
    -------
    ndarray of int64, shape (n_points,)
        Cluster of each point, numbered from 0 in the order of finding, -1 for none.

    Notes
    -----
    The seed is the point with most free events within the threshold, itself included; among equals the one with the
    smaller sum of distances to them (to a micrometre), then the first point. It takes all of them.

    Examples
    --------
    >>> x, y = np.array([0.0, 1.0, 2.0, 9.0]), np.zeros(4)
    >>> seed_clusters(x, y, np.ones(4, dtype=np.int64), 1.0, 2).tolist()
    [0, 0, 0, -1]
    """
    label = np.full(x.size, NO_CLUSTER, dtype=np.int64)
    points = np.column_stack([x - x.mean(), y - y.mean()])
    tree = cKDTree(points)
    pairs = tree.query_pairs(threshold * ROUNDING, output_type="ndarray")
    ends = np.concatenate([pairs, pairs[:, ::-1], np.repeat(np.arange(x.size)[:, None], 2, axis=1)])
    ends = ends[np.lexsort((ends[:, 1], ends[:, 0]))]
    near, begin = ends[:, 1], np.searchsorted(ends[:, 0], np.arange(x.size + 1))
    held = np.bincount(ends[:, 0], weights=events[near], minlength=x.size).astype(np.int64)

    def standing(point: int) -> tuple[int, float, int]:
        free = near[begin[point] : begin[point + 1]]
        free = free[label[free] < 0]
        away = np.hypot(points[free, 0] - points[point, 0], points[free, 1] - points[point, 1])
        return -int(held[point]), round(float(np.dot(away, events[free])), 6), point

    waiting = [standing(int(point)) for point in np.flatnonzero(held >= least)]
    heapq.heapify(waiting)
    found = 0
    while waiting:
        minus_held, _, seed = heapq.heappop(waiting)
        if label[seed] >= 0 or held[seed] < least:
            continue
        if -minus_held != held[seed]:
            heapq.heappush(waiting, standing(seed))
            continue
        members = near[begin[seed] : begin[seed + 1]]
        members = members[label[members] < 0]
        label[members] = found
        found += 1
        for member in members:
            held[near[begin[member] : begin[member + 1]]] -= events[member]
    return label


def threshold_distance(n: int, area_m2: float, probability: float) -> float:
    """Return the bound of the mean nearest-neighbour distance of random points.

    Parameters
    ----------
    n : int
        Points.
    area_m2 : float
        Study area, square metres.
    probability : float
        Over 0 and under 1.

    Returns
    -------
    float
        Metres.

    Raises
    ------
    TooFewEventsError
        Fewer than two points, or so few that no distance is short enough for the probability.

    Notes
    -----
    ``0.5 sqrt(A / n) + t_p 0.26136 sqrt(A) / n`` for n random points on an area A, with t_p the quantile of Student's t
    on n - 1 degrees of freedom. It is a bound of a mean, so that with many points even a low probability hardly
    shortens it: let simulations, not the probability, say what chance makes.

    References
    ----------
    Clark, P. J. and Evans, F. C. (1954). Distance to nearest neighbor as a measure of spatial relationships in
    populations. Ecology 35(4).

    Examples
    --------
    >>> threshold_distance(100, 1e6, 0.5), round(threshold_distance(100, 1e6, 0.05), 2)
    (50.0, 45.66)
    """
    if n < 2:
        raise TooFewEventsError(f"{n} event has no neighbour.", "Take a longer period.")
    quantile = 0.0 if probability == 0.5 else float(student_t.ppf(probability, n - 1))
    distance = 0.5 * math.sqrt(area_m2 / n) + quantile * STANDARD_ERROR * math.sqrt(area_m2) / n
    if distance <= 0:
        raise TooFewEventsError(
            f"With {n} points no distance is short enough for a probability of {probability:g}.",
            "Use a higher probability, or give threshold_m.",
        )
    return distance
