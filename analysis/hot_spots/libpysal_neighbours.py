"""Neighbours from libpysal: any weights it knows, and the contiguity of areal units."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import numpy as np
import pandas as pd
from libpysal.graph import Graph
from libpysal.weights import W

from analysis.errors import GeometryError, ParameterError
from analysis.hot_spots.neighbours import IntArray, Neighbours, neighbours_from_pairs

POLYGONS = {"Polygon", "MultiPolygon"}


def contiguous_neighbours(units: gpd.GeoSeries, *, corners: bool = True, snap_m: float = 0.0) -> Neighbours:
    """Return the areal units that touch each unit.

    Parameters
    ----------
    units : GeoSeries of Polygon or MultiPolygon, shape (n,)
        Valid, metres.
    corners : bool
        True: a common corner is enough (queen). False: a common piece of border is needed (rook).
    snap_m : float
        With `corners`, units closer than this touch too: it spans slivers and narrow streets. Metres.

    Returns
    -------
    Neighbours
        Binary weights.

    Raises
    ------
    GeometryError
        A unit that is missing, empty, invalid or no polygon.
    ParameterError
        `snap_m` is negative, not finite, or given without `corners`.

    Notes
    -----
    By the relations of the shapes, not by shared vertices, so borders drawn with different vertices count. Units that
    overlap are neighbours with `corners` (libpysal's strict contiguity loses them), not without.

    Examples
    --------
    >>> import shapely
    >>> row = gpd.GeoSeries([shapely.box(i, 0, i + 1, 1) for i in range(3)], crs="EPSG:32616")
    >>> contiguous_neighbours(row).sizes.tolist()
    [1, 2, 1]
    """
    _check_polygons(units)
    if not (np.isfinite(snap_m) and snap_m >= 0) or (snap_m and not corners):
        raise ParameterError(f"snap_m is {snap_m}.", "Give metres, zero or more; rook neighbours take none.")
    places = units.reset_index(drop=True)
    if not corners:
        graph = Graph.build_contiguity(places, rook=True, strict=True)
        return dataclasses.replace(neighbours_from_libpysal(graph), name="rook contiguity")
    graph = Graph.build_fuzzy_contiguity(places, buffer=snap_m / 2.0 if snap_m else None)
    name = f"queen contiguity within {snap_m:g} m" if snap_m else "queen contiguity"
    return dataclasses.replace(neighbours_from_libpysal(graph), name=name)


def _check_polygons(units: gpd.GeoSeries) -> None:
    """Refuse units that have no border."""
    missing = np.asarray(units.isna() | units.is_empty)
    wrong = ~missing & ~np.asarray(units.geom_type.isin(POLYGONS))
    invalid = ~missing & ~np.asarray(units.is_valid)
    for bad, problem in (
        (missing, "no geometry"),
        (wrong, "a geometry that is no polygon"),
        (invalid, "an invalid polygon"),
    ):
        if bad.any():
            unit = units.index[int(np.argmax(bad))]
            raise GeometryError(
                f"{np.count_nonzero(bad):,} of {len(units):,} units have {problem}, the first is {unit!r}.",
                "Contiguity needs valid polygons; points take a distance band, nearest neighbours or a kernel.",
            )


def neighbours_from_libpysal(weights: W | Graph, index: pd.Index | None = None) -> Neighbours:
    """Return the neighbours that libpysal weights describe.

    Parameters
    ----------
    weights : libpysal.weights.W or libpysal.graph.Graph
        Any: contiguity, distance, kernel, block, travel cost, row-standardised or not.
    index : pandas.Index, optional
        Names of the units in the order of their values, such as the index of their frame; by default the order of the
        weights. Weights that number units from 0 are taken by position where these are no names.

    Returns
    -------
    Neighbours

    Raises
    ------
    ParameterError
        The weights are of other units, negative or not finite, or only some units are their own neighbours.

    Examples
    --------
    >>> from libpysal.weights import lat2W
    >>> neighbours_from_libpysal(lat2W(2, 2)).indices.tolist()
    [1, 2, 0, 3, 0, 3, 1, 2]
    """
    if isinstance(weights, Graph):
        names, table = pd.Index(weights.unique_ids), weights.sparse.tocoo()
        title = f"libpysal Graph, transformation {weights.transformation}"
    elif isinstance(weights, W):
        names, table = pd.Index(weights.id_order), weights.sparse.tocoo()
        title = f"libpysal W, transformation {weights.transform}"
    else:
        raise ParameterError(
            f"Neighbours of type {type(weights).__name__} are unknown.",
            "Give a rule, Neighbours, a libpysal W or a libpysal Graph.",
        )
    n = len(names)
    place = np.arange(n) if index is None else _places(names, index)
    return neighbours_from_pairs(place[table.coords[0]], place[table.coords[1]], table.data, n=n, name=title)


def _places(names: pd.Index, index: pd.Index) -> IntArray:
    """Return the position in `index` of each unit of the weights."""
    if len(names) != len(index):
        raise ParameterError(
            f"The weights are of {len(names):,} units, the values of {len(index):,}.", "Make weights of the same units."
        )
    places = np.asarray(index.get_indexer(names)) if index.is_unique else np.full(len(names), -1)
    if (places < 0).any() and set(names) == set(range(len(names))):
        return np.asarray(names, dtype=np.int64)
    if (places < 0).any():
        stranger = names[int(np.argmin(places))]
        raise ParameterError(
            f"Unit {stranger!r} of the weights is not in the index of the values.", "Make weights of the same index."
        )
    return places.astype(np.int64)
