"""Adaptive density against its definition, written out."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.density import place_sums
from analysis.density.adaptive_density import adaptive_density
from analysis.density.kernel_density import kernel_density
from analysis.density.kernels import KERNELS
from analysis.errors import EmptyInputError, ParameterError
from analysis.grids.square import square_grid

UTM = "EPSG:32616"


def options(kernel, width):
    return {"kernel": kernel, KERNELS[kernel].bandwidth: width}


def by_definition(x, y, weights, grid, kernel, width, limits):
    shape = KERNELS[kernel]
    apart = np.hypot(x[:, None] - x, y[:, None] - y) / width
    pilot = (shape.profile(apart) * weights).sum(axis=1)
    heavy = weights > 0
    mean = np.exp((weights[heavy] * np.log(pilot[heavy])).sum() / weights.sum())
    own = width * np.clip(np.sqrt(mean / np.maximum(pilot, 1e-300)), *limits)
    centre_x, centre_y = (values.reshape(grid.inside.shape) for values in grid.centres())
    density = np.zeros(grid.inside.shape)
    for a, b, w, h in zip(x, y, weights, own, strict=True):
        density += w * shape.peak / (h / 1000) ** 2 * shape.profile(np.hypot(centre_x - a, centre_y - b) / h)
    return density


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.floats(0, 3000), st.floats(0, 2000), st.floats(0, 9)), min_size=1, max_size=30),
    st.sampled_from([*KERNELS]),
    st.floats(30, 3000).map(lambda width: round(width, 2)),
    st.sampled_from([(0.25, 4.0), (0.8, 1.1), (1.0, 1.0)]),
)
def test_adaptive_density_equals_its_definition(events, kernel, width, limits):
    x, y, weights = np.array([*events, *events[:5], (1500.0, 1000.0, 1.0)]).T
    x, y = np.round(x, 1), np.round(y, 1)
    grid = square_grid(shapely.box(0, 0, 3000, 2000), 137.3, crs=UTM)
    expected = by_definition(x, y, weights, grid, kernel, width, limits)
    found = adaptive_density(x, y, grid, weights=weights, factor_limits=limits, **options(kernel, width))
    rounding = 2e-7 if kernel == "gaussian" else 1e-9
    if kernel != "uniform":
        assert np.abs(found.density_per_km2 - expected).max() <= rounding * max(expected.max(), 1e-300)
    assert found.summary.n_used + sum(found.summary.excluded.values()) == x.size


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_density_integrates_to_the_events_and_is_sharper_where_they_are_dense(kernel):
    random = np.random.default_rng(0)
    x = np.r_[random.normal(5000, 100, 300), random.uniform(3000, 7000, 100)]
    y = np.r_[random.normal(5000, 100, 300), random.uniform(3000, 7000, 100)]
    grid = square_grid(shapely.box(0, 0, 10_000, 10_000), 25, crs=UTM)
    width = 300.0 if kernel != "gaussian" else 130.0
    found = adaptive_density(x, y, grid, **options(kernel, width))
    fixed = kernel_density(x, y, grid, **options(kernel, width))
    assert found.density_per_km2.sum() * 0.025**2 == pytest.approx(400, rel=5e-3 if kernel == "uniform" else 1e-3)
    assert found.density_per_km2.max() > fixed.density_per_km2.max()
    low, high = found.summary.parameters["bandwidth_range_m"]
    assert low < width < high
    order = random.permutation(x.size)
    shuffled = adaptive_density(x[order], y[order], grid, **options(kernel, width)).density_per_km2
    assert np.abs(found.density_per_km2 - shuffled).max() <= 1e-11 * shuffled.max()


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_factor_of_one_is_the_fixed_density(kernel):
    x, y = np.random.default_rng(1).uniform(-200, 3200, (2, 400))
    grid = square_grid(shapely.box(0, 0, 3000, 3000), 100, crs=UTM)
    found = adaptive_density(x, y, grid, factor_limits=(1, 1), **options(kernel, 150.0))
    fixed = kernel_density(x, y, grid, **options(kernel, 150.0))
    assert found.density_per_km2 == pytest.approx(fixed.density_per_km2, abs=1e-9 * fixed.density_per_km2.max())
    assert found.summary.n_used == fixed.summary.n_used


def test_limits_hold_point_masses_and_lone_events():
    random = np.random.default_rng(2)
    x = np.r_[np.full(400, 1500.0), random.uniform(0, 3000, 60)]
    y = np.r_[np.full(400, 1500.0), random.uniform(0, 3000, 60)]
    grid = square_grid(shapely.box(0, 0, 3000, 3000), 100, crs=UTM)
    found = adaptive_density(x, y, grid, radius_m=200.0, factor_limits=(0.5, 2.0))
    assert found.summary.parameters["bandwidth_range_m"] == [138.3, 400.0]
    assert found.summary.parameters["bandwidths_at_a_limit"] > 30
    assert "varied after Abramson" in found.summary.reading
    assert "point_mass" in [notice.code for notice in found.summary.warnings]


def test_diggle_conserves_the_events_over_the_study_area():
    x, y = np.random.default_rng(3).uniform(0, 2000, (2, 300))
    grid = square_grid(shapely.box(0, 0, 2000, 2000), 20, crs=UTM)
    found = adaptive_density(x, y, grid, radius_m=400.0, edge_correction="diggle", years=3.0)
    assert found.density_per_km2.sum() * 0.02**2 == pytest.approx(300, rel=1e-3)
    assert found.summary.parameters["unit"] == "events per km2 and year"


def test_events_that_reach_the_area_with_their_own_kernel_only_are_used():
    grid = square_grid(shapely.box(0, 0, 1000, 1000), 100, crs=UTM)
    x, y = np.array([500.0, 510.0, -900.0, -9000.0]), np.full(4, 500.0)
    found = adaptive_density(x, y, grid, radius_m=300.0, factor_limits=(0.5, 4.0))
    assert found.summary.excluded == {"outside": 2}
    assert found.summary.n_used == 2


def test_weights_of_zero_and_narrow_bandwidths_are_harmless():
    grid = square_grid(shapely.box(0, 0, 1000, 1000), 100, crs=UTM)
    nothing = adaptive_density([500.0, 600.0], [500.0, 600.0], grid, radius_m=200, weights=[0, 0])
    assert (nothing.density_per_km2 == 0).all()
    narrow = adaptive_density([500.0, 600.0], [500.0, 600.0], grid, radius_m=1e-3)
    assert np.isfinite(narrow.density_per_km2).all()
    assert "bandwidth_below_cell" in [notice.code for notice in narrow.summary.warnings]


def test_unusable_parameters_are_refused(monkeypatch):
    grid = square_grid(shapely.box(0, 0, 1000, 1000), 100, crs=UTM)
    for limits in ((0, 2), (0.5, 0.9), (1.1, 2), (0.5, np.inf), (np.nan, 2)):
        with pytest.raises(ParameterError, match="factor_limits"):
            adaptive_density([500.0], [500.0], grid, radius_m=200, factor_limits=limits)
    with pytest.raises(ParameterError, match="no edge correction 'uniform'"):
        adaptive_density([500.0], [500.0], grid, radius_m=200, edge_correction="uniform")
    with pytest.raises(EmptyInputError):
        adaptive_density([5000.0], [500.0], grid, radius_m=200)
    monkeypatch.setattr(place_sums, "MOST_PAIRS", 3)
    with pytest.raises(ParameterError, match="too many pairs"):
        adaptive_density([500.0, 501.0], [500.0, 500.0], grid, radius_m=200)
