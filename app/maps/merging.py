"""Cells merged into patches of one class, where there are more than a document holds."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

_COLLINEAR_M = 0.01


def merged_by_class(cells: gpd.GeoDataFrame, column: str) -> gpd.GeoDataFrame:
    """Return connected patches of cells of one class, with ``column`` and ``area_km2``; lines become one a class.

    Parameters
    ----------
    cells : GeoDataFrame
        Cells of a grid that do not overlap, or lines, in a CRS in metres.
    column : str
        The class, without nulls.
    """
    patches = []
    for value, members in cells.groupby(column, sort=True):
        shapes = _patches(members.geometry.to_numpy())
        patches.append(pd.DataFrame({column: value, "geometry": shapes}))
    merged = gpd.GeoDataFrame(pd.concat(patches, ignore_index=True), crs=cells.crs)
    merged["area_km2"] = np.round(merged.geometry.area / 1e6, 4)
    return merged


def _patches(shapes: np.ndarray) -> np.ndarray:
    if (shapely.get_dimensions(shapes) == 1).all():
        return np.array([shapely.line_merge(shapely.multilinestrings(shapely.get_parts(shapes)))])
    union = shapely.coverage_union_all(shapes)
    return np.asarray(shapely.get_parts(shapely.simplify(union, _COLLINEAR_M)))
