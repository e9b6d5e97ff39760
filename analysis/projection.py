"""Coordinate reference systems: which one to work in, and refusing degrees where metres are needed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from analysis.errors import CoordinateError, EmptyInputError
from analysis.summary import Notice

if TYPE_CHECKING:
    import geopandas as gpd

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Bounds = tuple[float, float, float, float]

WGS84 = CRS.from_epsg(4326)
METRES_HINT = (
    "Reproject to a projected CRS in metres, for example the UTM zone of the place (EPSG:326zz or EPSG:327zz)."
)
STRETCHED_METHODS = ("Mercator", "Equidistant Cylindrical", "Plate Carree", "Equirectangular")
"""Map projections for the whole world whose "metres" are not metres on the ground."""


@dataclass(frozen=True)
class ProjectedFrame:
    """A frame in the working CRS.

    Attributes
    ----------
    frame : GeoDataFrame
        The same rows, coordinates in metres.
    notice : Notice or None
        Says that and how the frame was reprojected; None when it was in the working CRS already.
    """

    frame: gpd.GeoDataFrame
    notice: Notice | None


def named_crs(crs: Any) -> CRS:
    """Return `crs` as a pyproj CRS.

    Parameters
    ----------
    crs : Any
        Whatever pyproj understands: ``"EPSG:32616"``, an EPSG number, WKT, a CRS.

    Returns
    -------
    pyproj.CRS

    Raises
    ------
    CoordinateError
        There is none, or nobody knows it.
    """
    if crs is None:
        raise CoordinateError("The data have no coordinate reference system.", "Name it, for example EPSG:4326.")
    try:
        return CRS.from_user_input(crs)
    except CRSError as error:
        raise CoordinateError(
            f"Unknown coordinate reference system {crs!r}.", "Name it by its EPSG code, for example EPSG:4326."
        ) from error


def crs_name(crs: CRS) -> str:
    """Return a short stable name, for example ``"EPSG:32616"``, or the CRS's own name where it has no code.

    Parameters
    ----------
    crs : pyproj.CRS

    Returns
    -------
    str
    """
    authority = crs.to_authority()
    return ":".join(authority) if authority else str(crs.name)


def is_metric(crs: CRS) -> bool:
    """Tell whether coordinates in `crs` are metres on the ground.

    Parameters
    ----------
    crs : pyproj.CRS

    Returns
    -------
    bool
        False for degrees, feet, and world maps such as Web Mercator (EPSG:3857), whose metres are stretched by
        ``1 / cos(latitude)``: 1.6 times at 52 degrees.
    """
    if not crs.is_projected or any(axis.unit_conversion_factor != 1.0 for axis in crs.axis_info[:2]):
        return False
    operation = crs.coordinate_operation
    method = operation.method_name if operation is not None else ""
    if "Transverse" in method or "Oblique" in method:
        return True
    return not any(name in method for name in STRETCHED_METHODS)


def require_metres(crs: Any) -> CRS:
    """Return `crs` if its coordinates are metres on the ground.

    Parameters
    ----------
    crs : Any
        Whatever pyproj understands.

    Returns
    -------
    pyproj.CRS

    Raises
    ------
    CoordinateError
        No CRS, degrees, feet, or a world map whose metres are stretched.

    Examples
    --------
    >>> require_metres("EPSG:32616").name
    'WGS 84 / UTM zone 16N'
    """
    known = named_crs(crs)
    if is_metric(known):
        return known
    if known.is_geographic:
        problem = "is in degrees"
    elif known.is_projected and known.axis_info[0].unit_conversion_factor == 1.0:
        problem = "is a world map whose metres are not metres on the ground"
    else:
        problem = f"is in {known.axis_info[0].unit_name}" if known.axis_info else "has no axes"
    raise CoordinateError(f"{crs_name(known)} {problem}, but distances in metres are needed.", METRES_HINT)


def looks_like_degrees(x: npt.ArrayLike, y: npt.ArrayLike) -> bool:
    """Tell whether every coordinate fits into the range of longitude and latitude.

    Parameters
    ----------
    x, y : array_like of float, shape (n,)

    Returns
    -------
    bool
        True when all finite ``|x| <= 180`` and ``|y| <= 90``: no town in a projected CRS lies there.

    Examples
    --------
    >>> looks_like_degrees([-87.6], [41.9]), looks_like_degrees([448000.0], [4637000.0])
    (True, False)
    """
    eastings, northings = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    finite = np.isfinite(eastings) & np.isfinite(northings)
    if not finite.any():
        return False
    return bool(np.abs(eastings[finite]).max() <= 180.0 and np.abs(northings[finite]).max() <= 90.0)


def checked_coordinates(x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return event coordinates as two contiguous arrays after checking that the analysis can use them.

    Parameters
    ----------
    x, y : array_like of float, shape (n,)
        Coordinates in metres.

    Returns
    -------
    x, y : ndarray of float64, shape (n,)

    Raises
    ------
    CoordinateError
        The two differ in length, are not one-dimensional, or hold a value that is not finite.
    EmptyInputError
        There is no event.
    """
    eastings = np.ascontiguousarray(x, dtype=np.float64)
    northings = np.ascontiguousarray(y, dtype=np.float64)
    if eastings.ndim != 1 or eastings.shape != northings.shape:
        raise CoordinateError(
            f"x has shape {eastings.shape} and y has shape {northings.shape}; two columns of equal length are needed."
        )
    if eastings.size == 0:
        raise EmptyInputError("There is no event.", "Check the filters and the file.")
    if not (np.isfinite(eastings).all() and np.isfinite(northings).all()):
        bad = np.flatnonzero(~(np.isfinite(eastings) & np.isfinite(northings)))
        raise CoordinateError(
            f"{bad.size} of {eastings.size} events have no finite coordinates, the first is number {bad[0] + 1}.",
            "Leave them out and count them as excluded.",
        )
    return eastings, northings


