"""The work beneath kernel density: kernel sums at the centres of a lattice, exactly.

Coordinates here are in cells: the centre of column 0 is at 0, that of column 1 at 1. Sums leave out the kernel's
constant. Nothing depends on the number of threads: every row of the lattice is summed by one thread, in the order of
the events.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numba as nb
import numpy as np

from analysis.density.cell_events import CellEvents, near_rows
from analysis.density.kernels import BELL, CONE, ON_THE_EDGE, KernelShape
from analysis.density.polynomial_sweep import sweep_of_power
from analysis.errors import ParameterError
from analysis.projection import FloatArray
from analysis.row_blocks import for_row_blocks

EXACT_REACH = 9.0
"""Standard deviations after which an exact sum over many events stops: exp(-40.5) = 2.6e-18 of the centre."""

ENDLESS_REACH = 38.7
"""Standard deviations beyond which a double holds zero."""

GAUSSIAN_BLOCK_ROWS, FINITE_BLOCK_ROWS = 64, 16

NARROW_RADIUS = 2.0
"""Radius, in cells, up to which summing pairs of event and cell is faster than sweeping."""

CHEAP_PAIRS = 2e7

MOST_PAIRS = 2e11
"""Pairs of event and cell (some minutes of work) above which a sum is refused."""

PairSums = Callable[[CellEvents, FloatArray, float, FloatArray, int, int], None]


def finite_sums(
    events: CellEvents, kernel: KernelShape, radius: float, shape: tuple[int, int], threads: int | None = None
) -> FloatArray:
    """Sum ``w k(d / radius)`` over the events within the radius of each cell centre, exactly.

    Parameters
    ----------
    events : CellEvents
    kernel : KernelShape
        Any but the Gaussian.
    radius : float
        Cells.
    shape : (int, int)
        Rows and columns of the lattice.
    threads : int, optional

    Returns
    -------
    ndarray of float64, shape (n_rows, n_columns)

    Raises
    ------
    ParameterError
        Pairs have to be summed, and there are more than `MOST_PAIRS`.

    Notes
    -----
    Powers of ``1 - u^2`` are swept along rows, as `density.polynomial_sweep` says; the error stays below 1e-11 of the
    peak. Narrow kernels, small inputs and the triangular kernel, which is no polynomial, are summed pair by pair.
    """
    pairs = events.row.size * 4.0 * min(radius, shape[0]) * min(radius, shape[1])
    if kernel.form == CONE or radius <= NARROW_RADIUS or pairs <= CHEAP_PAIRS:
        return finite_sums_of_widths(events, np.broadcast_to(radius, events.row.shape), kernel, shape, threads)
    sweep, reach = sweep_of_power(kernel.form), kernel.reach * radius
    sums = np.empty(shape)

    def fill(first: int, last: int) -> None:
        sweep(events, radius, reach, sums, first, last)

    for_row_blocks(fill, shape[0], block_rows=FINITE_BLOCK_ROWS, threads=threads)
    return sums


def finite_sums_of_widths(
    events: CellEvents, radius: FloatArray, kernel: KernelShape, shape: tuple[int, int], threads: int | None = None
) -> FloatArray:
    """Sum ``w k(d / radius)`` where every event has a radius of its own, pair by pair.

    Parameters
    ----------
    events : CellEvents
    radius : ndarray of float64, shape (n,)
        Of each event, cells.
    kernel : KernelShape
        Any but the Gaussian.
    shape : (int, int)
        Rows and columns of the lattice.
    threads : int, optional

    Returns
    -------
    ndarray of float64, shape (n_rows, n_columns)

    Raises
    ------
    ParameterError
        There are more than `MOST_PAIRS` pairs of event and cell.
    """
    sums = np.zeros(shape)
    if not radius.size:
        return sums
    _refuse_too_many(radius, math.pi / 4.0, shape)
    rows, widest = _pairs_of_form(kernel.form), kernel.reach * float(radius.max())

    def add(first: int, last: int) -> None:
        rows(events, radius, widest, sums, first, last)

    for_row_blocks(add, shape[0], block_rows=FINITE_BLOCK_ROWS, threads=threads)
    return sums


def gaussian_sums(
    events: CellEvents, sigma: float | FloatArray, reach: float, shape: tuple[int, int], threads: int | None = None
) -> FloatArray:
    """Sum ``w exp(-d^2 / (2 sigma^2))`` over the events at each cell centre.

    Parameters
    ----------
    events : CellEvents
    sigma : float or ndarray of float64, shape (n,)
        Standard deviation, of all or of each event, cells.
    reach : float
        Half the side of the square around an event in which it is summed, in standard deviations.
    shape : (int, int)
        Rows and columns of the lattice.
    threads : int, optional

    Returns
    -------
    ndarray of float64, shape (n_rows, n_columns)

    Raises
    ------
    ParameterError
        There are more than `MOST_PAIRS` pairs of event and cell.
    """
    sums = np.zeros(shape)
    if not events.row.size:
        return sums
    width = np.broadcast_to(np.asarray(sigma, dtype=np.float64), events.row.shape)
    _refuse_too_many(width, reach * reach, shape)
    widest = reach * float(width.max())

    def add(first: int, last: int) -> None:
        _gaussian_rows(events, width, reach, widest, sums, first, last)

    for_row_blocks(add, shape[0], block_rows=GAUSSIAN_BLOCK_ROWS, threads=threads)
    return sums


def _refuse_too_many(width: FloatArray, squares: float, shape: tuple[int, int]) -> None:
    """Refuse sums that would take too long; around an event lie ``squares (2 width)^2`` cells."""
    widest_rows = np.minimum(2.0 * math.sqrt(squares) * width, shape[0])
    pairs = float((widest_rows * np.minimum(2.0 * math.sqrt(squares) * width, shape[1])).sum())
    if pairs > MOST_PAIRS:
        raise ParameterError(
            f"{width.size:,} events reach {pairs:.1g} pairs of event and cell: too many to sum one by one.",
            "Use a larger cell, a smaller bandwidth, or the quartic kernel, whose sums are fast.",
        )


@functools.cache
def _pairs_of_form(form: int) -> PairSums:
    """Return the compiled sum over pairs of a kernel; a constant form lets the compiler drop the others."""
    widening = ON_THE_EDGE if form == 0 else 1.0

    @nb.njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
    def pairs(events: CellEvents, radius: FloatArray, widest: float, sums: FloatArray, first: int, last: int) -> None:
        """Add every event to every cell within its radius in rows first to last."""
        n_columns = sums.shape[1]
        for r in range(first, last):
            low, high = near_rows(events, widest, r, r + 1)
            line = sums[r]
            for p in range(low, high):
                per_radius, reach = 1.0 / radius[p], widening * radius[p]
                distance = events.row[p] - r
                left = 1.0 - (distance / reach) ** 2
                if left <= 0.0:
                    continue
                half = reach * math.sqrt(left)
                begin = math.ceil(max(events.column[p] - half, 0.0))
                end = math.floor(min(events.column[p] + half, n_columns - 1.0))
                column, share = events.column[p], events.weight[p]
                squared = (distance * per_radius) ** 2
                for q in range(begin, end + 1):
                    line[q] += share * profile_of_form(form, squared + ((q - column) * per_radius) ** 2)

    compiled: PairSums = pairs
    return compiled


@nb.njit(inline="always")
def profile_of_form(form: int, squared: float) -> float:
    """Return a kernel without its constant; for compiled code.

    Parameters
    ----------
    form : int
        See `KernelShape`.
    squared : float
        Square of the distance in bandwidths; within reach of the kernel, but for rounding.

    Returns
    -------
    float
    """
    if form == BELL:
        return math.exp(-0.5 * squared)
    if form == 0:
        return 1.0
    if form == CONE:
        return max(0.0, 1.0 - math.sqrt(squared))
    left = max(0.0, 1.0 - squared)
    return left if form == 1 else left * left if form == 2 else left * left * left


@nb.njit(cache=True, nogil=True)
def _gaussian_rows(
    events: CellEvents, sigma: FloatArray, deviations: float, widest: float, sums: FloatArray, first: int, last: int
) -> None:
    """Add every event within reach to rows first to last; the exponential of a distance is the product of two."""
    n_columns = sums.shape[1]
    along = np.empty(n_columns)
    low, high = near_rows(events, widest, first, last)
    for p in range(low, high):
        event_row, event_column = events.row[p], events.column[p]
        scale, reach = -0.5 / (sigma[p] * sigma[p]), deviations * sigma[p]
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
