"""Small counts in public tables: 1 to 4 become "<5", and as much else is hidden as sums would give away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analysis.errors import EmptyInputError, ParameterError
from analysis.projection import BoolArray
from analysis.space_time.local_time import IntArray

SMALL = 5
"""Counts above zero and below this are small."""

NOT_SHOWN = "not shown"


@dataclass(frozen=True, eq=False)
class PublicTable:
    """A table of counts with its sums, as it may be shown.

    Attributes
    ----------
    shown : ndarray of object, shape (n_rows + 1, n_columns + 1)
        Whole numbers, ``"<5"`` for a small count, ``"not shown"`` for another that is hidden to protect one. The last
        row and the last column are the sums.
    small, hidden : ndarray of bool, same shape
        Which are ``"<5"`` and which ``"not shown"``.
    """

    shown: npt.NDArray[np.object_]
    small: BoolArray
    hidden: BoolArray

    @property
    def counts(self) -> npt.NDArray[np.object_]:
        """The table without its sums."""
        return self.shown[:-1, :-1]


@dataclass(frozen=True, eq=False)
class _State:
    """A table with its sums, its small counts, and what is hidden so far."""

    table: IntArray
    is_small: BoolArray
    hidden: BoolArray
    small: int

    def shown_alike(self, change: IntArray, part: Any = ...) -> BoolArray:
        """Tell where a changed number would be shown in the same way: small stays small, none none, others neither."""
        changed = self.table[part] + change
        small = (changed > 0) & (changed < self.small)
        return np.asarray((small == self.is_small[part]) & (changed >= 0) & ((changed == 0) == (self.table[part] == 0)))


def suppress_table(counts: npt.ArrayLike, *, small: int = SMALL) -> PublicTable:
    """Hide small counts of a table, and others, so that no sum of rows or columns gives them away.

    Parameters
    ----------
    counts : array_like of int, shape (n_rows, n_columns)
        Zero or more, for example beats by categories; a list is a table of one row.
    small : int
        Counts above zero and below this are small; at least 3.

    Returns
    -------
    PublicTable
        Every small count could be any number from 1 to ``small - 1`` as far as the table tells, or at least two of them
        where its own sum is small.

    Raises
    ------
    EmptyInputError
        The table is empty.
    ParameterError
        Counts that are not whole numbers of zero or more, or an impossible limit.

    Notes
    -----
    For every small count two other tables are looked for that would be shown in exactly the same way, one with the
    least and one with the greatest small number in its place: three more numbers, at the corners of a rectangle that
    may reach into the sums, take up the difference. They are hidden; corners that are hidden already cost nothing, sums
    cost more than counts. Where no rectangle allows two answers, the whole table is hidden. This is stronger than
    asking that two numbers of a line be hidden: of two hidden numbers that sum to 8 and are known to be below 5, both
    are 4.

    References
    ----------
    Hundepool, A. et al. (2012). Statistical Disclosure Control, chapter 4. Wiley.

    Examples
    --------
    >>> suppress_table([[12, 3, 20], [15, 9, 30]]).shown.tolist()
    [['not shown', '<5', 20, 35], ['not shown', 'not shown', 30, 54], [27, 12, 50, 89]]
    """
    table = _with_sums(counts)
    if small < 3:
        raise ParameterError(f"The limit of small counts is {small}.", "Use at least 3, usually 5.")
    state = _State(table, (table > 0) & (table < small), np.zeros(table.shape, dtype=np.bool_), small)
    for row, column in sorted(np.argwhere(state.is_small).tolist(), key=lambda cell: (table[cell[0], cell[1]], cell)):
        corners = _cheapest(state, row, column)
        if corners is None:
            return _nothing_shown(table.shape)
        for corner in corners:
            state.hidden[corner] = not state.is_small[corner]
    shown = table.astype(object)
    shown[state.is_small] = f"<{small}"
    shown[state.hidden] = NOT_SHOWN
    return PublicTable(shown, state.is_small, state.hidden)


def _nothing_shown(shape: tuple[int, ...]) -> PublicTable:
    """Return a table of which nothing may be shown."""
    shown = np.full(shape, NOT_SHOWN, dtype=object)
    return PublicTable(shown, np.zeros(shape, dtype=np.bool_), np.ones(shape, dtype=np.bool_))


def _with_sums(counts: npt.ArrayLike) -> IntArray:
    """Return a table with a last row and a last column of sums."""
    given = np.atleast_2d(np.asarray(counts))
    if given.size == 0:
        raise EmptyInputError("The table is empty.", "Give at least one count.")
    if given.ndim != 2 or given.dtype.kind not in "iuf" or not np.isfinite(given).all():
        raise ParameterError("The table is no table of counts.", "Give whole numbers in rows and columns.")
    if (given < 0).any() or (given % 1 != 0).any():
        raise ParameterError("A count is negative or no whole number.", "Give whole numbers of zero or more.")
    table = given.astype(np.int64)
    table = np.column_stack([table, table.sum(axis=1)])
    return np.vstack([table, table.sum(axis=0)])


def _cheapest(state: _State, row: int, column: int) -> list[tuple[int, int]] | None:
    """Return the corners to hide for one small count: the widest range first, then the least cost; None where none."""
    value = int(state.table[row, column])
    ranges = sorted(
        ((low, high) for low in range(1, value + 1) for high in range(value, state.small) if high > low),
        key=lambda limits: (limits[0] - limits[1], limits),
    )
    allowed = {target: _allowed(state, row, column, target - value) for target in range(1, state.small)}
    for low, high in ranges:
        both = allowed[low] & allowed[high]
        if both.any():
            cost = np.where(both, _cost(state, row, column), np.iinfo(np.int64).max)
            other_row, other_column = np.unravel_index(int(np.argmin(cost)), cost.shape)
            return [(row, int(other_column)), (int(other_row), column), (int(other_row), int(other_column))]
    return None


def _allowed(state: _State, row: int, column: int, change: int) -> BoolArray:
    """Tell for the corner across of every rectangle whether the table changed at its corners would be shown alike.

    Counts are 1 and sums -1, so that every line adds up to zero and a change in one corner is taken up by the others.
    """
    signs = [np.r_[np.ones(n - 1, np.int64), -1] for n in state.table.shape]
    by_row, by_column = -signs[0][row] * signs[0], -signs[1][column] * signs[1]
    allowed: BoolArray = (
        state.shown_alike(change * by_row[:, None] * by_column[None, :])
        & state.shown_alike(change * by_column, (row, slice(None)))[None, :]
        & state.shown_alike(change * by_row, (slice(None), column))[:, None]
    )
    allowed[row, :] = False
    allowed[:, column] = False
    return allowed


def _cost(state: _State, row: int, column: int) -> IntArray:
    """Return for every rectangle how many counts and sums it newly hides, sums for three, then how large they are."""
    price = np.ones(state.table.shape, dtype=np.int64)
    price[-1, :] += 2
    price[:, -1] += 2
    price = price * (4 * int(state.table[-1, -1]) + 1) + state.table
    price[state.is_small | state.hidden] = 0
    return price + price[row, :][None, :] + price[:, column][:, None]


def suppress_list(counts: npt.ArrayLike, *, small: int = SMALL) -> tuple[Any, ...]:
    """Hide small counts of a list whose sum is shown as well.

    Parameters
    ----------
    counts : array_like of int, shape (n,)
    small : int
        See `suppress_table`.

    Returns
    -------
    tuple
        The counts as they may be shown, and the sum as the last.

    Raises
    ------
    EmptyInputError, ParameterError
        See `suppress_table`.

    Examples
    --------
    >>> suppress_list([3, 12, 40])
    ('<5', 'not shown', 40, 55)
    """
    values = np.asarray(counts)
    if values.ndim != 1:
        raise ParameterError("The counts are no list.", "Use suppress_table for rows and columns.")
    return tuple(suppress_table(values[None, :], small=small).shown[0].tolist())
