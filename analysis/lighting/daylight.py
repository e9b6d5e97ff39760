"""Day, twilight or dark: of events known to the moment or as a window, and hours of each in a period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.errors import CoordinateError, EmptyInputError, ParameterError
from analysis.hot_spots.hot_spot_reading import nullable
from analysis.intervals import poisson_interval
from analysis.lighting.sun import sun_elevation
from analysis.projection import BoolArray, FloatArray
from analysis.space_time.local_time import instants
from analysis.space_time.time_units import DAY, HOUR, MINUTE
from analysis.space_time.time_windows import TimeWindows, read_windows
from analysis.summary import Summary

Light = Literal["day", "twilight", "dark"]

LIGHTS: tuple[Light, ...] = ("day", "twilight", "dark")
"""In the order of the codes 0, 1, 2."""

SUNRISE_DEGREES, DARK_DEGREES = -0.833, -6.0
"""Day from the first, dark below the second (end of civil twilight)."""

WINDOW_STEP, MOST_STEPS = 10 * MINUTE, 144
PERIOD_STEP = 2 * MINUTE
LONGEST_PERIOD_DAYS = 20 * 366


@dataclass(frozen=True, eq=False)
class LightShares:
    """In which light events happened.

    Attributes
    ----------
    shares : ndarray of float64, shape (n, 3)
        Probability of day, twilight and dark; a row of an event left out is zero, the others sum to 1.
    used : ndarray of bool, shape (n,)
    summary : Summary
        Of a result without a place: its ``crs`` is empty and its area zero.
    """

    shares: FloatArray
    used: BoolArray
    summary: Summary

    @property
    def expected(self) -> dict[Light, float]:
        """Expected events in each light."""
        return dict(zip(LIGHTS, self.shares.sum(axis=0).tolist(), strict=True))


def light_codes(elevation: npt.ArrayLike) -> npt.NDArray[np.int8]:
    """Return day, twilight or dark for heights of the sun.

    Parameters
    ----------
    elevation : array_like of float, shape (n,)
        Degrees, without refraction (`sun_elevation`).

    Returns
    -------
    ndarray of int8, shape (n,)
        Position in `LIGHTS`: 0 day (-0.833 degrees and more), 1 twilight, 2 dark (below -6 degrees, civil).

    Examples
    --------
    >>> light_codes([10.0, -0.8, -3.0, -6.0, -6.1]).tolist()
    [0, 0, 1, 1, 2]
    """
    height = np.asarray(elevation, dtype=np.float64)
    return ((height < SUNRISE_DEGREES).astype(np.int8) + (height < DARK_DEGREES)).astype(np.int8)


def light_of_events(
    occurred_from: Any,
    occurred_to: Any = None,
    *,
    longitude: npt.ArrayLike,
    latitude: npt.ArrayLike,
    zone: str,
    time_precision: Any = None,
    longest_hours: float | None = 24.0,
) -> LightShares:
    """Tell how likely each event happened by day, in twilight and in the dark.

    Parameters
    ----------
    occurred_from, occurred_to, zone, time_precision, longest_hours
        As for `analysis.space_time.aoristic.aoristic_week`.
    longitude, latitude : array_like of float, shape (n,) or a number
        WGS 84 degrees.

    Returns
    -------
    LightShares

    Raises
    ------
    TimePrecisionError
        No time is known to the hour.
    EmptyInputError
        No event, or none left.
    CoordinateError
        A place that is not on Earth, or another number of them than of events.
    ParameterError
        No times, an unknown zone or option.

    Notes
    -----
    An event is equally likely at every moment of its window. The sun is computed every ten minutes of it (at the middle
    of equal steps, 144 at most): a car stolen between 18:00 and 08:00 counts in part for the evening light, the night
    and the morning, and not for its middle, which is always night.

    References
    ----------
    Ratcliffe, J. H. (2002). Aoristic signatures ... Journal of Quantitative Criminology 18(1).

    Examples
    --------
    >>> found = light_of_events(["2024-06-21 12:00", "2024-12-21 12:00"], ["2024-06-21 12:00", "2024-12-22 12:00"],
    ...                         longitude=24.1, latitude=56.95, zone="Europe/Riga")
    >>> found.shares.round(1).tolist()
    [[1.0, 0.0, 0.0], [0.3, 0.1, 0.7]]
    """
    windows = read_windows(
        occurred_from,
        occurred_to,
        zone=zone,
        coarsest="hour",
        time_precision=time_precision,
        longest_hours=longest_hours,
    )
    n = windows.used.size
    east, north = _per_event(longitude, n), _per_event(latitude, n)
    begin, length = windows.begin[windows.used], (windows.end - windows.begin)[windows.used]
    steps = np.clip(-(-length // WINDOW_STEP), 1, MOST_STEPS)
    row = np.repeat(np.arange(steps.size), steps)
    step = np.arange(row.size) - np.repeat(np.cumsum(steps) - steps, steps)
    moments = begin[row] + (length[row] * (2 * step + 1)) // (2 * steps[row])
    height = sun_elevation(moments, east[windows.used][row], north[windows.used][row])
    tally = np.bincount(3 * row + light_codes(height), minlength=3 * steps.size).reshape(-1, 3)
    shares = np.zeros((n, 3))
    shares[windows.used] = tally / steps[:, None]
    windows_only = int((length > 0).sum())
    return LightShares(shares, windows.used, _summary(shares, windows, zone, longest_hours, windows_only))


def hours_of_light(start: Any, end: Any, *, longitude: float, latitude: float, zone: str) -> dict[Light, float]:
    """Return how many hours of a period are day, twilight and dark at a place.

    Parameters
    ----------
    start, end : datetime
        First moment of the period and first after it; without a zone on the wall clock of `zone`.
    longitude, latitude : float
        WGS 84 degrees.
    zone : str
        IANA name.

    Returns
    -------
    dict of str to float
        Elapsed hours by light; they sum to the length of the period.

    Raises
    ------
    ParameterError
        A missing time, a period of no length or over twenty years, or an unknown zone.
    CoordinateError
        The place is not on Earth.

    Notes
    -----
    The sun is computed every two minutes, at the middle of each step.

    Examples
    --------
    >>> hours = hours_of_light("2024-01-01", "2025-01-01", longitude=24.1, latitude=56.95, zone="Europe/Riga")
    >>> {light: round(number) for light, number in hours.items()}
    {'day': 4509, 'twilight': 570, 'dark': 3705}
    """
    limits = instants([start, end], zone, what="limits of the period")
    first, last = limits.utc.tolist()
    if not limits.known.all() or not first < last <= first + LONGEST_PERIOD_DAYS * DAY:
        raise ParameterError("The period has no length or is over twenty years.", "Give its start and its end.")
    steps = -(-(last - first) // PERIOD_STEP)
    middle = first + ((np.arange(steps) + 0.5) * ((last - first) / steps)).astype(np.int64)
    tally = np.bincount(light_codes(sun_elevation(middle, longitude, latitude)), minlength=3)
    hours = tally * ((last - first) / steps / HOUR)
    return dict(zip(LIGHTS, hours.tolist(), strict=True))


def rates_per_hour(events: dict[Light, float], hours: dict[Light, float], *, confidence: float = 0.95) -> pd.DataFrame:
    """Return events per 1,000 hours of day, twilight and dark.

    Parameters
    ----------
    events : dict of str to float
        Expected events by light (`LightShares.expected`).
    hours : dict of str to float
        Hours of the same period by light (`hours_of_light`).
    confidence : float
        Between 0 and 1.

    Returns
    -------
    DataFrame
        ``light, events, hours, per_1000_hours, low, high``; the rate of a light without hours (polar summer) is null.

    Raises
    ------
    EmptyInputError
        There are no hours.
    ParameterError
        Impossible counts or confidence.

    Examples
    --------
    >>> rates = rates_per_hour({"day": 50, "twilight": 5, "dark": 90}, {"day": 500, "twilight": 50, "dark": 300})
    >>> rates["per_1000_hours"].tolist()
    [100.0, 100.0, 300.0]
    """
    counted = np.array([events[light] for light in LIGHTS], dtype=np.float64)
    length = np.array([hours[light] for light in LIGHTS], dtype=np.float64)
    if not length.sum() > 0:
        raise EmptyInputError("The period has no hours.", "Give a longer period.")
    low, high = poisson_interval(counted, confidence)
    scale = np.divide(1000.0, length, out=np.zeros(3), where=length > 0)
    columns = {"per_1000_hours": counted * scale, "low": low * scale, "high": high * scale}
    rates = {name: nullable(values, length > 0) for name, values in columns.items()}
    return pd.DataFrame({"light": list(LIGHTS), "events": counted, "hours": length, **rates})


def _summary(
    shares: FloatArray, windows: TimeWindows, zone: str, longest_hours: float | None, windows_only: int
) -> Summary:
    """Describe in which light events happened."""
    day, twilight, dark = shares.sum(axis=0)
    n_used = int(windows.used.sum())
    reading = (
        f"Of {n_used:,} events {dark:,.0f} are expected in the dark, {twilight:,.0f} in twilight and {day:,.0f} by "
        f"day; {windows_only:,} of them are known as windows only. Compare them per hour of each light, not as they "
        "are: in winter most hours are dark."
    )
    return Summary(
        method="Light at the time of events",
        parameters={"zone": zone, "longest_hours": longest_hours, "dark_below_degrees": DARK_DEGREES},
        n_used=n_used,
        excluded=windows.excluded,
        crs="",
        study_area_km2=0.0,
        reading=reading,
        warnings=windows.notices,
    )


def _per_event(values: npt.ArrayLike, n: int) -> FloatArray:
    """Return a coordinate for each event."""
    given = np.asarray(values, dtype=np.float64)
    if given.ndim == 0:
        return np.full(n, float(given))
    if given.shape != (n,):
        raise CoordinateError(f"There are {n} events but {given.size} places.", "Give one an event, or one for all.")
    return given
