"""Conditional-permutation tails of large counts: the whole distribution at once, by Fourier transforms."""

from __future__ import annotations

import math

import numba as nb
import numpy as np
import numpy.typing as npt
from scipy import fft

from analysis.projection import FloatArray

IntArray = npt.NDArray[np.int64]

SMALLEST_TAIL = 1e-12
"""The transforms are right to about 1e-14 of 1: tails below this are told as this."""

MOST_DRAWS = 24
FEWEST_CELLS_A_DRAW = 20
"""For more draws, or fewer cells, the identities lose digits."""

LONGEST = 1 << 21
"""Largest sum of a distribution."""


def suits(n: int, most: int, largest: int) -> bool:
    """Tell whether the tails can be had by transforms.

    Parameters
    ----------
    n : int
        Cells.
    most : int
        Largest number of neighbours.
    largest : int
        Largest sum.

    Returns
    -------
    bool

    Examples
    --------
    >>> suits(10_000, 8, 250_000), suits(100, 8, 250_000)
    (True, False)
    """
    return 1 <= most <= MOST_DRAWS and n >= FEWEST_CELLS_A_DRAW * most and largest <= LONGEST


def spectral_tails(
    values: IntArray, degree: IntArray, sums: IntArray, *, largest: int
) -> tuple[FloatArray, FloatArray]:
    """Return the probability of a sum at least, and at most, the one observed.

    Parameters
    ----------
    values : ndarray of int64, shape (n,)
        Count of each cell, zero or more.
    degree : ndarray of int64, shape (n,)
        Cells that are drawn for it from the other n - 1.
    sums : ndarray of int64, shape (n,)
        Observed sum.
    largest : int
        No sum of so many cells is larger.

    Returns
    -------
    upper, lower : ndarray of float64, shape (n,)
        `SMALLEST_TAIL` to 1.

    Notes
    -----
    With ``p_m(w) = sum_i exp(-i w m v_i)`` Newton's identities ``d e_d = sum_m (-1)^(m-1) e_(d-m) p_m`` give the
    transform ``e_d`` of the ways to draw d of all n cells, by their sum. Without cell i, whose count is v, they are
    ``sum_j (-1)^j e_(d-j)(s - j v)``; the term j is smaller than the first by about ``(d / n)^j``.

    Examples
    --------
    >>> counts = np.arange(100)
    >>> upper, lower = spectral_tails(counts, np.ones_like(counts), np.full(100, 90), largest=99)
    >>> (upper[[0, 95]] * 99).round(9).tolist(), (lower[[0, 95]] * 99).round(9).tolist()
    ([10.0, 9.0], [90.0, 91.0])
    """
    most = int(degree.max())
    ways = np.cumsum(_ways(values, most, largest), axis=1)
    n = values.size
    every = np.array([math.comb(n - 1, draws) / n**draws for draws in range(most + 1)])
    upper, lower = np.empty(n), np.empty(n)
    _look_up(ways, every, values, degree, sums, upper, lower)
    return np.clip(upper, SMALLEST_TAIL, 1.0), np.clip(lower, SMALLEST_TAIL, 1.0)


def _ways(values: IntArray, most: int, largest: int) -> FloatArray:
    """Return the ways to draw from all cells, over ``n ** draws``: by number of draws and by their sum."""
    n = values.size
    length = fft.next_fast_len(largest + 1, real=True)
    held, cells = np.unique(values, return_counts=True)
    powers = [
        fft.rfft(np.bincount(m * held % length, weights=cells, minlength=length)) / float(n) ** m
        for m in range(1, most + 1)
    ]
    transforms = [np.ones_like(powers[0])]
    for draws in range(1, most + 1):
        total = np.zeros_like(powers[0])
        for m in range(1, draws + 1):
            total += (-1.0) ** (m - 1) * transforms[draws - m] * powers[m - 1]
        transforms.append(total / draws)
    return np.stack([fft.irfft(transform, length)[: largest + 1] for transform in transforms])


@nb.njit(cache=True, nogil=True)
def _look_up(
    ways: FloatArray,
    every: FloatArray,
    values: IntArray,
    degree: IntArray,
    sums: IntArray,
    upper: FloatArray,
    lower: FloatArray,
) -> None:
    """Fill the tails from ways that are summed up to each sum."""
    n, last = values.size, ways.shape[1] - 1
    for i in range(n):
        at_most = below = 0.0
        sign = 1.0
        for j in range(degree[i] + 1):
            draws, s = degree[i] - j, sums[i] - j * values[i]
            if s < 0:
                break
            at_most += sign * ways[draws, min(s, last)]
            if s > 0:
                below += sign * ways[draws, min(s - 1, last)]
            sign *= -1.0 / n
        lower[i] = at_most / every[degree[i]]
        upper[i] = 1.0 - below / every[degree[i]]
