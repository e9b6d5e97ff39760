"""Public places: every record moves to a point whose catchment holds at least eight addresses, or none."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS
from scipy.spatial import cKDTree

from analysis.errors import CoordinateError, EmptyInputError, ParameterError, TooFewEventsError, UnitsError
from analysis.projection import FloatArray, checked_coordinates, crs_name, looks_like_degrees, require_metres
from analysis.space_time.local_time import IntArray
from analysis.summary import Notice, Summary

LEAST_ADDRESSES = 8
PEOPLE_OF_ADDRESS = 2.5
NEIGHBOURS_LEFT_ALONE = 8


@dataclass(frozen=True, eq=False)
class SnapPoints:
    """Public points of a municipality; computed once, stored, never drawn anew.

    Attributes
    ----------
    x, y : ndarray of float64, shape (n,)
        Metres in `crs`.
    addresses : ndarray of float64, shape (n,)
        Addresses that are nearer to this point than to any other: at least `least_addresses`, or none.
    least_addresses : int
    crs : pyproj.CRS
    version : str
        Fingerprint of the points and their rule: the first 16 digits of a SHA-256.
    summary : Summary
    """

    x: FloatArray
    y: FloatArray
    addresses: FloatArray
    least_addresses: int
    crs: CRS
    version: str
    summary: Summary

    def nearest(self, x: npt.ArrayLike, y: npt.ArrayLike) -> IntArray:
        """Return the point that each place moves to.

        Parameters
        ----------
        x, y : array_like of float, shape (m,)
            Exact places, metres.

        Returns
        -------
        ndarray of int64, shape (m,)
            Position of the nearest point; the same place always moves to the same point.

        Raises
        ------
        CoordinateError, EmptyInputError
            No place, or coordinates that are not finite.
        """
        eastings, northings = checked_coordinates(x, y)
        return nearest_points(self.x, self.y, eastings, northings)


def snap_points(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    address_x: npt.ArrayLike,
    address_y: npt.ArrayLike,
    *,
    crs: Any,
    addresses: npt.ArrayLike = 1.0,
    least_addresses: int = LEAST_ADDRESSES,
) -> SnapPoints:
    """Choose public points among candidates so that each stands for at least eight addresses, or for none.

    Parameters
    ----------
    x, y : array_like of float, shape (n_candidates,)
        Candidates, metres: middles of streets, squares, parks, stations. They must not be addresses themselves.
    address_x, address_y : array_like of float, shape (n_addresses,)
        Where people live, metres; from a register, or from `addresses_of_units`.
    crs : Any
        Projected, metres.
    addresses : array_like of float, shape (n_addresses,) or a number
        Addresses at each place (a house with forty flats), above zero.
    least_addresses : int
        At least 2.

    Returns
    -------
    SnapPoints

    Raises
    ------
    CoordinateError, EmptyInputError
        No candidate or address, coordinates that are not finite, or not in metres.
    ParameterError
        Impossible numbers of addresses.
    TooFewEventsError
        There are fewer addresses than one point must hold.

    Notes
    -----
    A catchment is all ground nearer to its point than to any other. Points that hold some addresses but too few are
    taken away, those with the fewest first, and their addresses go to the neighbours, until every point holds enough or
    none. Points that are neighbours are not taken away in the same round, because the second may be saved by the
    addresses of the first. Nothing is random: displaced copies of one place, drawn anew, average out to the place.

    References
    ----------
    Tompson, L., Johnson, S., Ashby, M., Perkins, C. and Edwards, P. (2015). UK open source crime data: accuracy and
    possibilities for research. Cartography and Geographic Information Science 42(2).

    Examples
    --------
    >>> points = snap_points([500_000, 500_100, 500_900], [4e6] * 3, [500_000 + i for i in range(12)] + [500_101],
    ...                      [4e6] * 13, crs="EPSG:32634")
    >>> points.x.tolist(), points.addresses.tolist()
    ([500000.0, 500900.0], [13.0, 0.0])
    """
    metric = require_metres(crs)
    eastings, northings = _metres(x, y, "candidates")
    living = np.column_stack(_metres(address_x, address_y, "addresses"))
    number = np.broadcast_to(np.asarray(addresses, dtype=np.float64), living.shape[:1])
    if not (np.isfinite(number).all() and (number > 0).all()) or least_addresses < 2:
        raise ParameterError("A number of addresses is not above zero, or fewer than two are asked for.")
    if number.sum() < least_addresses:
        raise TooFewEventsError(
            f"There are {number.sum():g} addresses, fewer than the {least_addresses} of one point.",
            "Show nothing finer than the whole municipality.",
        )
    candidates = np.unique(np.column_stack([eastings, northings]), axis=0)
    points, held = _thinned(candidates, living, number, least_addresses)
    summary = _summary(points, held, len(candidates), least_addresses, crs_name(metric))
    version = _version(points, least_addresses, crs_name(metric))
    return SnapPoints(points[:, 0], points[:, 1], held, least_addresses, metric, version, summary)


def addresses_of_units(
    units: gpd.GeoDataFrame, residents: str, *, people_of_address: float = PEOPLE_OF_ADDRESS
) -> FloatArray:
    """Place as many addresses in each areal unit as its residents need, where there is no register of addresses.

    Parameters
    ----------
    units : GeoDataFrame
        Polygons, projected, metres.
    residents : str
        Column of residents.
    people_of_address : float
        Residents of an address; a larger number gives fewer addresses and larger catchments.

    Returns
    -------
    ndarray of float64, shape (n_addresses, 2)
        x and y, metres; spread evenly over each unit, the same each time.

    Raises
    ------
    CoordinateError
        The units are not in metres.
    UnitsError
        No such column, or residents that are negative or missing.
    ParameterError
        A number of people that is not above zero.
    EmptyInputError
        There is no resident.

    Notes
    -----
    Rows of a square lattice as fine as the number needs, cut to the unit, the first ``round down (residents / people)``
    of them taken evenly. People who live in one corner of a large unit are not there on this map: take small units.

    Examples
    --------
    >>> units = gpd.GeoDataFrame({"people": [25]}, geometry=[shapely.box(0, 0, 100, 100)], crs="EPSG:32634")
    >>> addresses_of_units(units, "people").shape
    (10, 2)
    """
    require_metres(units.crs)
    if residents not in units.columns:
        raise UnitsError(f"The units have no column {residents!r}.", "Name the column of residents.")
    people = units[residents].to_numpy(dtype=np.float64, na_value=np.nan)
    if not np.isfinite(people).all() or (people < 0).any():
        raise UnitsError("The residents of a unit are negative or missing.", "Give a number of zero or more.")
    if not people_of_address > 0:
        raise ParameterError(f"There are {people_of_address} people to an address.", "Give a number above zero.")
    numbers = np.floor(people / people_of_address).astype(np.int64)
    placed = [_spread(shape, int(n)) for shape, n in zip(units.geometry, numbers, strict=True) if n > 0]
    if not placed:
        raise EmptyInputError("There is no resident.", "Check the column of residents.")
    return np.concatenate(placed)


def fewest_addresses_between(
    first: SnapPoints, second: SnapPoints, address_x: npt.ArrayLike, address_y: npt.ArrayLike
) -> int:
    """Return how few addresses remain for somebody who saw one record snapped to two versions of the points.

    Parameters
    ----------
    first, second : SnapPoints
    address_x, address_y : array_like of float, shape (n_addresses,)
        Metres.

    Returns
    -------
    int
        Least number of addresses, above none, in the overlap of a catchment of each version. Below the number that one
        version promises, records shown with the first must keep their points.

    Raises
    ------
    CoordinateError, EmptyInputError
        No address, or coordinates that are not finite.

    Examples
    --------
    >>> homes = np.arange(500_000.0, 500_016), np.full(16, 4e6)
    >>> west = snap_points([500_003, 500_012], [4e6, 4e6], *homes, crs="EPSG:32634")
    >>> east = snap_points([500_006, 500_040], [4e6, 4e6], *homes, crs="EPSG:32634")
    >>> fewest_addresses_between(west, east, *homes)
    8
    """
    one, other = first.nearest(address_x, address_y), second.nearest(address_x, address_y)
    pairs = one * np.int64(second.x.size) + other
    return int(np.unique(pairs, return_counts=True)[1].min())


def nearest_points(x: FloatArray, y: FloatArray, place_x: FloatArray, place_y: FloatArray) -> IntArray:
    """Return the nearest point of each place.

    Parameters
    ----------
    x, y : ndarray of float64, shape (n,)
    place_x, place_y : ndarray of float64, shape (m,)

    Returns
    -------
    ndarray of int64, shape (m,)
    """
    _, nearest = cKDTree(np.column_stack([x, y])).query(np.column_stack([place_x, place_y]))
    return np.asarray(nearest, dtype=np.int64)


def _metres(x: npt.ArrayLike, y: npt.ArrayLike, what: str) -> tuple[FloatArray, FloatArray]:
    """Return coordinates after refusing degrees."""
    eastings, northings = checked_coordinates(x, y)
    if eastings.size > 1 and looks_like_degrees(eastings, northings):
        raise CoordinateError(f"The {what} look like degrees, not metres.", "Project them to metres.")
    return eastings, northings


def _thinned(points: FloatArray, living: FloatArray, number: FloatArray, least: int) -> tuple[FloatArray, FloatArray]:
    """Take points away until each holds enough addresses or none; return them with what they hold."""
    while True:
        nearest = nearest_points(points[:, 0], points[:, 1], living[:, 0], living[:, 1])
        held = np.bincount(nearest, number, len(points)).astype(np.float64)
        weak = np.flatnonzero((held > 0) & (held < least))
        if weak.size == 0:
            return points, held
        around = cKDTree(points).query(points[weak], k=min(NEIGHBOURS_LEFT_ALONE, len(points)))[1]
        spared = np.zeros(len(points), dtype=np.bool_)
        kept = np.ones(len(points), dtype=np.bool_)
        for place in np.lexsort((weak, held[weak])):
            if not spared[weak[place]]:
                kept[weak[place]] = False
                spared[around[place]] = True
        points = points[kept]


def _spread(shape: shapely.Geometry, n: int) -> FloatArray:
    """Return n places spread evenly over a polygon."""
    left, bottom, right, top = shape.bounds
    step = float(np.sqrt(shape.area / n))
    inside = np.empty((0, 2))
    while len(inside) < n:
        columns, rows = np.arange(left + step / 2, right, step), np.arange(bottom + step / 2, top, step)
        lattice = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)
        inside = lattice[shapely.contains_xy(shape, lattice[:, 0], lattice[:, 1])] if len(lattice) else inside
        step *= 0.9
    return inside[np.arange(n) * len(inside) // n]


def _version(points: FloatArray, least: int, crs: str) -> str:
    """Return a fingerprint of the points and their rule."""
    text = f"{crs};{least};".encode() + np.ascontiguousarray(points.round(3)).tobytes()
    return hashlib.sha256(text).hexdigest()[:16]


def _summary(points: FloatArray, held: FloatArray, candidates: int, least: int, crs: str) -> Summary:
    """Describe the public points."""
    lived_in = held[held > 0]
    notices = []
    if lived_in.size == 1:
        message = (
            "One point stands for all addresses: give more candidates, or show nothing finer than the municipality."
        )
        notices.append(Notice("one_point", message))
    reading = (
        f"Of {candidates:,} candidates {len(points):,} are public points: {lived_in.size:,} stand for at least {least} "
        f"addresses each (the median for {np.median(lived_in):,.0f}) and {len(points) - lived_in.size:,} for none. A "
        "record moves to the nearest; keep these points and never draw them anew."
    )
    return Summary(
        method="Public snap points",
        parameters={"least_addresses": least, "points": len(points)},
        n_used=round(float(held.sum())),
        excluded={"candidates_with_too_few_addresses": candidates - len(points)},
        crs=crs,
        study_area_km2=0.0,
        reading=reading,
        warnings=tuple(notices),
    )
