"""Times as suppliers write them."""

from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pytest

from app.errors import InvalidInputError
from app.incidents.models import TIME_PRECISIONS
from app.ingest.profiles import SourceProfile
from app.ingest.times import detect_format, joined_times, parse_times


def parsed(values, zone="America/Chicago", kind=None, **profile):
    column = pa.array(values, kind)
    how = detect_format(column.drop_null(), SourceProfile(**profile), zone, column="c")
    return parse_times(column, how)


def shown(values, **options):
    """Return UTC time and precision of each value; BAD or None where there is none."""
    times = parsed(values, **options)
    found = []
    for row, instant in enumerate(times.instants.tolist()):
        if times.unreadable[row]:
            found.append("BAD")
        elif times.missing[row]:
            found.append(None)
        else:
            found.append(
                (str(np.datetime64(instant, "us").astype("datetime64[s]")), TIME_PRECISIONS[times.precision[row]])
            )
    return found


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2020-01-31 00:05", ("2020-01-31T06:05:00", "minute")),
        ("2020-01-31T10:05:06", ("2020-01-31T16:05:06", "second")),
        ("2020-01-31T10:05:06.123456789", ("2020-01-31T16:05:06", "second")),
        ("2020/01/31 10:05", ("2020-01-31T16:05:00", "minute")),
        ("2020-1-5 9:05", ("2020-01-05T15:05:00", "minute")),
        ("2020-02-29", ("2020-02-29T06:00:00", "day")),
        ("20200229", ("2020-02-29T06:00:00", "day")),
        ("2020-02", ("2020-02-01T06:00:00", "month")),
        ("2020", ("2020-01-01T06:00:00", "year")),
        ("2020-01-31T10:05:00Z", ("2020-01-31T10:05:00", "minute")),
        ("2020-01-31 10:05:01+0200", ("2020-01-31T08:05:01", "second")),
        ("2020-01-31 10:05:01 -05:30", ("2020-01-31T15:35:01", "second")),
        ("2020-01-31 10:05:01+02", ("2020-01-31T08:05:01", "second")),
        ("1580465106000", ("2020-01-31T10:05:06", "second")),
        ("01/31/2020 11:05:00 PM", ("2020-02-01T05:05:00", "minute")),
        ("1/31/2020 12:05 a.m.", ("2020-01-31T06:05:00", "minute")),
        ("1/31/2020, 12:05 pm", ("2020-01-31T18:05:00", "minute")),
        ("31.01.2020 23:05", ("2020-02-01T05:05:00", "minute")),
        ("2019-02-29", "BAD"),
        ("2020-04-31 10:00", "BAD"),
        ("2020-13-01", "BAD"),
        ("2020-01-01 24:00", "BAD"),
        ("13/13/2020", "BAD"),
        ("yesterday", "BAD"),
        (None, None),
    ],
)
def test_ways_of_writing_a_time(value, expected):
    assert shown([value], kind=pa.string()) == [expected]


def test_day_and_month_are_told_apart_by_the_column_or_declared():
    assert shown(["01/02/2020", "13/02/2020"])[0][0] == "2020-02-01T06:00:00"
    assert shown(["01/02/2020", "02/13/2020"])[0][0] == "2020-01-02T06:00:00"
    assert shown(["01/02/2020"], date_format="day-first")[0][0] == "2020-02-01T06:00:00"
    assert shown(["01/02/2020"], date_format="month-first")[0][0] == "2020-01-02T06:00:00"
    with pytest.raises(InvalidInputError, match="'c': day and month cannot be told apart, for example '01/02/2020'"):
        shown(["01/02/2020"])


def test_declared_pattern_is_used_and_overflow_is_no_time():
    pattern = "%d-%b-%Y %H:%M"
    assert shown(["31-Jan-2019 05:06", "30-Feb-2019 05:06", "x"], date_format=pattern) == [
        ("2019-01-31T11:06:00", "minute"), "BAD", "BAD",
    ]  # fmt: skip


def test_precision_is_what_the_column_really_has():
    midnights = [f"2020-01-{day:02d} 00:00:00" for day in range(1, 29)]
    assert {precision for _, precision in shown(midnights)} == {"day"}
    hours = [f"2020-01-{day:02d} {day % 24:02d}:00" for day in range(1, 29)]
    assert {precision for _, precision in shown(hours)} == {"hour"}
    months = [f"20{year}-{month:02d}-01" for year in (18, 19, 20) for month in range(1, 13)]
    assert {precision for _, precision in shown(months)} == {"month"}
    assert {precision for _, precision in shown(hours, time_precision="month")} == {"month"}
    assert [precision for _, precision in shown(["2020-01-01 10:30", "2020-01-02"])] == ["minute", "day"]


def test_summer_time_is_handled_the_same_way_every_time():
    times = parsed(["2020-03-08 02:30", "2020-11-01 01:30", "2020-11-01 03:30"])
    assert [str(np.datetime64(instant, "us"))[:16] for instant in times.instants.tolist()] == [
        "2020-03-08T08:00", "2020-11-01T06:30", "2020-11-01T09:30",
    ]  # fmt: skip
    assert (times.ambiguous, times.nonexistent) == (1, 1)


def test_wrong_utc_labels_are_local_when_declared():
    value = ["2019/01/31 23:05:00+00"]
    assert shown(value)[0][0] == "2019-01-31T23:05:00"
    assert shown(value, utc_label="local")[0][0] == "2019-02-01T05:05:00"
    typed = pa.array([datetime(2019, 1, 31, 23, 5, tzinfo=UTC)], pa.timestamp("ms", "UTC"))
    for label, expected in (("utc", "2019-01-31T23:05"), ("local", "2019-02-01T05:05")):
        how = detect_format(typed, SourceProfile(utc_label=label), "America/Chicago", column="c")
        assert str(np.datetime64(int(parse_times(typed, how).instants[0]), "us"))[:16] == expected


def test_typed_dates_and_zoneless_times_are_local():
    assert shown([date(2019, 1, 31)], kind=pa.date32()) == [("2019-01-31T06:00:00", "day")]
    assert shown([np.datetime64("2019-01-31T01:30", "us").item()], kind=pa.timestamp("us")) == [
        ("2019-01-31T07:30:00", "minute")
    ]
    assert shown([201901, 201902], kind=pa.int64())[0] == ("2019-01-01T06:00:00", "month")


def test_parts_of_a_time_are_joined():
    five = [pa.array(column) for column in ([2020, 2020], [6, 1], [19, 3], [3, None], [40, None])]
    assert joined_times(five).to_pylist() == ["2020-06-19 03:40", "2020-01-03"]
    assert joined_times(five[:2]).to_pylist() == ["2020-06", "2020-01"]
    assert joined_times(five[:4]).to_pylist() == ["2020-06-19 03:00", "2020-01-03"]
    dates = pa.array(["01/08/2020 12:00:00 AM", "2020-01-09", "2020-01-10T00:00:00.000", "2020-01-11"])
    clocks = pa.array(["2230", "9:30 PM", "5", None])
    assert joined_times([dates, clocks]).to_pylist() == [
        "01/08/2020 22:30",
        "2020-01-09 9:30 PM",
        "2020-01-10 00:05",
        "2020-01-11",
    ]
