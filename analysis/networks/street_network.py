"""A street network from lines: segments from junction to junction, and which of them meet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from scipy import sparse
from scipy.sparse import csgraph
from scipy.spatial import cKDTree

from analysis.errors import EmptyInputError, GeometryError, ParameterError
from analysis.networks.cutting import IntArray, Lines, cut_lines, vertices_of
from analysis.projection import BoolArray, FloatArray, require_metres
from analysis.summary import Notice

Crossings = Literal["keep", "split"]

MANY_PARTS = 0.05
"""Part of the street length outside the largest connected piece above which a notice is given."""


@dataclass(frozen=True, eq=False)
class StreetNetwork:
    """Street segments and the nodes they meet at.

    Attributes
    ----------
    geometry : ndarray of LineString, shape (n,)
        Segments, metres. Each begins and ends at a node and has none between.
    source : ndarray of int64, shape (n,)
        Position of the row of the input that a segment is part of.
    length_m : ndarray of float64, shape (n,)
    ends : ndarray of int64, shape (n, 2)
        Node at the start and at the end of each segment.
    nodes : ndarray of float64, shape (m, 2)
        Metres.
    crs : pyproj.CRS
    unsplit_crossings : int
        Places where two lines cross without a common node: they stay apart there, as at a bridge.
    excluded : dict of str to int
        Parts of lines left out, by reason: ``empty``, ``zero_length``, ``duplicate``.
    notices : tuple of Notice
    """

    geometry: Lines
    source: IntArray
    length_m: FloatArray
    ends: IntArray
    nodes: FloatArray
    crs: CRS
    unsplit_crossings: int
    excluded: dict[str, int]
    notices: tuple[Notice, ...]

    @property
    def n(self) -> int:
        """Number of segments."""
        return int(self.length_m.size)

    @property
    def degree(self) -> IntArray:
        """Number of segment ends at each node, shape (m,): 1 at a dead end; a segment that is a loop counts twice."""
        return np.bincount(self.ends.ravel(), minlength=len(self.nodes))

    @property
    def part(self) -> IntArray:
        """Connected part of the network that each segment belongs to, 0 to parts - 1, shape (n,)."""
        graph = sparse.coo_array((np.ones(self.n), (self.ends[:, 0], self.ends[:, 1])), shape=(len(self.nodes),) * 2)
        label: IntArray = csgraph.connected_components(graph, directed=False)[1].astype(np.int64)
        return np.unique(label[self.ends[:, 0]], return_inverse=True)[1]

    def to_frame(self) -> gpd.GeoDataFrame:
        """Return the segments with ``source, length_m, geometry``.

        Returns
        -------
        GeoDataFrame, n rows
        """
        data = {"source": self.source, "length_m": self.length_m}
        return gpd.GeoDataFrame(data, geometry=self.geometry, crs=self.crs)


def street_network(
    streets: gpd.GeoDataFrame | gpd.GeoSeries, *, node_tolerance_m: float = 0.1, crossings: Crossings = "keep"
) -> StreetNetwork:
    """Build a network of street segments from lines.

    Parameters
    ----------
    streets : GeoDataFrame or GeoSeries
        LineStrings or MultiLineStrings in a projected CRS in metres. Heights are dropped.
    node_tolerance_m : float
        Vertices of two lines this near are one node; a line that ends this near to another joins it there.
    crossings : {"keep", "split"}
        Lines that cross without a common vertex are kept apart, as a bridge is from the street under it, and counted
        in a notice; ``"split"`` makes a junction of each crossing, for data digitised without nodes.

    Returns
    -------
    StreetNetwork

    Raises
    ------
    CoordinateError
        The CRS is missing or not in metres.
    GeometryError
        What is no line, or coordinates that are not finite.
    EmptyInputError
        No line has a length.
    ParameterError
        The tolerance is not positive, or an unknown rule for crossings.

    Notes
    -----
    A node is wherever a line ends, and wherever two lines, or a line and itself, share a vertex. Lines are cut at their
    nodes, so a street drawn in one stroke becomes one segment a block, as studies of crime at street segments want it.
    Pieces that occur twice are kept once.

    References
    ----------
    Weisburd, D., Groff, E. and Yang, S.-M. (2012). The Criminology of Place. Oxford University Press.

    Examples
    --------
    >>> lines = [shapely.LineString([(0, 0), (200, 0)]), shapely.LineString([(100, 0), (100, 80)])]
    >>> network = street_network(gpd.GeoSeries(lines, crs="EPSG:32616"))
    >>> network.length_m.tolist(), network.degree.tolist()
    ([100.0, 100.0, 80.0], [1, 3, 1, 1])
    """
    crs = require_metres(streets.crs)
    if not (np.isfinite(node_tolerance_m) and node_tolerance_m > 0):
        raise ParameterError(f"node_tolerance_m is {node_tolerance_m}.", "Give a positive number of metres.")
    if crossings not in {"keep", "split"}:
        raise ParameterError(f"Unknown crossings {crossings!r}.", "Use keep or split.")
    lines, row, excluded = _lines(streets.geometry.to_numpy(), node_tolerance_m)
    line, position = _node_positions(lines, node_tolerance_m)
    crossed, crossed_at, n_crossings = _unsplit_crossings(lines, line, position, node_tolerance_m)
    if crossings == "split":
        line, position = np.r_[line, crossed], np.r_[position, crossed_at]
    pieces = cut_lines(lines, line, position, node_tolerance_m)
    kept = _first_of_equals(pieces.geometry)
    geometry, source = pieces.geometry[kept], row[pieces.line[kept]]
    excluded["duplicate"] = int(np.count_nonzero(~kept))
    ends, nodes = _nodes(geometry, node_tolerance_m)
    unsplit = 0 if crossings == "split" else n_crossings
    excluded = {reason: some for reason, some in excluded.items() if some}
    length = shapely.length(geometry)
    network = StreetNetwork(geometry, source, length, ends, nodes, crs, unsplit, excluded, ())
    return StreetNetwork(geometry, source, length, ends, nodes, crs, unsplit, excluded, _notices(network))


def _lines(geometry: Lines, tolerance_m: float) -> tuple[Lines, IntArray, dict[str, int]]:
    """Return single lines that have a length, and the row of each."""
    empty = shapely.is_missing(geometry) | shapely.is_empty(geometry)
    rows = np.flatnonzero(~empty)
    kinds = shapely.get_type_id(geometry[rows])
    strange = ~np.isin(kinds, [1, 5])
    if strange.any():
        first = rows[np.argmax(strange)]
        raise GeometryError(
            f"Row {first + 1} of the streets is a {geometry[first].geom_type}; {strange.sum():,} rows are no lines.",
            "Give LineStrings or MultiLineStrings.",
        )
    parts, part_of = shapely.get_parts(shapely.force_2d(geometry[rows]), return_index=True)
    bad = ~np.isfinite(shapely.bounds(parts)).all(axis=1) if parts.size else np.zeros(0, np.bool_)
    if bad.any():
        raise GeometryError(
            f"Row {rows[part_of[np.argmax(bad)]] + 1} of the streets has coordinates that are not finite.",
            "Check its CRS, or leave it out.",
        )
    parts = shapely.remove_repeated_points(parts)
    short = shapely.length(parts) <= tolerance_m
    if short.all():
        raise EmptyInputError("No street has a length.", "Check the filters and the file.")
    excluded = {"empty": int(empty.sum()), "zero_length": int(short.sum())}
    return parts[~short], rows[part_of[~short]].astype(np.int64), excluded


def _node_positions(lines: Lines, tolerance_m: float) -> tuple[IntArray, FloatArray]:
    """Return where lines share a vertex with another or themselves, and where another line ends on them."""
    vertices = vertices_of(lines)
    pairs = cKDTree(vertices.xy).query_pairs(tolerance_m, output_type="ndarray")
    one, other = pairs.T
    apart = np.abs(vertices.position_m[one] - vertices.position_m[other]) > 2.0 * tolerance_m
    shared = np.unique(pairs[(vertices.line[one] != vertices.line[other]) | apart])
    tips = shapely.points(vertices.xy[_tips(vertices.line)])
    tip, ended_on = shapely.STRtree(lines).query(tips, predicate="dwithin", distance=tolerance_m)
    position = shapely.line_locate_point(lines[ended_on], tips[tip])
    return np.r_[vertices.line[shared], ended_on].astype(np.int64), np.r_[vertices.position_m[shared], position]


def _tips(line: IntArray) -> IntArray:
    """Return the first and the last vertex of each line."""
    last = np.r_[np.diff(line) > 0, True]
    return np.flatnonzero(last | np.r_[True, last[:-1]])


def _unsplit_crossings(
    lines: Lines, line: IntArray, position_m: FloatArray, tolerance_m: float
) -> tuple[IntArray, FloatArray, int]:
    """Return the lines that cross without a node, where on each they do, and at how many places that is."""
    one, other = shapely.STRtree(lines).query(lines, predicate="crosses")
    one, other = one[one < other], other[one < other]
    points = shapely.intersection(lines[one], lines[other])
    parts, pair = shapely.get_parts(points, return_index=True)
    single = shapely.get_type_id(parts) == 0
    parts, pair = parts[single], pair[single]
    if not parts.size:
        return np.empty(0, np.int64), np.empty(0), 0
    nodes = shapely.get_coordinates(shapely.line_interpolate_point(lines[line], position_m))
    tips = shapely.get_coordinates(shapely.get_point(lines, 0)), shapely.get_coordinates(shapely.get_point(lines, -1))
    at = shapely.get_coordinates(parts)
    free = cKDTree(np.concatenate([nodes, *tips])).query(at)[0] > 2.0 * tolerance_m
    crossed = np.column_stack([one[pair[free]], other[pair[free]]]).ravel()
    places = np.unique(np.round(at[free] / tolerance_m), axis=0)
    return (
        crossed.astype(np.int64),
        shapely.line_locate_point(lines[crossed], np.repeat(parts[free], 2)),
        len(places),
    )


def _first_of_equals(geometry: Lines) -> BoolArray:
    """Return which lines occur for the first time, whichever way they run."""
    shape = shapely.to_wkb(shapely.normalize(shapely.set_precision(geometry, 0.001, mode="pointwise")))
    return np.asarray(~pd.Series(shape).duplicated())


def _nodes(geometry: Lines, tolerance_m: float) -> tuple[IntArray, FloatArray]:
    """Return the node at each end of each line, numbered along the lines, and where nodes lie."""
    tips = np.stack([shapely.get_point(geometry, 0), shapely.get_point(geometry, -1)], axis=1).ravel()
    xy = shapely.get_coordinates(tips)
    one, other = cKDTree(xy).query_pairs(tolerance_m, output_type="ndarray").T
    same = sparse.coo_array((np.ones(one.size), (one, other)), shape=(len(xy), len(xy)))
    label = csgraph.connected_components(same, directed=False)[1]
    _, first, number = np.unique(label, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    return rank[number].reshape(-1, 2).astype(np.int64), xy[first[order]]


def _notices(network: StreetNetwork) -> tuple[Notice, ...]:
    """Warn of what makes the network doubtful."""
    notices = []
    if network.unsplit_crossings:
        notices.append(
            Notice(
                "unsplit_crossings",
                f"At {network.unsplit_crossings:,} places streets cross without a common node; they are taken for "
                'bridges and stay apart. Use crossings="split" if the data have no nodes at junctions.',
            )
        )
    length = np.bincount(network.part, network.length_m)
    beside = 1.0 - float(length.max() / length.sum())
    if beside > MANY_PARTS:
        notices.append(
            Notice(
                "network_in_parts",
                f"The streets form {length.size:,} parts that are not connected; {beside:.0%} of their length is "
                "outside the largest. Check that junctions share a node.",
            )
        )
    if network.excluded:
        told = ", ".join(f"{some:,} {reason.replace('_', ' ')}" for reason, some in network.excluded.items())
        notices.append(Notice("streets_left_out", f"Parts of streets left out: {told}."))
    return tuple(notices)
