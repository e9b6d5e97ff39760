"""Kernel sums over many events by sweeping along rows, for the kernels that are powers of ``1 - u^2``.

Along a row an event adds a polynomial over an interval of columns: with z the column and h the event, both in radii
from an origin, and t what is left of 1 after the squared distance across rows, it adds ``w (t - (z - h)^2)^p``, of
degree 2 p. So a row is the running sum of the coefficients of polynomials that begin and end. Running sums of doubles
would keep the rounding of every event that has passed; therefore the row is cut into blocks of a few radii, and in each
the sum starts anew with the middle of the block as origin.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numba as nb
import numpy as np

from analysis.density.cell_events import CellEvents, near_rows
from analysis.projection import FloatArray

BLOCK_RADII = (6.0, 6.0, 6.0, 4.0)
"""Length of a block, radii, by power: rounding grows with half of it to the power 2 p."""

BATCH = 512
"""Events whose polynomials are made at once."""

Sweep = Callable[[CellEvents, float, float, FloatArray, int, int], None]
Coefficients = tuple[float, float, float, float, float, float, float]


@functools.cache
def sweep_of_power(power: int) -> Sweep:
    """Return the compiled sweep of a kernel; a constant power lets the compiler unroll its loops.

    Parameters
    ----------
    power : int
        0 to 3.

    Returns
    -------
    callable
        ``sweep(events, radius, reach, sums, first, last)`` adds every event to every cell within ``reach`` (cells; the
        radius, or a hair more) in rows ``first <= row < last`` of ``sums``, in place.
    """
    block_radii = BLOCK_RADII[power]

    @nb.njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
    def sweep(events: CellEvents, radius: float, reach: float, sums: FloatArray, first: int, last: int) -> None:
        """Sweep rows first to last."""
        n_columns = sums.shape[1]
        block = max(1, min(n_columns, int(block_radii * radius)))
        table = np.zeros((n_columns + 1, 2 * power + 1))
        spans, terms = np.empty((4, BATCH)), np.empty((2 * power + 1, BATCH))
        least = 1e-12 * events.weight.max() if events.weight.size else 0.0
        for r in range(first, last):
            low, high = near_rows(events, reach, r, r + 1)
            for start in range(low, high, BATCH):
                stop = min(high, start + BATCH)
                column, row, weight = events.column[start:stop], events.row[start:stop], events.weight[start:stop]
                _spans_on_row(column, row, r / 1.0, radius, reach, n_columns / 1.0, spans)
                _fill_terms(spans, column, weight, radius, block, terms, power)
                _begin_and_end(table, spans, column, weight, radius, block, terms, power)
            _run(table, sums[r], block, radius, least, power)

    compiled: Sweep = sweep
    return compiled


@nb.njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def _spans_on_row(
    column: FloatArray, row: FloatArray, r: float, radius: float, reach: float, n_columns: float, spans: FloatArray
) -> None:
    """Fill first column, column after the last, and t of each event on a row; an empty span where there is none."""
    per_radius, per_reach, last = 1.0 / radius, 1.0 / reach, n_columns - 1.0
    for i in range(column.size):
        left = 1.0 - ((row[i] - r) * per_reach) ** 2
        half = reach * np.sqrt(max(0.0, left))
        begin, end = np.ceil(column[i] - half), np.floor(column[i] + half)
        spans[0, i] = max(0.0, begin)
        spans[1, i] = min(last, end) + 1.0 if left > 0.0 else 0.0
        spans[2, i] = 1.0 - ((row[i] - r) * per_radius) ** 2


@nb.njit(inline="always")
def _coefficients(power: int, weight: float, t: float, h: float) -> Coefficients:
    """Return the coefficients of ``weight (t - (z - h)^2)^power`` in z, lowest first."""
    a, b = t - h * h, 2.0 * h
    if power == 0:
        return weight, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    if power == 1:
        return weight * a, weight * b, -weight, 0.0, 0.0, 0.0, 0.0
    if power == 2:
        return weight * a * a, weight * 2.0 * a * b, weight * (b * b - 2.0 * a), weight * -2.0 * b, weight, 0.0, 0.0
    middle = weight * b * (b * b - 6.0 * a)
    high = weight * 3.0 * (a - b * b), weight * 3.0 * b, -weight
    return weight * a * a * a, weight * 3.0 * a * a * b, weight * 3.0 * a * (b * b - a), middle, *high


@nb.njit(inline="always")
def _fill_terms(
    spans: FloatArray,
    column: FloatArray,
    weight: FloatArray,
    radius: float,
    block: int,
    terms: FloatArray,
    power: int,
) -> None:
    """Fill the polynomial of each event about the middle of the block in which it begins, and the end of that block."""
    per_radius, per_block, middle = 1.0 / radius, 1.0 / block, 0.5 * (block - 1)
    for i in range(column.size):
        origin = np.floor((spans[0, i] + 0.5) * per_block) * block
        h = (column[i] - (origin + middle)) * per_radius
        coefficients = _coefficients(power, weight[i], spans[2, i], h)
        for k in range(2 * power + 1):
            terms[k, i] = coefficients[k]
        spans[3, i] = origin + block


@nb.njit(inline="always")
def _begin_and_end(
    table: FloatArray,
    spans: FloatArray,
    column: FloatArray,
    weight: FloatArray,
    radius: float,
    block: int,
    terms: FloatArray,
    power: int,
) -> None:
    """Add the polynomials of events to the table where they begin, take them off where they end.

    A block is longer than a span, so a span crosses at most one edge of blocks.
    """
    per_radius, middle = 1.0 / radius, 0.5 * (block - 1)
    for i in range(column.size):
        begin, after, edge = int(spans[0, i]), int(spans[1, i]), int(spans[3, i])
        if after <= begin:
            continue
        for k in range(2 * power + 1):
            table[begin, k] += terms[k, i]
        if after < edge:
            for k in range(2 * power + 1):
                table[after, k] -= terms[k, i]
        elif after > edge:
            h = (column[i] - (edge + middle)) * per_radius
            coefficients = _coefficients(power, weight[i], spans[2, i], h)
            for k in range(2 * power + 1):
                table[edge, k] += coefficients[k]
            if after < edge + block:
                for k in range(2 * power + 1):
                    table[after, k] -= coefficients[k]


@nb.njit(inline="always")
def _run(table: FloatArray, sums: FloatArray, block: int, radius: float, least: float, power: int) -> None:
    """Turn polynomials that begin and end into the value at each column, and clear the table.

    The highest coefficient is the weight under way, but for its sign; where it is less than `least`, nothing is under
    way: what is left is rounding.
    """
    per_radius = 1.0 / radius
    for start in range(0, sums.size, block):
        s0 = s1 = s2 = s3 = s4 = s5 = s6 = 0.0
        for q in range(start, min(sums.size, start + block)):
            z = (q - start - 0.5 * (block - 1)) * per_radius
            s0 += table[q, 0]
            under_way, value = s0, s0
            if power >= 1:
                s1, s2 = s1 + table[q, 1], s2 + table[q, 2]
                under_way, value = -s2, s0 + z * (s1 + z * s2)
            if power >= 2:
                s3, s4 = s3 + table[q, 3], s4 + table[q, 4]
                under_way, value = s4, s0 + z * (s1 + z * (s2 + z * (s3 + z * s4)))
            if power >= 3:
                s5, s6 = s5 + table[q, 5], s6 + table[q, 6]
                under_way, value = -s6, s0 + z * (s1 + z * (s2 + z * (s3 + z * (s4 + z * (s5 + z * s6)))))
            for k in range(2 * power + 1):
                table[q, k] = 0.0
            if under_way <= least:
                s0 = s1 = s2 = s3 = s4 = s5 = s6 = value = 0.0
            sums[q] = max(0.0, value)
