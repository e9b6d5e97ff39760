"""Defects of other packages, each pinned by what they do and what is right: a map changes with every one of them.

The first assertion of a test usually shows that the case is one in which the peer's way gives another answer.
"""

import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy import stats

from analysis.density.bandwidth_rules import choose_bandwidth
from analysis.density.dual_density import compare_densities, density_per_1000_residents
from analysis.density.kernel_density import kernel_density
from analysis.errors import CoordinateError, ParameterError, TimePrecisionError, ZeroVarianceError
from analysis.grids.square import square_grid
from analysis.hot_spots.conditional_permutation import permutation_tails
from analysis.hot_spots.distance_neighbours import band_neighbours
from analysis.hot_spots.getis_ord import gi_star, hot_spots
from analysis.hot_spots.lattice_neighbours import queen_neighbours
from analysis.hot_spots.local_statistics import local_g, neighbour_tails
from analysis.hot_spots.neighbours import neighbours_from_pairs
from analysis.hot_spots.significance import q_values
from analysis.places.point_mass import point_mass_notice
from analysis.space_time.hour_profile import hour_profile
from analysis.space_time.period_change import period_change

CRS = "EPSG:32616"


def square(cells, cell_m=100.0):
    return square_grid(shapely.box(0, 0, cells * cell_m, cells * cell_m), cell_m, crs=CRS)


def codes(result):
    return {notice.code for notice in result.summary.warnings}


def test_a_convex_hull_is_no_study_area():
    random = np.random.default_rng(1)
    arms = np.r_[random.uniform([0, 0], [3000, 200], (200, 2)), random.uniform([0, 0], [200, 3000], (200, 2))]
    hull = shapely.MultiPoint(arms).convex_hull
    town = shapely.union(shapely.box(0, 0, 3000, 200), shapely.box(0, 0, 200, 3000))
    assert hull.area > 3 * town.area
    over_town = hot_spots(*arms.T, square_grid(town, 100, crs=CRS))
    assert over_town.summary.study_area_km2 == pytest.approx(town.area / 1e6)
    assert (over_town.frame["gi_bin"] > 0).sum() < (
        hot_spots(*arms.T, square_grid(hull, 100, crs=CRS)).frame["gi_bin"] > 0
    ).sum()


def test_without_a_study_area_the_answer_says_so():
    random = np.random.default_rng(1)
    x, y = random.uniform(0, 3000, (2, 60))
    guessed = square_grid(None, 300.0, crs=CRS, x=x, y=y)
    assert "no_study_area" in codes(hot_spots(x, y, guessed))


def test_no_diagonal_is_lost_to_rounding():
    grid = square(60, 137.3)
    x, y = grid.centres()
    side = np.hypot(x[:, None] - x[None, :60], y[:, None] - y[None, :60])
    near_diagonal = np.abs(side - 137.3 * np.sqrt(2)) < 1e-6
    assert near_diagonal.sum() > (side == 137.3 * np.sqrt(2)).sum()
    assert (np.sort(queen_neighbours(grid).sizes) == np.sort(np.r_[[3] * 4, [5] * 4 * 58, [8] * 58 * 58])).all()


def test_a_band_holds_the_places_on_its_edge():
    x = np.arange(40) * 0.1 + 448_000.3
    assert (np.diff(x) > 0.1).any()
    assert band_neighbours(x, np.zeros(40), 0.1).sizes.tolist() == [1] + [2] * 38 + [1]


def test_totals_reconcile_with_events_outside_and_on_edges():
    grid = square(3)
    x, y = np.array([0.0, 100.0, 200.0, 299.999, 300.0, 900.0]), np.full(6, 100.0)
    counted = grid.count(x, y)
    assert counted.counts.sum() + counted.outside == 6
    assert counted.counts[1].tolist() == [1, 1, 2]
    assert hot_spots(np.r_[x, [50.0] * 9], np.r_[y, [50.0] * 9], grid).summary.excluded == {"outside": 2}


