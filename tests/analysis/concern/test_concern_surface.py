"""Log ratio of reports and incidents: its formula from exact densities, random labelling, planted mismatch."""

import numpy as np
import pytest
import shapely

from analysis.concern.concern_surface import STEADYING_SHARE, concern_surface
from analysis.density.kernel_density import kernel_density
from analysis.errors import EmptyInputError, ParameterError
from analysis.grids.square import square_grid

CRS = "EPSG:32634"


@pytest.fixture(scope="module")
def grid():
    return square_grid(shapely.box(0, 0, 3000, 2000), 100, crs=CRS)


def places(seed, n=300):
    random = np.random.default_rng(seed)
    return random.uniform(0, 3000, n), random.uniform(0, 2000, n)


def test_the_log_ratio_is_that_of_the_two_kernel_densities(grid):
    reports, incidents = places(1, 80), places(2, 400)
    found = concern_surface(reports, incidents, grid, radius_m=400, labellings=99)
    shares = []
    for x, y in (reports, incidents):
        density = kernel_density(x, y, grid, radius_m=400).density_per_km2[grid.inside]
        shares.append(density / density.sum())
    steady = STEADYING_SHARE / grid.n_cells
    expected = np.log((shares[0] + steady) / (shares[1] + steady))
    assert found.frame["log_ratio"].to_numpy(dtype=float) == pytest.approx(expected, abs=1e-9)


def test_reports_and_incidents_of_one_pattern_are_alike(grid):
    clear = []
    for seed in range(10):
        found = concern_surface(places(seed), places(100 + seed), grid, radius_m=400, labellings=199)
        clear.append(found.frame["mismatch"].isin(["more_concern", "more_crime"]).any())
    assert sum(clear) <= 3


def test_planted_concern_and_planted_crime_are_found(grid):
    random = np.random.default_rng(4)
    pile = random.normal([500, 500], 100, (80, 2))
    other = random.normal([2500, 1500], 100, (80, 2))
    reports = [np.r_[a, b] for a, b in zip(places(5), pile.T, strict=True)]
    incidents = [np.r_[a, b] for a, b in zip(places(6), other.T, strict=True)]
    found = concern_surface(tuple(reports), tuple(incidents), grid, radius_m=400)
    frame = found.frame.set_index(["cell_x", "cell_y"])["mismatch"]
    assert frame[(550, 550)] == "more_concern"
    assert frame[(2550, 1550)] == "more_crime"
    again = concern_surface(tuple(reports), tuple(incidents), grid, radius_m=400)
    assert found.frame["p_value"].equals(again.frame["p_value"])
    assert found.summary.warnings == ()


def test_where_nothing_is_near_nothing_is_said(grid):
    found = concern_surface(([500.0, 9000.0], [500.0, 0.0]), ([600.0], [500.0]), grid, radius_m=300, labellings=99)
    far = found.frame["mismatch"] == "nothing_near"
    assert far.any()
    assert (found.frame["log_ratio"].isna() == far).all()
    assert (found.frame["q_value"].isna() == far).all()
    assert found.summary.excluded == {"reports_outside": 1}
    assert [notice.code for notice in found.summary.warnings] == ["few_events"]


def test_impossible_questions_are_refused(grid):
    one = ([500.0], [500.0])
    with pytest.raises(ParameterError):
        concern_surface(one, one, grid, radius_m=0)
    with pytest.raises(ParameterError):
        concern_surface(one, one, grid, radius_m=300, labellings=9)
    with pytest.raises(EmptyInputError):
        concern_surface(([9e5], [9e5]), one, grid, radius_m=300)
    with pytest.raises(EmptyInputError, match="within the radius"):
        concern_surface(([501.0], [501.0]), ([501.0], [501.0]), grid, radius_m=1)
    many = (np.full(20_000, 500.0), np.full(20_000, 500.0))
    with pytest.raises(ParameterError, match="pairs"):
        concern_surface(many, many, square_grid(shapely.box(0, 0, 3000, 2000), 25, crs=CRS), radius_m=2000)
