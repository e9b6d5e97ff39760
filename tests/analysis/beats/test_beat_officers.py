"""Officers: whom residents know first, then distance; vacancies and surplus are said."""

from __future__ import annotations

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.beats.officer_costs import OfficerWeights
from analysis.beats.officers import OfficerConditions, assign_officers
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


def test_officer_goes_where_the_language_is_needed(row_of_four):
    officers = pd.DataFrame({"officer_id": list("abcd"), "languages": ["Latvian", "latvian; Romani", None, []]})
    speakers = {"romani": np.array([0.0, 0.0, 500.0, 0.0]), "latvian": np.array([900.0, 0.0, 900.0, 0.0])}
    matching = assign_officers(row_of_four, officers, speakers=speakers)
    assert matching.officer_of_beat["B003"] == "b"
    assert matching.officer_of_beat["B001"] == "a"


def test_rare_language_counts_more(row_of_four):
    officers = pd.DataFrame({"officer_id": list("abcd"), "languages": ["x", "x", "x", "x,y"]})
    speakers = {"x": np.array([600.0, 400.0, 400.0, 0.0]), "y": np.array([0.0, 0.0, 0.0, 500.0])}
    assert assign_officers(row_of_four, officers, speakers=speakers).officer_of_beat["B004"] == "d"


def test_years_of_service_decide_between_equals(grid):
    units = grid([[2000, 2000]], now=["old", "older"])
    plan = solve_beats(beat_problem(units, residents="people", current="now", min_residents=3000))
    officers = pd.DataFrame(
        {"officer_id": [1, 2], "current_beat": ["old", "older"], "serves_since": ["2024-01-01", "2019-01-01"]}
    )
    (holder,) = assign_officers(plan, officers, today=dt.date(2025, 1, 1)).officer_of_beat.values()
    assert holder == 2


def test_stations_by_name(row_of_four):
    stations = pd.DataFrame({"station": ["West", "East"], "x": [0.0, 4000.0], "y": [500.0, 500.0]})
    officers = pd.DataFrame({"officer_id": list("abcd"), "station": ["East", "East", " West", "West"]})
    matching = assign_officers(row_of_four, officers, stations=stations)
    assert {matching.officer_of_beat["B001"], matching.officer_of_beat["B002"]} == {"c", "d"}
    assert matching.travel_km["B001"] == pytest.approx(0.5)
    officers.loc[3, "station"] = "S9"
    with pytest.raises(ParameterError, match=r"Officer 'd' \(row 4\) belongs to station 'S9'") as refusal:
        assign_officers(row_of_four, officers, stations=stations)
    assert "East, West" in refusal.value.hint


def test_forbidden_and_locked_pairs(row_of_four):
    officers = pd.DataFrame({"officer_id": list("abcd")})
    conditions = OfficerConditions(forbidden=[("a", "B001"), ("a", "B002")], locked=[("b", "B003")])
    matching = assign_officers(row_of_four, officers, conditions=conditions)
    assert matching.officer_of_beat["B004"] == "a"
    assert matching.officer_of_beat["B003"] == "b"
    assert matching.reasons == ()


def test_hall_violator_is_named(row_of_four):
    officers = pd.DataFrame({"officer_id": list("abcd")})
    barred = [(badge, beat) for beat in ("B002", "B003", "B004") for badge in "cd"] + [("b", "B002"), ("b", "B004")]
    matching = assign_officers(row_of_four, officers, conditions=OfficerConditions(forbidden=barred))
    assert len(matching.vacancies) == 1
    assert [reason.code for reason in matching.reasons] == ["too_few_candidates", "no_beat"]
    assert matching.reasons[0].message == "Beats B002, B004 need 2 officers, but only 1 can serve there: a."


def test_longest_way_leaves_far_beats_vacant(row_of_four):
    officers = pd.DataFrame({"officer_id": list("abcd"), "station_x": [500.0] * 4, "station_y": [500.0] * 4})
    matching = assign_officers(row_of_four, officers, conditions=OfficerConditions(max_travel_km=1.5))
    assert matching.vacancies == ("B003", "B004")
    assert "nobody can serve there" in matching.reasons[0].message


