"""Colours for areas such that neighbours differ."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely

_TOUCHING_DEGREES = 1e-5
"""About 1 m: borders that were digitised twice still count as shared."""


def neighbours(areas: gpd.GeoSeries) -> list[set[int]]:
    """Return for each area the positions of the areas it touches.

    Parameters
    ----------
    areas : GeoSeries
        Polygons in EPSG:4326.
    """
    geometries = areas.to_numpy()
    tree = shapely.STRtree(geometries)
    first, second = tree.query(geometries, predicate="dwithin", distance=_TOUCHING_DEGREES)
    touching: list[set[int]] = [set() for _ in range(len(geometries))]
    for one, other in zip(first.tolist(), second.tolist(), strict=True):
        if one != other:
            touching[one].add(other)
    return touching


def neighbour_colours(touching: list[set[int]], n_colours: int) -> np.ndarray:
    """Return a colour number for each area, different from that of every neighbour where possible.

    Parameters
    ----------
    touching : list of set of int
        Neighbours of each area.
    n_colours : int
        Size of the palette; six are enough for any planar map.

    Notes
    -----
    Greedy colouring in smallest-last order, which needs at most six colours on a planar graph. Areas that meet in one
    point count as neighbours, so the graph may be slightly more than planar; then the colour that fewest neighbours
    have is taken. Ties go to the lowest number: the result depends on nothing but the input.

    References
    ----------
    Matula, D. W. and Beck, L. L. (1983). Smallest-last ordering and clustering and graph coloring algorithms.
    """
    left = [set(others) for others in touching]
    remaining = set(range(len(touching)))
    order: list[int] = []
    while remaining:
        smallest = min(remaining, key=lambda area: (len(left[area]), area))
        remaining.remove(smallest)
        order.append(smallest)
        for other in left[smallest]:
            left[other].discard(smallest)
    colours = np.full(len(touching), -1, dtype=np.int64)
    for area in reversed(order):
        taken = [int(colours[other]) for other in touching[area] if colours[other] >= 0]
        colours[area] = min(range(n_colours), key=lambda colour: (taken.count(colour), colour))
    return colours