def test_repeated_coordinates_are_events_and_a_point_mass_is_told():
    random = np.random.default_rng(2)
    x, y = (
        np.r_[random.uniform(0, 1000, 940), np.full(60, 512.0)],
        np.r_[random.uniform(0, 1000, 940), np.full(60, 512.0)],
    )
    found = hot_spots(x, y, square(10))
    assert found.frame["count"].sum() == 1000 > len(np.unique(np.column_stack([x, y]), axis=0))
    assert "point_mass" in codes(found)
    assert point_mass_notice(x[:940], y[:940]) is None


def test_radius_and_sigma_never_go_by_one_name():
    x = np.linspace(100, 900, 50)
    with pytest.raises(ParameterError):
        kernel_density(x, x, square(10), kernel="gaussian", radius_m=200.0)
    with pytest.raises(ParameterError):
        kernel_density(x, x, square(10), kernel="quartic", sigma_m=200.0)


@pytest.mark.parametrize("rule", ["nearest", "scott", "cross_validation"])
def test_a_bandwidth_uses_both_axes(rule):
    random = np.random.default_rng(3)
    x, y = random.normal(0, 400, 500), random.normal(0, 400, 500)
    one, other = choose_bandwidth(x, 8 * y, 1.0, rule=rule).radius_m, choose_bandwidth(x, y, 1.0, rule=rule).radius_m
    assert one > 1.5 * other


@pytest.mark.parametrize("rule", ["nearest", "scott", "cross_validation"])
def test_a_bandwidth_copes_with_massive_ties(rule):
    random = np.random.default_rng(4)
    places = random.uniform(0, 5000, (60, 2)).round(-1)
    x, y = places[random.integers(0, 60, 3000)].T
    assert choose_bandwidth(x, y, 50.0, rule=rule).radius_m > 100.0


def test_a_narrow_quartic_is_exact_where_binning_is_not():
    random = np.random.default_rng(5)
    x, y = random.uniform(300, 2700, (2, 2000))
    grid = square(60, 50.0)
    found = kernel_density(x, y, grid, radius_m=150.0).density_per_km2[grid.inside]
    centres = np.column_stack(grid.centres())
    squared = ((centres[:, None, :] - np.column_stack([x, y])[None]) ** 2).sum(axis=2) / 150.0**2
    exact = 3 / (np.pi * 0.15**2) * (np.clip(1 - squared, 0, None) ** 2).sum(axis=1)
    binned = centres[[np.argmin(((centres - p) ** 2).sum(axis=1)) for p in np.column_stack([x, y])]]
    squared = ((centres[:, None, :] - binned[None]) ** 2).sum(axis=2) / 150.0**2
    peer = 3 / (np.pi * 0.15**2) * (np.clip(1 - squared, 0, None) ** 2).sum(axis=1)
    assert np.abs(peer - exact).max() > 0.04 * exact.max()
    assert np.abs(found - exact).max() < 1e-9 * exact.max()


def test_a_fast_gaussian_keeps_to_a_hundred_thousandth_of_the_peak():
    random = np.random.default_rng(6)
    x, y = random.normal(3200, 500, (2, 5000))
    grid = square(64)
    fast, exact = (
        kernel_density(x, y, grid, kernel="gaussian", sigma_m=250.0, method=m).density_per_km2 for m in ("fft", "exact")
    )
    assert np.abs(fast - exact).max() <= 1e-5 * exact.max()


def test_density_is_per_km2_and_integrates_to_n():
    x = np.full(7, 2000.0)
    grid = square(80, 50.0)
    density = kernel_density(x, x, grid, radius_m=1000.0).density_per_km2
    assert density.sum() * 0.05**2 == pytest.approx(7.0, rel=1e-4)


