"""Cut lines at positions along them, all lines at once."""

from __future__ import annotations

from dataclasses import dataclass

import numba as nb
import numpy as np
import numpy.typing as npt
import shapely

from analysis.projection import BoolArray, FloatArray

IntArray = npt.NDArray[np.int64]
Lines = npt.NDArray[np.object_]

ON_VERTEX_M = 1e-6
"""A cut this near to a vertex is made at the vertex."""


@dataclass(frozen=True, eq=False)
class Vertices:
    """The vertices of lines.

    Attributes
    ----------
    xy : ndarray of float64, shape (m, 2)
        Metres.
    line : ndarray of int64, shape (m,)
        Line that each vertex belongs to, ascending.
    position_m : ndarray of float64, shape (m,)
        Distance from the start of the line, along it.
    """

    xy: FloatArray
    line: IntArray
    position_m: FloatArray


@dataclass(frozen=True, eq=False)
class Pieces:
    """Parts of lines.

    Attributes
    ----------
    geometry : ndarray of LineString, shape (n,)
    line : ndarray of int64, shape (n,)
        Line that each is part of, ascending; parts of a line follow each other.
    start_m, end_m : ndarray of float64, shape (n,)
        Where on its line it starts and ends.
    """

    geometry: Lines
    line: IntArray
    start_m: FloatArray
    end_m: FloatArray


def vertices_of(lines: Lines) -> Vertices:
    """Return the vertices of lines and where on their line they lie.

    Parameters
    ----------
    lines : ndarray of LineString, shape (n,)
        Metres, none empty.

    Returns
    -------
    Vertices

    Examples
    --------
    >>> vertices_of(np.array([shapely.LineString([(0, 0), (3, 4), (3, 10)])])).position_m.tolist()
    [0.0, 5.0, 11.0]
    """
    xy, line = shapely.get_coordinates(lines, return_index=True)
    first = np.r_[True, np.diff(line) > 0]
    step = np.where(first, 0.0, np.hypot(*np.diff(xy, axis=0, prepend=xy[:1]).T))
    run = np.cumsum(step)
    return Vertices(xy, line.astype(np.int64), run - run[first][np.cumsum(first) - 1])


def cut_lines(lines: Lines, line: IntArray, position_m: FloatArray, least_m: float) -> Pieces:
    """Cut lines at positions along them.

    Parameters
    ----------
    lines : ndarray of LineString, shape (n,)
        Metres, none empty or without a length.
    line : ndarray of int64, shape (k,)
        Which line to cut.
    position_m : ndarray of float64, shape (k,)
        Where, metres from its start.
    least_m : float
        No piece is to be shorter: a cut nearer than this to an end or to a cut before it is not made.

    Returns
    -------
    Pieces
        Together exactly the lines.

    Examples
    --------
    >>> pieces = cut_lines(np.array([shapely.LineString([(0, 0), (10, 0)])]), np.array([0]), np.array([4.0]), 0.1)
    >>> [piece.wkt for piece in pieces.geometry]
    ['LINESTRING (0 0, 4 0)', 'LINESTRING (4 0, 10 0)']
    """
    vertices = vertices_of(lines)
    cuts = _cuts(vertices, line, position_m, least_m)
    last_of_line = np.r_[np.diff(vertices.line) > 0, True]
    inner = ~last_of_line & np.r_[False, ~last_of_line[:-1]]
    kept = ~(inner & np.isin(np.arange(vertices.line.size), cuts.vertex))
    on_line = np.r_[vertices.line[kept], np.repeat(cuts.line, 2)]
    position = np.r_[vertices.position_m[kept], np.repeat(cuts.position_m, 2)]
    xy = np.concatenate([vertices.xy[kept], np.repeat(cuts.xy, 2, axis=0)])
    begins = np.zeros(on_line.size, np.bool_)
    begins[: kept.sum()] = np.r_[True, last_of_line[:-1]][kept]
    begins[kept.sum() + 1 :: 2] = True
    order = np.lexsort((position, on_line))
    begins, on_line, position = begins[order], on_line[order], position[order]
    ends = np.r_[begins[1:], True]
    geometry = shapely.linestrings(xy[order], indices=np.cumsum(begins) - 1)
    return Pieces(geometry, on_line[begins], position[begins], position[ends])


@dataclass(frozen=True, eq=False)
class _Cuts:
    """Cuts in the order of their lines, with their coordinates, and the vertex they lie on, -1 for none."""

    line: IntArray
    position_m: FloatArray
    xy: FloatArray
    vertex: IntArray


def _cuts(vertices: Vertices, line: IntArray, position_m: FloatArray, least_m: float) -> _Cuts:
    """Return the cuts that are made: a piece too short is left with the piece before it."""
    last = np.r_[np.flatnonzero(np.diff(vertices.line)), vertices.line.size - 1]
    length = vertices.position_m[last]
    inside = (position_m >= least_m) & (position_m <= length[line] - least_m)
    order = np.lexsort((position_m[inside], line[inside]))
    line, position_m = line[inside][order], position_m[inside][order]
    kept = _far_enough(line, position_m, least_m)
    line, position_m = line[kept], position_m[kept]
    offset = np.r_[0.0, np.cumsum(length + 1.0)[:-1]]
    along = offset[vertices.line] + vertices.position_m
    after = np.searchsorted(along, offset[line] + position_m, side="right")
    first_of_line = np.r_[0, last[:-1] + 1]
    after = np.clip(after, first_of_line[line] + 1, last[line])
    before = after - 1
    to_before, to_after = position_m - vertices.position_m[before], vertices.position_m[after] - position_m
    part = to_before / (to_before + to_after)
    xy = vertices.xy[before] + part[:, np.newaxis] * (vertices.xy[after] - vertices.xy[before])
    near = np.where(np.abs(to_before) <= np.abs(to_after), before, after)
    vertex = np.where(np.minimum(np.abs(to_before), np.abs(to_after)) <= ON_VERTEX_M, near, -1)
    xy[vertex >= 0] = vertices.xy[vertex[vertex >= 0]]
    return _Cuts(line, position_m, xy, vertex)


@nb.njit(cache=True, nogil=True)
def _far_enough(line: IntArray, position_m: FloatArray, least_m: float) -> BoolArray:
    """Return which cuts are far enough from the last one kept on their line."""
    kept = np.ones(line.size, np.bool_)
    last = 0
    for i in range(1, line.size):
        kept[i] = line[i] != line[last] or position_m[i] - position_m[last] >= least_m
        if kept[i]:
            last = i
    return kept
