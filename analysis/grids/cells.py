"""The work beneath grids: which cells an area covers and which cell a point lies in."""

from __future__ import annotations

import math

import numba as nb
import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from analysis.projection import BoolArray, FloatArray


def cells_sharing_ground(
    area: BaseGeometry, origin_x: float, origin_y: float, cell_m: float, shape: tuple[int, int]
) -> BoolArray:
    """Return which cells of a lattice share ground with an area.

    Parameters
    ----------
    area : Polygon or MultiPolygon
        Valid, metres.
    origin_x, origin_y : float
        Lower left corner of the lattice, metres.
    cell_m : float
        Side of a cell, metres.
    shape : (int, int)
        Rows and columns of the lattice.

    Returns
    -------
    ndarray of bool, shape (n_rows, n_columns)

    Notes
    -----
    Blocks of cells are tested first, and only those that the boundary crosses are split, down to single cells.
    Boxes are drawn in by a millionth of a cell, so that touching is not sharing.
    """
    inside = np.zeros(shape, dtype=np.bool_)
    shapely.prepare(area)
    size = 1 << max(0, (max(shape) - 1).bit_length())
    rows, columns = np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64)
    inset = 1e-6 * cell_m
    while rows.size:
        left, bottom = origin_x + columns * cell_m + inset, origin_y + rows * cell_m + inset
        side = size * cell_m - 2.0 * inset
        boxes = shapely.box(left, bottom, left + side, bottom + side)
        hit = shapely.intersects(area, boxes)
        if size == 1:
            inside[rows[hit], columns[hit]] = True
            break
        full = hit & shapely.contains_properly(area, boxes)
        for row, column in zip(rows[full].tolist(), columns[full].tolist(), strict=True):
            inside[row : row + size, column : column + size] = True
        crossed = hit & ~full
        size //= 2
        rows, columns = rows[crossed], columns[crossed]
        rows = np.concatenate([rows, rows, rows + size, rows + size])
        columns = np.concatenate([columns, columns + size, columns, columns + size])
        kept = (rows < shape[0]) & (columns < shape[1])
        rows, columns = rows[kept], columns[kept]
    return inside


@nb.njit(cache=True, nogil=True, inline="always")
def _index(value: float, origin: float, cell_m: float) -> int:
    """Return the index of the half-open cell; true to the edges ``origin + k cell_m`` of the polygons."""
    index = math.floor((value - origin) / cell_m)
    if value < origin + index * cell_m:
        index -= 1
    elif value >= origin + (index + 1) * cell_m:
        index += 1
    return index


@nb.njit(cache=True, nogil=True)
def cell_numbers(
    x: FloatArray, y: FloatArray, origin_x: float, origin_y: float, cell_m: float, inside: BoolArray
) -> npt.NDArray[np.int64]:
    """Return the row-major number of the cell of each point, -1 outside.

    Parameters
    ----------
    x, y : ndarray of float64, shape (n,)
        Metres.
    origin_x, origin_y, cell_m : float
        Lower left corner of the lattice and side of a cell, metres.
    inside : ndarray of bool, shape (n_rows, n_columns)
        Cells of the study area.

    Returns
    -------
    ndarray of int64, shape (n,)
    """
    n_rows, n_columns = inside.shape
    cells = np.full(x.size, -1, np.int64)
    for i in range(x.size):
        column, row = _index(x[i], origin_x, cell_m), _index(y[i], origin_y, cell_m)
        if 0 <= row < n_rows and 0 <= column < n_columns and inside[row, column]:
            cells[i] = row * n_columns + column
    return cells


@nb.njit(cache=True, nogil=True)
def count_events(
    x: FloatArray, y: FloatArray, origin_x: float, origin_y: float, cell_m: float, inside: BoolArray
) -> tuple[npt.NDArray[np.int64], int]:
    """Count events in cells and outside.

    Parameters
    ----------
    x, y : ndarray of float64, shape (n,)
        Metres.
    origin_x, origin_y, cell_m : float
        Lower left corner of the lattice and side of a cell, metres.
    inside : ndarray of bool, shape (n_rows, n_columns)
        Cells of the study area.

    Returns
    -------
    counts : ndarray of int64, shape (n_rows, n_columns)
    outside : int
    """
    n_rows, n_columns = inside.shape
    counts = np.zeros(inside.shape, np.int64)
    outside = 0
    for i in range(x.size):
        column, row = _index(x[i], origin_x, cell_m), _index(y[i], origin_y, cell_m)
        if 0 <= row < n_rows and 0 <= column < n_columns and inside[row, column]:
            counts[row, column] += 1
        else:
            outside += 1
    return counts, outside


