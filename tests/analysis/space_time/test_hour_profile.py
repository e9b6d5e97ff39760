"""Hours and weekdays: the profile, its intervals, and signs of hours that are not what they seem."""

import numpy as np
import pandas as pd
import pytest

from analysis.errors import EmptyInputError, ParameterError, TimePrecisionError
from analysis.intervals import poisson_interval, wilson_interval
from analysis.space_time.hour_profile import hour_profile
from analysis.space_time.hour_signs import hour_notices
from analysis.space_time.time_units import DAY, HOUR

CHICAGO = "America/Chicago"


def evening_times(n=2000, seed=0, shift_hours=0):
    """Crimes that are rarest at 4 to 7 and most frequent in the evening."""
    rng = np.random.default_rng(seed)
    hour = rng.choice(24, n, p=np.r_[np.full(4, 4), np.full(3, 1), np.full(11, 4), np.full(6, 6)] / 99)
    seconds = (hour + shift_hours) * 3600 + rng.integers(0, 3600, n) + 86_400 * rng.integers(0, 364, n)
    return np.datetime64("2024-01-01T00:00:00") + seconds


def test_moments_are_counted_by_hour_and_weekday():
    times = evening_times()
    profile = hour_profile(times, zone=CHICAGO)
    stamps = pd.DatetimeIndex(times)
    expected = np.zeros((7, 24))
    np.add.at(expected, (stamps.day_of_week, stamps.hour), 1)
    assert profile.table[:, 4:] == pytest.approx(expected[:, 4:])
    assert profile.table.sum() == pytest.approx(2000)
    frame = profile.frame
    assert frame["count_high"].to_numpy() == pytest.approx(poisson_interval(frame["count"])[1])
    assert frame["share_low"].to_numpy() == pytest.approx(wilson_interval(frame["count"], 2000)[0])
    assert frame["share"].sum() == pytest.approx(1.0)
    assert ((frame["count_low"] <= frame["count"]) & (frame["count"] <= frame["count_high"])).all()
    assert profile.summary.warnings == ()
    assert "fall between 18:00 and 0:00" in profile.summary.reading


def test_windows_are_spread_and_long_ones_left_out():
    begin = pd.to_datetime(["2024-01-01 22:00"] * 3 + ["2024-01-01 00:00"])
    end = pd.to_datetime(["2024-01-02 02:00"] * 3 + ["2024-01-05 00:00"])
    profile = hour_profile(begin, end, zone=CHICAGO)
    assert profile.table[0, 22:].tolist() == profile.table[1, :2].tolist() == [0.75, 0.75]
    assert profile.summary.excluded == {"window_too_long": 1}
    assert {notice.code for notice in profile.summary.warnings} == {"vague_times", "few_events"}


def test_rounded_default_and_shifted_times_are_noticed():
    times = evening_times().astype("datetime64[us]").astype(np.int64)
    assert hour_notices(times) == ()
    assert [notice.code for notice in hour_notices(times // HOUR * HOUR)] == ["rounded_times"]
    defaults = np.where(np.arange(times.size) % 10 == 0, times // DAY * DAY, times)
    assert [notice.code for notice in hour_notices(defaults)] == ["midnight_times"]
    assert [notice.code for notice in hour_notices(times + 8 * HOUR)] == ["shifted_clock"]
    assert hour_notices((times + 8 * HOUR)[:299]) == ()


def test_local_times_labelled_as_utc_are_noticed():
    local = pd.DatetimeIndex(evening_times())
    assert hour_profile(local.tz_localize("UTC"), zone="Asia/Tokyo").summary.warnings[0].code == "shifted_clock"


def test_coarse_and_missing_times_are_refused():
    with pytest.raises(TimePrecisionError, match="month"):
        hour_profile(["2024-01-01"] * 5, zone=CHICAGO, time_precision="month")
    with pytest.raises(EmptyInputError):
        hour_profile([pd.NaT, pd.NaT], zone=CHICAGO)
    with pytest.raises(ParameterError):
        hour_profile(["2024-01-01"], zone=CHICAGO, confidence=1.5)
    mixed = hour_profile(["2024-01-01 10:00"] * 4, zone=CHICAGO, time_precision=["minute", "day", "hour", "unknown"])
    assert mixed.summary.n_used == 2
    assert mixed.summary.excluded == {"known_to_the_day": 1, "time_not_known": 1}


@pytest.mark.real_data
def test_assaults_of_chicago_are_rounded_but_not_shifted(shared_data):
    assaults = pd.read_csv(shared_data / "chicago" / "incidents_aggravated_assaults_2010_2019.csv.gz", usecols=["date"])
    profile = hour_profile(pd.to_datetime(assaults["date"]), zone=CHICAGO)
    assert profile.summary.n_used == 148_636
    codes = {notice.code for notice in profile.summary.warnings}
    assert "rounded_times" in codes
    assert "shifted_clock" not in codes
    assert profile.table.sum(axis=0).argmin() in range(4, 9)
