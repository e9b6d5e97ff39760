"""Kernel density against sums over every pair of event and cell."""

import itertools

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.density import gaussian_fft, kernel_sums
from analysis.density.bandwidth import Bandwidth, suggest_bandwidth
from analysis.density.cell_events import sorted_by_row
from analysis.density.kernel_density import kernel_density
from analysis.density.kernels import KERNELS, same_smoothing
from analysis.errors import CoordinateError, EmptyInputError, ParameterError
from analysis.grids.square import square_grid

UTM = "EPSG:32616"


FINITE = [name for name in KERNELS if name != "gaussian"]


def plain_profile(kernel, u):
    inside = u <= 1.0 + 1e-9
    if kernel == "gaussian":
        return np.exp(-0.5 * u**2) / 2.0
    if kernel == "triangular":
        return 3.0 * np.where(inside, np.maximum(1.0 - u, 0.0), 0.0)
    power = {"uniform": 0, "epanechnikov": 1, "quartic": 2, "triweight": 3}[kernel]
    return (power + 1.0) * np.where(inside, np.maximum(1.0 - u**2, 0.0) ** power, 0.0)


def brute_force(x, y, grid, kernel, width, weights=None):
    weights = np.ones(len(x)) if weights is None else np.asarray(weights)
    rows, columns = np.indices(grid.inside.shape)
    centre_x = grid.origin_x + (columns + 0.5) * grid.cell_m
    centre_y = grid.origin_y + (rows + 0.5) * grid.cell_m
    sums = np.zeros(grid.inside.shape)
    for event_x, event_y, weight in zip(x, y, weights, strict=True):
        sums += weight * plain_profile(kernel, np.hypot(centre_x - event_x, centre_y - event_y) / width)
    return sums / (np.pi * (width / 1000.0) ** 2)


def bandwidth(kernel, width):
    return {"kernel": kernel, KERNELS[kernel].bandwidth: width}


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.floats(-500, 3500), st.floats(-500, 2500), st.floats(0, 9)), min_size=1, max_size=40),
    st.sampled_from([*KERNELS]),
    st.floats(20, 5000).map(lambda width: round(width, 3)),
    st.sampled_from([60.0, 137.3, 400.0]),
)
def test_density_equals_the_sum_over_every_pair(events, kernel, width, cell_m):
    x, y, weights = np.array([*events, (1500.0, 1000.0, 1.0)]).T
    grid = square_grid(shapely.box(0, 0, 3000, 2000), cell_m, crs=UTM)
    expected = brute_force(x, y, grid, kernel, width, weights)
    found = kernel_density(x, y, grid, weights=weights, **bandwidth(kernel, width))
    near = 1e-9 * expected.max() if kernel != "gaussian" else 1e-7 * weights.sum() / (width / 1000) ** 2
    assert np.abs(found.density_per_km2 - expected).max() <= max(near, 1e-300)
    assert found.summary.n_used + sum(found.summary.excluded.values()) == x.size


@pytest.mark.parametrize("radius", [0.4, 1.0, 3.7, 8.5, 21.0, 64.0, 700.0])
@pytest.mark.parametrize("cheap_pairs", [0, np.inf])
@pytest.mark.parametrize("kernel", FINITE)
def test_both_ways_to_sum_are_exact(monkeypatch, kernel, radius, cheap_pairs):
    random = np.random.default_rng(0)
    column, row = random.uniform(-30, 230, 800), random.uniform(-30, 110, 800)
    column[:300], row[:300] = 33.3, 44.4
    monkeypatch.setattr(kernel_sums, "CHEAP_PAIRS", cheap_pairs)
    monkeypatch.setattr(kernel_sums, "NARROW_RADIUS", 0)
    events = sorted_by_row(column, row, np.ones(800), radius, 80)
    sums = kernel_sums.finite_sums(events, KERNELS[kernel], radius, (80, 200))
    r, q = np.indices(sums.shape)
    expected = sum(
        plain_profile(kernel, np.hypot(r - b, q - a) / radius) for a, b in zip(column, row, strict=True)
    ) / plain_profile(kernel, np.zeros(1))
    assert np.abs(sums - expected).max() <= 1e-10 * expected.max()
    assert (sums[expected == 0] == 0).all()


