"""Seeded Monte Carlo tails of weighted neighbour sums under conditional permutation."""

from __future__ import annotations

import numba as nb
import numpy as np
import numpy.typing as npt

from analysis.projection import FloatArray
from analysis.row_blocks import for_row_blocks

IntArray = npt.NDArray[np.int64]

SMALLEST_BLOCK, MOST_BLOCKS = 64, 64


def random_tails(
    values: FloatArray,
    indptr: IntArray,
    weights: FloatArray,
    sums: FloatArray,
    *,
    permutations: int,
    seed: int,
) -> tuple[FloatArray, FloatArray]:
    """Estimate how often random neighbour sums are at least, and at most, the observed ones.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        Value of each unit.
    indptr, weights : ndarray, shapes (n + 1,) and (m,)
        ``weights[indptr[i]:indptr[i + 1]]`` are those of the neighbours of unit i, itself left out.
    sums : ndarray of float64, shape (n,)
        Observed sums of weights times values.
    permutations : int
        Random arrangements a unit.
    seed : int

    Returns
    -------
    upper, lower : ndarray of float64, shape (n,)
        ``(1 + arrangements at least, or at most, as large) / (1 + permutations)``.

    Notes
    -----
    The value of a unit stays; its neighbours draw theirs from all other units without replacement (the first steps of
    a Fisher-Yates shuffle). Ties count in both tails: sums within 1e-12 of the largest possible one are equal, for
    floating-point sums of the same numbers in another order differ by that little. Every unit has a stream of random
    numbers of its own, and units are dealt out in blocks that depend on their number alone, so the result depends on
    the seed and not on the threads.

    References
    ----------
    Anselin, L. (1995). Local indicators of spatial association. Geographical Analysis 27(2).

    Examples
    --------
    >>> upper, lower = random_tails(
    ...     np.array([5.0, 1.0, 2.0]), np.array([0, 1, 2, 3]), np.ones(3), np.array([2.0, 5.0, 5.0]),
    ...     permutations=999, seed=0
    ... )
    >>> upper.round(1).tolist(), lower.round(1).tolist()
    ([0.5, 0.5, 0.5], [1.0, 1.0, 1.0])
    """
    n = values.size
    upper, lower = np.empty(n), np.empty(n)
    start = np.random.SeedSequence(seed).generate_state(1, np.uint64)[0]
    close = 1e-12 * float(np.abs(values).max()) * np.diff(np.r_[0.0, np.cumsum(weights)][indptr])
    bars = np.stack([sums - close, sums + close])

    def permute(first: int, last: int) -> None:
        tails = _permute_units(values, indptr, weights, bars, permutations, start, first, last)
        upper[first:last], lower[first:last] = tails

    for_row_blocks(permute, n, block_rows=max(SMALLEST_BLOCK, -(-n // MOST_BLOCKS)))
    return upper, lower


@nb.njit(cache=True, nogil=True)
def _permute_units(
    values: FloatArray,
    indptr: IntArray,
    weights: FloatArray,
    bars: FloatArray,
    permutations: int,
    start: np.uint64,
    first: int,
    last: int,
) -> tuple[FloatArray, FloatArray]:
    """Return the tails of units first to last; `bars` has the limits of a tie below and above."""
    others = values.size - 1
    upper, lower = np.empty(last - first), np.empty(last - first)
    deck = np.arange(others)
    for i in range(first, last):
        state = _mixed(start + np.uint64(i + 1) * np.uint64(0x9E3779B97F4A7C15))
        at_least = at_most = 1
        for _ in range(permutations):
            total = 0.0
            for dealt in range(indptr[i + 1] - indptr[i]):
                state += np.uint64(0x9E3779B97F4A7C15)
                pick = dealt + np.int64(((_mixed(state) >> np.uint64(32)) * np.uint64(others - dealt)) >> np.uint64(32))
                card = deck[pick]
                deck[pick], deck[dealt] = deck[dealt], card
                total += weights[indptr[i] + dealt] * values[card + (card >= i)]
            at_least += total >= bars[0, i]
            at_most += total <= bars[1, i]
        upper[i - first], lower[i - first] = at_least / (permutations + 1), at_most / (permutations + 1)
    return upper, lower


@nb.njit(cache=True, nogil=True)
def _mixed(state: np.uint64) -> np.uint64:
    """Return a random 64-bit number from a counter (SplitMix64)."""
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))
