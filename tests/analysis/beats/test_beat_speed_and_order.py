"""Large towns, threads, budgets of time: the seed alone decides the plan, and a search ends when it is told to."""

from __future__ import annotations

import time

import numpy as np
import pytest

from analysis.beats import division, pieces, repair, search
from analysis.beats.problem import beat_problem
from analysis.beats.solver import solve_beats
from analysis.errors import ParameterError
from benchmarks.cities import block_city


@pytest.fixture(scope="module")
def town():
    return beat_problem(block_city(900, 4), residents="residents", workload="workload")


def test_number_of_threads_does_not_change_the_plan(monkeypatch):
    problem = beat_problem(
        block_city(900, 4), residents="residents", workload="workload", min_residents=4600, max_residents=5300
    )
    plans = []
    for threads in (1, 3):
        for module in (pieces, repair, search):
            monkeypatch.setattr(module, "thread_count", lambda threads=threads: threads)
        plans.append(solve_beats(problem, seed=5).beat_of_unit)
    np.testing.assert_array_equal(*plans)


def test_town_in_pieces_keeps_its_promises_and_depends_on_the_seed_alone(monkeypatch):
    problem = beat_problem(block_city(2500, 1), residents="residents", workload="workload", hard_boundary="district")
    whole = solve_beats(problem, seed=2)
    monkeypatch.setattr(division, "LARGE_UNITS", 100)
    monkeypatch.setattr(pieces, "PIECE_UNITS", 400)
    plans = []
    for threads in (1, 3):
        monkeypatch.setattr(pieces, "thread_count", lambda threads=threads: threads)
        plans.append(solve_beats(problem, seed=2))
    np.testing.assert_array_equal(plans[0].beat_of_unit, plans[1].beat_of_unit)
    assert plans[0].frame.within_bounds.all()
    assert plans[0].frame.contiguous.all()
    zones = [np.unique(problem.zone[plans[0].beat_of_unit == own]) for own in range(len(plans[0].frame))]
    assert all(len(zone) == 1 for zone in zones)
    assert plans[0].report.workload_cv < whole.report.workload_cv + 0.1
    assert plans[0].report.polsby_popper_mean > whole.report.polsby_popper_mean - 0.05


def test_large_redraw_in_pieces_keeps_most_residents(monkeypatch):
    city = block_city(2500, 1)
    city["now"] = solve_beats(beat_problem(city, residents="residents", workload="workload")).assignments.beat_id
    monkeypatch.setattr(division, "LARGE_UNITS", 100)
    monkeypatch.setattr(pieces, "PIECE_UNITS", 400)
    plan = solve_beats(beat_problem(city, residents="residents", workload="workload", current="now"))
    assert plan.report.kept_share > 0.9
    assert plan.frame.contiguous.all()


def test_ample_budget_changes_nothing(town):
    free, bound = solve_beats(town, seed=1), solve_beats(town, seed=1, time_budget_s=60.0)
    np.testing.assert_array_equal(free.beat_of_unit, bound.beat_of_unit)
    assert "cut_short" not in {notice.code for notice in bound.summary.warnings}


def test_small_budget_still_gives_a_plan_and_says_so():
    problem = beat_problem(block_city(12_000, 2), residents="residents", workload="workload")
    solve_beats(problem, time_budget_s=0.01)
    begin = time.perf_counter()
    plan = solve_beats(problem, time_budget_s=0.01)
    assert time.perf_counter() - begin < 5.0
    assert plan.frame.contiguous.all()
    assert "cut_short" in {notice.code for notice in plan.summary.warnings}
    reasoned = {reason.beat_id for reason in plan.reasons}
    assert set(plan.frame.beat_id[~plan.frame.within_bounds]) <= reasoned


def test_cancelled_search_returns_the_best_so_far(town):
    asked = []

    def cancelled():
        asked.append(True)
        return len(asked) > 5

    plan = solve_beats(town, cancelled=cancelled)
    assert plan.frame.contiguous.all()
    assert "cut_short" in {notice.code for notice in plan.summary.warnings}


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf")])
def test_budget_must_be_a_positive_number(town, seconds):
    with pytest.raises(ParameterError, match="time budget"):
        solve_beats(town, time_budget_s=seconds)


def test_error_in_progress_abandons_the_search(town):
    def tell(share, _message):
        if share > 0.3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        solve_beats(town, progress=tell)
