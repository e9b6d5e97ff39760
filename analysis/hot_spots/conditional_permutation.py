"""Conditional-permutation p-values of neighbour sums of counts: exact, or by seeded Monte Carlo where that is too much.

The question of a cell: its own count stays, the other counts are dealt out anew over the other cells; how often is the
sum over its d neighbours at least (at most) the one observed?
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numba as nb
import numpy as np
import numpy.typing as npt

from analysis.errors import ParameterError
from analysis.hot_spots.random_permutation import random_tails
from analysis.hot_spots.spectral_tails import SMALLEST_TAIL, spectral_tails, suits
from analysis.projection import FloatArray

IntArray = npt.NDArray[np.int64]

EXACT_BUDGET = 6e9
"""Multiplications that the exact distributions may take (a few seconds)."""

QUICK = 3e8
"""Multiplications above which Fourier transforms are quicker, where they suit."""

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
    smallest : float
        Exact tails below this are told as this.
    """

    upper: FloatArray
    lower: FloatArray
    permutations: int | None
    smallest: float = 0.0

    @property
    def direction(self) -> npt.NDArray[np.int8]:
        """1 where the sum is unusually large, -1 where it is unusually small, 0 where neither; shape (n,)."""
        return np.sign(self.lower - self.upper).astype(np.int8)

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

    Where that would take more than `QUICK` multiplications (hundreds of distinct counts in the thousands) and few of
    many cells are drawn, Fourier transforms give the same distribution, right to about 1e-14 of 1; tails below 1e-12
    are told as 1e-12. Where neither will do, seeded random permutations are made instead, cell by cell, 999 to 99,999
    as the number of cells allows; ties count in both tails and no tail falls below ``1 / (permutations + 1)``. A cell
    that has more than half of the others for neighbours is asked for the others that it has not: their sum is large
    where that of the neighbours is small.

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
    crowded = 2 * degree > values.size - 1
    if crowded.any():
        rest = values.sum() - values - total
        turned = np.where(crowded, values.size - 1 - degree, degree), np.where(crowded, rest, total)
        tails = _tails(values, *turned, seed)
        upper = np.where(crowded, tails.lower, tails.upper)
        lower = np.where(crowded, tails.upper, tails.lower)
        return dataclasses.replace(tails, upper=upper, lower=lower)
    return _tails(values, degree, total, seed)


def _tails(values: IntArray, degree: IntArray, total: IntArray, seed: int) -> PermutationTails:
    """Return the tails of units with at most half of the others as neighbours."""
    groups = _grouped(values)
    most = int(degree.max())
    largest = int(np.sort(np.repeat(groups.values, np.minimum(groups.sizes, most)))[::-1][:most].sum())
    reduced = (total - degree * groups.shift) // groups.divisor
    cost = _exact_cost(groups, most, largest)
    if cost > QUICK and suits(values.size, most, largest):
        held = (values - groups.shift) // groups.divisor
        return PermutationTails(*spectral_tails(held, degree, reduced, largest=largest), None, SMALLEST_TAIL)
    if cost > EXACT_BUDGET or (most + 1) * (largest + 1) > LARGEST_TABLE:
        return _random_tails(values, degree, total, seed)
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


def affordable_permutations(draws: int) -> int:
    """Return how many random permutations can be made in a few seconds.

    Parameters
    ----------
    draws : int
        Numbers drawn for one permutation of every unit.

    Returns
    -------
    int
        `FEWEST_PERMUTATIONS` to `MOST_PERMUTATIONS`, a number of which one more is round.

    Examples
    --------
    >>> affordable_permutations(1_000), affordable_permutations(10_000_000)
    (99999, 999)
    """
    afforded = int(MONTE_CARLO_BUDGET // max(1, draws))
    steps = (999, 1_999, 4_999, 9_999, 19_999, 49_999, 99_999)
    return max([FEWEST_PERMUTATIONS, *(step for step in steps if step <= min(afforded, MOST_PERMUTATIONS))])


def _random_tails(values: IntArray, degree: IntArray, sums: IntArray, seed: int) -> PermutationTails:
    """Estimate the tails by random permutations."""
    indptr = np.r_[0, np.cumsum(degree)]
    permutations = affordable_permutations(int(indptr[-1]))
    upper, lower = random_tails(
        values.astype(np.float64),
        indptr,
        np.ones(indptr[-1]),
        sums.astype(np.float64),
        permutations=permutations,
        seed=seed,
    )
    return PermutationTails(upper, lower, permutations)
