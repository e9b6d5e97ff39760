"""Coordinate systems in which geometries leave the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import SQLColumnExpression, func

from app.database.base import WGS84

COORDINATE_DECIMALS = 7
"""About a centimetre in degrees; what GeoJSON carries."""


@dataclass(frozen=True)
class Projection:
    """Coordinate system of the geometries of an answer.

    Attributes
    ----------
    srid : int
        As the database knows it.
    flipped : bool
        Whether latitude or northing stands first.
    decimals : int
        Digits after the point that are written.
    """

    srid: int
    flipped: bool
    decimals: int


LONGITUDE_LATITUDE = Projection(WGS84, flipped=False, decimals=COORDINATE_DECIMALS)


def projected(geometry: SQLColumnExpression[Any], projection: Projection) -> SQLColumnExpression[Any]:
    """Return a geometry (WGS 84) in a coordinate system, its axes in the order that this one demands."""
    if projection.srid != WGS84:
        geometry = func.ST_Transform(geometry, projection.srid)
    return func.ST_FlipCoordinates(geometry) if projection.flipped else geometry
