"""The part of events that falls into hours and days of the week."""

import numpy as np
import pandas as pd
import pytest

from analysis.errors import ParameterError
from analysis.space_time.aoristic import aoristic_bins, aoristic_week
from analysis.space_time.hours_of_week import DAYS, share_in_hours

ZONE = "Europe/Riga"


def test_minutes_counted_one_by_one_give_the_same():
    random = np.random.default_rng(3)
    begin = pd.Timestamp("2024-02-05") + pd.to_timedelta(random.integers(0, 7 * 1440, 60), unit="min")
    end = begin + pd.to_timedelta(random.integers(1, 1200, 60), unit="min")
    spread = aoristic_week(begin, end, zone=ZONE)
    for hours, weekdays in (((22, 6), ()), ((6, 14), ("mon", "sun")), ((21, 3), ("fri", "sun")), (None, ("wed",))):
        expected = []
        first, last = hours or (0, 24)
        for start, stop in zip(begin, end, strict=True):
            minutes = pd.date_range(start, stop, freq="min", inclusive="left")
            late = first > last
            after_midnight = late & (minutes.hour < last)
            inside = ((minutes.hour >= first) & (late | (minutes.hour < last))) | after_midnight
            day = (minutes.day_of_week - after_midnight.astype(int)) % 7
            inside &= np.isin(day, [DAYS.index(name) for name in weekdays or DAYS])
            expected.append(inside.mean())
        np.testing.assert_allclose(share_in_hours(spread, hours=hours, weekdays=weekdays), expected, atol=1e-9)


def test_a_night_belongs_to_the_day_on_which_it_begins():
    spread = aoristic_week(["2024-02-09 23:30", "2024-02-10 02:30", "2024-02-09 02:30"], zone=ZONE)
    assert share_in_hours(spread, hours=(22, 6), weekdays=("fri",)).tolist() == [1.0, 1.0, 0.0]


def test_events_of_unknown_hour_count_nothing():
    spread = aoristic_week(["2024-02-09 23:30", None], zone=ZONE)
    assert share_in_hours(spread).tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"hours": (24, 6)}, "from 24 to 6 h"),
        ({"hours": (6, 6)}, "from 6 to 6 h"),
        ({"hours": (6, 25)}, "from 6 to 25 h"),
        ({"weekdays": ("friday",)}, "no day 'friday'"),
    ],
)
def test_what_is_no_hour_or_day_is_refused(options, told):
    spread = aoristic_week(["2024-02-09 23:30"], zone=ZONE)
    with pytest.raises(ParameterError, match=told):
        share_in_hours(spread, **options)


def test_bins_that_are_no_hours_of_the_week_are_refused():
    spread = aoristic_bins(["2024-02-09 23:30"], zone=ZONE, start="2024-02-09", bin_hours=24, n_bins=2)
    with pytest.raises(ParameterError, match="168 hours"):
        share_in_hours(spread)
