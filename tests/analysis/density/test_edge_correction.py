"""Mass of kernels within polygons against integration, and what the corrections conserve."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.density.edge_correction import study_area_mass
from analysis.density.kernel_density import kernel_density
from analysis.density.kernels import KERNELS
from analysis.errors import EmptyInputError, ParameterError
from analysis.grids.square import SquareGrid, square_grid
from analysis.projection import require_metres

UTM = "EPSG:32616"
HOLED = shapely.Polygon(
    [(0, 0), (3000, 200), (2600, 1300), (3100, 2900), (900, 2500), (400, 1400)],
    [[(1200, 900), (1500, 1500), (1900, 1000)]],
)
PARTS = shapely.MultiPolygon([HOLED, shapely.box(3300, 0, 4000, 900)])


def integrated(polygon, x, y, kernel, width):
    """Integrate the kernel over the polygon at the midpoints of a fine lattice."""
    step = 5.0
    across, up = np.meshgrid(np.arange(-200, 4200, step) + step / 2, np.arange(-200, 3200, step) + step / 2)
    within = shapely.contains_xy(polygon, across, up)
    return np.array(
        [
            (kernel.peak / width**2 * kernel.profile(np.hypot(across[within] - a, up[within] - b) / width)).sum()
            * step**2
            for a, b in zip(x, y, strict=True)
        ]
    )


@pytest.mark.parametrize("kernel", KERNELS.values(), ids=lambda kernel: kernel.name)
@pytest.mark.parametrize("polygon", [HOLED, PARTS], ids=["hole", "parts"])
def test_mass_within_a_polygon_equals_its_integral(kernel, polygon):
    random = np.random.default_rng(0)
    x, y = random.uniform(0, 4000, 25), random.uniform(0, 3000, 25)
    grid = square_grid(polygon, 100, crs=UTM)
    for width in (350.0, 1600.0):
        expected = integrated(polygon, x, y, kernel, width)
        found = study_area_mass(x, y, grid, kernel, width)
        assert np.abs(found - expected).max() < 4e-3
        own = study_area_mass(x, y, grid, kernel, np.where(np.arange(25) % 2, width, 90.0))
        assert own[1::2] == pytest.approx(found[1::2], abs=1e-12)


@settings(deadline=None, max_examples=60)
@given(st.sampled_from([*KERNELS.values()]), st.floats(-900, 900), st.floats(10, 3000), st.floats(0, 360))
def test_mass_within_a_half_plane_is_the_integral_over_one_axis(kernel, distance, width, degrees):
    """A long box; the marginal of the kernel along an axis is integrated numerically."""
    box = shapely.affinity.rotate(shapely.box(0, -1e5, 2e5, 1e5), degrees, origin=(0, 0))
    grid = SquareGrid(1000.0, 0.0, 0.0, np.ones((1, 1), dtype=bool), require_metres(UTM), 1.0, study_area=box)
    turn = np.deg2rad(degrees)
    at = np.array([distance * np.cos(turn)]), np.array([distance * np.sin(turn)])
    reach = 9.0 if kernel.name == "gaussian" else 1.0
    offset, half = np.linspace(-reach, reach, 4001), np.linspace(0, 1, 2001)
    chord = np.sqrt(reach**2 - offset**2)[:, None]
    marginal = 2 * kernel.peak * np.trapezoid(kernel.profile(np.hypot(offset[:, None], half * chord)), half, axis=1)
    marginal *= chord[:, 0]
    expected = np.trapezoid(np.where(offset >= -distance / width, marginal, 0.0), offset)
    assert study_area_mass(*at, grid, kernel, width)[0] == pytest.approx(expected, abs=4e-3 if reach > 1 else 1.5e-3)


def test_the_cells_are_the_area_where_there_is_no_polygon():
    inside = np.ones((30, 40), dtype=bool)
    inside[10:14, 20:31] = False
    inside[:8, :9] = False
    cells = SquareGrid(100.0, 0.0, 0.0, inside, require_metres(UTM), 1.0)
    union = shapely.union_all(cells.polygons())
    polygon = SquareGrid(100.0, 0.0, 0.0, inside, require_metres(UTM), 1.0, study_area=union)
    x, y = np.random.default_rng(1).uniform(0, 3500, (2, 200))
    for kernel in KERNELS.values():
        of_cells = study_area_mass(x, y, cells, kernel, 500.0)
        assert of_cells == pytest.approx(study_area_mass(x, y, polygon, kernel, 500.0), abs=1e-12)


def test_points_on_the_boundary_see_half_a_plane():
    grid = square_grid(shapely.box(0, 0, 4000, 4000), 100, crs=UTM)
    for kernel in KERNELS.values():
        found = study_area_mass(np.array([0.0, 4000.0, 1234.5]), np.array([1777.7, 2000.0, 0.0]), grid, kernel, 100.0)
        assert found == pytest.approx(0.5, abs=1e-12)


@pytest.mark.parametrize("kernel", KERNELS)
def test_diggle_conserves_the_events_over_the_study_area(kernel):
    random = np.random.default_rng(2)
    x, y = random.uniform(0, 2000, (2, 300))
    weights = random.uniform(0, 3, 300)
    grid = square_grid(shapely.box(0, 0, 2000, 2000), 20, crs=UTM)
    options = {"kernel": kernel, KERNELS[kernel].bandwidth: 400.0, "weights": weights}
    corrected = kernel_density(x, y, grid, edge_correction="diggle", **options)
    plain = kernel_density(x, y, grid, **options)
    assert corrected.density_per_km2.sum() * 0.02**2 == pytest.approx(weights.sum(), rel=2e-3)
    assert plain.density_per_km2.sum() * 0.02**2 < 0.95 * weights.sum()
    if kernel != "gaussian":
        assert corrected.density_per_km2[50, 50] == pytest.approx(plain.density_per_km2[50, 50], rel=1e-9)
    assert "polygon" in corrected.summary.parameters["edge_correction_area"]


@pytest.mark.parametrize("kernel", KERNELS)
def test_uniform_is_exact_on_a_constant_intensity(kernel):
    step = 10.0
    x, y = (values.ravel() for values in np.meshgrid(np.arange(0, 3000, step) + 5, np.arange(0, 2000, step) + 5))
    grid = square_grid(shapely.box(0, 0, 3000, 2000), 100, crs=UTM)
    options = {"kernel": kernel, KERNELS[kernel].bandwidth: 500.0 if kernel != "gaussian" else 200.0}
    found = kernel_density(x, y, grid, edge_correction="uniform", **options).density_per_km2
    assert found == pytest.approx(1e4, rel=1e-2 if kernel == "uniform" else 1e-3)
    plain = kernel_density(x, y, grid, **options).density_per_km2
    assert plain[0, 0] < 0.5e4


def test_events_outside_the_polygon_are_excluded_and_cells_outside_are_zero():
    area = shapely.Point(1000, 1000).buffer(900)
    grid = square_grid(area, 100, crs=UTM)
    x, y = [1000.0, 1120.0, 1899.0, 1000.0], [1000.0, 1000.0, 1080.0, 1950.0]
    for rule in ("uniform", "diggle"):
        found = kernel_density(x, y, grid, radius_m=400, edge_correction=rule)
        assert (found.summary.n_used, found.summary.excluded) == (2, {"outside": 2})
        assert (found.density_per_km2[~grid.inside] == 0).all()
        assert np.isfinite(found.to_frame()["density_per_km2"]).all()
        assert found.summary.parameters["edge_correction"] == rule
        assert found.summary.parameters["used_beyond_study_area"] == 0


def test_a_kernel_almost_wholly_outside_is_held_and_said():
    needle = shapely.Polygon([(0, 0), (1000, 0), (1000, 2), (0, 2)])
    grid = square_grid(needle, 100, crs=UTM)
    found = kernel_density([500.0], [1.0], grid, radius_m=900, edge_correction="diggle")
    assert "little_mass" in [notice.code for notice in found.summary.warnings]
    assert np.isfinite(found.density_per_km2).all()


def test_unknown_corrections_and_events_in_crossed_cells_only_are_refused():
    area = shapely.Polygon([(0, 0), (1000, 0), (0, 1000)])
    grid = square_grid(area, 1000, crs=UTM)
    with pytest.raises(ParameterError, match="Unknown edge correction"):
        kernel_density([100.0], [100.0], grid, radius_m=900, edge_correction="ripley")
    with pytest.raises(EmptyInputError, match="only in cells"):
        kernel_density([900.0], [900.0], grid, radius_m=900, edge_correction="diggle")


def test_a_rate_per_year_needs_years():
    grid = square_grid(shapely.box(0, 0, 1000, 1000), 100, crs=UTM)
    found = kernel_density([500.0], [500.0], grid, radius_m=300, years=2.0)
    frame = found.to_frame()
    assert list(frame.columns)[:2] == ["density_per_km2_year", "density_per_km2"]
    assert (frame["density_per_km2_year"] * 2 == frame["density_per_km2"]).all()
    assert found.summary.parameters["unit"] == "events per km2 and year"
    assert "events per km2 and year" in found.summary.reading
    for years in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(ParameterError, match="years is"):
            kernel_density([500.0], [500.0], grid, radius_m=300, years=years)
