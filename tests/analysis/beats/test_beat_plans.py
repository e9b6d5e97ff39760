"""Plans from elsewhere: integrity, import with row-level errors, comparison whatever the beats are called."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.beats.comparison import compare_plans
from analysis.beats.conditions import Conditions
from analysis.beats.drawn import drawn_plan
from analysis.beats.importing import preview_assignments
from analysis.beats.integrity import integrity_checks
from analysis.beats.problem import beat_problem
from analysis.beats.solver import solve_beats
from analysis.errors import ParameterError, UnitsError
from benchmarks.cities import block_city

CODES = ["double_assignment", "unassigned", "population_sum", "beat_count", "deviation", "connectivity"]


@pytest.fixture(scope="module")
def city():
    """A town of 600 blocks and a plan for it."""
    units = block_city(600, 3)
    problem = beat_problem(units, residents="residents", workload="workload", hard_boundary="district")
    return problem, solve_beats(problem)


def failed(problem, table):
    checks = integrity_checks(problem, table)
    assert [check.code for check in checks] == CODES
    assert all(check.message.endswith(".") for check in checks)
    return {check.code: check for check in checks if not check.passed}


def test_plan_of_the_solver_passes_and_is_described_alike(city):
    problem, plan = city
    assert set(failed(problem, plan.assignments)) <= ({"deviation"} if plan.reasons else set())
    drawn = drawn_plan(problem, plan.beat_of_unit, plan.beat_ids)
    assert drawn.report.to_dict() | {"reasons": {}} == plan.report.to_dict() | {"reasons": {}}
    assert drawn.summary.method.startswith("Plan drawn by hand")
    assert drawn.frame.drop(columns="reason").equals(plan.frame.drop(columns="reason"))


def test_every_check_finds_its_fault(city):
    problem, plan = city
    table = plan.assignments
    first, other = table.iloc[0], next(name for name in plan.beat_ids if name != table.beat_id[0])
    twice = pd.concat([table, pd.DataFrame({"unit_id": [first.unit_id], "beat_id": [other]})])
    faults = failed(problem, twice)
    assert faults["double_assignment"].unit_ids == (first.unit_id,)
    assert ("population_sum" in faults) == (problem.residents[0] > 0)
    faults = failed(problem, table.iloc[int(np.argmax(problem.residents)) + 1 :])
    assert {"unassigned", "population_sum"} <= set(faults)
    faults = failed(problem, table.assign(beat_id=[f"{unit}" for unit in table.unit_id]))
    assert set(faults) == {"beat_count", "deviation"}
    assert faults["deviation"].beat_ids
    faults = failed(problem, table.assign(beat_id="one"))
    assert set(faults) == {"beat_count", "deviation", "connectivity"}
    assert faults["connectivity"].beat_ids == ("one",)


def test_same_row_twice_is_no_double_assignment(city):
    problem, plan = city
    assert "double_assignment" not in failed(problem, pd.concat([plan.assignments, plan.assignments]))


def test_nothing_is_assigned(city):
    problem, _ = city
    empty = pd.DataFrame({"unit_id": [], "beat_id": []})
    assert set(failed(problem, empty)) == {"unassigned", "population_sum", "beat_count"}


def test_impossible_tables_for_the_checks(city):
    problem, _ = city
    with pytest.raises(ParameterError, match="Row 1 names unit 'x'"):
        integrity_checks(problem, pd.DataFrame({"unit_id": ["x"], "beat_id": ["B"]}))
    with pytest.raises(UnitsError, match="no column 'beat_id'"):
        integrity_checks(problem, pd.DataFrame({"unit_id": ["x"]}))


def test_import_names_every_bad_row(grid):
    problem = beat_problem(grid([[2000] * 4]), residents="people")
    table = pd.DataFrame(
        {
            "unit_id": ["0-0", "0-9", None, "0-1 ", "0-0", "0-2"],
            "beat_id": [1.0, 1.0, 2.0, 2.0, 2.0, None],
        }
    )
    preview = preview_assignments(problem, table)
    assert [(error.row, error.code) for error in preview.errors] == [
        (2, "unknown_unit"),
        (3, "missing_unit"),
        (5, "repeated_unit"),
        (6, "missing_beat"),
    ]
    assert "row 1" in preview.errors[2].message
    assert all(error.hint for error in preview.errors)
    assert preview.beat_ids == ("1", "2")
    assert preview.beat_of_unit.tolist() == [0, 1, -1, -1]
    assert preview.missing == ("0-2", "0-3")
    assert not preview.complete
    assert [check.code for check in preview.checks] == CODES
    with pytest.raises(ParameterError, match="'0-2', '0-3' have no beat"):
        drawn_plan(problem, preview.beat_of_unit, preview.beat_ids)
    with pytest.raises(UnitsError, match="no column 'unit_id'"):
        preview_assignments(problem, table.drop(columns="unit_id"))


def test_export_and_import_give_the_same_plan(city):
    problem, plan = city
    preview = preview_assignments(problem, plan.assignments.sample(frac=1.0, random_state=1))
    assert preview.complete
    again = drawn_plan(problem, preview.beat_of_unit, preview.beat_ids)
    names = dict(zip(again.assignments.unit_id, again.assignments.beat_id, strict=True))
    assert names == dict(zip(plan.assignments.unit_id, plan.assignments.beat_id, strict=True))


def test_drawn_plan_names_broken_locks_and_hard_boundaries(grid):
    units = grid([[2000] * 6], side=["a"] * 3 + ["b"] * 3)
    conditions = Conditions(locked_units={"0-0": "B"})
    problem = beat_problem(units, residents="people", hard_boundary="side", conditions=conditions)
    plan = drawn_plan(problem, np.array([0, 0, 0, 0, 1, 1]), ["A", "B"])
    codes = {reason.code: reason for reason in plan.reasons}
    assert {"locked_conflict", "crosses_hard_boundary", "above_max"} <= set(codes)
    assert codes["locked_conflict"].unit_ids == ("0-0",)
    assert codes["crosses_hard_boundary"].unit_ids == ("0-3",)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_renumbering_moves_nobody_and_figures_add_up(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, 60))
    units = block_city(n, seed)
    problem = beat_problem(units, residents="residents", workload="workload")
    labels = rng.integers(0, max(2, n // 5), n)
    before = pd.DataFrame({"unit_id": units.unit_id, "beat_id": [f"B{label}" for label in labels]})
    renamed = {name: f"{number}" for number, name in enumerate(rng.permutation(before.beat_id.unique()))}
    same = compare_plans(problem, before, before.assign(beat_id=before.beat_id.map(renamed)))
    assert same.moved_units == same.moved_residents == 0
    assert {old: new for new, old in same.continues.items()} == renamed
    after = pd.DataFrame({"unit_id": units.unit_id, "beat_id": [f"N{x}" for x in rng.integers(0, 4, n)]})
    found = compare_plans(problem, before, after)
    assert found.beats.residents_after.sum() == found.beats.residents_before.sum() == problem.residents.sum()
    assert found.beats.workload_after.sum() == pytest.approx(problem.workload.sum())
    assert found.beats.residents_in.sum() == found.beats.residents_out.sum() == found.moved_residents
    assert found.moved_units == len(found.moved_unit_ids)
    assert len([name for name in found.continues.values() if name]) + len(found.ended) == before.beat_id.nunique()


def test_who_keeps_the_officer(grid):
    problem = beat_problem(grid([[1000, 2000, 3000, 4000]]), residents="people")
    before = pd.DataFrame({"unit_id": ["0-0", "0-1", "0-2", "0-3"], "beat_id": ["A", "A", "B", "C"]})
    after = before.assign(beat_id=["X", "X", "X", "Y"])
    found = compare_plans(
        problem, before, after, officers_before={"A": 1, "B": 2, "C": 3}, officers_after={"X": 2, "Y": 4}
    )
    assert found.kept_officer_residents == 3000
    assert found.continues["Y"] == "C"
    assert found.moved_residents == 3000
    table = found.officers.set_index("officer_id")
    assert table.changes.to_dict() == {1: True, 2: False, 3: True, 4: True}
    assert table.loc[2, ["residents_before", "residents_after", "residents_kept"]].tolist() == [3000, 6000, 3000]
    assert compare_plans(problem, before, after).kept_officer_residents is None


@pytest.mark.parametrize(
    ("table", "error", "problem_text"),
    [
        (pd.DataFrame({"unit_id": ["q"], "beat_id": ["A"]}), ParameterError, "'q' of the later plan .row 1. does not"),
        (pd.DataFrame({"unit_id": ["0-0"] * 2, "beat_id": ["A"] * 2}), ParameterError, "occurs twice"),
        (pd.DataFrame({"unit_id": ["0-0"]}), UnitsError, "no column 'beat_id'"),
    ],
)
def test_impossible_comparisons(grid, table, error, problem_text):
    problem = beat_problem(grid([[4000]]), residents="people")
    good = pd.DataFrame({"unit_id": ["0-0"], "beat_id": ["A"]})
    with pytest.raises(error, match=problem_text):
        compare_plans(problem, good, table)
