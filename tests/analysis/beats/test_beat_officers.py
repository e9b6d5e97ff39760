"""Officers: whom residents know first, then distance; vacancies and surplus are said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from analysis.beats.matching import cheapest_pairs
from analysis.beats.officers import assign_officers
from analysis.beats.problem import beat_problem
from analysis.beats.solver import solve_beats
from analysis.errors import ParameterError, UnitsError


@pytest.fixture
def row_of_four(grid):
    """Beats B001 to B004 from west to east, a kilometre wide each."""
    return solve_beats(beat_problem(grid([[4000] * 4], cell_m=1000.0), residents="people"))


def test_nearest_station_wins(row_of_four):
    officers = pd.DataFrame({"officer_id": list("abcd"), "station_x": [3500, 2500, 1500, 500], "station_y": [500] * 4})
    matching = assign_officers(row_of_four, officers)
    assert matching.officer_of_beat == {"B001": "d", "B002": "c", "B003": "b", "B004": "a"}
    assert matching.vacancies == matching.surplus == matching.reasons == ()
    assert matching.travel_km == dict.fromkeys(row_of_four.beat_ids, 0.0)


def test_known_residents_outweigh_distance(row_of_four):
    officers = pd.DataFrame({"officer_id": list("abcd"), "station_x": [3500, 2500, 1500, 500], "station_y": [500] * 4})
    matching = assign_officers(row_of_four, officers, current_officers={"B001": "a"})
    assert matching.officer_of_beat["B001"] == "a"
    assert matching.kept_residents == 4000


def test_current_beat_column_follows_the_plan_in_force(grid):
    units = grid([[2000] * 8], now=["east" if column > 3 else "west" for column in range(8)])
    plan = solve_beats(beat_problem(units, residents="people", current="now", max_residents=9000, beats=2))
    officers = pd.DataFrame({"officer_id": [1, 2], "current_beat": ["east", "west"]})
    matching = assign_officers(plan, officers)
    assert matching.officer_of_beat == {"east": 1, "west": 2}
    assert matching.kept_residents == 16000


def test_unknown_current_beat_is_reported(row_of_four):
    officers = pd.DataFrame({"officer_id": list("abcd"), "current_beat": ["B001", "Z9", None, ""]})
    matching = assign_officers(row_of_four, officers)
    assert [reason.code for reason in matching.reasons] == ["unknown_beat"]
    assert "'Z9'" in matching.reasons[0].message
    assert matching.officer_of_beat["B001"] == "a"


def test_vacancies_and_surplus(row_of_four):
    few = assign_officers(row_of_four, pd.DataFrame({"officer_id": ["a", "b"]}))
    assert len(few.vacancies) == 2
    assert [few.officer_of_beat[name] for name in few.vacancies] == [None, None]
    assert few.reasons[0].code == "no_officer"
    many = assign_officers(row_of_four, pd.DataFrame({"officer_id": range(6)}))
    assert len(many.surplus) == 2
    assert many.reasons[0].code == "no_beat"
    none = assign_officers(row_of_four, pd.DataFrame({"officer_id": []}))
    assert none.vacancies == row_of_four.beat_ids


def test_nobody_is_idle_while_a_beat_is_vacant(grid):
    # More stations at one end than candidates considered for each beat: the far beats are paired last.
    plan = solve_beats(beat_problem(grid([[4000] * 60], cell_m=1000.0), residents="people"))
    officers = pd.DataFrame({"officer_id": range(60), "station_x": [0.0] * 60, "station_y": [0.0] * 60})
    matching = assign_officers(plan, officers)
    assert matching.vacancies == matching.surplus == ()
    assert sorted(matching.officer_of_beat.values()) == list(range(60))


def test_part_time_officer_gets_the_smaller_beat(grid):
    plan = solve_beats(beat_problem(grid([[6900, 3100]]), residents="people"))
    officers = pd.DataFrame({"officer_id": ["half", "full"], "capacity": [0.5, None]})
    assert assign_officers(plan, officers).officer_of_beat == {"B001": "full", "B002": "half"}


@pytest.mark.parametrize(
    ("officers", "error", "problem"),
    [
        (pd.DataFrame({"badge": [1]}), UnitsError, "no column 'officer_id'"),
        (pd.DataFrame({"officer_id": ["a", "a"]}), UnitsError, "'a' occurs twice"),
        (pd.DataFrame({"officer_id": ["a", None]}), UnitsError, "Row 2"),
        (pd.DataFrame({"officer_id": ["a"], "station_x": [1.0], "station_y": [None]}), ParameterError, "'a' .row 1"),
        (pd.DataFrame({"officer_id": ["a"], "capacity": [1.5]}), ParameterError, "capacity 1.5"),
        (pd.DataFrame({"officer_id": ["a"], "capacity": ["much"]}), ParameterError, "capacity much"),
    ],
)
def test_impossible_officers(row_of_four, officers, error, problem):
    with pytest.raises(error, match=problem) as refusal:
        assign_officers(row_of_four, officers)
    assert refusal.value.hint


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), rows=st.integers(0, 9), columns=st.integers(0, 9), share=st.floats(0.1, 1.0))
def test_sparse_matching_equals_the_dense_optimum(seed, rows, columns, share):
    rng = np.random.default_rng(seed)
    cost = rng.normal(0, 1000, (rows, columns))
    allowed = rng.uniform(size=cost.shape) < share
    row, column = np.nonzero(allowed)
    found = cheapest_pairs(row, column, cost[row, column], cost.shape)
    paired = np.flatnonzero(found >= 0)
    assert len(set(found[paired].tolist())) == len(paired)
    assert allowed[paired, found[paired]].all()
    # The dense optimum with a price on staying alone that exceeds any saving.
    price = np.hstack([np.where(allowed, cost, 1e9), np.full((rows, rows), 1e6)])
    best_row, best_column = linear_sum_assignment(price)
    real = best_column < columns
    assert len(paired) == real.sum()
    np.testing.assert_allclose(cost[paired, found[paired]].sum(), cost[best_row[real], best_column[real]].sum())