def test_nothing_over_nothing_is_null_with_a_reason():
    x = np.full(40, 150.0)
    grid = square(20)
    events = kernel_density(x, x, grid, radius_m=200.0)
    for found in (
        density_per_1000_residents(events, x, x, np.full(40, 5.0)),
        compare_densities(events, kernel_density(x + 1500, x, grid, radius_m=200.0)),
    ):
        frame = found.to_frame()
        numbers = frame.select_dtypes("number").astype("Float64")
        assert np.isfinite(numbers.to_numpy(dtype=float, na_value=0.0)).all()
        assert frame.isna().to_numpy().any()
        assert frame["reason"].notna().any()


def test_gi_star_is_not_a_third_of_itself():
    counts = np.random.default_rng(7).poisson(1.0, (12, 12))
    grid = square(12)
    values, around = counts.ravel().astype(float), queen_neighbours(grid)
    unequal = neighbours_from_pairs(
        np.r_[around.rows, np.arange(144)],
        np.r_[around.indices, np.arange(144)],
        np.r_[1.0 / around.sizes[around.rows], np.ones(144)],
        n=144,
        name="a self-weight of 1 beside 1/k",
    )
    inner = around.sizes == 8
    peer, right = local_g(values, unequal).z[inner], gi_star(counts, grid.inside).z[inner]
    assert np.abs(peer - right).max() > 1.0
    one_k = neighbours_from_pairs(around.rows, around.indices, 1.0 / around.sizes[around.rows], n=144, name="1/k")
    assert local_g(values, one_k).z[inner] == pytest.approx(right, abs=1e-12)


def enumerated_tails(values, k, own):
    """Share of all ways to draw k of the other values that sum to at least, and at most, what is there."""
    others = np.delete(values, own)
    return np.array([sum(chosen) for chosen in itertools.combinations(others, k)])


