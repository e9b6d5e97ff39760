"""Drawing beats: screen, seed, anneal, repair, name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from analysis.beats.continuity import beats_to_continue, warm_start
from analysis.beats.energy import Rules
from analysis.beats.graph import UnitGraph, compressed_rows, subgraph
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
"""One restart for each: how far the first division evens out residents rather than workload."""
SEARCH = Effort()
REDRAW = Effort(hot=0.02, merge_split=0.1)
"""Cooler where the search starts from the plan in force, which is not to be forgotten."""
RESTART_UNITS, FEWEST_RESTARTS, MOST_RESTARTS = 6_000, 2, 8
"""A redraw depends on which beats are split at its start: small ones can afford more restarts."""


def solve_beats(problem: BeatProblem, *, seed: int = 0, progress: Progress | None = None) -> BeatPlan:
    """Divide the units into connected beats within the bounds, with even workload and compact shapes.

    Parameters
    ----------
    problem : BeatProblem
        Checked task from :func:`analysis.beats.problem.beat_problem`.
    seed : int
        The same seed gives the same plan, on any number of threads.
    progress : callable or None
        Told the finished share (0 to 1) and what is being done; raising from it abandons the search.

    Returns
    -------
    BeatPlan
        Every unit is in one beat. What cannot be kept within the bounds stays in the plan, with a typed reason.

    Raises
    ------
    ParameterError
        When the number of beats asked for does not fit; names the range that does.

    Notes
    -----
    Seeds come from bisection along random spanning trees; annealing flips units at the borders of beats under a
    contiguity check and now and then merges two beats and splits them anew (ReCom); beats still out of bounds are
    solved anew together with their neighbours using as many beats, one fewer or one more. With a plan in force the
    search starts from it and every resident who changes beat has a price.

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
    tell(0.0, "screening units")
    screening = screen(problem)
    free = np.flatnonzero(screening.group >= 0)
    beat = np.full(problem.n_units, -1, np.int64)
    parts = share_out(problem, screening, beats_to_continue(problem, screening))
    if len(free):
        attempt = _divide(problem, screening, free, parts, seed, tell)
        beat[free] = attempt.beat
    for finding in screening.alone:
        beat[finding.units] = beat.max() + 1
    tell(0.99, "naming beats")
    plan = make_plan(problem, screening, beat, seed=seed)
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


def _ignore(_share: float, _message: str) -> None:
    """Take no notice of progress."""


def _divide(
    problem: BeatProblem, screening: Screening, free: Labels, parts: Labels, seed: int, tell: Progress
) -> Attempt:
    """Search for the best division of the units that can be divided."""
    graph = subgraph(unit_graph(problem, screening), free)
    group = screening.group[free]
    n_beats = int(parts.sum())
    weights = problem.weights
    rules = Rules(
        min_residents=float(problem.min_residents),
        max_residents=float(problem.max_residents),
        mean_workload=max(float(graph.workload.sum()) / n_beats, 1e-12),
        breach=weights.breach,
        workload=weights.workload,
        compactness=weights.compactness,
        continuity=weights.continuity,
    )
    tell(0.02, f"seeding {n_beats:,} beats")
    beats_today = problem.current[free]
    restarts = len(EVEN_RESIDENTS)

    def begin(turn: int) -> Walk:
        return _fresh_walk(graph, group, parts, rules, seed, turn)

    if (beats_today >= 0).any():
        restarts = min(max(RESTART_UNITS // len(free), FEWEST_RESTARTS), MOST_RESTARTS)

        def begin(turn: int) -> Walk:
            return _warm_walk(graph, group, parts, beats_today, rules, seed, turn)

    best = run_walks(begin, restarts, lambda share: tell(0.05 + 0.75 * share, "evening out workload"))
    if best.breaches:
        tell(0.82, f"repairing {best.breaches:,} beats")
        best = repair(graph, best, rules, fixed_count=problem.beats is not None, seed=seed)
    return best


def _warm_walk(
    graph: UnitGraph, group: Labels, parts: Labels, beats_today: Labels, rules: Rules, seed: int, turn: int
) -> Walk:
    """Return a restart from the plan in force."""
    start = warm_start(graph, group, parts, beats_today, rules, random_stream(seed, 2, turn))
    random = random_stream(seed, 0, turn)
    return Walk(graph._replace(home=start.home), start.beat, int(parts.sum()), rules, effort=REDRAW, random=random)


def _fresh_walk(graph: UnitGraph, group: Labels, parts: Labels, rules: Rules, seed: int, turn: int) -> Walk:
    """Return a restart from seeds of its own."""
    random, scratch = random_stream(seed, 0, turn), scratch_for(graph)
    beat = seeded(graph, group, parts, rules, even_residents=EVEN_RESIDENTS[turn], random=random, scratch=scratch)
    return Walk(graph, beat, int(parts.sum()), rules, effort=SEARCH, random=random, scratch=scratch)
