"""The work beneath kernel density: kernel sums at the centres of a lattice, exactly.

Coordinates here are in cells: the centre of column 0 is at 0, that of column 1 at 1. Sums leave out the kernel's
constant. Nothing depends on the number of threads: every row of the lattice is summed by one thread, in the order of
the events.
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np

from analysis.cell_events import CellEvents, near_rows
from analysis.projection import FloatArray
from analysis.quartic_sweep import sweep_rows
from analysis.row_blocks import for_row_blocks

EXACT_REACH = 9.0
"""Standard deviations after which an exact sum over many events stops: exp(-40.5) = 2.6e-18 of the centre."""

ENDLESS_REACH = 38.7
"""Standard deviations beyond which a double holds zero."""

GAUSSIAN_BLOCK_ROWS, QUARTIC_BLOCK_ROWS = 64, 16

NARROW_RADIUS = 2.0
"""Radius, in cells, up to which summing pairs of event and cell is faster than sweeping."""

CHEAP_PAIRS = 2e7


def quartic_sums(events: CellEvents, radius: float, shape: tuple[int, int], threads: int | None = None) -> FloatArray:
    """Sum ``w (1 - d^2 / radius^2)^2`` over the events within the radius of each cell centre, exactly.

    Parameters
    ----------
    events : CellEvents
    radius : float
        Cells.
    shape : (int, int)
        Rows and columns of the lattice.
    threads : int, optional

    Returns
    -------
    ndarray of float64, shape (n_rows, n_columns)

    Notes
    -----
    Narrow kernels, and small inputs, are summed pair by pair; otherwise rows are swept, as `analysis.quartic_sweep`
    says, and the error stays below 1e-11 of the peak.
    """
    sums = np.zeros(shape)
    pairs = events.row.size * 4.0 * min(radius, shape[0]) * min(radius, shape[1])
    rows = sweep_rows if radius > NARROW_RADIUS and pairs > CHEAP_PAIRS else _quartic_pairs

    def add(first: int, last: int) -> None:
        rows(events, radius, sums, first, last)

    for_row_blocks(add, shape[0], block_rows=QUARTIC_BLOCK_ROWS, threads=threads)
    return sums


def gaussian_sums(
    events: CellEvents, sigma: float, reach: float, shape: tuple[int, int], threads: int | None = None
) -> FloatArray:
    """Sum ``w exp(-d^2 / (2 sigma^2))`` over the events at each cell centre.

    Parameters
    ----------
    events : CellEvents
    sigma : float
        Standard deviation, cells.
    reach : float
        Half the side of the square around an event in which it is summed, in standard deviations.
    shape : (int, int)
        Rows and columns of the lattice.
    threads : int, optional

    Returns
    -------
    ndarray of float64, shape (n_rows, n_columns)
    """
    sums = np.zeros(shape)

    def add(first: int, last: int) -> None:
        _gaussian_rows(events, sigma, reach * sigma, sums, first, last)

    for_row_blocks(add, shape[0], block_rows=GAUSSIAN_BLOCK_ROWS, threads=threads)
    return sums


@nb.njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def _quartic_pairs(events: CellEvents, radius: float, sums: FloatArray, first: int, last: int) -> None:
    """Add every event to every cell within its radius in rows first to last."""
    n_columns = sums.shape[1]
    per_radius = 1.0 / radius
    place = np.arange(n_columns) * per_radius
    for r in range(first, last):
        low, high = near_rows(events, radius, r, r + 1)
        line = sums[r]
        for p in range(low, high):
            distance = (events.row[p] - r) * per_radius
            t = 1.0 - distance * distance
            if t <= 0.0:
                continue
            half = radius * math.sqrt(t)
            begin = math.ceil(max(events.column[p] - half, 0.0))
            end = math.floor(min(events.column[p] + half, n_columns - 1.0))
            event, share = events.column[p] * per_radius, events.weight[p]
            for q in range(begin, end + 1):
                across = place[q] - event
                rest = t - across * across
                line[q] += share * rest * rest


@nb.njit(cache=True, nogil=True)
def _gaussian_rows(events: CellEvents, sigma: float, reach: float, sums: FloatArray, first: int, last: int) -> None:
    """Add every event within reach to rows first to last; the exponential of a distance is the product of two."""
    n_columns = sums.shape[1]
    scale = -0.5 / (sigma * sigma)
    along = np.empty(n_columns)
    low, high = near_rows(events, reach, first, last)
    for p in range(low, high):
        event_row, event_column = events.row[p], events.column[p]
        top = math.ceil(max(event_row - reach, first + 0.0))
        bottom = math.floor(min(event_row + reach, last - 1.0))
        begin = math.ceil(max(event_column - reach, 0.0))
        end = math.floor(min(event_column + reach, n_columns - 1.0))
        if bottom < top or end < begin:
            continue
        for q in range(begin, end + 1):
            along[q] = events.weight[p] * math.exp(scale * (q - event_column) ** 2)
        for r in range(top, bottom + 1):
            across = math.exp(scale * (r - event_row) ** 2)
            line = sums[r]
            for q in range(begin, end + 1):
                line[q] += across * along[q]
