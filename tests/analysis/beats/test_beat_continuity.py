"""A plan in force: residents keep their beat unless that is impossible."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.beats.naming import new_names
from analysis.beats.problem import beat_problem
from analysis.beats.solver import solve_beats
from benchmarks.cities import block_city


def test_plan_in_force_that_is_fine_stays_with_its_names(grid):
    units = grid([[600] * 8] * 8, now=[f"{'NS'[row < 4]}{column // 2}" for row in range(8) for column in range(8)])
    plan = solve_beats(beat_problem(units, residents="people", current="now"))
    assert (plan.assignments.beat_id == units.now).mean() >= 0.9
    assert set(plan.frame.beat_id) == set(units.now)


def test_moved_residents_are_those_whose_beat_changed(grid):
    units = grid([[400] * 12] * 12, now=[f"K{column // 4}" for _ in range(12) for column in range(12)])
    units.loc[::5, "now"] = None
    plan = solve_beats(beat_problem(units, residents="people", current="now"))
    moved = (plan.assignments.beat_id != units.now) & units.now.notna()
    assert plan.report.moved_residents == units.people[moved].sum()
    assert plan.report.kept_share == pytest.approx(1 - units.people[moved].sum() / units.people.sum())
    assert plan.frame.within_bounds.all()


def test_new_beats_get_names_that_are_not_taken(grid):
    units = grid([[1000] * 8] * 8, now=["B001"] * 64)
    plan = solve_beats(beat_problem(units, residents="people", current="now"))
    assert plan.frame.beat_id.is_unique
    assert "B001" in set(plan.frame.beat_id)
    assert len(plan.frame) == 10
    assert plan.frame.within_bounds.all()


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        (("B01", "B02", "B12"), ["B13", "B14"]),
        (("B1", "B2", "B9"), ["B10", "B11"]),
        (("B98", "B99"), ["B100", "B101"]),
        (("111", "277", "2535"), ["2536", "2537"]),
        (("Zona 07", "Zona 08", "Centre"), ["Zona 09", "Zona 10"]),
        (("North", "South", "B001"), ["B002", "B003"]),
        ((), ["B001", "B002"]),
    ],
)
def test_new_names_follow_the_names_in_use(taken, expected):
    names = new_names(taken)
    assert [next(names), next(names)] == expected


@given(st.lists(st.from_regex(r"[A-Z]{0,2}[0-9]{1,4}", fullmatch=True), unique=True, max_size=30))
def test_new_names_are_never_in_use_and_never_repeat(taken):
    fresh = list(islice(new_names(tuple(taken)), 20))
    assert len({*fresh, *taken}) == len(taken) + 20


def test_split_beat_of_a_numbered_plan_gets_the_next_number(grid):
    units = grid([[1000] * 8] * 2, now=["B07"] * 12 + ["B08"] * 4)
    plan = solve_beats(beat_problem(units, residents="people", current="now"))
    assert set(plan.frame.beat_id) == {"B07", "B08", "B09"}


def test_no_beat_of_a_continued_plan_grows_thin_arms():
    city = block_city(700, 3)
    middle = city.geometry.centroid
    city["now"] = [f"B{int(x // 650) + 10 * int(y // 650)}" for x, y in zip(middle.x, middle.y, strict=True)]
    problem = beat_problem(city, residents="residents", workload="workload", current="now")
    for seed in range(3):
        plan = solve_beats(problem, seed=seed)
        assert plan.frame.within_bounds.all()
        assert plan.report.polsby_popper_min > 0.33


def test_group_without_any_beat_today_gets_its_own(grid):
    units = grid([[500] * 24], now=["old"] * 10 + [None] * 14, side=["a"] * 10 + ["b"] * 14)
    plan = solve_beats(beat_problem(units, residents="people", current="now", hard_boundary="side"))
    assert plan.frame.within_bounds.all()
    assert "old" in set(plan.frame.beat_id)
    assert plan.report.moved_residents == 0


def test_too_many_small_beats_are_merged(grid):
    units = grid([[500] * 6] * 6, now=[f"{row}.{column}" for row in range(6) for column in range(6)])
    plan = solve_beats(beat_problem(units, residents="people", current="now"))
    assert plan.frame.within_bounds.all()
    assert set(plan.frame.beat_id) <= set(units.now)


def test_scattered_plan_across_hard_lines_is_put_right(grid):
    rng = np.random.default_rng(1)
    units = grid([[500] * 12] * 6, now=[f"Z{n}" for n in rng.integers(0, 9, 72)], side=["a"] * 36 + ["b"] * 36)
    plan = solve_beats(beat_problem(units, residents="people", current="now", hard_boundary="side"))
    assert plan.frame.contiguous.all()
    assert plan.frame.within_bounds.all()
    assert all(
        units.side.to_numpy()[plan.beat_of_unit == own].tolist() in (["a"] * n, ["b"] * n)
        for own, n in enumerate(plan.frame.units)
    )


def test_most_residents_keep_their_officer_when_a_quarter_of_the_beats_broke():
    city = block_city(2000, 5)
    before = solve_beats(beat_problem(city, residents="residents", workload="workload"), seed=1)
    city["now"] = before.assignments.beat_id
    rng = np.random.default_rng(2)
    names = np.array(before.beat_ids)
    grown = city.now.isin(rng.choice(names, len(names) // 4, replace=False))
    city.loc[grown, "residents"] = (city.residents[grown] * 1.9).round().astype(int)
    problem = beat_problem(city, residents="residents", workload="workload", current="now")
    broken = city.groupby("now").residents.sum().gt(7000).mean()
    after = solve_beats(problem, seed=1)
    assert broken > 0.15
    assert after.frame.within_bounds.all()
    assert after.report.kept_share >= 0.8
    fresh = solve_beats(beat_problem(city, residents="residents", workload="workload"), seed=1)
    assert after.report.workload_cv < 2 * fresh.report.workload_cv
