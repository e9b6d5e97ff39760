"""Officers for thousands of beats, against the dense optimum of scipy on the same costs."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from analysis.beats.drawn import drawn_plan
from analysis.beats.officers import assign_officers
from analysis.beats.plan import BeatPlan
from analysis.beats.problem import beat_problem
from benchmarks.cities import block_city
from benchmarks.report import Row, Section, measure

OFFICERS = 3_000
STATIONS = 60
RUNS = 5
RUNS_OF_PEER = 1


def run() -> Section:
    """Measure the assignment with officers at stations, newcomers only, and an address of their own for each."""
    plan = _plan()
    rng = np.random.default_rng(0)
    officers = _officers(plan, rng)
    fresh = officers.assign(current_beat=None)
    place = plan.problem.polygons[0].bounds, plan.problem.polygons[-1].bounds
    own = officers.assign(
        station_x=rng.uniform(place[0][0], place[1][2], OFFICERS),
        station_y=rng.uniform(place[0][1], place[1][3], OFFICERS),
    )
    rows = (
        _row(plan, officers, f"{STATIONS} stations, seven of ten hold a beat", target=0.3),
        _row(plan, fresh, f"{STATIONS} stations, all are new"),
        _row(plan, own, "each starts from home, seven of ten hold a beat", target=0.3),
    )
    about = (
        "3,000 beats and 3,000 officers, a third of them part-time. Ours is the public function, from the table of "
        "officers to the assignment with its reasons; the peer is scipy's linear_sum_assignment on all nine million "
        "costs, which it is handed ready."
    )
    return Section("officers", "Officers", about, rows)


def _row(plan: BeatPlan, officers: pd.DataFrame, what: str, target: float | None = None) -> Row:
    """Measure one table of officers, and compare the cost with the dense optimum."""
    ours = measure(partial(assign_officers, plan, officers), runs=RUNS)
    matching = assign_officers(plan, officers)
    dense = _dense_costs(plan, officers)
    pairs: list[tuple[np.ndarray, np.ndarray]] = []
    theirs = measure(lambda: pairs.append(linear_sum_assignment(dense)), runs=RUNS_OF_PEER)
    best = float(dense[pairs[-1]].sum())
    note = (
        f"cost {matching.cost:,.3f}, dense optimum {best:,.3f}; {len(matching.vacancies)} vacancies, "
        f"{matching.kept_residents:,} residents keep theirs"
    )
    return Row(what, ours, target, peer="scipy, dense", theirs=theirs, note=note)


def _dense_costs(plan: BeatPlan, officers: pd.DataFrame) -> np.ndarray:
    """Return the cost of every beat with every officer, worked out apart from the solver by the documented formula."""
    problem = plan.problem
    weight = problem.residents + 1e-6
    total = np.bincount(plan.beat_of_unit, weight)
    centre = np.column_stack([np.bincount(plan.beat_of_unit, weight * axis) / total for axis in problem.centres.T])
    station = officers[["station_x", "station_y"]].to_numpy(float)
    way_km = np.hypot(centre[:, :1] - station[:, 0], centre[:, 1:] - station[:, 1]) / 1000.0
    cost = 20.0 * way_km + np.outer(0.1 * plan.totals.residents, 1.0 - officers["capacity"].to_numpy(float))
    place = {name: own for own, name in enumerate(plan.beat_ids)}
    for officer, beat in enumerate(officers["current_beat"].tolist()):
        if beat is not None and not pd.isna(beat):
            cost[place[beat], officer] -= plan.totals.residents[place[beat]]
    return np.asarray(cost)


def _plan() -> BeatPlan:
    """Return a plan in which each of 3,000 units is a beat."""
    side = int(np.ceil(np.sqrt(OFFICERS)))
    city = block_city(side * side).iloc[:OFFICERS]
    city = city.assign(residents=np.random.default_rng(0).integers(3_500, 6_900, len(city)))
    problem = beat_problem(city, residents="residents", workload="workload")
    return drawn_plan(problem, np.arange(OFFICERS), [f"B{own:04d}" for own in range(OFFICERS)])


def _officers(plan: BeatPlan, rng: np.random.Generator) -> pd.DataFrame:
    """Return officers at stations, seven of ten of whom hold a beat."""
    left, bottom, right, top = np.array([shape.bounds for shape in plan.problem.polygons]).T
    stations = np.column_stack(
        [rng.uniform(left.min(), right.max(), STATIONS), rng.uniform(bottom.min(), top.max(), STATIONS)]
    )
    place = stations[rng.integers(0, STATIONS, OFFICERS)]
    holds = rng.permutation(np.array(plan.beat_ids, dtype=object))
    holds[rng.uniform(size=OFFICERS) < 0.3] = None
    return pd.DataFrame(
        {
            "officer_id": np.arange(OFFICERS),
            "station_x": place[:, 0],
            "station_y": place[:, 1],
            "capacity": rng.choice([1.0, 1.0, 0.5], OFFICERS),
            "current_beat": holds,
        }
    )
