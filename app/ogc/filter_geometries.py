"""Geometries of a filter, as CQL2 writes them: GeoJSON, or a rectangle."""

from __future__ import annotations

from typing import Any

import shapely
from shapely.errors import ShapelyError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from app.ogc.crs import ReferenceSystem, rectangle
from app.ogc.mixed_geometries import COLLECTION

SHAPES = frozenset({"Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", COLLECTION})
UNREADABLE = (ValueError, TypeError, KeyError, IndexError, AttributeError, ShapelyError)


def read_geometry(tree: Any, system: ReferenceSystem) -> BaseGeometry:
    """Return a geometry of a filter in longitude and latitude.

    Parameters
    ----------
    tree : GeoJSON geometry, or mapping with the member ``bbox``
    system : ReferenceSystem
        Of its coordinates.

    Raises
    ------
    ValueError
        If it is no geometry, is empty or invalid, or does not lie on Earth.
    """
    if not isinstance(tree, dict) or not ("bbox" in tree or tree.get("type") in SHAPES):
        raise ValueError("a geometry is needed")
    try:
        found = _rectangle(tree["bbox"], system) if "bbox" in tree else _shape(tree, system)
    except UNREADABLE as error:
        raise ValueError(f"a geometry cannot be read ({str(error)[:80]})") from error
    if found.is_empty or not found.is_valid:
        raise ValueError(f"a geometry is empty or invalid: {shapely.is_valid_reason(found)[:80]}")
    return found


def united(geometry: BaseGeometry) -> BaseGeometry:
    """Return a collection as the points, lines or areas that it covers; one again where it covers several of them."""
    return shapely.union_all(shapely.get_parts(geometry)) if geometry.geom_type == COLLECTION else geometry


def _rectangle(numbers: Any, system: ReferenceSystem) -> BaseGeometry:
    corners = [float(number) for number in numbers]
    if len(corners) not in {4, 6}:
        raise ValueError("a rectangle has four numbers, or six with heights")
    half = len(corners) // 2
    return rectangle((corners[0], corners[1], corners[half], corners[half + 1]), system)


def _shape(tree: Any, system: ReferenceSystem) -> BaseGeometry:
    return system.to_wgs84(shapely.force_2d(shape(tree)))
