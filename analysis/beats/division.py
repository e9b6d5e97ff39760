"""Dividing units into beats: seeds or the plan in force, annealing, repairs."""

from __future__ import annotations

from collections.abc import Callable

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from analysis.beats.bounds import least_peak
from analysis.beats.continuity import continued_labels, warm_start
from analysis.beats.energy import Rules
from analysis.beats.graph import UnitGraph, compressed_rows, subgraph
from analysis.beats.locking import beats_around_cores, lock_cores
from analysis.beats.min_max import lowest_peak
from analysis.beats.patience import Patience
from analysis.beats.pieces import anneal_in_pieces
from analysis.beats.problem import BeatProblem
from analysis.beats.randomness import random_stream
from analysis.beats.repair import repair
from analysis.beats.screening import Screening
from analysis.beats.search import Attempt, Effort, Walk, judge, run_walks, seeded
from analysis.beats.trees import scratch_for

Progress = Callable[[float, str], None]
Labels = NDArray[np.int64]

EVEN_RESIDENTS = (0.5, 0.65)
"""The restarts take turns: how far the first division evens out residents rather than workload."""
SEARCH = Effort()
REDRAW = Effort(hot=0.02, merge_split=0.1)
"""Cooler where the search starts from the plan in force, which is not to be forgotten."""
FEWEST_RESTARTS, MOST_RESTARTS = 2, 8
RESTART_UNITS, WARM_RESTART_UNITS = 1_600, 6_000
"""Small towns can afford more restarts; a redraw needs them, for it depends on which beats are split at its start."""
LARGE_UNITS = 30_000
"""Towns of more units are annealed in pieces."""


def unit_graph(problem: BeatProblem, screening: Screening) -> UnitGraph:
    """Return the graph of all units with the borders that beats may grow across.

    Parameters
    ----------
    problem : BeatProblem
        The task.
    screening : Screening
        Its hard boundaries and groups.

    Returns
    -------
    UnitGraph
        With ``home`` set to -1.
    """
    start, neighbour, border_m = compressed_rows(screening.edges, problem.n_units)
    return UnitGraph(
        start=start,
        neighbour=neighbour,
        border_m=border_m,
        residents=problem.residents.astype(np.float64),
        workload=problem.workload,
        area_m2=problem.area_m2,
        perimeter_m=problem.perimeter_m,
        home=np.full(problem.n_units, -1, np.int64),
        fixed=problem.locks.beat >= 0,
    )


def units_by_place(problem: BeatProblem, screening: Screening) -> Labels:
    """Return the units that can be divided, group by group and along a Hilbert curve, so that neighbours are close.

    Parameters
    ----------
    problem : BeatProblem
        The task.
    screening : Screening
        Its groups.

    Returns
    -------
    ndarray of int64, shape (k,)
        Positions of the units.
    """
    free = np.flatnonzero(screening.group >= 0)
    if not len(free):
        return free
    centres = gpd.GeoSeries(shapely.points(problem.centres[free]))
    return free[np.lexsort((centres.hilbert_distance().to_numpy(), screening.group[free]))]


