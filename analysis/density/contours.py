"""Contours of a density: the ground between two levels, as polygons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from contourpy import FillType, contour_generator
from scipy.ndimage import distance_transform_edt
from shapely.geometry.base import BaseGeometry

from analysis.density.density_results import KernelDensity
from analysis.errors import EmptyInputError, ParameterError
from analysis.projection import FloatArray

MOST_BANDS = 50
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def density_contours(
    density: KernelDensity, *, levels: Sequence[float] | None = None, bands: int = 6
) -> gpd.GeoDataFrame:
    """Return the ground of the study area in bands of density.

    Parameters
    ----------
    density : KernelDensity
    levels : sequence of float, optional
        Where bands meet, events per km2 (and year where the density has a period), ascending, above zero.
    bands : int
        Without levels, about so many bands of one handy width.

    Returns
    -------
    GeoDataFrame
        ``lower``, ``upper``, ``unit`` and ``geometry`` (MultiPolygon, in the CRS of the grid), lowest band first: the
        first begins at 0, the last ends at the highest density of the map. Together they are the study area.

    Raises
    ------
    ParameterError
        Levels that do not ascend, are not above zero or not finite; fewer than 2 or more than 50 bands.
    EmptyInputError
        The density is zero throughout.

    Notes
    -----
    Between cell centres density is taken to be linear, beyond the outermost centres constant; the bands are then cut to
    the study area (its polygon; its cells where there is none). Where an edge correction has set the density outside
    the study area to zero, the nearest cell inside stands for it, so that no false slope is drawn along the boundary.

    Examples
    --------
    >>> from analysis.grids.square import square_grid
    >>> from analysis.density.kernel_density import kernel_density
    >>> grid = square_grid(shapely.box(0, 0, 3000, 3000), 100, crs="EPSG:32616")
    >>> frame = density_contours(kernel_density([1500.0], [1500.0], grid, radius_m=1000.0), levels=[0.4, 0.8])
    >>> frame["lower"].tolist(), round(float(frame.area.sum()))
    ([0.0, 0.4, 0.8], 9000000)
    """
    grid = density.grid
    values = density.density_per_km2 / (density.years or 1.0)
    highest = float(values[grid.inside].max())
    if highest <= 0.0:
        raise EmptyInputError("The density is zero throughout the study area.", "Check the events and the bandwidth.")
    edges = _handy_levels(highest, bands) if levels is None else _checked_levels(levels)
    edges = [0.0, *(level for level in edges if level < highest), highest]
    if density.summary.parameters.get("edge_correction", "none") != "none":
        values = _spread_outwards(values, grid.inside)
    rows, columns = np.arange(-1, grid.n_rows + 1), np.arange(-1, grid.n_columns + 1)
    x, y = grid.origin_x + (columns + 0.5) * grid.cell_m, grid.origin_y + (rows + 0.5) * grid.cell_m
    surface = contour_generator(x, y, np.pad(values, 1, mode="edge"), fill_type=FillType.OuterOffset)
    area = grid.study_area if grid.study_area is not None else shapely.union_all(grid.polygons())
    above_all = float(values.max()) + highest
    polygons = []
    for lower, upper in pairwise(edges):
        below, above = lower or -highest, above_all if upper == highest else upper
        polygons.append(_cut(_assembled(*surface.filled(below, above)), area))
    unit = density.summary.parameters["unit"]
    frame = gpd.GeoDataFrame({"lower": edges[:-1], "upper": edges[1:], "unit": unit}, geometry=polygons, crs=grid.crs)
    return frame[~frame.geometry.is_empty].reset_index(drop=True)


def _checked_levels(levels: Sequence[float]) -> list[float]:
    """Return levels that can part bands."""
    values = np.asarray(levels, dtype=np.float64)
    if values.ndim != 1 or not 1 <= values.size < MOST_BANDS:
        raise ParameterError(f"levels has shape {values.shape}.", f"Give 1 to {MOST_BANDS - 1} numbers.")
    if not (np.isfinite(values).all() and values[0] > 0 and (np.diff(values) > 0).all()):
        raise ParameterError(f"levels is {values.tolist()}.", "Give ascending numbers above zero.")
    return [float(value) for value in values]


def _handy_levels(highest: float, bands: int) -> list[float]:
    """Return multiples of a handy number that part a range into about so many bands."""
    if not 2 <= bands <= MOST_BANDS:
        raise ParameterError(f"bands is {bands}.", f"Give 2 to {MOST_BANDS}.")
    magnitude = 10.0 ** math.floor(math.log10(highest / bands))
    step = min((factor * magnitude for factor in STEPS), key=lambda width: abs(math.log(width * bands / highest)))
    return [step * k for k in range(1, math.ceil(highest / step))]


def _spread_outwards(values: FloatArray, inside: npt.NDArray[np.bool_]) -> FloatArray:
    """Give cells outside the study area the value of the nearest one inside."""
    rows, columns = distance_transform_edt(~inside, return_distances=False, return_indices=True)
    return np.asarray(values[rows, columns])


def _assembled(points: list[FloatArray], offsets: list[npt.NDArray[np.uint32]]) -> BaseGeometry:
    """Return the polygons of a band, with their holes, as one valid geometry."""
    polygons = []
    for corners, breaks in zip(points, offsets, strict=True):
        rings = [corners[begin:end] for begin, end in pairwise(breaks)]
        polygons.append(shapely.Polygon(rings[0], rings[1:]))
    return shapely.union_all(shapely.make_valid(np.array(polygons, dtype=object)))


def _cut(band: BaseGeometry, area: BaseGeometry) -> BaseGeometry:
    """Return the part of a band in the study area, polygons only."""
    parts = shapely.get_parts(shapely.intersection(band, area))
    return shapely.MultiPolygon([part for part in parts if part.geom_type == "Polygon" and part.area > 0.0])
