"""Small counts in public tables: 1 to 4 become "<5", and as much else is hidden as sums would give away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analysis.errors import EmptyInputError, ParameterError
from analysis.grids.cells import BoolArray
from analysis.space_time.local_time import IntArray

SMALL = 5
"""Counts above zero and below this are small."""

NOT_SHOWN = "not shown"

Move = dict[tuple[int, int], int]


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
    is_small = (table > 0) & (table < small)
    hidden = np.zeros(table.shape, dtype=np.bool_)
    signs = _signs(table.shape)
    for row, column in sorted(np.argwhere(is_small).tolist(), key=lambda cell: (table[cell[0], cell[1]], cell)):
        corners = _cheapest(table, is_small, hidden, signs, (row, column), small)
        if corners is None:
            return _nothing_shown(table.shape)
        for corner in corners:
            hidden[corner] = not is_small[corner]
    shown = table.astype(object)
    shown[is_small] = f"<{small}"
    shown[hidden] = NOT_SHOWN
    return PublicTable(shown, is_small, hidden)


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


def _signs(shape: tuple[int, ...]) -> tuple[list[int], list[int]]:
    """Return 1 for counts and -1 for sums, so that every line adds up to zero."""
    return [1] * (shape[0] - 1) + [-1], [1] * (shape[1] - 1) + [-1]


def _cheapest(
    table: IntArray,
    is_small: BoolArray,
    hidden: BoolArray,
    signs: tuple[list[int], list[int]],
    cell: tuple[int, int],
    small: int,
) -> tuple[tuple[int, int], ...] | None:
    """Return the corners to hide for one small count: the widest range first, then the least cost; None where none."""
    value = int(table[cell])
    ranges = sorted(
        ((low, high) for low in range(1, value + 1) for high in range(value, small) if high > low),
        key=lambda limits: (limits[0] - limits[1], limits),
    )
    for low, high in ranges:
        found = [
            (_cost(table, is_small, hidden, rectangle), rectangle)
            for rectangle in _rectangles(table.shape, cell)
            if all(
                _stays(table, is_small, _move(cell, rectangle, signs, target - value), small) for target in (low, high)
            )
        ]
        if found:
            return min(found)[1]
    return None


def _rectangles(
    shape: tuple[int, ...], cell: tuple[int, int]
) -> Iterator[tuple[tuple[int, int], tuple[int, int], tuple[int, int]]]:
    """Return the other three corners of every rectangle at a cell."""
    row, column = cell
    for other_row in range(shape[0]):
        for other_column in range(shape[1]):
            if other_row != row and other_column != column:
                yield (row, other_column), (other_row, column), (other_row, other_column)


def _move(
    cell: tuple[int, int],
    rectangle: tuple[tuple[int, int], tuple[int, int], tuple[int, int]],
    signs: tuple[list[int], list[int]],
    change: int,
) -> Move:
    """Return how the corners change when a cell does, so that every line still adds up."""
    beside, below, across = rectangle
    by_column = -signs[1][cell[1]] * signs[1][beside[1]]
    by_row = -signs[0][cell[0]] * signs[0][below[0]]
    return {cell: change, beside: change * by_column, below: change * by_row, across: change * by_column * by_row}


def _stays(table: IntArray, is_small: BoolArray, move: Move, small: int) -> bool:
    """Tell whether a changed table would be shown in the same way: small numbers small, the others not."""
    for corner, change in move.items():
        changed = int(table[corner]) + change
        if is_small[corner] != (0 < changed < small) or changed < 0 or (table[corner] == 0) != (changed == 0):
            return False
    return True


def _cost(
    table: IntArray, is_small: BoolArray, hidden: BoolArray, rectangle: tuple[tuple[int, int], ...]
) -> tuple[int, int]:
    """Return how many sums and counts a rectangle newly hides, sums for three, and how large they are."""
    last_row, last_column = table.shape[0] - 1, table.shape[1] - 1
    fresh = [corner for corner in rectangle if not (is_small[corner] or hidden[corner])]
    weight = sum(1 + 2 * (row == last_row) + 2 * (column == last_column) for row, column in fresh)
    return weight, int(sum(table[corner] for corner in fresh))


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
