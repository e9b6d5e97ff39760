"""Gi* hot spots: the definition, typed outcomes, and the summary."""

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from analysis.errors import CoordinateError, EmptyInputError, ParameterError, ZeroVarianceError
from analysis.grids.hexagons import hexagon_grid
from analysis.grids.square import SquareGrid, square_grid
from analysis.hot_spots import conditional_permutation
from analysis.hot_spots.distance_neighbours import band_neighbours
from analysis.hot_spots.getis_ord import gi_star, hot_spots
from analysis.hot_spots.lattice_neighbours import queen_neighbours

UTM = "EPSG:32616"


def by_definition(counts, inside):
    cells = np.argwhere(inside)
    values = counts[inside].astype(float)
    n, mean, spread = len(cells), values.mean(), values.std()
    z = []
    for cell in cells:
        window = np.abs(cells - cell).max(axis=1) <= 1
        size = window.sum()
        scale = spread * np.sqrt((n * size - size**2) / (n - 1))
        z.append((values[window].sum() - mean * size) / scale if size < n else np.nan)
    return np.array(z)


@settings(deadline=None, max_examples=100)
@given(st.integers(1, 7), st.integers(1, 7), st.integers(0, 10**6))
def test_z_follows_the_definition_on_grids_with_holes(n_rows, n_columns, seed):
    random = np.random.default_rng(seed)
    counts = random.poisson(random.choice([0.2, 3.0, 900.0]), (n_rows, n_columns))
    inside = random.random((n_rows, n_columns)) < 0.8
    assume(inside.sum() > 1 and np.unique(counts[inside]).size > 1)
    statistic = gi_star(counts, inside)
    assert statistic.z == pytest.approx(by_definition(counts, inside), rel=1e-10, abs=1e-10, nan_ok=True)
    assert (statistic.sizes >= 1).all()


def planted(n=400, seed=0):
    random = np.random.default_rng(seed)
    x, y = random.uniform(0, 5000, (2, n))
    return np.r_[x, random.normal(3250, 60, 60)], np.r_[y, random.normal(1250, 60, 60)]


def test_a_planted_hot_spot_is_found_and_explained():
    x, y = planted()
    grid = square_grid(shapely.box(0, 0, 5000, 5000), 250, crs=UTM)
    found = hot_spots(np.r_[x, 9999.0], np.r_[y, 9999.0], grid)
    frame, summary = found.frame, found.summary
    assert list(frame.columns) == [
        "count", "gi_z", "p_value", "q_value", "gi_bin", "cell", "cell_x", "cell_y", "geometry",
    ]  # fmt: skip
    hottest = frame.loc[frame["gi_z"].idxmax()]
    assert np.hypot(hottest["cell_x"] - 3250, hottest["cell_y"] - 1250) < 400
    assert hottest["gi_bin"] == 3
    assert frame["count"].sum() == summary.n_used == 460
    assert summary.excluded == {"outside": 1}
    assert summary.seed is None
    assert summary.parameters["p_value"] == "exact conditional permutation, two-sided"
    hot = int((frame["gi_bin"] > 0).sum())
    assert f"{hot} are hot spots" in summary.reading
    assert "Benjamini-Hochberg" in summary.reading
    assert "1 events outside the study area" in summary.reading
    assert (frame["q_value"] >= frame["p_value"]).all()


def test_the_order_of_rows_and_the_threads_do_not_matter(monkeypatch):
    x, y = planted()
    grid = square_grid(shapely.box(0, 0, 5000, 5000), 250, crs=UTM)
    first = hot_spots(x, y, grid).frame
    order = np.random.default_rng(1).permutation(x.size)
    monkeypatch.setattr("analysis.row_blocks.thread_count", lambda: 1)
    assert hot_spots(x[order], y[order], grid).frame.equals(first)


