"""Putting one beat in order: loose pieces go to a neighbour, then units move across its borders until it fits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.beats.division import rules_of
from analysis.beats.energy import Rules
from analysis.beats.graph import UnitGraph, subgraph
from analysis.beats.problem import BeatProblem
from analysis.beats.randomness import random_stream
from analysis.beats.repair import BREACH_WEIGHT, solve_around
from analysis.beats.search import Effort, Walk, judge
from analysis.beats.standing import Figures, pieces_among

Labels = NDArray[np.int64]

NUDGE = Effort(steps_per_unit=40, least_steps=4_000, hot=0.02, cold=2e-4, merge_split=0.0)
"""Enough where a few units across a border are all that is missing."""
FARTHEST = 3
"""Beats this many steps away may change."""


def walkable_graph(problem: BeatProblem) -> UnitGraph:
    """Return the graph of all units with the borders that beats may grow across."""
    rows = problem.borders
    source = np.repeat(np.arange(problem.n_units), np.diff(rows.start))
    kept = rows.passable & (problem.zone[source] == problem.zone[rows.neighbour])
    start = np.concatenate([[0], np.cumsum(np.bincount(source[kept], minlength=problem.n_units))]).astype(np.int64)
    return UnitGraph(
        start=start,
        neighbour=rows.neighbour[kept],
        border_m=rows.border_m[kept],
        residents=problem.residents.astype(np.float64),
        workload=problem.workload,
        area_m2=problem.area_m2,
        perimeter_m=problem.perimeter_m,
        home=np.full(problem.n_units, -1, np.int64),
        fixed=np.zeros(problem.n_units, np.bool_),
    )


def loose_units_placed(
    problem: BeatProblem, graph: UnitGraph, beat: Labels, own: int, locked: NDArray[np.bool_]
) -> dict[int, int]:
    """Give the units outside the most populous piece of a beat to the neighbours with the longest borders.

    Parameters
    ----------
    problem, graph
        The task, and its graph from :func:`walkable_graph`.
    beat : ndarray of int64, shape (n,)
        Beat of each unit, -1 for none.
    own : int
        The beat.
    locked : ndarray of bool, shape (n,)
        Units that stay; the piece with locked units stays.

    Returns
    -------
    dict of int to int
        New beat by unit; units that touch no other beat are not in it.
    """
    members = np.flatnonzero(beat == own)
    side = problem.zone[members].astype(np.int64)
    _, part = np.unique(np.column_stack([pieces_among(problem, members), side]), axis=0, return_inverse=True)
    part = part.ravel()
    weight = np.bincount(part, problem.residents[members] + 1e-6 + 1e12 * locked[members])
    waiting = {int(unit) for unit in members[(part != np.argmax(weight)) & ~locked[members]]}
    placed: dict[int, int] = {}
    while True:
        reached: dict[int, int] = {}
        for unit in sorted(waiting):
            border_m: dict[int, float] = {}
            for entry in range(graph.start[unit], graph.start[unit + 1]):
                other = int(graph.neighbour[entry])
                target = placed.get(other, int(beat[other]))
                if target not in (own, -1):
                    border_m[target] = border_m.get(target, 0.0) + float(graph.border_m[entry]) + 1e-9
            if border_m:
                reached[unit] = max(border_m, key=lambda target: (border_m[target], -target))
        if not reached:
            return placed
        placed |= reached
        waiting -= set(reached)


def beats_beside(graph: UnitGraph, beat: Labels, own: int) -> list[int]:
    """Return the beats that a beat touches, ascending."""
    units = np.flatnonzero(beat == own)
    if not len(units):
        return []
    reached = np.concatenate([graph.neighbour[graph.start[unit] : graph.start[unit + 1]] for unit in units])
    found: list[int] = np.setdiff1d(beat[reached], (-1, own)).tolist()
    return found


def within_bounds_again(
    problem: BeatProblem,
    graph: UnitGraph,
    beat: Labels,
    figures: Figures,
    own: int,
    locked: NDArray[np.bool_],
    seed: int,
) -> Labels | None:
    """Bring a connected beat within the bounds with little change to it and its neighbours.

    Parameters
    ----------
    problem, graph, own, locked
        As for :func:`loose_units_placed`.
    beat : ndarray of int64, shape (n,)
        Beat of each unit, -1 for none.
    figures : Figures
        Up-to-date figures of the beats.
    seed : int
        Seed of the random numbers.

    Returns
    -------
    ndarray of int64, shape (n,), or None
        Beats (numbers above the highest of ``beat`` are new), None when nothing better was found.
    """
    present = figures.units > 0
    rules = rules_of(problem, float(figures.workload[present].mean()))
    usable = present & (figures.pieces == 1) & (figures.lowest_zone == figures.highest_zone)
    near = np.array([own], np.int64)
    units = np.flatnonzero(beat == own)
    for step in range(FARTHEST):
        reached = np.concatenate([graph.neighbour[graph.start[unit] : graph.start[unit + 1]] for unit in units])
        beside = np.unique(beat[reached])
        beside = beside[beside >= 0]
        near = np.union1d(near, beside[usable[beside]])
        units = np.flatnonzero(np.isin(beat, near))
        found = _nudged(graph, beat, near, units, rules, locked, (seed, 5, own)) if step == 0 else None
        if found is None:
            found = _solved(graph, beat, near, units, rules, locked, (seed, step, own))
        if found is not None and _in_order(problem, found, own):
            return found
    return None


def _in_order(problem: BeatProblem, beat: Labels, own: int) -> bool:
    """Return whether a beat is gone or within the bounds."""
    residents = int(problem.residents[beat == own].sum())
    return not (beat == own).any() or problem.min_residents <= residents <= problem.max_residents


def _nudged(
    graph: UnitGraph,
    beat: Labels,
    near: Labels,
    units: Labels,
    rules: Rules,
    locked: NDArray[np.bool_],
    path: tuple[int, int, int],
) -> Labels | None:
    """Move single units between a beat and its neighbours; None when beats remain out of bounds that were not."""
    now = np.searchsorted(near, beat[units])
    part = subgraph(graph, units)._replace(home=now, fixed=locked[units])
    strict = rules._replace(breach=BREACH_WEIGHT)
    walk = Walk(part, now, len(near), strict, effort=NUDGE, random=random_stream(*path))
    walk.advance(0.0, 1.0)
    result = walk.result()
    if result.breaches >= judge(part, now, len(near), strict).breaches:
        return None
    found = beat.copy()
    found[units] = near[result.beat]
    return found


def _solved(
    graph: UnitGraph,
    beat: Labels,
    near: Labels,
    units: Labels,
    rules: Rules,
    locked: NDArray[np.bool_],
    path: tuple[int, int, int],
) -> Labels | None:
    """Divide a surrounding anew with as many beats, one fewer or one more."""
    settled = graph._replace(home=beat, fixed=locked)
    solved = solve_around(settled, beat, near, rules, fixed_count=False, gentle=True, path=path)
    if solved is None:
        return None
    found = beat.copy()
    highest = int(beat.max())
    found[units] = np.where(solved < 0, highest - solved, solved)
    return found
