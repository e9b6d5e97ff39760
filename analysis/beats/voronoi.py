"""Areas for units that come as points: Voronoi cells inside the municipality."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import KDTree
from shapely.geometry.base import BaseGeometry

APART_M = 0.5
"""Points at the same place are moved apart by about this much, so that each has a cell."""


@dataclass(frozen=True)
class Cells:
    """Voronoi cells of point units.

    Attributes
    ----------
    polygons : ndarray of Polygon or MultiPolygon, shape (n,)
        Cell of each point.
    moved : int
        Points that shared their place with an earlier one and were moved apart.
    outside : int
        Points outside the study area, around which it was extended.
    """

    polygons: NDArray[np.object_]
    moved: int
    outside: int


def voronoi_cells(points: NDArray[np.object_], study_area: BaseGeometry | None = None) -> Cells:
    """Give every point the part of the study area that is nearest to it.

    Parameters
    ----------
    points : ndarray of Point, shape (n,)
        Units in metres.
    study_area : Polygon, MultiPolygon or None
        Area to divide; None takes the convex hull of the points with a margin of the typical distance between points.

    Returns
    -------
    Cells
        In the order of ``points``.

    Examples
    --------
    >>> cells = voronoi_cells(shapely.points([[0, 0], [100, 0]]), shapely.box(-50, -50, 150, 50))
    >>> shapely.area(cells.polygons)
    array([10000., 10000.])
    """
    places, moved = spread(shapely.get_coordinates(points))
    sites = shapely.points(places)
    spacing_m = typical_distance(places)
    if study_area is None:
        frame = shapely.buffer(shapely.convex_hull(shapely.multipoints(sites)), spacing_m)
        outside = 0
    else:
        beyond = ~shapely.contains_xy(study_area, places)
        outside = int(beyond.sum())
        frame = shapely.union_all([study_area, *shapely.buffer(sites[beyond], spacing_m)])
    if len(sites) == 1:
        return Cells(np.array([frame], dtype=object), moved, outside)
    whole = shapely.voronoi_polygons(shapely.multipoints(sites), extend_to=frame, ordered=True)
    cells = shapely.get_parts(whole)
    shapely.prepare(frame)
    cut = ~shapely.covers(frame, cells)
    cells[cut] = shapely.intersection(cells[cut], frame)
    return Cells(cells, moved, outside)


def typical_distance(places: NDArray[np.float64]) -> float:
    """Return the median distance to the nearest other point in metres, 100 m for a single point."""
    if len(places) < 2:
        return 100.0
    distance, _ = KDTree(places).query(places, k=2)
    return float(max(np.median(distance[:, 1]), 1.0))


def spread(places: NDArray[np.float64]) -> tuple[NDArray[np.float64], int]:
    """Move points that share a place apart.

    Parameters
    ----------
    places : ndarray of float64, shape (n, 2)
        Coordinates in metres.

    Returns
    -------
    tuple of ndarray and int
        Coordinates that are all different, and how many were moved: the k-th repeat of a place lies on a spiral around
        it.
    """
    _, place, count = np.unique(np.round(places / APART_M), axis=0, return_inverse=True, return_counts=True)
    place = place.ravel()
    order = np.argsort(place, kind="stable")
    first = np.cumsum(count) - count
    repeat = np.zeros(len(places))
    repeat[order] = np.arange(len(places)) - np.repeat(first, count)
    angle, radius = 2.4 * repeat, 2.0 * APART_M * np.sqrt(repeat)
    return places + np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]), int((repeat > 0).sum())
