"""Which areal unit an event lies in."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import cKDTree


def events_per_unit(
    units: gpd.GeoDataFrame, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.int64], int]:
    """Count events by unit.

    Parameters
    ----------
    units : GeoDataFrame, n rows
        Areas, or points that stand for areas (an event then counts for the nearest).
    x, y : ndarray of float64, shape (m,)
        Metres in the CRS of the units.

    Returns
    -------
    counts : ndarray of int64, shape (n,)
    outside : int
        Events in no unit. An event on a border counts once, for the unit that comes first.
    """
    shapes = units.geometry.to_numpy()
    if (shapely.get_type_id(shapes) == shapely.GeometryType.POINT).all():
        tree = cKDTree(shapely.get_coordinates(shapes))
        _, nearest = tree.query(np.column_stack([x, y]))
        return np.bincount(nearest, minlength=len(units)).astype(np.int64), 0
    event, unit = shapely.STRtree(shapes).query(shapely.points(x, y), predicate="intersects")
    order = np.lexsort((unit, event))
    event, unit = event[order], unit[order]
    first = np.r_[True, np.diff(event) > 0] if len(event) else np.zeros(0, dtype=bool)
    return np.bincount(unit[first], minlength=len(units)).astype(np.int64), len(x) - int(first.sum())
