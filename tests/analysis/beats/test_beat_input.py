"""Bad input is refused with the unit, row or column at fault and what to do."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from analysis.beats.problem import beat_problem
from analysis.errors import CoordinateError, EmptyInputError, GeometryError, ParameterError, UnitsError


def refused(error, match, units, **options):
    options.setdefault("residents", "people")
    with pytest.raises(error, match=match) as refusal:
        beat_problem(units, **options)
    assert refusal.value.hint
    return refusal.value


@pytest.mark.parametrize("option", ["residents", "workload", "hard_boundary", "unit_id", "current"])
def test_missing_column_names_those_present(grid, option):
    refusal = refused(UnitsError, "no column 'nope'", grid([[1, 2]]), **{option: "nope"})
    assert "unit_id, people" in refusal.hint


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (None, "has no value"),
        (np.nan, "has no value"),
        ("many", "is not a number"),
        (np.inf, "is not finite"),
        (-5, "is negative"),
        (2.5, "not a whole number"),
    ],
)
def test_impossible_residents_name_unit_row_and_column(grid, value, problem):
    units = grid([[1, 2, 3]])
    units["people"] = pd.Series([1, value, 3], dtype=object)
    message = refused(UnitsError, problem, units).message
    assert "'0-1'" in message
    assert "row 2" in message
    assert "'people'" in message


def test_residents_as_whole_floats_or_digits_are_accepted(grid):
    units = grid([[1, 2]])
    units["people"] = [4000.0, 5000.0]
    units["text"] = ["4000", "5000"]
    for column in ("people", "text"):
        problem = beat_problem(units, residents=column)
        assert problem.residents.tolist() == [4000, 5000]
        assert problem.residents.dtype == np.int64


def test_negative_workload(grid):
    refused(UnitsError, "negative in column 'work'", grid([[1, 2]], work=[1.0, -0.5]), workload="work")


def test_unit_without_a_side_of_the_hard_boundary(grid):
    refused(UnitsError, "'0-1'.* no value in column 'side'", grid([[1, 2]], side=["a", None]), hard_boundary="side")


def test_current_beats_may_have_gaps_and_whole_floats_read_as_numbers(grid):
    problem = beat_problem(grid([[1, 2, 3]], now=[7.0, None, 12.0]), residents="people", current="now")
    assert problem.current_names == ("12", "7")
    assert problem.current.tolist() == [1, -1, 0]


def test_unit_ids_must_be_present_and_unique(grid):
    refused(UnitsError, "Unit id 'a' .*rows 1, 3", grid([[1, 2, 3]], name=["a", "b", "a"]), unit_id="name")
    refused(UnitsError, "Row 2 has no unit id", grid([[1, 2]], name=["a", None]), unit_id="name")


def test_unit_ids_default_to_the_column_and_else_to_the_index(grid):
    units = grid([[1, 2]])
    assert beat_problem(units, residents="people").unit_ids.tolist() == ["0-0", "0-1"]
    bare = units.drop(columns="unit_id").set_index(pd.Index([10, 20]))
    assert beat_problem(bare, residents="people").unit_ids.tolist() == [10, 20]


def test_no_units(grid):
    refused(EmptyInputError, "no areal unit", grid([[1]]).iloc[:0])


@pytest.mark.parametrize("crs", [None, "EPSG:4326", "EPSG:2263"])
def test_coordinates_must_be_metres(grid, crs):
    units = grid([[1, 2]])
    refused(CoordinateError, "CRS|metres|coordinate", units.set_crs(crs, allow_override=True))


def test_degrees_under_a_metric_crs(grid):
    refused(CoordinateError, "degrees", grid([[1, 2]], cell_m=0.01))


@pytest.mark.parametrize(
    ("shape", "problem"),
    [
        (None, "has no geometry"),
        (shapely.Polygon(), "has no geometry"),
        (shapely.Polygon([(0, 0), (100, 100), (100, 0), (0, 100)]), "invalid geometry: Self-intersection"),
        (shapely.LineString([(0, 0), (5, 5)]), "is a LineString"),
        (shapely.Point(0, 0), "is a Point"),
    ],
)
def test_impossible_geometry_names_unit_and_row(shape, problem):
    shapes = gpd.GeoSeries([shapely.box(500, 0, 600, 100), shape], crs="EPSG:32634")
    units = gpd.GeoDataFrame({"people": [1, 2], "unit_id": ["x", "y"]}, geometry=shapes)
    message = refused(GeometryError, problem, units).message
    assert "'y' (row 2)" in message


def test_infinite_point():
    shapes = gpd.GeoSeries([shapely.Point(0, 0), shapely.Point(np.inf, 0)], crs="EPSG:32634")
    refused(GeometryError, "invalid geometry", gpd.GeoDataFrame({"people": [1, 2]}, geometry=shapes))


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"min_residents": 0}, "below 1"),
        ({"min_residents": 8000}, "above the maximum"),
        ({"beats": 0}, "0 beats"),
        ({"snap_m": -1.0}, "snap_m"),
        ({"min_shared_m": -1.0}, "min_shared_m"),
    ],
)
def test_impossible_parameters(grid, options, problem):
    refused(ParameterError, problem, grid([[1, 2]]), **options)


def test_overlap_names_both_units(grid):
    units = pd.concat([grid([[1, 2]]), grid([[3]]).assign(unit_id="copy")], ignore_index=True)
    refused(GeometryError, "Units '0-0' and 'copy' overlap", units)


def test_slivers_and_point_units_are_noted():
    shapes = [shapely.box(0, 0, 100, 100), shapely.box(99.8, 0, 200, 100)]
    units = gpd.GeoDataFrame({"people": [4000, 4000]}, geometry=shapes, crs="EPSG:32634")
    assert [notice.code for notice in beat_problem(units, residents="people").notices] == ["slivers"]
    points = [shapely.Point(0, 0), shapely.Point(0, 0), shapely.Point(900, 0)]
    units = gpd.GeoDataFrame({"people": [1, 2, 3]}, geometry=points, crs="EPSG:32634")
    problem = beat_problem(units, residents="people", study_area=shapely.box(-50, -50, 50, 50))
    assert [notice.code for notice in problem.notices] == ["point_units", "same_place", "outside_study_area"]


def test_heights_are_dropped(grid):
    units = grid([[4000, 4000]])
    units.geometry = shapely.force_3d(units.geometry.to_numpy())
    assert not shapely.has_z(beat_problem(units, residents="people").polygons).any()
