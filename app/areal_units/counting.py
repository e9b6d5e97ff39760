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
    unit = _unit_of_event(units, x, y)
    inside = unit >= 0
    return np.bincount(unit[inside], minlength=len(units)).astype(np.int64), int((~inside).sum())


def amounts_per_unit(
    units: gpd.GeoDataFrame,
    x: npt.NDArray[np.float64],
    y: npt.NDArray[np.float64],
    amounts: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float64], int]:
    """Add up an amount of each event by unit.

    Parameters
    ----------
    units, x, y
        As `events_per_unit`.
    amounts : ndarray of float64, shape (m,)
        What each event counts.

    Returns
    -------
    totals : ndarray of float64, shape (n,)
    outside : int
        Events in no unit that would count something.
    """
    unit = _unit_of_event(units, x, y)
    inside = unit >= 0
    totals = np.bincount(unit[inside], amounts[inside], minlength=len(units)).astype(np.float64)
    return totals, int(((~inside) & (amounts > 0)).sum())


def _unit_of_event(
    units: gpd.GeoDataFrame, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
    """Return the position of the unit of each event, -1 for none, shape (m,)."""
    shapes = units.geometry.to_numpy()
    if (shapely.get_type_id(shapes) == shapely.GeometryType.POINT).all():
        _, nearest = cKDTree(shapely.get_coordinates(shapes)).query(np.column_stack([x, y]))
        return np.asarray(nearest, np.int64)
    event, unit = shapely.STRtree(shapes).query(shapely.points(x, y), predicate="intersects")
    order = np.lexsort((unit, event))[::-1]
    found = np.full(len(x), -1, np.int64)
    found[event[order]] = unit[order]
    return found
