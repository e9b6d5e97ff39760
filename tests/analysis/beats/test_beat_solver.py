"""The solver: as good as brute force where that is possible, and the same plan for the same seed."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

from analysis import row_blocks
from analysis.beats import search
from analysis.beats.energy import FOUR_PI
from analysis.beats.graph import components
from analysis.beats.problem import beat_problem
from analysis.beats.solver import solve_beats
from analysis.errors import ParameterError


def partitions(n, k):
    """All ways to divide n units into exactly k beats, as restricted growth strings."""

    def extend(prefix, used):
        if len(prefix) == n:
            if used == k:
                yield np.array(prefix)
            return
        for label in range(min(used + 1, k)):
            yield from extend([*prefix, label], max(used, label + 1))

    yield from extend([0], 1)


def energy(problem, beat):
    """The energy of the methods, written out once more and apart from the kernels."""
    count = beat.max() + 1
    residents = np.bincount(beat, problem.residents)
    workload = np.bincount(beat, problem.workload)
    edges = problem.contiguity.edges
    inner = edges.select(beat[edges.first] == beat[edges.second])
    perimeter = np.bincount(beat, problem.perimeter_m) - 2 * np.bincount(
        beat[inner.first], inner.border_m, minlength=count
    )
    compact = FOUR_PI * np.bincount(beat, problem.area_m2) / perimeter**2
    low, high = problem.min_residents, problem.max_residents
    breach = np.maximum(0, (low - residents) / low) + np.maximum(0, (residents - high) / high)
    uneven = workload / (workload.sum() / count) - 1
    ragged = np.maximum(0, 0.5 - compact)
    return (20 * (breach + breach**2) + uneven**2 + 0.5 * (1 - compact + 20 * ragged**2)).sum(), int((breach > 0).sum())


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("k", [2, 3])
def test_equals_brute_force_on_nine_units(grid, seed, k):
    rng = np.random.default_rng(seed)
    units = grid(rng.integers(0, 2400, (3, 3)).tolist(), work=rng.gamma(1.0, 5.0, 9))
    total = int(units.people.sum())
    low, high = total // (k * 2), min(total, total * 2 // k)
    units["people"] = units.people.clip(upper=high)
    problem = beat_problem(units, residents="people", workload="work", min_residents=low, max_residents=high, beats=k)
    edges = problem.contiguity.edges
    best = min(
        (
            energy(problem, beat)[::-1]
            for beat in partitions(9, k)
            if components(edges.select(beat[edges.first] == beat[edges.second]), 9)[0] == k
        ),
    )
    plan = solve_beats(problem, seed=seed)
    found = energy(problem, plan.beat_of_unit)[::-1]
    assert found[0] == best[0]
    np.testing.assert_allclose(found[1], best[1], rtol=1e-9)


def test_same_seed_same_plan_and_other_seed_other_plan(grid):
    rng = np.random.default_rng(3)
    problem = beat_problem(grid(rng.integers(0, 500, (20, 20)).tolist()), residents="people")
    first, again, other = (solve_beats(problem, seed=seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first.beat_of_unit, again.beat_of_unit)
    assert (first.beat_of_unit != other.beat_of_unit).any()


def test_number_of_threads_does_not_change_the_plan(grid, monkeypatch):
    rng = np.random.default_rng(4)
    problem = beat_problem(grid(rng.integers(0, 500, (15, 15)).tolist()), residents="people")
    many = solve_beats(problem, seed=1)
    monkeypatch.setattr(search, "thread_count", lambda: 1)
    np.testing.assert_array_equal(many.beat_of_unit, solve_beats(problem, seed=1).beat_of_unit)
    assert row_blocks.thread_count() >= 1


SCRIPT = """
import hashlib, numpy as np
from benchmarks.cities import block_city
from analysis.beats.problem import beat_problem
from analysis.beats.solver import solve_beats
plan = solve_beats(beat_problem(block_city(300, 2), residents="residents", workload="workload"), seed=9)
print(hashlib.sha256(plan.beat_of_unit.tobytes()).hexdigest())
"""


def test_another_process_finds_the_same_plan(pytestconfig):
    from benchmarks.cities import block_city

    plan = solve_beats(beat_problem(block_city(300, 2), residents="residents", workload="workload"), seed=9)
    environment = {**os.environ, "PYTHONHASHSEED": "77", "OMP_NUM_THREADS": "1"}
    output = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=pytestconfig.rootpath,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert output.strip() == hashlib.sha256(plan.beat_of_unit.tobytes()).hexdigest()


def test_fixed_number_of_beats_is_kept(grid):
    problem = beat_problem(grid([[400] * 10] * 10), residents="people", beats=8)
    assert len(solve_beats(problem).frame) == 8


@pytest.mark.parametrize("beats", [5, 14])
def test_number_of_beats_that_cannot_be_is_refused_with_the_range(grid, beats):
    problem = beat_problem(grid([[400] * 10] * 10), residents="people", beats=beats)
    with pytest.raises(ParameterError, match="6 to 13 beats"):
        solve_beats(problem)


def test_progress_rises_to_one_and_may_abandon_the_search(grid):
    problem = beat_problem(grid([[400] * 10] * 10), residents="people")
    seen = []
    solve_beats(problem, progress=lambda share, text: seen.append((share, text)))
    shares = [share for share, _ in seen]
    assert shares == sorted(shares)
    assert shares[0] == 0.0
    assert shares[-1] == 1.0
    assert all(text for _, text in seen)

    def stop(share, _text):
        if share > 0.3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        solve_beats(problem, progress=stop)


def test_beats_are_named_in_rows_from_north_west(grid):
    plan = solve_beats(beat_problem(grid([[4000, 4000], [4000, 4000]]), residents="people"))
    names = dict(plan.assignments.itertuples(index=False))
    assert names == {"1-0": "B001", "1-1": "B002", "0-0": "B003", "0-1": "B004"}


def test_report_holds_the_figures(grid):
    units = grid([[2000, 2000, 2000, 2000]], work=[1.0, 1.0, 1.0, 5.0])
    plan = solve_beats(beat_problem(units, residents="people", workload="work"))
    report = plan.report.to_dict()
    assert report["beats"] == report["within_bounds"] == report["contiguous"] == 2
    assert (report["residents_min"], report["residents_max"]) == (4000, 4000)
    assert report["workload_max"] == 6.0
    assert report["workload_bound"] == 5.0
    assert report["workload_gap"] == pytest.approx(0.2)
    assert report["workload_cv"] == pytest.approx(0.5)
    assert report["moved_residents"] is None
    np.testing.assert_allclose(plan.frame.polsby_popper, 4 * np.pi * plan.frame.area / plan.frame.length**2)
    assert plan.summary.seed == 0
    assert plan.summary.n_used == 4
    assert plan.summary.study_area_km2 == pytest.approx(0.04)
    assert plan.summary.to_dict()["parameters"]["workload"] == "work"


def test_workload_of_zero_everywhere_falls_back_to_residents_and_says_so(grid):
    plan = solve_beats(beat_problem(grid([[400] * 6] * 6, quiet=[0] * 36), residents="people", workload="quiet"))
    assert plan.frame.within_bounds.all()
    assert [notice.code for notice in plan.summary.warnings] == ["no_workload"]


def test_nobody_lives_here(grid):
    plan = solve_beats(beat_problem(grid([[0, 0], [0, 0]]), residents="people"))
    assert len(plan.frame) == 1
    assert plan.reasons[0].code == "component_below_min"
    assert plan.report.workload_cv == 0.0
