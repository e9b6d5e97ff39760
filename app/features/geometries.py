"""Geometry from strangers: checked before any costly step and before the database, and never repaired."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import shapely
from pyproj import Transformer
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from app.errors import InvalidInputError, TooLargeError
from app.features.schemas import AnyGeometry, MultiPolygonGeometry, PolygonGeometry
from app.municipalities.context import Bounds, MunicipalityContext

__all__ = ["checked_geometry", "require_within_surroundings", "working_coordinates"]

SURROUNDINGS_SHARE = 0.5
SURROUNDINGS_DEGREES = 0.1


def checked_geometry(geometry: AnyGeometry, *, member: str, max_vertices: int) -> BaseGeometry:
    """Return the geometry if it can be stored as it is.

    Parameters
    ----------
    geometry : AnyGeometry
        GeoJSON geometry whose structure and finiteness pydantic has checked.
    member : str
        Where it stands in the request, for the message.
    max_vertices : int
        The most positions it may have.

    Raises
    ------
    TooLargeError
        If it has too many positions.
    InvalidInputError
        If a position is no place on Earth or is (0, 0), or if the geometry is invalid; the message names the reason.
    """
    for number, (longitude, latitude) in enumerate(_positions(geometry.coordinates), start=1):
        if number > max_vertices:
            raise TooLargeError(
                f"{member}: more than {max_vertices} vertices.",
                "Simplify the geometry.",
                pointer=member,
                reason="too_many_vertices",
            )
        _require_place(longitude, latitude, member)
    if not all(ring[0] == ring[-1] for ring in _rings(geometry)):
        raise _refused(member, "invalid_geometry", "has a ring that does not end where it begins")
    built = shape(geometry.model_dump())
    if not built.is_valid or built.is_empty:
        raise _refused(member, "invalid_geometry", f"is invalid: {shapely.is_valid_reason(built)}")
    return built


def require_within_surroundings(municipality: MunicipalityContext, geometry: BaseGeometry, *, member: str) -> None:
    """Refuse a place far outside the municipality, such as one with longitude and latitude swapped.

    Raises
    ------
    InvalidInputError
        If any part lies outside the surroundings: the bounds of the boundary, grown on every side by half their
        extent and by a tenth of a degree at least.
    """
    west, south, east, north = surroundings(municipality.bounds)
    left, bottom, right, top = geometry.bounds
    if left < west or right > east or bottom < south or top > north:
        raise _refused(
            member,
            "outside_municipality",
            f"lies outside the surroundings of {municipality.name} "
            f"(longitude {west:.3f} to {east:.3f}, latitude {south:.3f} to {north:.3f})",
            "Positions are [longitude, latitude] in degrees; are they swapped?",
        )


def surroundings(bounds: Bounds) -> Bounds:
    """Return the bounds grown by half their extent, and by a tenth of a degree at least, on every side."""
    west, south, east, north = bounds
    wide = max((east - west) * SURROUNDINGS_SHARE, SURROUNDINGS_DEGREES)
    high = max((north - south) * SURROUNDINGS_SHARE, SURROUNDINGS_DEGREES)
    return west - wide, south - high, east + wide, north + high


def working_coordinates(municipality: MunicipalityContext, points: list[shapely.Point]) -> list[tuple[float, float]]:
    """Return x and y of points (WGS 84) in the municipality's working CRS, metres."""
    transformer = Transformer.from_crs("EPSG:4326", municipality.working_crs, always_xy=True)
    x, y = transformer.transform([point.x for point in points], [point.y for point in points])
    return list(zip(x, y, strict=True))


def _positions(coordinates: Any) -> Iterator[tuple[float, float]]:
    if isinstance(coordinates[0], float):
        yield coordinates[0], coordinates[1]
        return
    for part in coordinates:
        yield from _positions(part)


def _rings(geometry: AnyGeometry) -> list[list[list[float]]]:
    if isinstance(geometry, PolygonGeometry):
        return geometry.coordinates
    if isinstance(geometry, MultiPolygonGeometry):
        return [ring for polygon in geometry.coordinates for ring in polygon]
    return []


def _require_place(longitude: float, latitude: float, member: str) -> None:
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        raise _refused(
            member,
            "not_on_earth",
            f"has the position [{longitude:g}, {latitude:g}], which is no longitude and latitude",
            "Send WGS 84 degrees, longitude first; metres or feet go through an import, which can be told their CRS.",
        )
    if longitude == 0 and latitude == 0:
        raise _refused(
            member, "null_island", "has the position [0, 0], which stands for a missing place", "Leave such rows out."
        )


def _refused(
    member: str, reason: str, sentence: str, hint: str = "Correct the geometry; it is never repaired here."
) -> InvalidInputError:
    return InvalidInputError(f"{member} {sentence}.", hint, pointer=member, reason=reason)
