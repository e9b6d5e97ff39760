"""Who is a neighbour of whom, and how much: one compressed sparse row form for cells, points and areal units."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numba as nb
import numpy as np
import numpy.typing as npt
from scipy import sparse

from analysis.errors import EmptyInputError, ParameterError
from analysis.projection import BoolArray, FloatArray

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Neighbours of n cells, points or areal units, with weights.

    Attributes
    ----------
    indptr : ndarray of int64, shape (n + 1,)
        The neighbours of unit i are ``indices[indptr[i]:indptr[i + 1]]``.
    indices : ndarray of int64, shape (m,)
        Positions of neighbours, ascending within a unit, each once.
    weights : ndarray of float64, shape (m,)
        Greater than zero; 1 where a neighbour is a neighbour and no more.
    includes_self : bool
        Whether every unit is among its own neighbours; otherwise none is.
    name : str
        For the summary, for example ``"queen contiguity"``.
    """

    indptr: IntArray
    indices: IntArray
    weights: FloatArray
    includes_self: bool
    name: str

    @property
    def n(self) -> int:
        """Number of units."""
        return int(self.indptr.size - 1)

    @property
    def rows(self) -> IntArray:
        """Unit that each entry of `indices` is a neighbour of, shape (m,)."""
        return np.repeat(np.arange(self.n), np.diff(self.indptr))

    @property
    def sizes(self) -> IntArray:
        """Number of neighbours of each unit, itself left out, shape (n,)."""
        return np.diff(self.indptr) - int(self.includes_self)

    @property
    def islands(self) -> BoolArray:
        """True for units without a neighbour other than themselves, shape (n,)."""
        return np.asarray(self.sizes == 0)

    def sums(self, values: npt.ArrayLike) -> npt.NDArray[Any]:
        """Return the weighted sum over the neighbours of each unit.

        Parameters
        ----------
        values : array_like of float, shape (n,)

        Returns
        -------
        ndarray of float64, shape (n,)
            Zero where there is no neighbour.
        """
        return _weighted_sums(np.ascontiguousarray(values, np.float64), self.indptr, self.indices, self.weights)

    def weights_are_equal(self) -> bool:
        """Tell whether, within each unit, all neighbours have the same weight, as binary and row-standardised ones do.

        Returns
        -------
        bool
            The unit itself is left out of the comparison.
        """
        others = self.without_self()
        if others.weights.size == 0:
            return True
        first = np.repeat(others.weights[np.minimum(others.indptr[:-1], others.weights.size - 1)], others.sizes)
        return bool(np.all(np.abs(others.weights - first) <= 1e-12 * first))

    def without_self(self) -> Neighbours:
        """Return the neighbours with no unit among its own.

        Returns
        -------
        Neighbours
        """
        if not self.includes_self:
            return self
        rows = self.rows
        kept = rows != self.indices
        return Neighbours(
            self.indptr - np.arange(self.n + 1),
            self.indices[kept],
            self.weights[kept],
            includes_self=False,
            name=self.name,
        )

    def with_self(self) -> Neighbours:
        """Return the neighbours with every unit among its own.

        Returns
        -------
        Neighbours
            A unit that has no weight for itself gets the largest weight in its row, 1 for an island: 1 beside binary
            weights and 1/k beside row-standardised ones, so that both give the same z. (A self-weight of 1 beside 1/k
            is what makes a known package report a third of z.)
        """
        if self.includes_self:
            return self
        own = np.ones(self.n)
        held = np.flatnonzero(self.sizes)
        if held.size:
            own[held] = np.maximum.reduceat(self.weights, self.indptr[held])
        units = np.arange(self.n)
        rows, indices = np.r_[self.rows, units], np.r_[self.indices, units]
        return neighbours_from_pairs(rows, indices, np.r_[self.weights, own], n=self.n, name=self.name)

    def among(self, kept: BoolArray) -> Neighbours:
        """Return the neighbours among some of the units.

        Parameters
        ----------
        kept : ndarray of bool, shape (n,)

        Returns
        -------
        Neighbours
            Of ``kept.sum()`` units, in their order.
        """
        if kept.all():
            return self
        number = np.cumsum(kept) - 1
        both = kept[self.rows] & kept[self.indices]
        starts = np.r_[0, np.cumsum(np.bincount(number[self.rows[both]], minlength=int(kept.sum())))].astype(np.int64)
        return dataclasses.replace(self, indptr=starts, indices=number[self.indices[both]], weights=self.weights[both])


