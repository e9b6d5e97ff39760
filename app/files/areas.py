"""Study areas from files."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import shapely
from pyproj import CRS

from app.files.reading import read_features


def read_study_area(path: Path, working_crs: CRS) -> gpd.GeoDataFrame:
    """Return the union of the areas of a file as one row in the working CRS.

    Raises
    ------
    KvartError, AnalysisError
        The file cannot be used, or holds something else than areas.
    """
    areas = read_features(path, working_crs=working_crs, expect="area")
    union = shapely.union_all(areas.frame.geometry.to_numpy())
    return gpd.GeoDataFrame({"name": [path.stem]}, geometry=[union], crs=working_crs)
