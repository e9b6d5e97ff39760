"""Correction of density near the edge of the study area, where part of every kernel falls outside."""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

from analysis.density.edge_mass import mass_within
from analysis.density.kernels import KernelShape
from analysis.density.placed_events import PlacedEvents
from analysis.density.smoothing import Smoothing
from analysis.errors import EmptyInputError, ParameterError
from analysis.grids.cells import cell_numbers
from analysis.grids.square import SquareGrid
from analysis.projection import BoolArray, FloatArray
from analysis.summary import Notice

EdgeCorrection = Literal["none", "uniform", "diggle"]
EDGE_CORRECTIONS: tuple[EdgeCorrection, ...] = ("none", "uniform", "diggle")

LEAST_MASS = 0.01
"""Smallest share of a kernel that is divided by: no event or cell counts more than a hundred times."""


def check_edge_correction(edge_correction: str) -> None:
    """Refuse an unknown edge correction.

    Parameters
    ----------
    edge_correction : str

    Raises
    ------
    ParameterError
        It is none of `EDGE_CORRECTIONS`.
    """
    if edge_correction not in EDGE_CORRECTIONS:
        raise ParameterError(
            f"Unknown edge correction {edge_correction!r}.", f"Use one of: {', '.join(EDGE_CORRECTIONS)}."
        )


def inside_study_area(x: FloatArray, y: FloatArray, grid: SquareGrid) -> BoolArray:
    """Return which points lie in the study area itself: its polygon, or its cells where there is no polygon.

    Parameters
    ----------
    x, y : ndarray of float64, shape (n,)
        Metres.
    grid : SquareGrid

    Returns
    -------
    ndarray of bool, shape (n,)
        True also on the boundary of the polygon.

    Raises
    ------
    EmptyInputError
        No point does.
    """
    in_cell = cell_numbers(x, y, grid.origin_x, grid.origin_y, grid.cell_m, grid.inside) >= 0
    if grid.study_area is not None:
        shapely.prepare(grid.study_area)
        in_cell[in_cell] = shapely.intersects_xy(grid.study_area, x[in_cell], y[in_cell])
    if not in_cell.any():
        raise EmptyInputError(
            "No event lies within the study area itself, only in cells that it crosses.",
            "Use no edge correction, or check the boundary.",
        )
    return in_cell


def study_area_mass(
    x: FloatArray, y: FloatArray, grid: SquareGrid, kernel: KernelShape, bandwidth_m: npt.ArrayLike
) -> FloatArray:
    """Return how much of the kernel about each point lies within the study area, exactly.

    Parameters
    ----------
    x, y : ndarray of float64, shape (n,)
        Metres.
    grid : SquareGrid
    kernel : KernelShape
    bandwidth_m : array_like of float, scalar or shape (n,)
        Metres.

    Returns
    -------
    ndarray of float64, shape (n,)
        0 to 1.

    Examples
    --------
    >>> from analysis.grids.square import square_grid
    >>> from analysis.density.kernels import KERNELS
    >>> grid = square_grid(shapely.box(0, 0, 1000, 1000), 100, crs="EPSG:32616")
    >>> x, y = np.array([500.0, 0.0]), np.array([500.0, 500.0])
    >>> study_area_mass(x, y, grid, KERNELS["quartic"], 300.0).round(12).tolist()
    [1.0, 0.5]
    """
    if grid.study_area is None:
        in_area = cell_numbers(x, y, grid.origin_x, grid.origin_y, grid.cell_m, grid.inside) >= 0
        boundary = _boundary_of_cells(grid)
    else:
        shapely.prepare(grid.study_area)
        in_area, boundary = shapely.intersects_xy(grid.study_area, x, y), _boundary_of_area(grid.study_area)
    bandwidth = np.broadcast_to(np.asarray(bandwidth_m, dtype=np.float64), x.shape)
    return mass_within(x, y, in_area.astype(np.float64), boundary, kernel, bandwidth)


