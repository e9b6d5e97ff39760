"""Features for the analysis straight from a file, in metres, without a database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import geopandas as gpd
import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from analysis import projection
from analysis.summary import Notice
from app.errors import InvalidInputError
from app.files.columns import require_column
from app.files.coordinate_systems import median_place, parse_crs, require_agreement, same_crs, transform
from app.files.delimited import Dialect
from app.files.places import PlaceColumns, choose_place_columns, read_coordinates, read_geometries
from app.files.shapes import AREAS, LINES, MAX_VERTICES, POINTS, shape_names
from app.files.tables import RawTable, read_table
from app.files.values import trimmed, typed

Expectation = Literal["points", "units", "area", "lines"]
WIDE_KM = 500.0
"""Points spread over more than this are no municipality; the reader is told."""


@dataclass(frozen=True)
class Features:
    """Features of a file, ready for the analysis.

    Attributes
    ----------
    frame : GeoDataFrame
        One row per feature in the working CRS, metres.
    excluded : dict of str to int
        Rows left out, by reason; these and the rows of ``frame`` are all rows of the file.
    notices : tuple of Notice
        What was assumed, and what a careful reader must know.
    """

    frame: gpd.GeoDataFrame
    excluded: dict[str, int]
    notices: tuple[Notice, ...]


def read_features(
    path: Path | str,
    *,
    crs: str | CRS | None = None,
    x: str | None = None,
    y: str | None = None,
    working_crs: str | CRS | None = None,
    expect: Expectation = "points",
    required: Sequence[str] = (),
    dialect: Dialect | None = None,
) -> Features:
    """Read points, areal units or a study area from a file of any readable format.

    Parameters
    ----------
    path : Path or str
        CSV, TSV, GeoJSON (each also .gz), GeoPackage, GeoParquet or zipped Shapefile.
    crs : str or CRS, optional
        CRS of the coordinate columns. For a file that states its own, a projected ``crs`` is the CRS to work in.
    x, y : str, optional
        Coordinate columns; found by name when left out.
    working_crs : str or CRS, optional
        CRS to work in, metres; by default the source's own where that is metric, otherwise the UTM zone.
    expect : {"points", "units", "area", "lines"}
        What the file must hold: points; areas or points, not both; areas; lines.
    required : sequence of str
        Columns that must exist.
    dialect : Dialect, optional
        How a text file writes its values, or which layer of a GeoPackage counts, where that is known.

    Returns
    -------
    Features

    Raises
    ------
    KvartError, AnalysisError
        If the file cannot be used: wrong type, missing column, unknown CRS, no usable row, a broken shape.
    """
    raw = read_table(Path(path), dialect)
    columns = {require_column(name, raw.columns, where=raw.name): name for name in required}
    stated = None if crs is None else parse_crs(crs)
    place = choose_place_columns(raw, crs=stated, x=x, y=y)
    shapes, reasons = _placed_shapes(raw, place)
    excluded = dict(Counter(reason for reason in reasons if reason))
    if raw.ragged:
        excluded["ragged_row"] = len(raw.ragged)
    kept = np.array([not reason for reason in reasons], dtype=bool)
    if not kept.any():
        counts = ", ".join(f"{reason}: {count}" for reason, count in excluded.items())
        raise InvalidInputError(f"{raw.name}: no row can be used ({counts}).", "Check the coordinate columns.")
    found = _single_points(shapes[kept])
    _require_shapes(found, raw, raw.lines[kept], expect)
    frame = gpd.GeoDataFrame(_attributes(raw, kept, columns), geometry=found, crs=place.crs)
    working = _working_crs(frame, raw, stated, working_crs)
    projected = projection.project(frame, working)
    notices = [*raw.notices, *place.notices, projected.notice, _spread(projected.frame)]
    return Features(projected.frame, excluded, tuple(notice for notice in notices if notice))


def _placed_shapes(raw: RawTable, place: PlaceColumns) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Return the shape of each row, and for each row why it has no usable place (an empty text where it has)."""
    shapes = read_geometries(raw, place)
    corners = shapely.bounds(shapes)
    unreadable = read_coordinates(raw, place).unreadable if place.x else np.zeros(len(shapes), dtype=bool)
    missing = np.isnan(corners).any(axis=1)
    zero = (corners == 0.0).all(axis=1)
    reasons = np.full(len(shapes), "", dtype=object)
    reasons[_outside_the_earth(corners, place.crs)] = "out_of_range"
    reasons[zero] = "zero_coordinates"
    reasons[missing] = "missing_coordinates"
    reasons[unreadable] = "unreadable_coordinates"
    sound = ~(missing | zero)
    require_agreement(corners[sound, 0], corners[sound, 1], place.crs, where=f"{raw.name}: the coordinates")
    return shapes, reasons


