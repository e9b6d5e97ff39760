"""Pairing rows with kinds of columns and single columns along shortest ways, with the prices that prove the pairing."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Whole = NDArray[np.int64]
Real = NDArray[np.float64]

BIDS = 40
"""Bids per row before shortest ways take over."""


class Offers(NamedTuple):
    """What may be paired at which cost.

    Attributes
    ----------
    kind : ndarray of int64, shape (columns,)
        Kind of each column.
    start, node, cost : ndarray, shape (rows + 1,), (m,), (m,)
        Pairs in compressed rows: node ``k`` is any column of a kind, node ``kinds + c`` a single column, at a cost that
        is at most that of its kind.
    alone : float
        Cost of a row without a column.
    """

    kind: Whole
    start: Whole
    node: Whole
    cost: Real
    alone: float


class Pairing(NamedTuple):
    """A pairing and the prices that prove it; node ``k`` is a kind, node ``kinds + c`` a column taken by name.

    Attributes
    ----------
    row_price : ndarray of float64, shape (rows,)
        What each row pays: at most the cost of any pair less the price of its node.
    price : ndarray of float64, shape (kinds + columns,)
        Discount of each node, at most zero; zero for a kind with columns to spare. A column that is taken has at most
        the price of its kind, one that is not at least that.
    node : ndarray of int64, shape (rows,)
        Node of each row, -1 for none.
    holder : ndarray of int64, shape (columns,)
        Row that took the column by name, -1 for none.
    spare : ndarray of int64, shape (kinds,)
        Columns of a kind that are not taken in either way.
    first : ndarray of int64, shape (kinds + 1,)
        Where the places of each kind begin in ``members`` and ``columns``.
    members, filled : ndarray of int64, shape (columns,) and (kinds,)
        Rows that take any column of a kind, and how many they are.
    slot : ndarray of int64, shape (rows,)
        Place of a row in ``members``.
    columns : ndarray of int64, shape (columns,)
        Columns of each kind.
    """

    row_price: Real
    price: Real
    node: Whole
    holder: Whole
    spare: Whole
    first: Whole
    members: Whole
    filled: Whole
    slot: Whole
    columns: Whole


class Ways(NamedTuple):
    """Working memory of the search for shortest ways; arrays of shape (kinds + columns,).

    Attributes
    ----------
    distance : ndarray of float64
        Length of the shortest way found to each node.
    before : ndarray of int64
        Row from which it reaches the node, or ``-2 - node`` for another node.
    settled : ndarray of bool
        Whether no shorter way exists.
    """

    distance: Real
    before: Whole
    settled: NDArray[np.bool_]


@njit(cache=True, nogil=True)
def enter(pairing: Pairing, own: int, node: int) -> None:
    """Pair a row with a node."""
    kinds = len(pairing.spare)
    pairing.node[own] = node
    if node >= kinds:
        pairing.holder[node - kinds] = own
    else:
        place = pairing.first[node] + pairing.filled[node]
        pairing.members[place], pairing.slot[own] = own, place
        pairing.filled[node] += 1


@njit(cache=True, nogil=True)
def leave(pairing: Pairing, own: int) -> None:
    """Take a row from its node."""
    kinds, node = len(pairing.spare), pairing.node[own]
    pairing.node[own] = -1
    if node >= kinds:
        pairing.holder[node - kinds] = -1
    elif node >= 0:
        pairing.filled[node] -= 1
        last, place = pairing.members[pairing.first[node] + pairing.filled[node]], pairing.slot[own]
        pairing.members[place], pairing.slot[last] = last, place


@njit(cache=True, nogil=True)
def cheapest_offers(offers: Offers, pairing: Pairing, own: int) -> tuple[float, float, int]:
    """Return the least and the second least that a row could pay now, and the node of the least (-1 for alone)."""
    lowest, second, chosen = offers.alone, np.inf, -1
    for at in range(offers.start[own], offers.start[own + 1]):
        node = offers.node[at]
        reduced = offers.cost[at] - pairing.price[node]
        if reduced < lowest:
            lowest, second, chosen = reduced, lowest, node
        elif reduced < second:
            second = reduced
    return lowest, second, chosen


@njit(cache=True, nogil=True)
def bid(offers: Offers, pairing: Pairing) -> None:
    """Let rows take their cheapest offer, and outbid each other for single columns (augmenting row reduction)."""
    waiting = list(range(len(offers.start) - 1))
    left = BIDS * len(waiting)
    for own in waiting:
        left -= 1
        if left < 0:
            break
        lowest, second, chosen = cheapest_offers(offers, pairing, own)
        if chosen < 0 or not may_bid(offers, pairing, chosen, lowest, second):
            continue
        if chosen < len(pairing.spare) and pairing.spare[chosen] > 0:
            pairing.spare[chosen] -= 1
            pairing.row_price[own] = lowest
        else:
            pairing.row_price[own] = second
            pairing.price[chosen] -= second - lowest
            displaced = holder_of(pairing, chosen)
            if displaced >= 0:
                leave(pairing, displaced)
                waiting.append(displaced)
            else:
                pairing.spare[offers.kind[chosen - len(pairing.spare)]] -= 1
        enter(pairing, own, chosen)


@njit(cache=True, nogil=True)
def may_bid(offers: Offers, pairing: Pairing, node: int, lowest: float, second: float) -> bool:
    """Return whether a row may have its cheapest node now: there is room, or it outbids the only row there."""
    kinds = len(pairing.spare)
    if node < kinds:
        single = pairing.first[node + 1] - pairing.first[node] == 1 and pairing.filled[node] == 1
        return bool(pairing.spare[node] > 0 or (single and second > lowest))
    if pairing.holder[node - kinds] >= 0:
        return bool(second > lowest)
    return bool(pairing.spare[offers.kind[node - kinds]] > 0)


@njit(cache=True, nogil=True)
def holder_of(pairing: Pairing, node: int) -> int:
    """Return the row of a node that one row can have, -1 for none."""
    kinds = len(pairing.spare)
    if node >= kinds:
        return int(pairing.holder[node - kinds])
    return int(pairing.members[pairing.first[node]])


@njit(cache=True, nogil=True)
def pair_free_rows(offers: Offers, pairing: Pairing) -> None:
    """Pair every free row along a shortest way, which may move other rows."""
    nodes = len(pairing.price)
    ways = Ways(np.full(nodes, np.inf), np.full(nodes, -1, np.int64), np.zeros(nodes, np.bool_))
    for own in range(len(offers.start) - 1):
        if pairing.node[own] >= 0:
            continue
        pairing.row_price[own] = cheapest_offers(offers, pairing, own)[0]
        touched = [own]
        touched.clear()
        length, end, last = shortest_way(offers, pairing, own, ways, touched)
        lower_prices(pairing, own, length, ways, touched)
        switch(pairing, ways.before, own, end, last)
        for node in touched:
            ways.distance[node], ways.settled[node] = np.inf, False


@njit(cache=True, nogil=True)
def shortest_way(offers: Offers, pairing: Pairing, own: int, ways: Ways, touched: list[int]) -> tuple[float, int, int]:
    """Return the length of the shortest way from a free row, the kind at its end (-1: none) and the row left alone."""
    heap = [(0.0, own)]
    heap.clear()
    way, end, end_node, last = 0.0, np.inf, -1, own
    rows = [own]
    while True:
        for row in rows:
            if way - pairing.row_price[row] + offers.alone < end:
                end, end_node, last = way - pairing.row_price[row] + offers.alone, -1, row
            length, node = look_around(offers, pairing, row, way, end, ways, touched, heap)
            if length < end:
                end, end_node = length, node
        rows.clear()
        node = next_node(heap, ways)
        if node < 0 or ways.distance[node] >= end:
            return end, end_node, last
        ways.settled[node] = True
        way = ways.distance[node]
        length, kind = go_on(offers, pairing, node, end, ways, touched, heap, rows)
        if length < end:
            end, end_node = length, kind


@njit(cache=True, nogil=True)
def look_around(
    offers: Offers,
    pairing: Pairing,
    row: int,
    way: float,
    end: float,
    ways: Ways,
    touched: list[int],
    heap: list[tuple[float, int]],
) -> tuple[float, int]:
    """Go from a row to all of its offers; return the nearest kind with room, if it is nearer than ``end``."""
    kinds, found = len(pairing.spare), -1
    base = way - pairing.row_price[row]
    for at in range(offers.start[row], offers.start[row + 1]):
        node = offers.node[at]
        length = base + offers.cost[at] - pairing.price[node]
        if length < end and length < ways.distance[node]:
            reach(node, length, row, ways, touched, heap)
            if node < kinds and pairing.spare[node] > 0:
                end, found = length, node
    return (end, found) if found >= 0 else (np.inf, -1)


@njit(cache=True, nogil=True)
def go_on(
    offers: Offers,
    pairing: Pairing,
    node: int,
    end: float,
    ways: Ways,
    touched: list[int],
    heap: list[tuple[float, int]],
    rows: list[int],
) -> tuple[float, int]:
    """Go on from a node: to the rows that would have to move, and between a kind and its named columns."""
    kinds, way = len(pairing.spare), ways.distance[node]
    if node >= kinds:
        kind = offers.kind[node - kinds]
        length = way + pairing.price[node] - pairing.price[kind]
        if pairing.holder[node - kinds] >= 0:
            rows.append(pairing.holder[node - kinds])
        elif length < end and length < ways.distance[kind]:
            reach(kind, length, -2 - node, ways, touched, heap)
            if pairing.spare[kind] > 0:
                return length, kind
        return np.inf, -1
    rows.extend(pairing.members[pairing.first[node] : pairing.first[node] + pairing.filled[node]])
    for place in range(pairing.first[node], pairing.first[node + 1]):
        column = kinds + pairing.columns[place]
        length = way + pairing.price[node] - pairing.price[column]
        if pairing.holder[column - kinds] >= 0 and length < end and length < ways.distance[column]:
            reach(column, length, -2 - node, ways, touched, heap)
    return np.inf, -1


@njit(cache=True, nogil=True)
def reach(node: int, length: float, before: int, ways: Ways, touched: list[int], heap: list[tuple[float, int]]) -> None:
    """Note a shorter way to a node that is not settled."""
    if ways.settled[node]:
        return
    if ways.distance[node] == np.inf:
        touched.append(node)
    ways.distance[node], ways.before[node] = length, before
    heappush(heap, (length, node))


@njit(cache=True, nogil=True)
def next_node(heap: list[tuple[float, int]], ways: Ways) -> int:
    """Take the nearest node that is not settled, -1 when there is none."""
    while len(heap) > 0:
        nearest, node = heappop(heap)
        if not ways.settled[node] and nearest <= ways.distance[node]:
            return int(node)
    return -1


@njit(cache=True, nogil=True)
def lower_prices(pairing: Pairing, own: int, length: float, ways: Ways, touched: list[int]) -> None:
    """Change the prices so that every pair along the shortest way costs exactly what it pays."""
    kinds = len(pairing.spare)
    pairing.row_price[own] += length
    for node in touched:
        if not ways.settled[node]:
            continue
        shift = length - ways.distance[node]
        pairing.price[node] -= shift
        if node >= kinds:
            if pairing.holder[node - kinds] >= 0:
                pairing.row_price[pairing.holder[node - kinds]] += shift
        else:
            for place in range(pairing.first[node], pairing.first[node] + pairing.filled[node]):
                pairing.row_price[pairing.members[place]] += shift


@njit(cache=True, nogil=True)
def switch(pairing: Pairing, before: Whole, own: int, end: int, last: int) -> None:
    """Move the rows along a way to its end: a kind with room, or the last row, which stays alone."""
    node = end
    if end >= 0:
        pairing.spare[end] -= 1
    elif last == own:
        return
    else:
        node = pairing.node[last]
        leave(pairing, last)
    while True:
        row = before[node]
        if row < 0:
            node = -2 - row
            continue
        follow = pairing.node[row]
        leave(pairing, row)
        enter(pairing, row, node)
        if row == own:
            return
        node = follow


@njit(cache=True, nogil=True)
def least_above(cost: Real, rows: Whole, row_price: Real) -> Real:
    """Return how much each kind costs some rows above what they pay at least, infinite for what is impossible."""
    least = np.full(cost.shape[1], np.inf)
    for at in range(len(rows)):
        for kind in range(cost.shape[1]):
            least[kind] = min(least[kind], cost[rows[at], kind] - row_price[at])
    return least


@njit(cache=True, nogil=True)
def offer_missing(
    cost: Real, price: Real, row_price: Real, offered: NDArray[np.bool_], most: int, tolerance: float
) -> int:
    """Offer each row, in place, those kinds that cost it less than it pays, at most ``most``; return how many.

    ``cost`` and ``offered`` have the shape (rows, kinds); none are missing when the prices prove the pairing.
    """
    added = 0
    least, best = np.empty(most), np.empty(most, np.int64)
    for row in range(len(cost)):
        count = 0
        for kind in range(cost.shape[1]):
            reduced = cost[row, kind] - price[kind] - row_price[row]
            if reduced >= -tolerance or offered[row, kind] or (count == most and reduced >= least[most - 1]):
                continue
            at = count if count < most else most - 1
            count = min(count + 1, most)
            while at > 0 and least[at - 1] > reduced:
                least[at], best[at] = least[at - 1], best[at - 1]
                at -= 1
            least[at], best[at] = reduced, kind
        for at in range(count):
            offered[row, best[at]] = True
        added += count
    return added
