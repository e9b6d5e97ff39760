"""Mann-Kendall test of trend, for many series at once."""

from __future__ import annotations

from dataclasses import dataclass

import numba as nb
import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from analysis.errors import ParameterError, TooFewEventsError
from analysis.projection import FloatArray
from analysis.row_blocks import for_row_blocks
from analysis.space_time.local_time import IntArray

FEWEST_STEPS = 3
BLOCK = 1024


@dataclass(frozen=True)
class Trend:
    """Trend of each series.

    Attributes
    ----------
    score : ndarray of int64, shape (n,)
        Pairs of steps that rise less pairs that fall.
    z : ndarray of float64, shape (n,)
        Standardised score; 0 for a series that never changes.
    p_value : ndarray of float64, shape (n,)
        Two-sided, normal approximation.
    """

    score: IntArray
    z: FloatArray
    p_value: FloatArray


def mann_kendall(series: npt.ArrayLike) -> Trend:
    """Test each series for a steady rise or fall, whatever its shape.

    Parameters
    ----------
    series : array_like of float, shape (n, n_steps)
        One row a series, oldest step first.

    Returns
    -------
    Trend

    Raises
    ------
    ParameterError
        Not a table of finite numbers.
    TooFewEventsError
        Fewer than three steps.

    Notes
    -----
    ``S = sum over i < j of sign(x_j - x_i)``; ``var(S) = (n (n-1) (2n+5) - sum over ties t (t-1) (2t+5)) / 18``, t the
    number of equal values; ``z = (S - sign(S)) / sqrt(var(S))`` (correction for continuity), p from the normal
    distribution, good from about ten steps. It takes the steps as independent; where one resembles the last, p is too
    small.

    References
    ----------
    Mann, H. B. (1945). Nonparametric tests against trend. Econometrica 13(3).
    Kendall, M. G. (1975). Rank Correlation Methods. Griffin.

    Examples
    --------
    >>> found = mann_kendall([[1, 2, 3, 4, 5, 6], [2, 2, 2, 2, 2, 2]])
    >>> found.score.tolist(), found.z.round(3).tolist(), found.p_value.round(4).tolist()
    ([15, 0], [2.63, 0.0], [0.0085, 1.0])
    """
    values = np.ascontiguousarray(series, dtype=np.float64)
    if values.ndim != 2 or not np.isfinite(values).all():
        raise ParameterError("Series are a table of finite numbers, one row a series.", "Fill or leave out the gaps.")
    n, steps = values.shape
    if steps < FEWEST_STEPS:
        raise TooFewEventsError(
            f"{steps} steps have no trend.", f"Use at least {FEWEST_STEPS}; ten or more are better."
        )
    score, ties = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)

    def compare(first: int, last: int) -> None:
        _compare_steps(values, score, ties, first, last)

    for_row_blocks(compare, n, block_rows=BLOCK)
    variance = (steps * (steps - 1) * (2 * steps + 5) - ties) / 18.0
    z = np.divide(score - np.sign(score), np.sqrt(variance), out=np.zeros(n), where=variance > 0)
    return Trend(score, z, np.minimum(1.0, 2.0 * ndtr(-np.abs(z))))


@nb.njit(cache=True, nogil=True)
def _compare_steps(values: FloatArray, score: IntArray, ties: IntArray, first: int, last: int) -> None:
    """Fill the scores and the sums over ties of rows first to last."""
    steps = values.shape[1]
    ordered, room = np.empty(steps), np.empty(steps)
    for i in range(first, last):
        ordered[:] = values[i]
        falls = _sort_counting_falls(ordered, room)
        tied = equal_pairs = 0
        run = 1
        for j in range(1, steps + 1):
            if j < steps and ordered[j] == ordered[j - 1]:
                run += 1
            else:
                tied += run * (run - 1) * (2 * run + 5)
                equal_pairs += run * (run - 1) // 2
                run = 1
        score[i], ties[i] = steps * (steps - 1) // 2 - equal_pairs - 2 * falls, tied


@nb.njit(cache=True, nogil=True)
def _sort_counting_falls(values: FloatArray, room: FloatArray) -> int:
    """Sort in place by merging; return how many pairs stood in falling order."""
    n, falls, width = values.size, 0, 1
    while width < n:
        for begin in range(0, n, 2 * width):
            middle, end = min(begin + width, n), min(begin + 2 * width, n)
            left, right = begin, middle
            for place in range(begin, end):
                if left < middle and (right >= end or values[left] <= values[right]):
                    room[place] = values[left]
                    left += 1
                else:
                    room[place] = values[right]
                    right += 1
                    falls += middle - left
        values[:] = room
        width *= 2
    return falls
