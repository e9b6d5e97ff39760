"""Drawing beats: screen, seed, anneal, repair, name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from analysis.beats.continuity import beats_to_continue
from analysis.beats.division import DivisionSearch, Progress, units_by_place
from analysis.beats.locking import refuse_contradictions
from analysis.beats.patience import Cancelled, Patience
from analysis.beats.plan import BeatPlan, make_plan
from analysis.beats.problem import BeatProblem
from analysis.beats.screening import screen, share_out
from analysis.beats.search import Attempt
from analysis.errors import ParameterError


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
    return solve_with(
        DivisionSearch.best,
        problem,
        seed=seed,
        progress=progress,
        time_budget_s=time_budget_s,
        cancelled=cancelled,
    )


def solve_with(
    find: Callable[[DivisionSearch], Attempt],
    problem: BeatProblem,
    *,
    seed: int = 0,
    progress: Progress | None = None,
    time_budget_s: float | None = None,
    cancelled: Cancelled | None = None,
) -> BeatPlan:
    """Screen the units, divide those that can be divided with ``find``, and name the beats.

    Parameters
    ----------
    find : callable
        Returns the division that a search finds.
    problem, seed, progress, time_budget_s, cancelled
        As for :func:`solve_beats`.

    Returns
    -------
    BeatPlan
    """
    tell = progress or _ignore
    patience = Patience(time_budget_s, cancelled)
    tell(0.0, "screening units")
    screening = screen(problem)
    refuse_contradictions(problem, screening)
    free = units_by_place(problem, screening)
    beat = np.full(problem.n_units, -1, np.int64)
    parts = share_out(problem, screening, beats_to_continue(problem, screening))
    if len(free):
        attempt = find(DivisionSearch(problem, screening, free, parts, seed=seed, patience=patience, tell=tell))
        beat[free] = attempt.beat
    for finding in screening.alone:
        beat[finding.units] = beat.max() + 1
    if problem.beats is not None and int(beat.max()) + 1 != problem.beats:
        raise ParameterError(
            f"The locked units leave no room for {problem.beats} beats, only for {int(beat.max()) + 1}.",
            "Ask for fewer beats, or lock fewer units.",
        )
    tell(0.99, "naming beats")
    plan = make_plan(problem, screening, beat, seed=seed, cut_short=patience.cut_short)
    tell(1.0, "done")
    return plan


def _ignore(_share: float, _message: str) -> None:
    """Take no notice of progress."""
