"""Events with a place in metres and a day on the local calendar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pyproj import CRS

from analysis.errors import CoordinateError, EmptyInputError, ParameterError
from analysis.projection import FloatArray, checked_coordinates, looks_like_degrees, require_metres
from analysis.space_time.local_time import IntArray, fine_enough, instants, months_of
from analysis.summary import Notice


@dataclass(frozen=True)
class DatedEvents:
    """Events whose place and day are known.

    Attributes
    ----------
    x, y : ndarray of float64, shape (n,)
        Metres in `crs`.
    day : ndarray of int64, shape (n,)
        Days since 1970-01-01 on the calendar of `zone`.
    row : ndarray of int64, shape (n,)
        Number of each event in the input, from 0.
    crs : pyproj.CRS
        Projected, metres.
    zone : str
        IANA name.
    precision : {"day", "month"}
        The coarsest precision among the days: with ``"month"`` only the month of `day` counts.
    excluded : dict of str to int
        Events of the input that are not here, by reason.
    notices : tuple of Notice
    """

    x: FloatArray
    y: FloatArray
    day: IntArray
    row: IntArray
    crs: CRS
    zone: str
    precision: Literal["day", "month"]
    excluded: dict[str, int]
    notices: tuple[Notice, ...] = ()

    @property
    def month(self) -> IntArray:
        """Months since January 1970, shape (n,)."""
        return months_of(self.day)


def dated_events(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    occurred: Any,
    *,
    crs: Any,
    zone: str,
    time_precision: Any = None,
    precision: Literal["day", "month"] = "day",
) -> DatedEvents:
    """Put places and times of events together, leaving out and counting those whose day is not known.

    Parameters
    ----------
    x, y : array_like of float, shape (n,)
        Metres in `crs`.
    occurred : array_like of datetime, shape (n,)
        When; see `space_time.local_time.instants` for times without a zone. For windows give the earliest or the middle
        moment, always the same.
    crs : Any
        CRS of the coordinates: projected, metres.
    zone : str
        IANA name of the local zone, whose midnight divides the days.
    time_precision : array_like of str, shape (n,), or str, optional
        ``second, minute, hour, day, month, year`` or ``unknown``.
    precision : {"day", "month"}
        Whether months will do.

    Returns
    -------
    DatedEvents

    Raises
    ------
    CoordinateError
        Degrees, feet, no CRS, or coordinates that are not finite.
    TimePrecisionError
        No event is known to the day (or the month).
    EmptyInputError
        No event, or none with a time.
    ParameterError
        No times, columns of different length, or an unknown zone or precision.

    Examples
    --------
    >>> events = dated_events([5e5, 5e5], [4e6, 4e6], ["2024-01-01", None], crs="EPSG:32616", zone="America/Chicago")
    >>> events.day.astype("datetime64[D]").astype(str).tolist(), events.excluded
    (['2024-01-01'], {'no_time': 1})
    """
    if precision not in ("day", "month"):
        raise ParameterError(f"Unknown precision {precision!r}.", "Use day or month.")
    metric = require_metres(crs)
    eastings, northings = checked_coordinates(x, y)
    if looks_like_degrees(eastings, northings) and np.ptp(eastings) + np.ptp(northings) > 0:
        raise CoordinateError(
            "Every coordinate is within 180 and 90: they look like degrees, not metres.", "Project them to metres."
        )
    times = instants(occurred, zone)
    if times.utc.size != eastings.size:
        raise ParameterError(f"There are {eastings.size} events but {times.utc.size} times.", "Give one an event.")
    usable, excluded = fine_enough(time_precision, eastings.size, precision, f"an analysis by the {precision}")
    missing = int(np.count_nonzero(usable & ~times.known))
    if missing:
        excluded["no_time"] = missing
    row = np.flatnonzero(usable & times.known)
    if row.size == 0:
        raise EmptyInputError(f"None of {eastings.size:,} events has a time.", "Check the filters and the file.")
    return DatedEvents(
        eastings[row], northings[row], times.local_day[row], row, metric, zone, precision, excluded, times.notices
    )