def test_crowded_unit_gets_several_officers(grid):
    plan = solve_beats(beat_problem(grid([[4000, 15000, 4000]]), residents="people"))
    officers = pd.DataFrame({"officer_id": list("abcdef")})
    many = assign_officers(plan, officers, conditions=OfficerConditions(several=True))
    assert sorted(map(len, many.officers_of_beat.values())) == [1, 1, 3]
    assert many.surplus == ("f",)
    short = assign_officers(plan, officers[:4], conditions=OfficerConditions(several=True))
    assert len(short.vacancies) == 1
    assert "4 officers for 5 posts" in short.reasons[0].message
    assert sorted(map(len, assign_officers(plan, officers).officers_of_beat.values())) == [1, 1, 1]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), few=st.booleans())
def test_matching_of_a_town_is_the_optimum_of_its_costs(seed, few):
    rng = np.random.default_rng(seed)
    side = 5
    plan = solve_beats(beat_problem(world_of_beats(rng, side), residents="people"))
    count = side * side - (4 if few else -3)
    officers = pd.DataFrame(
        {
            "officer_id": [f"o{i}" for i in range(count)],
            "station_x": np.where(rng.uniform(size=count) < 0.8, rng.uniform(0, 5000, count), np.nan),
            "station_y": 100.0,
            "capacity": rng.choice([0.5, 1.0], count),
            "current_beat": [f"B{i + 1:03d}" if i % 3 == 0 and i < 25 else None for i in range(count)],
        }
    )
    officers.loc[officers.station_x.isna(), "station_y"] = np.nan
    one = assign_officers(plan, officers)
    shuffled = officers.sample(frac=1.0, random_state=seed)
    other = assign_officers(plan, shuffled)
    assert one.cost == pytest.approx(other.cost, abs=1e-4)
    assert len(one.vacancies) == max(0, 25 - count)
    assert len(one.surplus) == max(0, count - 25)


def world_of_beats(rng, side):
    """Units that are a beat each."""
    squares = [
        shapely.box(x, y, x + 1000, y + 1000) for y in range(0, 1000 * side, 1000) for x in range(0, 1000 * side, 1000)
    ]
    people = rng.integers(3600, 6900, len(squares))
    return gpd.GeoDataFrame({"people": people}, geometry=squares, crs="EPSG:32634")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"conditions": OfficerConditions(forbidden=[("z", "B001")])}, "no officer 'z'"),
        ({"conditions": OfficerConditions(forbidden=[("a", "Z")])}, "no beat 'Z'"),
        ({"conditions": OfficerConditions(locked=[("a", "B001"), ("a", "B002")])}, "twice for officer 'a'"),
        ({"conditions": OfficerConditions(locked=[("a", "B001")], forbidden=[("a", "B001")])}, "both locked"),
        ({"conditions": OfficerConditions(max_travel_km=0.0)}, "longest way"),
        ({"speakers": {"x": np.array([1.0])}}, "speakers of 'x'"),
        ({"stations": pd.DataFrame({"station": ["S"]})}, "no column 'x'"),
        ({"stations": pd.DataFrame({"station": ["S"], "x": [None], "y": [1.0]})}, "no place"),
    ],
)
def test_impossible_conditions(row_of_four, arguments, problem):
    officers = pd.DataFrame({"officer_id": list("abcd"), "station": ["S"] * 4})
    with pytest.raises((ParameterError, UnitsError), match=problem):
        assign_officers(row_of_four, officers, **arguments)


def test_impossible_dates_and_weights(row_of_four):
    officers = pd.DataFrame({"officer_id": ["a"], "serves_since": ["soon"]})
    with pytest.raises(ParameterError, match="'soon', which is not a date"):
        assign_officers(row_of_four, officers, today=dt.date(2025, 1, 1))
    officers["serves_since"] = ["2030-01-01"]
    with pytest.raises(ParameterError, match="after 2025-01-01"):
        assign_officers(row_of_four, officers, today=dt.date(2025, 1, 1))
    with pytest.raises(ParameterError, match="'per_km'"):
        OfficerWeights(per_km=-1.0)
