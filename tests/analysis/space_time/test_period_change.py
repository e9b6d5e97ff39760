"""Change between periods against SciPy, enumeration and coverage; the history of hot spots by its definition."""

import itertools

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from analysis.errors import CoordinateError, EmptyInputError, ParameterError
from analysis.grids.square import square_grid
from analysis.space_time.hot_spot_history import hot_spot_history
from analysis.space_time.period_change import period_change, rate_change

counts = st.integers(0, 60)
days = st.floats(1, 2000)


@pytest.fixture
def grid():
    return square_grid(shapely.box(0, 0, 400, 100), 100, crs="EPSG:32616")


@settings(deadline=None)
@given(counts, counts, days, days, st.sampled_from([0.8, 0.95, 0.99]))
def test_test_and_interval_equal_the_binomial_ones(a, b, days_a, days_b, confidence):
    found = rate_change([a], [b], days_before=days_a, days_after=days_b, confidence=confidence)
    m, share = a + b, days_b / (days_a + days_b)
    if m == 0:
        assert not found.tested[0]
        assert found.p_value[0] == 1.0
        return
    tails = binom.cdf(b, m, share), binom.sf(b - 1, m, share)
    assert found.p_value[0] == pytest.approx(min(1.0, 2 * min(tails)), rel=1e-9, abs=1e-300)
    interval = binomtest(b, m, share).proportion_ci(confidence, method="exact")
    scale = days_a / days_b
    assert found.ratio_low[0] == pytest.approx(interval.low / (1 - interval.low) * scale, rel=1e-8)
    if a > 0:
        assert found.ratio[0] == pytest.approx(b / days_b / (a / days_a))
        assert found.ratio_high[0] == pytest.approx(interval.high / (1 - interval.high) * scale, rel=1e-8)
        assert found.ratio_low[0] <= found.ratio[0] <= found.ratio_high[0]
    else:
        assert np.isinf(found.ratio_high[0])


@settings(deadline=None)
@given(counts, counts, st.floats(0.2, 5))
def test_interval_and_test_agree(a, b, reference):
    found = rate_change([a], [b], days_before=30, days_after=60, reference_ratio=reference)
    outside = not found.ratio_low[0] <= reference <= found.ratio_high[0]
    if abs(found.p_value[0] - 0.05) > 1e-9:
        assert outside == (found.p_value[0] < 0.05)


@given(counts, counts)
def test_mid_p_counts_the_observed_outcome_half(a, b):
    found = rate_change([a], [b], days_before=10, days_after=30, mid_p=True)
    m = a + b
    half = binom.pmf(b, m, 0.75) / 2
    expected = 2 * min(binom.cdf(b, m, 0.75) - half, binom.sf(b - 1, m, 0.75) - half)
    assert found.p_value[0] == pytest.approx(min(1, expected), rel=1e-7, abs=1e-12)
    assert found.p_value[0] <= rate_change([a], [b], days_before=10, days_after=30).p_value[0] + 1e-12


def test_false_alarms_stay_below_the_level():
    rng = np.random.default_rng(1)
    a, b = rng.poisson(6, 20_000), rng.poisson(12, 20_000)
    assert np.mean(rate_change(a, b, days_before=100, days_after=200).p_value <= 0.05) <= 0.05


def test_swapping_the_periods_turns_the_ratio_round():
    forth = rate_change([7, 3], [19, 30], days_before=10, days_after=25)
    back = rate_change([19, 30], [7, 3], days_before=25, days_after=10)
    assert forth.p_value == pytest.approx(back.p_value)
    assert forth.ratio == pytest.approx(1 / back.ratio)
    assert forth.ratio_low == pytest.approx(1 / back.ratio_high)


@pytest.mark.parametrize(
    ("a", "b", "options"),
    [
        ([1.5], [1], {}),
        ([-1], [1], {}),
        ([np.nan], [1], {}),
        (["1"], [1], {}),
        ([1, 2], [1], {}),
        ([1], [1], {"days_before": 0.0}),
        ([1], [1], {"days_after": float("inf")}),
        ([1], [1], {"confidence": 1.0}),
        ([1], [1], {"reference_ratio": -1.0}),
    ],
)
def test_impossible_input_is_refused(a, b, options):
    with pytest.raises(ParameterError):
        rate_change(a, b, **{"days_before": 1.0, "days_after": 1.0, **options})


