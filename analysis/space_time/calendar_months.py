"""Counts by calendar month, and which months a record does not cover."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import pdtr

from analysis.errors import EmptyInputError, ParameterError
from analysis.projection import BoolArray
from analysis.space_time.local_time import IntArray, fine_enough, first_days_of, instants, local_day, months_of
from analysis.summary import Notice

HOLE_SHARE, HOLE_PROBABILITY = 0.2, 0.001
"""A month is a hole below this share of the median month, if so few are that unlikely."""

TAIL = 0.01
MOST_MONTHS = 12_000


@dataclass(frozen=True)
class MonthCounts:
    """Events by calendar month.

    Attributes
    ----------
    first : int
        The first month, counted from January 1970.
    days : ndarray of int64, shape (n_months,)
        Days of each month that lie in the period.
    counts : ndarray of int64, shape (n_months,)
        Events in them.
    coverage : ndarray of str, shape (n_months,)
        ``whole``, ``partial`` or ``hole``.
    median_per_day : float
        Events per day in the median whole month.
    excluded : dict of str to int
        Events not counted, by reason.
    notices : tuple of Notice
    """

    first: int
    days: IntArray
    counts: IntArray
    coverage: npt.NDArray[np.str_]
    median_per_day: float
    excluded: dict[str, int]
    notices: tuple[Notice, ...] = ()

    @property
    def names(self) -> list[str]:
        """Months as text, for example ``"2024-01"``."""
        return [str(np.datetime64(self.first + index, "M")) for index in range(self.days.size)]


def count_months(
    occurred: Any, *, zone: str, time_precision: Any = None, start: Any = None, end: Any = None
) -> MonthCounts:
    """Count events by calendar month and mark the months that are not covered.

    Parameters
    ----------
    occurred, zone, time_precision, start, end
        As for `analysis.space_time.monthly_trend.monthly_trend`.

    Returns
    -------
    MonthCounts
        Every month from the first to the last, also those without an event.

    Raises
    ------
    TimePrecisionError
        No time is known to the month.
    EmptyInputError
        No event, or none in the period.
    ParameterError
        No times, an unknown zone, or an empty or impossible period.

    Notes
    -----
    A month is *partial* when `start` or `end` cuts it. Without them the first and the last month are partial when their
    days before the first event, or after the last one, would be without an event with a probability of at most 0.001 at
    the median rate; never, when some times are known to the month only.

    A month is a *hole* when its events per day are fewer than 0.2 times those of the median whole month, and a Poisson
    count with that mean would be so low with a probability of at most 0.001: small towns have quiet months by chance.
    For the median the months before the first and after the last hundredth of the events are left aside, so that
    stragglers, such as old crimes reported late, are holes and do not make the rest look high.

    Examples
    --------
    >>> days = np.arange("2023-01-01", "2023-07-01", dtype="datetime64[D]")
    >>> march = days.astype("datetime64[M]") == np.datetime64("2023-03")
    >>> months = count_months(days[~march | (days == np.datetime64("2023-03-20"))], zone="UTC")
    >>> months.counts.tolist(), months.coverage.tolist()[2]
    ([31, 28, 1, 30, 31, 30], 'hole')
    """
    times = instants(occurred, zone)
    usable, excluded = fine_enough(time_precision, times.utc.size, "month", "an analysis by the month")
    by_month = time_precision is not None and bool((np.asarray(time_precision, dtype=object) == "month").any())
    missing = int(np.count_nonzero(usable & ~times.known))
    if missing:
        excluded["no_time"] = missing
    day = times.local_day[usable & times.known]
    if day.size == 0:
        raise EmptyInputError(f"None of {times.utc.size:,} events has a time.", "Check the filters and the file.")
    month = months_of(day)
    around = first_days_of(np.array([month.min(), month.max() + 1])).tolist()
    first_day = around[0] if start is None else local_day(start, zone, "start of the period")
    last_day = around[1] if end is None else local_day(end, zone, "end of the period")
    if first_day >= last_day:
        raise ParameterError("The period is empty: its end is not after its start.", "Swap start and end.")
    inside = (day >= first_day) & (day < last_day)
    for reason, hit in (("before_start", day < first_day), ("after_end", day >= last_day)):
        if hit.any():
            excluded[reason] = int(np.count_nonzero(hit))
    if not inside.any():
        raise EmptyInputError("No event lies in the period.", "Check start and end.")
    first, edges = _edges(first_day, last_day)
    days = np.minimum(edges[1:], last_day) - np.maximum(edges[:-1], first_day)
    counts = np.bincount(month[inside] - first, minlength=days.size).astype(np.int64)
    partial = days < np.diff(edges)
    if not by_month:
        rate = float(np.median(counts / days))
        silent = int(day[inside].min()) - first_day, last_day - 1 - int(day[inside].max())
        partial[0] |= start is None and np.exp(-rate * silent[0]) <= HOLE_PROBABILITY
        partial[-1] |= end is None and np.exp(-rate * silent[1]) <= HOLE_PROBABILITY
    hole, median = _holes(days, counts, partial)
    coverage = np.select([hole, partial], ["hole", "partial"], "whole")
    return MonthCounts(first, days, counts, coverage, median, excluded, times.notices)


def _holes(days: IntArray, counts: IntArray, partial: BoolArray) -> tuple[BoolArray, float]:
    """Return which months are holes, and the median number of events per day."""
    cumulated = np.cumsum(counts)
    total = int(cumulated[-1])
    core = (cumulated > TAIL * total) & (cumulated - counts < (1.0 - TAIL) * total)
    judged = core & ~partial if (core & ~partial).any() else core
    rate = counts / days
    median = float(np.median(rate[judged]))
    unlikely = pdtr(counts, median * days) <= HOLE_PROBABILITY
    return (rate < HOLE_SHARE * median) & unlikely & ~partial, median


def _edges(first_day: int, last_day: int) -> tuple[int, IntArray]:
    """Return the first month of a period, and the days on which its months begin, with the end of the last."""
    first, last = months_of(np.array([first_day, last_day - 1])).tolist()
    if last - first >= MOST_MONTHS:
        raise ParameterError(f"The period has {last - first + 1:,} months.", "Check for times that cannot be true.")
    return first, first_days_of(np.arange(first, last + 2))
