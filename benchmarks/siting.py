"""Choice of fixes under a budget: 2,000 places of demand, 300 candidates."""

from __future__ import annotations

import numpy as np
import shapely

from analysis.siting.choice import choose_fixes
from analysis.siting.problem import SitingProblem, siting_problem
from benchmarks.report import Row, Section, measure, peak_mb

N_DEMAND, N_CANDIDATES = 2000, 300
BUDGET = 60_000
TARGET_S = 0.5


def run() -> Section:
    """Measure coverage and the proven choice for candidates of three reaches."""
    rows = []
    for reach in (50.0, 100.0, 150.0):

        def ours(reach: float = reach) -> object:
            return choose_fixes(_town(reach), BUDGET)

        found = choose_fixes(_town(reach), BUDGET)
        served = found.crime_served / _town(reach).crime.sum()
        note = f"{int(found.chosen.sum())} fixes serve {served:.0%}; {'proven best' if found.proven else 'not proven'}"
        rows.append(Row(f"reach {reach:g} m", measure(ours, runs=3), TARGET_S, peak_mb=peak_mb(ours), note=note))
    return Section(
        "siting",
        "Choice of fixes under a budget",
        f"{N_DEMAND:,} places in 40 clusters, {N_CANDIDATES} candidates of 500 to 5,000, budget {BUDGET:,}: distances, "
        "budgeted maximal coverage to proof, ranks and summary.",
        tuple(rows),
    )


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
