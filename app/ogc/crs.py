"""Coordinate reference systems by their OGC addresses, with the order of axes that each demands."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError
from shapely.geometry.base import BaseGeometry

from app.database.base import WGS84
from app.database.projections import COORDINATE_DECIMALS, Projection
from app.errors import BadParameterError
from app.municipalities.context import MunicipalityContext

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
WEB_MERCATOR = 3857
METRE_DECIMALS = 3
FARTHEST = 1e9
"""No coordinate of a place on Earth is larger, in metres or degrees."""
HALF_TURN = 180.0
EDGE_PARTS = 32
"""Into so many parts an edge of a rectangle is cut before it is projected: straight there is curved here."""


@dataclass(frozen=True)
class ReferenceSystem:
    """A coordinate reference system that layers are offered in.

    Attributes
    ----------
    uri : str
    projection : Projection
    """

    uri: str
    projection: Projection

    def to_wgs84(self, geometry: BaseGeometry) -> BaseGeometry:
        """Return a geometry in longitude and latitude, given in this system and its order of axes.

        Raises
        ------
        ValueError
            If a position has no longitude and latitude.
        """
        flipped = self.projection.flipped
        shown = shapely.transform(geometry, lambda xy: xy[:, ::-1]) if flipped else geometry
        if self.projection.srid != WGS84:
            shown = shapely.transform(shown, lambda xy: _degrees(self.projection.srid, xy))
        coordinates = shapely.get_coordinates(shown)
        if not np.isfinite(coordinates).all() or (np.abs(coordinates) > (180, 90)).any():
            raise ValueError("a position is not on Earth")
        return shown


CRS84 = ReferenceSystem(
    "http://www.opengis.net/def/crs/OGC/1.3/CRS84", Projection(WGS84, flipped=False, decimals=COORDINATE_DECIMALS)
)


def systems_of(municipality: MunicipalityContext) -> tuple[ReferenceSystem, ...]:
    """Return the systems of a municipality: CRS84 first, EPSG:4326, Web Mercator, the working CRS if EPSG knows it."""
    codes = [WGS84, WEB_MERCATOR]
    working = _epsg_code(municipality.working_crs)
    if working is not None and working not in codes:
        codes.append(working)
    return (CRS84, *(_system(code) for code in codes))


def find_system(parameter: str, uri: str, known: tuple[ReferenceSystem, ...]) -> ReferenceSystem:
    """Return the system of an address.

    Raises
    ------
    BadParameterError
        If the layer is not offered in it.
    """
    for system in known:
        if uri == system.uri:
            return system
    raise BadParameterError(
        parameter, "names a coordinate reference system that is not offered.", f"Use one of {_listed(known)}."
    )


def rectangle(corners: tuple[float, float, float, float], system: ReferenceSystem) -> BaseGeometry:
    """Return the rectangle of two corners of a system in longitude and latitude.

    One without area is a line or a point. In degrees, a west greater than the east crosses the antimeridian.

    Raises
    ------
    ValueError
        If a corner has no longitude and latitude, or the lower corner is above the upper one.
    """
    if max(map(abs, corners)) > FARTHEST:
        raise ValueError("a corner is not on Earth")
    first, second, third, fourth = corners
    if system.projection.srid == WGS84:
        west, south, east, north = (second, first, fourth, third) if system.projection.flipped else corners
        _require_upright(south, north)
        spans = [(west, HALF_TURN), (-HALF_TURN, east)] if west > east else [(west, east)]
        parts = [_between((begin, south), (end, north)) for begin, end in spans]
        return CRS84.to_wgs84(shapely.union_all(parts))
    _require_upright(first, third)
    _require_upright(second, fourth)
    box = _between((first, second), (third, fourth))
    longest = max(third - first, fourth - second)
    return system.to_wgs84(shapely.segmentize(box, longest / EDGE_PARTS) if longest > 0 else box)


def _require_upright(low: float, high: float) -> None:
    if low > high:
        raise ValueError("the lower corner is above the upper corner")


def _between(low: tuple[float, float], high: tuple[float, float]) -> BaseGeometry:
    """Return the rectangle between two corners, or the line or point that one without area is."""
    if low == high:
        return shapely.Point(low)
    if low[0] == high[0] or low[1] == high[1]:
        return shapely.LineString([low, high])
    return shapely.box(*low, *high)


@lru_cache(maxsize=64)
def _system(code: int) -> ReferenceSystem:
    crs = CRS.from_epsg(code)
    decimals = COORDINATE_DECIMALS if crs.is_geographic else METRE_DECIMALS
    return ReferenceSystem(f"{EPSG}{code}", Projection(code, flipped=_is_flipped(crs), decimals=decimals))


def _is_flipped(crs: CRS) -> bool:
    """Tell whether the first axis leads north: latitude or northing."""
    return bool(crs.axis_info) and crs.axis_info[0].direction.lower() in {"north", "south"}


@lru_cache(maxsize=64)
def _epsg_code(text: str) -> int | None:
    code = CRS.from_user_input(text).to_epsg()
    return code if code is None else int(code)


@lru_cache(maxsize=64)
def _transformer(srid: int) -> Transformer:
    return Transformer.from_crs(srid, WGS84, always_xy=True)


def _degrees(srid: int, xy: np.ndarray) -> np.ndarray:
    try:
        x, y = _transformer(srid).transform(xy[:, 0], xy[:, 1])
    except ProjError:
        return np.full_like(xy, math.inf)
    return np.column_stack([x, y])


def _listed(known: tuple[ReferenceSystem, ...]) -> str:
    return ", ".join(system.uri for system in known)
