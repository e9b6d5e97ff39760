"""The cheapest pairing of rows with columns, where most columns are alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array

from analysis.beats.shortest_ways import Offers, Pairing, bid, pair_free_rows

Whole = NDArray[np.int64]
Real = NDArray[np.float64]


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
    kind is one node for all of its columns, which makes it as fast as there are few kinds. The prices prove that the
    pairing is the optimum over all pairs. Staying alone costs more than all pairs together.

    References
    ----------
    Jonker and Volgenant (1987), A shortest augmenting path algorithm for dense and sparse linear assignment problems.

    Examples
    --------
    >>> cheapest_pairing(np.array([[1.0, 2.0], [1.0, np.inf]]), np.array([0, 1])).tolist()
    [1, 0]
    """
    offers = _offers(cost, kind, named)
    rows, kinds = offers.cost.shape
    if rows == 0 or len(kind) == 0:
        return np.full(rows, -1, np.int64)
    pairing = _nothing_paired(rows, kinds, kind)
    bid(offers, pairing)
    pair_free_rows(offers, pairing)
    return _handed_out(pairing, rows, kinds)


def _offers(cost: Real, kind: Whole, named: coo_array | None) -> Offers:
    """Return the costs as the search takes them."""
    rows = len(cost)
    pairs = coo_array((rows, len(kind))) if named is None else named
    row, column = (np.asarray(place, np.int64) for place in pairs.coords)
    possible = np.isfinite(pairs.data) & np.isfinite(cost[row, kind[column]])
    order = np.flatnonzero(possible)[np.argsort(row[possible], kind="stable")]
    known = pairs.data[order].astype(np.float64)
    start = np.concatenate([[0], np.cumsum(np.bincount(row[order], minlength=rows))]).astype(np.int64)
    finite = np.concatenate([cost[np.isfinite(cost)], known, [0.0]])
    span = max(float(np.ptp(finite)), 1.0)
    alone = float(finite.max()) + 2.0 * span * (min(rows, len(kind)) + 1)
    return Offers(np.ascontiguousarray(cost, np.float64), kind, start, column[order], known, alone)


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
