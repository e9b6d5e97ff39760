"""Hexagon grids over a study area, and counting events in their cells."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numba as nb
import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from analysis.errors import EmptyInputError, ParameterError
from analysis.grids.cell_grid import CellGrid, check_study_area
from analysis.grids.lattices import MAX_CELLS, refuse_degrees, rounded_up
from analysis.projection import BoolArray, Bounds, FloatArray, checked_coordinates, require_metres

ROW_STEP = math.sqrt(3.0) / 2.0
"""Distance between rows of centres, in cells."""

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class HexagonGrid(CellGrid):
    """Regular hexagons standing on a corner, in rows of which every other is half a cell to the right.

    `cell_m` is the distance between opposite sides, and between the centres of neighbours; the area of a cell is
    ``0.866 cell_m^2``. `origin_x`, `origin_y` are the centre of the first hexagon of an unshifted row at the height of
    row 0.

    Attributes
    ----------
    first_shifted : bool
        Whether row 0 is a shifted one.

    Notes
    -----
    A point belongs to the hexagon with the nearest centre; of two rows equally near the upper, of two columns the
    right one. So every point of the plane lies in exactly one cell, and edges to the left and below belong to a cell.
    """

    first_shifted: bool = False

    @property
    def bounds(self) -> Bounds:
        """Left, bottom, right and top of the lattice, metres."""
        half, tip = 0.5 * self.cell_m, self.cell_m / math.sqrt(3.0)
        right = self.origin_x + self.n_columns * self.cell_m
        top = self.origin_y + (self.n_rows - 1) * ROW_STEP * self.cell_m
        return self.origin_x - half, self.origin_y - tip, right, top + tip

    def cell_of(self, x: npt.ArrayLike, y: npt.ArrayLike) -> IntArray:
        """Return the number of the cell that each point lies in."""
        eastings, northings = checked_coordinates(x, y)
        lattice = self.origin_x, self.origin_y, self.cell_m, self.first_shifted
        return _hexagon_numbers(eastings, northings, *lattice, self.inside)

    def centres(self) -> tuple[FloatArray, FloatArray]:
        """Return the centres of the cells of the study area."""
        row, column = np.divmod(self.cells, self.n_columns)
        shift = 0.5 * ((row + self.first_shifted) % 2)
        return self.origin_x + (column + shift) * self.cell_m, self.origin_y + row * ROW_STEP * self.cell_m

    def polygons(self) -> npt.NDArray[np.object_]:
        """Return the cells of the study area as polygons, counter-clockwise."""
        row, column = np.divmod(self.cells, self.n_columns)
        halves = 2 * column + (row + self.first_shifted) % 2
        return _hexagons(halves, row, self.origin_x, self.origin_y, self.cell_m)


def hexagon_grid(
    study_area: BaseGeometry | None,
    cell_m: float,
    *,
    crs: Any,
    x: npt.ArrayLike | None = None,
    y: npt.ArrayLike | None = None,
    origin_m: tuple[float, float] | None = None,
) -> HexagonGrid:
    """Lay hexagons over a study area.

    Parameters
    ----------
    study_area : Polygon or MultiPolygon or None
        In `crs`. Without one the bounding rectangle of the points is taken, and significance depends on it.
    cell_m : float
        Distance between opposite sides, metres.
    crs : Any
        CRS of the study area and the points: projected, metres.
    x, y : array_like of float, shape (n,), optional
        Points, metres; needed without a study area.
    origin_m : (float, float), optional
        A centre that some cell has, metres. By default (0, 0) of the CRS, so that layers line up.

    Returns
    -------
    HexagonGrid
        Cells that share ground with the study area (touching is not enough), taken whole.

    Raises
    ------
    ParameterError
        The cell is not a positive length, or so small that the lattice would exceed `MAX_CELLS`.
    GeometryError
        The study area is empty, invalid or no polygon.
    CoordinateError
        `crs` is not in metres, or the coordinates are degrees.
    EmptyInputError
        Neither a study area nor a point was given.

    Notes
    -----
    The six neighbours of a hexagon are all equally far away, so neighbourhoods are rounder than on squares.

    References
    ----------
    Birch, C. P. D., Oom, S. P. and Beecham, J. A. (2007). Rectangular and hexagonal grids used for observation,
    experiment and simulation in ecology. Ecological Modelling 206.

    Examples
    --------
    >>> grid = hexagon_grid(shapely.box(0, 0, 1000, 1000), 100, crs="EPSG:32616")
    >>> round(shapely.area(grid.polygons()).mean())
    8660
    """
    if not (math.isfinite(cell_m) and cell_m > 0):
        raise ParameterError(f"The cell size is {cell_m} m.", "Give a positive number of metres.")
    metric = require_metres(crs)
    corner = (0.0, 0.0) if origin_m is None else origin_m
    if not all(math.isfinite(value) for value in corner):
        raise ParameterError(f"The origin is {corner}.", "Give two numbers of metres.")
    if study_area is not None:
        check_study_area(study_area)
    area = _bounding_area(x, y, cell_m) if study_area is None else study_area
    refuse_degrees(area.bounds, cell_m)
    column, row, inside = _cover(area, cell_m, corner)
    origin_x, origin_y = corner[0] + column * cell_m, corner[1] + row * ROW_STEP * cell_m
    km2 = np.count_nonzero(inside) * ROW_STEP * cell_m**2 / 1e6 if study_area is None else study_area.area / 1e6
    placed = cell_m, origin_x, origin_y, inside, metric, float(km2), study_area is None, study_area
    return HexagonGrid(*placed, first_shifted=bool(row % 2))


def _bounding_area(x: npt.ArrayLike | None, y: npt.ArrayLike | None, cell_m: float) -> BaseGeometry:
    """Return the bounding rectangle of the points with a rim, so that points on the edge of a cell have that cell."""
    if x is None or y is None:
        raise EmptyInputError("There is neither a study area nor a point.", "Give one of them.")
    eastings, northings = checked_coordinates(x, y)
    rim = 1e-5 * cell_m
    return shapely.box(eastings.min() - rim, northings.min() - rim, eastings.max() + rim, northings.max() + rim)


def _cover(area: BaseGeometry, cell_m: float, corner: tuple[float, float]) -> tuple[int, int, BoolArray]:
    """Return first column and row, counted from the corner, and which cells share ground with an area."""
    column, row, shape = _lattice_over(area.bounds, cell_m, corner)
    origin = corner[0] + column * cell_m, corner[1] + row * ROW_STEP * cell_m
    inside = _sharing_ground(area, *origin, cell_m, shape, first_shifted=bool(row % 2))
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    trimmed = np.ascontiguousarray(inside[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    return column + int(columns[0]), row + int(rows[0]), trimmed


def _lattice_over(bounds: Bounds, cell_m: float, corner: tuple[float, float]) -> tuple[int, int, tuple[int, int]]:
    """Return first column and row, counted from the corner, and the shape of a lattice that covers some bounds."""
    left, bottom, right, top = bounds
    step = ROW_STEP * cell_m
    width, height = (right - left) / cell_m + 3.0, (top - bottom) / step + 3.0
    if width * height > MAX_CELLS:
        fits = math.sqrt(max(right - left, cell_m) * max(top - bottom, cell_m) / (0.8 * MAX_CELLS * ROW_STEP))
        fits = max(fits, (right - left + top - bottom) / (0.2 * MAX_CELLS))
        raise ParameterError(
            f"Hexagons of {cell_m:g} m over {(right - left) / 1e3:,.1f} x {(top - bottom) / 1e3:,.1f} km would make "
            f"{width * height:,.0f} cells; at most {MAX_CELLS:,} are made.",
            f"Use cells of {rounded_up(fits):,.0f} m or more, or a smaller study area.",
        )
    column, row = math.floor((left - corner[0]) / cell_m) - 1, math.floor((bottom - corner[1]) / step) - 1
    n_columns = math.floor((right - corner[0]) / cell_m) + 2 - column
    n_rows = math.floor((top - corner[1]) / step) + 3 - row
    return column, row, (n_rows, n_columns)


def _sharing_ground(
    area: BaseGeometry,
    origin_x: float,
    origin_y: float,
    cell_m: float,
    shape: tuple[int, int],
    *,
    first_shifted: bool,
) -> BoolArray:
    """Return which hexagons share ground with an area; only those near its boundary are cut out as polygons."""
    row, column = (index.ravel() for index in np.indices(shape))
    halves = 2 * column + (row + first_shifted) % 2
    shapely.prepare(area)
    centres = shapely.points(origin_x + 0.5 * halves * cell_m, origin_y + row * ROW_STEP * cell_m)
    near = np.flatnonzero(shapely.dwithin(area, centres, cell_m / math.sqrt(3.0)))
    inside = np.zeros(shape, dtype=np.bool_)
    certain = shapely.contains(area, centres[near])
    inside.flat[near[certain]] = True
    open_cells = near[~certain]
    hexagons = _hexagons(halves[open_cells], row[open_cells], origin_x, origin_y, cell_m)
    drawn_in = shapely.buffer(hexagons, -1e-6 * cell_m, join_style="mitre")
    inside.flat[open_cells[shapely.intersects(area, drawn_in)]] = True
    return inside


def _hexagons(
    halves: IntArray, row: IntArray, origin_x: float, origin_y: float, cell_m: float
) -> npt.NDArray[np.object_]:
    """Return polygons by column in halves of a cell and by row; corners lie on a lattice of thirds of a row."""
    across = halves[:, None] + np.array([0, 1, 1, 0, -1, -1, 0])
    up = 3 * row[:, None] + np.array([-2, -1, 1, 2, 1, -1, -2])
    corners = np.stack([origin_x + 0.5 * cell_m * across, origin_y + ROW_STEP * cell_m * up / 3.0], axis=-1)
    polygons: npt.NDArray[np.object_] = shapely.polygons(corners)
    return polygons


@nb.njit(cache=True, nogil=True)
def _hexagon_numbers(
    x: FloatArray,
    y: FloatArray,
    origin_x: float,
    origin_y: float,
    cell_m: float,
    first_shifted: bool,
    inside: BoolArray,
) -> IntArray:
    """Return the row-major number of the hexagon of each point, -1 outside."""
    n_rows, n_columns = inside.shape
    cells = np.full(x.size, -1, np.int64)
    for i in range(x.size):
        across, up = (x[i] - origin_x) / cell_m, (y[i] - origin_y) / (ROW_STEP * cell_m)
        lower = math.floor(up)
        nearest, row, column = math.inf, 0, 0
        for candidate in (lower, lower + 1):
            shift = 0.5 * ((candidate + first_shifted) % 2)
            place = math.floor(across - shift + 0.5)
            distance = (across - shift - place) ** 2 + 0.75 * (up - candidate) ** 2
            if distance <= nearest:
                nearest, row, column = distance, candidate, place
        if 0 <= row < n_rows and 0 <= column < n_columns and inside[row, column]:
            cells[i] = row * n_columns + column
    return cells
