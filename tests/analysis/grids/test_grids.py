"""Square grids and counting in them."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import CoordinateError, EmptyInputError, GeometryError, ParameterError
from analysis.grids.lattices import MAX_CELLS
from analysis.grids.square import square_grid, suggest_cell_m

UTM = "EPSG:32616"


def test_cells_share_ground_with_the_study_area_and_touching_is_not_sharing():
    grid = square_grid(shapely.box(0, 0, 1000, 500), 100, crs=UTM)
    assert (grid.n_rows, grid.n_columns, grid.n_cells) == (5, 10, 50)
    assert grid.study_area_km2 == 0.5
    assert grid.bounds == (0, 0, 1000, 500)


def test_the_default_origin_lines_up_with_zero_of_the_crs():
    one = square_grid(shapely.box(1234, 777, 2000, 1500), 100, crs=UTM)
    other = square_grid(shapely.box(-1234, -77, 2000, 1500), 100, crs=UTM)
    assert (one.origin_x, one.origin_y) == (1200, 700)
    assert (other.origin_x, other.origin_y) == (-1300, -100)


def test_an_origin_can_be_given():
    grid = square_grid(shapely.box(0, 0, 1000, 1000), 100, crs=UTM, origin_m=(30.0, -45.0))
    assert (grid.origin_x - 30.0) % 100 == 0
    assert (grid.origin_y + 45.0) % 100 == 0
    assert grid.origin_x <= 0


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)), min_size=3, max_size=9),
    st.sampled_from([37.3, 60.0, 125.0, 400.0]),
)
def test_the_cover_equals_testing_every_cell(corners, cell_m):
    area = shapely.MultiPoint(corners).convex_hull.buffer(20.0)
    hole = area.centroid.buffer(45.0)
    area = area.difference(hole).union(shapely.box(1100, 300, 1250, 420))
    grid = square_grid(area, cell_m, crs=UTM)
    rows, columns = np.indices(grid.inside.shape)
    left, bottom = grid.origin_x + columns * cell_m, grid.origin_y + rows * cell_m
    shared = shapely.area(shapely.intersection(area, shapely.box(left, bottom, left + cell_m, bottom + cell_m)))
    assert (grid.inside | (shared < 1e-2)).all()
    assert (shared[grid.inside] > 0).all()
    assert np.isclose(shared.sum(), area.area)


def test_half_open_cells_by_floor():
    grid = square_grid(shapely.box(0, 0, 300, 300), 100, crs=UTM)
    assert grid.cell_of([0, 99.999, 100, 299.9, 300, -1e-9], [0, 0, 0, 299.9, 0, 0]).tolist() == [0, 0, 1, 8, -1, -1]


@pytest.mark.parametrize("cell_m", [137.3, 0.1, 33.333333, 250.0])
def test_a_point_on_an_edge_lies_in_the_cell_whose_polygon_begins_there(cell_m):
    side = 40
    area = shapely.box(0, 0, side * cell_m, side * cell_m)
    grid = square_grid(area, cell_m, crs=UTM)
    frame = grid.to_frame()
    left, bottom = frame.bounds["minx"].to_numpy(), frame.bounds["miny"].to_numpy()
    assert (grid.cell_of(left, bottom) == frame["cell"]).all()


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.floats(-200, 1200), st.floats(-200, 1200)), min_size=1, max_size=80), st.randoms())
def test_every_event_is_counted_once_inside_or_outside(events, shuffler):
    area = shapely.Point(500, 500).buffer(400)
    grid = square_grid(area, 70, crs=UTM)
    x, y = np.array(events).T
    counted = grid.count(x, y)
    assert counted.counts.sum() + counted.outside == len(events)
    assert counted.counts[~grid.inside].sum() == 0
    shuffler.shuffle(events)
    assert (grid.count(*np.array(events).T).counts == counted.counts).all()
    boxes = grid.polygons()
    for cell, box in zip(grid.cells, boxes, strict=True):
        low_x, low_y, high_x, high_y = box.bounds
        within = (x >= low_x) & (x < high_x) & (y >= low_y) & (y < high_y)
        assert counted.counts.ravel()[cell] == within.sum()


def test_weights_are_summed():
    grid = square_grid(shapely.box(0, 0, 200, 100), 100, crs=UTM)
    counted = grid.count([50, 150, 150, 900], [50, 50, 50, 50], weights=[1.5, 2.0, 0.25, 7.0])
    assert counted.counts.tolist() == [[1.5, 2.25]]
    assert counted.outside == 1


@pytest.mark.parametrize("weights", [[1.0], [1.0, -1.0], [1.0, np.nan]])
def test_bad_weights_are_refused(weights):
    grid = square_grid(shapely.box(0, 0, 200, 100), 100, crs=UTM)
    with pytest.raises(ParameterError, match=r"[Ww]eight"):
        grid.count([50, 60], [50, 60], weights=weights)


def test_the_frame_names_cells_and_centres():
    frame = square_grid(shapely.box(0, 0, 200, 200), 100, crs=UTM).to_frame(value=[1, 2, 3, 4])
    assert list(frame.columns) == ["value", "cell", "cell_x", "cell_y", "geometry"]
    assert frame["cell_x"].tolist() == [50, 150, 50, 150]
    assert frame["cell_y"].tolist() == [50, 50, 150, 150]
    assert frame.geometry.iloc[3].bounds == (100, 100, 200, 200)
    assert frame.crs == UTM


def test_without_a_study_area_every_point_is_inside_the_rectangle():
    x, y = np.array([0.0, 1000.0, 555.0]), np.array([10.0, 2000.0, 777.0])
    grid = square_grid(None, 100, crs=UTM, x=x, y=y)
    assert grid.from_points
    assert grid.inside.all()
    assert grid.count(x, y).outside == 0
    assert grid.study_area_km2 == pytest.approx(1.1 * 2.1)


@pytest.mark.parametrize(
    "area",
    [shapely.Polygon(), shapely.Point(1, 1), shapely.Polygon([(0, 0), (100, 100), (100, 0), (0, 100)])],
)
def test_unusable_study_areas_are_refused(area):
    with pytest.raises(GeometryError, match="study area"):
        square_grid(area, 10, crs=UTM)


@pytest.mark.parametrize("cell_m", [0, -5, np.nan, np.inf])
def test_a_cell_needs_a_size(cell_m):
    with pytest.raises(ParameterError, match="cell size"):
        square_grid(shapely.box(0, 0, 10, 10), cell_m, crs=UTM)


def test_an_origin_needs_numbers():
    with pytest.raises(ParameterError, match="origin"):
        square_grid(shapely.box(0, 0, 10, 10), 5, crs=UTM, origin_m=(np.nan, 0))


def test_too_many_cells_are_refused_with_a_size_that_fits():
    area = shapely.box(0, 0, 40_000, 30_000)
    with pytest.raises(ParameterError, match="at most") as refusal:
        square_grid(area, 1, crs=UTM)
    fitting = float(refusal.value.hint.split(" m or more")[0].split()[-1])
    grid = square_grid(area, fitting, crs=UTM)
    assert grid.inside.size <= 1.01 * MAX_CELLS


def test_degrees_are_refused():
    with pytest.raises(CoordinateError, match="degrees"):
        square_grid(shapely.box(-87.9, 41.6, -87.5, 42.0), 500, crs=UTM)
    with pytest.raises(CoordinateError, match="degrees"):
        square_grid(None, 500, crs=UTM, x=[-87.9, -87.5], y=[41.6, 42.0])
    with pytest.raises(CoordinateError, match="degrees"):
        square_grid(shapely.box(-87.9, 41.6, -87.5, 42.0), 500, crs="EPSG:4326")


def test_nothing_to_lay_a_grid_on_is_refused():
    with pytest.raises(EmptyInputError):
        square_grid(None, 100, crs=UTM)
    with pytest.raises(EmptyInputError):
        square_grid(None, 100, crs=UTM, x=[], y=[])


@pytest.mark.parametrize(
    ("n", "area_m2", "expected"),
    [(2245, 835e6, 750), (148_636, 600e6, 100), (1, 1e9, 2000), (10_000_000, 100e6, 50), (10_000_000, 5e9, 150)],
)
def test_the_suggested_cell_is_handy_and_says_why(n, area_m2, expected):
    suggestion = suggest_cell_m(n, area_m2)
    assert suggestion.cell_m == expected
    assert "sqrt(2 area / n)" in suggestion.reason


def test_no_cell_can_be_suggested_for_nothing():
    with pytest.raises(EmptyInputError):
        suggest_cell_m(0, 1e6)
    with pytest.raises(ParameterError):
        suggest_cell_m(10, 0.0)
