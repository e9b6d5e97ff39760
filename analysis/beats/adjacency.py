"""Which units touch along a border (rook contiguity), how long the border is, and whether units overlap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from analysis.beats.graph import Edges
from analysis.errors import GeometryError, ParameterError
from analysis.wording import counted

Geometries = NDArray[np.object_]

GRAIN_M = 1e-3
"""Corners within the same millimetre are the same corner."""
OVERLAP_SHARE = 0.01
"""Overlaps above this share of the smaller unit, and wider than the snap tolerance, are refused; others are slivers."""
APART_SHARE = 0.5
"""Above this share of units without a neighbour, the units are blocks with the streets left out."""
FEWEST_BLOCKS = 20
WIDEST_STREET = 0.35
"""Of the width of a typical unit; wider gaps are not streets."""


@dataclass(frozen=True)
class Contiguity:
    """Borders between units.

    Attributes
    ----------
    edges : Edges
        Every border once, with its length in metres.
    snap_m : float
        Units closer than this count as touching.
    min_shared_m : float
        Borders shorter than this do not count.
    slivers : int
        Pairs of units whose overlap is small enough to be tolerated.
    coverage : bool
        Whether the units fit together without gap or overlap along their common borders.
    bridged : bool
        Whether ``snap_m`` was widened because most units touch no other.
    """

    edges: Edges
    snap_m: float
    min_shared_m: float
    slivers: int
    coverage: bool
    bridged: bool = False


def rook_contiguity(
    polygons: Geometries, unit_ids: NDArray[Any], *, snap_m: float | None = None, min_shared_m: float | None = None
) -> Contiguity:
    """Find the units that share a border, tolerating small gaps.

    Parameters
    ----------
    polygons : ndarray of Polygon or MultiPolygon, shape (n,)
        Units in a projected CRS in metres.
    unit_ids : ndarray, shape (n,)
        Names for messages.
    snap_m : float or None
        Units closer than this count as touching; None takes 0.5 m, or 1 % of the width of a typical unit where that is
        less; and where most units then touch no other, twice the usual gap (street) between them.
    min_shared_m : float or None
        Shortest border that counts; None takes 1 m, or 2 % of the width of a typical unit where that is less.

    Returns
    -------
    Contiguity
        Edges in ascending order of the two units.

    Raises
    ------
    GeometryError
        When two units overlap by more than 1 % of the smaller one and by more than a seam of ``snap_m``.

    Notes
    -----
    Equal segments are matched by their end points on a millimetre grid, which settles clean coverages at once. What
    remains unmatched is compared with a spatial index: the part of one border within ``snap_m`` of the other, which
    must exceed ``2 snap_m``, the most that meeting at a corner gives, and from which the overshoot at its ends is
    taken. Units that meet at a corner are not neighbours.

    Examples
    --------
    >>> squares = np.array([shapely.box(x, y, x + 100, y + 100) for x, y in ((0, 0), (100, 0), (200, 100))])
    >>> edges = rook_contiguity(squares, np.arange(3)).edges
    >>> edges.first, edges.second, edges.border_m
    (array([0]), array([1]), array([100.]))
    """
    for name, value in (("snap_m", snap_m), ("min_shared_m", min_shared_m)):
        if value is not None and not value >= 0:
            raise ParameterError(f"{name} is {value}.", "Give a distance in metres, zero or more.")
    width_m = float(np.sqrt(np.median(shapely.area(polygons))))
    tight_m = min(0.5, 0.01 * width_m)
    shortest_m = min(1.0, 0.02 * width_m) if min_shared_m is None else min_shared_m
    coverage = bool(shapely.coverage_is_valid(polygons))
    slivers = 0 if coverage else refuse_overlaps(polygons, unit_ids, tight_m)
    reach_m = tight_m if snap_m is None else snap_m
    edges = _borders(polygons, reach_m, shortest_m)
    street_m = _street_width(polygons, edges, width_m) if snap_m is None else 0.0
    if street_m:
        reach_m = street_m
        edges = _borders(polygons, reach_m, shortest_m)
    return Contiguity(edges, reach_m, shortest_m, slivers, coverage, bridged=street_m > 0)


def _borders(polygons: Geometries, snap_m: float, min_shared_m: float) -> Edges:
    """Return the borders of at least ``min_shared_m`` between units at most ``snap_m`` apart."""
    segments = border_segments(polygons)
    matched, loose = _match(segments, len(polygons))
    edges = _add_up([matched, _snap(segments, loose, snap_m, min_shared_m)], len(polygons))
    return edges.select(edges.border_m >= min_shared_m)


def _street_width(polygons: Geometries, edges: Edges, width_m: float) -> float:
    """Return a tolerance that spans the gaps between units, 0.0 when most units touch another or gaps are wide."""
    apart = np.ones(len(polygons), np.bool_)
    apart[edges.first] = apart[edges.second] = False
    if len(polygons) < FEWEST_BLOCKS or apart.mean() <= APART_SHARE:
        return 0.0
    lonely = np.flatnonzero(apart)
    tree = shapely.STRtree(polygons)
    _, gap_m = tree.query_nearest(polygons[lonely], exclusive=True, return_distance=True, all_matches=False)
    street_m = float(np.quantile(gap_m, 0.75))
    return min(2.0 * street_m, WIDEST_STREET * width_m) if street_m <= WIDEST_STREET * width_m else 0.0


@dataclass(frozen=True)
class Segments:
    """Straight pieces of the borders of all units.

    Attributes
    ----------
    unit : ndarray of int64, shape (s,)
        Unit that the piece belongs to.
    start, end : ndarray of float64, shape (s, 2)
        End points in metres.
    length_m : ndarray of float64, shape (s,)
        Length.
    """

    unit: NDArray[np.int64]
    start: NDArray[np.float64]
    end: NDArray[np.float64]
    length_m: NDArray[np.float64]


def border_segments(polygons: Geometries) -> Segments:
    """Cut the borders of ``polygons`` (shape (n,)) into straight pieces, holes included."""
    parts, unit_of_part = shapely.get_parts(polygons, return_index=True)
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    joined = ring[1:] == ring[:-1]
    start, end = points[:-1][joined], points[1:][joined]
    length_m = np.hypot(*(end - start).T)
    return Segments(unit_of_part[part_of_ring[ring[:-1][joined]]].astype(np.int64), start, end, length_m)


def refuse_overlaps(polygons: Geometries, unit_ids: NDArray[Any], snap_m: float) -> int:
    """Raise when two units overlap noticeably.

    Parameters
    ----------
    polygons : ndarray of Polygon or MultiPolygon, shape (n,)
        Units in metres.
    unit_ids : ndarray, shape (n,)
        Names for the message.
    snap_m : float
        A seam narrower than this along the whole border of a unit is a sliver.

    Returns
    -------
    int
        Pairs that overlap so little that it is tolerated.

    Raises
    ------
    GeometryError
        Naming the two units with the largest overlap and the number of such pairs.
    """
    pair = _suspect_pairs(polygons)
    area_m2 = shapely.area(polygons)
    smaller = np.where(area_m2[pair[:, 0]] <= area_m2[pair[:, 1]], pair[:, 0], pair[:, 1])
    common = shapely.area(shapely.intersection(polygons[pair[:, 0]], polygons[pair[:, 1]]))
    share = common / area_m2[smaller]
    seam_m2 = 0.5 * snap_m * shapely.length(polygons[smaller])
    refused = np.flatnonzero((share > OVERLAP_SHARE) & (common > seam_m2))
    if len(refused):
        worst = refused[np.argmax(share[refused])]
        one, two = unit_ids[pair[worst, 0]], unit_ids[pair[worst, 1]]
        raise GeometryError(
            f"Units '{one}' and '{two}' overlap by {common[worst]:,.0f} m2 ({share[worst]:.0%} of the smaller one); "
            f"{counted(len(refused), 'pair of units overlaps', 'pairs of units overlap')}.",
            "Residents would be counted twice: remove duplicates or repair the borders.",
        )
    return int((common > GRAIN_M).sum())


def _suspect_pairs(polygons: Geometries) -> NDArray[np.int64]:
    """Return the pairs of units that touch where the coverage is broken, shape (p, 2)."""
    suspect = np.flatnonzero(~shapely.is_empty(shapely.coverage_invalid_edges(polygons)))
    row, other = shapely.STRtree(polygons).query(polygons[suspect], predicate="intersects")
    pair = np.unique(np.sort(np.column_stack([suspect[row], other]), axis=1), axis=0)
    different: NDArray[np.bool_] = pair[:, 0] != pair[:, 1]
    return pair[different].astype(np.int64)


def _match(segments: Segments, n_units: int) -> tuple[Edges, NDArray[np.bool_]]:
    """Pair equal segments of different units; return their borders and which segments stayed alone."""
    corners = np.round(np.hstack([segments.start, segments.end]) / GRAIN_M).astype(np.int64)
    forward = (corners[:, 0] < corners[:, 2]) | ((corners[:, 0] == corners[:, 2]) & (corners[:, 1] < corners[:, 3]))
    corners = np.where(forward[:, None], corners, corners[:, [2, 3, 0, 1]])
    key = corners[:, 0].astype(np.uint64)
    for column in range(1, 4):
        key = (key ^ (key >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9) + corners[:, column].astype(np.uint64)
    order = np.argsort(key, kind="stable")
    same = (key[order[1:]] == key[order[:-1]]) & (segments.unit[order[1:]] != segments.unit[order[:-1]])
    here, there = order[:-1][same], order[1:][same]
    loose = np.ones(len(key), np.bool_)
    loose[here] = loose[there] = False
    borders = Edges(segments.unit[here], segments.unit[there], segments.length_m[here])
    return _add_up([borders], n_units), loose


def _snap(segments: Segments, loose: NDArray[np.bool_], snap_m: float, min_shared_m: float) -> Edges:
    """Find borders among the segments that have no equal: T-junctions, small gaps, small overlaps."""
    loose = loose & (segments.length_m > 0)
    order = np.flatnonzero(loose)[np.argsort(segments.unit[loose], kind="stable")]
    unit, row = np.unique(segments.unit[order], return_inverse=True)
    if len(unit) < 2:
        return Edges(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    pieces = shapely.linestrings(np.stack([segments.start[order], segments.end[order]], axis=1))
    lines = shapely.multilinestrings(pieces, indices=row)
    tree = shapely.STRtree(lines)
    one, two = tree.query(lines, predicate="dwithin", distance=snap_m)
    one, two = one[one < two], two[one < two]
    reach = np.full(len(lines), None, dtype=object)
    needed = np.unique(one)
    plain = shapely.simplify(shapely.line_merge(lines[needed]), 0.1 * snap_m)
    reach[needed] = shapely.buffer(plain, snap_m, quad_segs=2)
    within_m = shapely.length(shapely.intersection(lines[two], reach[one]))
    keep = within_m - 2.0 * snap_m >= min_shared_m
    one, two, within_m = one[keep], two[keep], within_m[keep]
    overshoot_m = 2.0 * (snap_m - shapely.distance(lines[one], lines[two]))
    return Edges(unit[one], unit[two], within_m - overshoot_m)


def _add_up(parts: list[Edges], n_units: int) -> Edges:
    """Join lists of borders; several pieces between the same two units become one border."""
    first = np.concatenate([np.minimum(part.first, part.second) for part in parts])
    second = np.concatenate([np.maximum(part.first, part.second) for part in parts])
    border_m = np.concatenate([part.border_m for part in parts])
    pair, inverse = np.unique(first * n_units + second, return_inverse=True)
    total_m = np.bincount(inverse, border_m, minlength=len(pair)).astype(np.float64)
    return Edges(pair // n_units, pair % n_units, total_m)
