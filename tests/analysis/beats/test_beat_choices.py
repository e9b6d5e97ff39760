"""Settings between compact and even, several kinds of work, and the least change to a plan in force."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.beats.problem import beat_problem
from analysis.beats.redraw import redraw_beats
from analysis.beats.solver import solve_beats
from analysis.beats.trade_off import trade_off
from analysis.beats.weights import Weights
from analysis.beats.workload import combined_workload
from analysis.errors import ParameterError
from benchmarks.cities import block_city


@pytest.fixture(scope="module")
def broken_city():
    """A plan in which a quarter of the beats grew out of bounds or shrank below them."""
    city = block_city(2000, 5)
    city["now"] = solve_beats(
        beat_problem(city, residents="residents", workload="workload"), seed=1
    ).assignments.beat_id
    totals = city.groupby("now").residents.sum()
    chosen = np.random.default_rng(5).choice(totals.index, len(totals) // 4, replace=False)
    for number, name in enumerate(chosen):
        inside = city.now == name
        factor = (7600 if number % 2 else 2600) / totals[name]
        city.loc[inside, "residents"] = (city.residents[inside] * factor).round().astype(int)
    assert (~city.groupby("now").residents.sum().between(3000, 7000)).mean() > 0.2
    return city


def test_least_change_keeps_91_percent_of_residents_with_their_officer(broken_city):
    problem = beat_problem(broken_city, residents="residents", workload="workload", current="now")
    plan = redraw_beats(problem, seed=1)
    assert plan.frame.within_bounds.all()
    assert plan.frame.contiguous.all()
    assert plan.report.kept_share >= 0.95
    full = solve_beats(problem, seed=1)
    assert full.frame.within_bounds.all()
    assert full.report.kept_share >= 0.91
    np.testing.assert_array_equal(plan.beat_of_unit, redraw_beats(problem, seed=1).beat_of_unit)


def test_beats_far_from_broken_ones_stay_unit_by_unit(grid):
    units = grid([[500] * 40] * 2, now=[f"B{column // 5 + 1:02d}" for _ in range(2) for column in range(40)])
    units.loc[units.now == "B01", "people"] = 900
    plan = redraw_beats(beat_problem(units, residents="people", current="now"))
    assert plan.frame.within_bounds.all()
    after = plan.assignments.beat_id
    assert (after == units.now)[units.now >= "B03"].all()
    assert plan.report.moved_residents <= 4500


def test_plan_that_is_fine_is_left_alone(grid):
    units = grid([[500] * 20] * 2, now=[f"B{column // 5}" for _ in range(2) for column in range(20)])
    plan = redraw_beats(beat_problem(units, residents="people", current="now"))
    assert plan.report.moved_residents == 0
    assert (plan.assignments.beat_id == units.now).all()


def test_least_change_needs_a_plan_in_force(grid):
    with pytest.raises(ParameterError, match="no plan in force"):
        redraw_beats(beat_problem(grid([[500] * 10]), residents="people"))


def test_five_plans_lead_from_compact_to_even():
    problem = beat_problem(block_city(1000, 1), residents="residents", workload="workload")
    told = []
    points = trade_off(problem, progress=lambda share, message: told.append((share, message)))
    reports = [point.plan.report for point in points]
    assert [point.evenness for point in points] == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert reports[-1].workload_cv < reports[2].workload_cv < reports[0].workload_cv
    assert reports[-1].polsby_popper_mean < reports[0].polsby_popper_mean
    assert not all(point.surpassed for point in points)
    assert told[-1] == (1.0, "plan 5 of 5: done")
    assert [share for share, _ in told] == sorted(share for share, _ in told)


@pytest.mark.parametrize("evenness", [-0.1, 1.1, float("nan")])
def test_evenness_is_from_0_to_1(evenness):
    with pytest.raises(ParameterError, match="evenness"):
        Weights().with_evenness(evenness)


def test_middle_of_the_setting_changes_nothing():
    assert Weights().with_evenness(0.5) == Weights()


def test_several_kinds_of_work_have_their_share(grid):
    units = grid([[500] * 4] * 4, calls=range(16), reports=[7] * 16)
    problem = beat_problem(units, residents="people", workload={"calls": 3.0, "reports": 1.0})
    np.testing.assert_allclose(problem.workload, 0.75 * np.arange(16) / 7.5 + 0.25)
    assert problem.columns["workload"] == "3 calls + 1 reports"
    assert solve_beats(problem).summary.parameters["workload"] == "3 calls + 1 reports"


def test_one_kind_of_work_keeps_its_unit(grid):
    units = grid([[500] * 4] * 4, calls=range(16))
    problem = beat_problem(units, residents="people", workload={"calls": 3.0})
    np.testing.assert_array_equal(problem.workload, np.arange(16))


def test_kind_of_work_that_is_zero_everywhere_adds_nothing():
    work = combined_workload({"a": np.array([1.0, 3.0]), "b": np.zeros(2)}, {"a": 1.0, "b": 1.0})
    np.testing.assert_allclose(work, [0.25, 0.75])


@pytest.mark.parametrize("weights", [{"a": -1.0, "b": 2.0}, {"a": float("nan")}, {"a": 0.0, "b": 0.0}])
def test_weights_of_work_must_make_sense(weights):
    with pytest.raises(ParameterError, match=r"weight"):
        combined_workload({kind: np.ones(2) for kind in weights}, weights)


def test_heavy_tailed_workload_is_even_and_compact_at_4000_blocks():
    report = solve_beats(beat_problem(block_city(4000, 1), residents="residents", workload="workload")).report
    assert report.within_bounds == report.beats
    assert report.contiguous == report.beats
    assert report.workload_cv <= 0.33
    assert report.polsby_popper_mean >= 0.61
