"""How firmly a fix belongs to the choice: chosen again under other budgets, costs and counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import ParameterError
from analysis.projection import FloatArray
from analysis.siting.choice import Objective, solve_coverage
from analysis.siting.problem import SitingProblem, checked_budget
from analysis.summary import Summary

FIRM, RARE = 0.8, 0.2


@dataclass(frozen=True, eq=False)
class RankSensitivity:
    """How often candidates are chosen.

    Attributes
    ----------
    frame : DataFrame
        A row a candidate: ``share_chosen`` (0 to 1, over all runs) and ``firmness``: ``firm`` (80 % and more),
        ``depends`` or ``rarely`` (20 % and less).
    runs : int
    summary : Summary
    """

    frame: pd.DataFrame
    runs: int
    summary: Summary


def rank_sensitivity(
    problem: SitingProblem,
    budget: float,
    *,
    objective: Objective = "crime",
    runs: int = 30,
    budget_spread: float = 0.2,
    cost_spread: float = 0.2,
    seed: int = 0,
    time_limit_s: float = 5.0,
) -> RankSensitivity:
    """Choose again and again with budgets, costs and counts as they might have been.

    Parameters
    ----------
    problem : SitingProblem
    budget : float
    objective : {"crime", "concern"}
    runs : int
        At least 2.
    budget_spread, cost_spread : float
        Budgets run evenly from ``1 - spread`` to ``1 + spread`` times the budget; each cost is drawn evenly from the
        same range about itself. 0 to below 1.
    seed : int
    time_limit_s : float
        For one run.

    Returns
    -------
    RankSensitivity

    Raises
    ------
    ParameterError
        Impossible runs or spreads.

    Notes
    -----
    Counts are drawn anew from Poisson distributions with the counts given as means: a place with four events may have
    two or seven next year. A fix that is chosen in one run of three was luck.

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> problem = SitingProblem(csr_array(np.eye(3)), np.array([90.0, 10, 9]), np.zeros(3), np.ones(3))
    >>> rank_sensitivity(problem, 2.2, runs=20, budget_spread=0, cost_spread=0).frame["firmness"].tolist()
    ['firm', 'depends', 'depends']
    """
    limit = checked_budget(budget)
    if runs < 2 or not (0 <= budget_spread < 1 and 0 <= cost_spread < 1):
        raise ParameterError(f"{runs} runs with spreads {budget_spread}, {cost_spread}.", "Use 20 runs, spreads 0.2.")
    if objective not in ("crime", "concern"):
        raise ParameterError(f"Unknown objective {objective!r}.", "Use crime or concern.")
    weight: FloatArray = problem.crime if objective == "crime" else problem.concern
    random = np.random.default_rng(seed)
    times = np.zeros(problem.n_candidates)
    for share in np.linspace(1 - budget_spread, 1 + budget_spread, runs):
        cost = problem.cost * random.uniform(1 - cost_spread, 1 + cost_spread, problem.n_candidates)
        demand = random.poisson(weight).astype(np.float64)
        times += solve_coverage(problem.covers, demand, cost, limit * float(share), time_limit_s)[0]
    share_chosen = times / runs
    firmness = np.select([share_chosen >= FIRM, share_chosen <= RARE], ["firm", "rarely"], "depends")
    frame = pd.DataFrame({"share_chosen": share_chosen, "firmness": firmness.astype(object)})
    plan = {"budget": limit, "objective": objective, "runs": runs}
    plan |= {"budget_spread": budget_spread, "cost_spread": cost_spread}
    return RankSensitivity(frame, runs, _summary(frame, plan, problem.n_demand, seed))


def _summary(frame: pd.DataFrame, plan: dict[str, Any], n_used: int, seed: int) -> Summary:
    """Describe how firm a choice is."""
    firm, depends = (int((frame["firmness"] == name).sum()) for name in ("firm", "depends"))
    return Summary(
        method="Sensitivity of a choice of fixes",
        parameters=plan,
        n_used=n_used,
        excluded={},
        crs="",
        study_area_km2=0.0,
        reading=(
            f"Over {plan['runs']} runs with budgets {plan['budget_spread']:.0%} and costs {plan['cost_spread']:.0%} up "
            f"and down and counts as they might have been, {firm:,} fixes are nearly always chosen and {depends:,} "
            "sometimes."
        ),
        seed=seed,
    )
