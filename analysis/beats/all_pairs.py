"""The cheapest pairing of rows with columns over all pairs, without holding all pairs in memory."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numba import njit

from analysis.beats.shortest_ways import Arcs, Prices, Real, Whole, bid, pair_free_rows, release
from analysis.row_blocks import thread_count

RowCosts = Callable[[int, int], Real]

NEAREST = 12
"""Pairs of each row and of each column that the search begins with."""
ADDED = 12
"""Pairs of a row that join at a time when they turn out to be cheaper than the prices say."""
STRIDE = 7919
"""Rows look at columns from different ones on, so that of equal columns each takes others."""
BLOCK_ROWS = 256
KEPT_PAIRS = 16_000_000
"""Costs of up to this many pairs (128 MB) are worked out once, of more every time they are looked at."""
TOLERANCE = 1e-6


def cheapest_of_all_pairs(costs: RowCosts, shape: tuple[int, int]) -> Whole:
    """Pair as many rows with columns as possible, and among those pairings take the cheapest.

    Parameters
    ----------
    costs : callable
        ``costs(first, last)`` returns the costs of rows ``first`` to ``last - 1`` with every column, shape (last -
        first, columns); infinite where a pair is impossible. Called from several threads.
    shape : tuple of int
        Number of rows and of columns.

    Returns
    -------
    ndarray of int64, shape (rows,)
        Column of each row, -1 for a row that stays alone.

    Notes
    -----
    Jonker and Volgenant's shortest augmenting paths on the cheapest pairs of every row and column, then pricing: pairs
    that the prices of rows and columns show to be missing join, and the rows concerned are paired anew, until no pair
    of all could make the whole cheaper (Volgenant 1996, LAPMOD). The result is the optimum over all pairs. Staying
    alone costs more than all pairs together.

    References
    ----------
    Jonker and Volgenant (1987), A shortest augmenting path algorithm for dense and sparse linear assignment problems.
    Volgenant (1996), Linear and semi-assignment problems: a core oriented approach.

    Examples
    --------
    >>> cost = np.array([[1.0, 2.0], [1.0, np.inf]])
    >>> cheapest_of_all_pairs(lambda first, last: cost[first:last], cost.shape)
    array([1, 0])
    """
    rows, columns = shape
    if rows == 0 or columns == 0:
        return np.full(rows, -1, np.int64)
    if rows * columns <= KEPT_PAIRS:
        costs = _kept(costs)
    with ThreadPoolExecutor(thread_count()) as pool:
        arcs, alone = _first_arcs(pool, costs, shape)
        prices = _no_prices(shape, alone)
        free = np.arange(rows)
        while True:
            _pair(arcs, prices, free, alone)
            if ((prices.row < 0) & (prices.of_column < 0)).any():
                # A column that was given up keeps its discount, which no free column may have: begin anew.
                prices = _no_prices(shape, alone)
                _pair(arcs, prices, np.arange(rows), alone)
            row, column, cost = _missing(pool, costs, prices, rows)
            if not len(row):
                return prices.column
            arcs = _joined(arcs, row, column, cost)
            free = np.unique(row)
            release(arcs, prices, free, alone)


def _no_prices(shape: tuple[int, int], alone: float) -> Prices:
    """Return prices at which nothing is paired."""
    rows, columns = shape
    unpaired = np.full(rows, -1, np.int64), np.full(columns, -1, np.int64)
    return Prices(np.full(rows, alone), np.zeros(columns), *unpaired)


def _pair(arcs: Arcs, prices: Prices, free: Whole, alone: float) -> None:
    """Pair free rows, by bids first."""
    settled_alone = prices.column < 0
    settled_alone[free] = False
    bid(arcs, prices, free, alone)
    pair_free_rows(arcs, prices, np.flatnonzero((prices.column < 0) & ~settled_alone), alone)


def _kept(costs: RowCosts) -> RowCosts:
    """Return costs that are worked out once."""
    blocks: dict[tuple[int, int], Real] = {}

    def remembered(first: int, last: int) -> Real:
        if (first, last) not in blocks:
            blocks[first, last] = costs(first, last)
        return blocks[first, last]

    return remembered


def _blocks(rows: int) -> list[tuple[int, int]]:
    return [(first, min(first + BLOCK_ROWS, rows)) for first in range(0, rows, BLOCK_ROWS)]


def _first_arcs(pool: ThreadPoolExecutor, costs: RowCosts, shape: tuple[int, int]) -> tuple[Arcs, float]:
    """Return the cheapest pairs of every row and column, and the cost of staying alone."""
    rows, columns = shape

    def cheapest(block: tuple[int, int]) -> tuple[Whole, Whole, Real, Whole, Real, float, float]:
        cost = costs(*block)
        by_row = smallest_of_rows(cost, min(NEAREST, columns))
        by_column, low, high = smallest_of_columns(cost, min(NEAREST, len(cost)))
        return (
            by_row,
            by_column + block[0],
            np.take_along_axis(cost, by_row, axis=1),
            np.arange(*block),
            np.take_along_axis(cost, by_column, axis=0),
            low,
            high,
        )

    found = list(pool.map(cheapest, _blocks(rows)))
    row = [np.repeat(part[3], part[0].shape[1]) for part in found]
    column = [part[0].ravel() for part in found]
    cost = [part[2].ravel() for part in found]
    below = np.concatenate([part[1] for part in found])
    below_cost = np.concatenate([part[4] for part in found])
    best = np.argsort(below_cost, axis=0, kind="stable")[:NEAREST]
    row.append(np.take_along_axis(below, best, axis=0).ravel())
    column.append(np.tile(np.arange(columns), len(best)))
    cost.append(np.take_along_axis(below_cost, best, axis=0).ravel())
    shift = np.arange(rows) % columns
    row.append(np.arange(rows))
    column.append(shift)
    cost.append(
        np.concatenate([costs(*block)[np.arange(block[1] - block[0]), shift[slice(*block)]] for block in _blocks(rows)])
    )
    low, high = min(part[5] for part in found), max(part[6] for part in found)
    span = max(high - low, 1.0) if high >= low else 1.0
    alone = max(high, 0.0) + 2.0 * span * (min(shape) + 1) if high >= low else 1.0
    empty = Arcs(np.zeros(rows + 1, np.int64), np.zeros(0, np.int64), np.zeros(0))
    return _joined(empty, np.concatenate(row), np.concatenate(column), np.concatenate(cost)), alone


def _joined(arcs: Arcs, row: Whole, column: Whole, cost: Real) -> Arcs:
    """Return the arcs with further pairs, each pair once and finite."""
    n_rows = len(arcs.start) - 1
    row = np.concatenate([np.repeat(np.arange(n_rows), np.diff(arcs.start)), row])
    column = np.concatenate([arcs.column, column])
    cost = np.concatenate([arcs.cost, cost])
    key = row * (int(column.max(initial=0)) + 1) + column
    _, first = np.unique(key, return_index=True)
    first = first[np.isfinite(cost[first])]
    start = np.concatenate([[0], np.cumsum(np.bincount(row[first], minlength=n_rows))]).astype(np.int64)
    return Arcs(start, column[first].astype(np.int64), cost[first])


def _missing(pool: ThreadPoolExecutor, costs: RowCosts, prices: Prices, rows: int) -> tuple[Whole, Whole, Real]:
    """Return pairs that cost less than the prices of their row and column."""

    def dearer(block: tuple[int, int]) -> tuple[Whole, Whole, Real]:
        return underpriced(costs(*block), prices.of_row[slice(*block)], prices.of_column, block[0])

    found = list(pool.map(dearer, _blocks(rows)))
    row, column, cost = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return row, column, cost


@njit(cache=True, nogil=True)
def smallest_of_rows(cost: Real, count: int) -> Whole:
    """Return the columns of the ``count`` smallest values of every row, shape (rows, count)."""
    found = np.zeros((cost.shape[0], count), np.int64)
    n_columns = cost.shape[1]
    for row in range(cost.shape[0]):
        filled = 0
        first = (row * STRIDE) % n_columns
        for step in range(n_columns):
            column = first + step if first + step < n_columns else first + step - n_columns
            value = cost[row, column]
            if filled < count or value < cost[row, found[row, count - 1]]:
                place = min(filled, count - 1)
                while place > 0 and cost[row, found[row, place - 1]] > value:
                    found[row, place] = found[row, place - 1]
                    place -= 1
                found[row, place] = column
                filled = min(filled + 1, count)
    return found


@njit(cache=True, nogil=True)
def smallest_of_columns(cost: Real, count: int) -> tuple[Whole, float, float]:
    """Return the rows of the ``count`` smallest values of every column, and the lowest and highest of all."""
    found = np.zeros((count, cost.shape[1]), np.int64)
    low, high = np.inf, -np.inf
    for row in range(cost.shape[0]):
        for column in range(cost.shape[1]):
            value = cost[row, column]
            low = min(low, value)
            if value < np.inf:
                high = max(high, value)
            if row < count or value < cost[found[count - 1, column], column]:
                place = min(row, count - 1)
                while place > 0 and cost[found[place - 1, column], column] > value:
                    found[place, column] = found[place - 1, column]
                    place -= 1
                found[place, column] = row
    return found, low, high


@njit(cache=True, nogil=True)
def underpriced(cost: Real, of_row: Real, of_column: Real, first: int) -> tuple[Whole, Whole, Real]:
    """Return up to ``ADDED`` pairs of every row that cost less than their prices, the cheapest ones."""
    n_rows, n_columns = cost.shape
    row = np.zeros(n_rows * ADDED, np.int64)
    column = np.zeros(n_rows * ADDED, np.int64)
    value = np.zeros(n_rows * ADDED)
    total = 0
    best, gain = np.zeros(ADDED, np.int64), np.zeros(ADDED)
    for own in range(n_rows):
        filled = 0
        price = of_row[own]
        begin = ((first + own) * STRIDE) % n_columns
        for step in range(n_columns):
            other = begin + step if begin + step < n_columns else begin + step - n_columns
            reduced = cost[own, other] - price - of_column[other]
            if reduced < -TOLERANCE and (filled < ADDED or reduced < gain[ADDED - 1]):
                place = min(filled, ADDED - 1)
                while place > 0 and gain[place - 1] > reduced:
                    gain[place], best[place] = gain[place - 1], best[place - 1]
                    place -= 1
                gain[place], best[place] = reduced, other
                filled = min(filled + 1, ADDED)
        for place in range(filled):
            row[total], column[total], value[total] = first + own, best[place], cost[own, best[place]]
            total += 1
    return row[:total], column[:total], value[:total]
