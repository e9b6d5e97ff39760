"""What the user settles before any search: bridges, forbidden borders, units and beats that stay."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from analysis.beats.graph import Edges
from analysis.errors import ParameterError

Labels = NDArray[np.int64]
Pairs = Sequence[tuple[Any, Any]]


@dataclass(frozen=True)
class Conditions:
    """Conditions that every plan keeps.

    Attributes
    ----------
    bridges : sequence of (unit id, unit id)
        Units that count as neighbours although they share no border.
    forbidden : sequence of (unit id, unit id)
        Neighbours whose border no beat may grow across.
    barriers : sequence of LineString or MultiLineString
        Rivers, motorways, railways in the CRS of the units: no beat may grow across them.
    locked_units : mapping of unit id to beat id
        Units that must be in that beat, one of the plan in force or a new one.
    locked_beats : sequence of beat id
        Beats of the plan in force that stay as they are.
    """

    bridges: Pairs = ()
    forbidden: Pairs = ()
    barriers: Sequence[BaseGeometry] = ()
    locked_units: Mapping[Any, str] = field(default_factory=dict)
    locked_beats: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class Locks:
    """Units whose beat is settled.

    Attributes
    ----------
    beat : ndarray of int64, shape (n,)
        Position in ``names`` of the beat that the unit is locked to, -1 for none.
    kept : ndarray of bool, shape (n,)
        Whether the unit belongs to a beat that stays as it is.
    names : tuple of str
        Beats of the plan in force, then new ones that units are locked to.
    """

    beat: Labels
    kept: NDArray[np.bool_]
    names: tuple[str, ...]


def open_and_close(
    edges: Edges, conditions: Conditions, polygons: NDArray[np.object_], names: NDArray[Any], zone: Labels
) -> tuple[Edges, Edges]:
    """Apply bridges, forbidden borders and barriers.

    Parameters
    ----------
    edges : Edges
        Borders between units.
    conditions : Conditions
        What the user settles.
    polygons, names, zone : ndarray, shape (n,)
        Area, name and side of the hard boundaries of each unit.

    Returns
    -------
    tuple of Edges
        Borders that beats may grow across, bridges included with a length of zero, and the borders closed.

    Raises
    ------
    ParameterError
        Naming the units of a pair that is unknown, twice the same unit, both a bridge and forbidden, or a bridge across
        a hard boundary.

    Notes
    -----
    A barrier closes a border when the way from inside one unit over the middle of the border to inside the other
    crosses it an odd number of times, that is, when it ends on the other side.
    """
    n_units = len(names)
    bridges = _pair_keys(conditions.bridges, names, "bridge")
    closed = _pair_keys(conditions.forbidden, names, "forbidden border")
    both = np.intersect1d(bridges, closed)
    if len(both):
        pair = _named(names, both[0])
        raise ParameterError(f"Units {pair} are both bridged and forbidden to connect.", "Keep one of the two.")
    across = bridges[zone[bridges // n_units] != zone[bridges % n_units]]
    if len(across):
        pair = _named(names, across[0])
        raise ParameterError(
            f"The bridge between {pair} crosses a hard boundary.", "Remove the bridge, or let beats cross there."
        )
    keys = edges.first * n_units + edges.second
    shut = np.isin(keys, closed) | (_crossed(edges, conditions.barriers, polygons) & ~np.isin(keys, bridges))
    fresh = np.setdiff1d(bridges, keys)
    joined = Edges(
        np.concatenate([edges.first[~shut], fresh // n_units]),
        np.concatenate([edges.second[~shut], fresh % n_units]),
        np.concatenate([edges.border_m[~shut], np.zeros(len(fresh))]),
    )
    order = np.lexsort((joined.second, joined.first))
    return Edges(joined.first[order], joined.second[order], joined.border_m[order]), edges.select(shut)


def settle_locks(conditions: Conditions, names: NDArray[Any], current: Labels, current_names: tuple[str, ...]) -> Locks:
    """Return the locks of every unit.

    Parameters
    ----------
    conditions : Conditions
        What the user settles.
    names : ndarray, shape (n,)
        Names of the units.
    current, current_names
        The plan in force: beat of each unit, -1 for none, and the beat ids.

    Returns
    -------
    Locks

    Raises
    ------
    ParameterError
        Naming the unit or beat that is unknown, or the unit that is locked to one beat and kept in another.
    """
    locked_units = {unit: str(beat) for unit, beat in conditions.locked_units.items()}
    fresh = sorted(set(locked_units.values()) - set(current_names))
    all_names = (*current_names, *fresh)
    code = {name: index for index, name in enumerate(all_names)}
    for beat in conditions.locked_beats:
        if str(beat) not in current_names:
            raise ParameterError(
                f"Beat '{beat}' is locked but is not in the plan in force.", "Correct the id, or name the current plan."
            )
    kept_codes = [code[str(beat)] for beat in conditions.locked_beats]
    kept = np.isin(current, kept_codes)
    locked = np.where(kept, current, -1)
    position = _positions(names)
    for unit, beat in locked_units.items():
        row = _position(position, unit, "locked unit")
        if kept[row] != (code[beat] in kept_codes) or (kept[row] and code[beat] != current[row]):
            today = f"'{current_names[current[row]]}'" if current[row] >= 0 else "no beat"
            raise ParameterError(
                f"Unit '{unit}' is locked to beat '{beat}' but is in {today} today, and one of the two beats is locked "
                "as it is.",
                "Unlock the beat or the unit.",
            )
        locked[row] = code[beat]
    return Locks(locked.astype(np.int64), kept, all_names)


def _pair_keys(pairs: Pairs, names: NDArray[Any], what: str) -> Labels:
    """Return ``first * n + second`` of every pair of unit names, in ascending order."""
    position, keys = _positions(names) if len(pairs) else {}, set()
    for pair in pairs:
        one, two = sorted(_position(position, unit, what) for unit in pair)
        if one == two:
            raise ParameterError(f"A {what} connects unit '{pair[0]}' with itself.", "Name two units.")
        keys.add(one * len(names) + two)
    return np.array(sorted(keys), np.int64)


def _positions(names: NDArray[Any]) -> dict[str, int]:
    """Return the row of every unit by the text of its name."""
    return {str(name): row for row, name in enumerate(names.tolist())}


def _position(position: dict[str, int], unit: Any, what: str) -> int:
    """Return the row of a unit."""
    row = position.get(str(unit))
    if row is None:
        raise ParameterError(f"There is no unit '{unit}', which is named by a {what}.", "Correct the unit id.")
    return row


def _named(names: NDArray[Any], key: int) -> str:
    """Return both names of a pair."""
    return f"'{names[key // len(names)]}' and '{names[key % len(names)]}'"


def _crossed(edges: Edges, barriers: Iterable[BaseGeometry], polygons: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Return which borders have a barrier between the two units."""
    crossed = np.zeros(len(edges.first), np.bool_)
    lines = np.array(list(barriers), dtype=object)
    if not len(lines):
        return crossed
    for number, line in enumerate(lines):
        if line is None or line.is_empty or shapely.get_dimensions(line) != 1:
            raise ParameterError(f"Barrier {number + 1} is not a line.", "Give lines, such as a river's middle line.")
    barrier = shapely.union_all(lines)
    shapely.prepare(barrier)
    near = np.flatnonzero(
        shapely.intersects(barrier, shapely.box(*_common_bounds(polygons[edges.first], polygons[edges.second])))
    )
    ways = np.array([_way(polygons[edges.first[at]], polygons[edges.second[at]]) for at in near], dtype=object)
    met = shapely.intersection(ways, barrier)
    crossed[near] = ~shapely.is_empty(met) & (shapely.get_num_geometries(met) % 2 == 1)
    return crossed


def _common_bounds(one: NDArray[np.object_], two: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return left, bottom, right and top around both shapes, shape (4, e)."""
    first, second = shapely.bounds(one), shapely.bounds(two)
    low, high = np.minimum(first[:, :2], second[:, :2]), np.maximum(first[:, 2:], second[:, 2:])
    return np.hstack([low, high]).T


def _way(one: BaseGeometry, two: BaseGeometry) -> BaseGeometry:
    """Return a way from inside one unit over the middle of the common border to inside the other."""
    nearest = shapely.shortest_line(one, two)
    reach_m = max(0.01, 1.5 * float(shapely.length(nearest)))
    shared = shapely.intersection(one.boundary, shapely.buffer(two.boundary, reach_m))
    parts = shapely.get_parts(shapely.line_merge(shared) if shared.geom_type == "MultiLineString" else shared)
    longest = parts[int(np.argmax(shapely.length(parts)))]
    middle = shapely.line_interpolate_point(longest, 0.5, normalized=True)
    points = [shapely.point_on_surface(one), middle, shapely.point_on_surface(two)]
    return shapely.linestrings(shapely.get_coordinates(points))
