"""Local repair: a beat out of bounds is solved anew with its neighbours, with one beat fewer or more if that helps."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from analysis.beats.continuity import continue_names
from analysis.beats.energy import Rules
from analysis.beats.graph import Edges, UnitGraph, edges_of, subgraph
from analysis.beats.randomness import random_stream
from analysis.beats.search import Attempt, Effort, Walk, judge, seeded
from analysis.beats.trees import scratch_for

Labels = NDArray[np.int64]

ROUNDS = 3
TRIES = 4
EFFORT = Effort(steps_per_unit=400, least_steps=10_000, hot=0.5, cold=2e-4, merge_split=0.1)
BREACH_WEIGHT = 100.0


def repair(graph: UnitGraph, attempt: Attempt, rules: Rules, *, fixed_count: bool, seed: int) -> Attempt:
    """Bring beats within bounds by solving their surroundings anew.

    Parameters
    ----------
    graph, rules
        Units and neighbours; bounds and weights.
    attempt : Attempt
        Division with connected beats, some out of bounds.
    fixed_count, seed : bool, int
        Whether the number of beats must stay, and the seed of the run.

    Returns
    -------
    Attempt
        With no more breaches than before; beats are numbered anew when their number changed.

    Notes
    -----
    Round ``r`` takes the beats up to ``r + 1`` steps away. Each surrounding is tried with as many beats as now, one
    fewer and one more, and taken when fewer of its beats are out of bounds.
    """
    graph = graph._replace(home=attempt.home)
    beat = attempt.beat.copy()
    borders = edges_of(graph)
    for turn in range(ROUNDS):
        touched: set[int] = set()
        for bad in _breaching(graph, beat, rules):
            if int(bad) in touched or not (beat == bad).any():
                continue
            around = _surrounding(borders, beat, int(bad), turn + 1)
            solved = _solve_around(graph, beat, around, rules, fixed_count, (seed, turn, int(bad)))
            if solved is not None:
                beat[np.isin(beat, around)] = solved
                touched.update(int(name) for name in around)
        if not len(_breaching(graph, beat, rules)):
            break
    names, beat = np.unique(beat, return_inverse=True)
    place = np.minimum(np.searchsorted(names, graph.home), len(names) - 1)
    renamed = graph._replace(home=np.where(names[place] == graph.home, place, -1).astype(np.int64))
    return judge(renamed, beat.astype(np.int64), len(names), rules)


def _breaching(graph: UnitGraph, beat: Labels, rules: Rules) -> Labels:
    """Return the beats that are out of bounds."""
    residents = np.bincount(beat, graph.residents)
    present = np.bincount(beat) > 0
    return np.flatnonzero(present & ((residents < rules.min_residents) | (residents > rules.max_residents)))


def _surrounding(borders: Edges, beat: Labels, centre: int, steps: int) -> Labels:
    """Return the beats at most ``steps`` borders away from ``centre``, itself included."""
    near = np.zeros(int(beat.max()) + 1, np.bool_)
    near[centre] = True
    for _ in range(steps):
        first, second = near[beat[borders.first]], near[beat[borders.second]]
        near[beat[borders.second[first]]] = True
        near[beat[borders.first[second]]] = True
    return np.flatnonzero(near)


def _solve_around(
    graph: UnitGraph,
    beat: Labels,
    around: Labels,
    rules: Rules,
    fixed_count: bool,
    path: tuple[int, int, int],
) -> Labels | None:
    """Return new beats for the units of the beats ``around``, or None when nothing better was found."""
    units = np.flatnonzero(np.isin(beat, around))
    part = subgraph(graph, units)
    present = np.searchsorted(around, beat[units])
    place = np.minimum(np.searchsorted(around, graph.home[units]), len(around) - 1)
    part = part._replace(home=np.where(around[place] == graph.home[units], place, -1).astype(np.int64))
    strict = rules._replace(breach=BREACH_WEIGHT)
    now = judge(part, present, len(around), strict).breaches
    best: Attempt | None = None
    for count in _counts(part.residents.sum(), len(around), len(units), rules, fixed_count):
        for walk in _walks(part, present if count == len(around) else None, count, strict, (*path, count)):
            walk.advance(0.0, 1.0)
            found = walk.result()
            if found.breaches < now and (best is None or found.rank < best.rank):
                best = found
            if best is not None and best.breaches == 0:
                break
        if best is not None and best.breaches == 0:
            break
    if best is None:
        return None
    continued = continue_names(best.beat, present, part.residents, best.n_beats, len(around))
    fresh = continued < 0
    names = around[continued]
    names[fresh] = int(beat.max()) + 1 + np.arange(int(fresh.sum()))
    return names[best.beat]


def _counts(residents: float, count: int, n_units: int, rules: Rules, fixed_count: bool) -> list[int]:
    """Return the numbers of beats worth trying."""
    if fixed_count:
        return [count]
    fitting = [
        other
        for other in (count, count - 1, count + 1)
        if 1 <= other <= n_units and other * rules.min_residents <= residents <= other * rules.max_residents
    ]
    return fitting or [count]


def _walks(part: UnitGraph, present: Labels | None, count: int, rules: Rules, path: tuple[int, ...]) -> Iterator[Walk]:
    """Yield annealing walks over a surrounding: first from the present beats, then from fresh seeds."""
    seed, *rest = path
    scratch = scratch_for(part)
    for turn in range(TRIES):
        random = random_stream(seed, 1, *rest, turn)
        if turn == 0 and present is not None:
            beat = present
            start = part
        else:
            start = part._replace(home=np.full(len(part.home), -1, np.int64))
            beat = seeded(
                part,
                np.zeros(len(part.residents), np.int64),
                np.array([count]),
                rules,
                even_residents=0.6 if turn < 2 else 1.0,
                random=random,
                scratch=scratch,
            )
        yield Walk(start, beat, count, rules, effort=EFFORT, random=random, scratch=scratch)
