"""The least change to the plan in force: only beats that do not keep the bounds, and those around them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from analysis.beats.division import DivisionSearch
from analysis.beats.patience import Cancelled
from analysis.beats.plan import BeatPlan
from analysis.beats.problem import BeatProblem
from analysis.beats.solver import solve_with
from analysis.errors import ParameterError

STAY = 5.0
"""The price of a resident who changes beat, against that of a full redraw."""


def redraw_beats(
    problem: BeatProblem,
    *,
    seed: int = 0,
    progress: Callable[[float, str], None] | None = None,
    time_budget_s: float | None = None,
    cancelled: Cancelled | None = None,
) -> BeatPlan:
    """Put a plan in force right with as few changes as possible.

    Parameters
    ----------
    problem : BeatProblem
        The task, with the plan in force.
    seed, progress, time_budget_s, cancelled
        As for :func:`analysis.beats.solver.solve_beats`.

    Returns
    -------
    BeatPlan
        Beats within the bounds and away from those that are not stay as they are.

    Raises
    ------
    ParameterError
        When there is no plan in force, or the task cannot be solved.

    Notes
    -----
    A beat in several pieces or on both sides of a hard boundary keeps its most populous piece. Each beat out of bounds
    is solved anew together with its neighbours, with as many beats as now, one fewer or one more, whichever moves the
    fewest residents; where that does not help, beats two, three and up to five steps away join in.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> from analysis.beats.problem import beat_problem
    >>> squares = [shapely.box(x, 0, x + 100, 100) for x in range(0, 400, 100)]
    >>> columns = {"people": [2000] * 4, "now": ["A", "A", "A", "B"]}
    >>> frame = gpd.GeoDataFrame(columns, geometry=squares, crs="EPSG:32634")
    >>> plan = redraw_beats(beat_problem(frame, residents="people", current="now"))
    >>> plan.assignments.beat_id.tolist(), plan.report.moved_residents
    (['A', 'A', 'B', 'B'], 2000)
    """
    if not problem.current_names:
        raise ParameterError("There is no plan in force to redraw.", "Name the column with the current beats.")
    strict = replace(problem, weights=replace(problem.weights, continuity=STAY * problem.weights.continuity))
    plan = solve_with(
        DivisionSearch.least_change,
        strict,
        seed=seed,
        progress=progress,
        time_budget_s=time_budget_s,
        cancelled=cancelled,
    )
    return replace(plan, problem=problem)