@pytest.mark.parametrize("sigma", [2.0, 2.3, 2.5, 4.0, 6.0, 9.7, 40.0])
def test_the_fourier_transform_stays_within_its_stated_error(sigma):
    random = np.random.default_rng(1)
    shape = (90, 150)
    for column, row in (
        (random.uniform(-20, 170, 3000), random.uniform(-20, 110, 3000)),
        (np.full(500, 70.37), np.full(500, 41.61)),
        (np.full(500, -0.5), np.full(500, 89.5)),
        (random.normal(149, 30, 800), random.normal(0, 2, 800)),
    ):
        weight = random.uniform(0, 3, row.size)
        events = sorted_by_row(column, row, weight, 40 * sigma, shape[0])
        exact = kernel_sums.gaussian_sums(events, sigma, kernel_sums.ENDLESS_REACH, shape)
        fast = gaussian_fft.gaussian_sums_by_fft(column, row, weight, sigma, shape)
        assert np.abs(fast - exact).max() <= gaussian_fft.ERROR_OF_PEAK * exact.max()
        assert fast.min() >= 0


@pytest.mark.parametrize("kernel", FINITE)
@pytest.mark.parametrize("cheap_pairs", [0, np.inf])
def test_events_exactly_at_the_radius_are_within(monkeypatch, kernel, cheap_pairs):
    monkeypatch.setattr(kernel_sums, "CHEAP_PAIRS", cheap_pairs)
    grid = square_grid(shapely.box(700_000, 3_900_000, 703_000, 3_903_000), 100, crs=UTM)
    x, y = (values[:: 1 if cheap_pairs else 3] for values in grid.centres())
    expected = brute_force(x, y, grid, kernel, 500.0)
    found = kernel_density(x, y, grid, kernel=kernel, radius_m=500.0).density_per_km2
    assert np.abs(found - expected).max() <= 1e-10 * expected.max()


def test_kernels_have_unit_mass_and_the_stated_variance():
    u = (np.arange(2_000_000) + 0.5) * 1e-5
    for kernel in KERNELS.values():
        mass = 2e-5 * np.pi * kernel.peak * kernel.profile(u) * u
        assert mass.sum() == pytest.approx(1.0, rel=1e-8)
        assert (mass * u**2).sum() / 2 == pytest.approx(kernel.variance, rel=1e-8)
        assert same_smoothing(1.0, kernel, KERNELS["gaussian"]) == pytest.approx(np.sqrt(kernel.variance))


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_density_integrates_to_the_events(kernel):
    random = np.random.default_rng(2)
    x, y = random.uniform(4000, 6000, (2, 500))
    grid = square_grid(shapely.box(0, 0, 10_000, 10_000), 50, crs=UTM)
    for method in ("exact", "fft") if kernel == "gaussian" else ("auto",):
        density = kernel_density(x, y, grid, method=method, **bandwidth(kernel, 600.0)).density_per_km2
        assert density.sum() * 0.05**2 == pytest.approx(500, rel=1e-3 if kernel == "uniform" else 1e-5)


@pytest.mark.parametrize(
    ("kernel", "width"), [*((kernel, 700.0) for kernel in FINITE), ("quartic", 90.0), ("gaussian", 300.0)]
)
def test_threads_and_the_order_of_rows_do_not_matter(monkeypatch, kernel, width):
    method = "fft" if kernel == "gaussian" else "auto"
    random = np.random.default_rng(3)
    x, y = random.uniform(0, 9000, (2, 20_000))
    grid = square_grid(shapely.box(0, 0, 9000, 9000), 60, crs=UTM)
    several = kernel_density(x, y, grid, method=method, **bandwidth(kernel, width)).density_per_km2
    order = random.permutation(x.size)
    shuffled = kernel_density(x[order], y[order], grid, method=method, **bandwidth(kernel, width)).density_per_km2
    assert np.abs(several - shuffled).max() <= 1e-12 * several.max()
    for module in ("row_blocks", "density.gaussian_fft"):
        monkeypatch.setattr(f"analysis.{module}.thread_count", lambda: 1)
    alone = kernel_density(x, y, grid, method=method, **bandwidth(kernel, width)).density_per_km2
    assert (several == alone).all()


