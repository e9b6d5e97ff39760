"""Quartic kernel sums over many events by sweeping along rows.

Along a row an event adds a polynomial of degree four over an interval of columns: with z the column and h the event,
both in radii from an origin, and t what is left of 1 after the squared distance across rows, it adds
``w (t - (z - h)^2)^2``. So a row is the running sum of the coefficients of polynomials that begin and end. Running sums
of doubles would keep the rounding of every event that has passed; therefore the row is cut into blocks of a few radii,
and in each the sum starts anew with the middle of the block as origin.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from analysis.cell_events import CellEvents, near_rows
from analysis.projection import FloatArray

BLOCK_RADII = 6.0
"""Length of a block, radii: rounding grows with the fourth power of half of it."""

BATCH = 512
"""Events whose polynomials are made at once."""

POWERS = 5


@nb.njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def sweep_rows(events: CellEvents, radius: float, sums: FloatArray, first: int, last: int) -> None:
    """Add every event to every cell within its radius in rows ``first <= row < last``.

    Parameters
    ----------
    events : CellEvents
    radius : float
        Cells.
    sums : ndarray of float64, shape (n_rows, n_columns)
        Changed in place.
    first, last : int
    """
    n_columns = sums.shape[1]
    block = max(1, min(n_columns, int(BLOCK_RADII * radius)))
    table = np.zeros((n_columns + 1, POWERS))
    spans, terms = np.empty((4, BATCH)), np.empty((POWERS, BATCH))
    least = 1e-12 * events.weight.max() if events.weight.size else 0.0
    for r in range(first, last):
        low, high = near_rows(events, radius, r, r + 1)
        for start in range(low, high, BATCH):
            stop = min(high, start + BATCH)
            column, row, weight = events.column[start:stop], events.row[start:stop], events.weight[start:stop]
            _spans_on_row(column, row, r / 1.0, radius, n_columns / 1.0, spans)
            _begin_and_end(table, spans, column, weight, radius, block, terms)
        _run(table, sums[r], block, radius, least)


@nb.njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def _spans_on_row(
    column: FloatArray, row: FloatArray, r: float, radius: float, n_columns: float, spans: FloatArray
) -> None:
    """Fill first column, column after the last, and t of each event on a row; an empty span where there is none."""
    per_radius, last = 1.0 / radius, n_columns - 1.0
    for i in range(column.size):
        distance = (row[i] - r) * per_radius
        t = 1.0 - distance * distance
        half = radius * np.sqrt(max(0.0, t))
        begin, end = np.ceil(column[i] - half), np.floor(column[i] + half)
        spans[0, i] = max(0.0, begin)
        spans[1, i] = min(last, end) + 1.0 if t > 0.0 else 0.0
        spans[2, i] = t


@nb.njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def _begin_and_end(
    table: FloatArray,
    spans: FloatArray,
    column: FloatArray,
    weight: FloatArray,
    radius: float,
    block: int,
    terms: FloatArray,
) -> None:
    """Add the polynomials of events to the table where they begin, take them off where they end.

    A block is longer than a span, so a span crosses at most one edge of blocks.
    """
    per_radius, per_block, middle = 1.0 / radius, 1.0 / block, 0.5 * (block - 1)
    for i in range(column.size):
        origin = np.floor((spans[0, i] + 0.5) * per_block) * block
        h = (column[i] - (origin + middle)) * per_radius
        a = spans[2, i] - h * h
        terms[0, i] = weight[i] * a * a
        terms[1, i] = weight[i] * 4.0 * a * h
        terms[2, i] = weight[i] * (4.0 * h * h - 2.0 * a)
        terms[3, i] = weight[i] * -4.0 * h
        terms[4, i] = weight[i]
        spans[3, i] = origin + block
    for i in range(column.size):
        begin, after, edge = int(spans[0, i]), int(spans[1, i]), int(spans[3, i])
        if after <= begin:
            continue
        _add(table, begin, 1.0, terms[0, i], terms[1, i], terms[2, i], terms[3, i], terms[4, i])
        if after < edge:
            _add(table, after, -1.0, terms[0, i], terms[1, i], terms[2, i], terms[3, i], terms[4, i])
        elif after > edge:
            h = (column[i] - (edge + middle)) * per_radius
            a, w = spans[2, i] - h * h, weight[i]
            c0, c1, c2, c3 = w * a * a, w * 4.0 * a * h, w * (4.0 * h * h - 2.0 * a), w * -4.0 * h
            _add(table, edge, 1.0, c0, c1, c2, c3, w)
            if after < edge + block:
                _add(table, after, -1.0, c0, c1, c2, c3, w)


@nb.njit(cache=True, nogil=True, fastmath={"contract"}, inline="always")
def _add(table: FloatArray, q: int, sign: float, c0: float, c1: float, c2: float, c3: float, c4: float) -> None:
    """Add coefficients, times a sign, to the table at a column."""
    table[q, 0] += sign * c0
    table[q, 1] += sign * c1
    table[q, 2] += sign * c2
    table[q, 3] += sign * c3
    table[q, 4] += sign * c4


@nb.njit(cache=True, nogil=True, fastmath={"contract"})
def _run(table: FloatArray, sums: FloatArray, block: int, radius: float, least: float) -> None:
    """Turn polynomials that begin and end into the value at each column, and clear the table.

    Where the weight under way is less than `least`, nothing is: what is left is rounding.
    """
    per_radius = 1.0 / radius
    for start in range(0, sums.size, block):
        s0 = s1 = s2 = s3 = s4 = 0.0
        for q in range(start, min(sums.size, start + block)):
            s0, s1, s2 = s0 + table[q, 0], s1 + table[q, 1], s2 + table[q, 2]
            s3, s4 = s3 + table[q, 3], s4 + table[q, 4]
            for power in range(POWERS):
                table[q, power] = 0.0
            if s4 <= least:
                s0 = s1 = s2 = s3 = s4 = 0.0
            z = (q - start - 0.5 * (block - 1)) * per_radius
            sums[q] = max(0.0, s0 + z * (s1 + z * (s2 + z * (s3 + z * s4))))
