"""The cheapest pairing of rows with columns, where most columns are alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array

from analysis.beats.shortest_ways import Offers, Pairing, bid, least_above, offer_missing, pair_free_rows
from analysis.row_blocks import for_row_blocks

Whole = NDArray[np.int64]
Real = NDArray[np.float64]
Pairs = tuple[Whole, Whole, Real]
"""Row, column and cost of single pairs."""

FEW_KINDS = 300
SAMPLED = 3
"""Of more kinds, first prices are taken from the pairing of every third row with every third kind if none is named."""
FIRST_OFFERS = 32
"""Kinds that each row is offered at first."""
ROWS_AT_A_TIME = 500
"""That one thread looks for missing offers of."""
TOLERANCE = 1e-11
"""Of the prices, as a share of the largest difference between costs."""


def cheapest_pairing(cost: Real, kind: Whole, named: coo_array | None = None) -> Whole:
    """Pair as many rows with columns as possible, and among those pairings take the cheapest.

    Parameters
    ----------
    cost : ndarray of float64, shape (rows, kinds)
        Cost of each row with a column of each kind; infinite where the pair is impossible.
    kind : ndarray of int64, shape (columns,)
        Kind of each column.
    named : sparse array of float64, shape (rows, columns), optional
        Costs of single pairs that are at most as dear as the kind of the column says.

    Returns
    -------
    ndarray of int64, shape (rows,)
        Column of each row, -1 for a row that stays alone.

    Notes
    -----
    Successive shortest ways with prices (Jonker and Volgenant 1987) in a network of rows, kinds and named columns: a
    kind is one node for all of its columns. Each row is first offered its few most promising kinds; then those that
    would cost it less than it pays at the prices found, until there are none. The last prices prove that the pairing is
    the optimum over all pairs. Staying alone costs more than all pairs together.

    References
    ----------
    Jonker and Volgenant (1987), A shortest augmenting path algorithm for dense and sparse linear assignment problems.

    Examples
    --------
    >>> cheapest_pairing(np.array([[1.0, 2.0], [1.0, np.inf]]), np.array([0, 1])).tolist()
    [1, 0]
    """
    rows, kinds = cost.shape
    if rows == 0 or len(kind) == 0:
        return np.full(rows, -1, np.int64)
    return _handed_out(_proven(np.ascontiguousarray(cost, np.float64), kind, named), rows, kinds)


def _proven(cost: Real, kind: Whole, named: coo_array | None) -> Pairing:
    """Return the cheapest pairing with the prices that prove it."""
    rows, kinds = cost.shape
    pairs = _possible_pairs(cost, kind, named)
    span, alone = _span_and_alone(cost, pairs, kind)
    price = _first_prices(cost, kind, pairs)
    offered = np.zeros((rows, kinds), np.bool_)
    _offer_missing(cost, price, np.full(rows, alone), offered, FIRST_OFFERS, 0.0)
    _offer_any(cost, kind, offered)
    most = FIRST_OFFERS
    while True:
        pairing = _paired(_offers(offered, cost, kind, pairs, alone), price, kinds)
        found_price = pairing.price[:kinds]
        if price.any() and (found_price[pairing.spare > 0] < 0).any():
            price = np.zeros(kinds)
            continue
        if not _offer_missing(cost, found_price, pairing.row_price, offered, most, TOLERANCE * span):
            return pairing
        price = found_price.copy() if price.any() else price
        most *= 2


def _possible_pairs(cost: Real, kind: Whole, named: coo_array | None) -> Pairs:
    """Return row, column and cost of the single pairs that are possible."""
    pairs = coo_array((len(cost), len(kind))) if named is None else named
    row, column = (np.asarray(place, np.int64) for place in pairs.coords)
    possible = np.isfinite(pairs.data) & np.isfinite(cost[row, kind[column]])
    return row[possible], column[possible], pairs.data[possible].astype(np.float64)


def _span_and_alone(cost: Real, pairs: Pairs, kind: Whole) -> tuple[float, float]:
    """Return how far costs are apart at most, and what a row without a column costs."""
    known = pairs[2]
    highest = max(float(cost.max(where=np.isfinite(cost), initial=0.0)), float(known.max(initial=0.0)))
    lowest = min(float(cost.min(initial=0.0)), float(known.min(initial=0.0)))
    span = max(highest - lowest, 1.0)
    return span, highest + 2.0 * span * (min(len(cost), len(kind)) + 1)


def _first_prices(cost: Real, kind: Whole, pairs: Pairs) -> Real:
    """Return prices of the kinds that are about right: of many kinds those that a part of rows and kinds leads to."""
    rows, kinds = cost.shape
    if kinds <= FEW_KINDS or rows < kinds:
        finite = np.isfinite(cost)
        prices = cost.sum(axis=0, where=finite) / np.maximum(finite.sum(axis=0), 1)
    else:
        row, own, size = _sample(rows, np.bincount(kind, minlength=kinds), kind, pairs)
        sample = _proven(cost[np.ix_(row, own)], np.repeat(np.arange(len(own)), size[own]), None)
        paired = sample.node >= 0
        prices = least_above(cost, row[paired], sample.row_price[paired])
    prices = np.where(np.isfinite(prices), prices, prices.max(where=np.isfinite(prices), initial=0.0))
    shifted: Real = prices - prices.max()
    return shifted


def _sample(rows: int, size: Whole, kind: Whole, pairs: Pairs) -> tuple[Whole, Whole, Whole]:
    """Return some rows, some kinds, and how many columns each kind has for them.

    Rows mostly keep the columns that they have by name: then it is the others and what is left for them.
    """
    order = np.argsort(pairs[2], kind="stable")
    row, column = pairs[0][order], pairs[1][order]
    for side in (0, 1):
        first = np.unique((row, column)[side], return_index=True)[1]
        row, column = row[first], column[first]
    left = np.setdiff1d(np.arange(rows), row)
    free = size - np.bincount(kind[column], minlength=len(size))
    if not len(row) or not len(left) or not free.any():
        return np.arange(0, rows, SAMPLED), np.arange(0, len(size), SAMPLED), size
    return left, np.flatnonzero(free), free


def _offer_any(cost: Real, kind: Whole, offered: NDArray[np.bool_]) -> None:
    """Offer each row the kind of a column of its own where it may have it, so that few rows stay alone at first."""
    row = np.arange(min(len(cost), len(kind)))
    own = kind[: len(row)]
    offered[row, own] |= np.isfinite(cost[row, own])


def _offers(offered: NDArray[np.bool_], cost: Real, kind: Whole, pairs: Pairs, alone: float) -> Offers:
    """Return the offers as the search takes them."""
    rows, kinds = cost.shape
    row, own = np.divmod(np.flatnonzero(offered), kinds)
    every = np.concatenate([row, pairs[0]])
    order = np.argsort(every, kind="stable")
    node = np.concatenate([own, kinds + pairs[1]])[order]
    start = np.concatenate([[0], np.cumsum(np.bincount(every, minlength=rows))]).astype(np.int64)
    return Offers(kind, start, node, np.concatenate([cost[row, own], pairs[2]])[order], alone)


def _offer_missing(
    cost: Real, price: Real, row_price: Real, offered: NDArray[np.bool_], most: int, tolerance: float
) -> int:
    """Offer what is missing as :func:`analysis.beats.shortest_ways.offer_missing` does, blocks of rows at a time."""
    added: list[int] = []

    def offer(first: int, last: int) -> None:
        some = slice(first, last)
        added.append(offer_missing(cost[some], price, row_price[some], offered[some], most, tolerance))

    for_row_blocks(offer, len(cost), block_rows=ROWS_AT_A_TIME)
    return sum(added)


def _paired(offers: Offers, price: Real, kinds: int) -> Pairing:
    """Return the cheapest pairing among the offers, from prices of kinds on (zero, or all columns get taken)."""
    pairing = _nothing_paired(len(offers.start) - 1, kinds, offers.kind)
    pairing.price[:kinds] = price
    pairing.price[kinds:] = price[offers.kind]
    bid(offers, pairing)
    pair_free_rows(offers, pairing)
    return pairing


def _nothing_paired(rows: int, kinds: int, kind: Whole) -> Pairing:
    """Return prices at which nothing is paired."""
    columns, size = len(kind), np.bincount(kind, minlength=kinds).astype(np.int64)
    return Pairing(
        row_price=np.zeros(rows),
        price=np.zeros(kinds + columns),
        node=np.full(rows, -1, np.int64),
        holder=np.full(columns, -1, np.int64),
        spare=size.copy(),
        first=np.concatenate([[0], np.cumsum(size)]).astype(np.int64),
        members=np.full(columns, -1, np.int64),
        filled=np.zeros(kinds, np.int64),
        slot=np.full(rows, -1, np.int64),
        columns=np.argsort(kind, kind="stable").astype(np.int64),
    )


def _handed_out(pairing: Pairing, rows: int, kinds: int) -> Whole:
    """Return the column of every row: its own where named, else one of its kind that is left."""
    found = np.full(rows, -1, np.int64)
    by_name = np.flatnonzero(pairing.node >= kinds)
    found[by_name] = pairing.node[by_name] - kinds
    for own in np.flatnonzero(pairing.filled):
        first, last = pairing.first[own : own + 2]
        alike = pairing.columns[first:last]
        members = np.sort(pairing.members[first : first + pairing.filled[own]])
        found[members] = alike[pairing.holder[alike] < 0][: len(members)]
    return found