def test_map_of_change_has_no_number_that_is_not_finite(grid):
    found = period_change([[50, 0, 40, 0]], [[51, 9, 10, 0]], grid, days_before=365, days_after=365)
    frame = found.frame
    assert frame["change"].tolist() == ["not clear", "increase", "decrease", "no events"]
    assert frame["ratio"].isna().tolist() == [False, True, False, True]
    assert frame["ratio_low"].isna().tolist() == [False, False, False, True]
    assert frame["q_value"].isna().tolist() == [False, False, False, True]
    assert frame["rate_after"][0] == pytest.approx(51 / 0.01 * 365.25 / 365)
    assert all(np.isfinite(frame[name].dropna().astype(float)).all() for name in ("ratio", "ratio_low", "ratio_high"))
    assert found.summary.n_used == 160
    assert found.summary.parameters["whole_map_ratio"] == pytest.approx(70 / 90)
    assert [notice.code for notice in found.summary.warnings] == ["no_events_before"]


def test_against_the_whole_map_a_common_rise_is_no_change(grid):
    before, after = np.array([[50, 60, 70, 80]]), np.array([[100, 120, 140, 20]])
    alone = period_change(before, after, grid, days_before=100, days_after=100)
    relative = period_change(before, 2 * before, grid, days_before=100, days_after=100, against="whole_map")
    assert alone.frame["change"].tolist() == ["increase"] * 3 + ["decrease"]
    assert relative.frame["change"].tolist() == ["not clear"] * 4


def test_maps_without_events_or_of_another_grid_are_refused(grid):
    zero, some, periods = np.zeros((1, 4), dtype=int), np.ones((1, 4), dtype=int), {"days_before": 1, "days_after": 1}
    with pytest.raises(EmptyInputError):
        period_change(zero, zero, grid, **periods)
    with pytest.raises(EmptyInputError):
        period_change(zero, some, grid, against="whole_map", **periods)
    with pytest.raises(CoordinateError):
        period_change(some.T, some, grid, **periods)
    with pytest.raises(ParameterError):
        period_change(some, some, grid, correction="fdr", **periods)
    few = period_change(zero, some, grid, **periods)
    assert few.summary.parameters["whole_map_ratio"] is None
    assert "cannot be compared" in few.summary.reading
    assert "few_events" in {notice.code for notice in few.summary.warnings}


@pytest.mark.parametrize("n_periods", [2, 3, 4])
def test_history_by_its_definition(n_periods):
    series = np.array(list(itertools.product([0, 1], repeat=n_periods))).T
    for cell, name in zip(series.T, hot_spot_history(series), strict=True):
        runs = [len(run) for run in "".join(map(str, cell)).split("0") if run]
        if not runs:
            expected = "never"
        elif runs == [n_periods]:
            expected = "persistent"
        elif len(runs) > 1:
            expected = "intermittent"
        else:
            expected = "emerging" if cell[-1] else "former"
        assert name == expected


def test_history_by_confidence_and_side():
    bins = [[2, -3, 1], [3, -3, 3]]
    assert hot_spot_history(bins, least_confidence=95).tolist() == ["persistent", "never", "emerging"]
    assert hot_spot_history(bins, side="cold").tolist() == ["never", "persistent", "never"]


@pytest.mark.parametrize(
    ("bins", "options"),
    [
        ([[1, 2]], {}),
        ([1, 2], {}),
        ([[4], [0]], {}),
        ([[0.5], [0]], {}),
        ([[1], [0]], {"least_confidence": 80}),
        ([[1], [0]], {"side": "warm"}),
    ],
)
def test_history_of_what_are_no_bins_is_refused(bins, options):
    with pytest.raises(ParameterError):
        hot_spot_history(bins, **options)
