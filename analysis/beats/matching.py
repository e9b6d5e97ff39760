"""Pairing rows with columns at least cost when some pairs are impossible and some rows stay alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

Whole = NDArray[np.int64]


def cheapest_pairs(row: Whole, column: Whole, cost: NDArray[np.float64], shape: tuple[int, int]) -> Whole:
    """Pair as many rows with columns as possible, and among those pairings take the cheapest.

    Parameters
    ----------
    row, column : ndarray of int64, shape (p,)
        Possible pairs, each at most once.
    cost : ndarray of float64, shape (p,)
        Cost of each pair, any finite number.
    shape : tuple of int
        Number of rows and of columns.

    Returns
    -------
    ndarray of int64, shape (rows,)
        Column of each row, -1 for a row that stays alone.

    Notes
    -----
    Jonker and Volgenant (1987) on a sparse matrix, with one empty column for every row, dearer than all real pairs.

    Examples
    --------
    >>> cheapest_pairs(np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([1.0, 2.0, 1.0]), (2, 2))
    array([1, 0])
    """
    rows, columns = shape
    if rows == 0:
        return np.zeros(0, np.int64)
    # Shifted to [1, 2]: the solver reads zeros as missing pairs, and an empty column must cost more than all others.
    span = float(np.ptp(cost)) if len(cost) else 0.0
    price = 1.0 + (cost - cost.min()) / span if span > 0 else np.ones(len(cost))
    alone = np.arange(rows)
    data = np.concatenate([price, np.full(rows, 3.0 * (rows + 1))])
    places = np.concatenate([row, alone]), np.concatenate([column, columns + alone])
    matrix = csr_array((data, places), shape=(rows, columns + rows))
    matched_row, matched_column = min_weight_full_bipartite_matching(matrix)
    found = np.full(rows, -1, np.int64)
    found[matched_row] = np.where(matched_column < columns, matched_column, -1)
    return found