def test_corrections_order_the_number_of_hot_spots():
    x, y = planted()
    grid = square_grid(shapely.box(0, 0, 5000, 5000), 250, crs=UTM)
    hot = {
        name: int((hot_spots(x, y, grid, correction=name).frame["gi_bin"] > 0).sum()) for name in ("none", "bh", "by")
    }
    assert hot["none"] >= hot["bh"] >= hot["by"] > 0


def test_without_a_study_area_the_summary_warns():
    x, y = planted()
    grid = square_grid(None, 250, crs=UTM, x=x, y=y)
    assert [notice.code for notice in hot_spots(x, y, grid).summary.warnings] == ["no_study_area"]


def test_few_events_and_a_point_mass_are_noted():
    grid = square_grid(shapely.box(0, 0, 5000, 5000), 250, crs=UTM)
    assert [notice.code for notice in hot_spots([1, 2], [1, 2], grid).summary.warnings] == ["few_events"]
    x, y = planted()
    piled = hot_spots(np.r_[x, np.full(80, 777.0)], np.r_[y, np.full(80, 777.0)], grid).summary.warnings
    assert [notice.code for notice in piled] == ["point_mass"]
    assert "80 (14.8%) at 777.0, 777.0" in piled[0].message


def test_a_window_over_the_whole_map_gives_null_and_says_so():
    grid = square_grid(shapely.box(0, 0, 300, 300), 100, crs=UTM)
    found = hot_spots([50, 150, 150], [50, 150, 150], grid)
    middle = found.frame.iloc[4]
    assert found.frame["gi_z"].isna().tolist() == [False] * 4 + [True] + [False] * 4
    assert middle[["gi_z", "p_value", "q_value"]].isna().all()
    assert middle["gi_bin"] == 0
    assert "window_covers_map" in [notice.code for notice in found.summary.warnings]
    assert not np.isnan(found.frame["gi_z"].dropna().to_numpy(dtype=float)).any()


def test_an_island_uses_itself_only():
    inside = np.zeros((3, 7), dtype=bool)
    inside[1, 0] = True
    inside[:, 3:] = True
    from pyproj import CRS

    grid = SquareGrid(100.0, 0.0, 0.0, inside, CRS.from_epsg(32616), 0.13)
    frame = hot_spots([50] * 5 + [650], [150] * 5 + [150], grid).frame
    island = frame[frame["cell_x"] == 50].iloc[0]
    assert island["gi_z"] > 3
    assert island["p_value"] == 1


def test_random_permutations_are_named(monkeypatch):
    monkeypatch.setattr(conditional_permutation, "EXACT_BUDGET", 0)
    monkeypatch.setattr(conditional_permutation, "MOST_PERMUTATIONS", 999)
    x, y = planted()
    grid = square_grid(shapely.box(0, 0, 5000, 5000), 500, crs=UTM)
    summary = hot_spots(x, y, grid, seed=4).summary
    assert summary.seed == 4
    assert "999 random conditional permutations" in summary.parameters["p_value"]
    assert [notice.code for notice in summary.warnings] == ["p_value_floor"]
    assert "random conditional-permutation" in summary.reading


def test_unusable_input_is_refused():
    grid = square_grid(shapely.box(0, 0, 1000, 1000), 100, crs=UTM)
    with pytest.raises(ParameterError, match="Unknown correction"):
        hot_spots([1.0], [1.0], grid, correction="fdr")
    with pytest.raises(EmptyInputError, match="no event"):
        hot_spots([], [], grid)
    with pytest.raises(EmptyInputError, match="study area from 0, 0 to 1,000, 1,000"):
        hot_spots([5000.0], [5000.0], grid)
    with pytest.raises(CoordinateError, match="finite"):
        hot_spots([np.nan], [1.0], grid)
    with pytest.raises(ParameterError, match="one cell"):
        hot_spots([1.0, 2.0], [1.0, 2.0], square_grid(shapely.box(0, 0, 100, 100), 100, crs=UTM))
    with pytest.raises(ZeroVarianceError, match="Every one of 100 cells holds 1"):
        hot_spots(*grid.centres(), grid)