def test_p_holds_the_place_fixed_counts_ties_in_both_tails_and_has_no_floor():
    values = np.array([0, 0, 0, 0, 0, 1, 1, 2, 7, 9])
    drawn = {own: enumerated_tails(values, 3, own) for own in range(10)}
    actual = np.array([int(sums[len(sums) // 2]) for sums in drawn.values()])
    tails = permutation_tails(values, np.full(10, 3), actual)
    for own, sums in drawn.items():
        assert tails.upper[own] == pytest.approx((sums >= actual[own]).mean(), abs=1e-12)
        assert tails.lower[own] == pytest.approx((sums <= actual[own]).mean(), abs=1e-12)
    assert (tails.upper + tails.lower > 1).all()
    unfixed = np.array([sum(chosen) for chosen in itertools.combinations(values, 3)])
    assert abs((unfixed >= actual[9]).mean() - tails.upper[9]) > 0.01
    spike = np.zeros(900, dtype=np.int64)
    spike[:9] = 5
    around = permutation_tails(spike, np.full(900, 8), np.r_[40, np.zeros(899, dtype=np.int64)])
    assert around.two_sided[0] < 1 / 1_000_000


def test_the_normal_curve_calls_too_much_hot_on_sparse_counts():
    random = np.random.default_rng(9)
    false_normal = false_exact = 0
    for _ in range(30):
        counts = random.permutation(np.r_[np.full(10, 6), np.zeros(390, dtype=int)]).reshape(20, 20)
        grid = square(20)
        found = gi_star(counts, grid.inside)
        tails = permutation_tails(counts.ravel(), found.sizes - 1, found.sums - counts.ravel())
        false_normal += (stats.norm.sf(found.z) < 0.001).sum()
        false_exact += (tails.upper < 0.001).sum()
    assert false_normal > 3 * 0.001 * 30 * 400
    assert false_exact <= 0.001 * 30 * 400


def test_the_correction_is_over_the_whole_map():
    p = np.r_[np.full(5, 0.001), np.full(995, 0.8)]
    assert q_values(p, "bh")[0] == pytest.approx(0.001 * 1000 / 5)
    assert q_values(p, "bh")[0] > 9 * 0.001


def test_what_has_no_statistic_gets_a_reason_and_never_a_nan():
    far = neighbours_from_pairs([0, 1], [1, 0], n=4, name="a band")
    found = local_g(np.array([3.0, 1.0, 0.0, 2.0]), far, statistic="gi")
    assert found.reason.tolist() == ["", "", "island", "island"]
    everyone = band_neighbours(np.arange(5.0), np.zeros(5), 99.0)
    assert set(local_g(np.arange(5.0), everyone).reason.tolist()) == {"window_covers_map"}
    assert np.isfinite(neighbour_tails(np.array([3, 1, 0, 2]), far).two_sided).all()


def test_what_cannot_be_judged_is_refused_by_name():
    x, y = np.tile(np.arange(50.0, 1000, 100), 10), np.repeat(np.arange(50.0, 1000, 100), 10)
    with pytest.raises(ZeroVarianceError):
        hot_spots(x, y, square(10))
    with pytest.raises(ParameterError, match="one cell"):
        hot_spots([50.0], [50.0], square(1))
    with pytest.raises(CoordinateError, match="degrees"):
        hot_spots([-87.6] * 9, [41.9] * 9, square_grid(shapely.box(448000, 4637000, 449000, 4638000), 100, crs=CRS))
    with pytest.raises(CoordinateError, match="degrees"):
        square_grid(shapely.box(-88, 41, -87, 42), 100, crs="EPSG:4326")
    assert "few_events" in codes(hot_spots([50.0, 50.0, 950.0], [50.0, 50.0, 950.0], square(10)))
    assert any(
        "cell" in notice.message
        for notice in kernel_density([500.0], [500.0], square(10), radius_m=60.0).summary.warnings
    )


def test_an_outlier_among_the_cold_is_no_hot_spot():
    counts = np.ones((15, 15), dtype=np.int64)
    counts[6:9, 6:9] = 0
    counts[7, 7] = 60
    x, y = (np.repeat(v, counts.ravel()) for v in square(15).centres())
    centre = hot_spots(x, y, square(15), correction="none").frame.query("cell_x == 750 and cell_y == 750").iloc[0]
    assert centre["gi_z"] > 3
    assert centre["gi_bin"] <= 0


def test_the_hour_of_month_data_is_refused():
    with pytest.raises(TimePrecisionError):
        hour_profile(["2024-01-01"] * 400, zone="Europe/London", time_precision="month")


def test_local_time_labelled_as_utc_is_noticed():
    random = np.random.default_rng(10)
    hours = random.choice(24, 3000, p=np.r_[np.full(2, 1), np.full(5, 0.2), np.full(17, 1)] / 20)
    local = pd.Timestamp("2024-01-01") + pd.to_timedelta(hours * 60 + random.integers(0, 60, 3000), "min")
    assert "shifted_clock" not in codes(hour_profile(local, local, zone="America/Chicago"))
    labelled = local.tz_localize("UTC")
    assert "shifted_clock" in codes(hour_profile(labelled, labelled, zone="America/Chicago"))


def test_change_has_a_test_and_no_infinite_percentage():
    before, after = np.zeros((10, 10), dtype=int), np.zeros((10, 10), dtype=int)
    before[0, 0], after[0, 0], after[5, 5] = 10, 12, 4
    frame = period_change(before, after, square(10), days_before=365, days_after=365).frame
    assert frame["change"].value_counts().to_dict() == {"no events": 98, "not clear": 2}
    assert frame["ratio"].isna().sum() == 99
    assert np.isfinite(frame[["ratio", "ratio_low", "ratio_high"]].to_numpy(dtype=float, na_value=0.0)).all()


def test_neither_row_order_nor_frame_index_moves_a_result():
    random = np.random.default_rng(11)
    x, y = random.uniform(0, 1000, (2, 300))
    order = random.permutation(300)
    grid = square(10)
    pd.testing.assert_frame_equal(
        pd.DataFrame(hot_spots(x, y, grid).frame.drop(columns="geometry")),
        pd.DataFrame(hot_spots(x[order], y[order], grid).frame.drop(columns="geometry")),
    )
    assert isinstance(hot_spots(x, y, grid).frame, gpd.GeoDataFrame)