def weights_over_mass(
    events: PlacedEvents, grid: SquareGrid, kernel: KernelShape, bandwidth_m: npt.ArrayLike
) -> tuple[PlacedEvents, tuple[Notice, ...]]:
    """Return events weighed after Diggle: divided by how much of the kernel about each lies within the study area.

    Parameters
    ----------
    events : PlacedEvents
        In the study area.
    grid : SquareGrid
    kernel : KernelShape
    bandwidth_m : array_like of float, scalar or shape (n,)
        Metres.

    Returns
    -------
    events : PlacedEvents
    notices : tuple of Notice
        ``little_mass`` where the division was held.
    """
    mass, notices = _floored(study_area_mass(events.x, events.y, grid, kernel, bandwidth_m), "events")
    return dataclasses.replace(events, weight=events.weight / mass), notices


def divided_by_mass(density: FloatArray, grid: SquareGrid, smoothing: Smoothing) -> tuple[Notice, ...]:
    """Divide a density, in place, by how much of the kernel about each cell lies within the study area.

    Parameters
    ----------
    density : ndarray of float64, shape (n_rows, n_columns)
    grid : SquareGrid
    smoothing : Smoothing

    Returns
    -------
    tuple of Notice
        ``little_mass`` where the division was held.
    """
    mass, notices = _floored(study_area_mass(*grid.centres(), grid, smoothing.kernel, smoothing.bandwidth_m), "cells")
    density[grid.inside] /= mass
    return notices


def edge_parameters(edge_correction: EdgeCorrection, grid: SquareGrid) -> dict[str, str]:
    """Return what a summary says of the edge correction.

    Parameters
    ----------
    edge_correction : {"none", "uniform", "diggle"}
    grid : SquareGrid

    Returns
    -------
    dict
    """
    if edge_correction == "none":
        return {"edge_correction": "none"}
    area = "cells" if grid.study_area is None else "polygon"
    return {"edge_correction": edge_correction, "edge_correction_area": f"{area} of the study area, exact integral"}


def _floored(mass: FloatArray, what: str) -> tuple[FloatArray, tuple[Notice, ...]]:
    """Return masses that can be divided by, and say how many were raised to `LEAST_MASS`."""
    few = int(np.count_nonzero(mass < LEAST_MASS))
    if not few:
        return mass, ()
    message = (
        f"The kernel about {few:,} {what} lies almost wholly outside the study area; the edge correction there is held "
        f"at {1 / LEAST_MASS:.0f} times. Use a wider bandwidth or a smaller cell."
    )
    return np.maximum(mass, LEAST_MASS), (Notice("little_mass", message),)


def _boundary_of_area(area: BaseGeometry) -> FloatArray:
    """Return the straight pieces of a polygon's boundary, the polygon on their left."""
    pieces = []
    for part in shapely.get_parts(area):
        polygon = orient(part)
        for ring in (polygon.exterior, *polygon.interiors):
            corners = shapely.get_coordinates(ring)
            pieces.append(np.hstack([corners[:-1], corners[1:]]))
    return np.vstack(pieces)


def _boundary_of_cells(grid: SquareGrid) -> FloatArray:
    """Return the sides of cells of the study area towards other cells, the study area on their left."""
    inside = np.pad(grid.inside, 1)
    cells, sides = inside[1:-1, 1:-1], []
    for neighbour, begin, end in (
        (inside[:-2, 1:-1], (0, 0), (1, 0)),
        (inside[1:-1, 2:], (1, 0), (1, 1)),
        (inside[2:, 1:-1], (1, 1), (0, 1)),
        (inside[1:-1, :-2], (0, 1), (0, 0)),
    ):
        row, column = np.nonzero(cells & ~neighbour)
        sides.append(np.column_stack([column + begin[0], row + begin[1], column + end[0], row + end[1]]))
    origin = np.array([grid.origin_x, grid.origin_y] * 2)
    return np.asarray(origin + grid.cell_m * np.vstack(sides))
