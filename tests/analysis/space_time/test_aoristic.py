"""Aoristic weights against a walk along the clock, at changes of the clock, on bad input and on New York's windows."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import EmptyInputError, ParameterError, TimePrecisionError
from analysis.space_time.aoristic import aoristic_bins, aoristic_week

NEW_YORK = "America/New_York"
MINUTES = st.integers(0, 60 * 24 * 40)


def walked(begin, end, zone, bin_minutes=60):
    """Share of a window's minutes in each bin of the week, one by one."""
    minutes = pd.date_range(begin, end, freq="min", inclusive="left").tz_convert(zone)
    if not len(minutes):
        minutes = pd.DatetimeIndex([begin]).tz_convert(zone)
    bins = ((minutes.day_of_week * 24 + minutes.hour) * 60 + minutes.minute) // bin_minutes
    return np.bincount(bins, minlength=7 * 1440 // bin_minutes) / len(minutes)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(MINUTES, st.integers(0, 60 * 24 * 20)), min_size=1, max_size=5),
    st.sampled_from([(NEW_YORK, "2024-10-20"), (NEW_YORK, "2024-03-01"), ("Australia/Lord_Howe", "2024-03-20")]),
    st.sampled_from([15, 60, 120, 1440]),
)
def test_weights_equal_a_walk_along_the_clock(windows, place, bin_minutes):
    zone, start = place
    begin = pd.Timestamp(start, tz="UTC") + pd.to_timedelta([a for a, _ in windows], unit="min")
    end = begin + pd.to_timedelta([length for _, length in windows], unit="min")
    spread = aoristic_week(begin, end, zone=zone, longest_hours=None, bin_minutes=bin_minutes)
    expected = np.array([walked(a, b, zone, bin_minutes) for a, b in zip(begin, end, strict=True)])
    assert spread.weights.toarray() == pytest.approx(expected, abs=1e-12)
    assert spread.totals == pytest.approx(expected.sum(axis=0), abs=1e-12)
    assert spread.totals.sum() == pytest.approx(len(windows), abs=1e-9)
    assert spread.outside == 0.0


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(-200, 200), st.integers(0, 150)), min_size=1, max_size=6), st.integers(1, 30))
def test_equal_bins_equal_a_walk_and_lose_nothing(windows, width):
    begin = pd.Timestamp("2024-03-10", tz=NEW_YORK) + pd.to_timedelta([a for a, _ in windows], unit="min")
    end = begin + pd.to_timedelta([length for _, length in windows], unit="min")
    expected = np.zeros((len(windows), 7))
    for row, (a, length) in enumerate(windows):
        for minute in range(a, a + max(length, 1)):
            if 0 <= minute < 7 * width:
                expected[row, minute // width] += 1 / max(length, 1)
    options = {"zone": NEW_YORK, "start": "2024-03-10", "bin_hours": width / 60, "n_bins": 7}
    if not expected.any():
        with pytest.raises(EmptyInputError, match="outside bins"):
            aoristic_bins(begin, end, **options)
        return
    spread = aoristic_bins(begin, end, **options)
    assert spread.weights.toarray() == pytest.approx(expected, abs=1e-9)
    assert spread.totals.sum() + spread.outside == pytest.approx(spread.summary.n_used, abs=1e-9)
    assert spread.summary.excluded.get("outside_bins", 0) == np.count_nonzero(expected.sum(axis=1) == 0)


def test_skipped_and_repeated_hours():
    spring = aoristic_week(["2024-03-10 01:00"], ["2024-03-10 04:00"], zone=NEW_YORK)
    assert spring.totals[-24:][:5].tolist() == [0.0, 0.5, 0.0, 0.5, 0.0]
    autumn = aoristic_week(["2024-11-03 00:00"], ["2024-11-03 03:00"], zone=NEW_YORK)
    assert autumn.totals[-24:][:4].tolist() == [0.25, 0.5, 0.25, 0.0]


def test_a_moment_belongs_to_the_hour_that_begins():
    spread = aoristic_week(["2024-01-01 13:00", "2024-01-07 23:59:59"], zone="Europe/Riga")
    assert np.flatnonzero(spread.totals).tolist() == [13, 167]


def test_every_exclusion_is_counted_under_its_first_reason():
    begin = pd.to_datetime(["2024-01-01", "2024-01-01", None, "2024-01-01", "2024-01-01", "2024-01-01", "2024-01-01"])
    end = pd.to_datetime(["2024-01-02", "2024-01-03", "2024-01-02", "2023-12-31", None, "2024-01-01", "2024-01-09"])
    precision = ["minute"] * 6 + ["day"]
    spread = aoristic_week(begin, end, zone="Europe/Riga", time_precision=precision)
    assert spread.summary.excluded == {
        "known_to_the_day": 1,
        "no_start": 1,
        "end_before_start": 1,
        "window_too_long": 1,
    }
    assert spread.used.tolist() == [True, False, False, False, True, True, False]
    assert spread.summary.n_used + sum(spread.summary.excluded.values()) == 7
    assert {notice.code for notice in spread.summary.warnings} == {"missing_end", "vague_times"}
    strict = aoristic_week(begin, end, zone="Europe/Riga", missing_end="exclude")
    assert strict.summary.excluded["no_end"] == 1


def test_totals_do_not_depend_on_the_order_of_rows():
    rng = np.random.default_rng(3)
    begin = np.datetime64("2024-01-01", "s") + rng.integers(0, 10**7, 500)
    end = begin + rng.integers(0, 80_000, 500)
    order = rng.permutation(500)
    straight, shuffled = (aoristic_week(begin[o], end[o], zone=NEW_YORK).totals for o in (np.arange(500), order))
    assert (straight == shuffled).all()


@pytest.mark.parametrize("precision", ["day", "month", ["month", "year", "unknown"]])
def test_hours_of_coarse_times_are_refused(precision):
    with pytest.raises(TimePrecisionError, match="hour"):
        aoristic_week(["2024-01-01"] * 3, zone="Europe/Riga", time_precision=precision)


def test_finer_bins_ask_for_finer_times():
    with pytest.raises(TimePrecisionError, match="minute"):
        aoristic_week(["2024-01-01"], zone="Europe/Riga", time_precision="hour", bin_minutes=15)
    days = {"zone": "Europe/Riga", "start": "2024-01-01", "n_bins": 3, "time_precision": "day"}
    assert aoristic_bins(["2024-01-02"], bin_hours=24, **days).totals.tolist() == [0.0, 1.0, 0.0]
    with pytest.raises(TimePrecisionError):
        aoristic_bins(["2024-01-02"], bin_hours=12, **days)


@pytest.mark.parametrize(
    "options",
    [
        {"bin_minutes": 7},
        {"bin_minutes": 0},
        {"bin_minutes": 60.0},
        {"longest_hours": -1.0},
        {"longest_hours": float("nan")},
        {"missing_end": "guess"},
        {"occurred_to": ["2024-01-01", "2024-01-02"]},
        {"zone": "Nowhere"},
    ],
)
def test_impossible_options_are_refused(options):
    with pytest.raises(ParameterError):
        aoristic_week(["2024-01-01"], **{"zone": "Europe/Riga", **options})


@pytest.mark.parametrize(
    "options",
    [{"bin_hours": float("inf")}, {"bin_hours": 0.0}, {"n_bins": 0}, {"n_bins": 1.5}, {"start": pd.NaT}],
)
def test_impossible_bins_are_refused(options):
    with pytest.raises(ParameterError):
        aoristic_bins(
            ["2024-01-01"], **{"zone": "Europe/Riga", "start": "2024-01-01", "bin_hours": 1, "n_bins": 5, **options}
        )


@pytest.mark.real_data
def test_vehicle_thefts_of_new_york(shared_data):
    thefts = pd.read_csv(shared_data / "new_york" / "incidents_vehicle_thefts_2014_2017.csv.gz")
    begin, end = (pd.to_datetime(thefts[name]) for name in ("date_start", "date_end"))
    spread = aoristic_week(begin, end, zone=NEW_YORK)
    summary = spread.summary
    assert summary.excluded["window_too_long"] == pytest.approx(7_795, abs=30)
    assert summary.n_used + sum(summary.excluded.values()) == 35_746
    assert spread.totals.sum() == pytest.approx(summary.n_used, abs=1e-6)
    assert spread.weights.sum(axis=1)[spread.used] == pytest.approx(1.0, abs=1e-12)
    by_hour = spread.totals.reshape(7, 24).sum(axis=0)
    assert by_hour.max() < 2.5 * by_hour.min()
    midpoints = np.bincount(pd.to_datetime(thefts["date_single"]).dt.hour[spread.used], minlength=24)
    assert midpoints.max() > 2.5 * midpoints.min()
    assert "missing_end" in {notice.code for notice in summary.warnings}
