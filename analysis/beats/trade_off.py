"""Plans from the most compact to the most even, to choose from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from analysis.beats.patience import Cancelled
from analysis.beats.plan import BeatPlan
from analysis.beats.problem import BeatProblem
from analysis.beats.solver import solve_beats

FIVE_POINTS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class TradeOffPoint:
    """A plan for one setting.

    Attributes
    ----------
    evenness : float
        Setting from 0 (compact) to 1 (even).
    plan : BeatPlan
        The plan; ``plan.report`` has ``workload_cv`` and ``polsby_popper_mean``.
    surpassed : bool
        Whether another of the plans is at least as even and as compact with no more beats out of bounds, and better in
        one of the three.
    """

    evenness: float
    plan: BeatPlan
    surpassed: bool


def trade_off(
    problem: BeatProblem,
    *,
    settings: Sequence[float] = FIVE_POINTS,
    seed: int = 0,
    progress: Callable[[float, str], None] | None = None,
    time_budget_s: float | None = None,
    cancelled: Cancelled | None = None,
) -> tuple[TradeOffPoint, ...]:
    """Draw a plan for each of several settings between compact and even.

    Parameters
    ----------
    problem : BeatProblem
        The task; its weights are those of the setting 0.5.
    settings : sequence of float
        From 0 (compact) to 1 (even).
    seed, cancelled
        As for :func:`analysis.beats.solver.solve_beats`.
    progress : callable or None
        Told the finished share (0 to 1) of all plans and what is being done.
    time_budget_s : float or None
        Seconds for all plans together, None for no limit.

    Returns
    -------
    tuple of TradeOffPoint
        In the order of the settings.

    Raises
    ------
    ParameterError
        When a setting is not from 0 to 1, or the task cannot be solved.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> from analysis.beats.problem import beat_problem
    >>> squares = [shapely.box(x, 0, x + 100, 100) for x in range(0, 400, 100)]
    >>> frame = gpd.GeoDataFrame({"people": [2000] * 4}, geometry=squares, crs="EPSG:32634")
    >>> [point.evenness for point in trade_off(beat_problem(frame, residents="people"))]
    [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    tasks = [replace(problem, weights=problem.weights.with_evenness(setting)) for setting in settings]
    plans = []
    for number, task in enumerate(tasks):

        def tell(share: float, message: str, number: int = number) -> None:
            if progress:
                progress((number + share) / len(tasks), f"plan {number + 1} of {len(tasks)}: {message}")

        budget = None if time_budget_s is None else time_budget_s / len(tasks)
        plans.append(solve_beats(task, seed=seed, progress=tell, time_budget_s=budget, cancelled=cancelled))
    return tuple(
        TradeOffPoint(setting, plan, any(_surpasses(other, plan) for other in plans))
        for setting, plan in zip(settings, plans, strict=True)
    )


def _surpasses(one: BeatPlan, other: BeatPlan) -> bool:
    """Return whether one plan is nowhere worse than another and somewhere better."""
    first, second = (
        (plan.report.beats - plan.report.within_bounds, plan.report.workload_cv, -plan.report.polsby_popper_mean)
        for plan in (one, other)
    )
    return first != second and all(mine <= theirs for mine, theirs in zip(first, second, strict=True))
