"""How much one document may hold, and what is done before it is refused."""

from __future__ import annotations

import geopandas as gpd
import shapely

from app.errors import TooLargeError
from app.maps.layers import vertex_count

MAX_FEATURES = 10_000
"""Features of one document."""
MAX_BYTES = 5_000_000
"""Size of one document before compression."""
MAX_VERTICES = 120_000
"""Vertices of one layer: about 2.5 MB of coordinates."""
MAX_BACKGROUND_VERTICES = 60_000
"""Vertices of the streets."""

_TOLERANCES_DEGREES = (1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3)
_METRES_PER_DEGREE = 111_000


def require_feature_count(count: int, layer: str, hint: str) -> None:
    """Refuse a layer with more features than a document may hold.

    Raises
    ------
    TooLargeError
        Naming the layer, its size and the limit.
    """
    if count > MAX_FEATURES:
        raise TooLargeError(f"The layer {layer!r} has {count:,} features; a map document holds {MAX_FEATURES:,}.", hint)


def simplified_coverage(frame: gpd.GeoDataFrame, limit: int = MAX_VERTICES) -> tuple[gpd.GeoDataFrame, str]:
    """Return polygons that share borders with no more than ``limit`` vertices, and a note if they were simplified.

    Shared borders stay shared (``shapely.coverage_simplify``), so no gaps and overlaps appear.

    Parameters
    ----------
    frame : GeoDataFrame
        Polygons in EPSG:4326.
    limit : int
        Vertices.
    """
    if vertex_count(frame) <= limit:
        return frame, ""
    drawn = frame
    for tolerance in _TOLERANCES_DEGREES:
        drawn = frame.set_geometry(
            gpd.GeoSeries(shapely.coverage_simplify(frame.geometry.to_numpy(), tolerance), crs=frame.crs)
        )
        if vertex_count(drawn) <= limit:
            return drawn, f"Outlines are simplified to about {tolerance * _METRES_PER_DEGREE:.0f} m for this drawing."
    raise TooLargeError(
        f"The outlines have {vertex_count(frame):,} vertices, {vertex_count(drawn):,} after simplification to 100 m; "
        f"a map layer holds {limit:,}.",
        "Load the layer into a GIS instead, or draw a smaller area.",
    )


def simplified_lines(frame: gpd.GeoDataFrame, limit: int = MAX_BACKGROUND_VERTICES) -> gpd.GeoDataFrame | None:
    """Return lines with no more than ``limit`` vertices, or None where that is not to be had.

    Parameters
    ----------
    frame : GeoDataFrame
        Lines in EPSG:4326.
    limit : int
        Vertices.
    """
    if vertex_count(frame) <= limit:
        return frame
    for tolerance in _TOLERANCES_DEGREES[:4]:
        drawn = frame.set_geometry(frame.geometry.simplify(tolerance, preserve_topology=False))
        drawn = drawn[~drawn.geometry.is_empty]
        if vertex_count(drawn) <= limit:
            return drawn
    return None
