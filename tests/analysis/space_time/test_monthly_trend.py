"""Monthly trend: the regression against scikit-learn, coverage of intervals, holes and partial months."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.linear_model import PoissonRegressor

from analysis.errors import EmptyInputError, ParameterError, TimePrecisionError, TooFewEventsError
from analysis.space_time.calendar_months import count_months
from analysis.space_time.log_linear import log_linear
from analysis.space_time.monthly_trend import monthly_trend

ZONE = "Europe/Riga"


def record(rate, first="2020-01-01", last="2024-01-01", seed=0):
    """Times with a rate per day, which may depend on the year."""
    rng = np.random.default_rng(seed)
    days = np.arange(first, last, dtype="datetime64[D]")
    years = np.arange(days.size) / 365.25
    counts = rng.poisson(rate(years) if callable(rate) else np.full(days.size, rate))
    times = np.repeat(days, counts).astype("datetime64[s]")
    return times + rng.integers(3600, 80_000, times.size)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000))
def test_coefficients_equal_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(40, 2))
    exposure = rng.uniform(0.5, 2.0, 40)
    y = rng.poisson(exposure * np.exp(1.0 + x @ [0.4, -0.3]))
    fit = log_linear(y, np.column_stack([np.ones(40), x]), exposure)
    peer = PoissonRegressor(alpha=0.0, tol=1e-10, max_iter=10_000).fit(x, y / exposure, sample_weight=exposure)
    assert fit.coefficients == pytest.approx([peer.intercept_, *peer.coef_], abs=2e-4)
    assert fit.fitted.sum() == pytest.approx(y.sum())
    design = np.column_stack([np.ones(40), x])
    assert design.T @ (y - fit.fitted) == pytest.approx(np.zeros(3), abs=1e-6)


def test_two_groups_have_the_textbook_answer():
    """Counts of two groups: ratio and standard error sqrt(1/a + 1/b) are known in closed form."""
    fit = log_linear([40, 38, 20, 21], [[1, 0], [1, 0], [1, 1], [1, 1]], [1, 1, 1, 1])
    assert np.exp(fit.coefficients[1]) == pytest.approx(41 / 78)
    assert np.sqrt(fit.covariance[1, 1]) == pytest.approx(np.sqrt(1 / 78 + 1 / 41))
    assert fit.p_value(1) == pytest.approx(2 * norm.sf(abs(np.log(41 / 78)) / np.sqrt(1 / 78 + 1 / 41)))
    loud = log_linear([80, 4, 39, 1], [[1, 0], [1, 0], [1, 1], [1, 1]], [1, 1, 1, 1])
    assert loud.overdispersed
    assert loud.quantile(0.95) == pytest.approx(4.302653, abs=1e-5)
    assert np.sqrt(loud.covariance[1, 1]) == pytest.approx(np.sqrt((1 / 84 + 1 / 40) * loud.dispersion))


def test_models_that_the_counts_do_not_determine_are_refused():
    ones = np.ones(6)
    step = np.column_stack([ones, np.arange(6) >= 3])
    for counts in ([0, 0, 0, 5, 6, 7], [0] * 6):
        with pytest.raises(TooFewEventsError):
            log_linear(counts, step, ones)
    with pytest.raises(TooFewEventsError):
        log_linear([1, 2], [[1, 0], [1, 1]], [1, 1])
    for counts, design, exposure in (
        ([1] * 6, np.column_stack([ones, ones]), ones),
        ([1] * 5, step, ones),
        ([-1] * 6, step, ones),
        ([1] * 6, step, 0 * ones),
        ([np.nan] * 6, step, ones),
    ):
        with pytest.raises(ParameterError):
            log_linear(counts, design, exposure)


def test_likelihood_is_climbed_whatever_the_start():
    """Newton's first step overshoots by far, beyond what a number can hold, when one count dwarfs the rest."""
    counts = np.r_[np.tile([1, 2, 1, 2], 250), 20_000_000]
    fit = log_linear(counts, np.column_stack([np.ones(1001), counts > 9]), np.ones(1001))
    assert np.exp(fit.coefficients) == pytest.approx([1.5, 20_000_000 / 1.5])


