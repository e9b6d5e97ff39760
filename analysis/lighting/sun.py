"""Where the sun stands: elevation by the NOAA formulas, for many moments and places at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from analysis.errors import CoordinateError
from analysis.projection import FloatArray
from analysis.space_time.time_units import DAY, MINUTE

IntArray = npt.NDArray[np.int64]

NOON_2000 = 946_728_000_000_000
"""1 January 2000, 12:00 UTC, in microseconds since 1970-01-01: the epoch of the formulas."""

DAYS_OF_CENTURY = 36_525.0

BLOCK = 8192
"""Moments at a time: as many as stay in the cache of a core."""


def sun_elevation(utc: npt.ArrayLike, longitude: npt.ArrayLike, latitude: npt.ArrayLike) -> FloatArray:
    """Return the height of the sun's centre over the horizon, without refraction.

    Parameters
    ----------
    utc : array_like of int64, shape (n,)
        Microseconds of universal time since 1970-01-01 (`analysis.space_time.local_time.Instants.utc`).
    longitude, latitude : array_like of float, shape (n,) or a number
        WGS 84 degrees, east and north positive.

    Returns
    -------
    ndarray of float64, shape (n,)
        Degrees, -90 to 90. The upper edge of the sun touches a flat horizon at -0.833 degrees, refraction included.

    Raises
    ------
    CoordinateError
        A longitude or latitude that is none.

    Notes
    -----
    NOAA solar calculator (after Meeus): apparent longitude of the sun, declination and equation of time from the Julian
    century, true solar time from the longitude, then
    ``sin h = sin(lat) sin(dec) + cos(lat) cos(dec) cos(hour angle)``. Within 0.02 degrees between 1950 and 2050,
    which is some seconds of time.

    References
    ----------
    Meeus, J. (1998). Astronomical Algorithms, chapter 25. Willmann-Bell.
    NOAA Global Monitoring Laboratory. Solar calculation details.

    Examples
    --------
    >>> moment = np.array(["2003-10-17T19:30:30"], dtype="datetime64[us]").astype(np.int64)
    >>> sun_elevation(moment, -105.1786, 39.742476).round(1).tolist()
    [39.9]
    """
    moments = np.asarray(utc, dtype=np.int64)
    east, north = np.asarray(longitude, dtype=np.float64), np.asarray(latitude, dtype=np.float64)
    if not ((np.abs(east) <= 180.0).all() and (np.abs(north) <= 90.0).all()):
        raise CoordinateError("A place is not on Earth.", "Give longitude and latitude in degrees (EPSG:4326).")
    shape = np.broadcast_shapes(moments.shape, east.shape, north.shape)
    moments = np.broadcast_to(moments, shape).ravel()
    east, north = np.broadcast_to(east, shape).ravel(), np.broadcast_to(north, shape).ravel()
    elevation = np.empty(moments.size)
    for first in range(0, elevation.size, BLOCK):
        block = slice(first, first + BLOCK)
        elevation[block] = _elevation(moments[block], east[block], north[block])
    return elevation.reshape(shape)


def _elevation(moments: IntArray, east: FloatArray, north: FloatArray) -> FloatArray:
    """Return the height of the sun over a block of moments and places, degrees."""
    sine, minutes = _declination_and_time(moments)
    hour_angle = np.radians((minutes + 4.0 * east) / 4.0 - 180.0)
    latitude = np.radians(north)
    height = np.sin(latitude) * sine + np.cos(latitude) * np.sqrt(1.0 - sine**2) * np.cos(hour_angle)
    elevation: FloatArray = np.degrees(np.arcsin(np.clip(height, -1.0, 1.0)))
    return elevation


def _declination_and_time(moments: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return the sine of the declination and the true solar time at Greenwich in minutes."""
    century = (moments - NOON_2000) / (DAYS_OF_CENTURY * DAY)
    mean_longitude = np.radians(280.46646 + century * (36_000.76983 + 0.0003032 * century))
    anomaly = np.radians(357.52911 + century * (35_999.05029 - 0.0001537 * century))
    eccentricity = 0.016708634 - century * (0.000042037 + 0.0000001267 * century)
    sine_1, cosine_1 = np.sin(anomaly), np.cos(anomaly)
    sine_2 = 2.0 * sine_1 * cosine_1
    sine_3 = sine_1 * (3.0 - 4.0 * sine_1**2)
    centre = (
        sine_1 * (1.914602 - century * (0.004817 + 0.000014 * century))
        + sine_2 * (0.019993 - 0.000101 * century)
        + sine_3 * 0.000289
    )
    node = np.radians(125.04 - 1934.136 * century)
    longitude = mean_longitude + np.radians(centre - 0.00569 - 0.00478 * np.sin(node))
    tilt = np.radians(23.0 + (26.0 + (21.448 - 46.815 * century) / 60.0) / 60.0 + 0.00256 * np.cos(node))
    square = np.tan(tilt / 2.0) ** 2
    sine_l, cosine_l = np.sin(2.0 * mean_longitude), np.cos(2.0 * mean_longitude)
    equation = 4.0 * np.degrees(
        square * sine_l
        - 2.0 * eccentricity * sine_1
        + 4.0 * eccentricity * square * sine_1 * cosine_l
        - square**2 * sine_l * cosine_l
        - 1.25 * eccentricity**2 * sine_2
    )
    return np.sin(tilt) * np.sin(longitude), (moments % DAY) / MINUTE + equation
