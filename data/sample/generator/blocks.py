"""Cuts the ground along streets into blocks that tile the municipality without a gap, and keeps the streets."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, product

import geopandas as gpd
import numpy as np
import shapely
from scipy.interpolate import CubicSpline
from shapely.geometry import LineString, Point, Polygon
from shapely.ops import split

from generator import plan

GRID_M = 0.01
"""Coordinates are whole centimetres, so that neighbours share their vertices exactly."""
EDGE_STEP_M = 55.0
OVERSHOOT_M = 25.0
SLIVER = 0.2
"""A cut that would leave a piece smaller than this share of a block is not made."""
CUT_CLASSES = {"farmland": "track", "park": "footway", "industry": "service"}
FIRST_WORDS = (
    "Alder", "Apple", "Ash", "Aspen", "Barley", "Beech", "Bell", "Birch", "Bramble", "Brook", "Candle", "Carpenter",
    "Cedar", "Chalk", "Cherry", "Chestnut", "Clover", "Cooper", "Copper", "Cornflower", "Crane", "Dial", "Dove",
    "Elder", "Elm", "Fern", "Ferry", "Finch", "Fisher", "Flax", "Garden", "Glazier", "Granary", "Harbour",
    "Harvest", "Hawthorn", "Hazel", "Heron", "Hop", "Ivy", "Juniper", "Kiln", "Larch", "Lark", "Laurel", "Lavender",
    "Lilac", "Maple", "Marigold", "Market", "Mason", "Millstone", "Mint", "Moss", "Mulberry", "Myrtle", "Nettle",
    "Nightingale", "Oak", "Olive", "Osier", "Pear", "Pebble", "Pine", "Plane", "Plum", "Poplar", "Potter",
    "Primrose", "Quince", "Reed", "Robin", "Rose", "Rowan", "Saddler", "Sage", "Sand", "Sorrel", "Spring",
    "Swallow", "Tailor", "Tanner", "Thistle", "Thyme", "Tile", "Vine", "Violet", "Walnut", "Weaver", "Well",
    "Wheat", "Willow", "Wren", "Yarrow", "Yew",
)  # fmt: skip
SECOND_WORDS = ("Street", "Lane", "Row", "Way", "Close", "Walk", "Place", "Hill", "Court", "Gate")


@dataclass(frozen=True)
class Ground:
    """The cut ground in local metres.

    Attributes
    ----------
    blocks : GeoDataFrame
        Polygons with ``land_use`` and ``commissariat`` that tile the municipality.
    streets : GeoDataFrame
        Lines between two junctions with ``name`` and ``street_class``.
    """

    blocks: gpd.GeoDataFrame
    streets: gpd.GeoDataFrame


def cut_ground(rng: np.random.Generator) -> Ground:
    """Cut the municipality into blocks and streets; deterministic for a given generator."""
    limit = Polygon(plan.BOUNDARY)
    sources = [*_drawn_lines(), ("", "boundary", limit.exterior)]
    quarters = list(shapely.polygonize(_edges([line for *_, line in sources], limit)).geoms)
    quarters.sort(key=lambda face: (face.centroid.x, face.centroid.y))
    uses = [_land_use(face.representative_point()) for face in quarters]
    names = iter(_street_names(rng))
    for face, use in zip(quarters, uses, strict=True):
        if use in {"water", "square"}:
            continue
        street_class = CUT_CLASSES.get(use, "residential")
        sources += [(next(names), street_class, cut) for cut in _cuts(face, plan.QUARTERS[use], rng)]
    edges = _edges([line for *_, line in sources], limit)
    streets = _streets(edges, sources)
    bent = gpd.GeoSeries([_bend(edge) for edge in edges])
    blocks = _blocks(edges, gpd.GeoDataFrame({"land_use": uses}, geometry=quarters))
    return Ground(blocks=blocks, streets=streets.set_geometry(bent))


def centre_line(points: plan.Path, *, closed: bool = False, smooth: bool = True) -> LineString:
    """Return a smooth line through hand-drawn points, as vertices about 30 m apart."""
    drawn = np.array([*points, points[0]] if closed else points, dtype=float)
    if len(drawn) < 3 or not smooth:
        return LineString(drawn)
    along = np.r_[0.0, np.cumsum(np.hypot(*np.diff(drawn, axis=0).T))]
    curve = CubicSpline(along, drawn, bc_type="periodic" if closed else "natural")
    between = [np.linspace(a, b, max(2, int((b - a) // 30)), endpoint=False) for a, b in pairwise(along)]
    return LineString(curve(np.r_[np.concatenate(between), along[-1]]))


def bend(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bend the drawn plan smoothly, so that no street is quite straight; shape (n,) in, (n,) out, local metres."""
    east = 120 * np.sin(y / 1050 + 0.9) + 30 * np.sin(y / 410 + 0.4 + x / 2600) + 9 * np.sin(y / 170 + x / 900)
    north = 130 * np.sin(x / 1150 - 0.6) + 30 * np.sin(x / 460 - 0.9 - y / 2200) + 8 * np.sin(x / 190 - y / 800)
    return np.round(x + east, 2), np.round(y + north, 2)


