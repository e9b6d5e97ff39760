"""Getis-Ord hot spots of events on a grid."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numba as nb
import numpy as np
import numpy.typing as npt

from analysis.errors import EmptyInputError, ParameterError, ZeroVarianceError
from analysis.events import check_some_inside, count_notices
from analysis.grids.cell_grid import CellCounts, CellGrid
from analysis.grids.square import SquareGrid
from analysis.hot_spots.conditional_permutation import IntArray, PermutationTails, permutation_tails
from analysis.hot_spots.hot_spot_reading import (
    bins_of_tails,
    classes_in_words,
    nullable,
    permutation_name,
    statistic_notices,
)
from analysis.hot_spots.lattice_neighbours import cell_neighbours
from analysis.hot_spots.local_statistics import STATISTIC_NAMES, Statistic, local_g, neighbour_tails
from analysis.hot_spots.neighbours import Neighbours
from analysis.hot_spots.significance import CORRECTION_NAMES, Correction, q_values
from analysis.places.point_mass import point_mass_notice
from analysis.projection import BoolArray, FloatArray, checked_coordinates, crs_name
from analysis.row_blocks import for_row_blocks
from analysis.summary import Summary

BLOCK_ROWS = 128


@dataclass(frozen=True)
class GiStar:
    """Gi* of the cells of a lattice.

    Attributes
    ----------
    z : ndarray of float64, shape (n_cells,)
        z-score; not a number where the window covers every cell.
    sums : ndarray of int64, shape (n_cells,)
        Events in the window: the cell and its neighbours.
    sizes : ndarray of int64, shape (n_cells,)
        Cells in the window.
    """

    z: FloatArray
    sums: IntArray
    sizes: IntArray


@dataclass(frozen=True)
class HotSpots:
    """Hot and cold spots.

    Attributes
    ----------
    frame : GeoDataFrame
        ``count, gi_z, p_value, q_value, gi_bin, cell, cell_x, cell_y, geometry``, one row a cell of the study area.
        ``gi_z``, ``p_value`` and ``q_value`` are nullable (pandas ``Float64``): null where there is no statistic, which
        the summary then says.
    summary : Summary
    reason : ndarray of str, shape (n_cells,)
        Why a cell has no statistic (`analysis.hot_spots.local_statistics.REASONS`), empty where it has one.
    """

    frame: gpd.GeoDataFrame
    summary: Summary
    reason: npt.NDArray[np.str_]


@dataclass(frozen=True)
class _Judged:
    """z, why there is none, tail probabilities, and the name of the neighbours."""

    z: FloatArray
    reason: npt.NDArray[np.str_]
    tails: PermutationTails
    neighbours: str


def hot_spots(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    grid: CellGrid,
    *,
    correction: Correction = "bh",
    seed: int = 0,
    statistic: Statistic = "gi_star",
    neighbours: Neighbours | None = None,
    permutations: int | None = None,
) -> HotSpots:
    """Find cells with more (or fewer) events in and around them than chance would put there.

    Parameters
    ----------
    x, y : array_like of float, shape (n,)
        Events, metres in the CRS of the grid.
    grid : SquareGrid or HexagonGrid
    correction : {"bh", "by", "bonferroni", "none"}
    seed : int
        Of random permutations, made only where exact ones would take too long or weights are unequal.
    statistic : {"gi_star", "gi"}
    neighbours : Neighbours, optional
        Of the cells in the order of ``grid.cells``. By default the up to eight squares (queen) or six hexagons around.
    permutations : int, optional
        Random arrangements a cell; by default see `analysis.hot_spots.local_statistics.neighbour_tails`.

    Returns
    -------
    HotSpots

    Raises
    ------
    ParameterError
        An unknown correction or statistic, a grid of one cell, or neighbours of another number of cells.
    CoordinateError
        Coordinates that are not finite, or degrees.
    EmptyInputError
        No event, or none in the study area.
    ZeroVarianceError
        Every cell holds the same count.
    TooFewEventsError
        Gi on two cells.

    Notes
    -----
    For z see `gi_star` and `hot_spots.local_statistics.local_g`, for p (two-sided, ``min(1, 2 min(upper, lower))``)
    `hot_spots.conditional_permutation.permutation_tails`, for q `hot_spots.significance.q_values`, for the classes
    `hot_spots.hot_spot_reading.bins_of_tails`. The normal p of z is not used: on sparse counts it is far too small in
    the hot tail.

    Examples
    --------
    >>> import shapely
    >>> from analysis.grids.square import square_grid
    >>> grid = square_grid(shapely.box(0, 0, 2000, 2000), 100, crs="EPSG:32616")
    >>> found = hot_spots([250.0] * 40 + [1550.0], [250.0] * 40 + [950.0], grid)
    >>> found.frame.loc[found.frame["count"] == 40, "gi_bin"].tolist()
    [0]
    """
    eastings, northings = checked_coordinates(x, y)
    _check_correction(correction)
    counted = grid.count(eastings, northings)
    check_some_inside(eastings, northings, grid, counted.outside)
    found = hot_spots_of_counts(
        counted,
        grid,
        correction=correction,
        seed=seed,
        statistic=statistic,
        neighbours=neighbours,
        permutations=permutations,
    )
    mass = point_mass_notice(eastings, northings)
    if mass is None:
        return found
    ahead = count_notices(grid, found.summary.n_used)
    warnings = (*ahead, mass, *found.summary.warnings[len(ahead) :])
    return dataclasses.replace(found, summary=dataclasses.replace(found.summary, warnings=warnings))


def hot_spots_of_counts(
    counted: CellCounts,
    grid: CellGrid,
    *,
    correction: Correction = "bh",
    seed: int = 0,
    statistic: Statistic = "gi_star",
    neighbours: Neighbours | None = None,
    permutations: int | None = None,
) -> HotSpots:
    """Find hot and cold spots of events that were counted already, for example by a database.

    Parameters
    ----------
    counted : CellCounts
        Whole numbers of events in the cells of the grid, and how many lie in none of them.
    grid : SquareGrid or HexagonGrid
    correction, seed, statistic, neighbours, permutations
        As for `hot_spots`.

    Returns
    -------
    HotSpots
        As of `hot_spots`, but for the warning of point masses, which counts do not show.

    Raises
    ------
    ParameterError, EmptyInputError, ZeroVarianceError, TooFewEventsError
        As for `hot_spots`; counts of another shape than the grid.

    Examples
    --------
    >>> import shapely
    >>> from analysis.grids.square import square_grid
    >>> grid = square_grid(shapely.box(0, 0, 2000, 2000), 100, crs="EPSG:32616")
    >>> counted = grid.count([250.0] * 40 + [1550.0], [250.0] * 40 + [950.0])
    >>> hot_spots_of_counts(counted, grid).summary.n_used
    41
    """
    _check_correction(correction)
    if counted.counts.shape != grid.inside.shape:
        raise ParameterError(f"Counts of shape {counted.counts.shape} do not fit a grid of {grid.inside.shape}.")
    judged = _judged(counted.counts, grid, statistic, neighbours, (permutations, seed))
    frame = _frame(counted.counts[grid.inside], grid, judged, correction)
    used = int(frame["count"].sum())
    summary = Summary(
        method=STATISTIC_NAMES[statistic],
        parameters=_parameters(grid, correction, statistic, neighbours, judged),
        n_used=used,
        excluded={"outside": counted.outside} if counted.outside else {},
        crs=crs_name(grid.crs),
        study_area_km2=grid.study_area_km2,
        reading=_reading(frame, grid, correction, statistic, judged, counted.outside),
        warnings=(*count_notices(grid, used), *statistic_notices(judged.reason, judged.tails, "cell")),
        seed=None if judged.tails.permutations is None else seed,
    )
    return HotSpots(frame, summary, judged.reason)


def _check_correction(correction: str) -> None:
    """Refuse an unknown correction."""
    if correction not in CORRECTION_NAMES:
        raise ParameterError(f"Unknown correction {correction!r}.", "Use bh, by, bonferroni or none.")


def _frame(held: IntArray, grid: CellGrid, judged: _Judged, correction: Correction) -> gpd.GeoDataFrame:
    """Return the columns of the map."""
    defined = judged.reason == ""
    p = judged.tails.two_sided
    q = np.ones(p.size)
    q[defined] = q_values(p[defined], correction)
    return grid.to_frame(
        count=held,
        gi_z=nullable(judged.z, defined),
        p_value=nullable(p, defined),
        q_value=nullable(q, defined),
        gi_bin=bins_of_tails(judged.z, q, judged.tails),
    )


def gi_star(counts: npt.NDArray[np.int64], inside: BoolArray) -> GiStar:
    """Compute the z-score of Gi* on a lattice with holes.

    Parameters
    ----------
    counts : ndarray of int64, shape (n_rows, n_columns)
        Events by cell.
    inside : ndarray of bool, shape (n_rows, n_columns)
        Cells of the study area; no other cell enters the mean, the variance or a window.

    Returns
    -------
    GiStar
        In row-major order of the cells of the study area.

    Raises
    ------
    ParameterError
        There is only one cell.
    EmptyInputError
        There is no cell, or no event.
    ZeroVarianceError
        Every cell holds the same count.

    Notes
    -----
    ``z_i = (S_i - mean W_i) / (s sqrt((n W_i - W_i^2) / (n - 1)))`` with S_i the events in the window, W_i its cells,
    n all cells and s the standard deviation over all n cells (divided by n). Sums are of whole numbers, so z does not
    depend on their order.

    References
    ----------
    Ord, J. K. and Getis, A. (1995). Local spatial autocorrelation statistics. Geographical Analysis 27(4).

    Examples
    --------
    >>> counts = np.array([[0, 0, 0, 0], [0, 0, 0, 9]])
    >>> gi_star(counts, np.ones((2, 4), dtype=bool)).z.round(3).tolist()
    [-1.0, -1.732, 0.577, 1.0, -1.0, -1.732, 0.577, 1.0]
    """
    values = np.ascontiguousarray(counts, dtype=np.int64)
    held = values[inside]
    n = held.size
    if n == 0:
        raise EmptyInputError("The grid has no cell.", "Give a study area with ground in it.")
    total = int(held.sum())
    if total == 0:
        raise EmptyInputError("No cell holds an event.", "Check that events and study area are of one place.")
    if n == 1:
        raise ParameterError("The grid has one cell; Gi* compares cells.", "Use a smaller cell or a larger study area.")
    spread = n * int(np.dot(held, held)) - total**2
    if spread == 0:
        raise ZeroVarianceError(
            f"Every one of {n:,} cells holds {held[0]:,} events, so none is hotter than the rest.",
            "Use another cell size.",
        )
    sums, sizes = np.zeros_like(values), np.zeros_like(values)

    def add_windows(first: int, last: int) -> None:
        _window_sums(values, inside, sums, sizes, first, last)

    for_row_blocks(add_windows, values.shape[0], block_rows=BLOCK_ROWS)
    window_sums, window_sizes = sums[inside], sizes[inside]
    scale = np.full(10, np.nan)
    for size in range(1, min(10, n)):
        scale[size] = 1.0 / (math.sqrt(spread) * math.sqrt(size * (n - size) / (n - 1)))
    return GiStar((n * window_sums - total * window_sizes) * scale[window_sizes], window_sums, window_sizes)


@nb.njit(cache=True, nogil=True)
def _window_sums(counts: IntArray, inside: BoolArray, sums: IntArray, sizes: IntArray, first: int, last: int) -> None:
    """Sum counts and cells over the three by three window of every cell of rows first to last."""
    n_rows, n_columns = counts.shape
    for r in range(first, last):
        for q in range(n_columns):
            if not inside[r, q]:
                continue
            total = size = 0
            for row in range(max(0, r - 1), min(n_rows, r + 2)):
                for column in range(max(0, q - 1), min(n_columns, q + 2)):
                    if inside[row, column]:
                        total += counts[row, column]
                        size += 1
            sums[r, q], sizes[r, q] = total, size


def _judged(
    counts: IntArray,
    grid: CellGrid,
    statistic: Statistic,
    neighbours: Neighbours | None,
    random: tuple[int | None, int],
) -> _Judged:
    """Compute z and tails: on the lattice itself for the common case, on listed neighbours for any other."""
    held = counts[grid.inside]
    permutations, seed = random
    if isinstance(grid, SquareGrid) and neighbours is None and statistic == "gi_star" and permutations is None:
        found = gi_star(counts, grid.inside)
        tails = permutation_tails(held, found.sizes - 1, found.sums - held, seed=seed)
        return _Judged(found.z, np.where(np.isfinite(found.z), "", "window_covers_map"), tails, "queen contiguity")
    around = cell_neighbours(grid) if neighbours is None else neighbours
    local = local_g(held, around, statistic=statistic)
    tails = neighbour_tails(held, around, permutations=permutations, seed=seed)
    return _Judged(local.z, local.reason, tails, around.name)


def _parameters(
    grid: CellGrid, correction: Correction, statistic: Statistic, neighbours: Neighbours | None, judged: _Judged
) -> dict[str, Any]:
    """Return every parameter that shaped the map."""
    own = "with the cell itself" if statistic == "gi_star" else "without the cell itself"
    binary = neighbours is None or bool((neighbours.weights == 1.0).all())
    return {
        "cell_m": grid.cell_m,
        "cell_shape": "square" if isinstance(grid, SquareGrid) else "hexagon",
        "origin_m": [grid.origin_x, grid.origin_y],
        "cells": grid.n_cells,
        "neighbours": f"{judged.neighbours} {own}, {'binary weights' if binary else 'weighted'}",
        "p_value": permutation_name(judged.tails, "cell"),
        "correction": correction,
    }


def _reading(
    frame: gpd.GeoDataFrame, grid: CellGrid, correction: Correction, statistic: Statistic, judged: _Judged, outside: int
) -> str:
    """Say in plain language what the map shows."""
    used = int(frame["count"].sum())
    left_out = f" {outside:,} events outside the study area were left out." if outside else ""
    places = "a cell that, with its neighbours, holds" if statistic == "gi_star" else "a cell whose neighbours hold"
    classes = classes_in_words(frame["gi_bin"].to_numpy(), correction, STATISTIC_NAMES[statistic], judged.tails)
    return (
        f"Of {grid.n_cells:,} cells of {grid.cell_m:g} m, {classes} {used:,} events on {grid.study_area_km2:,.1f} km2 "
        f"were used.{left_out} A hot spot is {places} more events than a random arrangement of the same counts would "
        "put there."
    )
