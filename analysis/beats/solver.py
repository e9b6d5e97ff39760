"""Drawing beats: screen, seed, anneal, repair, name."""

from __future__ import annotations

from collections.abc import Callable

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from analysis.beats.continuity import beats_to_continue, warm_start
from analysis.beats.energy import Rules
from analysis.beats.graph import UnitGraph, compressed_rows, subgraph
from analysis.beats.patience import Cancelled, Patience
from analysis.beats.pieces import anneal_in_pieces
from analysis.beats.plan import BeatPlan, make_plan
from analysis.beats.problem import BeatProblem
from analysis.beats.randomness import random_stream
from analysis.beats.repair import repair
from analysis.beats.screening import Screening, screen, share_out
from analysis.beats.search import Attempt, Effort, Walk, run_walks, seeded
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


def solve_beats(
    problem: BeatProblem,
    *,
    seed: int = 0,
    progress: Progress | None = None,
    time_budget_s: float | None = None,
    cancelled: Cancelled | None = None,
) -> BeatPlan:
    """Divide the units into connected beats within the bounds, with even workload and compact shapes.

    Parameters
    ----------
    problem : BeatProblem
        Checked task from :func:`analysis.beats.problem.beat_problem`.
    seed : int
        The same seed gives the same plan, on any number of threads.
    progress : callable or None
        Told the finished share (0 to 1) and what is being done; raising from it abandons the search.
    time_budget_s : float or None
        Seconds that the search may take; where they do not suffice, the best plan so far is returned with the notice
        ``cut_short``. None for no limit.
    cancelled : callable or None
        Asked now and then; once it answers True, the best plan so far is returned with the notice ``cut_short``.

    Returns
    -------
    BeatPlan
        Every unit is in one beat. What cannot be kept within the bounds stays in the plan, with a typed reason.

    Raises
    ------
    ParameterError
        When the number of beats asked for does not fit, naming the range that does; when the budget is not positive.

    Notes
    -----
    Seeds come from bisection along random spanning trees; annealing flips units at the borders of beats under a
    contiguity check and now and then merges two beats and splits them anew (ReCom); beats still out of bounds are
    solved anew together with their neighbours using as many beats, one fewer or one more. With a plan in force the
    search starts from it and every resident who changes beat has a price. Large towns are annealed in pieces.

    References
    ----------
    DeFord, Duchin and Solomon (2021), Recombination: a family of Markov chains for redistricting.
    Ricca and Simeone (2008), Local search algorithms for political districting.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> from analysis.beats.problem import beat_problem
    >>> squares = [shapely.box(x, 0, x + 100, 100) for x in range(0, 400, 100)]
    >>> frame = gpd.GeoDataFrame({"people": [2000] * 4}, geometry=squares, crs="EPSG:32634")
    >>> plan = solve_beats(beat_problem(frame, residents="people"))
    >>> plan.totals.residents.tolist(), [reason.code for reason in plan.reasons]
    ([4000, 4000], ['units_too_coarse'])
    """
    tell = progress or _ignore
    patience = Patience(time_budget_s, cancelled)
    tell(0.0, "screening units")
    screening = screen(problem)
    free = units_by_place(problem, screening)
    beat = np.full(problem.n_units, -1, np.int64)
    parts = share_out(problem, screening, beats_to_continue(problem, screening))
    if len(free):
        attempt = _Search(problem, screening, free, parts, seed, patience, tell).best()
        beat[free] = attempt.beat
    for finding in screening.alone:
        beat[finding.units] = beat.max() + 1
    tell(0.99, "naming beats")
    plan = make_plan(problem, screening, beat, seed=seed, cut_short=patience.cut_short)
    tell(1.0, "done")
    return plan


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


def _ignore(_share: float, _message: str) -> None:
    """Take no notice of progress."""


class _Search:
    """The search for the best division of the units that can be divided."""

    def __init__(
        self,
        problem: BeatProblem,
        screening: Screening,
        free: Labels,
        parts: Labels,
        seed: int,
        patience: Patience,
        tell: Progress,
    ) -> None:
        self.graph = subgraph(unit_graph(problem, screening), free)
        self.group, self.parts, self.n_beats = screening.group[free], parts, int(parts.sum())
        self.beats_today = problem.current[free]
        self.rules = rules_of(problem, float(self.graph.workload.sum()) / self.n_beats)
        self.fixed_count, self.seed, self.patience, self.tell = problem.beats is not None, seed, patience, tell

    def best(self) -> Attempt:
        """Seed, anneal, repair."""
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
        if best.breaches:
            self.tell(0.82, f"repairing {best.breaches:,} beats")
            best = repair(
                self.graph, best, self.rules, fixed_count=self.fixed_count, seed=self.seed, patience=self.patience
            )
        return best

    def _advance(self, share: float) -> None:
        self.tell(0.05 + 0.75 * share, "evening out workload")

    def _in_pieces(self, start: Walk) -> Attempt:
        """Anneal piece by piece from the beginning of a walk."""
        return anneal_in_pieces(
            start.graph,
            start.best,
            self.n_beats,
            self.rules,
            effort=start.effort,
            seed=self.seed,
            patience=self.patience,
            advance=self._advance,
        )

    def _warm_walk(self, turn: int) -> Walk:
        """Return a restart from the plan in force."""
        random = random_stream(self.seed, 2, turn)
        start = warm_start(self.graph, self.group, self.parts, self.beats_today, self.rules, random)
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
        return self._walk(self.graph, beat, SEARCH, turn)

    def _walk(self, graph: UnitGraph, beat: Labels, effort: Effort, turn: int) -> Walk:
        return Walk(graph, beat, self.n_beats, self.rules, effort=effort, random=random_stream(self.seed, 0, turn))


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
