"""Nearest-neighbour hierarchical clusters: events closer together than chance, clusters of those, and so on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from analysis.clusters.cluster_shapes import NO_CLUSTER, Places, cluster_shapes, distinct_places
from analysis.clusters.nearest_neighbour_hierarchy import ClusteringRule, Hierarchy, seed_clusters, seed_hierarchy
from analysis.clusters.random_points import random_points
from analysis.errors import EmptyInputError, GeometryError, ParameterError, TooFewEventsError
from analysis.hot_spots.conditional_permutation import IntArray
from analysis.places.point_mass import point_mass_notice
from analysis.projection import FloatArray, checked_coordinates, crs_name, require_metres
from analysis.summary import Notice, Summary

SNAPPED = 0.95
"""Distinct places an event under which the data count as snapped."""


@dataclass(frozen=True)
class Chance:
    """How many first-order clusters random points make.

    Attributes
    ----------
    simulations : int
    mean, p95 : float
        Mean and 95th percentile of the number of clusters.
    most : int
        Highest number of clusters.
    p_value : float
        Share of the simulations, the data counted as one of them, with at least as many clusters as the data.
    largest_p95 : float
        95th percentile of the events in the largest cluster (0 where there is none).
    """

    simulations: int
    mean: float
    p95: float
    most: int
    p_value: float
    largest_p95: float


@dataclass(frozen=True)
class NearestNeighbourClusters:
    """Clusters by order.

    Attributes
    ----------
    clusters : GeoDataFrame
        ``order``, ``parent`` (number of the cluster of the next order, nullable) and the columns of
        `clusters.cluster_shapes.cluster_shapes`, one row a cluster; the geometry is the hull of all events in it.
    ellipses : GeoDataFrame
        ``order, cluster, geometry`` where the ellipse is defined.
    cluster_of_event : ndarray of int64, shape (n,)
        First-order cluster of each event in the order of the input, -1 for none.
    thresholds_m : tuple of float
        Threshold of every order tried, metres.
    chance : Chance or None
        None without simulations.
    summary : Summary
    """

    clusters: gpd.GeoDataFrame
    ellipses: gpd.GeoDataFrame
    cluster_of_event: IntArray
    thresholds_m: tuple[float, ...]
    chance: Chance | None
    summary: Summary


def nearest_neighbour_clusters(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    study_area: BaseGeometry,
    *,
    crs: Any,
    rule: ClusteringRule | None = None,
    simulations: int = 99,
    seed: int = 0,
) -> NearestNeighbourClusters:
    """Find groups of events closer together than random points would be, groups of those groups, and so on.

    Parameters
    ----------
    x, y : array_like of float, shape (n,)
        Events, metres in `crs`; events on one coordinate are at distance zero from each other.
    study_area : Polygon or MultiPolygon
        In `crs`; its area sets the threshold, so it must be the place that the events are from.
    crs : Any
        Projected, metres.
    rule : ClusteringRule, optional
    simulations : int
        Sets of random points in the study area, as many as events; 0 for none.
    seed : int
        Of the random points.

    Returns
    -------
    NearestNeighbourClusters

    Raises
    ------
    CoordinateError, EmptyInputError
        `crs` is not in metres, coordinates are not finite; no event, or none in the study area.
    TooFewEventsError
        Fewer events than a cluster needs, or too few for the probability.
    GeometryError, ParameterError
        The study area is no valid polygon with an area; a rule out of range.

    Notes
    -----
    In the manner of CrimeStat's Nnh; for the threshold see `clusters.nearest_neighbour_hierarchy.threshold_distance`.
    Clusters grow around seeds (`clusters.nearest_neighbour_hierarchy.seed_clusters`). The mean centres of clusters are
    the points of the next order, with a threshold of their own number; shapes of higher orders are of their events.

    References
    ----------
    Levine, N. (2013). CrimeStat IV, chapter 7. National Institute of Justice.

    Examples
    --------
    >>> area = shapely.box(500_000, 4_000_000, 502_000, 4_002_000)
    >>> x, y = [500_100.0] * 12 + [501_900.0] * 2, [4_000_100.0] * 12 + [4_001_900.0] * 2
    >>> found = nearest_neighbour_clusters(x, y, area, crs="EPSG:32616", simulations=19)
    >>> found.clusters[["order", "cluster", "events"]].values.tolist(), found.chance.most
    ([[1, 1, 12]], 0)
    """
    metric = require_metres(crs)
    eastings, northings = checked_coordinates(x, y)
    chosen = ClusteringRule() if rule is None else rule
    _check(study_area, chosen, simulations)
    inside = _inside(eastings, northings, study_area, chosen)
    places = distinct_places(eastings[inside], northings[inside])
    hierarchy = seed_hierarchy(places, study_area.area, chosen)
    clusters, ellipses = _shapes(places, hierarchy, metric)
    chance = _chance(study_area, places, hierarchy, chosen, simulations, seed) if simulations else None
    n = int(np.count_nonzero(inside))
    summary = Summary(
        method="Nearest-neighbour hierarchical clustering",
        parameters=_parameters(chosen, hierarchy, places, simulations),
        n_used=n,
        excluded={"outside": inside.size - n} if n < inside.size else {},
        crs=crs_name(metric),
        study_area_km2=study_area.area / 1e6,
        reading=_reading(clusters, n, hierarchy.thresholds[0], chosen, chance),
        warnings=_notices(eastings[inside], northings[inside], places),
        seed=seed if simulations else None,
    )
    of_event = _cluster_of_event(inside, places, hierarchy)
    return NearestNeighbourClusters(clusters, ellipses, of_event, hierarchy.thresholds, chance, summary)


def _check(study_area: BaseGeometry, rule: ClusteringRule, simulations: int) -> None:
    """Refuse an area or a rule that cannot be used."""
    polygon = study_area.geom_type in {"Polygon", "MultiPolygon"}
    if not polygon or study_area.is_empty or not study_area.is_valid or study_area.area == 0:
        raise GeometryError("The study area is no valid polygon with an area.", "Give the boundary of the place.")
    if rule.min_events < 2 or rule.min_clusters < 2:
        raise ParameterError("A cluster of fewer than 2 is none.", "Give min_events and min_clusters of at least 2.")
    if not 0.0 < rule.probability < 1.0:
        raise ParameterError(f"The probability is {rule.probability}.", "Give a number between 0 and 1.")
    if rule.threshold_m is not None and not (math.isfinite(rule.threshold_m) and rule.threshold_m > 0):
        raise ParameterError(f"threshold_m is {rule.threshold_m}.", "Give a positive number of metres.")
    if simulations < 0:
        raise ParameterError(f"There are {simulations} simulations.", "Give 0 or more, such as 99.")


def _inside(x: FloatArray, y: FloatArray, study_area: BaseGeometry, rule: ClusteringRule) -> npt.NDArray[np.bool_]:
    """Return which events lie in the study area, and refuse too few of them."""
    inside = np.asarray(shapely.intersects_xy(study_area, x, y))
    n = int(np.count_nonzero(inside))
    if n == 0:
        raise EmptyInputError(
            f"None of {inside.size:,} events lies in the study area.", "Check that both are in one CRS."
        )
    if n < rule.min_events:
        raise TooFewEventsError(f"{n} events cannot make a cluster of {rule.min_events}.", "Ask for smaller clusters.")
    return inside


def _cluster_of_event(inside: npt.NDArray[np.bool_], places: Places, hierarchy: Hierarchy) -> IntArray:
    """Return the first-order cluster of each event of the input."""
    of_event = np.full(inside.size, NO_CLUSTER, dtype=np.int64)
    of_event[inside] = hierarchy.orders[0][places.place_of_event]
    return of_event


def _parameters(rule: ClusteringRule, hierarchy: Hierarchy, places: Places, simulations: int) -> dict[str, Any]:
    """Return every parameter that shaped the clusters."""
    return {
        "min_events": rule.min_events,
        "probability": None if rule.threshold_m is not None else rule.probability,
        "thresholds_m": list(hierarchy.thresholds),
        "min_clusters": rule.min_clusters,
        "simulations": simulations,
        "in_no_cluster": int(places.events[hierarchy.orders[0] < 0].sum()),
    }


def _shapes(places: Places, hierarchy: Hierarchy, crs: Any) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return hulls and ellipses of all orders."""
    hulls, ellipses = [], []
    for number, cluster in enumerate(hierarchy.orders, start=1):
        hull, ellipse = cluster_shapes(places, cluster, crs)
        above = hierarchy.orders[number] if number < len(hierarchy.orders) else np.full(places.n, NO_CLUSTER)
        parents = [int(above[cluster == one][0]) for one in hull["cluster"]]
        hull.insert(0, "order", np.full(len(hull), number))
        hull.insert(2, "parent", pd.array([one if one > 0 else None for one in parents], dtype="Int64"))
        ellipse.insert(0, "order", np.full(len(ellipse), number))
        hulls.append(hull)
        ellipses.append(ellipse)
    return _joined(hulls), _joined(ellipses)


