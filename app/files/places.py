"""Where each row of a table lies: coordinate columns, the geometry of the file, or a WKT column."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from analysis.projection import WGS84, crs_name, looks_like_degrees
from analysis.summary import Notice
from app.errors import InvalidInputError
from app.files import columns as names
from app.files.coordinate_systems import median_place, require_agreement, same_crs
from app.files.tables import RawTable
from app.files.values import NULL_TOKENS, numbers, trimmed

SAMPLE_ROWS = 50_000
"""Rows, evenly spread over a file, that tell what its coordinates are."""


@dataclass(frozen=True)
class PlaceColumns:
    """How the rows of a table are located.

    Attributes
    ----------
    crs : CRS
        System of the coordinates.
    x, y : str or None
        Coordinate columns, easting (longitude) and northing (latitude).
    wkt : str or None
        Column of well-known text; with neither, the geometry of the file counts.
    notices : tuple of Notice
        What was assumed.
    """

    crs: CRS
    x: str | None = None
    y: str | None = None
    wkt: str | None = None
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True)
class Coordinates:
    """Coordinates of rows, and why a row has none.

    Attributes
    ----------
    x, y : ndarray of float, shape (n,)
        In the CRS of the source; NaN where missing or unreadable.
    missing : ndarray of bool, shape (n,)
        Rows without a value in one of the columns.
    unreadable : ndarray of bool, shape (n,)
        Rows with a value that is no number.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    missing: NDArray[np.bool_]
    unreadable: NDArray[np.bool_]

    @property
    def zero(self) -> NDArray[np.bool_]:
        """Rows at exactly (0, 0): a place that was not known or is withheld."""
        return np.asarray((self.x == 0) & (self.y == 0))


def choose_place_columns(
    raw: RawTable, *, crs: CRS | None = None, x: str | None = None, y: str | None = None, wkt: str | None = None
) -> PlaceColumns:
    """Decide how the rows of a table are located.

    Parameters
    ----------
    raw : RawTable
        The table.
    crs : CRS, optional
        System that the caller states for the coordinates.
    x, y : str, optional
        Coordinate columns that the caller names.
    wkt : str, optional
        Column of well-known text that the caller names.

    Raises
    ------
    InvalidInputError
        If a named column does not exist, no coordinates are found, or their system is not known.
    """
    if (x is None) != (y is None):
        raise InvalidInputError(f"{raw.name}: only one of the two coordinate columns is named.", "Name x and y.")
    if x is not None and y is not None:
        found = [names.require_column(name, raw.columns, where=raw.name) for name in (x, y)]
        return _with_crs(raw, found[0], found[1], crs)
    if raw.wkb is not None:
        return PlaceColumns(_crs_of_file(raw, crs))
    pair = None if wkt else _coordinate_columns(raw, crs)
    if pair:
        return _with_crs(raw, *pair, crs)
    shape = names.require_column(wkt, raw.columns, where=raw.name) if wkt else None
    shape = shape or names.find_by_synonym(raw.columns, names.GEOMETRY_NAMES)
    if shape:
        assumed = () if crs else (_assumed(raw, shape),)
        return PlaceColumns(crs or WGS84, wkt=shape, notices=assumed)
    raise InvalidInputError(
        f"{raw.name}: no coordinate columns were found.",
        f"Name them with --x and --y (or --map x=...,y=...). Its columns are: {names.listed(raw.columns)}.",
    )


def read_coordinates(raw: RawTable, place: PlaceColumns, null_tokens: tuple[str, ...] = NULL_TOKENS) -> Coordinates:
    """Return the point coordinates of the rows of a table; lines and areas have none (NaN)."""
    if place.x is None or place.y is None:
        shapes = read_geometries(raw, place)
        missing = shapely.is_missing(shapes) | shapely.is_empty(shapes)
        return Coordinates(shapely.get_x(shapes), shapely.get_y(shapes), missing, np.zeros(len(shapes), dtype=bool))
    columns = [trimmed(raw.column(name), null_tokens) for name in (place.x, place.y)]
    (x, bad_x), (y, bad_y) = (numbers(column, raw.decimal) for column in columns)
    unreadable = bad_x | bad_y
    return Coordinates(x, y, (np.isnan(x) | np.isnan(y)) & ~unreadable, unreadable)


def read_geometries(raw: RawTable, place: PlaceColumns) -> NDArray[np.object_]:
    """Return the geometry of each row in the source's CRS, two-dimensional; None where missing or unreadable."""
    if place.x is not None:
        found = read_coordinates(raw, place)
        placed = np.isfinite(found.x) & np.isfinite(found.y)
        shapes = np.full(len(found.x), None, dtype=object)
        shapes[placed] = shapely.points(found.x[placed], found.y[placed])
        return shapes
    if place.wkt is not None:
        texts = trimmed(raw.column(place.wkt)).to_pylist()
        parsed = shapely.from_wkt(np.array(texts, dtype=object), on_invalid="ignore")
    else:
        column = raw.wkb if raw.wkb is not None else pa.nulls(raw.n_rows, pa.binary())
        parsed = shapely.from_wkb(np.array(column.to_pylist(), dtype=object), on_invalid="ignore")
    flat: NDArray[np.object_] = shapely.force_2d(parsed)
    return flat


def _crs_of_file(raw: RawTable, stated: CRS | None) -> CRS:
    if raw.crs is None and stated is None:
        raise InvalidInputError(
            f"{raw.name} states no coordinate reference system.",
            "Give it with --crs EPSG:n (a Shapefile needs a .prj).",
        )
    if raw.crs is None or stated is None or same_crs(raw.crs, stated):
        found = raw.crs or stated or WGS84
    elif stated.is_projected:
        found = raw.crs
    else:
        raise InvalidInputError(
            f"{raw.name} is in {crs_name(raw.crs)}, which contradicts the stated {crs_name(stated)}.",
            "Leave --crs out; the file says it.",
        )
    return found


def _coordinate_columns(raw: RawTable, crs: CRS | None) -> tuple[str, str] | None:
    degrees = (names.LONGITUDE_NAMES, names.LATITUDE_NAMES)
    metres = (names.EASTING_NAMES, names.NORTHING_NAMES)
    for synonyms in (metres, degrees) if crs is not None and crs.is_projected else (degrees, metres):
        pair = [names.find_by_synonym(raw.columns, choices) for choices in synonyms]
        if pair[0] and pair[1]:
            return pair[0], pair[1]
    return None


def _with_crs(raw: RawTable, x: str, y: str, crs: CRS | None) -> PlaceColumns:
    sought = PlaceColumns(crs or WGS84, x, y)
    found = read_coordinates(raw.sample(SAMPLE_ROWS), sought)
    where = f"{raw.name}: columns '{x}' and '{y}'"
    if crs is not None:
        require_agreement(found.x, found.y, crs, where=where)
        return sought
    middle = median_place(found.x, found.y)
    if middle is not None and not looks_like_degrees(*middle):
        raise InvalidInputError(
            f"{where} are no degrees and their coordinate reference system is not stated.",
            "Give it with --crs EPSG:n, for example --crs EPSG:32610.",
        )
    return PlaceColumns(WGS84, x, y, notices=(_assumed(raw, f"{x}, {y}"),))


def _assumed(raw: RawTable, what: str) -> Notice:
    return Notice("assumed_crs", f"{raw.name}: {what} were read as longitude and latitude (EPSG:4326).")
