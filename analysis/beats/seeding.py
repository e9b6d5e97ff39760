"""First divisions: recursive bisection along random spanning trees."""

from __future__ import annotations

import numpy as np
from numba import njit

from analysis.beats.energy import Rules
from analysis.beats.graph import Real, UnitGraph, Whole
from analysis.beats.randomness import RandomState, next_below
from analysis.beats.trees import Scratch, grow_tree, mark_side, sum_subtrees

INFINITE = 1e300
TRIES_PER_CUT = 8


@njit(cache=True, nogil=True)
def seed_beats(
    graph: UnitGraph,
    rules: Rules,
    nodes: Whole,
    parts: int,
    quota: Real,
    scratch: Scratch,
    random: RandomState,
    beat: Whole,
) -> None:
    """Divide one connected component into ``parts`` connected beats, written to ``beat``.

    ``nodes`` holds the units of the component and is reordered in place; ``quota`` is the share of a beat that each
    unit stands for and sums to about ``parts`` over the component.
    """
    pending = np.zeros((parts + 1, 4), np.int64)
    pending[0, 1], pending[0, 2] = len(nodes), parts
    waiting = 1
    while waiting > 0:
        waiting -= 1
        first, last, share, number = (
            pending[waiting, 0],
            pending[waiting, 1],
            pending[waiting, 2],
            pending[waiting, 3],
        )
        if share == 1:
            for position in range(first, last):
                beat[nodes[position]] = number
            continue
        region = nodes[first:last]
        below = bisect(graph, rules, region, share, quota, scratch, random)
        middle = first + separate(region, scratch.order)
        pending[waiting, 1], pending[waiting, 2] = middle, below
        pending[waiting + 1, 0], pending[waiting + 1, 1] = middle, last
        pending[waiting + 1, 2], pending[waiting + 1, 3] = share - below, number + below
        waiting += 2


@njit(cache=True, nogil=True)
def bisect(
    graph: UnitGraph, rules: Rules, region: Whole, parts: int, quota: Real, scratch: Scratch, random: RandomState
) -> int:
    """Choose the best of several tree cuts and return the parts of side 1.

    ``scratch.order`` receives 1 or 0 for the side of every unit of ``region``.
    """
    chosen = np.zeros(len(region), np.int64)
    chosen_parts = 1
    lowest = INFINITE
    area_m2 = 1.0
    for unit in region:
        area_m2 += graph.area_m2[unit]
    for _ in range(TRIES_PER_CUT):
        scratch.counter[0] += 2
        fresh, joined = scratch.counter[0] - 1, scratch.counter[0]
        for unit in region:
            scratch.mark[unit] = fresh
        count = grow_tree(graph, scratch, region[next_below(random, len(region))], fresh, joined, random)
        sum_subtrees(graph, quota, scratch, count)
        cut, below, imbalance = best_cut(rules, scratch, count, parts)
        mark_side(scratch, count, cut)
        border_m = cut_length(graph, region, scratch, joined)
        cost = 3.0 * max(imbalance - 0.25, 0.0) + 0.5 * border_m / np.sqrt(area_m2)
        if cost < lowest:
            lowest = cost
            chosen_parts = below
            for position in range(len(region)):
                chosen[position] = scratch.side[region[position]]
    for position in range(len(region)):
        scratch.order[position] = chosen[position]
    return chosen_parts


@njit(cache=True, nogil=True)
def separate(region: Whole, on_first_side: Whole) -> int:
    """Reorder ``region`` so that side 1 comes first; return the size of side 1."""
    low, high = 0, len(region) - 1
    while low <= high:
        if on_first_side[low]:
            low += 1
        else:
            region[low], region[high] = region[high], region[low]
            on_first_side[low], on_first_side[high] = on_first_side[high], on_first_side[low]
            high -= 1
    return low


@njit(cache=True, nogil=True)
def best_cut(rules: Rules, scratch: Scratch, count: int, parts: int) -> tuple[int, int, float]:
    """Return the unit below which to cut, the parts below it, and how far the two sides are from their quota."""
    half = parts // 2
    root = scratch.order[0]
    total_quota, total_residents = scratch.load[root], scratch.residents[root]
    lowest = INFINITE
    cut, cut_parts = scratch.order[count - 1], half
    for position in range(1, count):
        unit = scratch.order[position]
        for turn in range(1 + (parts - half != half)):
            below = half if turn == 0 else parts - half
            above = parts - below
            if scratch.units[unit] < below or count - scratch.units[unit] < above:
                continue
            imbalance = abs(scratch.load[unit] - total_quota * below / parts) / (total_quota / parts)
            imbalance += 5.0 * overrun(scratch.residents[unit], below, rules)
            imbalance += 5.0 * overrun(total_residents - scratch.residents[unit], above, rules)
            if imbalance < lowest:
                lowest, cut, cut_parts = imbalance, unit, below
    if lowest == INFINITE:
        return cut, 1, float(parts)
    return cut, cut_parts, lowest


@njit(cache=True, nogil=True)
def overrun(residents: float, parts: int, rules: Rules) -> float:
    """Return by how many beats' worth of residents a side misses what ``parts`` beats can hold."""
    if residents < rules.min_residents * parts:
        return (rules.min_residents * parts - residents) / rules.min_residents
    if residents > rules.max_residents * parts:
        return (residents - rules.max_residents * parts) / rules.max_residents
    return 0.0


@njit(cache=True, nogil=True)
def cut_length(graph: UnitGraph, region: Whole, scratch: Scratch, joined: int) -> float:
    """Return the length of the border between the two sides, in metres."""
    length = 0.0
    for unit in region:
        if scratch.side[unit]:
            for entry in range(graph.start[unit], graph.start[unit + 1]):
                other = graph.neighbour[entry]
                if scratch.mark[other] == joined and not scratch.side[other]:
                    length += graph.border_m[entry]
    return length