class DivisionSearch:
    """The search for a division of the units that can be divided.

    Parameters
    ----------
    problem, screening : BeatProblem, Screening
        The task, and its connected groups.
    free : ndarray of int64, shape (k,)
        Units that can be divided, in an order in which neighbours are close.
    parts : ndarray of int64, shape (g,)
        Beats of each group.
    seed : int
        Seed of the run.
    patience : Patience
        How long it may take.
    tell : callable
        Told the finished share (0 to 1) and what is being done.
    """

    def __init__(
        self,
        problem: BeatProblem,
        screening: Screening,
        free: Labels,
        parts: Labels,
        *,
        seed: int,
        patience: Patience,
        tell: Progress,
    ) -> None:
        self.graph = subgraph(unit_graph(problem, screening), free)
        self.group, self.parts, self.n_beats = screening.group[free], parts, int(parts.sum())
        self.fewest, self.most = screening.fewest, screening.most
        self.beats_today = problem.current[free]
        locked = problem.locks.beat[free]
        self.cores = lock_cores(problem, self.graph, free, locked) if (locked >= 0).any() else locked
        self.rules = rules_of(problem, float(self.graph.workload.sum()) / self.n_beats)
        self.min_max = problem.weights.min_max
        self.fixed_count, self.seed, self.patience, self.tell = problem.beats is not None, seed, patience, tell

    def best(self) -> Attempt:
        """Return the best division found: seed or start from the plan in force, anneal, repair."""
        n_units = len(self.group)
        continued = bool((self.beats_today >= 0).any())
        begin = self._warm_walk if continued else self._fresh_walk
        self.tell(0.02, f"seeding {self.n_beats:,} beats")
        if n_units > LARGE_UNITS:
            best = self._in_pieces(begin(0))
        else:
            affordable = (WARM_RESTART_UNITS if continued else RESTART_UNITS) // n_units
            count = min(max(affordable, FEWEST_RESTARTS), MOST_RESTARTS)
            best = run_walks(begin, count, patience=self.patience, advance=self._advance)
        return self._lowered(self._repaired(best, gentle=False))

    def least_change(self) -> Attempt:
        """Return a division that differs from the plan in force only around beats that do not keep the bounds."""
        self.tell(0.02, "looking for beats out of bounds")
        parts = self.parts
        if not self.fixed_count:
            label = continued_labels(self.graph, self.group, self.beats_today, self.cores)
            pairs = np.unique(np.column_stack([self.group, label]), axis=0)
            parts = np.clip(np.bincount(pairs[:, 0], minlength=len(parts)), self.fewest, self.most)
        random = random_stream(self.seed, 2, 0)
        start = warm_start(self.graph, self.group, parts, self.beats_today, self.rules, random, cores=self.cores)
        now = judge(self.graph._replace(home=start.home), start.beat, int(start.beat.max()) + 1, self.rules)
        return self._repaired(now, gentle=True)

    def _lowered(self, attempt: Attempt) -> Attempt:
        """Make the workload of the busiest beat as small as possible where that is wanted."""
        if not self.min_max:
            return attempt
        self.tell(0.9, "lowering the workload of the busiest beat")
        count = np.bincount(self.group[np.unique(attempt.beat, return_index=True)[1]], minlength=len(self.parts))
        return lowest_peak(
            self.graph,
            self.group,
            count.astype(np.int64),
            attempt,
            self.rules,
            bound=least_peak(self.graph.workload, self.group, count, count, attempt.n_beats),
            seed=self.seed,
            patience=self.patience,
        )

    def _repaired(self, attempt: Attempt, *, gentle: bool) -> Attempt:
        """Solve the surroundings of beats out of bounds anew."""
        if not attempt.breaches:
            return attempt
        self.tell(0.82, f"repairing {attempt.breaches:,} beats")
        return repair(
            self.graph,
            attempt,
            self.rules,
            fixed_count=self.fixed_count,
            seed=self.seed,
            patience=self.patience,
            gentle=gentle,
        )

    def _advance(self, share: float) -> None:
        self.tell(0.05 + 0.75 * share, "evening out workload")

    def _in_pieces(self, start: Walk) -> Attempt:
        """Anneal piece by piece from the beginning of a walk."""
        return anneal_in_pieces(
            start.graph,
            start.best,
            start.n_beats,
            self.rules,
            effort=start.effort,
            seed=self.seed,
            patience=self.patience,
            advance=self._advance,
        )

    def _warm_walk(self, turn: int) -> Walk:
        """Return a restart from the plan in force."""
        random = random_stream(self.seed, 2, turn)
        start = warm_start(self.graph, self.group, self.parts, self.beats_today, self.rules, random, cores=self.cores)
        return self._walk(self.graph._replace(home=start.home), start.beat, REDRAW, turn)

    def _fresh_walk(self, turn: int) -> Walk:
        """Return a restart from seeds of its own."""
        random, scratch = random_stream(self.seed, 2, turn), scratch_for(self.graph)
        beat = seeded(
            self.graph,
            self.group,
            self.parts,
            self.rules,
            even_residents=EVEN_RESIDENTS[turn % len(EVEN_RESIDENTS)],
            random=random,
            scratch=scratch,
        )
        if (self.cores >= 0).any():
            label = beats_around_cores(beat, self.cores, self.graph.residents)
            beat = warm_start(self.graph, self.group, self.parts, label, self.rules, random, cores=self.cores).beat
        return self._walk(self.graph, beat, SEARCH, turn)

    def _walk(self, graph: UnitGraph, beat: Labels, effort: Effort, turn: int) -> Walk:
        return Walk(
            graph, beat, int(beat.max()) + 1, self.rules, effort=effort, random=random_stream(self.seed, 0, turn)
        )


def rules_of(problem: BeatProblem, mean_workload: float) -> Rules:
    """Return the rules of the energy for beats with that mean workload."""
    weights = problem.weights
    return Rules(
        min_residents=float(problem.min_residents),
        max_residents=float(problem.max_residents),
        mean_workload=max(mean_workload, 1e-12),
        breach=weights.breach,
        workload=weights.workload,
        compactness=weights.compactness,
        continuity=weights.continuity,
    )
