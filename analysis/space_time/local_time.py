"""Times of events as instants and as the local wall clock, in a declared zone, and how precise they are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.errors import EmptyInputError, ParameterError, TimePrecisionError
from analysis.projection import BoolArray
from analysis.space_time.time_units import DAY, HOUR, SECOND
from analysis.summary import Notice

IntArray = npt.NDArray[np.int64]
TimePrecision = Literal["second", "minute", "hour", "day", "month", "year", "unknown"]

PRECISIONS: tuple[TimePrecision, ...] = get_args(TimePrecision)
"""Finest first."""


@dataclass(frozen=True)
class Instants:
    """Times of events, in microseconds since 1970-01-01.

    Attributes
    ----------
    utc : ndarray of int64, shape (n,)
        Microseconds of universal time; meaningless where not `known`.
    local : ndarray of int64, shape (n,)
        Microseconds on the wall clock of the zone.
    known : ndarray of bool, shape (n,)
        False where the time is missing.
    notices : tuple of Notice
        Wall-clock times that occur twice or never, where the clocks change.
    """

    utc: IntArray
    local: IntArray
    known: BoolArray
    notices: tuple[Notice, ...] = ()

    @property
    def local_day(self) -> IntArray:
        """Days since 1970-01-01 on the local calendar, shape (n,)."""
        return self.local // DAY

    @property
    def local_month(self) -> IntArray:
        """Months since January 1970 on the local calendar, shape (n,)."""
        return months_of(self.local_day)


@lru_cache(maxsize=64)
def time_zone(name: str) -> ZoneInfo:
    """Return a time zone by its IANA name.

    Parameters
    ----------
    name : str
        For example ``"Europe/Riga"``.

    Returns
    -------
    zoneinfo.ZoneInfo

    Raises
    ------
    ParameterError
        There is no such zone.

    Examples
    --------
    >>> time_zone("Europe/Riga").key
    'Europe/Riga'
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError) as error:
        raise ParameterError(
            f"There is no time zone {name!r}.", "Name it as in the IANA database, for example Europe/Riga."
        ) from error


def instants(times: Any, zone: str, *, what: str = "times") -> Instants:
    """Read times as instants and as wall-clock times of a zone.

    Parameters
    ----------
    times : array_like of datetime, shape (n,)
        NumPy, pandas or Python date-times. With a time zone they are instants; without one they are what the clock on
        the wall of `zone` showed.
    zone : str
        IANA name of the local time zone.
    what : str
        How messages call them.

    Returns
    -------
    Instants

    Raises
    ------
    ParameterError
        They are no times, or there is no such zone.
    EmptyInputError
        There is none.

    Notes
    -----
    A wall-clock time that occurs twice (the clocks go back) is taken as the first of the two; one that never occurs
    (the clocks go forward) as the first moment after the gap. Both are counted in a notice.

    Examples
    --------
    >>> read = instants(["2024-03-31 12:00", "2024-01-01 12:00"], "Europe/Riga")
    >>> (read.local - read.utc) // HOUR
    array([3, 2])
    """
    local_zone = time_zone(zone)
    if isinstance(times, str) or np.asarray(times).dtype.kind in "iufb":
        raise ParameterError(f"The {what} are numbers or one text, not a column of times.", "Give date-times.")
    try:
        stamps = pd.DatetimeIndex(times)
    except (ValueError, TypeError, OverflowError) as error:
        raise ParameterError(
            f"The {what} cannot be read as times: {error}.", "Give date-times, all with or all without a zone."
        ) from error
    if stamps.size == 0:
        raise EmptyInputError("There is no event.", "Check the filters and the file.")
    known = ~np.asarray(stamps.isna())
    filled = stamps.as_unit("us").fillna(pd.Timestamp(0, tz=stamps.tz))
    if stamps.tz is not None:
        aware = filled.tz_convert(local_zone)
        return Instants(_microseconds(aware.tz_convert(None)), _microseconds(aware.tz_localize(None)), known)
    first = filled.tz_localize(local_zone, ambiguous=np.ones(filled.size, np.bool_), nonexistent="shift_forward")
    second = filled.tz_localize(local_zone, ambiguous=np.zeros(filled.size, np.bool_), nonexistent="shift_forward")
    twice = int(np.count_nonzero(known & np.asarray(first != second)))
    local = _microseconds(first.tz_localize(None))
    never = int(np.count_nonzero(known & (local != _microseconds(filled))))
    return Instants(_microseconds(first.tz_convert(None)), local, known, _clock_notices(twice, never, zone, what))


def local_day(moment: Any, zone: str, what: str) -> int:
    """Return the date of a moment on the local calendar.

    Parameters
    ----------
    moment : datetime
        With a zone, or on the wall clock of `zone`.
    zone : str
        IANA name.
    what : str
        How messages call it.

    Returns
    -------
    int
        Days since 1970-01-01.

    Raises
    ------
    ParameterError
        It is missing or no time, or there is no such zone.
    """
    read = instants([moment], zone, what=what)
    if not read.known[0]:
        raise ParameterError(f"The {what} is missing.", "Give a date.")
    return int(read.local_day[0])