def test_intervals_of_the_trend_cover_it():
    hits = hits_over = 0
    rng = np.random.default_rng(4)
    middle = (np.arange(36) + 0.5) / 12
    design = np.column_stack([np.ones(36), middle - 1.5])
    for _ in range(400):
        expected = 30 * np.exp(-0.2 * middle)
        for over in (False, True):
            mean = rng.gamma(6, expected / 6) if over else expected
            fit = log_linear(rng.poisson(mean), design, np.ones(36))
            half = fit.quantile(0.95) * np.sqrt(fit.covariance[1, 1])
            hit = abs(fit.coefficients[1] + 0.2) <= half
            hits, hits_over = hits + (hit and not over), hits_over + (hit and over)
    assert 370 <= hits <= 395
    assert 366 <= hits_over <= 396


def test_a_trend_is_found_and_none_where_there_is_none():
    falling = monthly_trend(record(lambda years: 8 * 0.8**years), zone=ZONE)
    assert falling.trend.ratio == pytest.approx(0.8, abs=0.04)
    assert falling.trend.ratio_low < 0.8 < falling.trend.ratio_high
    assert falling.trend.p_value < 1e-6
    assert "falls" in falling.summary.reading
    steady = monthly_trend(record(8.0), zone=ZONE)
    assert steady.trend.ratio_low < 1.0 < steady.trend.ratio_high
    assert "no clear trend" in steady.summary.reading
    frame = steady.frame
    assert frame["count"].sum() == steady.summary.n_used
    assert frame["days"].sum() == 1461
    assert (frame["coverage"] == "whole").all()
    assert frame["fitted"].sum() == pytest.approx(frame["count"].sum())
    assert ((frame["fitted_low"] < frame["fitted"]) & (frame["fitted"] < frame["fitted_high"])).all()


def test_seasons_do_not_pass_for_a_trend():
    """A record from January to the December after next but one, with crime in summer: no rise from winter to summer."""
    season = record(lambda years: 8 * np.exp(0.6 * np.sin(2 * np.pi * (years - 0.25))), last="2022-07-01")
    with_wave = monthly_trend(season, zone=ZONE)
    without = monthly_trend(season, zone=ZONE, seasonal=False)
    assert with_wave.trend.seasonal
    assert with_wave.trend.ratio_low < 1.0 < with_wave.trend.ratio_high
    assert with_wave.trend.model == "poisson"
    assert without.trend.model == "quasi-poisson"
    assert without.trend.ratio_high - without.trend.ratio_low > with_wave.trend.ratio_high - with_wave.trend.ratio_low
    assert (without.frame["high"] > with_wave.frame["high"]).all()
    assert "autocorrelation" in {notice.code for notice in without.summary.warnings}


def test_holes_are_marked_and_left_out():
    times = record(8.0)
    months = times.astype("datetime64[M]").astype(str)
    gap = np.isin(months, ["2021-05", "2021-06", "2022-01"])
    thinned = monthly_trend(times[~gap | (np.arange(times.size) % 40 == 0)], zone=ZONE)
    holes = thinned.frame[thinned.frame["coverage"] == "hole"]
    assert holes["month"].tolist() == ["2021-05", "2021-06", "2022-01"]
    assert thinned.trend.months == 45
    assert thinned.trend.ratio == pytest.approx(monthly_trend(times, zone=ZONE).trend.ratio, abs=0.03)
    assert "coverage_holes" in {notice.code for notice in thinned.summary.warnings}


def test_quiet_months_of_a_small_town_are_no_holes():
    times = record(0.08, seed=3)
    months = count_months(times, zone=ZONE)
    assert (months.counts == 0).any()
    assert "hole" not in months.coverage


def test_stragglers_before_the_record_do_not_lower_the_median():
    old = np.arange("2010-01", "2019-01", dtype="datetime64[M]").astype("datetime64[s]")
    months = count_months(np.r_[old, record(8.0)], zone=ZONE)
    assert months.median_per_day == pytest.approx(8, abs=0.3)
    assert (months.coverage[:108] == "hole").all()
    assert (months.coverage[120:] == "whole").all()


