"""Density and Gi* against results of R (spatstat and spdep)."""

import numpy as np
import pandas as pd
import pytest
import shapely

from analysis.density.kernel_density import kernel_density
from analysis.grids.square import SquareGrid, square_grid
from analysis.hot_spots.getis_ord import gi_star, hot_spots
from analysis.projection import require_metres

CRS = "EPSG:32615"


@pytest.fixture
def robberies(oracles):
    return pd.read_csv(oracles / "memphis_robberies_2019.csv")


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("column", "options"),
    [
        ("quartic_h1500_exact", {"kernel": "quartic", "radius_m": 1500.0}),
        ("epan_h1500_exact", {"kernel": "epanechnikov", "radius_m": 1500.0}),
        ("uniform_h1500_exact", {"kernel": "uniform", "radius_m": 1500.0}),
        ("triweight_h1500_exact", {"kernel": "triweight", "radius_m": 1500.0}),
        ("gauss_sd750_exact", {"kernel": "gaussian", "sigma_m": 750.0}),
    ],
)
def test_density_equals_exact_sums_of_r(oracles, robberies, column, options):
    expected = pd.read_csv(oracles / "kde_exact_1km.csv")
    grid = square_grid(shapely.box(760_000, 3_874_000, 800_000, 3_908_000), 1000.0, crs=CRS)
    found = kernel_density(robberies["x"], robberies["y"], grid, **options)
    frame = found.to_frame().assign(cx=lambda cells: cells["cell_x"] / 1000, cy=lambda cells: cells["cell_y"] / 1000)
    both = expected.merge(frame, on=["cx", "cy"], validate="one_to_one")
    assert len(both) == len(expected) == grid.n_cells
    assert np.abs(both["density_per_km2"] - both[column]).max() < 1e-9
    assert found.summary.n_used == 2245


@pytest.mark.real_data
def test_gi_star_equals_spdep(oracles, robberies):
    expected = pd.read_csv(oracles / "spdep_localG_rect500_queen.csv")
    row = ((expected["cy"] - expected["cy"].min()) / 500).round().astype(int)
    column = ((expected["cx"] - expected["cx"].min()) / 500).round().astype(int)
    inside = np.zeros((row.max() + 1, column.max() + 1), dtype=bool)
    inside[row, column] = True
    left, bottom = expected["cx"].min() - 250, expected["cy"].min() - 250
    grid = SquareGrid(500.0, left, bottom, inside, require_metres(CRS), 825.5)
    counted = grid.count(robberies["x"], robberies["y"])
    assert counted.outside == 0
    assert (counted.counts[row, column] == expected["n"]).all()
    z = np.full(inside.shape, np.nan)
    z[inside] = gi_star(counted.counts, inside).z
    assert np.abs(z[row, column] - expected["Gistar_B"]).max() < 1e-12
    frame = hot_spots(robberies["x"], robberies["y"], grid).frame
    assert frame["count"].sum() == 2245
    assert np.abs(frame["gi_z"].to_numpy(dtype=float) - z[inside]).max() == 0