def _joined(frames: list[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """Put frames under each other."""
    return pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]


def _chance(
    study_area: BaseGeometry, places: Places, hierarchy: Hierarchy, rule: ClusteringRule, simulations: int, seed: int
) -> Chance:
    """Count the clusters that random points make."""
    n, found, threshold = int(places.events.sum()), int(hierarchy.orders[0].max(initial=0)), hierarchy.thresholds[0]
    random = np.random.default_rng(seed)
    clusters, largest = np.zeros(simulations, dtype=np.int64), np.zeros(simulations, dtype=np.int64)
    for i in range(simulations):
        x, y = random_points(study_area, n, random)
        label = seed_clusters(x, y, np.ones(n, dtype=np.int64), threshold, rule.min_events)
        clusters[i] = label.max() + 1
        largest[i] = np.bincount(label[label >= 0]).max(initial=0)
    return Chance(
        simulations,
        float(clusters.mean()),
        float(np.quantile(clusters, 0.95)),
        int(clusters.max()),
        (1 + int(np.count_nonzero(clusters >= found))) / (simulations + 1),
        float(np.quantile(largest, 0.95)),
    )


def _notices(x: FloatArray, y: FloatArray, places: Places) -> tuple[Notice, ...]:
    """Warn of data that are not points of a plane."""
    notices = []
    if places.n < SNAPPED * x.size:
        notices.append(
            Notice(
                "snapped_data",
                f"{x.size:,} events lie on {places.n:,} places. Random points never share a place, so that a part of "
                "the clusters beyond chance comes from rounding or from addresses, not from crime.",
            )
        )
    mass = point_mass_notice(x, y)
    return (*notices, mass) if mass else tuple(notices)


def _reading(clusters: gpd.GeoDataFrame, n: int, threshold: float, rule: ClusteringRule, chance: Chance | None) -> str:
    """Say in plain language what was found."""
    first = clusters[clusters["order"] == 1]
    held = int(first["events"].sum())
    higher = ", ".join(
        f"{count} of order {order}" for order, count in clusters.groupby("order").size().items() if order > 1
    )
    text = (
        f"{len(first):,} clusters of at least {rule.min_events} events within {threshold:,.0f} m of a seed hold "
        f"{held:,} of {n:,} events ({held / n:.0%}){'; they group into ' + higher if higher else ''}."
    )
    if chance is not None:
        text += (
            f" As many random points in the study area made {chance.mean:.1f} clusters on average and at most "
            f"{chance.most:,} in {chance.simulations:,} simulations (p = {chance.p_value:.2g})."
        )
    return text