def utm_crs(longitude: float, latitude: float) -> CRS:
    """Return the UTM zone of a place, with the exceptions of Norway and Svalbard; polar stereographic near the poles.

    Parameters
    ----------
    longitude, latitude : float
        WGS 84 degrees.

    Returns
    -------
    pyproj.CRS
        On WGS 84, metres.

    Raises
    ------
    CoordinateError
        The place is not on Earth.

    Examples
    --------
    >>> crs_name(utm_crs(-87.6, 41.9)), crs_name(utm_crs(5.3, 60.4)), crs_name(utm_crs(151.2, -33.9))
    ('EPSG:32616', 'EPSG:32632', 'EPSG:32756')
    """
    if not (abs(longitude) <= 180.0 and abs(latitude) <= 90.0):
        raise CoordinateError(
            f"Longitude {longitude:g}, latitude {latitude:g} is not a place on Earth.",
            "Check that x is longitude, y is latitude and both are degrees.",
        )
    if latitude >= 84.0:
        return CRS.from_epsg(5041)
    if latitude < -80.0:
        return CRS.from_epsg(5042)
    zone = min(60, math.floor((longitude + 180.0) / 6.0) + 1)
    if 56.0 <= latitude < 64.0 and 3.0 <= longitude < 12.0:
        zone = 32
    if latitude >= 72.0 and 0.0 <= longitude < 42.0:
        zone = 31 if longitude < 9.0 else 33 if longitude < 21.0 else 35 if longitude < 33.0 else 37
    return CRS.from_epsg((32600 if latitude >= 0 else 32700) + zone)


