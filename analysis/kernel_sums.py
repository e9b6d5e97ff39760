"""The work beneath kernel density: kernel sums at the centres of a lattice, exactly.

Coordinates here are in cells: the centre of column 0 is at 0, that of column 1 at 1. Sums leave out the kernel's
constant. Nothing depends on the number of threads: every row of the lattice is summed by one thread, in the order of
the events.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numba as nb
import numpy as np
import numpy.typing as npt

from analysis.projection import FloatArray
from analysis.row_blocks import for_row_blocks

EXACT_REACH = 9.0
"""Standard deviations after which an exact sum over many events stops: exp(-40.5) = 2.6e-18 of the centre."""

ENDLESS_REACH = 38.7
"""Standard deviations beyond which a double holds zero."""

GAUSSIAN_BLOCK_ROWS, QUARTIC_BLOCK_ROWS = 64, 16

NARROW_RADIUS = 8.0
"""Radius, in cells, up to which summing pairs of event and cell is faster than sweeping."""

CHEAP_PAIRS = 2e7

QUARTIC_BLOCK_RADII = 6.0
"""Length, in radii, after which a row sweep starts anew: rounding grows with the fourth power of half of it."""

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class CellEvents:
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
    order = _sorted_by_row(column, row, weight, -margin, n_rows + 2 * margin)
    return CellEvents(*order, lowest_row=-margin)


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
    Narrow kernels, and small inputs, are summed pair by pair. Otherwise rows are swept: along a row an event adds a
    polynomial of degree four over an interval of columns, so a row is the running sum of polynomials that begin and end.
    Running sums of doubles would keep the rounding of every event that has passed; therefore the row is cut into blocks
    of a few radii, and the sum starts anew in each with its middle as origin: the error stays below 1e-11 of the peak.
    """
    sums = np.zeros(shape)
    parts = events.column, events.row, events.weight, events.first_of_row, events.lowest_row
    pairs = events.row.size * 4.0 * min(radius, shape[0]) * min(radius, shape[1])
    rows = _quartic_rows if radius > NARROW_RADIUS and pairs > CHEAP_PAIRS else _quartic_pairs

    def add(first: int, last: int) -> None:
        rows(*parts, radius, sums, first, last)

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
    parts = events.column, events.row, events.weight, events.first_of_row, events.lowest_row

    def add(first: int, last: int) -> None:
        _gaussian_rows(*parts, sigma, reach * sigma, sums, first, last)

    for_row_blocks(add, shape[0], block_rows=GAUSSIAN_BLOCK_ROWS, threads=threads)
    return sums


@nb.njit(cache=True, nogil=True)
def _sorted_by_row(
    column: FloatArray, row: FloatArray, weight: FloatArray, lowest: int, n_buckets: int
) -> tuple[FloatArray, FloatArray, FloatArray, IntArray]:
    """Counting sort by ``round(row) - lowest``; events beyond the buckets are dropped."""
    n = row.size
    bucket = np.empty(n, np.int64)
    first = np.zeros(n_buckets + 1, np.int64)
    for i in range(n):
        b = int(math.floor(row[i] + 0.5)) - lowest
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


@nb.njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def _quartic_rows(
    column: FloatArray,
    row: FloatArray,
    weight: FloatArray,
    first_of_row: IntArray,
    lowest_row: int,
    radius: float,
    sums: FloatArray,
    first: int,
    last: int,
) -> None:
    """Sweep rows first to last."""
    n_columns = sums.shape[1]
    block = max(1, min(n_columns, int(QUARTIC_BLOCK_RADII * radius)))
    margin = int(math.ceil(min(radius, 1e9))) + 1
    table = np.zeros((n_columns + 1, 8))
    n_buckets = first_of_row.size - 1
    per_radius, per_block, middle = 1.0 / radius, 1.0 / block, 0.5 * (block - 1)
    for r in range(first, last):
        low = min(n_buckets, max(0, r - margin - lowest_row))
        high = min(n_buckets, max(0, r + margin + 1 - lowest_row))
        for p in range(first_of_row[low], first_of_row[high]):
            distance = (row[p] - r) * per_radius
            t = 1.0 - distance * distance
            if t <= 0.0:
                continue
            half = radius * math.sqrt(t)
            begin = int(math.ceil(max(column[p] - half, 0.0)))
            end = int(math.floor(min(column[p] + half, n_columns - 1.0)))
            while begin <= end:
                start = int((begin + 0.5) * per_block) * block
                origin = (column[p] - (start + middle)) * per_radius
                after = min(end + 1, start + block)
                _add_polynomial(table, begin, after, after < start + block, origin, t, weight[p])
                begin = after
        _run(table, sums[r], block, radius)


