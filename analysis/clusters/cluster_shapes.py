"""Clusters of events as shapes: centre, convex hull, standard deviational ellipse, density."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pyproj import CRS

from analysis.hot_spots.conditional_permutation import IntArray
from analysis.projection import FloatArray

NO_CLUSTER = -1
ELLIPSE_CORNERS = 64
FLAT = 1e-9
"""Minor axis, as part of the major one, under which points lie in a line."""


@dataclass(frozen=True)
class Places:
    """Distinct coordinates with the events on each.

    Attributes
    ----------
    x, y : ndarray of float64, shape (n_places,)
        Metres, in the order of x, then y.
    events : ndarray of int64, shape (n_places,)
        Events on each.
    place_of_event : ndarray of int64, shape (n,)
    """

    x: FloatArray
    y: FloatArray
    events: IntArray
    place_of_event: IntArray

    @property
    def n(self) -> int:
        """Places."""
        return int(self.x.size)


@dataclass(frozen=True)
class Ellipse:
    """A standard deviational ellipse.

    Attributes
    ----------
    x, y : float
        Centre: the mean of the events, metres.
    major_m, minor_m : float
        Half axes, metres.
    azimuth_deg : float
        Direction of the major axis, degrees clockwise from grid north, 0 up to 180.
    """

    x: float
    y: float
    major_m: float
    minor_m: float
    azimuth_deg: float

    @property
    def area_km2(self) -> float:
        """Area, square kilometres."""
        return math.pi * self.major_m * self.minor_m / 1e6

    def polygon(self) -> shapely.Polygon:
        """Return the ellipse as a polygon of 64 corners."""
        turn = np.linspace(0.0, 2.0 * math.pi, ELLIPSE_CORNERS, endpoint=False)
        along, across = self.major_m * np.cos(turn), self.minor_m * np.sin(turn)
        north = math.radians(self.azimuth_deg)
        x = self.x + along * math.sin(north) - across * math.cos(north)
        y = self.y + along * math.cos(north) + across * math.sin(north)
        return shapely.Polygon(np.column_stack([x, y]))


def distinct_places(x: FloatArray, y: FloatArray) -> Places:
    """Gather events by coordinate.

    Parameters
    ----------
    x, y : ndarray of float64, shape (n,)
        Metres.

    Returns
    -------
    Places

    Examples
    --------
    >>> distinct_places(np.array([2.0, 1.0, 2.0]), np.array([5.0, 5.0, 5.0])).events.tolist()
    [1, 2]
    """
    points, place, events = np.unique(np.column_stack([x, y]), axis=0, return_inverse=True, return_counts=True)
    return Places(points[:, 0].copy(), points[:, 1].copy(), events, place.reshape(-1))


def standard_deviational_ellipse(x: npt.ArrayLike, y: npt.ArrayLike, events: npt.ArrayLike) -> Ellipse | None:
    """Return the standard deviational ellipse of events.

    Parameters
    ----------
    x, y : array_like of float, shape (n_places,)
        Metres.
    events : array_like of int, shape (n_places,)
        Events at each place.

    Returns
    -------
    Ellipse or None
        None for fewer than three events, or events in a line or a point.

    Notes
    -----
    The convention of CrimeStat: half axes ``sqrt(2 sum(d^2) / (n - 2))``, with d the distances of the n events from the
    mean centre along each principal axis. Yuill's original divides by n and has no factor 2, so that its axes are
    ``sqrt(2)`` shorter.

    References
    ----------
    Levine, N. (2013). CrimeStat IV, chapter 4. National Institute of Justice.
    Yuill, R. S. (1971). The standard deviational ellipse: an updated tool for spatial description. Geografiska Annaler
    B 53(1).

    Examples
    --------
    >>> ellipse = standard_deviational_ellipse([0, 4, 2, 2], [0, 0, 1, -1], [1, 1, 1, 1])
    >>> round(ellipse.major_m, 3), round(ellipse.minor_m, 3), ellipse.azimuth_deg
    (2.828, 1.414, 90.0)
    """
    eastings, northings = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    weight = np.asarray(events, dtype=np.float64)
    n = float(weight.sum())
    if n < 3:
        return None
    centre_x, centre_y = _mean(eastings, weight), _mean(northings, weight)
    dx, dy = eastings - centre_x, northings - centre_y
    xx, yy, xy = (float(np.dot(weight, product)) for product in (dx * dx, dy * dy, dx * dy))
    half_gap = math.hypot((xx - yy) / 2.0, xy)
    long, short = (xx + yy) / 2.0 + half_gap, max(0.0, (xx + yy) / 2.0 - half_gap)
    if long == 0.0 or math.sqrt(short) <= FLAT * math.sqrt(long):
        return None
    angle = 0.5 * math.degrees(math.atan2(2.0 * xy, xx - yy))
    scale = 2.0 / (n - 2.0)
    return Ellipse(centre_x, centre_y, math.sqrt(scale * long), math.sqrt(scale * short), (90.0 - angle) % 180.0)


def largest_first(places: Places, label: IntArray) -> IntArray:
    """Return clusters numbered from 1, the one with most events first; equal ones from west to east.

    Parameters
    ----------
    places : Places
    label : ndarray of int64, shape (n_places,)
        Any number for each cluster, -1 for none.

    Returns
    -------
    ndarray of int64, shape (n_places,)
        1, 2, ... and -1.
    """
    numbers = np.full(places.n, NO_CLUSTER, dtype=np.int64)
    found = [np.flatnonzero(label == one) for one in np.unique(label[label >= 0])]
    found.sort(key=lambda members: (-int(places.events[members].sum()), int(members[0])))
    for number, members in enumerate(found, start=1):
        numbers[members] = number
    return numbers


def cluster_shapes(places: Places, cluster: IntArray, crs: CRS) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Describe clusters of places by their shapes.

    Parameters
    ----------
    places : Places
    cluster : ndarray of int64, shape (n_places,)
        Number of the cluster of each place, -1 for none.
    crs : pyproj.CRS
        Of the places: metres.

    Returns
    -------
    hulls : GeoDataFrame
        ``cluster, events, places, centre_x, centre_y, hull_km2, density_per_km2, major_m, minor_m, azimuth_deg,
        ellipse_km2, reason, geometry``. The geometry is the convex hull: a line or a point where the places lie so.
        Nullable columns (``Float64``) are null where the hull has no area or the ellipse is not defined, and ``reason``
        says why.
    ellipses : GeoDataFrame
        ``cluster, geometry`` of the clusters whose ellipse is defined.
    """
    numbers = np.unique(cluster[cluster >= 0])
    members = [np.flatnonzero(cluster == number) for number in numbers]
    shapes = [standard_deviational_ellipse(places.x[m], places.y[m], places.events[m]) for m in members]
    points = shapely.points(places.x, places.y)
    hulls = [shapely.convex_hull(shapely.multipoints(points[m])) for m in members]
    rows = [
        _row(int(number), places, m, hull, shape)
        for number, m, hull, shape in zip(numbers, members, hulls, shapes, strict=True)
    ]
    names = [*WHOLE_COLUMNS, *CENTRE_COLUMNS, *NULLABLE_COLUMNS, "reason"]
    table = pd.DataFrame(rows, columns=names)
    kinds: dict[str, str] = dict.fromkeys(WHOLE_COLUMNS, "int64") | dict.fromkeys(CENTRE_COLUMNS, "float64")
    table = table.astype(kinds | dict.fromkeys(NULLABLE_COLUMNS, "Float64"))
    drawn = {int(number): shape.polygon() for number, shape in zip(numbers, shapes, strict=True) if shape is not None}
    ellipses = gpd.GeoDataFrame({"cluster": list(drawn)}, geometry=list(drawn.values()), crs=crs)
    return gpd.GeoDataFrame(table, geometry=hulls, crs=crs), ellipses


