"""Windows of time in which crimes happened, and which of them an analysis can use."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np

from analysis.errors import EmptyInputError, ParameterError
from analysis.projection import BoolArray
from analysis.space_time.local_time import IntArray, TimePrecision, fine_enough, instants
from analysis.space_time.time_units import HOUR
from analysis.summary import Notice

MissingEnd = Literal["instant", "exclude"]


@dataclass(frozen=True)
class TimeWindows:
    """Earliest and latest moments of events.

    Attributes
    ----------
    begin, end : ndarray of int64, shape (n,)
        Microseconds of universal time since 1970-01-01; meaningless where not `used`.
    used : ndarray of bool, shape (n,)
        Windows that can be used.
    excluded : dict of str to int
        The others, each under its first reason.
    notices : tuple of Notice
    """

    begin: IntArray
    end: IntArray
    used: BoolArray
    excluded: dict[str, int]
    notices: tuple[Notice, ...] = ()

    def within(self, first: int, last: int) -> TimeWindows:
        """Leave out windows that share no time with ``first <= t < last``.

        Parameters
        ----------
        first, last : int
            Microseconds of universal time.

        Returns
        -------
        TimeWindows
            ``outside_bins`` counts those left out.

        Raises
        ------
        EmptyInputError
            None is left.
        """
        moment = self.begin == self.end
        apart = (self.begin >= last) | (self.end < first) | ((self.end == first) & ~moment)
        used, excluded = _sorted_out(self.used, {**self.excluded}, {"outside_bins": apart})
        return replace(self, used=used, excluded=excluded)


def read_windows(
    occurred_from: Any,
    occurred_to: Any = None,
    *,
    zone: str,
    coarsest: TimePrecision,
    time_precision: Any = None,
    longest_hours: float | None = None,
    missing_end: MissingEnd = "instant",
) -> TimeWindows:
    """Read windows and sort out those that cannot be used.

    Parameters
    ----------
    occurred_from, occurred_to : array_like of datetime, shape (n,)
        Earliest and latest possible moment; without `occurred_to` every event is a moment.
    zone : str
        IANA name of the local zone, for times without one.
    coarsest : {"second", "minute", "hour", "day", "month", "year", "unknown"}
        The coarsest precision that will do.
    time_precision : array_like of str, shape (n,), or str, optional
    longest_hours : float or None
        Elapsed hours; None: no limit.
    missing_end : {"instant", "exclude"}
        What a missing `occurred_to` means: the moment is known, or the window is not.

    Returns
    -------
    TimeWindows
        Reasons of exclusion: ``known_to_the_day`` and coarser, ``time_not_known``, ``no_start``, ``no_end``,
        ``end_before_start``, ``window_too_long``.

    Raises
    ------
    TimePrecisionError
        No time is known to `coarsest`.
    EmptyInputError
        No event, or none left.
    ParameterError
        No times, columns of different length, an unknown zone, precision or option.

    Examples
    --------
    >>> windows = read_windows(["2024-01-01 22:00", "2024-01-02"], ["2024-01-01 23:00", "2024-01-01"],
    ...                        zone="Europe/Riga", coarsest="hour")
    >>> windows.used.tolist(), windows.excluded
    ([True, False], {'end_before_start': 1})
    """
    if missing_end not in get_args(MissingEnd):
        raise ParameterError(f"Unknown meaning of a missing end {missing_end!r}.", "Use instant or exclude.")
    if longest_hours is not None and not longest_hours >= 0:
        raise ParameterError(f"The longest window is {longest_hours} hours.", "Give a number of hours, or None.")
    begins = instants(occurred_from, zone, what="earliest times")
    ends = begins if occurred_to is None else instants(occurred_to, zone, what="latest times")
    n = begins.utc.size
    if ends.utc.size != n:
        raise ParameterError(f"There are {n} earliest but {ends.utc.size} latest times.", "Give one of each an event.")
    precise, excluded = fine_enough(time_precision, n, coarsest, f"an analysis by the {coarsest}")
    end = np.where(ends.known, ends.utc, begins.utc)
    failing = {
        "no_start": ~begins.known,
        "no_end": ~ends.known & (missing_end == "exclude"),
        "end_before_start": end < begins.utc,
    }
    if longest_hours is not None:
        failing["window_too_long"] = (end - begins.utc) / HOUR > longest_hours
    used, excluded = _sorted_out(precise, excluded, failing)
    notices = begins.notices if occurred_to is None else (*begins.notices, *ends.notices)
    moments = int(np.count_nonzero(used & ~ends.known))
    if moments:
        notices += (Notice("missing_end", f"{moments:,} events without a latest time were taken as moments."),)
    return TimeWindows(begins.utc, end, used, excluded, notices)


def _sorted_out(
    used: BoolArray, excluded: dict[str, int], failing: dict[str, BoolArray]
) -> tuple[BoolArray, dict[str, int]]:
    """Return what is left after leaving out what fails, and the counts by first reason; refuse when nothing is."""
    for reason, fails in failing.items():
        hit = used & fails
        if hit.any():
            excluded[reason] = int(np.count_nonzero(hit))
            used = used & ~hit
    if not used.any():
        reasons = ", ".join(f"{reason.replace('_', ' ')} {count:,}" for reason, count in excluded.items())
        raise EmptyInputError(f"No event of {used.size:,} can be used: {reasons}.", "Check the times and the limits.")
    return used, excluded
