"""Neighbours by the name of their rule."""

import geopandas as gpd
import pytest
import shapely

from analysis.errors import CoordinateError, ParameterError
from analysis.grids.hexagons import hexagon_grid
from analysis.grids.square import square_grid
from analysis.hot_spots.neighbour_rules import NeighbourRule, neighbours_of_cells, neighbours_of_units

UTM = "EPSG:32616"
AREA = shapely.box(0, 0, 500, 500)


@pytest.mark.parametrize(
    ("rule", "largest"),
    [
        (NeighbourRule(), 8),
        (NeighbourRule("queen"), 8),
        (NeighbourRule("rook"), 4),
        (NeighbourRule("band", radius_m=200.0), 12),
        (NeighbourRule("nearest", k=5), 5),
        (NeighbourRule("kernel", radius_m=150.0), 8),
        (NeighbourRule("kernel", kernel="gaussian", sigma_m=25.0), 4),
    ],
)
def test_cells_and_the_same_cells_as_units_have_the_same_neighbours(rule, largest):
    grid = square_grid(AREA, 100, crs=UTM)
    cells, units = neighbours_of_cells(grid, rule), neighbours_of_units(grid.to_frame().geometry, rule)
    assert cells.sizes.max() == largest
    assert (cells.indptr == units.indptr).all()
    assert (cells.indices == units.indices).all()


def test_hexagons_have_contiguity_only():
    grid = hexagon_grid(AREA, 100, crs=UTM)
    assert neighbours_of_cells(grid, NeighbourRule()).sizes.max() == 6
    with pytest.raises(ParameterError, match="no queen neighbours"):
        neighbours_of_cells(grid, NeighbourRule("queen"))


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"rule": "bishop"}, "Unknown neighbours 'bishop'"),
        ({"rule": "queen", "k": 3}, "take no k"),
        ({"rule": "band"}, "needs radius_m"),
        ({"rule": "nearest", "radius_m": 1.0}, "take no radius_m"),
        ({"rule": "nearest"}, "need k"),
    ],
)
def test_rules_that_make_no_sense_are_refused(options, problem):
    with pytest.raises(ParameterError, match=problem):
        NeighbourRule(**options)


def test_a_kernel_without_bandwidth_and_degrees_are_refused():
    with pytest.raises(ParameterError, match="takes radius_m"):
        neighbours_of_cells(square_grid(AREA, 100, crs=UTM), NeighbourRule("kernel"))
    with pytest.raises(CoordinateError, match="in degrees"):
        neighbours_of_units(gpd.GeoSeries.from_xy([0], [0], crs="EPSG:4326"), NeighbourRule())
