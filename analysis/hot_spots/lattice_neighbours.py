"""Neighbours of the cells of a grid, by whole numbers: no cell is lost to rounding at any cell size."""

from __future__ import annotations

import numba as nb
import numpy as np

from analysis.errors import ParameterError
from analysis.grids.cell_grid import CellGrid
from analysis.grids.hexagons import HexagonGrid
from analysis.grids.square import SquareGrid
from analysis.hot_spots.neighbours import IntArray, Neighbours

ROOK = ((-1, 0), (0, -1), (0, 1), (1, 0))
QUEEN = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))
HEXAGON_UNSHIFTED = ((-1, -1), (-1, 0), (0, -1), (0, 1), (1, -1), (1, 0))
HEXAGON_SHIFTED = ((-1, 0), (-1, 1), (0, -1), (0, 1), (1, 0), (1, 1))
"""Steps of one axial unit, as row and column, from a row at the left and from one that is half a cell to the right."""


def queen_neighbours(grid: CellGrid) -> Neighbours:
    """Return the up to eight cells of the study area that share a side or a corner with each cell.

    Parameters
    ----------
    grid : SquareGrid

    Returns
    -------
    Neighbours
        Of ``grid.n_cells`` cells in the order of ``grid.cells``, binary weights.

    Raises
    ------
    ParameterError
        The grid is no square grid.

    Examples
    --------
    >>> import shapely
    >>> from analysis.grids.square import square_grid
    >>> grid = square_grid(shapely.box(0, 0, 300, 300), 100, crs="EPSG:32616")
    >>> queen_neighbours(grid).sizes.tolist()
    [3, 5, 3, 5, 8, 5, 3, 5, 3]
    """
    _require(grid, SquareGrid, "Queen")
    return _of_lattice(grid, QUEEN, QUEEN, "queen contiguity")


def rook_neighbours(grid: CellGrid) -> Neighbours:
    """Return the up to four cells of the study area that share a side with each cell.

    Parameters
    ----------
    grid : SquareGrid

    Returns
    -------
    Neighbours
        Of ``grid.n_cells`` cells in the order of ``grid.cells``, binary weights.

    Raises
    ------
    ParameterError
        The grid is no square grid.

    Examples
    --------
    >>> import shapely
    >>> from analysis.grids.square import square_grid
    >>> grid = square_grid(shapely.box(0, 0, 300, 300), 100, crs="EPSG:32616")
    >>> rook_neighbours(grid).sizes.tolist()
    [2, 3, 2, 3, 4, 3, 2, 3, 2]
    """
    _require(grid, SquareGrid, "Rook")
    return _of_lattice(grid, ROOK, ROOK, "rook contiguity")


def hexagon_neighbours(grid: HexagonGrid) -> Neighbours:
    """Return the up to six hexagons of the study area that share a side with each one.

    Parameters
    ----------
    grid : HexagonGrid

    Returns
    -------
    Neighbours
        Of ``grid.n_cells`` cells in the order of ``grid.cells``, binary weights.

    Raises
    ------
    ParameterError
        The grid is no hexagon grid.

    Examples
    --------
    >>> import shapely
    >>> from analysis.grids.hexagons import hexagon_grid
    >>> grid = hexagon_grid(shapely.box(0, 0, 2000, 2000), 100, crs="EPSG:32616")
    >>> int(hexagon_neighbours(grid).sizes.max())
    6
    """
    _require(grid, HexagonGrid, "Hexagon")
    steps = HEXAGON_UNSHIFTED, HEXAGON_SHIFTED
    return _of_lattice(grid, steps[grid.first_shifted], steps[not grid.first_shifted], "hexagon contiguity")


def cell_neighbours(grid: CellGrid) -> Neighbours:
    """Return the neighbours that a grid has by default: queen on squares, the six around on hexagons.

    Parameters
    ----------
    grid : SquareGrid or HexagonGrid

    Returns
    -------
    Neighbours
        Of ``grid.n_cells`` cells in the order of ``grid.cells``, binary weights.
    """
    return hexagon_neighbours(grid) if isinstance(grid, HexagonGrid) else queen_neighbours(grid)


def _require(grid: object, kind: type, name: str) -> None:
    """Refuse neighbours that a grid cannot have."""
    if not isinstance(grid, kind):
        raise ParameterError(
            f"{name} neighbours are not those of a {type(grid).__name__}.",
            "Use queen or rook on square cells and hexagon on hexagons.",
        )


def _of_lattice(
    grid: CellGrid, even: tuple[tuple[int, int], ...], odd: tuple[tuple[int, int], ...], name: str
) -> Neighbours:
    """Return the neighbours by the steps that lead from a cell of an even and of an odd row."""
    number = np.full(grid.inside.shape, -1, dtype=np.int64)
    number[grid.inside] = np.arange(grid.n_cells)
    indptr, indices = _lattice_rows(number, grid.n_cells, np.array(even), np.array(odd))
    return Neighbours(indptr, indices, np.ones(indices.size), includes_self=False, name=name)


@nb.njit(cache=True, nogil=True)
def _lattice_rows(number: IntArray, n: int, even: IntArray, odd: IntArray) -> tuple[IntArray, IntArray]:
    """List the cells that steps lead to; `number` counts the cells of the study area, -1 for others."""
    n_rows, n_columns = number.shape
    indptr = np.zeros(n + 1, np.int64)
    indices = np.empty(n * even.shape[0], np.int64)
    filled = 0
    for r in range(n_rows):
        steps = odd if r % 2 else even
        for c in range(n_columns):
            if number[r, c] < 0:
                continue
            for step in range(steps.shape[0]):
                row, column = r + steps[step, 0], c + steps[step, 1]
                if 0 <= row < n_rows and 0 <= column < n_columns and number[row, column] >= 0:
                    indices[filled] = number[row, column]
                    filled += 1
            indptr[number[r, c] + 1] = filled
    return indptr, indices[:filled].copy()