def working_crs(place: gpd.GeoDataFrame | Bounds, crs: Any = None) -> CRS:
    """Choose the CRS to work in: the input's own when it is projected in metres, else the UTM zone of its centre.

    Parameters
    ----------
    place : GeoDataFrame or tuple of float
        The data, or their bounds ``(west, south, east, north)`` in WGS 84 degrees.
    crs : Any, optional
        CRS of the input; by default that of the frame, or WGS 84 for bounds.

    Returns
    -------
    pyproj.CRS
        Projected, metres. Feet and world maps (EPSG:3857) give way to the UTM zone.

    Raises
    ------
    CoordinateError
        No CRS, unknown CRS, or coordinates that are no place on Earth.
    EmptyInputError
        The frame has no geometry to take a centre of.

    Examples
    --------
    >>> crs_name(working_crs((-87.94, 41.64, -87.52, 42.02)))
    'EPSG:32616'
    >>> crs_name(working_crs((-87.94, 41.64, -87.52, 42.02), "EPSG:26916"))
    'EPSG:26916'
    """
    if isinstance(place, tuple):
        known = WGS84 if crs is None else named_crs(crs)
        west, south, east, north = place
    else:
        known = named_crs(place.crs if crs is None else crs)
        if is_metric(known):
            return known
        west, south, east, north = geographic_bounds(tuple(place.total_bounds), known)
    if is_metric(known):
        return known
    return utm_crs((west + east) / 2.0, (south + north) / 2.0)


def geographic_bounds(bounds: Bounds, crs: CRS) -> Bounds:
    """Return bounds in WGS 84 degrees.

    Parameters
    ----------
    bounds : tuple of float
        ``(left, bottom, right, top)`` in the unit of `crs`.
    crs : pyproj.CRS

    Returns
    -------
    tuple of float
        ``(west, south, east, north)``.

    Raises
    ------
    EmptyInputError
        The bounds are those of nothing.
    CoordinateError
        The bounds lie outside the area where `crs` is defined.
    """
    if not np.isfinite(bounds).all():
        raise EmptyInputError("There is no geometry.", "Check the filters and the file.")
    if crs.is_geographic and not looks_like_degrees(bounds[::2], bounds[1::2]):
        raise CoordinateError(
            f"{crs_name(crs)} is in degrees, but the coordinates reach from {bounds[:2]} to {bounds[2:]}.",
            "Name the projected CRS that the coordinates are really in.",
        )
    west, south, east, north = Transformer.from_crs(crs, WGS84, always_xy=True).transform_bounds(*bounds)
    if not np.isfinite((west, south, east, north)).all():
        raise CoordinateError(
            f"The coordinates from {bounds[:2]} to {bounds[2:]} cannot lie in {crs_name(crs)}.",
            "Name the CRS that the coordinates are really in.",
        )
    return west, south, east, north


def project(frame: gpd.GeoDataFrame, working: CRS | None = None) -> ProjectedFrame:
    """Bring a frame into the working CRS and say so.

    Parameters
    ----------
    frame : GeoDataFrame
        Any CRS.
    working : pyproj.CRS, optional
        Projected, metres; by default `working_crs` of the frame.

    Returns
    -------
    ProjectedFrame
        The frame in the working CRS and, when that changed the coordinates, a notice.

    Raises
    ------
    CoordinateError
        No CRS, degrees under a projected CRS, or coordinates that the working CRS cannot hold.
    EmptyInputError
        The frame has no geometry.
    """
    known = named_crs(frame.crs)
    bounds = tuple(frame.total_bounds)
    if not known.is_geographic and looks_like_degrees(bounds[::2], bounds[1::2]):
        raise CoordinateError(
            f"The data say {crs_name(known)}, which is not in degrees, but every coordinate is within 180 and 90.",
            "They are probably longitude and latitude: name EPSG:4326.",
        )
    geographic_bounds(bounds, known)
    target = working_crs(frame) if working is None else require_metres(working)
    if target == known:
        return ProjectedFrame(frame, None)
    projected = frame.to_crs(target)
    if not np.isfinite(projected.total_bounds).all():
        raise CoordinateError(
            f"Some coordinates cannot be projected from {crs_name(known)} to {crs_name(target)}.",
            "Choose a working CRS made for the place.",
        )
    message = f"Coordinates were projected from {crs_name(known)} to {crs_name(target)} ({target.name})."
    return ProjectedFrame(projected, Notice("projected", message))
