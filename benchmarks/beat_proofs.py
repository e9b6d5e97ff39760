"""The busiest beat against the optimum proven by CP-SAT, on zones of up to 80 units."""

from __future__ import annotations

import time
from functools import partial

import geopandas as gpd
import numpy as np
import shapely

from analysis.beats.plan import BeatPlan
from analysis.beats.problem import BeatProblem, beat_problem
from analysis.beats.proof import prove
from analysis.beats.solver import solve_beats
from analysis.beats.voronoi import voronoi_cells
from analysis.beats.weights import Weights
from benchmarks.report import Row, Section, Timing, measure

SIZES = (20, 40, 60, 80)
INSTANCES = 5
PROOF_SECONDS = 60.0


def run() -> Section:
    """Solve and prove zones of each size."""
    about = (
        "Zones of Voronoi cells with heavy-tailed calls, four beats each, `Weights(min_max=True)`. The peer is CP-SAT, "
        f"which begins at our plan and has {PROOF_SECONDS:.0f} s to find a better one or to prove that there is none."
    )
    return Section("beat_proofs", "Beats against the proven optimum", about, tuple(_row(size) for size in SIZES))


def _row(units: int) -> Row:
    """Measure the zones of one size."""
    problems = [_zone(seed, units) for seed in range(INSTANCES)]
    ours = measure(partial(_solve_all, problems), runs=3)
    plans = _solve_all(problems)
    start = time.perf_counter()
    proofs = [prove(plan, time_limit_s=PROOF_SECONDS) for plan in plans]
    taken = Timing((time.perf_counter() - start,))
    equal = sum(proof.plan_peak <= proof.peak * (1 + 1e-9) for proof in proofs)
    settled = sum(proof.optimal for proof in proofs)
    gap = max(proof.plan_gap for proof in proofs)
    within = sum(plan.report.within_bounds == plan.report.beats for plan in plans)
    note = (
        f"{within} of {INSTANCES} plans within bounds; {equal} as good as the best that CP-SAT knows, {settled} of "
        f"them settled by proof; largest gap to the bound {gap:.2%}"
    )
    return Row(f"{INSTANCES} zones of {units} units", ours, peer="CP-SAT", theirs=taken, note=note)


def _solve_all(problems: list[BeatProblem]) -> list[BeatPlan]:
    return [solve_beats(problem) for problem in problems]


def _zone(seed: int, units: int) -> BeatProblem:
    """Return a zone of about 20,000 residents."""
    rng = np.random.default_rng(seed)
    cells = voronoi_cells(shapely.points(rng.uniform(0, 3000, (units, 2)))).polygons
    mean = 20_000 // units
    columns = {
        "people": rng.integers(int(0.3 * mean), int(1.7 * mean), units),
        "calls": rng.poisson(rng.gamma(0.8, 20, units)),
    }
    frame = gpd.GeoDataFrame(columns, geometry=cells, crs="EPSG:32634")
    return beat_problem(frame, residents="people", workload="calls", beats=4, weights=Weights(min_max=True))
