"""The graph of areal units that the search walks on: compressed rows of neighbours with the length of each border."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Whole = NDArray[np.int64]
Real = NDArray[np.float64]


class UnitGraph(NamedTuple):
    """Units, their neighbours and what each of them carries.

    Attributes
    ----------
    start : ndarray of int64, shape (n + 1,)
        The neighbours of unit ``u`` are ``neighbour[start[u]:start[u + 1]]``.
    neighbour : ndarray of int64, shape (m,)
        Neighbouring units; every border appears in both directions.
    border_m : ndarray of float64, shape (m,)
        Length of the shared border in metres.
    residents, workload, area_m2, perimeter_m : ndarray of float64, shape (n,)
        What a unit adds to its beat.
    home : ndarray of int64, shape (n,)
        Beat that the unit belongs to in the plan in force, -1 where that does not matter.
    fixed : ndarray of bool, shape (n,)
        Whether the unit must stay in the beat that it has when a search begins.
    """

    start: NDArray[np.int64]
    neighbour: NDArray[np.int64]
    border_m: NDArray[np.float64]
    residents: NDArray[np.float64]
    workload: NDArray[np.float64]
    area_m2: NDArray[np.float64]
    perimeter_m: NDArray[np.float64]
    home: NDArray[np.int64]
    fixed: NDArray[np.bool_]


class Edges(NamedTuple):
    """Undirected borders between units.

    Attributes
    ----------
    first, second : ndarray of int64, shape (e,)
        The two units of each border.
    border_m : ndarray of float64, shape (e,)
        Its length in metres.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    border_m: NDArray[np.float64]

    def select(self, keep: NDArray[np.bool_]) -> Edges:
        """Return the borders for which ``keep`` (shape (e,)) is true."""
        return Edges(self.first[keep], self.second[keep], self.border_m[keep])


def compressed_rows(edges: Edges, n_units: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return ``start``, ``neighbour`` and ``border_m`` of a :class:`UnitGraph`.

    Parameters
    ----------
    edges : Edges
        Every border once.
    n_units : int
        Number of units.

    Returns
    -------
    tuple of ndarray
        ``start`` (n + 1,), ``neighbour`` (2 e,), ``border_m`` (2 e,); neighbours are in ascending order.
    """
    source = np.concatenate([edges.first, edges.second])
    target = np.concatenate([edges.second, edges.first])
    order = np.lexsort((target, source))
    start = np.concatenate([[0], np.cumsum(np.bincount(source, minlength=n_units))]).astype(np.int64)
    return start, target[order], np.concatenate([edges.border_m, edges.border_m])[order]


class BorderRows(NamedTuple):
    """All borders of a task in compressed rows, those that no beat may grow across included.

    Attributes
    ----------
    start : ndarray of int64, shape (n + 1,)
        The borders of unit ``u`` are the entries ``start[u]`` to ``start[u + 1] - 1``.
    neighbour : ndarray of int64, shape (m,)
        Unit on the other side.
    border_m : ndarray of float64, shape (m,)
        Length in metres.
    passable : ndarray of bool, shape (m,)
        Whether units on both sides count as connected when they are in one beat.
    """

    start: NDArray[np.int64]
    neighbour: NDArray[np.int64]
    border_m: NDArray[np.float64]
    passable: NDArray[np.bool_]


def border_rows(opened: Edges, closed: Edges, n_units: int) -> BorderRows:
    """Put open and closed borders of ``n_units`` units into one :class:`BorderRows`.

    Examples
    --------
    >>> opened, closed = (Edges(np.array([a]), np.array([2]), np.array([9.0])) for a in (0, 1))
    >>> rows = border_rows(opened, closed, 3)
    >>> rows.neighbour, rows.passable
    (array([2, 2, 0, 1]), array([ True, False,  True, False]))
    """
    first, second, border_m = (np.concatenate(pair) for pair in zip(opened, closed, strict=True))
    numbers = np.arange(len(first), dtype=np.float64)
    start, neighbour, number = compressed_rows(Edges(first, second, numbers), n_units)
    border = number.astype(np.int64)
    return BorderRows(start, neighbour, border_m[border], border < len(opened.first))


def edges_of(graph: UnitGraph) -> Edges:
    """Return every border of ``graph`` once."""
    source = np.repeat(np.arange(len(graph.start) - 1), np.diff(graph.start))
    once = source < graph.neighbour
    return Edges(source[once], graph.neighbour[once], graph.border_m[once])


def components(edges: Edges, n_units: int) -> tuple[int, NDArray[np.int64]]:
    """Label the connected parts of a graph.

    Parameters
    ----------
    edges : Edges
        Borders.
    n_units : int
        Number of units.

    Returns
    -------
    tuple of int and ndarray of int64, shape (n_units,)
        Number of components and the component of each unit.

    Examples
    --------
    >>> edges = Edges(np.array([0]), np.array([1]), np.array([10.0]))
    >>> components(edges, 3)
    (2, array([0, 0, 1]))
    """
    matrix = coo_array((np.ones(len(edges.first), np.int8), (edges.first, edges.second)), shape=(n_units, n_units))
    count, label = connected_components(matrix, directed=False)
    return int(count), label.astype(np.int64)


def positions_among(names: NDArray[np.int64], values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the position of each value in ``names``, which ascend; -1 where it is not there.

    Examples
    --------
    >>> positions_among(np.array([3, 7]), np.array([7, 4, -1, 3]))
    array([ 1, -1, -1,  0])
    """
    place = np.minimum(np.searchsorted(names, values), len(names) - 1)
    return np.where(names[place] == values, place, -1).astype(np.int64)


def subgraph(graph: UnitGraph, units: NDArray[np.int64]) -> UnitGraph:
    """Return the graph of some units alone; borders to the others stay part of the perimeters.

    Parameters
    ----------
    graph : UnitGraph
        The whole.
    units : ndarray of int64, shape (k,)
        Units to keep; unit ``units[i]`` becomes unit ``i``.

    Returns
    -------
    UnitGraph
        With ``home`` set to -1.
    """
    position = np.full(len(graph.residents), -1, np.int64)
    position[units] = np.arange(len(units))
    lengths = np.diff(graph.start)[units]
    rows = np.repeat(np.arange(len(units)), lengths)
    offsets = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    entries = np.repeat(graph.start[units], lengths) + offsets
    target = position[graph.neighbour[entries]]
    inside = target >= 0
    start = np.concatenate([[0], np.cumsum(np.bincount(rows[inside], minlength=len(units)))]).astype(np.int64)
    return UnitGraph(
        start=start,
        neighbour=target[inside],
        border_m=graph.border_m[entries][inside],
        residents=graph.residents[units],
        workload=graph.workload[units],
        area_m2=graph.area_m2[units],
        perimeter_m=graph.perimeter_m[units],
        home=np.full(len(units), -1, np.int64),
        fixed=graph.fixed[units],
    )