@nb.njit(cache=True, nogil=True)
def sum_weights(
    x: FloatArray,
    y: FloatArray,
    weights: FloatArray,
    origin_x: float,
    origin_y: float,
    cell_m: float,
    inside: BoolArray,
) -> tuple[FloatArray, int]:
    """Sum weights in cells and count the events outside.

    Parameters
    ----------
    x, y : ndarray of float64, shape (n,)
        Metres.
    weights : ndarray of float64, shape (n,)
    origin_x, origin_y, cell_m : float
        Lower left corner of the lattice and side of a cell, metres.
    inside : ndarray of bool, shape (n_rows, n_columns)
        Cells of the study area.

    Returns
    -------
    sums : ndarray of float64, shape (n_rows, n_columns)
    outside : int
    """
    n_rows, n_columns = inside.shape
    sums = np.zeros(inside.shape, np.float64)
    outside = 0
    for i in range(x.size):
        column, row = _index(x[i], origin_x, cell_m), _index(y[i], origin_y, cell_m)
        if 0 <= row < n_rows and 0 <= column < n_columns and inside[row, column]:
            sums[row, column] += weights[i]
        else:
            outside += 1
    return sums, outside


@nb.njit(cache=True, nogil=True)
def positions(
    x: FloatArray, y: FloatArray, origin_x: float, origin_y: float, cell_m: float, inside: BoolArray
) -> tuple[FloatArray, FloatArray, int]:
    """Return where each point lies in units of cells, and how many lie in no cell of the study area.

    Parameters
    ----------
    x, y : ndarray of float64, shape (n,)
        Metres.
    origin_x, origin_y, cell_m : float
        Lower left corner of the lattice and side of a cell, metres.
    inside : ndarray of bool, shape (n_rows, n_columns)
        Cells of the study area.

    Returns
    -------
    column, row : ndarray of float64, shape (n,)
        0 is the centre of the first column or row, 1 that of the second.
    outside : int
    """
    n_rows, n_columns = inside.shape
    column, row = np.empty(x.size), np.empty(x.size)
    outside = 0
    for i in range(x.size):
        column[i], row[i] = (x[i] - origin_x) / cell_m - 0.5, (y[i] - origin_y) / cell_m - 0.5
        q, r = _index(x[i], origin_x, cell_m), _index(y[i], origin_y, cell_m)
        if not (0 <= r < n_rows and 0 <= q < n_columns and inside[r, q]):
            outside += 1
    return column, row, outside


PARTS = 8
"""Parts of a cell's events, by a hash of x: one that is small holds no pile of events at one coordinate."""
_MIXER, _SHIFT = np.uint64(0x9E3779B97F4A7C15), np.uint64(61)


@nb.njit(cache=True, nogil=True, inline="always")
def _between(value: float, edges: FloatArray, per_metre: float) -> int:
    """Return between which edges a value lies that lies between the first and the last."""
    index = min(max(int((value - edges[0]) * per_metre), 0), edges.size - 2)
    while value < edges[index]:
        index -= 1
    while value >= edges[index + 1]:
        index += 1
    return index


@nb.njit(cache=True, nogil=True)
def add_parts(
    x: FloatArray, y: FloatArray, x_edges: FloatArray, y_edges: FloatArray, counts: npt.NDArray[np.int64]
) -> int:
    """Count events in the half-open cells between edges, and in each cell by parts that never split a coordinate.

    Parameters
    ----------
    x, y : ndarray of float64, shape (n,)
        Metres.
    x_edges, y_edges : ndarray of float64, shape (n_columns + 1,) and (n_rows + 1,)
        Ascending, metres, about equally far apart.
    counts : ndarray of int64, shape (n_rows, n_columns, PARTS)
        What is counted is added to it.

    Returns
    -------
    int
        Events beyond the edges.
    """
    left, right, bottom, top = x_edges[0], x_edges[-1], y_edges[0], y_edges[-1]
    columns_per_metre = (x_edges.size - 1) / (right - left)
    rows_per_metre = (y_edges.size - 1) / (top - bottom)
    bits = x.view(np.uint64)
    beyond = 0
    for i in range(x.size):
        if left <= x[i] < right and bottom <= y[i] < top:
            column = _between(x[i], x_edges, columns_per_metre)
            row = _between(y[i], y_edges, rows_per_metre)
            counts[row, column, (bits[i] * _MIXER) >> _SHIFT] += 1
        else:
            beyond += 1
    return beyond