WHOLE_COLUMNS = ("cluster", "events", "places")
CENTRE_COLUMNS = ("centre_x", "centre_y")
NULLABLE_COLUMNS = ("hull_km2", "density_per_km2", "major_m", "minor_m", "azimuth_deg", "ellipse_km2")


def _row(number: int, places: Places, members: IntArray, hull: Any, ellipse: Ellipse | None) -> tuple[Any, ...]:
    """Return the columns of one cluster."""
    events = places.events[members]
    n, area = int(events.sum()), float(shapely.area(hull)) / 1e6
    reason = None
    if ellipse is None:
        in_point = members.size == 1
        reason = "all events at one place" if in_point else "fewer than 3 events, or all in a line"
    flat = area == 0 or ellipse is None
    axes = (None,) * 4 if ellipse is None else (ellipse.major_m, ellipse.minor_m, ellipse.azimuth_deg, ellipse.area_km2)
    weight = events.astype(np.float64)
    centre = _mean(places.x[members], weight), _mean(places.y[members], weight)
    ground = (None, None) if flat else (area, n / area)
    return (number, n, members.size, *centre, *ground, *axes, reason)


def _mean(values: FloatArray, weight: FloatArray) -> float:
    """Return the weighted mean, summed about the first value for accuracy."""
    first = float(values[0])
    return first + float(np.dot(weight, values - first)) / float(weight.sum())