def test_auto_takes_the_transform_only_where_sums_are_dear_and_says_so(monkeypatch):
    random = np.random.default_rng(4)
    x, y = random.uniform(0, 5000, (2, 400))
    grid = square_grid(shapely.box(0, 0, 5000, 5000), 50, crs=UTM)
    cheap = kernel_density(x, y, grid, kernel="gaussian", sigma_m=200)
    assert cheap.summary.parameters["method"] == "exact sums"
    monkeypatch.setattr("analysis.density.kernel_density.CHEAP_SUMS", 1000)
    dear = kernel_density(x, y, grid, kernel="gaussian", sigma_m=200)
    assert "FFT" in dear.summary.parameters["method"]
    assert dear.summary.parameters["error_bound"] == "1e-05 of the peak"
    narrow = kernel_density(x, y, grid, kernel="gaussian", sigma_m=80)
    assert narrow.summary.parameters["method"] == "exact sums to 9 standard deviations"
    peak = cheap.density_per_km2.max()
    assert 0 < np.abs(cheap.density_per_km2 - dear.density_per_km2).max() <= 1e-5 * peak
    assert narrow.density_per_km2 == pytest.approx(brute_force(x, y, grid, "gaussian", 80.0), abs=1e-12 * peak)


def test_events_beyond_reach_are_excluded_and_those_within_reach_used():
    grid = square_grid(shapely.box(0, 0, 1000, 1000), 100, crs=UTM)
    found = kernel_density([500, -100, -1000], [500, 500, 500], grid, radius_m=300)
    assert (found.summary.n_used, found.summary.excluded) == (2, {"outside": 1})
    assert found.summary.parameters["used_beyond_study_area"] == 1
    assert found.density_per_km2[5, 0] > 0
    assert "1 events too far outside" in found.summary.reading


def test_the_frame_and_the_summary():
    random = np.random.default_rng(5)
    x, y = random.uniform(0, 4000, (2, 300))
    grid = square_grid(shapely.Point(2000, 2000).buffer(1800), 200, crs=UTM)
    found = kernel_density(x, y, grid)
    frame = found.to_frame()
    assert list(frame.columns) == ["density_per_km2", "cell", "cell_x", "cell_y", "geometry"]
    assert len(frame) == grid.n_cells
    assert np.isfinite(frame["density_per_km2"]).all()
    assert found.summary.parameters["radius_m"] >= 400
    assert "nearest" in found.summary.parameters["bandwidth_rule"]
    assert found.summary.crs == UTM
    assert "events per km2" in found.summary.reading
    assert found.summary.warnings == ()


def test_doubts_are_noted():
    grid = square_grid(None, 500, crs=UTM, x=[0.0, 4000.0], y=[0.0, 4000.0])
    found = kernel_density([0.0, 4000.0], [0.0, 4000.0], grid, radius_m=200)
    assert [notice.code for notice in found.summary.warnings] == ["few_events", "no_study_area", "bandwidth_below_cell"]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"kernel": "quartic", "sigma_m": 300}, "takes radius_m, not sigma_m"),
        ({"kernel": "gaussian", "radius_m": 300}, "takes sigma_m, not radius_m"),
        ({"kernel": "biweight"}, "Unknown kernel"),
        ({"radius_m": 0}, "radius_m is 0"),
        ({"kernel": "triangular", "sigma_m": 300}, "takes radius_m, not sigma_m"),
        ({"radius_m": np.nan}, "radius_m is nan"),
        ({"radius_m": 300, "method": "fft"}, "no fft method"),
        ({"radius_m": 300, "method": "best"}, "Unknown method"),
        ({"kernel": "gaussian", "sigma_m": 150, "method": "fft"}, "at least 2 cells"),
        ({"kernel": "gaussian", "sigma_m": 1e7, "method": "fft"}, "too wide"),
        ({"radius_m": 300, "weights": [1.0]}, "weights of shape"),
    ],
)
def test_unusable_parameters_are_refused(options, problem):
    grid = square_grid(shapely.box(0, 0, 1000, 1000), 100, crs=UTM)
    with pytest.raises(ParameterError, match=problem):
        kernel_density([500.0, 600.0], [500.0, 600.0], grid, **options)


