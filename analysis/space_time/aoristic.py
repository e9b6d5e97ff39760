"""Aoristic weights: crimes that happened some time between two moments, spread over hours of the week or time bins."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numba as nb
import numpy as np
from scipy.sparse import csr_array

from analysis.errors import ParameterError
from analysis.projection import BoolArray, FloatArray
from analysis.space_time.local_time import IntArray, clock_changes, instants, wall_clock
from analysis.space_time.time_units import DAY, HOUR, MINUTE, SECOND
from analysis.space_time.time_windows import MissingEnd, TimeWindows, read_windows
from analysis.summary import Notice, Summary

MONDAY = 4 * DAY
"""Midnight of Monday, 5 January 1970."""

MOST_BINS = 1_000_000
LONGEST_BIN = 10_000 * DAY
LARGE_SHARE = 0.1
"""Share of events left out as too vague that deserves a warning."""


@dataclass(frozen=True)
class AoristicWeights:
    """Events spread over time bins.

    Attributes
    ----------
    weights : scipy.sparse.csr_array of float64, shape (n, n_bins)
        Probability that the event (row, in the order of the input) happened in the bin. Rows of events left out are
        empty; the others sum to 1, or less where a part of the window lies beyond the bins.
    totals : ndarray of float64, shape (n_bins,)
        Expected events in each bin: column sums of `weights`.
    used : ndarray of bool, shape (n,)
        Events that were spread.
    outside : float
        Expected events beyond the bins; ``totals.sum() + outside`` is the number of events used.
    summary : Summary
        Of a result without a place: its ``crs`` is empty and its area zero.
    """

    weights: csr_array
    totals: FloatArray
    used: BoolArray
    outside: float
    summary: Summary


class _Bins(NamedTuple):
    """Bins of equal width that begin anew after the last: microseconds of the first, width and number."""

    origin: int
    width: int
    number: int


class _Clock(NamedTuple):
    """Instants at which the clock is changed, shape (k,), and what it is ahead of universal time, shape (k + 1,)."""

    changes: IntArray
    offsets: IntArray


def aoristic_week(
    occurred_from: Any,
    occurred_to: Any = None,
    *,
    zone: str,
    time_precision: Any = None,
    longest_hours: float | None = 24.0,
    bin_minutes: int = 60,
    missing_end: MissingEnd = "instant",
) -> AoristicWeights:
    """Spread events over the hours of the local week.

    Parameters
    ----------
    occurred_from, occurred_to : array_like of datetime, shape (n,)
        Earliest and latest possible moment; see `space_time.local_time.instants` for times without a zone. Without
        `occurred_to` every event is a moment.
    zone : str
        IANA name of the local zone.
    time_precision : array_like of str, shape (n,), or str, optional
        ``second, minute, hour, day, month, year`` or ``unknown``; coarser than the hour is left out and counted.
    longest_hours : float or None
        Windows longer than this say nothing about the hour: they are left out and counted. None: no limit.
    bin_minutes : int
        Width of a bin; divides a day. 60 gives 168 bins.
    missing_end : {"instant", "exclude"}
        What a missing `occurred_to` means: the moment is known, or the window is not.

    Returns
    -------
    AoristicWeights
        Bin 0 begins on Monday at 00:00; with 60 minutes the bin is ``24 * weekday + hour``, Monday being 0.

    Raises
    ------
    TimePrecisionError
        No time is known to the hour.
    EmptyInputError
        No event, or none left.
    ParameterError
        No times, an unknown zone, precision or option.

    Notes
    -----
    An event is equally likely at every moment of its window [from, to]: the weight of a bin is the time that the window
    and the bin share over the length of the window. Lengths are of elapsed time, bins are of the clock on the wall: an
    hour that the clocks skip has no share and one that they repeat has two hours'. A window of no length gives its
    whole weight to one bin; bins are half-open, the full hour belongs to the hour that begins.

    References
    ----------
    Ratcliffe, J. H. (2002). Aoristic signatures ... Journal of Quantitative Criminology 18(1).

    Examples
    --------
    >>> spread = aoristic_week(["2024-01-01 22:30"], ["2024-01-02 00:30"], zone="Europe/Riga")
    >>> spread.totals[22:25].tolist()
    [0.25, 0.5, 0.25]
    """
    bins = _week_bins(bin_minutes)
    windows = read_windows(
        occurred_from,
        occurred_to,
        zone=zone,
        time_precision=time_precision,
        coarsest="hour" if bin_minutes >= 60 else "minute",
        longest_hours=longest_hours,
        missing_end=missing_end,
    )
    begin, end = windows.begin[windows.used], windows.end[windows.used]
    changes = clock_changes(int(begin.min()), int(end.max()), zone)
    starts = np.r_[begin.min(), changes]
    clock = _Clock(changes, wall_clock(starts, zone) - starts)
    weights = _spread(begin, end, windows, clock, bins)
    shown = f"{bins.number} of {bin_minutes} minutes, from Monday 00:00 on the wall clock"
    parameters = {"bins": shown, "zone": zone, "longest_hours": longest_hours, "missing_end": missing_end}
    return _result(weights, windows, parameters)


def _week_bins(bin_minutes: int) -> _Bins:
    """Return the bins of a week; refuse a width that does not divide a day."""
    if not (isinstance(bin_minutes, (int, np.integer)) and bin_minutes > 0 and 1440 % bin_minutes == 0):
        raise ParameterError(f"Bins of {bin_minutes} minutes do not divide a day.", "Use for example 15, 30 or 60.")
    return _Bins(MONDAY, int(bin_minutes) * MINUTE, 7 * 1440 // int(bin_minutes))


def aoristic_bins(
    occurred_from: Any,
    occurred_to: Any = None,
    *,
    zone: str,
    start: Any,
    bin_hours: float,
    n_bins: int,
    time_precision: Any = None,
    longest_hours: float | None = None,
) -> AoristicWeights:
    """Spread events over equal stretches of time.

    Parameters
    ----------
    occurred_from, occurred_to, zone, time_precision, longest_hours
        As for `aoristic_week`; a missing end is a known moment, and by default no window is too long.
    start : datetime
        Where the first bin begins; without a zone on the wall clock of `zone`.
    bin_hours : float
        Elapsed hours of a bin, at least one second.
    n_bins : int
        1 to `MOST_BINS`.

    Returns
    -------
    AoristicWeights
        What lies before the first or after the last bin is in ``outside``; events wholly there are left out, counted.

    Raises
    ------
    TimePrecisionError
        No time is known as finely as a bin is wide.
    EmptyInputError
        No event, or none left.
    ParameterError
        No times, an unknown zone, or impossible bins.

    Notes
    -----
    As in `aoristic_week`, over bins of elapsed time, which no change of the clocks makes longer or shorter.

    Examples
    --------
    >>> spread = aoristic_bins(["2024-01-01 18:00"], ["2024-01-03 06:00"], zone="Europe/Riga",
    ...                        start="2024-01-01", bin_hours=24, n_bins=2)
    >>> spread.totals.round(3).tolist(), round(spread.outside, 3)
    ([0.167, 0.667], 0.167)
    """
    width = round(bin_hours * HOUR) if math.isfinite(bin_hours) else 0
    if not (SECOND <= width <= LONGEST_BIN and 1 <= n_bins <= MOST_BINS and int(n_bins) == n_bins):
        raise ParameterError(
            f"{n_bins} bins of {bin_hours} hours cannot be made.", f"Use 1 to {MOST_BINS:,} bins of a second or more."
        )
    first = instants([start], zone, what="start")
    if not first.known[0]:
        raise ParameterError("The start of the first bin is missing.", "Give a date.")
    bins = _Bins(int(first.utc[0]), width, int(n_bins))
    last = bins.origin + bins.width * bins.number
    windows = read_windows(
        occurred_from,
        occurred_to,
        zone=zone,
        time_precision=time_precision,
        coarsest="minute" if width < HOUR else "hour" if width < DAY else "day" if width < 28 * DAY else "month",
        longest_hours=longest_hours,
    ).within(bins.origin, last)
    begin = np.maximum(windows.begin[windows.used], bins.origin)
    end = np.minimum(windows.end[windows.used], last)
    clock = _Clock(np.empty(0, dtype=np.int64), np.zeros(1, dtype=np.int64))
    weights = _spread(begin, end, windows, clock, bins)
    parameters = {
        "bins": f"{n_bins:,} of {bin_hours:g} hours",
        "start": str(first.local.astype("datetime64[us]").astype("datetime64[s]")[0]),
        "zone": zone,
        "longest_hours": longest_hours,
    }
    return _result(weights, windows, parameters)


def _spread(begin: IntArray, end: IntArray, windows: TimeWindows, clock: _Clock, bins: _Bins) -> csr_array:
    """Return the weights of the used windows, which `begin` and `end` may cut shorter.

    A moment is spread as a window of one microsecond, which no bin divides.
    """
    length = np.maximum((windows.end - windows.begin)[windows.used], 1)
    end = np.maximum(end, begin + 1)
    pieces = np.searchsorted(clock.changes, end, "right") - np.searchsorted(clock.changes, begin, "right") + 1
    room = np.minimum((end - begin) // bins.width + 2 * pieces, bins.number)
    pointers, columns, shared = _spread_windows(begin, end, clock, bins, int(room.sum()))
    per_window = np.diff(pointers)
    rows = np.zeros(windows.used.size + 1, dtype=np.int64)
    rows[1:][windows.used] = per_window
    shares = shared / np.repeat(length, per_window)
    return csr_array((shares, columns, np.cumsum(rows)), shape=(windows.used.size, bins.number))


@nb.njit(cache=True, nogil=True)
def _spread_windows(
    begin: IntArray, end: IntArray, clock: _Clock, bins: _Bins, room: int
) -> tuple[IntArray, IntArray, IntArray]:
    """Return, window by window, the bins and the microseconds that they share with it."""
    pointers = np.zeros(begin.size + 1, np.int64)
    columns, times = np.empty(room, np.int64), np.empty(room, np.int64)
    shared, touched = np.zeros(bins.number, np.int64), np.empty(bins.number, np.int64)
    place = 0
    for i in range(begin.size):
        era = np.searchsorted(clock.changes, begin[i], "right")
        at, n_touched = begin[i], 0
        while at < end[i]:
            until = end[i]
            if era < clock.changes.size and clock.changes[era] < until:
                until = clock.changes[era]
            n_touched = _add_piece(at + clock.offsets[era], until - at, bins, shared, touched, n_touched)
            at, era = until, era + 1
        for b in np.sort(touched[:n_touched]):
            columns[place], times[place] = b, shared[b]
            shared[b] = 0
            place += 1
        pointers[i + 1] = place
    return pointers, columns[:place], times[:place]


@nb.njit(cache=True, nogil=True)
def _add_piece(local: int, length: int, bins: _Bins, shared: IntArray, touched: IntArray, n_touched: int) -> int:
    """Share out one stretch of the local clock; return how many bins are touched so far."""
    cycle = bins.width * bins.number
    position = (local - bins.origin) % cycle
    rounds, left = length // cycle, length % cycle
    b = position // bins.width
    step = (b + 1) * bins.width - position
    for _ in range(bins.number + (step < bins.width)):
        time = min(left, step)
        left -= time
        if rounds > 0 and step == bins.width:
            time += rounds * bins.width
        if time > 0:
            if shared[b] == 0:
                touched[n_touched] = b
                n_touched += 1
            shared[b] += time
        elif rounds == 0:
            break
        b, step = (b + 1) % bins.number, bins.width
    return n_touched


def _result(weights: csr_array, windows: TimeWindows, parameters: dict[str, Any]) -> AoristicWeights:
    """Add up the weights in an order that does not depend on that of the rows, and describe them."""
    order = np.lexsort((windows.end, windows.begin))
    totals = np.asarray(weights[order].sum(axis=0), dtype=np.float64).ravel()
    n_used = int(np.count_nonzero(windows.used))
    mass = math.fsum(totals)
    outside = max(0.0, n_used - mass) if n_used - mass > 1e-9 * n_used else 0.0
    too_long = windows.excluded.get("window_too_long", 0)
    notices = list(windows.notices)
    if too_long > LARGE_SHARE * (n_used + too_long):
        notices.append(
            Notice(
                "vague_times",
                f"{too_long:,} of {n_used + too_long:,} windows are longer than {parameters['longest_hours']:g} "
                "hours and were left out. They are mostly crimes found late; the rest may have other hours.",
            )
        )
    length_hours = (windows.end - windows.begin)[windows.used] / HOUR
    exact = int(np.count_nonzero(length_hours == 0))
    left_out = sum(windows.excluded.values())
    reading = (
        f"{n_used:,} events were spread evenly over the time in which each may have happened: {exact:,} of them are "
        f"exact moments, the median window is {np.median(length_hours):.1f} hours and the longest "
        f"{length_hours.max():,.1f}. {left_out:,} events were left out. Every event counts as one: a figure is an "
        "expected number of events."
    )
    summary = Summary(
        method="Aoristic weights",
        parameters=parameters,
        n_used=n_used,
        excluded=windows.excluded,
        crs="",
        study_area_km2=0.0,
        reading=reading,
        warnings=tuple(notices),
    )
    return AoristicWeights(weights, totals, windows.used, outside, summary)
