"""The stored cells of a density as a raster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
from pyproj import CRS

from analysis.density.density_results import KernelDensity
from analysis.density.geotiff import density_geotiff
from analysis.grids.square import SquareGrid
from analysis.summary import Summary

_ACCOUNT = ("method", "parameters", "n_used", "excluded", "crs", "study_area_km2", "reading")


def density_raster(cells: gpd.GeoDataFrame, told: Mapping[str, Any]) -> bytes:
    """Return the cells of a density as a cloud-optimised GeoTIFF.

    Parameters
    ----------
    cells : GeoDataFrame
        In the order in which they are stored.
    told : mapping
        The summary of the run.

    Raises
    ------
    ParameterError
        The working CRS has no EPSG code.
    """
    grid = _grid_of(cells, float(told["parameters"]["cell_m"]), CRS.from_user_input(told["crs"]))
    per_year = "density_per_km2_year" in cells
    density = np.zeros(grid.inside.shape)
    density[grid.inside] = cells["density_per_km2_year" if per_year else "density_per_km2"]
    return density_geotiff(KernelDensity(density, grid, Summary(**{name: told[name] for name in _ACCOUNT})))


def _grid_of(cells: gpd.GeoDataFrame, cell_m: float, crs: CRS) -> SquareGrid:
    """Return the smallest lattice of the cells of a result, in the order of which they are stored."""
    left, bottom = cells["cell_x"].min() - cell_m / 2, cells["cell_y"].min() - cell_m / 2
    column = ((cells["cell_x"] - left) // cell_m).astype(int)
    row = ((cells["cell_y"] - bottom) // cell_m).astype(int)
    inside = np.zeros((int(row.max()) + 1, int(column.max()) + 1), dtype=bool)
    inside[row, column] = True
    return SquareGrid(cell_m, float(left), float(bottom), inside, crs, len(cells) * cell_m**2 / 1e6)
