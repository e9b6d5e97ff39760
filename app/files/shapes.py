"""Kinds of shapes, their names, and how large one may be."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import GeometryType

POINTS = (int(GeometryType.POINT),)
LINES = (int(GeometryType.LINESTRING), int(GeometryType.MULTILINESTRING))
AREAS = (int(GeometryType.POLYGON), int(GeometryType.MULTIPOLYGON))

MAX_VERTICES = 200_000
"""Vertices that one shape may have; the coast of a large municipality has about 50,000."""


def shape_names(shapes: NDArray[np.object_]) -> str:
    """Return the kinds among shapes for a message, for example ``"12 Point and 3 Polygon"``."""
    kinds, counts = np.unique(shapely.get_type_id(shapes), return_counts=True)
    names = (
        f"{count} {GeometryType(kind).name.title() if kind >= 0 else 'missing'}"
        for kind, count in zip(kinds, counts, strict=True)
    )
    return " and ".join(names)
