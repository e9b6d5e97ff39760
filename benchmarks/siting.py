"""Choice of fixes under a budget: 2,000 places of demand, 300 candidates, against the same model by PuLP with CBC."""

from __future__ import annotations

import numpy as np
import shapely

from analysis.siting.choice import choose_fixes
from analysis.siting.problem import SitingProblem, siting_problem
from benchmarks.report import Row, Section, Timing, measure, peak_mb

N_DEMAND, N_CANDIDATES = 2000, 300
BUDGET = 60_000
TARGET_S = 0.5
LONGEST_S = 120


def run() -> Section:
    """Measure coverage and the proven choice for candidates of three reaches."""
    rows = []
    for reach in (50.0, 100.0, 150.0):

        def ours(reach: float = reach) -> object:
            return choose_fixes(_town(reach), BUDGET)

        found = choose_fixes(_town(reach), BUDGET)
        served = found.crime_served / _town(reach).crime.sum()
        note = f"{int(found.chosen.sum())} fixes serve {served:.0%}; {'proven best' if found.proven else 'not proven'}"
        theirs, compared = _pulp(_town(reach), found.crime_served)
        rows.append(
            Row(
                f"reach {reach:g} m",
                measure(ours, runs=3),
                TARGET_S,
                "PuLP with CBC, the same model without ranks",
                theirs,
                peak_mb(ours),
                note + compared,
            )
        )
    return Section(
        "siting",
        "Choice of fixes under a budget",
        f"{N_DEMAND:,} places in 40 clusters, {N_CANDIDATES} candidates of 500 to 5,000, budget {BUDGET:,}: distances, "
        "budgeted maximal coverage to proof, ranks and summary.",
        tuple(rows),
    )


def _pulp(problem: SitingProblem, served: float) -> tuple[Timing | str, str]:
    """Time the model as it is written down with PuLP, and tell whether both serve the same."""
    try:
        import pulp
    except ImportError:
        return "not installed", ""
    rows = np.split(problem.covers.indices, problem.covers.indptr[1:-1])
    reached = [place for place, by in enumerate(rows) if len(by)]
    found: list[float] = []

    def solve() -> None:
        model = pulp.LpProblem("coverage", pulp.LpMaximize)
        chosen = [pulp.LpVariable(f"x{j}", cat="Binary") for j in range(problem.n_candidates)]
        is_served = {place: pulp.LpVariable(f"y{place}", 0, 1) for place in reached}
        model += pulp.lpSum(float(problem.crime[place]) * one for place, one in is_served.items())
        model += pulp.lpSum(float(cost) * one for cost, one in zip(problem.cost, chosen, strict=True)) <= BUDGET
        for place, one in is_served.items():
            model += one <= pulp.lpSum(chosen[j] for j in rows[place])
        model.solve(pulp.PULP_CBC_CMD(msg=False, gapRel=1e-6, timeLimit=LONGEST_S))
        found.append(float(pulp.value(model.objective)))

    timing = measure(solve, runs=2)
    same = abs(found[-1] - served) <= 1e-4 * served
    return timing, "; both serve the same" if same else f"; PuLP serves {found[-1] / served:.2%} of ours"


def _town(reach_m: float) -> SitingProblem:
    """Return a clustered town, the same each time."""
    random = np.random.default_rng(0)
    centres = np.array([500_000, 4_000_000]) + random.uniform(0, 4000, (40, 2))
    demand = centres[random.integers(0, 40, N_DEMAND)] + random.normal(0, 150, (N_DEMAND, 2))
    places = demand[random.choice(N_DEMAND, N_CANDIDATES, replace=False)] + random.normal(0, 30, (N_CANDIDATES, 2))
    return siting_problem(
        demand[:, 0],
        demand[:, 1],
        shapely.points(places),
        crs="EPSG:32634",
        cost=random.uniform(500, 5000, N_CANDIDATES).round(-2),
        crime=random.gamma(1, 3, N_DEMAND).round(1),
        reach_m=reach_m,
    )
