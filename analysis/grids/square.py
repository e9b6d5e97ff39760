"""Square grids over a study area, and counting events in their cells."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from analysis.errors import EmptyInputError, ParameterError
from analysis.grids.cell_grid import CellCounts, CellGrid, check_study_area, checked_weights
from analysis.grids.cells import cell_numbers, cells_sharing_ground, count_events, sum_weights
from analysis.grids.lattices import lattice_over, refuse_degrees, rounded_up
from analysis.projection import FloatArray, checked_coordinates, require_metres

SMALLEST_SUGGESTED_M, LARGEST_SUGGESTED_M = 50.0, 2000.0
HANDY_SIDES_M = (50, 75, 100, 125, 150, 200, 250, 300, 400, 500, 600, 750, 1000, 1250, 1500, 2000)
MAX_SUGGESTED_CELLS = 250_000


@dataclass(frozen=True)
class CellSuggestion:
    """A cell size and why.

    Attributes
    ----------
    cell_m : float
        Side of the cell, metres.
    reason : str
        The rule and its figures, for a person.
    """

    cell_m: float
    reason: str


@dataclass(frozen=True, eq=False)
class SquareGrid(CellGrid):
    """Square cells, half-open (a point on the left or lower edge belongs to the cell), over a study area.

    `cell_m` is the side of a cell, `origin_x`, `origin_y` the lower left corner of the lattice.
    """

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, bottom, right and top of the lattice, metres."""
        right = self.origin_x + self.n_columns * self.cell_m
        return self.origin_x, self.origin_y, right, self.origin_y + self.n_rows * self.cell_m

    def cell_of(self, x: npt.ArrayLike, y: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Return the number of the cell that each point lies in."""
        eastings, northings = checked_coordinates(x, y)
        return cell_numbers(eastings, northings, self.origin_x, self.origin_y, self.cell_m, self.inside)

    def count(self, x: npt.ArrayLike, y: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> CellCounts:
        """Count events in cells; every event is counted once, in a cell or outside."""
        eastings, northings = checked_coordinates(x, y)
        lattice = self.origin_x, self.origin_y, self.cell_m, self.inside
        if weights is None:
            return CellCounts(*count_events(eastings, northings, *lattice))
        return CellCounts(*sum_weights(eastings, northings, checked_weights(weights, eastings.size), *lattice))

    def centres(self) -> tuple[FloatArray, FloatArray]:
        """Return the centres of the cells of the study area."""
        row, column = np.divmod(self.cells, self.n_columns)
        return self.origin_x + (column + 0.5) * self.cell_m, self.origin_y + (row + 0.5) * self.cell_m

    def polygons(self) -> npt.NDArray[np.object_]:
        """Return the cells of the study area as polygons, counter-clockwise."""
        row, column = np.divmod(self.cells, self.n_columns)
        left, right = self.origin_x + column * self.cell_m, self.origin_x + (column + 1) * self.cell_m
        bottom, top = self.origin_y + row * self.cell_m, self.origin_y + (row + 1) * self.cell_m
        boxes: npt.NDArray[np.object_] = shapely.box(left, bottom, right, top)
        return boxes


def square_grid(
    study_area: BaseGeometry | None,
    cell_m: float,
    *,
    crs: Any,
    x: npt.ArrayLike | None = None,
    y: npt.ArrayLike | None = None,
    origin_m: tuple[float, float] | None = None,
) -> SquareGrid:
    """Lay square cells over a study area.

    Parameters
    ----------
    study_area : Polygon or MultiPolygon or None
        In `crs`. Without one the bounding rectangle of the points is taken, and significance depends on it.
    cell_m : float
        Side of a cell, metres.
    crs : Any
        CRS of the study area and the points: projected, metres.
    x, y : array_like of float, shape (n,), optional
        Points, metres; needed without a study area.
    origin_m : (float, float), optional
        A corner that some cell has, metres. By default (0, 0) of the CRS, so that layers made at different times, or
        of neighbouring towns, line up.

    Returns
    -------
    SquareGrid
        Cells that share ground with the study area (touching it in a line or a corner is not enough). A boundary cell
        is taken whole, so events in it count even where they lie beyond the boundary.

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

    Examples
    --------
    >>> grid = square_grid(shapely.box(120, 0, 330, 200), 100, crs="EPSG:32616")
    >>> grid.n_rows, grid.n_columns, grid.origin_x
    (2, 3, 100.0)
    """
    if not (math.isfinite(cell_m) and cell_m > 0):
        raise ParameterError(f"The cell size is {cell_m} m.", "Give a positive number of metres.")
    metric = require_metres(crs)
    corner = (0.0, 0.0) if origin_m is None else origin_m
    if not all(math.isfinite(value) for value in corner):
        raise ParameterError(f"The origin is {corner}.", "Give two numbers of metres.")
    if study_area is not None:
        check_study_area(study_area)
        bounds = study_area.bounds
    elif x is not None and y is not None:
        eastings, northings = checked_coordinates(x, y)
        bounds = (eastings.min(), northings.min(), eastings.max(), northings.max())
    else:
        raise EmptyInputError("There is neither a study area nor a point.", "Give one of them.")
    refuse_degrees(bounds, cell_m)
    column, row, n_columns, n_rows = lattice_over(bounds, cell_m, corner)
    origin_x, origin_y = corner[0] + column * cell_m, corner[1] + row * cell_m
    if study_area is None:
        inside = np.ones((n_rows, n_columns), dtype=np.bool_)
        return SquareGrid(cell_m, origin_x, origin_y, inside, metric, inside.size * cell_m**2 / 1e6, from_points=True)
    inside = cells_sharing_ground(study_area, origin_x, origin_y, cell_m, (n_rows, n_columns))
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    trimmed = np.ascontiguousarray(inside[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    origin_x, origin_y = corner[0] + (column + int(columns[0])) * cell_m, corner[1] + (row + int(rows[0])) * cell_m
    return SquareGrid(cell_m, origin_x, origin_y, trimmed, metric, study_area.area / 1e6, study_area=study_area)


def suggest_cell_m(n: int, area_m2: float) -> CellSuggestion:
    """Suggest a cell size for `n` events on an area.

    Parameters
    ----------
    n : int
        Events.
    area_m2 : float
        Study area, square metres.

    Returns
    -------
    CellSuggestion

    Raises
    ------
    EmptyInputError
        There is no event.
    ParameterError
        The area is not positive.

    Notes
    -----
    ``side = sqrt(2 area / n)``: two events a cell if they were spread evenly, the usual rule for quadrats. The nearest
    handy number (by ratio) between 50 m, below which geocoding is rarely true, and 2,000 m, above which a cell is no
    place any more; coarser where the map would have more than 250,000 cells.

    References
    ----------
    Wong, D. W. S. and Lee, J. (2005). Statistical Analysis of Geographic Information, section 6.2. Wiley.

    Examples
    --------
    >>> suggest_cell_m(2245, 835e6).cell_m
    750.0
    """
    if n < 1:
        raise EmptyInputError("There is no event to suggest a cell size from.", "Check the filters and the file.")
    if not (math.isfinite(area_m2) and area_m2 > 0):
        raise ParameterError(f"The area is {area_m2} m2.", "Give a positive area in square metres.")
    exact = math.sqrt(2.0 * area_m2 / n)
    handy = float(min(HANDY_SIDES_M, key=lambda side: abs(math.log(side / exact))))
    reason = f"sqrt(2 area / n) for {n:,} events on {area_m2 / 1e6:,.1f} km2 is {exact:,.0f} m; taken: {handy:,.0f} m"
    fewest = math.sqrt(area_m2 / MAX_SUGGESTED_CELLS)
    if handy < fewest:
        handy = rounded_up(fewest)
        reason += f", made {handy:,.0f} m to stay within {MAX_SUGGESTED_CELLS:,} cells"
    elif exact < SMALLEST_SUGGESTED_M or exact > LARGEST_SUGGESTED_M:
        reason += f" (suggestions stay between {SMALLEST_SUGGESTED_M:.0f} and {LARGEST_SUGGESTED_M:.0f} m)"
    return CellSuggestion(handy, reason + ".")
