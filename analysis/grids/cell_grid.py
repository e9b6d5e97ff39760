"""What all grids share: cells over a study area, counting events in them, and the layer they make."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from analysis.errors import GeometryError, ParameterError
from analysis.projection import BoolArray, Bounds, FloatArray


@dataclass(frozen=True)
class CellCounts:
    """Events by cell.

    Attributes
    ----------
    counts : ndarray of int64 (float64 with weights), shape (n_rows, n_columns)
        Events, or the sum of their weights, in each cell; zero in cells that are not in the study area.
    outside : int
        Events in no cell of the study area; ``outside`` plus the events counted is what came in.
    """

    counts: npt.NDArray[Any]
    outside: int


@dataclass(frozen=True, eq=False)
class CellGrid(ABC):
    """Cells in rows and columns over a study area; every point of the plane lies in one cell at most.

    Attributes
    ----------
    cell_m : float
        Size of a cell, metres.
    origin_x, origin_y : float
        Where the lattice begins, metres in `crs`.
    inside : ndarray of bool, shape (n_rows, n_columns)
        True for the cells that share ground with the study area; row 0 is the southernmost.
    crs : pyproj.CRS
        Projected, metres.
    study_area_km2 : float
        Area of the study area; of all cells where the points made it.
    from_points : bool
        True where no study area was given and the cells cover the bounding rectangle of the points.
    study_area : Polygon or MultiPolygon or None
        What the cells were laid over, in `crs`; None where that are the cells themselves.
    """

    cell_m: float
    origin_x: float
    origin_y: float
    inside: BoolArray
    crs: CRS
    study_area_km2: float
    from_points: bool = False
    study_area: BaseGeometry | None = None

    @property
    def n_rows(self) -> int:
        """Rows of the lattice."""
        return int(self.inside.shape[0])

    @property
    def n_columns(self) -> int:
        """Columns of the lattice."""
        return int(self.inside.shape[1])

    @property
    def n_cells(self) -> int:
        """Cells in the study area."""
        return int(np.count_nonzero(self.inside))

    @property
    def cells(self) -> npt.NDArray[np.int64]:
        """Row-major numbers in the lattice of the cells of the study area, ascending, shape (n_cells,)."""
        return np.flatnonzero(self.inside)

    @property
    @abstractmethod
    def bounds(self) -> Bounds:
        """Left, bottom, right and top of the lattice, metres."""

    @abstractmethod
    def cell_of(self, x: npt.ArrayLike, y: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Return the number of the cell that each point lies in.

        Parameters
        ----------
        x, y : array_like of float, shape (n,)
            Metres in `crs`.

        Returns
        -------
        ndarray of int64, shape (n,)
            Row-major number in the lattice, -1 outside the study area.

        Raises
        ------
        CoordinateError, EmptyInputError
            See `checked_coordinates`.
        """

    @abstractmethod
    def centres(self) -> tuple[FloatArray, FloatArray]:
        """Return the centres of the cells of the study area.

        Returns
        -------
        x, y : ndarray of float64, shape (n_cells,)
            Metres in `crs`, in the order of `cells`.
        """

    @abstractmethod
    def polygons(self) -> npt.NDArray[np.object_]:
        """Return the cells of the study area as polygons, counter-clockwise.

        Returns
        -------
        ndarray of shapely.Polygon, shape (n_cells,)
            In the order of `cells`; neighbours share their corners exactly.
        """

    def count(self, x: npt.ArrayLike, y: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> CellCounts:
        """Count events in cells; every event is counted once, in a cell or outside.

        Parameters
        ----------
        x, y : array_like of float, shape (n,)
            Metres in `crs`.
        weights : array_like of float, shape (n,), optional
            Sum these instead of counting.

        Returns
        -------
        CellCounts

        Raises
        ------
        CoordinateError, EmptyInputError
            See `checked_coordinates`.
        ParameterError
            Weights of another length, negative or not finite.

        Examples
        --------
        >>> from analysis.grids.square import square_grid
        >>> grid = square_grid(shapely.box(0, 0, 300, 200), 100, crs="EPSG:32616")
        >>> grid.count([50, 100, 299, 301], [50, 100, 199, 50]).counts
        array([[1, 0, 0],
               [0, 1, 1]])
        """
        cells = self.cell_of(x, y)
        held = cells >= 0
        values = None if weights is None else checked_weights(weights, cells.size)[held]
        counts = np.bincount(cells[held], values, minlength=self.inside.size).reshape(self.inside.shape)
        return CellCounts(counts, int(np.count_nonzero(~held)))

    def to_frame(self, **columns: Any) -> gpd.GeoDataFrame:
        """Return the cells of the study area as a frame.

        Parameters
        ----------
        **columns : array_like of shape (n_cells,)
            Columns to put first, in the order of `cells`.

        Returns
        -------
        GeoDataFrame
            `columns`, then ``cell`` (row-major number in the lattice), ``cell_x``, ``cell_y`` (centre, metres) and
            ``geometry``, in `crs`.
        """
        centre_x, centre_y = self.centres()
        data = {**columns, "cell": self.cells, "cell_x": centre_x, "cell_y": centre_y}
        return gpd.GeoDataFrame(data, geometry=self.polygons(), crs=self.crs)


def checked_weights(weights: npt.ArrayLike, n: int) -> FloatArray:
    """Return weights as an array after checking that they can weigh events.

    Parameters
    ----------
    weights : array_like of float, shape (n,)
    n : int
        Number of events.

    Returns
    -------
    ndarray of float64, shape (n,)

    Raises
    ------
    ParameterError
        Another length, a negative value or one that is not finite.
    """
    values = np.ascontiguousarray(weights, dtype=np.float64)
    if values.shape != (n,):
        raise ParameterError(f"There are {n} events but weights of shape {values.shape}.", "Give one weight an event.")
    if not np.isfinite(values).all() or (values < 0).any():
        raise ParameterError("A weight is negative or not finite.", "Weights are zero or more.")
    return values


def check_study_area(study_area: BaseGeometry) -> None:
    """Refuse what is no usable study area.

    Raises
    ------
    GeometryError
        No polygon, empty, without an area, not finite, or invalid.
    """
    if study_area.geom_type not in {"Polygon", "MultiPolygon"}:
        raise GeometryError(f"The study area is a {study_area.geom_type}.", "Give a polygon or a multipolygon.")
    if study_area.is_empty or study_area.area == 0:
        raise GeometryError("The study area is empty.", "Give a polygon with an area.")
    if not np.isfinite(study_area.bounds).all():
        raise GeometryError("The study area has coordinates that are not finite.", "Check its CRS.")
    if not study_area.is_valid:
        reason = shapely.is_valid_reason(study_area)
        raise GeometryError(f"The study area is invalid: {reason}.", "Repair it, for example with shapely.make_valid.")
