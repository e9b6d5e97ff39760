"""The proof against brute force, and the solver against the proof."""

from __future__ import annotations

import importlib
import itertools

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.beats.bounds import least_peak, least_variation
from analysis.beats.drawn import drawn_plan
from analysis.beats.graph import components
from analysis.beats.problem import beat_problem
from analysis.beats.proof import prove
from analysis.beats.report import beat_totals
from analysis.beats.solver import solve_beats
from analysis.beats.voronoi import voronoi_cells
from analysis.beats.weights import Weights
from analysis.errors import ParameterError


def zone(seed: int, n: int, mean: int) -> gpd.GeoDataFrame:
    """Voronoi cells with residents around ``mean`` and heavy-tailed calls."""
    rng = np.random.default_rng(seed)
    cells = voronoi_cells(shapely.points(rng.uniform(0, 3000, (n, 2)))).polygons
    return gpd.GeoDataFrame(
        {
            "people": rng.integers(int(0.3 * mean), int(1.7 * mean), n),
            "calls": rng.poisson(rng.gamma(0.8, 20, n)),
        },
        geometry=cells,
        crs="EPSG:32634",
    )


def brute_force(problem, beats):
    """Smallest largest workload of all divisions into connected beats within the bounds, infinite without any."""
    edges, n, best = problem.contiguity.edges, problem.n_units, np.inf
    for labels in itertools.product(range(beats), repeat=n):
        beat = np.array(labels)
        if len(set(labels)) < beats or any(labels.index(own) > labels.index(own + 1) for own in range(beats - 1)):
            continue
        residents = np.bincount(beat, problem.residents)
        if residents.min() < problem.min_residents or residents.max() > problem.max_residents:
            continue
        if components(edges.select(beat[edges.first] == beat[edges.second]), n)[0] == beats:
            best = min(best, np.bincount(beat, problem.workload).max())
    return best


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10**6), n=st.integers(3, 8), beats=st.integers(1, 3))
def test_proof_and_solver_equal_brute_force(seed, n, beats):
    units = zone(seed, n, 5000 * beats // n)
    problem = beat_problem(
        units,
        residents="people",
        workload="calls",
        min_residents=2500,
        max_residents=9000,
        weights=Weights(min_max=True),
    )
    plan = solve_beats(problem, seed=seed)
    proof = prove(plan, time_limit_s=20.0)
    best = brute_force(problem, plan.report.beats)
    assert proof.peak == best
    if np.isfinite(best):
        assert proof.optimal
        assert proof.bound == pytest.approx(best)
        assert plan.report.workload_max == best
    else:
        assert any(group.feasible is False for group in proof.groups)


@pytest.mark.parametrize(
    ("n", "mean", "seed"),
    [(20, 900, 0), (20, 900, 1), (20, 900, 2), (40, 500, 0), (40, 500, 2), (80, 300, 1), (80, 600, 0)],
)
def test_solver_equals_the_proven_optimum(n, mean, seed):
    problem = beat_problem(zone(seed, n, mean), residents="people", workload="calls", weights=Weights(min_max=True))
    plan = solve_beats(problem)
    proof = prove(plan, time_limit_s=30.0)
    assert proof.optimal
    assert proof.plan_peak == proof.peak
    assert proof.plan_gap == proof.gap == 0.0
    assert plan.report.workload_bound <= proof.bound
    assert plan.frame.within_bounds.all()
    assert plan.frame.contiguous.all()
    again = drawn_plan(problem, proof.beat_of_unit, [str(own) for own in range(plan.report.beats)])
    assert again.report.workload_max == proof.peak
    assert again.frame.within_bounds.all()
    assert again.frame.contiguous.all()


def test_min_max_gives_the_same_plan_for_the_same_seed_and_beats_the_default():
    units = zone(5, 60, 500)
    problem = beat_problem(units, residents="people", workload="calls", weights=Weights(min_max=True))
    one, two = solve_beats(problem, seed=3), solve_beats(problem, seed=3)
    assert (one.beat_of_unit == two.beat_of_unit).all()
    default = solve_beats(beat_problem(units, residents="people", workload="calls"), seed=3)
    assert one.report.workload_max <= default.report.workload_max
    assert one.report.workload_gap < 0.02


def test_bound_and_gap_are_given_when_time_runs_out():
    problem = beat_problem(zone(0, 80, 900), residents="people", workload="calls")
    proof = prove(solve_beats(problem), time_limit_s=0.2)
    assert 0 < proof.bound <= proof.peak <= proof.plan_peak
    assert proof.gap == pytest.approx(proof.peak / proof.bound - 1)


def test_groups_and_lone_units_enter_the_bound(grid):
    units = grid([[1500, 1500, 9000, 1500, 1500, 1500]], calls=[1, 1, 50, 2, 2, 2])
    plan = solve_beats(beat_problem(units, residents="people", workload="calls"))
    proof = prove(plan)
    assert proof.bound == proof.peak == 50.0
    assert sorted(group.peak for group in proof.groups) == [2.0, 6.0]
    assert beat_totals(plan.problem, proof.beat_of_unit).contiguous.all()


def test_fractional_workload_is_bounded_from_below():
    units = zone(1, 20, 900)
    units["calls"] = units.calls * 0.37 + 0.011
    plan = solve_beats(beat_problem(units, residents="people", workload="calls", weights=Weights(min_max=True)))
    proof = prove(plan, time_limit_s=30.0)
    assert proof.bound <= proof.peak <= plan.report.workload_max + 1e-9
    assert proof.gap <= 1e-6


def test_impossible_proofs(grid, monkeypatch):
    plan = solve_beats(beat_problem(grid([[4000]]), residents="people"))
    with pytest.raises(ParameterError, match="time limit"):
        prove(plan, time_limit_s=0.0)
    large = solve_beats(beat_problem(grid([[300] * 61] * 2), residents="people"))
    with pytest.raises(ParameterError, match="are 122; proofs reach up to 120"):
        prove(large)

    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", absent)
    with pytest.raises(ParameterError, match="OR-Tools, which is not installed") as refusal:
        prove(plan)
    assert "kvart[proof]" in refusal.value.hint


@given(st.lists(st.integers(0, 50), min_size=2, max_size=9), st.integers(1, 4))
def test_bounds_are_never_above_any_division(workload, beats):
    work = np.array(workload, float)
    if beats > len(work) or not work.any():
        return
    loads = [
        np.bincount(labels, work, minlength=beats)
        for labels in map(np.array, itertools.islice(itertools.product(range(beats), repeat=len(work)), 3000))
    ]
    group = np.zeros(len(work), np.int64)
    bound = least_peak(work, group, np.array([beats]), np.array([beats]), beats)
    assert bound <= min(load.max() for load in loads) + 1e-9
    assert least_variation(work, beats) <= min(load.std() / load.mean() for load in loads) + 1e-9
