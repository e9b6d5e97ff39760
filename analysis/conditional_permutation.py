"""Conditional-permutation p-values of neighbour sums of counts: exact, or by seeded Monte Carlo where that is too much.

The question of a cell: its own count stays, the other counts are dealt out anew over the other cells; how often is the
sum over its d neighbours at least (at most) the one observed?
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numba as nb
import numpy as np
import numpy.typing as npt

from analysis.errors import ParameterError
from analysis.projection import FloatArray
from analysis.row_blocks import for_row_blocks

IntArray = npt.NDArray[np.int64]

EXACT_BUDGET = 6e9
"""Multiplications that the exact distributions may take (a few seconds)."""

LARGEST_TABLE = 20_000_000
"""Entries of one distribution table."""

MONTE_CARLO_BUDGET = 4e8
FEWEST_PERMUTATIONS, MOST_PERMUTATIONS = 999, 99_999


@dataclass(frozen=True)
class PermutationTails:
    """Tail probabilities of each cell under conditional permutation.

    Attributes
    ----------
    upper, lower : ndarray of float64, shape (n,)
        Probability of a sum at least, and at most, the observed one; both include it.
    permutations : int or None
        None: exact. Otherwise the number of random permutations, and no tail is below ``1 / (permutations + 1)``.
    """

    upper: FloatArray
    lower: FloatArray
    permutations: int | None

    @property
    def two_sided(self) -> FloatArray:
        """``min(1, 2 min(upper, lower))``, shape (n,)."""
        return np.minimum(1.0, 2.0 * np.minimum(self.upper, self.lower))


@dataclass(frozen=True)
class _Groups:
    """Distinct counts, shifted to begin at 0 and divided by their greatest common divisor, and cells by count."""

    values: IntArray
    sizes: IntArray
    order: IntArray
    begins: IntArray
    shift: int
    divisor: int


def permutation_tails(
    counts: npt.ArrayLike, others: npt.ArrayLike, sums: npt.ArrayLike, *, seed: int = 0
) -> PermutationTails:
    """Return the probability of each cell's neighbour sum if the other counts were dealt out at random.

    Parameters
    ----------
    counts : array_like of int, shape (n,)
        Count of each cell.
    others : array_like of int, shape (n,)
        Number of neighbours of each cell, itself left out; at most n - 1.
    sums : array_like of int, shape (n,)
        Sum of the counts of those neighbours.
    seed : int
        Of the random permutations, where they are needed.

    Returns
    -------
    PermutationTails

    Raises
    ------
    ParameterError
        Counts that are no whole numbers, shapes that differ, or more neighbours than other cells.

    Notes
    -----
    The ways to draw d of the other n - 1 counts with sum s are the coefficient of ``y^d z^s`` in the product, over the
    distinct counts v held by m cells, of ``sum_j C(m, j) (y z^v)^j``, with one cell of the own count left out. Leaving
    one out by division would subtract nearly equal numbers, so the product of all but one group is built for every
    group by divide and conquer: positive terms only, every tail right to about 1e-13 of itself, however small.
    ``C(m, j) / n^j`` in place of ``C(m, j)`` keeps the terms within range. Shifting the counts to begin at zero and
    dividing them by their greatest common divisor shortens the table and changes nothing.

    Where that would take more than `EXACT_BUDGET` multiplications (hundreds of distinct counts in the thousands),
    seeded random permutations are made instead, cell by cell, 999 to 99,999 as the number of cells allows; ties count
    in both tails and no tail falls below ``1 / (permutations + 1)``.

    Examples
    --------
    >>> tails = permutation_tails([0, 0, 1, 2], [1, 1, 1, 1], [2, 1, 2, 1])
    >>> tails.upper.round(3).tolist(), tails.lower.round(3).tolist()
    ([0.333, 0.667, 0.333, 0.333], [1.0, 0.667, 1.0, 1.0])
    """
    values, degree, total = (_whole_numbers(numbers) for numbers in (counts, others, sums))
    if not values.shape == degree.shape == total.shape or values.ndim != 1:
        raise ParameterError("Counts, neighbours and sums differ in shape.")
    if values.size == 0:
        return PermutationTails(np.empty(0), np.empty(0), None)
    if degree.min() < 0 or degree.max() > values.size - 1:
        raise ParameterError("A cell has fewer than no neighbours, or more than there are other cells.")
    groups = _grouped(values)
    most = int(degree.max())
    largest = int(np.sort(np.repeat(groups.values, np.minimum(groups.sizes, most)))[::-1][:most].sum())
    if _exact_cost(groups, most, largest) > EXACT_BUDGET or (most + 1) * (largest + 1) > LARGEST_TABLE:
        return _random_tails(values, degree, total, seed)
    reduced = (total - degree * groups.shift) // groups.divisor
    upper, lower = np.ones(values.size), np.ones(values.size)
    for group, ways in _all_but_one(groups, most, largest):
        cells = groups.order[groups.begins[group] : groups.begins[group + 1]]
        _look_up(ways, cells, degree, reduced, upper, lower)
    return PermutationTails(upper, lower, None)


def _whole_numbers(numbers: npt.ArrayLike) -> IntArray:
    """Return numbers as int64, refusing fractions."""
    given = np.asarray(numbers)
    if given.dtype.kind not in "iub" and not (np.isfinite(given).all() and (given == np.floor(given)).all()):
        raise ParameterError(
            "The exact permutation p-value is for whole counts.", "Use counts of events, not weights or rates."
        )
    return given.astype(np.int64)


def _grouped(values: IntArray) -> _Groups:
    """Group cells by their count."""
    shift = int(values.min())
    top = int(values.max()) - shift
    small = (values - shift).astype(np.uint16) if top < 65_536 else values - shift
    order = np.argsort(small, kind="stable").astype(np.int64)
    ordered = (values - shift)[order]
    begins = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    distinct = ordered[begins]
    divisor = max(1, int(np.gcd.reduce(distinct)))
    ends = np.r_[begins, values.size].astype(np.int64)
    return _Groups(distinct // divisor, np.diff(ends), order, ends, shift, divisor)


def _exact_cost(groups: _Groups, most: int, largest: int) -> float:
    """Return about how many multiplications the exact distributions take."""
    taken = np.minimum(groups.sizes, most).astype(np.float64)
    products = float(np.sum(taken * (most - 0.5 * (taken - 1.0))))
    return products * (largest + 1.0) * max(1.0, math.ceil(math.log2(groups.values.size + 1)))


def _all_but_one(groups: _Groups, most: int, largest: int) -> Iterator[tuple[int, FloatArray]]:
    """Yield, for every group, the ways to draw from all cells but one of that group.

    Ways are a table of shape (most + 1, largest + 1): by number of draws and by their sum, over ``n ** draws``.
    """
    scale = float(groups.order.size)
    table = np.zeros((most + 1, largest + 1))
    table[0, 0] = 1.0
    tops = np.full(most + 1, -1, np.int64)
    tops[0] = 0
    waiting = [(0, groups.values.size, table, tops)]
    while waiting:
        first, last, ways, reach = waiting.pop()
        if last - first == 1:
            _add_group(ways, reach, groups.values[first], groups.sizes[first] - 1, scale)
            yield first, ways
            continue
        middle = (first + last) // 2
        left, left_reach = ways.copy(), reach.copy()
        for group in range(middle, last):
            _add_group(left, left_reach, groups.values[group], groups.sizes[group], scale)
        for group in range(first, middle):
            _add_group(ways, reach, groups.values[group], groups.sizes[group], scale)
        waiting += [(first, middle, left, left_reach), (middle, last, ways, reach)]


@nb.njit(cache=True, nogil=True, fastmath={"contract"})
def _add_group(ways: FloatArray, tops: IntArray, value: int, size: int, scale: float) -> None:
    """Multiply the generating function by that of `size` cells that hold `value`.

    `tops` holds the largest sum reached by each number of draws, -1 for none.
    """
    most = ways.shape[0] - 1
    taken = min(size, most)
    choose = np.ones(taken + 1)
    for j in range(1, taken + 1):
        choose[j] = choose[j - 1] * (size - j + 1) / (j * scale)
    for draws in range(most, 0, -1):
        for j in range(1, min(taken, draws) + 1):
            top = tops[draws - j]
            if top < 0:
                continue
            shift, factor = value * j, choose[j]
            for s in range(top + 1):
                ways[draws, s + shift] += factor * ways[draws - j, s]
            tops[draws] = max(tops[draws], top + shift)


@nb.njit(cache=True, nogil=True)
def _look_up(
    ways: FloatArray, cells: IntArray, degree: IntArray, sums: IntArray, upper: FloatArray, lower: FloatArray
) -> None:
    """Fill the tails of the cells of a group from its ways."""
    at_least, at_most = ways.copy(), ways.copy()
    for draws in range(ways.shape[0]):
        for s in range(1, ways.shape[1]):
            at_most[draws, s] += at_most[draws, s - 1]
        for s in range(ways.shape[1] - 2, -1, -1):
            at_least[draws, s] += at_least[draws, s + 1]
    for i in cells:
        draws, s = degree[i], sums[i]
        all_ways = at_least[draws, 0]
        upper[i] = min(1.0, at_least[draws, s] / all_ways)
        lower[i] = min(1.0, at_most[draws, s] / at_most[draws, ways.shape[1] - 1])


def _random_tails(values: IntArray, degree: IntArray, sums: IntArray, seed: int) -> PermutationTails:
    """Estimate the tails by random permutations, each cell with its own stream of random numbers."""
    draws = max(1, int(degree.max())) * values.size
    permutations = int(min(MOST_PERMUTATIONS, max(FEWEST_PERMUTATIONS, MONTE_CARLO_BUDGET // draws)))
    upper, lower = np.empty(values.size), np.empty(values.size)
    start = np.random.SeedSequence(seed).generate_state(1, np.uint64)[0]

    def permute(first: int, last: int) -> None:
        upper[first:last], lower[first:last] = _permute_cells(values, degree, sums, permutations, start, first, last)

    for_row_blocks(permute, values.size, block_rows=256)
    return PermutationTails(upper, lower, permutations)


@nb.njit(cache=True, nogil=True)
def _permute_cells(
    values: IntArray, degree: IntArray, sums: IntArray, permutations: int, start: np.uint64, first: int, last: int
) -> tuple[FloatArray, FloatArray]:
    """Return how often random neighbour sums of cells first to last are at least, and at most, the observed one."""
    n = values.size
    upper, lower = np.empty(last - first), np.empty(last - first)
    drawn = np.empty(max(1, degree[first:last].max()), np.int64)
    for i in range(first, last):
        state = _mixed(start + np.uint64(i + 1) * np.uint64(0x9E3779B97F4A7C15))
        at_least = at_most = 1
        for _ in range(permutations):
            total = 0
            for j in range(degree[i]):
                fresh = False
                while not fresh:
                    state += np.uint64(0x9E3779B97F4A7C15)
                    cell = np.int64(((_mixed(state) >> np.uint64(32)) * np.uint64(n - 1)) >> np.uint64(32))
                    cell += cell >= i
                    fresh = True
                    for earlier in range(j):
                        fresh = fresh and drawn[earlier] != cell
                drawn[j] = cell
                total += values[cell]
            at_least += total >= sums[i]
            at_most += total <= sums[i]
        upper[i - first], lower[i - first] = at_least / (permutations + 1), at_most / (permutations + 1)
    return upper, lower


@nb.njit(cache=True, nogil=True)
def _mixed(state: np.uint64) -> np.uint64:
    """Return a random 64-bit number from a counter (SplitMix64)."""
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))
