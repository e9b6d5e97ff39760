"""The arithmetic of a lattice: which columns and rows cover an extent, and how many are too many."""

from __future__ import annotations

import math

from analysis.errors import CoordinateError, ParameterError
from analysis.projection import Bounds, looks_like_degrees

MAX_CELLS = 4_000_000
"""Largest lattice (rows x columns) that is made; beyond it a coarser cell is asked for."""


def refuse_degrees(bounds: Bounds, cell_m: float) -> None:
    """Refuse coordinates in degrees: all within 180 and 90, and the whole extent smaller than a cell.

    Parameters
    ----------
    bounds : tuple of float
        Left, bottom, right, top.
    cell_m : float
        Side of a cell, metres.

    Raises
    ------
    CoordinateError
        They look like degrees.
    """
    left, bottom, right, top = bounds
    if looks_like_degrees((left, right), (bottom, top)) and max(right - left, top - bottom) < cell_m:
        raise CoordinateError(
            f"All coordinates lie between {left:g}, {bottom:g} and {right:g}, {top:g}: they look like degrees.",
            "Project them to the working CRS in metres, or name their CRS (EPSG:4326).",
        )


def lattice_over(bounds: Bounds, cell_m: float, corner: tuple[float, float]) -> tuple[int, int, int, int]:
    """Return the lattice that covers some bounds.

    Parameters
    ----------
    bounds : tuple of float
        Left, bottom, right, top, metres.
    cell_m : float
        Side of a cell, metres.
    corner : (float, float)
        A corner that some cell has, metres.

    Returns
    -------
    (int, int, int, int)
        First column and first row, counted from the corner, columns and rows.

    Raises
    ------
    ParameterError
        It would have more than `MAX_CELLS` cells.
    """
    left, bottom, right, top = bounds
    width, height = (right - left) / cell_m + 1.0, (top - bottom) / cell_m + 1.0
    if width * height > 1.01 * MAX_CELLS:
        fits = _fitting_cell_m(right - left, top - bottom)
        raise ParameterError(
            f"Cells of {cell_m:g} m over {(right - left) / 1e3:,.1f} x {(top - bottom) / 1e3:,.1f} km would make "
            f"{width * height:,.0f} cells; at most {MAX_CELLS:,} are made.",
            f"Use cells of {fits:,.0f} m or more, or a smaller study area.",
        )
    column, row = _floor_cell(left, corner[0], cell_m), _floor_cell(bottom, corner[1], cell_m)
    last_column, last_row = _floor_cell(right, corner[0], cell_m), _floor_cell(top, corner[1], cell_m)
    return column, row, last_column - column + 1, last_row - row + 1


def _floor_cell(value: float, corner: float, cell_m: float) -> int:
    """Return the index of the half-open cell that holds a coordinate, true to the edges ``corner + k cell_m``."""
    index = math.floor((value - corner) / cell_m)
    if value < corner + index * cell_m:
        return index - 1
    return index + 1 if value >= corner + (index + 1) * cell_m else index


def _fitting_cell_m(width: float, height: float) -> float:
    """Return a round cell size with which a rectangle stays within `MAX_CELLS`."""
    half = (width + height) / 2.0
    return rounded_up((half + math.sqrt(half**2 + MAX_CELLS * width * height)) / MAX_CELLS)


def rounded_up(length: float) -> float:
    """Round a length up to two significant digits.

    Parameters
    ----------
    length : float
        Greater than zero.

    Returns
    -------
    float

    Examples
    --------
    >>> rounded_up(121.0), rounded_up(20.0)
    (130.0, 20.0)
    """
    step = 10.0 ** (math.floor(math.log10(length)) - 1)
    return math.ceil(length / step) * step
