"""Events in units of cells, sorted so that the rows of a lattice find those near them."""

from __future__ import annotations

import math
from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

from analysis.projection import FloatArray

IntArray = npt.NDArray[np.int64]


class CellEvents(NamedTuple):
    """Events in units of cells, sorted by the row that they are nearest to.

    Attributes
    ----------
    column, row : ndarray of float64, shape (n,)
        Position; whole numbers are cell centres.
    weight : ndarray of float64, shape (n,)
    first_of_row : ndarray of int64, shape (n_buckets + 1,)
        Events ``first_of_row[b]`` to ``first_of_row[b + 1]`` are nearest to row ``b + lowest_row``.
    lowest_row : int
    """

    column: FloatArray
    row: FloatArray
    weight: FloatArray
    first_of_row: IntArray
    lowest_row: int


def sorted_by_row(column: FloatArray, row: FloatArray, weight: FloatArray, reach: float, n_rows: int) -> CellEvents:
    """Sort events by the row that they are nearest to, leaving out those beyond reach of every row.

    Parameters
    ----------
    column, row, weight : ndarray of float64, shape (n,)
        Position in cells, and weight.
    reach : float
        Cells.
    n_rows : int
        Rows of the lattice.

    Returns
    -------
    CellEvents
    """
    margin = math.ceil(min(reach, float(np.abs(row).max()) + n_rows)) + 1
    return CellEvents(*_sorted_by_row(column, row, weight, -margin, n_rows + 2 * margin), -margin)


@nb.njit(cache=True, nogil=True)
def near_rows(events: CellEvents, reach: float, first: int, last: int) -> tuple[int, int]:
    """Return the range of events that can reach rows ``first <= row < last``.

    Parameters
    ----------
    events : CellEvents
    reach : float
        Cells.
    first, last : int

    Returns
    -------
    (int, int)
        Number of the first of them, and of the first after them.
    """
    margin = math.ceil(min(reach, 1e9)) + 1
    n_buckets = events.first_of_row.size - 1
    low = min(n_buckets, max(0, first - margin - events.lowest_row))
    high = min(n_buckets, max(0, last + margin - events.lowest_row))
    return events.first_of_row[low], events.first_of_row[high]


@nb.njit(cache=True, nogil=True)
def _sorted_by_row(
    column: FloatArray, row: FloatArray, weight: FloatArray, lowest: int, n_buckets: int
) -> tuple[FloatArray, FloatArray, FloatArray, IntArray]:
    """Sort by ``round(row) - lowest``, counting; events beyond the buckets are dropped."""
    n = row.size
    bucket = np.empty(n, np.int64)
    first = np.zeros(n_buckets + 1, np.int64)
    for i in range(n):
        b = math.floor(row[i] + 0.5) - lowest
        bucket[i] = b if 0 <= b < n_buckets else -1
        if bucket[i] >= 0:
            first[b + 1] += 1
    for b in range(n_buckets):
        first[b + 1] += first[b]
    place = first.copy()
    kept = first[n_buckets]
    columns, rows, weights = np.empty(kept), np.empty(kept), np.empty(kept)
    for i in range(n):
        b = bucket[i]
        if b >= 0:
            at = place[b]
            place[b] += 1
            columns[at], rows[at], weights[at] = column[i], row[i], weight[i]
    return columns, rows, weights, first