@nb.njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def _quartic_pairs(
    column: FloatArray,
    row: FloatArray,
    weight: FloatArray,
    first_of_row: IntArray,
    lowest_row: int,
    radius: float,
    sums: FloatArray,
    first: int,
    last: int,
) -> None:
    """Add every event to every cell within its radius in rows first to last."""
    n_columns = sums.shape[1]
    margin = int(math.ceil(min(radius, 1e9))) + 1
    n_buckets = first_of_row.size - 1
    per_radius = 1.0 / radius
    place = np.arange(n_columns) * per_radius
    for r in range(first, last):
        low = min(n_buckets, max(0, r - margin - lowest_row))
        high = min(n_buckets, max(0, r + margin + 1 - lowest_row))
        line = sums[r]
        for p in range(first_of_row[low], first_of_row[high]):
            distance = (row[p] - r) * per_radius
            t = 1.0 - distance * distance
            if t <= 0.0:
                continue
            half = radius * math.sqrt(t)
            begin = int(math.ceil(max(column[p] - half, 0.0)))
            end = int(math.floor(min(column[p] + half, n_columns - 1.0)))
            event, share = column[p] * per_radius, weight[p]
            for q in range(begin, end + 1):
                across = place[q] - event
                rest = t - across * across
                line[q] += share * rest * rest


@nb.njit(cache=True, nogil=True, fastmath={"contract"})
def _add_polynomial(table: FloatArray, begin: int, after: int, ends: bool, h: float, t: float, weight: float) -> None:
    """Let an event's polynomial begin at a column and, unless its block ends first, stop after another.

    With z the column and h the event, both in radii from the origin of the block, the event adds
    ``w (t - (z - h)^2)^2``. The table holds the coefficients of z^0 to z^4 and the number of polynomials under way.
    """
    a = t - h * h
    c0, c1, c2, c3 = weight * a * a, weight * 4.0 * a * h, weight * (4.0 * h * h - 2.0 * a), weight * -4.0 * h
    table[begin, 0] += c0
    table[begin, 1] += c1
    table[begin, 2] += c2
    table[begin, 3] += c3
    table[begin, 4] += weight
    table[begin, 5] += 1.0
    if ends:
        table[after, 0] -= c0
        table[after, 1] -= c1
        table[after, 2] -= c2
        table[after, 3] -= c3
        table[after, 4] -= weight
        table[after, 5] -= 1.0


@nb.njit(cache=True, nogil=True, fastmath={"contract"})
def _run(table: FloatArray, sums: FloatArray, block: int, radius: float) -> None:
    """Turn polynomials that begin and end into the value at each column, and clear the table."""
    per_radius = 1.0 / radius
    for start in range(0, sums.size, block):
        s0 = s1 = s2 = s3 = s4 = under_way = 0.0
        for q in range(start, min(sums.size, start + block)):
            s0, s1, s2, s3 = s0 + table[q, 0], s1 + table[q, 1], s2 + table[q, 2], s3 + table[q, 3]
            s4, under_way = s4 + table[q, 4], under_way + table[q, 5]
            table[q, :6] = 0.0
            if under_way == 0.0:
                s0 = s1 = s2 = s3 = s4 = 0.0
            z = (q - start - 0.5 * (block - 1)) * per_radius
            sums[q] = max(0.0, s0 + z * (s1 + z * (s2 + z * (s3 + z * s4))))


@nb.njit(cache=True, nogil=True)
def _gaussian_rows(
    column: FloatArray,
    row: FloatArray,
    weight: FloatArray,
    first_of_row: IntArray,
    lowest_row: int,
    sigma: float,
    reach: float,
    sums: FloatArray,
    first: int,
    last: int,
) -> None:
    """Add every event within reach to rows first to last; the exponential of a distance is the product of two."""
    n_columns = sums.shape[1]
    n_buckets = first_of_row.size - 1
    scale = -0.5 / (sigma * sigma)
    along = np.empty(n_columns)
    margin = int(math.ceil(min(reach, 1e9))) + 1
    low = min(n_buckets, max(0, first - margin - lowest_row))
    high = min(n_buckets, max(0, last + margin - lowest_row))
    for p in range(first_of_row[low], first_of_row[high]):
        top = max(first, int(math.ceil(max(row[p] - reach, -1.0))))
        bottom = min(last - 1, int(math.floor(min(row[p] + reach, last + 0.0))))
        begin = max(0, int(math.ceil(max(column[p] - reach, -1.0))))
        end = min(n_columns - 1, int(math.floor(min(column[p] + reach, n_columns + 0.0))))
        if bottom < top or end < begin:
            continue
        for q in range(begin, end + 1):
            along[q] = weight[p] * math.exp(scale * (q - column[p]) ** 2)
        for r in range(top, bottom + 1):
            across = math.exp(scale * (r - row[p]) ** 2)
            line = sums[r]
            for q in range(begin, end + 1):
                line[q] += across * along[q]
