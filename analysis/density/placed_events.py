"""Events of a density: checked, weighed, and placed in units of cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.density.gaussian_fft import REACH
from analysis.density.kernels import KernelShape
from analysis.events import check_some_inside
from analysis.grids.cell_grid import checked_weights
from analysis.grids.cells import positions
from analysis.grids.square import SquareGrid
from analysis.projection import BoolArray, FloatArray, checked_coordinates


@dataclass(frozen=True, eq=False)
class PlacedEvents:
    """Events and where they lie on a grid.

    Attributes
    ----------
    x, y : ndarray of float64, shape (n,)
        Metres.
    column, row : ndarray of float64, shape (n,)
        Position in cells; 0 is the centre of the first column or row.
    weight : ndarray of float64, shape (n,)
    outside : int
        Events in no cell of the study area, of all that came in.
    """

    x: FloatArray
    y: FloatArray
    column: FloatArray
    row: FloatArray
    weight: FloatArray
    outside: int

    @property
    def n(self) -> int:
        """Number of events."""
        return int(self.x.size)

    def within(self, near: BoolArray) -> PlacedEvents:
        """Return some of the events.

        Parameters
        ----------
        near : ndarray of bool, shape (n,)

        Returns
        -------
        PlacedEvents
        """
        if near.all():
            return self
        x, y, column, row, weight = (v[near] for v in (self.x, self.y, self.column, self.row, self.weight))
        return PlacedEvents(x, y, column, row, weight, self.outside)

    def near_lattice(self, grid: SquareGrid, kernel: KernelShape, bandwidth_m: float | FloatArray) -> BoolArray:
        """Return which events lie in the lattice or within reach of its cell centres.

        Parameters
        ----------
        grid : SquareGrid
        kernel : KernelShape
            The Gaussian reaches six standard deviations.
        bandwidth_m : float or ndarray of float64, shape (n,)
            Of all or of each event, metres.

        Returns
        -------
        ndarray of bool, shape (n,)
        """
        margin = np.maximum(np.asarray(bandwidth_m) / grid.cell_m * min(kernel.reach, REACH), 0.5)
        across = (self.row >= -margin) & (self.row <= grid.n_rows - 1 + margin)
        return np.asarray(across & (self.column >= -margin) & (self.column <= grid.n_columns - 1 + margin))


def placed_events(x: npt.ArrayLike, y: npt.ArrayLike, weights: npt.ArrayLike | None, grid: SquareGrid) -> PlacedEvents:
    """Check events and place them on a grid.

    Parameters
    ----------
    x, y : array_like of float, shape (n,)
        Metres in the CRS of the grid.
    weights : array_like of float, shape (n,), or None
        None counts every event as 1.
    grid : SquareGrid

    Returns
    -------
    PlacedEvents

    Raises
    ------
    CoordinateError
        Coordinates that are not finite, or degrees.
    EmptyInputError
        No event, or none in the study area.
    ParameterError
        Weights of another length, negative or not finite.
    """
    eastings, northings = checked_coordinates(x, y)
    weight = np.ones(eastings.size) if weights is None else checked_weights(weights, eastings.size)
    column, row, outside = positions(eastings, northings, grid.origin_x, grid.origin_y, grid.cell_m, grid.inside)
    check_some_inside(eastings, northings, grid, outside)
    return PlacedEvents(eastings, northings, column, row, weight, outside)
