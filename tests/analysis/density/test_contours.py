"""Bands of density: they part the study area, and hold what they say."""

import numpy as np
import pytest
import shapely

from analysis.density.contours import density_contours
from analysis.density.kernel_density import kernel_density
from analysis.errors import EmptyInputError, ParameterError
from analysis.grids.square import square_grid

UTM = "EPSG:32616"
TOWN = shapely.Point(2500, 2500).buffer(2200).difference(shapely.box(1000, 1000, 1500, 1800))


def density(area=TOWN, **options):
    random = np.random.default_rng(0)
    x = np.r_[random.normal(2000, 300, 200), random.uniform(500, 4500, 200)]
    y = np.r_[random.normal(3000, 300, 200), random.uniform(500, 4500, 200)]
    return kernel_density(x, y, square_grid(area, 100, crs=UTM), **{"radius_m": 600.0, **options})


@pytest.mark.parametrize("options", [{}, {"edge_correction": "diggle"}, {"years": 2.0}, {"kernel": "uniform"}])
def test_bands_part_the_study_area_and_hold_their_cells(options):
    found = density(**options)
    frame = density_contours(found)
    assert frame.geometry.is_valid.all()
    assert set(frame.geom_type) == {"MultiPolygon"}
    assert frame.area.sum() == pytest.approx(TOWN.area, rel=1e-9)
    assert shapely.union_all(frame.geometry).area == pytest.approx(TOWN.area, rel=1e-9)
    assert 3 <= len(frame) <= 10
    assert (frame["upper"][:-1].to_numpy() == frame["lower"][1:].to_numpy()).all()
    x, y = found.grid.centres()
    within = shapely.contains_xy(TOWN, x, y)
    values = found.density_per_km2[found.grid.inside] / (found.years or 1.0)
    assert (frame["lower"].iloc[0], frame["upper"].iloc[-1]) == (0.0, values.max())
    for lower, upper, band in zip(frame["lower"], frame["upper"], frame.geometry, strict=True):
        clearly = within & (values > lower + 1e-6) & (values < upper - 1e-6)
        assert shapely.intersects_xy(band, x[clearly], y[clearly]).all()
    assert set(frame["unit"]) == {found.summary.parameters["unit"]}


def test_a_corrected_density_draws_no_slope_along_the_boundary():
    x, y = (values.ravel() for values in np.meshgrid(np.arange(25.0, 5000, 50), np.arange(25.0, 5000, 50)))
    area = shapely.box(0, 0, 5000, 5000).difference(shapely.box(0, 0, 1000, 1000))
    grid = square_grid(area, 100, crs=UTM)
    kept = shapely.contains_xy(area, x, y)
    even = kernel_density(x[kept], y[kept], grid, radius_m=600.0, edge_correction="uniform")
    frame = density_contours(even, levels=[200.0, 380.0])
    assert frame["lower"].tolist() == [380.0]
    plain = density_contours(kernel_density(x[kept], y[kept], grid, radius_m=600.0), levels=[200.0, 380.0])
    assert len(plain) == 3


def test_named_levels_and_a_grid_without_a_polygon():
    x, y = np.random.default_rng(1).uniform(0, 3000, (2, 300))
    grid = square_grid(None, 100, crs=UTM, x=x, y=y)
    frame = density_contours(kernel_density(x, y, grid, radius_m=500.0), levels=[10, 30, 1e6])
    assert frame["lower"].tolist() == [0.0, 10.0, 30.0]
    assert frame.area.sum() == pytest.approx(grid.n_cells * 100**2, rel=1e-9)


@pytest.mark.parametrize("bands", [2, 3, 7, 12, 50])
def test_handy_levels_are_about_as_many_as_asked_for(bands):
    frame = density_contours(density(), bands=bands)
    assert bands / 1.6 <= len(frame) <= bands * 1.6 + 1


@pytest.mark.parametrize("levels", [[], [0.0, 1.0], [2.0, 1.0], [1.0, 1.0], [np.nan], [1.0, np.inf], [[1.0]]])
def test_unusable_levels_are_refused(levels):
    with pytest.raises(ParameterError, match="levels"):
        density_contours(density(), levels=levels)


def test_unusable_bands_and_an_empty_density_are_refused():
    for bands in (1, 51):
        with pytest.raises(ParameterError, match="bands"):
            density_contours(density(), bands=bands)
    with pytest.raises(EmptyInputError):
        density_contours(density(weights=np.zeros(400)))