def test_partial_months_are_marked_by_the_period_and_by_silence():
    times = record(8.0, "2023-03-10", "2023-11-20")
    by_silence = count_months(times, zone=ZONE)
    assert by_silence.coverage.tolist() == ["partial"] + ["whole"] * 7 + ["partial"]
    by_period = count_months(times, zone=ZONE, start="2023-04-15", end="2023-10-15")
    assert by_period.coverage.tolist() == ["partial"] + ["whole"] * 5 + ["partial"]
    assert by_period.days.tolist() == [16, 31, 30, 31, 31, 30, 14]
    assert by_period.counts.sum() + sum(by_period.excluded.values()) == times.size
    by_month = count_months(times, zone=ZONE, time_precision="month")
    assert set(by_month.coverage) == {"whole"}


def test_midnight_of_the_month_is_the_local_one():
    times = pd.to_datetime(["2024-01-31T21:59Z", "2024-01-31T22:00Z", "2024-07-31T21:00Z"])
    assert count_months(times, zone=ZONE).counts.tolist() == [1, 1, 0, 0, 0, 0, 0, 1]


def test_too_few_months_are_counted_without_a_trend():
    short = monthly_trend(record(5.0, last="2020-05-01"), zone=ZONE)
    assert short.trend is None
    assert short.frame["fitted"].isna().all()
    assert len(short.frame) == 4
    assert "no_trend" in {notice.code for notice in short.summary.warnings}
    year = monthly_trend(record(5.0, last="2021-02-01"), zone=ZONE)
    assert not year.trend.seasonal
    assert "under_two_years" in {notice.code for notice in year.summary.warnings}
    one = monthly_trend(["2024-01-05"], zone=ZONE)
    assert one.trend is None
    assert one.summary.n_used == 1
    six = monthly_trend(record(5.0, last="2020-07-01"), zone=ZONE)
    assert six.trend.months == 6
    late = monthly_trend(["2020-08-05"] * 5, zone=ZONE, start="2020-01-01", end="2020-09-01")
    assert late.trend is None
    rare = monthly_trend(["2020-01-10", "2020-12-20"], zone=ZONE)
    assert rare.frame["count"].sum() == 2
    assert np.isfinite(rare.frame[["low", "high"]]).all(axis=None)


def test_the_order_of_rows_changes_nothing():
    times = record(8.0)
    shuffled = np.random.default_rng(1).permutation(times)
    pd.testing.assert_frame_equal(monthly_trend(times, zone=ZONE).frame, monthly_trend(shuffled, zone=ZONE).frame)


def test_impossible_input_is_refused():
    with pytest.raises(TimePrecisionError):
        monthly_trend(["2024-01-01"], zone=ZONE, time_precision="year")
    with pytest.raises(EmptyInputError):
        monthly_trend([pd.NaT], zone=ZONE)
    with pytest.raises(EmptyInputError):
        monthly_trend(["2024-01-01"], zone=ZONE, start="2024-02-01", end="2024-03-01")
    for options in (
        {"start": "2024-03-01", "end": "2024-02-01"},
        {"start": pd.NaT},
        {"confidence": 0.0},
        {"start": "0001-01-01"},
        {"zone": "Nowhere"},
    ):
        with pytest.raises(ParameterError):
            monthly_trend(["2024-01-01"], **{"zone": ZONE, **options})
    some = monthly_trend(["2024-01-01", pd.NaT, "2024-01-03"], zone=ZONE, time_precision=["day", "day", "unknown"])
    assert some.summary.excluded == {"time_not_known": 1, "no_time": 1}


@pytest.mark.real_data
def test_vehicle_thefts_of_new_york_begin_in_2014(shared_data):
    thefts = pd.read_csv(shared_data / "new_york" / "incidents_vehicle_thefts_2014_2017.csv.gz")
    found = monthly_trend(pd.to_datetime(thefts["date_start"]), zone="America/New_York")
    frame = found.frame.set_index("month")
    assert (frame.loc["2014-01":"2017-11", "coverage"] == "whole").all()
    assert (frame.loc["2010-08":"2013-11", "coverage"] == "hole").all()
    assert found.summary.n_used == 35_746
    assert 0.8 < found.trend.ratio < 1.0


@pytest.mark.real_data
def test_burglaries_of_manchester_are_known_to_the_month(shared_data):
    burglaries = pd.read_csv(shared_data / "greater_manchester" / "incidents_burglary_police_uk.csv.gz")
    found = monthly_trend(pd.to_datetime(burglaries["Month"]), zone="Europe/London", time_precision="month")
    assert len(found.frame) == 36
    assert found.trend.model == "quasi-poisson"
    assert found.frame["count"].sum() == 92_666
