"""Restarts of seed-and-anneal on one graph, several at a time, with a result that the seed alone decides."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from analysis.beats.annealing import Cooling, anneal
from analysis.beats.energy import Division, Rules, total_energy, total_up
from analysis.beats.graph import UnitGraph
from analysis.beats.patience import Patience
from analysis.beats.seeding import seed_beats
from analysis.beats.trees import Scratch, scratch_for
from analysis.row_blocks import thread_count

Advance = Callable[[float], None]

CHUNKS = 20
UNITS_PER_CHEAP_MERGE = 30.0


@dataclass(frozen=True)
class Effort:
    """How much work a search does.

    Attributes
    ----------
    steps_per_unit : int
        Annealing steps for each unit.
    least_steps : int
        Annealing steps on the smallest graph.
    hot, cold : float
        First and last temperature.
    merge_split : float
        Share of merge-and-split steps where a beat has up to 30 units; less where it has more, for they cost more.
    """

    steps_per_unit: int = 600
    least_steps: int = 20_000
    hot: float = 0.2
    cold: float = 2e-4
    merge_split: float = 0.08

    def steps(self, n_units: int) -> int:
        """Return the annealing steps for a graph of ``n_units``."""
        return max(self.least_steps, self.steps_per_unit * n_units)

    def merges(self, units_per_beat: float) -> float:
        """Return the share of merge-and-split steps for beats of that many units."""
        return self.merge_split * min(1.0, UNITS_PER_CHEAP_MERGE / units_per_beat)


@dataclass(frozen=True)
class Attempt:
    """One division of a graph and how good it is.

    Attributes
    ----------
    beat : ndarray of int64, shape (n,)
        Beat of each unit.
    n_beats : int
        Number of beats.
    breaches : int
        Beats out of bounds.
    energy : float
        Energy of the division.
    home : ndarray of int64, shape (n,)
        Beat that continues each unit's beat of the plan in force, -1 where that does not matter.
    """

    beat: NDArray[np.int64]
    n_beats: int
    breaches: int
    energy: float
    home: NDArray[np.int64]

    @property
    def rank(self) -> tuple[int, float]:
        """Key for sorting: fewer breaches first, then less energy."""
        return self.breaches, self.energy


def judge(graph: UnitGraph, beat: NDArray[np.int64], n_beats: int, rules: Rules) -> Attempt:
    """Measure a division.

    Parameters
    ----------
    graph : UnitGraph
        Units and neighbours.
    beat : ndarray of int64, shape (n,)
        Beat of each unit, 0 to ``n_beats - 1``.
    n_beats : int
        Number of beats.
    rules : Rules
        Bounds and weights.

    Returns
    -------
    Attempt
        With the beats that are out of bounds counted and the energy.
    """
    division = total_up(graph, beat, n_beats, rules)
    outside = (division.residents < rules.min_residents) | (division.residents > rules.max_residents)
    return Attempt(beat, n_beats, int(outside.sum()), float(total_energy(graph, division, rules)), graph.home)


class Walk:
    """One annealing run that can be advanced in pieces.

    Parameters
    ----------
    graph : UnitGraph
        Units and neighbours.
    beat : ndarray of int64, shape (n,)
        Where to start; copied.
    n_beats : int
        Number of beats.
    rules : Rules
        Bounds and weights.
    effort : Effort
        How long and how hot.
    random : ndarray of uint64, shape (1,)
        State of the generator.
    """

    def __init__(
        self,
        graph: UnitGraph,
        beat: NDArray[np.int64],
        n_beats: int,
        rules: Rules,
        *,
        effort: Effort,
        random: NDArray[np.uint64],
        scratch: Scratch | None = None,
    ) -> None:
        self.graph, self.rules, self.n_beats, self.effort = graph, rules, n_beats, effort
        self.scratch = scratch or scratch_for(graph)
        self.random = random
        self.division: Division = total_up(graph, beat.copy(), n_beats, rules)
        start = float(total_energy(graph, self.division, rules))
        self.best = beat.copy()
        self.record = np.array([start, start, 0.0])

    def advance(self, first: float, last: float, density: float = 1.0) -> None:
        """Run from share ``first`` to share ``last`` (0 to 1) of the cooling, with that share of the steps planned."""
        total = max(1, int(density * self.effort.steps(len(self.best))))
        merges = self.effort.merges(len(self.best) / self.n_beats)
        cooling = Cooling(self.effort.hot, self.effort.cold, merges, int(first * total), int(last * total), total)
        anneal(self.graph, self.division, self.rules, cooling, self.scratch, self.random, self.best, self.record)

    def result(self) -> Attempt:
        """Return the better of the best division seen and the last one."""
        found = judge(self.graph, self.best, self.n_beats, self.rules)
        final = judge(self.graph, self.division.beat, self.n_beats, self.rules)
        return min(found, final, key=lambda attempt: attempt.rank)


def seeded(
    graph: UnitGraph,
    component: NDArray[np.int64],
    parts: NDArray[np.int64],
    rules: Rules,
    *,
    even_residents: float,
    random: NDArray[np.uint64],
    scratch: Scratch,
) -> NDArray[np.int64]:
    """Divide every component of a graph into its number of beats along random trees.

    Parameters
    ----------
    graph : UnitGraph
        Units and neighbours.
    component, parts : ndarray of int64, shape (n,) and (c,)
        Component of each unit, and beats of each component.
    rules : Rules
        Bounds and weights.
    even_residents : float
        0 evens out the workload alone, 1 the residents alone.
    random, scratch
        State of the generator, and working memory for ``graph``.

    Returns
    -------
    ndarray of int64, shape (n,)
        Beat of each unit.
    """
    beat = np.zeros(len(component), np.int64)
    order = np.argsort(component, kind="stable")
    edges = np.concatenate([[0], np.cumsum(np.bincount(component, minlength=len(parts)))])
    first_beat = np.concatenate([[0], np.cumsum(parts)])
    quota = _quotas(graph, even_residents) * parts.sum() + 1e-9
    for index in range(len(parts)):
        nodes = order[edges[index] : edges[index + 1]]
        seed_beats(graph, rules, nodes, int(parts[index]), quota, scratch, random, beat)
        beat[nodes] += first_beat[index]
    return beat


def _quotas(graph: UnitGraph, even_residents: float) -> NDArray[np.float64]:
    """Return the share of all beats that each unit stands for."""
    share_residents = graph.residents / max(graph.residents.sum(), 1.0)
    share_workload = graph.workload / max(graph.workload.sum(), 1e-12)
    quotas: NDArray[np.float64] = even_residents * share_residents + (1.0 - even_residents) * share_workload
    return quotas


def run_walks(
    begin: Callable[[int], Walk], count: int, *, patience: Patience | None = None, advance: Advance | None = None
) -> Attempt:
    """Begin and run several annealing walks side by side and return the best result.

    Parameters
    ----------
    begin : callable
        Returns the walk of that number (0 to ``count - 1``), with a random stream of its own.
    count : int
        Number of walks.
    patience : Patience or None
        How long it may take.
    advance : callable or None
        Told the finished share (0 to 1) between pieces; raising from it abandons the search.

    Returns
    -------
    Attempt
        The best by breaches, then energy, then order in the list.
    """
    with ThreadPoolExecutor(max(1, min(count, thread_count()))) as pool:
        walks = list(pool.map(begin, range(count)))
    walk_side_by_side(walks, patience or Patience(), advance)
    return min((walk.result() for walk in walks), key=lambda attempt: attempt.rank)


def walk_side_by_side(walks: list[Walk], patience: Patience, advance: Advance | None = None) -> None:
    """Advance walks with random streams of their own together until they are cold or patience ends.

    Parameters
    ----------
    walks : list of Walk
        Walks that share nothing they write to.
    patience : Patience
        How long it may take; where it does not suffice for all steps, the walks cool down faster.
    advance : callable or None
        Told the finished share (0 to 1) between pieces; raising from it abandons the search.
    """
    begin, work_done = time.perf_counter(), 0.0
    with ThreadPoolExecutor(max(1, min(len(walks), thread_count()))) as pool:
        for first, last in pairwise(np.linspace(0.0, 1.0, CHUNKS + 1).tolist()):
            density = patience.density(time.perf_counter() - begin, work_done, 1.0 - first)
            if density > 0.0:
                list(pool.map(lambda walk, a=first, b=last, d=density: walk.advance(a, b, d), walks))
            work_done += density * (last - first)
            if advance:
                advance(last)
