"""Random spanning trees over part of the graph, and the cut of a tree into two connected sides."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from analysis.beats.graph import Real, UnitGraph
from analysis.beats.randomness import RandomState, next_below


class Scratch(NamedTuple):
    """Working memory of the kernels, allocated once per search.

    Attributes
    ----------
    counter : ndarray of int64, shape (1,)
        Last mark that was given out.
    mark : ndarray of int64, shape (n,)
        Mark of each unit; a fresh mark makes clearing needless.
    parent, order : ndarray of int64, shape (n,)
        Tree: parent of a unit, and the units in the order in which they joined.
    side : ndarray of bool, shape (n,)
        True below the cut.
    load, residents : ndarray of float64, shape (n,)
        Sums over the subtree of a unit.
    units : ndarray of int64, shape (n,)
        Units in the subtree of a unit.
    frontier : ndarray of int64, shape (m + 1, 2)
        Borders that lead out of the growing tree.
    """

    counter: NDArray[np.int64]
    mark: NDArray[np.int64]
    parent: NDArray[np.int64]
    order: NDArray[np.int64]
    side: NDArray[np.bool_]
    load: NDArray[np.float64]
    residents: NDArray[np.float64]
    units: NDArray[np.int64]
    frontier: NDArray[np.int64]


def scratch_for(graph: UnitGraph) -> Scratch:
    """Allocate the working memory for searches on ``graph``."""
    n = len(graph.residents)
    return Scratch(
        counter=np.zeros(1, np.int64),
        mark=np.zeros(n, np.int64),
        parent=np.zeros(n, np.int64),
        order=np.zeros(n, np.int64),
        side=np.zeros(n, np.bool_),
        load=np.zeros(n),
        residents=np.zeros(n),
        units=np.zeros(n, np.int64),
        frontier=np.zeros((len(graph.neighbour) + 1, 2), np.int64),
    )


@njit(cache=True, nogil=True)
def grow_tree(graph: UnitGraph, scratch: Scratch, root: int, region: int, joined: int, random: RandomState) -> int:
    """Grow a random tree from ``root`` over the units marked ``region``; mark them ``joined`` and count them."""
    mark, order, frontier = scratch.mark, scratch.order, scratch.frontier
    open_borders = 0
    count = 1
    order[0] = root
    scratch.parent[root] = -1
    mark[root] = joined
    newest = root
    while True:
        for entry in range(graph.start[newest], graph.start[newest + 1]):
            other = graph.neighbour[entry]
            if mark[other] == region:
                frontier[open_borders, 0] = newest
                frontier[open_borders, 1] = other
                open_borders += 1
        newest = -1
        while open_borders > 0 and newest < 0:
            pick = next_below(random, open_borders)
            origin, candidate = frontier[pick, 0], frontier[pick, 1]
            open_borders -= 1
            frontier[pick, 0] = frontier[open_borders, 0]
            frontier[pick, 1] = frontier[open_borders, 1]
            if mark[candidate] == region:
                mark[candidate] = joined
                scratch.parent[candidate] = origin
                order[count] = candidate
                count += 1
                newest = candidate
        if newest < 0:
            return count


@njit(cache=True, nogil=True)
def sum_subtrees(graph: UnitGraph, load: Real, scratch: Scratch, count: int) -> None:
    """Fill ``scratch`` with the load, residents and units below every unit of the tree."""
    order = scratch.order
    for position in range(count):
        unit = order[position]
        scratch.load[unit] = load[unit]
        scratch.residents[unit] = graph.residents[unit]
        scratch.units[unit] = 1
    for position in range(count - 1, 0, -1):
        unit = order[position]
        above = scratch.parent[unit]
        scratch.load[above] += scratch.load[unit]
        scratch.residents[above] += scratch.residents[unit]
        scratch.units[above] += scratch.units[unit]


@njit(cache=True, nogil=True)
def mark_side(scratch: Scratch, count: int, cut: int) -> None:
    """Set ``scratch.side`` true for the units at or below ``cut``, false for the rest of the tree."""
    order, side = scratch.order, scratch.side
    for position in range(count):
        side[order[position]] = False
    side[cut] = True
    for position in range(1, count):
        unit = order[position]
        if side[scratch.parent[unit]]:
            side[unit] = True
