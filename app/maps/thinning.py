"""Points grouped where there are more than a document holds."""

from __future__ import annotations

import geopandas as gpd
import numpy as np

_METRES_PER_DEGREE = 111_000.0
_FIRST_SQUARE_M = 50.0


def thinned_points(frame: gpd.GeoDataFrame, state: str, limit: int) -> tuple[gpd.GeoDataFrame, str]:
    """Return at most ``limit`` points, with the column ``n`` (how many each stands for), and a note if grouped.

    Points of one state in one square become one point at their mean position; the square doubles until they fit.

    Parameters
    ----------
    frame : GeoDataFrame
        Points in EPSG:4326.
    state : str
        Column whose values are never mixed.
    limit : int
        Points to keep.
    """
    if len(frame) <= limit:
        return frame.assign(n=1), ""
    centres = frame.geometry.centroid if not (frame.geom_type == "Point").all() else frame.geometry
    x, y = centres.x.to_numpy(), centres.y.to_numpy()
    narrowing = max(float(np.cos(np.radians(y.mean()))), 0.01)
    square_m = _FIRST_SQUARE_M
    while True:
        step = square_m / _METRES_PER_DEGREE
        table = frame[[state]].assign(x=x, y=y, column=np.floor(x * narrowing / step), row=np.floor(y / step), n=1)
        grouped = table.groupby([state, "row", "column"], as_index=False, sort=True).agg(
            x=("x", "mean"), y=("y", "mean"), n=("n", "sum")
        )
        if len(grouped) <= limit:
            break
        square_m *= 2
    points = gpd.points_from_xy(grouped["x"], grouped["y"], crs=frame.crs)
    note = f"{len(frame):,} points are grouped by state in squares of {square_m:.0f} m; larger symbols stand for more."
    return gpd.GeoDataFrame(grouped[[state, "n"]], geometry=points), note
