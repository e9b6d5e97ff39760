"""Gaussian kernel sums over many events: B-spline binning, Fourier transform and spectral deconvolution.

Coordinates are in cells, as in `analysis.density.kernel_sums`.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numba as nb
import numpy as np
from scipy import fft

from analysis.projection import FloatArray
from analysis.row_blocks import thread_count

LEAST_SIGMA = 2.0
"""Narrowest Gaussian, in cells, that keeps `ERROR_OF_PEAK`."""

ERROR_OF_PEAK = 1e-5
"""Largest error, as a share of the highest sum."""

REACH = 6.0
"""Standard deviations after which the circle of the transform may close: exp(-18) = 1.5e-8."""

PARTS = 2
"""Events are spread in as many parts; fixed, so that the order of additions does not depend on the threads."""

BATCH = 256
"""Events whose weights on cells are worked out at once, which the processor does for several side by side."""

Spread = Callable[[FloatArray, FloatArray, FloatArray, FloatArray, "tuple[int, int]", "tuple[int, int]"], FloatArray]


def transform_shape(sigma: float, shape: tuple[int, int]) -> tuple[int, int]:
    """Return the largest rows and columns of the transform that `gaussian_sums_by_fft` would take.

    Parameters
    ----------
    sigma : float
        Standard deviation, cells.
    shape : (int, int)
        Rows and columns of the lattice.

    Returns
    -------
    (int, int)
    """
    reach = 2 * math.ceil(REACH * sigma) + 16
    return fft.next_fast_len(shape[0] + reach, real=True), fft.next_fast_len(shape[1] + reach, real=True)


def gaussian_sums_by_fft(
    column: FloatArray,
    row: FloatArray,
    weight: FloatArray,
    sigma: float,
    shape: tuple[int, int],
    threads: int | None = None,
) -> FloatArray:
    """Sum ``w exp(-d^2 / (2 sigma^2))`` over the events at each cell centre by Fourier transform.

    Parameters
    ----------
    column, row, weight : ndarray of float64, shape (n,)
        Position in cells, and weight.
    sigma : float
        Standard deviation, cells; at least `LEAST_SIGMA`.
    shape : (int, int)
        Rows and columns of the lattice.
    threads : int, optional
        By default every processor.

    Returns
    -------
    ndarray of float64, shape (n_rows, n_columns)
        Within `ERROR_OF_PEAK` of the highest sum.

    Notes
    -----
    Every event is spread over n x n cells by the B-spline of order n; the transform of the result is multiplied by that
    of the Gaussian and divided by that of the B-spline, ``sinc^n``, which takes the spreading back. What remains is
    aliasing, which the Gaussian damps the more the wider it is: at 2 cells order 8 leaves 4e-6 of the peak, at 2.5
    cells order 6 leaves 7e-6, at 6 cells order 4 leaves 7e-6 (all events in one point, the worst case).
    """
    workers = thread_count() if threads is None else threads
    order = 8 if sigma < 2.5 else 6 if sigma < 6.0 else 4
    reach = math.ceil(REACH * sigma)
    low = [max(-reach, min(0, math.floor(values.min()))) for values in (row, column)]
    high = [
        min(size + reach, max(size, math.ceil(values.max()) + 1))
        for values, size in zip((row, column), shape, strict=True)
    ]
    pad = (order // 2 - low[0], order // 2 - low[1])
    n_rows, n_columns = (
        fft.next_fast_len(
            max(high[axis] - low[axis], high[axis] + reach, shape[axis] - low[axis] + reach) + order, real=True
        )
        for axis in (0, 1)
    )
    near = (row <= high[0]) & (column <= high[1])
    if not near.all():
        column, row, weight = column[near], row[near], weight[near]
    spread = _spread_in_parts(column, row, weight, order, pad, (n_rows, n_columns), workers)
    spectrum = fft.rfft2(spread, workers=workers, overwrite_x=True)
    spectrum *= _transfer(fft.rfftfreq(n_columns), sigma, order)[None, :]
    spectrum *= _transfer(fft.fftfreq(n_rows), sigma, order)[:, None] * (2.0 * math.pi * sigma**2)
    smooth: FloatArray = fft.irfft2(spectrum, (n_rows, n_columns), workers=workers, overwrite_x=True)
    return np.maximum(smooth[pad[0] : pad[0] + shape[0], pad[1] : pad[1] + shape[1]], 0.0)


def _transfer(frequency: FloatArray, sigma: float, order: int) -> FloatArray:
    """Return the transform of the Gaussian over that of the B-spline."""
    return np.asarray(np.exp(-2.0 * (np.pi * sigma * frequency) ** 2) / np.sinc(frequency) ** order)


def _spread_in_parts(
    column: FloatArray,
    row: FloatArray,
    weight: FloatArray,
    order: int,
    pad: tuple[int, int],
    shape: tuple[int, int],
    workers: int,
) -> FloatArray:
    """Spread the events in parts, side by side where there are processors, and add the parts."""
    spread, taps = _spread_of_order(order), spline_coefficients(order)
    edges = [part * row.size // PARTS for part in range(PARTS + 1)]

    def spread_part(part: int) -> FloatArray:
        events = slice(edges[part], edges[part + 1])
        return spread(column[events], row[events], weight[events], taps, pad, shape)

    with ThreadPoolExecutor(min(workers, PARTS)) as pool:
        first, *others = pool.map(spread_part, range(PARTS))
    for other in others:
        first += other
    return first


@functools.cache
def spline_coefficients(order: int) -> FloatArray:
    """Return the polynomials that give the weight of each cell around an event.

    Parameters
    ----------
    order : int
        Cells that an event is spread over along an axis; even.

    Returns
    -------
    ndarray of float64, shape (order, order)
        ``[power, cell]``: coefficients in the event's distance from the cell centre at or below it, 0 to 1.

    Examples
    --------
    >>> (6 * spline_coefficients(4)).round(12).tolist()[0]
    [1.0, 4.0, 1.0, 0.0]
    """
    pieces = [np.polynomial.Polynomial([1.0])]
    position = np.polynomial.Polynomial([0.0, 1.0])
    for degree in range(1, order):
        longer = [*pieces, np.polynomial.Polynomial([0.0])]
        shorter = [np.polynomial.Polynomial([0.0]), *pieces]
        pieces = [
            ((position + i) * longer[i] + (degree + 1 - i - position) * shorter[i]) / degree for i in range(degree + 1)
        ]
    mirrored = np.polynomial.Polynomial([1.0, -1.0])
    coefficients = np.zeros((order, order))
    for cell, piece in enumerate(pieces):
        powers = piece(mirrored).coef
        coefficients[: powers.size, cell] = powers[:order]
    return coefficients


@functools.cache
def _spread_of_order(order: int) -> Spread:
    """Return the compiled spreading of an order; a constant order lets the compiler unroll its loops."""

    @nb.njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
    def spread(
        column: FloatArray,
        row: FloatArray,
        weight: FloatArray,
        coefficients: FloatArray,
        pad: tuple[int, int],
        shape: tuple[int, int],
    ) -> FloatArray:
        """Spread every event over cells of a padded lattice; events that do not fit are beyond reach."""
        lattice = np.zeros(shape)
        across, along = np.empty((order, BATCH)), np.empty((order, BATCH))
        for start in range(0, row.size, BATCH):
            stop = min(row.size, start + BATCH)
            _spline_values(row[start:stop], coefficients, across, order)
            _spline_values(column[start:stop], coefficients, along, order)
            for i in range(start, stop):
                top = int(np.floor(row[i])) + pad[0] + 1 - order // 2
                left = int(np.floor(column[i])) + pad[1] + 1 - order // 2
                if top < 0 or left < 0 or top + order > shape[0] or left + order > shape[1]:
                    continue
                for a in range(order):
                    share = across[a, i - start] * weight[i]
                    for b in range(order):
                        lattice[top + a, left + b] += share * along[b, i - start]
        return lattice

    compiled: Spread = spread
    return compiled


@nb.njit(inline="always")
def _spline_values(position: FloatArray, coefficients: FloatArray, values: FloatArray, order: int) -> None:
    """Fill the weight of each cell around each position, by cell."""
    beside = position - np.floor(position)
    for cell in range(order):
        for i in range(position.size):
            value = coefficients[order - 1, cell]
            for power in range(order - 2, -1, -1):
                value = value * beside[i] + coefficients[power, cell]
            values[cell, i] = value