def test_events_elsewhere_are_refused_with_both_extents():
    grid = square_grid(shapely.box(500_000, 4_000_000, 501_000, 4_001_000), 100, crs=UTM)
    with pytest.raises(EmptyInputError, match=r"reach from 1,000, 2,000 .* study area from 500,000"):
        kernel_density([1000.0], [2000.0], grid, radius_m=300)
    with pytest.raises(CoordinateError, match="look like degrees"):
        kernel_density([-87.6], [41.8], grid, radius_m=300)


def test_very_wide_and_very_narrow_kernels_are_harmless():
    grid = square_grid(shapely.box(0, 0, 1000, 1000), 100, crs=UTM)
    for kernel, width in itertools.product(KERNELS, (1e-3, 1e9)):
        density = kernel_density([512.0], [533.0], grid, **bandwidth(kernel, width)).density_per_km2
        assert np.isfinite(density).all()
        assert density == pytest.approx(brute_force([512.0], [533.0], grid, kernel, width), rel=1e-9)


@pytest.mark.parametrize("kernel", ["triangular", "gaussian"])
def test_sums_over_too_many_pairs_are_refused(monkeypatch, kernel):
    monkeypatch.setattr(kernel_sums, "MOST_PAIRS", 100)
    grid = square_grid(shapely.box(0, 0, 1000, 1000), 100, crs=UTM)
    with pytest.raises(ParameterError, match="too many to sum one by one"):
        kernel_density([512.0] * 9, [533.0] * 9, grid, method="exact", **bandwidth(kernel, 300.0))


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_chosen_bandwidth_becomes_the_same_smoothing_in_every_kernel(kernel):
    grid = square_grid(shapely.box(0, 0, 9000, 9000), 100, crs=UTM)
    x, y = np.random.default_rng(9).uniform(0, 9000, (2, 400))
    chosen = Bandwidth(1000.0, "a rule")
    parameters = kernel_density(x, y, grid, **bandwidth(kernel, chosen)).summary.parameters
    assert parameters["bandwidth_rule"] == "a rule"
    width = parameters[KERNELS[kernel].bandwidth]
    assert width * np.sqrt(KERNELS[kernel].variance) == pytest.approx(1000.0 / np.sqrt(8), rel=0.02)


def test_the_suggested_bandwidth_is_not_moved_by_ties():
    random = np.random.default_rng(6)
    x, y = random.uniform(0, 10_000, (2, 900))
    plain = suggest_bandwidth(x, y, 100)
    tied = suggest_bandwidth(np.r_[x, np.full(5000, x[0])], np.r_[y, np.full(5000, y[0])], 100)
    assert plain == tied
    assert 900 < plain.radius_m < 1_300
    assert plain.sigma_m == pytest.approx(plain.radius_m / np.sqrt(8), rel=0.05)


def test_the_suggested_bandwidth_uses_both_axes():
    random = np.random.default_rng(7)
    x, y = random.uniform(0, 10_000, (2, 900))
    assert suggest_bandwidth(x, y * 9, 10).radius_m > 1.8 * suggest_bandwidth(x, y, 10).radius_m


def test_the_suggested_bandwidth_is_at_least_two_cells():
    random = np.random.default_rng(8)
    x, y = random.uniform(0, 1000, (2, 900))
    assert suggest_bandwidth(x, y, 400).radius_m == 800
    assert "two cells" in suggest_bandwidth(x, y, 400).reason
    assert suggest_bandwidth(np.zeros(9), np.zeros(9), 400).radius_m == 800
