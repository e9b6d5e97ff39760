"""Every typed reason, on a case made by hand."""

from __future__ import annotations

import geopandas as gpd
import shapely

from analysis.beats.problem import beat_problem
from analysis.beats.solver import solve_beats

CRS = "EPSG:32634"


def solved(units, **options):
    plan = solve_beats(beat_problem(units, residents="people", **options))
    return plan, {reason.code: reason for reason in plan.reasons}


def test_unit_over_max_is_a_beat_of_its_own(grid):
    plan, reasons = solved(grid([[400] * 10, [400] * 4 + [9000] + [400] * 5, [400] * 10]))
    reason = reasons["unit_over_max"]
    assert reason.unit_ids == ("1-4",)
    assert "9,000 residents" in reason.message
    assert "2 or more parts" in reason.hint
    flagged = plan.frame.set_index("beat_id").loc[reason.beat_id]
    assert (flagged.residents, flagged.units, flagged.reason) == (9000, 1, "unit_over_max")
    assert plan.frame.within_bounds.sum() == len(plan.frame) - 1


def test_empty_unit_cut_off_by_a_unit_over_max_joins_it(grid):
    plan, reasons = solved(grid([[0, 9000, 2000, 2000]]))
    assert set(reasons["unit_over_max"].unit_ids) == {"0-0", "0-1"}
    assert plan.frame.residents.tolist() == [9000, 4000]
    assert plan.frame.contiguous.all()


def test_island_below_the_minimum_names_the_nearest_unit_and_the_gap():
    shapes = [shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100), shapely.box(242, 0, 300, 100)]
    units = gpd.GeoDataFrame({"people": [2500, 2500, 800], "name": ["a", "b", "isle"]}, geometry=shapes, crs=CRS)
    plan, reasons = solved(units, unit_id="name")
    reason = reasons["component_below_min"]
    assert reason.unit_ids == ("isle",)
    assert "'b', 42 m away" in reason.message
    assert "add the bridge 'isle', 'b' of 42 m" in reason.hint
    assert plan.frame.contiguous.all()
    bridged, reasons = solved(units, unit_id="name", snap_m=45.0)
    assert "component_below_min" not in reasons
    assert len(bridged.frame) == 1


def test_island_far_away_is_found_too():
    shapes = [shapely.box(0, 0, 100, 100), shapely.box(90_000, 0, 90_100, 100)]
    units = gpd.GeoDataFrame({"people": [4000, 10]}, geometry=shapes, crs=CRS)
    _, reasons = solved(units)
    assert "89,900 m away" in reasons["component_below_min"].message


def test_whole_town_below_the_minimum_is_one_flagged_beat(grid):
    plan, reasons = solved(grid([[500, 500], [500, 500]]))
    assert len(plan.frame) == 1
    assert plan.frame.residents[0] == 2000
    assert "at most 2,000" in reasons["component_below_min"].hint
    assert "away" not in reasons["component_below_min"].message


def test_group_behind_a_unit_over_max_is_told_so(grid):
    _, reasons = solved(grid([[500, 9000, 2000, 2000]]))
    assert "itself above the maximum" in reasons["component_below_min"].hint


def test_no_integer_beat_count(grid):
    plan, reasons = solved(grid([[500] * 10]), min_residents=3000, max_residents=4000)
    reason = reasons["no_integer_beat_count"]
    assert "5,000 connected residents" in reason.message
    assert "1 would exceed 4,000 each and 2 would fall below 3,000" in reason.message
    assert not plan.frame.within_bounds.any()
    assert (plan.frame.reason == "no_integer_beat_count").all()


def test_too_few_units_for_the_beats_needed(grid):
    _, reasons = solved(grid([[7000, 7000]]), min_residents=2000, max_residents=7000)
    assert "no_integer_beat_count" not in reasons
    plan, _ = solved(grid([[7000, 7000]]), min_residents=2000, max_residents=7000, beats=2)
    assert plan.frame.within_bounds.all()


def test_zone_that_a_hard_line_leaves_too_small(grid):
    units = grid([[800] * 8], side=["west"] * 6 + ["east"] * 2)
    plan, reasons = solved(units, hard_boundary="side")
    reason = reasons["zone_infeasible"]
    assert reason.message.startswith("Zone 'east'")
    assert "cross the hard boundary to zone 'west'" in reason.hint
    assert set(reason.unit_ids) == {"0-6", "0-7"}
    assert plan.frame.residents.sum() == 6400


def test_zone_without_integer_beat_count(grid):
    units = grid([[500] * 18], side=["west"] * 10 + ["east"] * 8)
    _, reasons = solved(units, hard_boundary="side", min_residents=3000, max_residents=4000)
    assert reasons["zone_infeasible"].message.startswith("Zone 'west'")


def test_coarse_units_are_named_even_when_all_beats_fit(grid):
    plan, reasons = solved(grid([[1500] * 6] * 4))
    assert plan.frame.within_bounds.all()
    coarse = reasons["units_too_coarse"]
    assert coarse.beat_id is None
    assert "1,500 residents" in coarse.message
    assert "at most 600" in coarse.hint


def test_combination_that_cannot_work_is_reported_as_not_found(grid):
    plan, _ = solved(grid([[2500, 6000, 2500]]))
    reason = next(reason for reason in plan.reasons if reason.beat_id is not None)
    assert reason.beat_id in set(plan.frame.beat_id[~plan.frame.within_bounds])
    assert plan.frame.residents.sum() == 11000
    assert "The best plan found" in reason.message


def test_another_number_of_beats_is_tried_where_the_first_fails(grid):
    # 10,000 residents suggest two beats, but only three can keep the bounds.
    plan, _ = solved(grid([[3000, 4000, 3000]]), max_residents=6000)
    assert plan.frame.residents.tolist() == [3000, 4000, 3000]


def test_empty_units_are_absorbed(grid):
    plan, _ = solved(grid([[0, 2000, 0, 2000, 0, 2000, 0, 2000, 0]]))
    assert plan.frame.within_bounds.all()
    assert plan.frame.units.sum() == 9


def test_unit_in_several_parts_is_one_unit():
    shapes = [
        shapely.box(0, 0, 100, 100),
        shapely.MultiPolygon([shapely.box(100, 0, 200, 100), shapely.box(500, 0, 600, 100)]),
        shapely.box(600, 0, 700, 100),
    ]
    units = gpd.GeoDataFrame({"people": [1500, 1500, 1500]}, geometry=shapes, crs=CRS)
    plan, _ = solved(units)
    assert len(plan.frame) == 1
    assert plan.frame.contiguous.all()
    assert plan.frame.geometry[0].geom_type == "MultiPolygon"


def test_blocks_with_the_streets_left_out_are_drawn_into_beats():
    shapes = [shapely.box(112 * x, 112 * y, 112 * x + 100, 112 * y + 100) for y in range(8) for x in range(8)]
    plan, reasons = solved(gpd.GeoDataFrame({"people": [300] * 64}, geometry=shapes, crs=CRS))
    assert reasons == {}
    assert plan.frame.contiguous.all()
    assert [notice.code for notice in plan.summary.warnings] == ["gaps_bridged"]


def test_hundreds_of_islands_are_each_flagged():
    shapes = [shapely.box(500 * x, 500 * y, 500 * x + 100, 500 * y + 100) for y in range(20) for x in range(20)]
    plan, _ = solved(gpd.GeoDataFrame({"people": [300] * 400}, geometry=shapes, crs=CRS))
    assert len(plan.frame) == 400
    assert {reason.code for reason in plan.reasons} == {"component_below_min"}
    assert all("400 m away" in reason.message for reason in plan.reasons)
