"""Simulated annealing: units change sides at the borders, and now and then two beats are split anew."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from analysis.beats.energy import Division, Rules, load_energy, shape_energy
from analysis.beats.graph import Real, UnitGraph, Whole
from analysis.beats.randomness import RandomState, next_below, next_uniform
from analysis.beats.trees import Scratch, grow_tree, mark_side, sum_subtrees


class Cooling(NamedTuple):
    """How long and how hot the annealing runs.

    Attributes
    ----------
    hot, cold : float
        First and last temperature, in units of the energy.
    merge_split : float
        Share of the steps that merge two beats and split them anew.
    first, last, total : int
        This call does the steps ``first`` to ``last`` of ``total``.
    """

    hot: float
    cold: float
    merge_split: float
    first: int
    last: int
    total: int


STEPS_PER_TEMPERATURE = 64
WINDOW_UNITS = 4096
"""Steps stay for a while among this many units that follow each other, so that they stay in the processor's cache."""
FIXED_WEIGHT = 1e12
ROUNDS = 100
"""How often every window has its turn."""


@njit(cache=True, nogil=True)
def anneal(
    graph: UnitGraph,
    division: Division,
    rules: Rules,
    cooling: Cooling,
    scratch: Scratch,
    random: RandomState,
    best: Whole,
    record: Real,
) -> None:
    """Run steps ``cooling.first`` to ``cooling.last``, changing ``division`` in place.

    ``best`` receives the best beats seen; ``record`` holds the energy now, the lowest energy and the step that found
    it.
    """
    n_units = len(division.beat)
    n_windows = (n_units + WINDOW_UNITS - 1) // WINDOW_UNITS
    window = (n_units + n_windows - 1) // n_windows
    visit = max(1, cooling.total // (ROUNDS * n_windows))
    temperature = cooling.hot
    for step in range(cooling.first, cooling.last):
        if step % STEPS_PER_TEMPERATURE == 0 or step == cooling.first:
            temperature = cooling.hot * (cooling.cold / cooling.hot) ** (step / cooling.total)
        first = (step // visit) % n_windows * window
        unit = first + next_below(random, min(window, n_units - first))
        degree = graph.start[unit + 1] - graph.start[unit]
        if degree == 0:
            continue
        other = graph.neighbour[graph.start[unit] + next_below(random, degree)]
        if division.beat[unit] == division.beat[other]:
            continue
        if next_uniform(random) < cooling.merge_split:
            record[0] += merge_and_split(graph, division, rules, scratch, random, temperature, unit, other)
        else:
            record[0] += flip(graph, division, rules, scratch, random, temperature, unit, division.beat[other])
        if record[0] < record[1] - 1e-9 and step - record[2] > n_units // 4:
            keep_best(division, best, record, step)
    if record[0] < record[1] - 1e-9:
        keep_best(division, best, record, cooling.last)


@njit(cache=True, nogil=True)
def keep_best(division: Division, best: Whole, record: Real, step: int) -> None:
    """Remember the present beats as the best so far."""
    record[1], record[2] = record[0], step
    for unit in range(len(best)):
        best[unit] = division.beat[unit]


@njit(cache=True, nogil=True)
def accepted(change: float, temperature: float, random: RandomState) -> bool:
    """Return whether a change of energy is taken at this temperature (Metropolis)."""
    return change <= 0.0 or next_uniform(random) < np.exp(-change / temperature)


@njit(cache=True, nogil=True)
def flip(
    graph: UnitGraph,
    division: Division,
    rules: Rules,
    scratch: Scratch,
    random: RandomState,
    temperature: float,
    unit: int,
    target: int,
) -> float:
    """Try to move ``unit`` from its beat to ``target``; return the change of energy, 0.0 when it stays."""
    beat = division.beat
    source = beat[unit]
    if division.units[source] <= 1 or graph.fixed[unit]:
        return 0.0
    border_source = border_target = 0.0
    anchors = 0
    for entry in range(graph.start[unit], graph.start[unit + 1]):
        owner = beat[graph.neighbour[entry]]
        if owner == source:
            border_source += graph.border_m[entry]
            anchors += 1
        elif owner == target:
            border_target += graph.border_m[entry]
    residents, workload = graph.residents[unit], graph.workload[unit]
    area_m2, perimeter_m = graph.area_m2[unit], graph.perimeter_m[unit]
    left_m = division.perimeter_m[source] - perimeter_m + 2.0 * border_source
    grown_m = division.perimeter_m[target] + perimeter_m - 2.0 * border_target
    left = load_energy(division.residents[source] - residents, division.workload[source] - workload, rules)
    left += shape_energy(division.area_m2[source] - area_m2, left_m, rules)
    grown = load_energy(division.residents[target] + residents, division.workload[target] + workload, rules)
    grown += shape_energy(division.area_m2[target] + area_m2, grown_m, rules)
    change: float = left + grown - division.energy[source] - division.energy[target]
    home = graph.home[unit]
    if home >= 0:
        change += rules.continuity * residents * ((target != home) - (source != home))
    if not accepted(change, temperature, random):
        return 0.0
    if anchors != 1 and not stays_connected(graph, beat, scratch, unit, anchors):
        return 0.0
    beat[unit] = target
    add_unit(graph, division, source, unit, -1)
    add_unit(graph, division, target, unit, 1)
    division.perimeter_m[source], division.perimeter_m[target] = left_m, grown_m
    division.energy[source], division.energy[target] = left, grown
    return change


@njit(cache=True, nogil=True)
def add_unit(graph: UnitGraph, division: Division, own: int, unit: int, sign: int) -> None:
    """Add a unit to the totals of a beat (``sign`` 1) or take it away (-1)."""
    division.units[own] += sign
    division.residents[own] += sign * graph.residents[unit]
    division.workload[own] += sign * graph.workload[unit]
    division.area_m2[own] += sign * graph.area_m2[unit]


@njit(cache=True, nogil=True)
def stays_connected(graph: UnitGraph, beat: Whole, scratch: Scratch, unit: int, anchors: int) -> bool:
    """Return whether the ``anchors`` neighbours of ``unit`` in its beat reach each other without ``unit``."""
    source = beat[unit]
    scratch.counter[0] += 2
    wanted, seen = scratch.counter[0] - 1, scratch.counter[0]
    mark, queue = scratch.mark, scratch.order
    waiting = 0
    for entry in range(graph.start[unit], graph.start[unit + 1]):
        other = graph.neighbour[entry]
        if beat[other] == source:
            if waiting == 0:
                mark[other] = seen
                queue[0] = other
                waiting = 1
            else:
                mark[other] = wanted
    mark[unit] = seen
    missing = anchors - 1
    position = 0
    while position < waiting and missing > 0:
        current = queue[position]
        position += 1
        for entry in range(graph.start[current], graph.start[current + 1]):
            other = graph.neighbour[entry]
            if beat[other] == source and mark[other] != seen:
                missing -= mark[other] == wanted
                mark[other] = seen
                queue[waiting] = other
                waiting += 1
    return missing == 0


@njit(cache=True, nogil=True)
def merge_and_split(
    graph: UnitGraph,
    division: Division,
    rules: Rules,
    scratch: Scratch,
    random: RandomState,
    temperature: float,
    unit: int,
    other: int,
) -> float:
    """Try to divide the beats of ``unit`` and ``other`` along a fresh random tree; return the change of energy."""
    beat = division.beat
    one, two = beat[unit], beat[other]
    size = collect_pair(graph, beat, scratch, unit, two)
    fresh = scratch.counter[0]
    scratch.counter[0] += 1
    joined = scratch.counter[0]
    root = scratch.order[next_below(random, size)]
    count = grow_tree(graph, scratch, root, fresh, joined, random)
    sum_subtrees(graph, graph.workload, scratch, count)
    mark_side(scratch, count, most_even_cut(rules, scratch, count))
    if keeps_more_below(graph, beat, scratch, count, two, one):
        one, two = two, one
    if breaks_lock(graph, beat, scratch, count, one, two):
        return 0.0
    below, above, moved = side_totals(graph, beat, scratch, count, joined, one, two)
    energy_below = load_energy(below[0], below[1], rules) + shape_energy(below[2], below[3], rules)
    energy_above = load_energy(above[0], above[1], rules) + shape_energy(above[2], above[3], rules)
    change: float = energy_below + energy_above - division.energy[one] - division.energy[two]
    change += rules.continuity * moved
    if not accepted(change, temperature, random):
        return 0.0
    units_below = 0
    for position in range(count):
        member = scratch.order[position]
        units_below += scratch.side[member]
        beat[member] = one if scratch.side[member] else two
    store(division, one, units_below, below, energy_below)
    store(division, two, count - units_below, above, energy_above)
    return change


@njit(cache=True, nogil=True)
def store(division: Division, own: int, units: int, totals: Real, energy: float) -> None:
    """Write the totals of one beat."""
    division.units[own] = units
    division.residents[own] = totals[0]
    division.workload[own] = totals[1]
    division.area_m2[own] = totals[2]
    division.perimeter_m[own] = totals[3]
    division.energy[own] = energy


@njit(cache=True, nogil=True)
def collect_pair(graph: UnitGraph, beat: Whole, scratch: Scratch, unit: int, two: int) -> int:
    """Mark the units of the beat of ``unit`` and of ``two`` with a fresh mark; list them in ``scratch.order``."""
    one = beat[unit]
    scratch.counter[0] += 1
    fresh = scratch.counter[0]
    mark, queue = scratch.mark, scratch.order
    mark[unit] = fresh
    queue[0] = unit
    waiting, position = 1, 0
    while position < waiting:
        current = queue[position]
        position += 1
        for entry in range(graph.start[current], graph.start[current + 1]):
            other = graph.neighbour[entry]
            if mark[other] != fresh and (beat[other] == one or beat[other] == two):
                mark[other] = fresh
                queue[waiting] = other
                waiting += 1
    return waiting


@njit(cache=True, nogil=True)
def most_even_cut(rules: Rules, scratch: Scratch, count: int) -> int:
    """Return the unit below which the two sides have the lowest load energy."""
    root = scratch.order[0]
    all_load, all_residents = scratch.load[root], scratch.residents[root]
    lowest = np.inf
    cut: int = scratch.order[count - 1]
    for position in range(1, count):
        unit = scratch.order[position]
        energy = load_energy(scratch.residents[unit], scratch.load[unit], rules)
        energy += load_energy(all_residents - scratch.residents[unit], all_load - scratch.load[unit], rules)
        if energy < lowest:
            lowest, cut = energy, unit
    return cut


@njit(cache=True, nogil=True)
def keeps_more_below(graph: UnitGraph, beat: Whole, scratch: Scratch, count: int, candidate: int, present: int) -> bool:
    """Return whether fewer residents move when the lower side is called ``candidate`` and not ``present``.

    Units that must stay where they are outweigh all residents.
    """
    balance = 0.0
    for position in range(count):
        unit = scratch.order[position]
        home = beat[unit] if graph.fixed[unit] else graph.home[unit]
        weight = FIXED_WEIGHT if graph.fixed[unit] else graph.residents[unit]
        sign = 1.0 if scratch.side[unit] else -1.0
        if home == candidate:
            balance += sign * weight
        elif home == present:
            balance -= sign * weight
    return balance > 0.0


@njit(cache=True, nogil=True)
def breaks_lock(graph: UnitGraph, beat: Whole, scratch: Scratch, count: int, one: int, two: int) -> bool:
    """Return whether a unit that must stay would leave its beat, the lower side being ``one`` and the upper ``two``."""
    for position in range(count):
        unit = scratch.order[position]
        if graph.fixed[unit] and beat[unit] != (one if scratch.side[unit] else two):
            return True
    return False


@njit(cache=True, nogil=True)
def side_totals(
    graph: UnitGraph, beat: Whole, scratch: Scratch, count: int, joined: int, one: int, two: int
) -> tuple[Real, Real, float]:
    """Return residents, workload, area and perimeter below and above the cut, and the extra residents moved."""
    below, above = np.zeros(4), np.zeros(4)
    moved = 0.0
    for position in range(count):
        unit = scratch.order[position]
        lower = scratch.side[unit]
        totals = below if lower else above
        totals[0] += graph.residents[unit]
        totals[1] += graph.workload[unit]
        totals[2] += graph.area_m2[unit]
        totals[3] += graph.perimeter_m[unit]
        for entry in range(graph.start[unit], graph.start[unit + 1]):
            other = graph.neighbour[entry]
            if scratch.mark[other] == joined and scratch.side[other] == lower:
                totals[3] -= graph.border_m[entry]
        home = graph.home[unit]
        if home >= 0:
            moved += graph.residents[unit] * (((one if lower else two) != home) - (beat[unit] != home))
    return below, above, moved