def beside(line: LineString, along: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Return points beside a line: metres along it and metres to its left, shape (n,) each; shape (n, 2) out."""
    at, ahead = (shapely.get_coordinates(line.interpolate(along + step)) for step in (0.0, 0.5))
    heading = (ahead - at) / np.maximum(np.hypot(*(ahead - at).T), 1e-9)[:, None]
    return np.asarray(at + across[:, None] * np.column_stack([-heading[:, 1], heading[:, 0]]))


def _drawn_lines() -> list[tuple[str, str, LineString]]:
    """Return name, class and line of the hand-drawn streets and of the two banks of the river."""
    ends = [point for street in plan.MAIN_STREETS for point in street.points]
    lines = []
    for street in plan.MAIN_STREETS:
        line = centre_line(street.points, closed=street.closed, smooth=street.smooth)
        if not street.closed:
            line = _overshoot(line, *(ends.count(street.points[end]) == 1 for end in (0, -1)))
        lines.append((street.name, street.street_class, line))
    river = centre_line(plan.RIVER)
    offsets = (plan.RIVER_WIDTH_M / 2, -plan.RIVER_WIDTH_M / 2)
    return lines + [("", "bank", river.parallel_offset(offset)) for offset in offsets]


def _overshoot(line: LineString, at_start: bool, at_end: bool) -> LineString:
    """Lengthen free ends, so that they cross the street that they meet; the stub is cut off with the dangles."""
    points = shapely.get_coordinates(line)
    for reach, inner, outer in ((at_start, 1, 0), (at_end, -2, -1)):
        if reach:
            direction = points[outer] - points[inner]
            points[outer] += OVERSHOOT_M * direction / np.hypot(*direction)
    return LineString(points)


def _edges(lines: list[LineString], limit: Polygon) -> list[LineString]:
    """Return the edges between junctions inside ``limit``, without dead ends, in a fixed order."""
    edges = [
        edge
        for edge in shapely.get_parts(shapely.union_all(lines, grid_size=GRID_M))
        if limit.buffer(1).contains(edge.interpolate(0.5, normalized=True))
    ]
    while True:
        ends = [(edge.coords[0], edge.coords[-1]) for edge in edges]
        degree: dict[tuple[float, ...], int] = {}
        for end in (end for pair in ends for end in pair):
            degree[end] = degree.get(end, 0) + 1
        kept = [edge for edge, pair in zip(edges, ends, strict=True) if min(degree[end] for end in pair) > 1]
        if len(kept) == len(edges):
            return sorted(kept, key=lambda edge: edge.bounds)
        edges = kept


def _land_use(inside: Point) -> str:
    if centre_line(plan.RIVER).distance(inside) < plan.RIVER_WIDTH_M / 2:
        return "water"
    for use, (west, south, east, north) in plan.GROUND:
        if west <= inside.x <= east and south <= inside.y <= north:
            return use
    return "suburb" if Polygon(plan.TOWN_LIMIT).contains(inside) else "farmland"


def _cuts(face: Polygon, quarter: plan.Quarter, rng: np.random.Generator) -> list[LineString]:
    """Halve ``face`` across its long side until the pieces have the size of a block."""
    if face.area < quarter.block_m2 * rng.uniform(1.05, 1.75):
        return []
    corners = shapely.get_coordinates(face.minimum_rotated_rectangle)[:4]
    sides = np.roll(corners, -1, axis=0) - corners
    long_side = int(np.argmax(np.hypot(*sides.T)))
    start, along = corners[long_side], sides[long_side]
    middle = start + along * rng.normal(0.5, quarter.jitter / 3) + sides[(long_side + 1) % 4] / 2
    turn = rng.normal(0, quarter.jitter)
    across = np.array([-along[1], along[0]]) @ np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    cut = LineString([middle - across, middle + across])
    pieces = [piece for piece in split(face, cut).geoms if piece.area > 1]
    if len(pieces) < 2 or min(piece.area for piece in pieces) < SLIVER * quarter.block_m2:
        return []
    inside = shapely.intersection(cut, face)
    lines = [inside] if isinstance(inside, LineString) else list(getattr(inside, "geoms", []))
    for piece in sorted(pieces, key=lambda piece: (piece.centroid.x, piece.centroid.y)):
        lines += _cuts(piece, quarter, rng)
    return [line for line in lines if isinstance(line, LineString)]


def _streets(edges: list[LineString], sources: list[tuple[str, str, LineString]]) -> gpd.GeoDataFrame:
    """Give each edge the name and class of the line that it is a part of; lines drawn first win."""
    middles = [edge.interpolate(0.5, normalized=True) for edge in edges]
    tree = shapely.STRtree([line for *_, line in sources])
    edge, source = tree.query(middles, predicate="dwithin", distance=10 * GRID_M)
    first = np.full(len(edges), len(sources))
    np.minimum.at(first, edge, source)
    return gpd.GeoDataFrame(
        {"name": [sources[i][0] for i in first], "street_class": [sources[i][1] for i in first]}, geometry=edges
    )


def _blocks(edges: list[LineString], quarters: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the faces between the edges, bent, with the land use of the quarter that they were cut from."""
    straight = list(shapely.polygonize([shapely.segmentize(edge, EDGE_STEP_M) for edge in edges]).geoms)
    inside = [face.representative_point() for face in straight]
    within = gpd.GeoDataFrame(geometry=inside).sjoin(quarters, predicate="within")["land_use"]
    river, motorway = (centre_line(path) for path in (plan.RIVER, plan.MOTORWAY))
    north_bank = _left_of(river, inside) & (
        np.array([river.distance(point) for point in inside]) > plan.RIVER_WIDTH_M / 2
    )
    west = _left_of(LineString(motorway.coords[::-1]), inside)
    side = np.where(north_bank, np.where(west, "West", "North"), "South")
    bent = [shapely.transform(face, lambda xy: np.column_stack(bend(*xy.T))) for face in straight]
    frame = gpd.GeoDataFrame({"land_use": within, "commissariat": side}, geometry=gpd.GeoSeries(bent).normalize())
    centroid = frame.centroid
    order = np.lexsort((centroid.x, -np.floor(centroid.y / 250)))
    return frame.iloc[order].reset_index(drop=True)


def _left_of(line: LineString, points: list[Point]) -> np.ndarray:
    """Tell which points lie left of a line that runs through the whole municipality, shape (n_points,)."""
    nearest = line.project(points)
    ahead = shapely.get_coordinates(line.interpolate(np.minimum(nearest + 1, line.length)))
    behind = shapely.get_coordinates(line.interpolate(np.maximum(nearest - 1, 0)))
    step = ahead - behind
    offset = shapely.get_coordinates(points) - behind
    return np.asarray(step[:, 0] * offset[:, 1] - step[:, 1] * offset[:, 0] > 0)


def _bend(edge: LineString) -> LineString:
    return shapely.transform(shapely.segmentize(edge, EDGE_STEP_M), lambda xy: np.column_stack(bend(*xy.T)))


def _street_names(rng: np.random.Generator) -> list[str]:
    names = [f"{first} {second}" for first, second in product(FIRST_WORDS, SECOND_WORDS)]
    return [names[i] for i in rng.permutation(len(names))]