def _outside_the_earth(corners: NDArray[np.float64], crs: CRS) -> NDArray[np.bool_]:
    if crs.is_geographic:
        return np.asarray((np.abs(corners) > (180.0, 90.0, 180.0, 90.0)).any(axis=1))
    longitude, latitude = transform(corners[:, 0], corners[:, 1], crs, projection.WGS84)
    return ~(np.isfinite(longitude) & np.isfinite(latitude))


def _single_points(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return the shapes with every multipoint of one point as that point."""
    kinds, parts = shapely.get_type_id(shapes), shapely.get_num_geometries(shapes)
    single = (kinds == shapely.GeometryType.MULTIPOINT) & (parts == 1)
    plain: NDArray[np.object_] = np.where(single, shapely.get_geometry(shapes, 0), shapes)
    return plain


def _require_shapes(shapes: NDArray[np.object_], raw: RawTable, lines: NDArray[np.int64], expect: Expectation) -> None:
    allowed = {"points": (POINTS,), "units": (POINTS, AREAS), "area": (AREAS,), "lines": (LINES,)}[expect]
    kinds = shapely.get_type_id(shapes)
    if not any(np.isin(kinds, group).all() for group in allowed):
        wanted = {"units": "areas or points, but not both", "area": "areas"}.get(expect, expect)
        raise InvalidInputError(
            f"{raw.name} holds {shape_names(shapes)}, but {wanted} are needed.", "Choose another file or layer."
        )
    vertices = shapely.get_num_coordinates(shapes)
    if (vertices > MAX_VERTICES).any():
        first = int(np.argmax(vertices > MAX_VERTICES))
        raise InvalidInputError(
            f"{raw.name}, {raw.row_word} {lines[first]}: {vertices[first]} vertices, at most {MAX_VERTICES} are read.",
            "Simplify the shape, for example in QGIS.",
        )
    valid = shapely.is_valid(shapes)
    if not valid.all():
        first = int(np.argmin(valid))
        raise InvalidInputError(
            f"{raw.name}, {raw.row_word} {lines[first]}: the shape is not valid "
            f"({shapely.is_valid_reason(shapes[first])}); {int((~valid).sum())} shapes are not.",
            "Repair them, for example with 'Fix geometries' in QGIS, and look at the result.",
        )


def _attributes(raw: RawTable, kept: NDArray[np.bool_], renamed: dict[str, str]) -> dict[str, object]:
    mask = pa.array(kept)
    values = {}
    for name in raw.columns:
        column = raw.column(name)
        if raw.is_text:
            column = typed(trimmed(column), raw.decimal)
        label = renamed.get(name, name)
        values["geometry (1)" if label == "geometry" else label] = column.filter(mask).to_pandas()
    return values


def _working_crs(frame: gpd.GeoDataFrame, raw: RawTable, stated: CRS | None, wanted: str | CRS | None) -> CRS:
    if wanted is not None:
        return projection.require_metres(parse_crs(wanted))
    if raw.wkb is not None and stated is not None and stated.is_projected and not same_crs(stated, frame.crs):
        return projection.require_metres(stated)
    if projection.is_metric(frame.crs):
        return parse_crs(frame.crs)
    corners = frame.geometry.bounds.to_numpy()
    middle = median_place((corners[:, 0] + corners[:, 2]) / 2, (corners[:, 1] + corners[:, 3]) / 2)
    x, y = middle or (0.0, 0.0)
    return projection.working_crs(projection.geographic_bounds((x, y, x, y), frame.crs))


def _spread(frame: gpd.GeoDataFrame) -> Notice | None:
    left, bottom, right, top = frame.total_bounds
    widest_km = max(right - left, top - bottom) / 1000.0
    if widest_km <= WIDE_KM:
        return None
    return Notice(
        "far_apart",
        f"The features are spread over {widest_km:,.0f} km; some may lie in a wrong place: use a study area.",
    )
