"""Rectangles for shapely, also those that are a line or a point."""

import shapely


def rectangle(west, south, east, north):
    """Return the rectangle of two corners."""
    if (west, south) == (east, north):
        return shapely.Point(west, south)
    if west == east or south == north:
        return shapely.LineString([(west, south), (east, north)])
    return shapely.box(west, south, east, north)
