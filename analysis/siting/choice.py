"""The best choice of fixes under a budget: budgeted maximal coverage, solved to proof."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, eye_array, hstack, vstack

from analysis.errors import ParameterError, TooFewEventsError
from analysis.projection import BoolArray, FloatArray
from analysis.siting.catalogue import BenefitRange
from analysis.siting.problem import SitingProblem, checked_budget
from analysis.summary import Notice, Summary

Objective = Literal["crime", "concern"]

OPTIMAL = 0
CLOSE_ENOUGH = 1e-6


@dataclass(frozen=True, eq=False)
class FixChoice:
    """Fixes chosen under a budget.

    Attributes
    ----------
    frame : DataFrame
        A row a candidate, in the order of the input: ``chosen, rank`` (1 is done first; null where not chosen), ``cost,
        crime_alone, concern_alone`` (what it serves by itself), ``crime_added, concern_added`` (what it serves that
        those ranked before it do not; null where not chosen).
    cost : float
        Of the choice.
    crime_served, concern_served : float
        Events a year, and distinct reporters, within reach of the choice. Two figures, never one.
    crime_prevented : tuple of float
        Events a year: pessimistic (zero), middle, optimistic.
    proven : bool
        No better choice exists; False where the time ran out.
    gap : float
        How much better an unknown choice could be at most, as a share.
    summary : Summary
        Of a result without a place: its ``crs`` is empty and its area zero.
    """

    frame: pd.DataFrame
    cost: float
    crime_served: float
    concern_served: float
    crime_prevented: tuple[float, float, float]
    proven: bool
    gap: float
    summary: Summary

    @property
    def chosen(self) -> BoolArray:
        """Which candidates are chosen, shape (n_candidates,)."""
        return np.asarray(self.frame["chosen"], dtype=np.bool_)


def choose_fixes(
    problem: SitingProblem,
    budget: float,
    *,
    objective: Objective = "crime",
    benefit: BenefitRange | None = None,
    time_limit_s: float = 30.0,
) -> FixChoice:
    """Choose the fixes that serve most under a budget.

    Parameters
    ----------
    problem : SitingProblem
    budget : float
        In the currency of the costs.
    objective : {"crime", "concern"}
        What to serve: expected events or distinct reporters. The other is told beside it.
    benefit : BenefitRange, optional
        Share of the events within reach that a fix prevents; by default 0, 19 or 36 %. It does not change the choice.
    time_limit_s : float
        Seconds after which the best choice found so far is returned.

    Returns
    -------
    FixChoice

    Raises
    ------
    TooFewEventsError
        There is nothing to serve.
    ParameterError
        An impossible budget, objective or time limit.

    Notes
    -----
    Maximise ``sum w_i y_i`` subject to ``y_i <= sum of x_j over the candidates that serve i``, ``sum c_j x_j <=
    budget``, x binary, y from 0 to 1; a place served twice counts once. Places served by the same candidates are one
    place, and candidates over the budget are none. Solved by branch and cut (HiGHS) to a relative gap of 1e-6. Ranks
    within the choice: the next is the one that adds most for its cost.

    References
    ----------
    Church, R. and ReVelle, C. (1974). The maximal covering location problem. Papers of the Regional Science Association
    32.
    Khuller, S., Moss, A. and Naor, J. (1999). The budgeted maximum coverage problem. Information Processing Letters 70.

    Examples
    --------
    >>> covers = csr_array(np.array([[1.0, 0, 1], [1, 0, 0], [0, 1, 0], [0, 1, 1]]))
    >>> problem = SitingProblem(covers, np.array([5.0, 4, 3, 3]), np.zeros(4), np.array([2.0, 2, 1]))
    >>> found = choose_fixes(problem, 3)
    >>> found.frame["chosen"].tolist(), found.crime_served, found.proven
    ([True, False, True], 12.0, True)
    """
    limit = checked_budget(budget)
    if objective not in get_args(Objective) or not time_limit_s > 0:
        raise ParameterError(f"Unknown objective {objective!r}, or time limit {time_limit_s}.", "Use crime or concern.")
    weight = problem.crime if objective == "crime" else problem.concern
    if not weight.sum() > 0:
        raise TooFewEventsError(f"There is no {objective} to serve.", "Give the demand of the places.")
    chosen, gap, proven = solve_coverage(problem.covers, weight, problem.cost, limit, time_limit_s)
    served = problem.served(chosen)
    prevented = benefit or BenefitRange()
    crime, concern = float(problem.crime[served].sum()), float(problem.concern[served].sum())
    events = (crime * prevented.low, crime * prevented.middle, crime * prevented.high)
    frame = _ranked(problem, weight, chosen)
    spent = float(problem.cost[chosen].sum())
    plan: dict[str, Any] = {"budget": limit, "objective": objective, "candidates": problem.n_candidates}
    plan["benefit"] = [prevented.low, prevented.middle, prevented.high]
    reading = (
        f"{int(chosen.sum()):,} of {problem.n_candidates:,} fixes for {spent:,.0f} of {limit:,.0f} serve {crime:,.0f} "
        f"of {problem.crime.sum():,.0f} expected events a year and {concern:,.0f} of {problem.concern.sum():,.0f} "
        f"voices. Of the events {events[0]:,.0f} to {events[2]:,.0f} a year may be prevented, {events[1]:,.0f} in the "
        "middle: the fixes may also change nothing, so evaluate them."
    )
    summary = _summary(plan, problem.n_demand, reading, () if proven else (_unproven(gap),))
    return FixChoice(frame, spent, crime, concern, events, proven, gap, summary)


def solve_coverage(
    covers: csr_array, weight: FloatArray, cost: FloatArray, budget: float, time_limit_s: float = 30.0
) -> tuple[BoolArray, float, bool]:
    """Return the candidates that cover most weight under a budget.

    Parameters
    ----------
    covers : scipy.sparse.csr_array, shape (n_demand, n_candidates)
    weight : ndarray of float64, shape (n_demand,)
    cost : ndarray of float64, shape (n_candidates,)
    budget, time_limit_s : float

    Returns
    -------
    chosen : ndarray of bool, shape (n_candidates,)
        Candidates that add nothing are not chosen, even if they are free.
    gap : float
        Relative gap left.
    proven : bool
        The gap is closed.

    Examples
    --------
    >>> solve_coverage(csr_array(np.eye(2)), np.array([1.0, 3.0]), np.ones(2), 1.0)[0].tolist()
    [False, True]
    """
    affordable = np.flatnonzero(cost <= budget)
    rows, merged = _merged(covers[:, affordable], weight)
    chosen = np.zeros(cost.size, dtype=np.bool_)
    if rows.shape[0] == 0:
        return chosen, 0.0, True
    n, m = rows.shape[1], rows.shape[0]
    costs = csr_array(np.r_[cost[affordable], np.zeros(m)][None, :])
    matrix = vstack([hstack([-rows, eye_array(m)]), costs], format="csc")
    scale = float(merged.max())
    result = milp(
        np.r_[np.zeros(n), -merged / scale],
        integrality=np.r_[np.ones(n), np.zeros(m)],
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(matrix, ub=np.r_[np.zeros(m), budget]),
        options={"time_limit": time_limit_s, "mip_rel_gap": CLOSE_ENOUGH},
    )
    if result.x is None:
        return chosen, 1.0, False
    chosen[affordable] = result.x[:n] > 0.5
    gap = float(result.mip_gap or 0.0)
    return _without_idle(covers, weight, cost, chosen), gap, result.status == OPTIMAL


def _merged(covers: csr_array, weight: FloatArray) -> tuple[csr_array, FloatArray]:
    """Put places served by the same candidates together; drop those that nobody serves or that count nothing."""
    tidy = csr_array(covers)
    tidy.sort_indices()
    groups: dict[bytes, int] = {}
    first: list[int] = []
    total: list[float] = []
    for i in np.flatnonzero((np.diff(tidy.indptr) > 0) & (weight > 0)):
        key = tidy.indices[tidy.indptr[i] : tidy.indptr[i + 1]].tobytes()
        if key not in groups:
            groups[key] = len(first)
            first.append(int(i))
            total.append(0.0)
        total[groups[key]] += float(weight[i])
    return tidy[first], np.array(total)


def _without_idle(covers: csr_array, weight: FloatArray, cost: FloatArray, chosen: BoolArray) -> BoolArray:
    """Drop chosen candidates, dearest first, whose places others serve as well."""
    kept = chosen.copy()
    by_candidate = covers.tocsc()
    times = np.asarray(covers @ kept.astype(np.float64))
    for j in sorted(np.flatnonzero(chosen), key=lambda candidate: (-cost[candidate], candidate)):
        places = by_candidate.indices[by_candidate.indptr[j] : by_candidate.indptr[j + 1]]
        if not (weight[places[times[places] == 1]] > 0).any():
            kept[j] = False
            times[places] -= 1
    return kept


def _ranked(problem: SitingProblem, weight: FloatArray, chosen: BoolArray) -> pd.DataFrame:
    """Return the table of candidates, the chosen ones in the order of what they add for their cost."""
    by_candidate = problem.covers.tocsc()
    left = np.ones(problem.n_demand, dtype=np.bool_)
    rank = pd.array([pd.NA] * problem.n_candidates, dtype="Int64")
    added = {name: pd.array([pd.NA] * problem.n_candidates, dtype="Float64") for name in get_args(Objective)}
    waiting = np.flatnonzero(chosen).tolist()

    def new_places(candidate: int) -> npt.NDArray[np.int32]:
        places = by_candidate.indices[by_candidate.indptr[candidate] : by_candidate.indptr[candidate + 1]]
        fresh: npt.NDArray[np.int32] = places[left[places]]
        return fresh

    for place in range(1, len(waiting) + 1):
        gains = {j: float(weight[new_places(j)].sum()) / max(float(problem.cost[j]), 1e-12) for j in waiting}
        best = max(waiting, key=lambda candidate: (gains[candidate], -candidate))
        fresh = new_places(best)
        rank[best] = place
        added["crime"][best] = float(problem.crime[fresh].sum())
        added["concern"][best] = float(problem.concern[fresh].sum())
        left[fresh] = False
        waiting.remove(best)
    return pd.DataFrame(
        {
            "chosen": chosen,
            "rank": rank,
            "cost": problem.cost,
            "crime_alone": problem.covers.T @ problem.crime,
            "concern_alone": problem.covers.T @ problem.concern,
            "crime_added": added["crime"],
            "concern_added": added["concern"],
        }
    )


def _summary(plan: dict[str, Any], n_used: int, reading: str, warnings: tuple[Notice, ...]) -> Summary:
    """Describe a choice."""
    return Summary(
        method="Budgeted maximal coverage",
        parameters=plan,
        n_used=n_used,
        excluded={},
        crs="",
        study_area_km2=0.0,
        reading=reading,
        warnings=warnings,
    )


def _unproven(gap: float) -> Notice:
    """Tell that time ran out."""
    message = f"The time ran out before the choice was proven best; another may serve up to {gap:.1%} more."
    return Notice("not_proven", message)
