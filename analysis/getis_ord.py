"""Getis-Ord Gi* hot spots on a square grid."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numba as nb
import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.conditional_permutation import IntArray, PermutationTails, permutation_tails
from analysis.errors import EmptyInputError, ParameterError, ZeroVarianceError
from analysis.events import check_some_inside, events_notices
from analysis.grid_cells import BoolArray
from analysis.grids import SquareGrid
from analysis.projection import FloatArray, checked_coordinates, crs_name
from analysis.row_blocks import for_row_blocks
from analysis.significance import CORRECTION_NAMES, Correction, gi_bins, q_values
from analysis.summary import Notice, Summary

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
        ``gi_z``, ``p_value`` and ``q_value`` are nullable (pandas ``Float64``): null where the window covers the whole
        map, which the summary then says.
    summary : Summary
    """

    frame: gpd.GeoDataFrame
    summary: Summary


def hot_spots(
    x: npt.ArrayLike, y: npt.ArrayLike, grid: SquareGrid, *, correction: Correction = "bh", seed: int = 0
) -> HotSpots:
    """Find cells with more (or fewer) events in and around them than chance would put there.

    Parameters
    ----------
    x, y : array_like of float, shape (n,)
        Events, metres in the CRS of the grid.
    grid : SquareGrid
    correction : {"bh", "by", "bonferroni", "none"}
        For testing every cell of the map at once.
    seed : int
        Of random permutations, which are made only where exact ones would take too long.

    Returns
    -------
    HotSpots

    Raises
    ------
    ParameterError
        An unknown correction, or a grid of one cell.
    CoordinateError
        Coordinates that are not finite, or degrees.
    EmptyInputError
        No event, or none in the study area.
    ZeroVarianceError
        Every cell holds the same count.

    Notes
    -----
    The window is the cell and its up to eight neighbours in the study area (queen contiguity, binary weights). For z
    see `gi_star`, for p `analysis.conditional_permutation.permutation_tails` (two-sided,
    ``min(1, 2 min(upper, lower))``), for q `analysis.significance.q_values`, for the classes
    `analysis.significance.gi_bins`. The normal p of z is not used: on sparse counts it is far too small in the hot
    tail.

    References
    ----------
    Ord, J. K. and Getis, A. (1995). Local spatial autocorrelation statistics. Geographical Analysis 27(4).

    Examples
    --------
    >>> import shapely
    >>> from analysis.grids import square_grid
    >>> grid = square_grid(shapely.box(0, 0, 2000, 2000), 100, crs="EPSG:32616")
    >>> found = hot_spots([250.0] * 40 + [1550.0], [250.0] * 40 + [950.0], grid)
    >>> found.frame.loc[found.frame["count"] == 40, "gi_bin"].tolist()
    [0]
    """
    eastings, northings = checked_coordinates(x, y)
    if correction not in CORRECTION_NAMES:
        raise ParameterError(f"Unknown correction {correction!r}.", "Use bh, by, bonferroni or none.")
    counted = grid.count(eastings, northings)
    check_some_inside(eastings, northings, grid, counted.outside)
    counts = counted.counts[grid.inside]
    statistic = gi_star(counted.counts, grid.inside)
    tails = permutation_tails(counts, statistic.sizes - 1, statistic.sums - counts, seed=seed)
    defined = np.isfinite(statistic.z)
    p = tails.two_sided
    q = np.ones(p.size)
    q[defined] = q_values(p[defined], correction)
    frame = grid.to_frame(
        count=counts,
        gi_z=_nullable(statistic.z, defined),
        p_value=_nullable(p, defined),
        q_value=_nullable(q, defined),
        gi_bin=gi_bins(statistic.z, q),
    )
    summary = Summary(
        method="Getis-Ord Gi*",
        parameters=_parameters(grid, correction, tails),
        n_used=int(counts.sum()),
        excluded={"outside": counted.outside} if counted.outside else {},
        crs=crs_name(grid.crs),
        study_area_km2=grid.study_area_km2,
        reading=_reading(frame, grid, correction, tails, counted.outside),
        warnings=(
            *events_notices(eastings, northings, grid, int(counts.sum())),
            *_cell_notices(defined, tails),
        ),
        seed=None if tails.permutations is None else seed,
    )
    return HotSpots(frame, summary)


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


def _nullable(values: FloatArray, defined: BoolArray) -> pd.arrays.FloatingArray:
    """Return a nullable column."""
    return pd.arrays.FloatingArray(np.where(defined, values, 0.0), ~defined)


def _parameters(grid: SquareGrid, correction: Correction, tails: PermutationTails) -> dict[str, Any]:
    """Return every parameter that shaped the map."""
    return {
        "cell_m": grid.cell_m,
        "origin_m": [grid.origin_x, grid.origin_y],
        "cells": grid.n_cells,
        "neighbours": "queen contiguity with the cell itself, binary weights",
        "p_value": _permutation_name(tails),
        "correction": correction,
    }


def _permutation_name(tails: PermutationTails) -> str:
    """Name the kind of p-value."""
    if tails.permutations is None:
        return "exact conditional permutation, two-sided"
    floor = 2.0 / (tails.permutations + 1)
    return f"{tails.permutations:,} random conditional permutations a cell, two-sided, not below {floor:.2g}"


def _cell_notices(defined: BoolArray, tails: PermutationTails) -> tuple[Notice, ...]:
    """Warn of cells without a statistic and of p-values that are not exact."""
    notices = []
    if not defined.all():
        notices.append(
            Notice(
                "window_covers_map",
                f"{np.count_nonzero(~defined):,} cells have every other cell as a neighbour, so they cannot differ "
                "from the rest: their z, p and q are empty. Use a smaller cell or a larger study area.",
            )
        )
    if tails.permutations is not None:
        notices.append(
            Notice(
                "p_value_floor",
                f"Counts are too large for exact p-values; {tails.permutations:,} random permutations a cell were "
                f"made, so no p is below {2.0 / (tails.permutations + 1):.2g}. Smaller cells allow exact p-values.",
            )
        )
    return tuple(notices)


def _reading(
    frame: gpd.GeoDataFrame, grid: SquareGrid, correction: Correction, tails: PermutationTails, outside: int
) -> str:
    """Say in plain language what the map shows."""
    bins, used = frame["gi_bin"].to_numpy(), int(frame["count"].sum())
    hot, cold = ([int(np.count_nonzero(bins == sign * level)) for level in (3, 2, 1)] for sign in (1, -1))
    p_kind = "exact" if tails.permutations is None else "random"
    left_out = f" {outside:,} events outside the study area were left out." if outside else ""
    return (
        f"Of {grid.n_cells:,} cells of {grid.cell_m:g} m, {sum(hot):,} are hot spots ({hot[0]:,} with 99 %, "
        f"{hot[1]:,} with 95 % and {hot[2]:,} with 90 % confidence) and {sum(cold):,} are cold spots ({cold[0]:,}, "
        f"{cold[1]:,}, {cold[2]:,}), after {CORRECTION_NAMES[correction]} over the whole map, by Getis-Ord Gi* with "
        f"{p_kind} conditional-permutation p-values. {used:,} events on {grid.study_area_km2:,.1f} km2 were used."
        f"{left_out} A hot spot is a cell that, with its neighbours, holds more events than a random arrangement of "
        "the same counts would put there."
    )