def test_a_lattice_without_cells_or_events_is_refused():
    with pytest.raises(EmptyInputError, match="no cell"):
        gi_star(np.ones((2, 2), dtype=int), np.zeros((2, 2), dtype=bool))
    with pytest.raises(EmptyInputError, match="No cell holds an event"):
        gi_star(np.zeros((2, 2), dtype=int), np.ones((2, 2), dtype=bool))


def test_hexagons_find_the_planted_hot_spot():
    x, y = planted()
    grid = hexagon_grid(shapely.box(0, 0, 5000, 5000), 250, crs=UTM)
    found = hot_spots(x, y, grid)
    hottest = found.frame.loc[found.frame["gi_z"].idxmax()]
    assert np.hypot(hottest["cell_x"] - 3250, hottest["cell_y"] - 1250) < 400
    assert hottest["gi_bin"] == 3
    assert found.summary.parameters["neighbours"] == "hexagon contiguity with the cell itself, binary weights"
    assert found.summary.parameters["cell_shape"] == "hexagon"
    assert (found.reason == "").all()


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6))
def test_listed_neighbours_give_what_the_lattice_gives(seed):
    random = np.random.default_rng(seed)
    area = shapely.box(0, 0, 1000, 700).difference(shapely.box(200, 200, 500, 400))
    grid = square_grid(area, 100, crs=UTM)
    x, y = random.uniform(0, 700, (2, 80))
    lattice, listed = hot_spots(x, y, grid), hot_spots(x, y, grid, neighbours=queen_neighbours(grid))
    assert listed.frame["gi_z"].to_numpy(dtype=float) == pytest.approx(lattice.frame["gi_z"].to_numpy(dtype=float))
    assert (listed.frame["p_value"] == lattice.frame["p_value"]).all()
    assert (listed.frame["gi_bin"] == lattice.frame["gi_bin"]).all()


def test_gi_leaves_the_cell_itself_out():
    x, y = planted()
    grid = square_grid(shapely.box(0, 0, 5000, 5000), 250, crs=UTM)
    star, plain = hot_spots(x, y, grid), hot_spots(x, y, grid, statistic="gi")
    assert plain.summary.method == "Getis-Ord Gi"
    assert "whose neighbours hold" in plain.summary.reading
    assert (plain.frame["p_value"] == star.frame["p_value"]).all()
    assert (plain.frame["gi_z"] != star.frame["gi_z"]).any()
    band = band_neighbours(*grid.centres(), 600.0)
    wide = hot_spots(x, y, grid, neighbours=band)
    assert wide.summary.parameters["neighbours"].startswith("distance band of 600 m with")
    assert wide.summary.seed is None


def test_neighbours_of_another_grid_are_refused():
    grid = square_grid(shapely.box(0, 0, 1000, 1000), 100, crs=UTM)
    with pytest.raises(ParameterError, match="neighbours of 2 places"):
        hot_spots([1.0, 2.0], [1.0, 2.0], grid, neighbours=band_neighbours([0.0, 1.0], [0.0, 1.0], 1.0))


def test_a_crowded_cell_among_unusually_empty_ones_is_no_hot_spot():
    grid = square_grid(shapely.box(0, 0, 2000, 2000), 100, crs=UTM)
    centre_x, centre_y = grid.centres()
    hollow = (np.abs(centre_x - 1050) < 150) & (np.abs(centre_y - 1050) < 150)
    middle = (centre_x == 1050) & (centre_y == 1050)
    events = np.where(middle, 300, np.where(hollow, 0, 4))
    frame = hot_spots(np.repeat(centre_x, events), np.repeat(centre_y, events), grid, correction="none").frame
    crowded = frame[middle].iloc[0]
    assert crowded["gi_z"] > 5
    assert crowded["p_value"] < 0.01
    assert crowded["gi_bin"] == 0
