"""Stability of hot spots over origins and cell sizes."""

import numpy as np
import pytest
import shapely

from analysis.errors import ParameterError
from analysis.grids.hexagons import hexagon_grid
from analysis.grids.square import square_grid
from analysis.hot_spots.getis_ord import hot_spots
from analysis.hot_spots.sensitivity import hot_spot_sensitivity

UTM = "EPSG:32616"
AREA = shapely.box(0, 0, 4000, 4000)


def events(seed=0):
    random = np.random.default_rng(seed)
    x, y = random.uniform(0, 4000, (2, 400))
    return np.r_[x, random.normal(2125, 120, 90)], np.r_[y, random.normal(1375, 120, 90)]


@pytest.mark.parametrize("lay", [square_grid, hexagon_grid])
def test_a_planted_hot_spot_is_stable(lay):
    x, y = events()
    grid = lay(AREA, 250, crs=UTM)
    found = hot_spot_sensitivity(x, y, grid, origins=3, seed=4)
    frame = found.frame
    reference = hot_spots(x, y, grid).frame
    assert len(found.runs) == 10
    assert (frame.loc[shapely.contains_xy(AREA, frame["cell_x"], frame["cell_y"]), "runs"] == 10).all()
    assert (frame["runs"] >= 1).all()
    assert frame[reference.columns].equals(reference)
    near = np.hypot(frame["cell_x"] - 2125, frame["cell_y"] - 1375) < 150
    assert (frame.loc[near, "stability"] == "stable hot").all()
    far = np.hypot(frame["cell_x"] - 2125, frame["cell_y"] - 1375) > 1200
    assert (frame.loc[far, "hot_share"] < 0.5).all()
    assert ((frame["hot_share"] + frame["cold_share"]) <= 1).all()
    assert found.summary.seed == 4
    assert found.summary.parameters["cell_sizes_m"] == [187.5, 250.0, 312.5]
    assert "repeated 10 times" in found.summary.reading


def test_shares_count_the_runs_in_which_the_place_is_hot():
    x, y = events()
    grid = square_grid(AREA, 250, crs=UTM)
    found = hot_spot_sensitivity(x, y, grid, sizes=[1.0], origins=2, seed=1)
    counted = np.zeros(grid.n_cells)
    for run in found.runs:
        other = square_grid(AREA, run.cell_m, crs=UTM, origin_m=(run.origin_x, run.origin_y))
        bins = hot_spots(x, y, other).frame["gi_bin"].to_numpy()
        counted += bins[np.searchsorted(other.cells, other.cell_of(*grid.centres()))] >= 2
        assert run.hot == np.count_nonzero(bins >= 2)
    assert found.frame["hot_share"].to_numpy(dtype=float) == pytest.approx(counted / 3)


def test_the_seed_decides_and_the_order_of_rows_does_not():
    x, y = events()
    grid = square_grid(AREA, 300, crs=UTM)
    one, other = (hot_spot_sensitivity(x, y, grid, origins=2, seed=seed) for seed in (1, 2))
    order = np.random.default_rng(0).permutation(x.size)
    again = hot_spot_sensitivity(x[order], y[order], grid, origins=2, seed=1)
    assert one.frame.equals(again.frame)
    assert one.runs == again.runs
    assert one.runs[1:] != other.runs[1:]


def test_runs_that_fail_are_named_and_not_counted():
    x, y = events()
    grid = square_grid(AREA, 250, crs=UTM)
    found = hot_spot_sensitivity(x, y, grid, sizes=[1.0, 1e-3], origins=1)
    assert [bool(run.failure) for run in found.runs] == [False, False, True]
    assert "at most" in found.runs[2].failure
    assert (found.frame["runs"] == 2).all()
    assert found.summary.warnings[-1].code == "runs_failed"


def test_a_map_of_chance_says_that_nothing_is_hot():
    x, y = np.random.default_rng(3).uniform(0, 4000, (2, 500))
    found = hot_spot_sensitivity(x, y, square_grid(AREA, 250, crs=UTM), origins=1)
    assert "No cell of the reference grid is hot" in found.summary.reading
    assert (found.frame["stability"] == "never").mean() > 0.9


@pytest.mark.parametrize(
    ("options", "problem"),
    [({"sizes": []}, "no plan"), ({"origins": 400}, "no plan"), ({"sizes": [-1.0]}, "positive multiples")],
)
def test_plans_that_make_no_sense_are_refused(options, problem):
    with pytest.raises(ParameterError, match=problem):
        hot_spot_sensitivity(*events(), square_grid(AREA, 250, crs=UTM), **options)


def test_a_grid_without_a_study_area_is_refused():
    x, y = events()
    with pytest.raises(ParameterError, match="no study area"):
        hot_spot_sensitivity(x, y, square_grid(None, 250, crs=UTM, x=x, y=y))
