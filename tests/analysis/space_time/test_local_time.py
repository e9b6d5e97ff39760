"""Instants and wall clocks: zones, changes of the clock, precision."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from analysis.errors import EmptyInputError, ParameterError, TimePrecisionError
from analysis.space_time.local_time import clock_changes, fine_enough, instants, time_zone, wall_clock
from analysis.space_time.time_units import HOUR

RIGA = "Europe/Riga"


def test_times_with_a_zone_are_instants_and_without_one_the_wall_clock():
    aware = pd.to_datetime(["2024-07-01T09:00Z", "2024-01-01T10:00Z"])
    naive = np.array(["2024-07-01T12:00", "2024-01-01T12:00"], dtype="datetime64[s]")
    first, second = instants(aware, RIGA), instants(naive, RIGA)
    assert (first.utc == second.utc).all()
    assert (first.local == second.local).all()
    assert first.notices == second.notices == ()


def test_missing_times_are_known_as_such():
    read = instants(pd.Series([pd.Timestamp("2024-07-01"), pd.NaT, None]), RIGA)
    assert read.known.tolist() == [True, False, False]


def test_python_times_and_any_resolution_are_read():
    given = [dt.datetime(2024, 7, 1, 12, tzinfo=dt.UTC)]
    assert instants(given, RIGA).utc[0] == np.datetime64("2024-07-01T12:00", "us").astype(int)
    days = np.array(["1650-01-01", "2500-01-01"], dtype="datetime64[D]")
    assert instants(days, "UTC").local_day.tolist() == days.astype(int).tolist()


def test_wall_clock_times_at_changes_of_the_clock_are_counted():
    read = instants(["2024-10-27 03:30", "2024-03-31 03:30", "2024-06-01"], RIGA)
    assert [notice.code for notice in read.notices] == ["ambiguous_times", "skipped_times"]
    assert read.utc[0] == np.datetime64("2024-10-27T00:30", "us").astype(int)
    assert read.local[1] == np.datetime64("2024-03-31T04:00", "us").astype(int)


@pytest.mark.parametrize(
    "zone", ["America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca", "UTC"]
)
def test_between_changes_the_clock_runs_evenly(zone):
    first, last = np.array(["2010-01-01", "2016-01-01"], "datetime64[us]").astype(np.int64)
    changes = clock_changes(int(first), int(last), zone)
    moments = np.arange(first, last, HOUR // 4)
    offset = wall_clock(moments, zone) - moments
    eras = np.searchsorted(changes, moments, "right")
    for era in range(len(changes) + 1):
        assert np.unique(offset[eras == era]).size == 1
    assert (np.diff(offset) != 0).sum() == len(changes)


def test_months_of_the_local_calendar():
    assert instants(["2024-02-29T23:00Z"], RIGA).local_month.tolist() == [54 * 12 + 2]


@pytest.mark.parametrize("times", [[1.5], 3, "2024-01-01", ["last Tuesday"], [True]])
def test_what_is_no_column_of_times_is_refused(times):
    with pytest.raises(ParameterError):
        instants(times, RIGA)


def test_nothing_and_unknown_zones_are_refused():
    with pytest.raises(EmptyInputError):
        instants(np.array([], dtype="datetime64[s]"), RIGA)
    for zone in ("Mars/Olympus", "", "../etc/passwd", "Europe"):
        with pytest.raises(ParameterError):
            time_zone(zone)


def test_precision_sorts_events_and_refuses_when_none_will_do():
    usable, excluded = fine_enough(["second", "hour", "day", "month", "unknown", "day"], 6, "hour", "hours")
    assert usable.tolist() == [True, True, False, False, False, False]
    assert excluded == {"known_to_the_day": 2, "known_to_the_month": 1, "time_not_known": 1}
    assert fine_enough("minute", 3, "hour", "hours")[0].all()
    with pytest.raises(TimePrecisionError, match=r"2 to the month.*need the hour"):
        fine_enough(["month", "month"], 2, "hour", "hours of the day")
    with pytest.raises(ParameterError, match="fortnight"):
        fine_enough(["fortnight"], 1, "hour", "hours")
    with pytest.raises(ParameterError, match="one an event"):
        fine_enough(["hour"], 2, "hour", "hours")