def neighbours_by_name(weights: Mapping[str, Mapping[str, float]], names: Iterable[str]) -> Neighbours:
    """Return neighbours that are given by the names of the units.

    Parameters
    ----------
    weights : mapping of str to mapping of str to float
        For a unit its neighbours and their weights; a unit that is not in it has none.
    names : iterable of str, shape (n,)
        The units in the order of their values, each once.

    Returns
    -------
    Neighbours

    Raises
    ------
    ParameterError
        A name that no unit has or that two have, or see `neighbours_from_pairs`.

    Examples
    --------
    >>> neighbours_by_name({"west": {"east": 0.5}, "east": {"west": 0.5}}, ["east", "isle", "west"]).indices.tolist()
    [2, 0]
    """
    units = list(names)
    place = {name: position for position, name in enumerate(units)}
    if len(place) < len(units):
        twice = next(name for position, name in enumerate(units) if place[name] != position)
        raise ParameterError(f"Two units are called {twice!r}.", "Neighbours by name need each name once.")
    strangers = [name for unit, around in weights.items() for name in (unit, *around) if name not in place]
    if strangers:
        raise ParameterError(
            f"The neighbours name {strangers[0]!r}, which is none of the {len(units):,} units.",
            f"Name units as the layer does, for example {units[0]!r}." if units else "Check the layer of units.",
        )
    pairs = [(place[unit], place[name], weight) for unit, around in weights.items() for name, weight in around.items()]
    rows, indices, values = zip(*pairs, strict=True) if pairs else ((), (), ())
    return neighbours_from_pairs(rows, indices, values, n=len(units), name="neighbours as given")


def neighbours_from_pairs(
    rows: npt.ArrayLike, indices: npt.ArrayLike, weights: npt.ArrayLike | None = None, *, n: int, name: str
) -> Neighbours:
    """Return neighbours from pairs, after checking them.

    Parameters
    ----------
    rows, indices : array_like of int, shape (m,)
        A unit and its neighbour, 0 to n - 1, in any order, each pair once.
    weights : array_like of float, shape (m,), optional
        1 each by default; pairs of weight zero are no neighbours.
    n : int
        Units in all.
    name : str
        For the summary.

    Returns
    -------
    Neighbours

    Raises
    ------
    EmptyInputError
        There is no unit.
    ParameterError
        A unit that is none, a pair given twice, a weight that is negative or not finite, or some units that are their
        own neighbours while others are not.

    Examples
    --------
    >>> pair = neighbours_from_pairs([0, 1], [1, 0], n=3, name="a road")
    >>> pair.sizes.tolist(), pair.islands.tolist()
    ([1, 1, 0], [False, False, True])
    """
    first, second = np.asarray(rows, dtype=np.int64), np.asarray(indices, dtype=np.int64)
    values = np.ones(first.size) if weights is None else np.asarray(weights, dtype=np.float64)
    if n < 1:
        raise EmptyInputError("There is no unit.", "Check the filters and the file.")
    if not first.shape == second.shape == values.shape or first.ndim != 1:
        raise ParameterError(f"There are {first.size} units, {second.size} neighbours and {values.size} weights.")
    if first.size and (min(first.min(), second.min()) < 0 or max(first.max(), second.max()) >= n):
        raise ParameterError(f"A neighbour is not among the {n:,} units.", f"Number units 0 to {n - 1:,}.")
    if not np.isfinite(values).all() or (values < 0).any():
        raise ParameterError("A weight is negative or not finite.", "Give weights of zero or more.")
    kept = values > 0
    table = sparse.coo_array((values[kept], (first[kept], second[kept])), shape=(n, n)).tocsr()
    table.sort_indices()
    if table.nnz != np.count_nonzero(kept):
        raise ParameterError("A pair of neighbours is given more than once.", "Give every pair once.")
    selves = int(np.count_nonzero(first[kept] == second[kept]))
    if selves not in {0, n}:
        raise ParameterError(
            f"{selves:,} of {n:,} units are their own neighbours, the others are not.",
            "Leave all units out of their own neighbours, or none.",
        )
    starts, ends = table.indptr.astype(np.int64), table.indices.astype(np.int64)
    return Neighbours(starts, ends, table.data, includes_self=selves > 0, name=name)


@nb.njit(cache=True, nogil=True)
def _weighted_sums(values: FloatArray, indptr: IntArray, indices: IntArray, weights: FloatArray) -> FloatArray:
    """Sum weights times values over the neighbours of each unit, in their order."""
    sums = np.zeros(indptr.size - 1)
    for i in range(sums.size):
        for entry in range(indptr[i], indptr[i + 1]):
            sums[i] += weights[entry] * values[indices[entry]]
    return sums
