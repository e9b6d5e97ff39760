"""A map of a plan that replaces another: who moves, from where to where, and why beats are not as asked for."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from map_frames import context

from analysis.beats.comparison import compare_plans
from analysis.beats.drawn import drawn_plan
from analysis.beats.problem import beat_problem
from app.beats.changes import moved_between, moved_by_plan, with_changes
from app.maps.documents import beat_map


@pytest.fixture
def row_of_six():
    """Six squares of 2,000 residents in a row; beats A and B of three each."""
    squares = [shapely.box(x, 4_500_000, x + 500, 4_500_500) for x in range(500_000, 503_000, 500)]
    columns = {"people": [2000] * 6, "now": list("AAABBB")}
    frame = gpd.GeoDataFrame(columns, geometry=squares, crs="EPSG:32634", index=[f"u{own}" for own in range(6)])
    return beat_problem(frame, residents="people", current="now")


def table(problem, names):
    return pd.DataFrame({"unit_id": problem.unit_ids, "beat_id": list(names)})


def test_moved_areas_are_joined_by_the_beats_they_leave_and_enter(row_of_six):
    before, after = table(row_of_six, "AAABBB"), table(row_of_six, "AABBBC")
    moved = moved_between(row_of_six, before, after, compare_plans(row_of_six, before, after))
    assert moved[["beat_before", "beat_after", "units", "residents"]].values.tolist() == [
        ["A", "B", 1, 2000], ["B", "C", 1, 2000],
    ]  # fmt: skip
    assert moved.area.tolist() == [250_000.0, 250_000.0]


def test_the_map_shows_who_moves_and_what_beats_were(row_of_six):
    before, after = table(row_of_six, "AAABBB"), table(row_of_six, "AABBBB")
    comparison = compare_plans(row_of_six, before, after, officers_before={"A": "7"}, officers_after={"A": "7"})
    plan = drawn_plan(row_of_six, np.array([0, 0, 1, 1, 1, 1]), ["A", "B"])
    frame = with_changes(plan.frame, comparison)
    moved = moved_between(row_of_six, before, after, comparison)
    document = beat_map(frame, context(), moved=moved, reasons={"B": "Beat 'B' has 1,000 residents too many."})
    for told in ("From beat", "Residents who come", "Officer before", "2,000 (17%)", "1,000 residents too many"):
        assert told in document
    assert moved_by_plan(plan).residents.tolist() == [2000]


def test_where_nobody_moves_the_map_says_so(row_of_six):
    plan = drawn_plan(row_of_six, np.array([0, 0, 0, 1, 1, 1]), ["A", "B"])
    document = beat_map(plan.frame, context(), moved=moved_by_plan(plan))
    assert "Nobody changes beat" in document
    assert "0 (0%)" in document


def test_the_bar_of_a_beat_shows_its_workload_against_the_mean(row_of_six):
    plan = drawn_plan(row_of_six, np.array([0, 0, 0, 0, 1, 1]), ["A", "B"])
    document = beat_map(plan.frame, context())
    assert "█" * 7 + " 133%" in document or "\\u2588" * 7 + " 133%" in document
    idle = beat_map(plan.frame.assign(workload=0.0), context())
    assert "█ " not in idle
    assert "\\u2588 " not in idle