def months_of(days: IntArray) -> IntArray:
    """Return the calendar months of days.

    Parameters
    ----------
    days : ndarray of int64, shape (n,)
        Since 1970-01-01.

    Returns
    -------
    ndarray of int64, shape (n,)
        Since January 1970.
    """
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def first_days_of(months: IntArray) -> IntArray:
    """Return the first days of calendar months.

    Parameters
    ----------
    months : ndarray of int64, shape (n,)
        Since January 1970.

    Returns
    -------
    ndarray of int64, shape (n,)
        Since 1970-01-01.
    """
    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def wall_clock(utc: IntArray, zone: str) -> IntArray:
    """Return what the clock on the wall shows at given instants.

    Parameters
    ----------
    utc : ndarray of int64, shape (n,)
        Microseconds of universal time since 1970-01-01.
    zone : str
        IANA name.

    Returns
    -------
    ndarray of int64, shape (n,)
        Local microseconds since 1970-01-01.

    Raises
    ------
    ParameterError
        There is no such zone.
    """
    stamps = pd.DatetimeIndex(utc.astype("datetime64[us]")).tz_localize("UTC").tz_convert(time_zone(zone))
    return _microseconds(stamps.tz_localize(None))


def clock_changes(first: int, last: int, zone: str) -> IntArray:
    """Return the instants at which the clocks of a zone are changed.

    Parameters
    ----------
    first, last : int
        Microseconds of universal time; changes after `first` and up to `last` are returned.
    zone : str
        IANA name.

    Returns
    -------
    ndarray of int64, shape (n_changes,)
        Universal time of the first moment on the new time, ascending, to the second.

    Raises
    ------
    ParameterError
        There is no such zone.

    Examples
    --------
    >>> year = np.array(["2024-01-01", "2025-01-01"], "datetime64[us]").astype(int)
    >>> clock_changes(*year, "Europe/Riga").astype("datetime64[us]").astype(str).tolist()
    ['2024-03-31T01:00:00.000000', '2024-10-27T01:00:00.000000']
    """
    begin, end = first // HOUR * HOUR, -(-last // HOUR) * HOUR
    hours = np.arange(begin, end + 1, HOUR, dtype=np.int64)
    offset = wall_clock(hours, zone) - hours
    before = hours[:-1][np.diff(offset) != 0]
    low, high = before.copy(), before + HOUR
    while low.size and int((high - low).max()) > SECOND:
        middle = (low + high) // 2 // SECOND * SECOND
        changed = wall_clock(middle, zone) - middle != wall_clock(before, zone) - before
        low, high = np.where(changed, low, middle), np.where(changed, middle, high)
    changes: IntArray = high[(high > first) & (high <= last)]
    return changes


def fine_enough(time_precision: Any, n: int, coarsest: TimePrecision, purpose: str) -> tuple[BoolArray, dict[str, int]]:
    """Tell which events have times precise enough, and refuse data of which none has.

    Parameters
    ----------
    time_precision : array_like of str, shape (n,), or str, or None
        Precision of each time, or of all; None: all are precise enough.
    n : int
        Number of events.
    coarsest : {"second", "minute", "hour", "day", "month", "year", "unknown"}
        The coarsest precision that will do.
    purpose : str
        What it is for, for the message.

    Returns
    -------
    usable : ndarray of bool, shape (n,)
    excluded : dict of str to int
        Events left out, by reason: ``known_to_the_day``, ``known_to_the_month`` and so on.

    Raises
    ------
    TimePrecisionError
        No event is known precisely enough.
    ParameterError
        An unknown precision, or another number of them than of events.

    Examples
    --------
    >>> usable, excluded = fine_enough(["minute", "day"], 2, "hour", "hours of the day")
    >>> usable.tolist(), excluded
    ([True, False], {'known_to_the_day': 1})
    """
    if time_precision is None:
        return np.ones(n, dtype=np.bool_), {}
    given = np.asarray(time_precision, dtype=object)
    if given.ndim == 0:
        given = np.full(n, given.item(), dtype=object)
    if given.shape != (n,):
        raise ParameterError(f"There are {n} events but precisions of shape {given.shape}.", "Give one an event.")
    codes = pd.Index(PRECISIONS).get_indexer(pd.Index(given))
    if (codes < 0).any():
        stranger = given[codes < 0][0]
        raise ParameterError(f"Unknown time precision {stranger!r}.", f"Use one of {', '.join(PRECISIONS)}.")
    usable: BoolArray = codes <= PRECISIONS.index(coarsest)
    tally = {name: int(np.count_nonzero(codes == code)) for code, name in enumerate(PRECISIONS)}
    coarse = {name: tally[name] for name in PRECISIONS[PRECISIONS.index(coarsest) + 1 :] if tally[name]}
    if n and not usable.any():
        known = ", ".join(f"{count:,} to the {name}" if name != "unknown" else f"{count:,} not at all"
                          for name, count in coarse.items())  # fmt: skip
        raise TimePrecisionError(
            f"Of {n:,} times {known} are known, which is too coarse for {purpose}: they need the {coarsest} or finer.",
            "Use a source that records the time, or an analysis by month.",
        )
    reasons = {"unknown": "time_not_known"}
    return usable, {reasons.get(name, f"known_to_the_{name}"): count for name, count in coarse.items()}


def _microseconds(stamps: pd.DatetimeIndex) -> IntArray:
    """Return naive stamps as microseconds since 1970-01-01."""
    values: IntArray = stamps.to_numpy().astype("datetime64[us]").astype(np.int64)
    return values


def _clock_notices(twice: int, never: int, zone: str, what: str) -> tuple[Notice, ...]:
    """Tell of wall-clock times at changes of the clock."""
    notices = []
    if twice:
        notices.append(
            Notice(
                "ambiguous_times",
                f"{twice:,} {what} occur twice in {zone}, when the clocks go back; the first was taken.",
            )
        )
    if never:
        notices.append(
            Notice(
                "skipped_times",
                f"{never:,} {what} never occur in {zone}, because the clocks go forward; they were moved to the end "
                "of the gap. Many of them mean that the times are in another zone than declared.",
            )
        )
    return tuple(notices)
