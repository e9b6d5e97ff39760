"""Clusters of events by density: DBSCAN with one distance, HDBSCAN with the distance of each place's own density."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
from pyproj import CRS
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from sklearn.cluster import DBSCAN, HDBSCAN

from analysis.clusters.cluster_shapes import NO_CLUSTER, Places, cluster_shapes, distinct_places, largest_first
from analysis.errors import CoordinateError, ParameterError, TooFewEventsError
from analysis.hot_spots.conditional_permutation import IntArray
from analysis.places.point_mass import point_mass_notice
from analysis.projection import FloatArray, checked_coordinates, crs_name, looks_like_degrees, require_metres
from analysis.summary import Notice, Summary

ROUNDING = 1.0 + 1e-9

MOST_EVENTS_HDBSCAN = 50_000
"""HDBSCAN looks at every pair of events: more would take minutes."""

SNAPPED = 0.95
"""Distinct places an event under which the data count as snapped."""

LARGE_SHARE = 0.5
"""Share of the events in one cluster above which the distance is too long to tell places apart."""


@dataclass(frozen=True)
class Clusters:
    """Clusters of events.

    Attributes
    ----------
    clusters : GeoDataFrame
        Columns of `clusters.cluster_shapes.cluster_shapes`, one row a cluster, the one with most events first; the
        geometry is the convex hull.
    ellipses : GeoDataFrame
        ``cluster, geometry``: standard deviational ellipses in CrimeStat's convention, where defined.
    cluster_of_event : ndarray of int64, shape (n,)
        Number of the cluster of each event in the order of the input, -1 for noise.
    n_noise : int
        Events in no cluster; with the events of the clusters they are all events.
    summary : Summary
        Of a result without a study area: its area is zero.
    """

    clusters: gpd.GeoDataFrame
    ellipses: gpd.GeoDataFrame
    cluster_of_event: IntArray
    n_noise: int
    summary: Summary


def dbscan_clusters(
    x: npt.ArrayLike, y: npt.ArrayLike, *, crs: Any, max_distance_m: float, min_events: int = 10
) -> Clusters:
    """Find groups of events in which every core event has enough others within a distance.

    Parameters
    ----------
    x, y : array_like of float, shape (n,)
        Events, metres in `crs`.
    crs : Any
        Projected, metres.
    max_distance_m : float
        Neighbours are at most so far apart, metres.
    min_events : int
        Least events within that distance of a core event, itself included.

    Returns
    -------
    Clusters

    Raises
    ------
    CoordinateError
        Degrees, feet, or coordinates that are not finite.
    EmptyInputError
        There is no event.
    TooFewEventsError
        Fewer events than a cluster needs.
    ParameterError
        A distance that is not positive, or fewer than 2 events.

    Notes
    -----
    Clusters of distinct places, weighted by their events (scikit-learn's ``DBSCAN`` with ``sample_weight``), so that
    thousands of events on one address take neither time nor memory, and count as many. A place that is no core but
    within the distance of one joins the cluster of its nearest core, not that which happened to be looked at first; so
    a cluster can end with fewer than `min_events` where its border is nearer to another.

    References
    ----------
    Ester, M., Kriegel, H.-P., Sander, J. and Xu, X. (1996). A density-based algorithm for discovering clusters in large
    spatial databases with noise. KDD-96.

    Examples
    --------
    >>> x, y = [500_000.0] * 12 + [500_040.0, 509_000.0], [4e6] * 14
    >>> found = dbscan_clusters(x, y, crs="EPSG:32616", max_distance_m=50, min_events=10)
    >>> found.clusters["events"].tolist(), found.n_noise
    ([13], 1)
    """
    metric, eastings, northings = _checked(x, y, crs, min_events)
    if not (math.isfinite(max_distance_m) and max_distance_m > 0):
        raise ParameterError(f"max_distance_m is {max_distance_m}.", "Give a positive number of metres.")
    places = distinct_places(eastings, northings)
    points = np.column_stack([places.x - places.x[0], places.y - places.y.min()])
    reach = max_distance_m * ROUNDING
    model = DBSCAN(eps=reach, min_samples=min_events).fit(points, sample_weight=places.events)
    label = np.full(places.n, NO_CLUSTER, dtype=np.int64)
    cores = model.core_sample_indices_
    if cores.size:
        away, nearest = cKDTree(points[cores]).query(points)
        near = away <= reach
        label[near] = model.labels_[cores[nearest[near]]]
    parameters = {"max_distance_m": float(max_distance_m), "min_events": min_events}
    rule = f"at least {min_events} events within {max_distance_m:,.0f} m of each core event"
    return _result("DBSCAN", places, label, metric, parameters, rule)


def hdbscan_clusters(
    x: npt.ArrayLike, y: npt.ArrayLike, *, crs: Any, min_events: int = 10, merge_distance_m: float = 0.0
) -> Clusters:
    """Find groups of events that are denser than their surroundings, at whatever density they last longest.

    Parameters
    ----------
    x, y : array_like of float, shape (n,)
        Events, metres in `crs`.
    crs : Any
        Projected, metres.
    min_events : int
        Least events of a cluster.
    merge_distance_m : float
        Clusters of which two places are at most so far apart are made one, metres. Without it every busy address is a
        cluster of its own.

    Returns
    -------
    Clusters

    Raises
    ------
    CoordinateError
        Degrees, feet, or coordinates that are not finite.
    EmptyInputError
        There is no event.
    TooFewEventsError
        Fewer events than a cluster needs.
    ParameterError
        Fewer than 2 events, a negative distance, or more than 50,000 events.

    Notes
    -----
    scikit-learn's ``HDBSCAN`` (excess of mass) on the events in the order of x, then y, so that the order of the input
    does not matter. It takes no weights, so that places enter as often as they have events; it may deal out the events
    of one place to several clusters, so all of them join the cluster that most of them are in (none, among equals).
    Where all events are on one place they are one cluster. Events on one place are infinitely dense: on snapped data it
    splits more and sprawls further than on true coordinates, and DBSCAN is the better choice.

    References
    ----------
    Campello, R. J. G. B., Moulavi, D. and Sander, J. (2013). Density-based clustering based on hierarchical density
    estimates. PAKDD 2013.

    Examples
    --------
    >>> x, y = [500_000.0] * 12 + [509_000.0] * 15 + [505_000.0], [4e6] * 28
    >>> hdbscan_clusters(x, y, crs="EPSG:32616").clusters["events"].tolist()
    [16, 12]
    """
    metric, eastings, northings = _checked(x, y, crs, min_events)
    if not (math.isfinite(merge_distance_m) and merge_distance_m >= 0):
        raise ParameterError(f"merge_distance_m is {merge_distance_m}.", "Give zero or more metres.")
    if eastings.size > MOST_EVENTS_HDBSCAN:
        raise ParameterError(
            f"HDBSCAN compares every pair of events; {eastings.size:,} are more than {MOST_EVENTS_HDBSCAN:,}.",
            "Take a shorter period or a part of the town, or use DBSCAN.",
        )
    places = distinct_places(eastings, northings)
    label = np.zeros(1, dtype=np.int64) if places.n == 1 else _label_of_places(places, min_events)
    label = _merged(places, label, merge_distance_m)
    parameters = {"min_events": min_events, "merge_distance_m": float(merge_distance_m)}
    return _result(
        "HDBSCAN", places, label, metric, parameters, f"at least {min_events} events denser than around them"
    )


def _checked(x: npt.ArrayLike, y: npt.ArrayLike, crs: Any, min_events: int) -> tuple[CRS, FloatArray, FloatArray]:
    """Refuse what cannot be clustered."""
    metric = require_metres(crs)
    eastings, northings = checked_coordinates(x, y)
    if looks_like_degrees(eastings, northings) and np.ptp(eastings) + np.ptp(northings) > 0:
        raise CoordinateError("The coordinates look like degrees, not metres.", "Project them to metres.")
    if min_events < 2:
        raise ParameterError(f"min_events is {min_events}.", "Give at least 2.")
    if eastings.size < min_events:
        raise TooFewEventsError(f"{eastings.size} events cannot make a cluster of {min_events}.", "Ask for fewer.")
    return metric, eastings, northings


def _label_of_places(places: Places, min_events: int) -> IntArray:
    """Return the cluster that most events of each place are in."""
    place = np.repeat(np.arange(places.n), places.events)
    points = np.column_stack([places.x - places.x[0], places.y - places.y.min()])[place]
    model = HDBSCAN(min_cluster_size=min_events, copy=True)
    label = model.fit(points).labels_.astype(np.int64)
    votes = np.zeros((places.n,), dtype=np.int64)
    chosen = np.full(places.n, NO_CLUSTER, dtype=np.int64)
    pairs, counts = np.unique(np.column_stack([place, label]), axis=0, return_counts=True)
    for (where, cluster), count in zip(pairs.tolist(), counts.tolist(), strict=True):
        if count > votes[where]:
            votes[where], chosen[where] = count, cluster
    return chosen


def _merged(places: Places, label: IntArray, distance_m: float) -> IntArray:
    """Make one of clusters that have places within a distance."""
    held = np.flatnonzero(label >= 0)
    if distance_m == 0 or held.size == 0:
        return label
    points = np.column_stack([places.x[held] - places.x[0], places.y[held] - places.y.min()])
    pairs = cKDTree(points).query_pairs(distance_m * ROUNDING, output_type="ndarray")
    ends = label[held][pairs]
    n_clusters = int(label.max()) + 1
    links = csr_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(n_clusters, n_clusters))
    _, joined = connected_components(links, directed=False)
    return np.where(label >= 0, joined[label], NO_CLUSTER).astype(np.int64)


def _result(name: str, places: Places, label: IntArray, crs: CRS, parameters: dict[str, Any], rule: str) -> Clusters:
    """Describe clusters of places."""
    numbers = largest_first(places, label)
    hulls, ellipses = cluster_shapes(places, numbers, crs)
    n, noise = int(places.events.sum()), int(places.events[numbers < 0].sum())
    summary = Summary(
        method=f"{name} clusters",
        parameters={**parameters, "places": places.n, "noise": noise, "ellipse": "CrimeStat: sqrt(2 sum(d^2)/(n-2))"},
        n_used=n,
        excluded={},
        crs=crs_name(crs),
        study_area_km2=0.0,
        reading=_reading(name, hulls, n, noise, rule),
        warnings=_notices(name, places, hulls, n),
    )
    return Clusters(hulls, ellipses, numbers[places.place_of_event], noise, summary)


def _notices(name: str, places: Places, hulls: gpd.GeoDataFrame, n: int) -> tuple[Notice, ...]:
    """Warn of a cluster that is no place, of snapped data under HDBSCAN, and of point masses."""
    notices = []
    if name == "HDBSCAN" and places.n < SNAPPED * n:
        notices.append(
            Notice(
                "snapped_data",
                f"{n:,} events lie on {places.n:,} places. Events on one place are infinitely dense for HDBSCAN, so "
                "that it splits and sprawls; compare with DBSCAN.",
            )
        )
    if len(hulls) and hulls["events"].iloc[0] > LARGE_SHARE * n and hulls["places"].iloc[0] > LARGE_SHARE * places.n:
        notices.append(
            Notice(
                "one_large_cluster",
                f"One cluster holds {hulls['events'].iloc[0] / n:.0%} of the events: the distance is too long, or the "
                "least number of events too low, to tell places apart.",
            )
        )
    mass = point_mass_notice(places.x[places.place_of_event], places.y[places.place_of_event])
    return (*notices, mass) if mass else tuple(notices)


def _reading(name: str, hulls: gpd.GeoDataFrame, n: int, noise: int, rule: str) -> str:
    """Say in plain language what was found."""
    if not len(hulls):
        return f"{name} found no cluster ({rule}) among {n:,} events."
    largest = hulls.iloc[0]
    return (
        f"{name} found {len(hulls):,} clusters ({rule}) that hold {n - noise:,} of {n:,} events; {noise:,} are in "
        f"none. The largest has {largest['events']:,} events on {largest['places']:,} places around "
        f"{largest['centre_x']:,.0f}, {largest['centre_y']:,.0f}. Clusters show where events gather; they are "
        "not tested against chance."
    )
