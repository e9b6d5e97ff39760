"""Hexagon grids: every point in exactly one cell, that cell holds it, neighbours by index."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import CoordinateError, EmptyInputError, GeometryError, ParameterError
from analysis.grids.hexagons import ROW_STEP, hexagon_grid
from analysis.grids.lattices import MAX_CELLS
from analysis.grids.square import square_grid
from analysis.hot_spots.lattice_neighbours import hexagon_neighbours, queen_neighbours, rook_neighbours

UTM = "EPSG:32616"


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)), min_size=3, max_size=9),
    st.sampled_from([37.3, 60.0, 125.0, 400.0]),
    st.tuples(st.floats(-500, 500), st.floats(-500, 500)),
)
def test_the_cells_are_those_that_share_ground_with_the_study_area(corners, cell_m, origin):
    area = shapely.MultiPoint(corners).convex_hull.buffer(20.0)
    area = area.difference(area.centroid.buffer(45.0)).union(shapely.box(1100, 300, 1250, 420))
    grid = hexagon_grid(area, cell_m, crs=UTM, origin_m=origin)
    cells = grid.polygons()
    assert shapely.area(cells) == pytest.approx(ROW_STEP * cell_m**2, rel=1e-6)
    shared = shapely.area(shapely.intersection(area, cells))
    assert (shared > 0).all()
    assert shared.sum() == pytest.approx(area.area)
    assert shapely.coverage_is_valid(cells)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.sampled_from([137.3, 100.0, 0.7]), st.sampled_from([0.0, 4_000_000.0]))
def test_every_point_lies_in_the_polygon_of_its_one_cell(seed, cell_m, far):
    random = np.random.default_rng(seed)
    area = shapely.box(far, far, far + 9 * cell_m, far + 7 * cell_m)
    grid = hexagon_grid(area, cell_m, crs=UTM, origin_m=tuple(random.uniform(-1, 1, 2)))
    x, y = far + random.uniform(0, 9 * cell_m, 60), far + random.uniform(0, 7 * cell_m, 60)
    corners = shapely.get_coordinates(grid.polygons())
    on_corners = corners[shapely.contains_xy(area, *corners.T)][:40]
    x, y = np.r_[x, on_corners[:, 0]], np.r_[y, on_corners[:, 1]]
    cell = grid.cell_of(x, y)
    assert (cell >= 0).all()
    held = grid.polygons()[np.searchsorted(grid.cells, cell)]
    assert shapely.distance(held, shapely.points(x, y)).max() < 1e-8 * max(1.0, cell_m)
    counted = grid.count(x, y)
    assert counted.counts.sum() + counted.outside == x.size
    assert (grid.cell_of(*grid.centres()) == grid.cells).all()


def test_the_left_and_the_lower_edge_belong_to_a_cell():
    grid = hexagon_grid(shapely.box(-100, -100, 300, 300), 100, crs=UTM)
    centre_x, centre_y = grid.centres()
    middle = int(np.argmin(np.hypot(centre_x, centre_y)))
    assert grid.cell_of([-50, 50], [0, 0]).tolist() == [grid.cells[middle], grid.cells[middle] + 1]
    lower = -0.25 * 100 / ROW_STEP
    assert grid.cell_of([25.0], [1.5 * lower])[0] in {grid.cells[middle], grid.cell_of([50.0], [-86.0])[0]}


def test_weights_are_summed_and_the_outside_is_counted():
    grid = hexagon_grid(shapely.box(0, 0, 500, 500), 100, crs=UTM)
    counted = grid.count([10, 12, 5000], [10, 12, 0], weights=[0.5, 2.0, 9.0])
    assert counted.counts.max() == 2.5
    assert counted.outside == 1
    with pytest.raises(ParameterError, match="negative"):
        grid.count([10], [10], weights=[-1.0])


def test_the_frame_has_the_columns_of_a_square_grid():
    area = shapely.box(0, 0, 500, 500)
    hexagons, squares = hexagon_grid(area, 100, crs=UTM), square_grid(area, 100, crs=UTM)
    one, other = (grid.to_frame(count=np.zeros(grid.n_cells)) for grid in (hexagons, squares))
    assert list(one.columns) == list(other.columns)
    assert one.crs == other.crs
    assert shapely.box(*hexagons.bounds).buffer(1e-6).covers(shapely.union_all(hexagons.polygons()))


def test_points_alone_make_a_grid_that_holds_them_all():
    random = np.random.default_rng(0)
    x, y = random.uniform(0, 1000, (2, 300))
    grid = hexagon_grid(None, 90, crs=UTM, x=x, y=y)
    assert grid.from_points
    assert grid.study_area is None
    assert grid.count(x, y).outside == 0
    assert hexagon_grid(None, 90, crs=UTM, x=[5000.0] * 3, y=[5000.0] * 3).n_cells == 1


@settings(deadline=None, max_examples=25)
@given(st.sampled_from([137.3, 100.0, 33.3]), st.integers(-3, 3), st.floats(0, 200))
def test_neighbours_are_the_hexagons_one_cell_away(cell_m, row, shift):
    area = shapely.Point(700, 900).buffer(600).difference(shapely.Point(800, 900).buffer(150))
    grid = hexagon_grid(area, cell_m, crs=UTM, origin_m=(shift, row * cell_m))
    around = hexagon_neighbours(grid)
    centre_x, centre_y = grid.centres()
    distance = np.hypot(centre_x[:, None] - centre_x, centre_y[:, None] - centre_y)
    near = (distance < 1.01 * cell_m) & (distance > 0)
    rows, indices = np.nonzero(near)
    assert (around.rows == rows).all()
    assert (around.indices == indices).all()
    assert around.sizes.max() == 6


@pytest.mark.parametrize("cell_m", [137.3, 0.1, 100.0])
def test_square_cells_lose_no_diagonal_at_any_size(cell_m):
    grid = square_grid(shapely.box(0, 0, 10.5 * cell_m, 7.5 * cell_m), cell_m, crs=UTM)
    row, column = np.divmod(grid.cells, grid.n_columns)
    apart = np.abs(row[:, None] - row), np.abs(column[:, None] - column)
    for around, near in (
        (queen_neighbours(grid), np.maximum(*apart) == 1),
        (rook_neighbours(grid), np.add(*apart) == 1),
    ):
        rows, indices = np.nonzero(near)
        assert (around.rows == rows).all()
        assert (around.indices == indices).all()


def test_neighbours_of_another_kind_of_grid_are_refused():
    area = shapely.box(0, 0, 500, 500)
    with pytest.raises(ParameterError, match="hexagon on hexagons"):
        queen_neighbours(hexagon_grid(area, 100, crs=UTM))
    with pytest.raises(ParameterError, match="queen or rook on square"):
        hexagon_neighbours(square_grid(area, 100, crs=UTM))


@pytest.mark.parametrize(
    ("area", "cell_m", "crs", "error", "problem"),
    [
        (shapely.box(0, 0, 1, 1), 0.0, UTM, ParameterError, "cell size is 0"),
        (shapely.box(0, 0, 1e6, 1e6), 1.0, UTM, ParameterError, f"at most {MAX_CELLS:,}"),
        (shapely.box(-87.7, 41.8, -87.6, 41.9), 100.0, UTM, CoordinateError, "look like degrees"),
        (shapely.box(0, 0, 1, 1), 1.0, "EPSG:4326", CoordinateError, "is in degrees"),
        (shapely.LineString([(0, 0), (1, 1)]), 1.0, UTM, GeometryError, "study area is"),
        (shapely.Polygon([(0, 0), (900, 900), (0, 900), (600, 0)]), 100.0, UTM, GeometryError, "invalid"),
        (None, 1.0, UTM, EmptyInputError, "neither"),
    ],
)
def test_unusable_input_is_refused(area, cell_m, crs, error, problem):
    with pytest.raises(error, match=problem):
        hexagon_grid(area, cell_m, crs=crs)


def test_an_origin_that_is_no_number_is_refused():
    with pytest.raises(ParameterError, match="origin"):
        hexagon_grid(shapely.box(0, 0, 500, 500), 100.0, crs=UTM, origin_m=(np.nan, 0.0))


def test_the_cell_size_that_is_asked_for_can_be_made():
    with pytest.raises(ParameterError) as refused:
        hexagon_grid(shapely.box(0, 0, 1e5, 9e4), 10.0, crs=UTM)
    fits = float(refused.value.hint.split("cells of ")[1].split(" m")[0].replace(",", ""))
    columns, rows = 1e5 / fits + 3, 9e4 / (fits * ROW_STEP) + 3
    assert 0.3 * MAX_CELLS < columns * rows <= MAX_CELLS
