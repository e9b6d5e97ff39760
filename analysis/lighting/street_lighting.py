"""Where streets are lit: lit, unlit or unknown, every few metres and by segment."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from analysis.errors import CoordinateError, EmptyInputError, GeometryError, ParameterError
from analysis.hot_spots.hot_spot_reading import nullable
from analysis.projection import BoolArray, FloatArray, crs_name, require_metres
from analysis.summary import Notice, Summary

IntArray = npt.NDArray[np.int64]
Lighting = Literal["lit", "unlit", "unknown"]

LIGHTINGS: tuple[Lighting, ...] = ("lit", "unlit", "unknown")
"""In the order of the codes 0, 1, 2."""

LIT, UNLIT, UNKNOWN = 0, 1, 2
LIT_TAGS = frozenset({"yes", "24/7", "automatic", "sunset-sunrise", "dusk-dawn"})
UNLIT_TAGS = frozenset({"no", "disused"})
"""Values of the map tag ``lit``; any other, such as ``limited``, says nothing."""

MUCH_UNKNOWN = 0.5


@dataclass(frozen=True, eq=False)
class Lamps:
    """Street lights of a municipal inventory.

    Attributes
    ----------
    x, y : ndarray of float64, shape (n,)
        Metres in the CRS of the streets.
    working : ndarray of bool, shape (n,)
        See `analysis.lighting.lamps.working_lamps`.
    covered : shapely.Geometry or None
        Area that the inventory covers: no lamp there means no light. None: it covers all streets.
    state_unknown : ndarray of bool, shape (n,), or None
        Lamps of which nobody knows whether they work: what only they would light is unknown.
    """

    x: FloatArray
    y: FloatArray
    working: BoolArray
    covered: shapely.Geometry | None = None
    state_unknown: BoolArray | None = None


@dataclass(frozen=True, eq=False)
class StreetLighting:
    """Lighting of street segments.

    Attributes
    ----------
    frame : GeoDataFrame
        A row a segment, in the order of the input: ``lighting`` (of the greater part of its length), ``source``
        (``inventory``, ``map`` or null), ``length_m, lit_m, unlit_m, unknown_m, unlit_share`` (of the known length;
        null where none is known), ``nearest_working_lamp_m`` (null without a working lamp), ``conflict`` (the inventory
        contradicts the map tag) and ``geometry``.
    sample_x, sample_y : ndarray of float64, shape (m,)
        Middles of the pieces that streets were cut into.
    sample_lighting : ndarray of int8, shape (m,)
        Position in `LIGHTINGS`.
    summary : Summary
    """

    frame: gpd.GeoDataFrame
    sample_x: FloatArray
    sample_y: FloatArray
    sample_lighting: npt.NDArray[np.int8]
    summary: Summary

    def at(self, x: npt.ArrayLike, y: npt.ArrayLike, *, within_m: float = 30.0) -> npt.NDArray[np.int8]:
        """Return the lighting of the nearest piece of street.

        Parameters
        ----------
        x, y : array_like of float, shape (n,)
            Metres.
        within_m : float
            Places farther from every street are unknown.

        Returns
        -------
        ndarray of int8, shape (n,)
            Position in `LIGHTINGS`.
        """
        tree = cKDTree(np.column_stack([self.sample_x, self.sample_y]))
        places = np.column_stack([np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)])
        distance, nearest = tree.query(places)
        return np.where(distance > within_m, UNKNOWN, self.sample_lighting[nearest]).astype(np.int8)


def street_lighting(
    streets: gpd.GeoSeries,
    lamps: Lamps | None = None,
    *,
    lit_tags: Any = None,
    step_m: float = 5.0,
    reach_m: float = 20.0,
) -> StreetLighting:
    """Tell which streets are lit.

    Parameters
    ----------
    streets : GeoSeries of LineString or MultiLineString
        Projected, metres.
    lamps : Lamps, optional
        The municipal inventory; where it covers a street, map tags say nothing.
    lit_tags : array_like of str, length of streets, optional
        Values of the map tag ``lit``, null where there is none.
    step_m : float
        Length of the pieces that streets are cut into, at most.
    reach_m : float
        How far from a working lamp a street is lit, metres.

    Returns
    -------
    StreetLighting

    Raises
    ------
    CoordinateError
        Streets not in metres, or lamps whose coordinates are not finite.
    EmptyInputError
        There is no street.
    GeometryError
        A street that is no line.
    ParameterError
        Columns of another length, or lengths that are not above zero.

    Notes
    -----
    A piece is lit if a working lamp is within reach of its middle, else unlit if the inventory covers it. What the
    inventory does not cover is what the map tag says, and unknown where it says nothing: no lamp on the map is not the
    same as no lamp. The reach is a rule of thumb for lamps 5 to 8 m high; it knows neither lumen nor trees.

    Examples
    --------
    >>> streets = gpd.GeoSeries([shapely.LineString([(0, 0), (100, 0)])], crs="EPSG:32634")
    >>> lamps = Lamps(np.array([0.0]), np.array([0.0]), np.array([True]))
    >>> street_lighting(streets, lamps).frame[["lit_m", "unlit_m", "lighting"]].values.tolist()
    [[20.0, 80.0, 'unlit']]
    """
    metric = require_metres(streets.crs)
    shapes = _checked_streets(streets)
    if not all(math.isfinite(length) and length > 0 for length in (step_m, reach_m)):
        raise ParameterError(f"Step {step_m} m, reach {reach_m} m.", "Give lengths above zero, for example 5 and 20.")
    tags = _tag_codes(lit_tags, len(shapes))
    segment, x, y, length = _pieces(shapes, step_m)
    by_lamps, nearest = _by_lamps(shapes, x, y, lamps, reach_m)
    lighting = np.where(by_lamps == UNKNOWN, tags[segment], by_lamps).astype(np.int8)
    metres = np.column_stack([np.bincount(segment, length * (lighting == code), len(shapes)) for code in range(3)])
    inventory = np.bincount(segment, length * (by_lamps != UNKNOWN), len(shapes)).astype(np.float64)
    frame = _frame(metres.astype(np.float64), inventory, tags, nearest)
    geo = gpd.GeoDataFrame(frame, geometry=shapes, crs=metric)
    summary = _summary(geo, crs_name(metric), {"step_m": step_m, "reach_m": reach_m}, lamps)
    return StreetLighting(geo, x, y, lighting, summary)


def _checked_streets(streets: gpd.GeoSeries) -> npt.NDArray[np.object_]:
    """Return the streets after checking that they are lines of some length."""
    if len(streets) == 0:
        raise EmptyInputError("There is no street.", "Give at least one line.")
    shapes = streets.to_numpy()
    lines = streets.geom_type.isin(["LineString", "MultiLineString"]).to_numpy() & (shapely.length(shapes) > 0)
    if not lines.all():
        first = int(np.flatnonzero(~lines)[0]) + 1
        raise GeometryError(
            f"{int((~lines).sum())} streets are no line, the first is number {first}.", "Leave them out."
        )
    return np.asarray(shapes, dtype=object)


def _tag_codes(lit_tags: Any, n: int) -> npt.NDArray[np.int8]:
    """Return what map tags say about streets."""
    if lit_tags is None:
        return np.full(n, UNKNOWN, dtype=np.int8)
    tags = pd.Series(np.asarray(lit_tags, dtype=object)).astype("string").str.strip().str.lower()
    if len(tags) != n:
        raise ParameterError(f"There are {n} streets but {len(tags)} tags.", "Give one a street, null for none.")
    codes = np.select([tags.isin(LIT_TAGS), tags.isin(UNLIT_TAGS)], [LIT, UNLIT], UNKNOWN)
    return codes.astype(np.int8)


def _pieces(shapes: npt.NDArray[np.object_], step_m: float) -> tuple[IntArray, FloatArray, FloatArray, FloatArray]:
    """Cut streets into equal pieces; return the street, the middle and the length of each."""
    lines, street = shapely.get_parts(shapes, return_index=True)
    lengths = shapely.length(lines)
    pieces = np.maximum(np.ceil(lengths / step_m - 1e-9), 1).astype(np.int64)
    line = np.repeat(np.arange(lines.size), pieces)
    within = np.arange(line.size) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    width = (lengths / pieces)[line]
    middle = shapely.get_coordinates(shapely.line_interpolate_point(lines[line], (within + 0.5) * width))
    return street[line], middle[:, 0], middle[:, 1], width


def _by_lamps(
    shapes: npt.NDArray[np.object_], x: FloatArray, y: FloatArray, lamps: Lamps | None, reach_m: float
) -> tuple[npt.NDArray[np.int8], FloatArray]:
    """Return what the inventory says of each piece, and the distance of each street to a working lamp."""
    nearest = np.full(len(shapes), np.inf)
    if lamps is None:
        return np.full(x.size, UNKNOWN, dtype=np.int8), nearest
    places = np.column_stack([lamps.x, lamps.y]).astype(np.float64)
    if not np.isfinite(places).all() or len(lamps.working) != len(places):
        raise CoordinateError("A lamp has no finite coordinates or no state.", "Leave it out and count it.")
    covered = np.ones(x.size, dtype=np.bool_)
    if lamps.covered is not None:
        shapely.prepare(lamps.covered)
        covered = shapely.intersects_xy(lamps.covered, x, y)
    doubtful = np.zeros(len(places), dtype=np.bool_) if lamps.state_unknown is None else lamps.state_unknown
    working = places[np.asarray(lamps.working, dtype=np.bool_) & ~doubtful]
    lit = _within_reach(working, x, y, reach_m)
    covered &= ~_within_reach(places[doubtful], x, y, reach_m)
    if len(working):
        (street, _), metres = shapely.STRtree(shapely.points(working)).query_nearest(
            shapes, return_distance=True, all_matches=False
        )
        nearest[street] = metres
    return np.select([lit, covered], [LIT, UNLIT], UNKNOWN).astype(np.int8), nearest


def _within_reach(places: FloatArray, x: FloatArray, y: FloatArray, reach_m: float) -> BoolArray:
    """Tell which pieces are within reach of a lamp."""
    if not len(places):
        return np.zeros(x.size, dtype=np.bool_)
    distance, _ = cKDTree(places).query(np.column_stack([x, y]), distance_upper_bound=reach_m * (1 + 1e-9))
    within: BoolArray = np.isfinite(distance)
    return within


def _frame(
    metres: FloatArray,
    inventory: FloatArray,
    tags: npt.NDArray[np.int8],
    nearest: FloatArray,
) -> dict[str, Any]:
    """Return the columns of the segments."""
    length = metres.sum(axis=1)
    known = metres[:, LIT] + metres[:, UNLIT]
    lighting = np.select(
        [metres[:, UNKNOWN] > MUCH_UNKNOWN * length, metres[:, LIT] >= metres[:, UNLIT]], [UNKNOWN, LIT], UNLIT
    )
    by_inventory = inventory >= length / 2.0
    source = np.select([lighting == UNKNOWN, by_inventory], ["", "inventory"], "map")
    share = np.divide(metres[:, UNLIT], known, out=np.zeros(known.size), where=known > 0)
    return {
        "lighting": np.array(LIGHTINGS, dtype=object)[lighting],
        "source": pd.array([name or None for name in source], dtype="string"),
        "length_m": length,
        "lit_m": metres[:, LIT],
        "unlit_m": metres[:, UNLIT],
        "unknown_m": metres[:, UNKNOWN],
        "unlit_share": nullable(share, known > 0),
        "nearest_working_lamp_m": nullable(nearest, np.isfinite(nearest)),
        "conflict": by_inventory & (tags != UNKNOWN) & (lighting != UNKNOWN) & (tags != lighting),
    }


def _summary(frame: gpd.GeoDataFrame, crs: str, parameters: dict[str, Any], lamps: Lamps | None) -> Summary:
    """Describe the lighting of all streets."""
    km = {name: float(frame[f"{name}_m"].sum()) / 1000.0 for name in LIGHTINGS}
    total = sum(km.values())
    notices = []
    if km["unknown"] > MUCH_UNKNOWN * total:
        message = (
            f"Of {total:,.1f} km of streets {km['unknown']:,.1f} km are unknown: neither lit nor unlit may be assumed."
        )
        notices.append(Notice("lighting_unknown", message))
    conflicts = int(frame["conflict"].sum())
    if conflicts:
        message = f"On {conflicts:,} segments the map contradicts the inventory; the inventory was taken."
        notices.append(Notice("map_contradicts_inventory", message))
    if lamps is not None:
        out = int(np.count_nonzero(~np.asarray(lamps.working)))
        parameters |= {"lamps": len(lamps.x), "lamps_out": out, "inventory_covers_all": lamps.covered is None}
    reading = (
        f"Of {total:,.1f} km of streets {km['lit']:,.1f} km are lit, {km['unlit']:,.1f} km unlit and "
        f"{km['unknown']:,.1f} km unknown; lit means within {parameters['reach_m']:g} m of a working lamp, or said so "
        "by the map where no inventory covers the street."
    )
    return Summary(
        method="Lighting of streets",
        parameters=parameters,
        n_used=len(frame),
        excluded={},
        crs=crs,
        study_area_km2=0.0,
        reading=reading,
        warnings=tuple(notices),
    )
