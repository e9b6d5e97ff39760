"""Pairing rows with columns by bids and shortest augmenting paths, with the prices that prove the pairing."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Whole = NDArray[np.int64]
Real = NDArray[np.float64]

REDUCTIONS = 40
"""Bids per row before shortest ways take over."""


class Arcs(NamedTuple):
    """Pairs in compressed rows: columns and costs of row ``i`` are at ``start[i]:start[i + 1]``."""

    start: Whole
    column: Whole
    cost: Real


class Prices(NamedTuple):
    """A pairing and the prices that prove it.

    Attributes
    ----------
    of_row : ndarray of float64, shape (rows,)
        What each row pays.
    of_column : ndarray of float64, shape (columns,)
        Discount of each column, at most zero; zero where it is free.
    column : ndarray of int64, shape (rows,)
        Column of each row, -1 for none.
    row : ndarray of int64, shape (columns,)
        Row of each column, -1 for none.
    """

    of_row: Real
    of_column: Real
    column: Whole
    row: Whole


@njit(cache=True, nogil=True)
def bid(arcs: Arcs, prices: Prices, free: Whole, alone: float) -> None:
    """Let free rows outbid each other for their cheapest column (augmenting row reduction)."""
    waiting = list(free)
    left = REDUCTIONS * len(free)
    while len(waiting) > 0 and left > 0:
        left -= 1
        own = waiting.pop()
        lowest, second = alone, np.inf
        chosen, runner_up = -1, -1
        for arc in range(arcs.start[own], arcs.start[own + 1]):
            reduced = arcs.cost[arc] - prices.of_column[arcs.column[arc]]
            if reduced < lowest:
                lowest, second = reduced, lowest
                chosen, runner_up = arcs.column[arc], chosen
            elif reduced < second:
                second, runner_up = reduced, arcs.column[arc]
        prices.of_row[own] = min(second, alone)
        if chosen < 0:
            continue
        if second <= lowest:
            if prices.row[chosen] >= 0 and runner_up >= 0 and prices.row[runner_up] < 0:
                chosen = runner_up
            elif prices.row[chosen] >= 0:
                continue
        prices.of_column[chosen] -= max(0.0, min(second, alone) - lowest)
        displaced = prices.row[chosen]
        prices.row[chosen], prices.column[own] = own, chosen
        if displaced >= 0:
            prices.column[displaced] = -1
            waiting.append(displaced)


@njit(cache=True, nogil=True)
def release(arcs: Arcs, prices: Prices, rows: Whole, alone: float) -> None:
    """Lower the price of rows that got cheaper pairs and take their columns from them."""
    for own in rows:
        column = prices.column[own]
        if column >= 0:
            prices.row[column] = -1
            prices.column[own] = -1
        prices.of_row[own] = cheapest_offer(arcs, prices, own, alone)


@njit(cache=True, nogil=True)
def cheapest_offer(arcs: Arcs, prices: Prices, own: int, alone: float) -> float:
    """Return the least that a row could pay at the present discounts."""
    lowest = alone
    for arc in range(arcs.start[own], arcs.start[own + 1]):
        lowest = min(lowest, arcs.cost[arc] - prices.of_column[arcs.column[arc]])
    return lowest


class Ways(NamedTuple):
    """Working memory of the search for shortest ways; arrays of shape (columns,).

    Attributes
    ----------
    distance : ndarray of float64
        Length of the shortest way found to each column.
    before : ndarray of int64
        Row from which it reaches the column.
    settled : ndarray of bool
        Whether no shorter way exists.
    """

    distance: Real
    before: Whole
    settled: NDArray[np.bool_]


@njit(cache=True, nogil=True)
def pair_free_rows(arcs: Arcs, prices: Prices, free: Whole, alone: float) -> None:
    """Pair every free row along a shortest way, which may move other rows."""
    n_columns = len(prices.row)
    ways = Ways(np.full(n_columns, np.inf), np.full(n_columns, -1, np.int64), np.zeros(n_columns, np.bool_))
    for own in free:
        prices.of_row[own] = cheapest_offer(arcs, prices, own, alone)
        touched = [own]
        touched.clear()
        length, column, last_row = shortest_way(arcs, prices, own, alone, ways, touched)
        prices.of_row[own] += length
        for reached in touched:
            if ways.settled[reached]:
                prices.of_row[prices.row[reached]] += length - ways.distance[reached]
                prices.of_column[reached] += ways.distance[reached] - length
        switch(prices, ways.before, own, column, last_row)
        for reached in touched:
            ways.distance[reached] = np.inf
            ways.settled[reached] = False


@njit(cache=True, nogil=True)
def shortest_way(
    arcs: Arcs, prices: Prices, own: int, alone: float, ways: Ways, touched: list[int]
) -> tuple[float, int, int]:
    """Return the length of the shortest way from a free row, its free column (-1 for none) and the row then alone."""
    heap = [(0.0, own)]
    heap.clear()
    current, way, last_row = own, 0.0, own
    end, end_column = np.inf, -1
    while True:
        if way + alone - prices.of_row[current] < end:
            end, end_column, last_row = way + alone - prices.of_row[current], -1, current
        for arc in range(arcs.start[current], arcs.start[current + 1]):
            column = arcs.column[arc]
            reached = way + arcs.cost[arc] - prices.of_row[current] - prices.of_column[column]
            if ways.settled[column] or reached >= ways.distance[column] or reached >= end:
                continue
            if ways.distance[column] == np.inf:
                touched.append(column)
            ways.distance[column], ways.before[column] = reached, current
            heappush(heap, (reached, column))
            if prices.row[column] < 0:
                end, end_column = reached, column
        column = next_column(heap, ways)
        if column < 0 or ways.distance[column] >= end:
            return end, end_column, last_row
        ways.settled[column] = True
        way, current = ways.distance[column], prices.row[column]


@njit(cache=True, nogil=True)
def next_column(heap: list[tuple[float, int]], ways: Ways) -> int:
    """Take the nearest column that is not settled, -1 when there is none."""
    while len(heap) > 0:
        nearest, column = heappop(heap)
        if not ways.settled[column] and nearest <= ways.distance[column]:
            return int(column)
    return -1


@njit(cache=True, nogil=True)
def switch(prices: Prices, before: Whole, own: int, end_column: int, last_row: int) -> None:
    """Move the rows along a way to its end: a free column, or the last row that stays alone."""
    column = end_column
    if column < 0:
        column = prices.column[last_row]
        prices.column[last_row] = -1
        if last_row == own:
            return
    while True:
        row = before[column]
        follow = prices.column[row]
        prices.row[column], prices.column[row] = row, column
        if row == own:
            return
        column = follow
