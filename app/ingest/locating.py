"""Where the rows of a file lie: coordinates checked against the source's CRS and the municipality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from shapely import MultiPolygon

from analysis.projection import WGS84
from app.files.coordinate_systems import transform
from app.files.places import PlaceColumns, read_coordinates, read_geometries
from app.files.shapes import MAX_VERTICES
from app.files.tables import RawTable
from app.ingest.fields import Placement
from app.ingest.findings import Finding, any_of, said

REGION_KM = 50.0
"""Rows further than this from the bounding box of the municipality are quarantined."""

_CELLS = 128
"""Cells a side of the lattice that spares most points the exact test against the boundary."""

_POINTS_AT_ONCE = 65_536

FloatArray = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Place:
    """The municipality that rows must lie in.

    Attributes
    ----------
    boundary : MultiPolygon
        In the working CRS.
    working : CRS
        Projected, metres.
    """

    boundary: MultiPolygon
    working: CRS

    @property
    def region(self) -> tuple[float, float, float, float]:
        """The bounding box of the municipality and its surroundings, metres."""
        left, bottom, right, top = self.boundary.bounds
        reach = REGION_KM * 1000.0
        return left - reach, bottom - reach, right + reach, top + reach

    def surrounds(self, x: FloatArray, y: FloatArray) -> Mask:
        """Return which places in the working CRS are in the municipality or its surroundings."""
        left, bottom, right, top = self.region
        return np.asarray((x >= left) & (x <= right) & (y >= bottom) & (y <= top))


@dataclass(frozen=True)
class Located:
    """Places of rows.

    Attributes
    ----------
    longitude, latitude : ndarray of float, shape (n,)
        WGS 84; of the centroid of a line or an area; NaN where a row has no place.
    x, y : ndarray of float, shape (n,)
        The same in the working CRS, metres.
    shapes : ndarray of object, shape (n,), or None
        Shapes in WGS 84 where rows may be more than points.
    placed : ndarray of bool, shape (n,)
        Rows that have a place.
    findings : list of Finding
        Why rows cannot be placed.
    """

    longitude: FloatArray
    latitude: FloatArray
    x: FloatArray
    y: FloatArray
    shapes: NDArray[np.object_] | None
    placed: Mask
    findings: list[Finding]


def locate(
    raw: RawTable, columns: PlaceColumns, placement: Placement, place: Place, null_tokens: tuple[str, ...]
) -> Located:
    """Return where the rows of a slice lie, and why some cannot be placed.

    Parameters
    ----------
    raw : RawTable
        Slice of the file.
    columns : PlaceColumns
        How rows are located.
    placement : Placement
        Which geometry is wanted.
    place : Place
        The municipality.
    null_tokens : tuple of str
        Texts that mean "no value".
    """
    if columns.x is not None or (placement.only_points and columns.wkt is None):
        return _locate_points(raw, columns, placement, place, null_tokens)
    return _locate_shapes(raw, columns, placement, place)


def _locate_points(
    raw: RawTable, columns: PlaceColumns, placement: Placement, place: Place, null_tokens: tuple[str, ...]
) -> Located:
    found = read_coordinates(raw, columns, null_tokens)
    findings = [Finding("unreadable_coordinates", found.unreadable, said("A coordinate is not a number."))]
    if placement.required:
        findings.append(Finding("missing_coordinates", found.missing, said("There are no coordinates.")))
    if columns.x is None:
        other = np.isnan(found.x) & ~found.missing
        findings.append(Finding("not_a_point", other, said("The geometry is not a point.")))
    findings.append(
        Finding("zero_coordinates", found.zero, said(f"The place is exactly (0, 0) in {columns.crs.name}."))
    )
    tried = np.isfinite(found.x) & np.isfinite(found.y) & ~found.zero
    placed, spots = _project(found.x, found.y, tried, columns.crs, place, findings)
    return Located(*spots, None, placed, findings)


def _project(
    x: FloatArray, y: FloatArray, tried: Mask, crs: CRS, place: Place, findings: list[Finding]
) -> tuple[Mask, tuple[FloatArray, FloatArray, FloatArray, FloatArray]]:
    """Return which rows are in the region and their places; the others get findings."""
    longitude, latitude = transform(x, y, crs, WGS84)
    with np.errstate(invalid="ignore"):
        on_earth = (np.abs(longitude) <= 180.0) & (np.abs(latitude) <= 90.0)
    working_x, working_y = transform(x, y, crs, place.working)
    inside = on_earth & place.surrounds(working_x, working_y)
    astray = tried & ~inside
    if astray.any():
        swapped = _lie_inside_when_swapped(x, y, astray, crs, place)
        findings += [
            Finding("swapped_coordinates", swapped, said("x and y, or longitude and latitude, are swapped.")),
            Finding("out_of_range", astray & ~on_earth & ~swapped, said("The coordinates are no place on Earth.")),
            Finding(
                "outside_region",
                astray & on_earth & ~swapped,
                said(f"The place is more than {REGION_KM:.0f} km from the municipality."),
            ),
        ]
    return tried & inside, (longitude, latitude, working_x, working_y)


def _lie_inside_when_swapped(x: FloatArray, y: FloatArray, astray: Mask, crs: CRS, place: Place) -> Mask:
    swapped = np.zeros(len(x), dtype=bool)
    turned = transform(y[astray], x[astray], crs, place.working)
    swapped[astray] = np.isfinite(turned[0]) & place.surrounds(*turned)
    return swapped


def _locate_shapes(raw: RawTable, columns: PlaceColumns, placement: Placement, place: Place) -> Located:
    shapes = read_geometries(raw, columns)
    missing = np.asarray(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    corners = shapely.bounds(shapes)
    zero = (corners == 0.0).all(axis=1)
    findings = [
        Finding("missing_geometry", missing, said("There is no geometry, or it cannot be read.")),
        Finding("zero_coordinates", zero, said(f"The place is exactly (0, 0) in {columns.crs.name}.")),
    ]
    findings += _shape_findings(shapes, ~missing, placement)
    tried = ~any_of(findings, len(shapes))
    centroids = shapely.centroid(shapes)
    placed, spots = _project(shapely.get_x(centroids), shapely.get_y(centroids), tried, columns.crs, place, findings)
    stored = np.full(len(shapes), None, dtype=object)
    stored[placed] = to_wgs84(shapes[placed], columns.crs)
    broken = placed & ~(shapely.is_valid(stored) & np.isfinite(shapely.bounds(stored)).all(axis=1))
    findings.append(Finding("invalid_geometry", broken, said("The shape is not valid once brought to WGS 84.")))
    return Located(*spots, stored, placed & ~broken, findings)


def _shape_findings(shapes: NDArray[np.object_], present: Mask, placement: Placement) -> list[Finding]:
    kinds = shapely.get_type_id(shapes)
    wrong = present & ~np.isin(kinds, placement.types)
    large = present & (shapely.get_num_coordinates(shapes) > MAX_VERTICES)
    infinite = present & ~np.isfinite(shapely.bounds(shapes)).all(axis=1)
    sound = present & ~large & ~infinite
    invalid = np.zeros(len(shapes), dtype=bool)
    invalid[sound] = ~shapely.is_valid(shapes[sound])
    return [
        Finding("wrong_geometry_type", wrong, lambda row: f"{shapes[row].geom_type} instead of {placement.named}."),
        Finding("too_many_vertices", large, said(f"The shape has more than {MAX_VERTICES} vertices.")),
        Finding("not_finite", infinite, said("A coordinate of the shape is not finite.")),
        Finding(
            "invalid_geometry",
            invalid,
            lambda row: f"The shape is not valid: {shapely.is_valid_reason(shapes[row])}. It is not repaired unseen.",
        ),
    ]


def to_wgs84(shapes: Any, crs: CRS) -> Any:
    """Return shapes in WGS 84."""
    return shapely.transform(shapes, lambda xy: np.column_stack(transform(xy[:, 0], xy[:, 1], crs, WGS84)))


def count_outside(place: Place, x: FloatArray, y: FloatArray) -> int:
    """Return how many places lie outside the boundary of the municipality.

    Parameters
    ----------
    place : Place
        The municipality.
    x, y : ndarray of float, shape (n,)
        Working CRS, metres.

    Notes
    -----
    Cells of a lattice that lie wholly inside or outside decide for all their points, so that only the points in cells
    on the boundary are tested against it; the count is exact.
    """
    left, bottom, right, top = place.boundary.bounds
    width, height = max(right - left, 1e-9) / _CELLS, max(top - bottom, 1e-9) / _CELLS
    shapely.prepare(place.boundary)
    state = _lattice(place.boundary, left, bottom, width, height)
    outside = 0
    for start in range(0, len(x), _POINTS_AT_ONCE):
        part_x, part_y = x[start : start + _POINTS_AT_ONCE], y[start : start + _POINTS_AT_ONCE]
        column = np.floor((part_x - left) / width).astype(np.int64)
        row = np.floor((part_y - bottom) / height).astype(np.int64)
        in_box = (column >= 0) & (column < _CELLS) & (row >= 0) & (row < _CELLS)
        verdict = np.where(in_box, state[row.clip(0, _CELLS - 1), column.clip(0, _CELLS - 1)], -1)
        near = (verdict == 0) | ~in_box
        inside = verdict == 1
        inside[near] = shapely.intersects_xy(place.boundary, part_x[near], part_y[near])
        outside += int(np.count_nonzero(~inside))
    return outside


def _lattice(boundary: MultiPolygon, left: float, bottom: float, width: float, height: float) -> NDArray[np.int8]:
    """Return 1 for cells inside the boundary, -1 for cells outside, 0 for cells on it; row 0 is south."""
    row, column = np.mgrid[0:_CELLS, 0:_CELLS]
    cells = shapely.box(
        left + column * width, bottom + row * height, left + (column + 1) * width, bottom + (row + 1) * height
    )
    inside, touched = shapely.contains_properly(boundary, cells), shapely.intersects(boundary, cells)
    state: NDArray[np.int8] = np.where(inside, 1, np.where(touched, 0, -1)).astype(np.int8)
    return state
