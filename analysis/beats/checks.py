"""What areal units must look like before anything is computed from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from analysis.errors import CoordinateError, EmptyInputError, GeometryError, ParameterError, UnitsError
from analysis.projection import looks_like_degrees, require_metres
from analysis.wording import counted

POLYGONS = frozenset({"Polygon", "MultiPolygon"})
DEFAULT_UNIT_ID = "unit_id"
MOST_RESIDENTS = 100_000_000
"""Of one unit: more is a mistake of the file."""


def check_frame(units: gpd.GeoDataFrame, columns: Iterable[str | None]) -> None:
    """Refuse a frame without rows, without metres or without the named columns.

    Parameters
    ----------
    units : GeoDataFrame
        Areal units.
    columns : iterable of str or None
        Columns that are needed; None entries are skipped.

    Raises
    ------
    EmptyInputError
        When there is no unit.
    CoordinateError
        When the CRS is missing or not in metres, or coordinates look like degrees.
    UnitsError
        When a column is missing.
    """
    if not len(units):
        raise EmptyInputError("There is no areal unit.", "Check the file and any filter applied to it.")
    require_metres(units.crs)
    for column in columns:
        if column is not None and column not in units.columns:
            present = ", ".join(str(name) for name in units.columns if name != units.geometry.name)
            raise UnitsError(f"The units have no column '{column}'.", f"Columns present: {present or 'none'}.")


def unit_names(units: gpd.GeoDataFrame, column: str | None) -> NDArray[Any]:
    """Return the names of the units.

    Parameters
    ----------
    units : GeoDataFrame
        Areal units.
    column : str or None
        Column with the names; None takes the column ``unit_id`` where there is one, else the index of the frame.

    Returns
    -------
    ndarray, shape (n,)
        Unique names.

    Raises
    ------
    UnitsError
        When a name is missing or occurs twice.
    """
    if column is None and DEFAULT_UNIT_ID in units.columns:
        column = DEFAULT_UNIT_ID
    names = pd.Series(units.index if column is None else units[column]).reset_index(drop=True)
    where = "the index" if column is None else f"column '{column}'"
    missing = np.flatnonzero(names.isna())
    if len(missing):
        raise UnitsError(f"Row {missing[0] + 1} has no unit id in {where}.", "Give every unit an id of its own.")
    twice = np.flatnonzero(names.duplicated(keep=False))
    if len(twice):
        rows = np.flatnonzero(names == names[twice[0]]) + 1
        listed = ", ".join(str(row) for row in rows[:5])
        raise UnitsError(
            f"Unit id '{names[twice[0]]}' in {where} is not unique: rows {listed}.", "Give every unit an id of its own."
        )
    values: NDArray[Any] = names.to_numpy()
    return values


def check_geometries(units: gpd.GeoDataFrame, names: NDArray[Any]) -> NDArray[np.object_]:
    """Return the geometries, which are all polygons or all points.

    Parameters
    ----------
    units : GeoDataFrame
        Areal units.
    names : ndarray, shape (n,)
        Names for messages.

    Returns
    -------
    ndarray of geometry, shape (n,)
        Two-dimensional geometries.

    Raises
    ------
    GeometryError
        For missing, empty or invalid geometries, lines, or points among polygons.
    CoordinateError
        When coordinates look like degrees.
    """
    shapes: NDArray[np.object_] = shapely.force_2d(np.asarray(units.geometry.array, dtype=object))
    empty = np.flatnonzero(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    if len(empty):
        raise GeometryError(f"{_at(names, empty[0])} has no geometry.", "Remove the row or draw the unit.")
    kinds = units.geom_type.to_numpy()
    kind = "Point" if kinds[0] == "Point" else "polygon"
    odd = np.flatnonzero([(name not in POLYGONS) if kind == "polygon" else name != "Point" for name in kinds])
    if len(odd):
        raise GeometryError(
            f"{_at(names, odd[0])} is a {kinds[odd[0]]}; areal units are polygons, or points that stand for them.",
            "Give polygons (or points) only.",
        )
    corners = shapely.get_coordinates(shapes)
    _refuse_invalid(shapes, names)
    if looks_like_degrees(*corners.T) and float(np.prod(np.ptp(corners, axis=0))) < 4.0:
        raise CoordinateError("The coordinates of the units look like degrees.", "Project them to a CRS in metres.")
    return shapes


def _refuse_invalid(shapes: NDArray[np.object_], names: NDArray[Any]) -> None:
    """Raise when a geometry has infinite coordinates or crosses itself."""
    invalid = np.flatnonzero(~shapely.is_valid(shapes))
    if len(invalid):
        why = shapely.is_valid_reason(shapes[invalid[0]])
        raise GeometryError(
            f"{_at(names, invalid[0])} has an invalid geometry: {why}; {counted(len(invalid), 'unit is', 'units are')} "
            "invalid.",
            "Repair it, for example with make_valid in QGIS or PostGIS.",
        )


def whole_residents(units: gpd.GeoDataFrame, column: str, names: NDArray[Any]) -> NDArray[np.int64]:
    """Return the residents of every unit.

    Parameters
    ----------
    units : GeoDataFrame
        Areal units.
    column : str
        Column with residents.
    names : ndarray, shape (n,)
        Names for messages.

    Returns
    -------
    ndarray of int64, shape (n,)
        Residents, all >= 0.

    Raises
    ------
    UnitsError
        Naming the unit and row with missing, negative, infinite or fractional residents.
    """
    values = amounts(units, column, names)
    broken = np.flatnonzero(values != np.round(values))
    if len(broken):
        raise UnitsError(
            f"{_at(names, broken[0])} has {values[broken[0]]:g} residents in column '{column}': not a whole number.",
            "Round the column so that the total stays right.",
        )
    crowded = np.flatnonzero(values > MOST_RESIDENTS)
    if len(crowded):
        raise UnitsError(
            f"{_at(names, crowded[0])} has {values[crowded[0]]:g} residents in column '{column}': no unit has so many.",
            "Correct the number.",
        )
    return values.astype(np.int64)


def amounts(units: gpd.GeoDataFrame, column: str, names: NDArray[Any]) -> NDArray[np.float64]:
    """Return a column of amounts that are finite and not negative.

    Parameters
    ----------
    units : GeoDataFrame
        Areal units.
    column : str
        Column to read.
    names : ndarray, shape (n,)
        Names for messages.

    Returns
    -------
    ndarray of float64, shape (n,)
        Amounts >= 0.

    Raises
    ------
    UnitsError
        Naming the unit and row of the first value that is missing, no number, infinite or negative.
    """
    given = units[column].reset_index(drop=True)
    values: NDArray[np.float64] = pd.to_numeric(given, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    absent = np.flatnonzero(given.isna())
    checks = (
        (absent, "has no value"),
        (np.flatnonzero(np.isnan(values)), "is not a number"),
        (np.flatnonzero(np.isinf(values)), "is not finite"),
        (np.flatnonzero(values < 0), "is negative"),
    )
    for wrong, problem in checks:
        if len(wrong):
            value = "" if wrong is absent else f": {given[wrong[0]]}"
            raise UnitsError(
                f"{_at(names, wrong[0])} {problem} in column '{column}'{value}; "
                f"{counted(len(wrong), 'unit')} concerned.",
                "Fill in zero where nobody lives, or correct the value.",
            )
    return values


def labels(units: gpd.GeoDataFrame, column: str | None, names: NDArray[Any], *, gaps: bool) -> pd.Categorical:
    """Return a column of labels as categories in ascending order.

    Parameters
    ----------
    units : GeoDataFrame
        Areal units.
    column : str or None
        Column to read; None gives one label to every unit.
    names : ndarray, shape (n,)
        Names for messages.
    gaps : bool
        Whether a unit may have no label.

    Returns
    -------
    Categorical
        Text labels; code -1 where there is none.

    Raises
    ------
    UnitsError
        When a label is missing and ``gaps`` is False.
    """
    if column is None:
        return pd.Categorical.from_codes(np.zeros(len(units), np.int64), ["all"])
    given = units[column].reset_index(drop=True)
    absent = np.flatnonzero(given.isna())
    if len(absent) and not gaps:
        raise UnitsError(f"{_at(names, absent[0])} has no value in column '{column}'.", "Say on which side it lies.")
    if pd.api.types.is_float_dtype(given) and (given.dropna() % 1 == 0).all():
        given = given.astype("Int64")
    return pd.Categorical(given.astype("string").where(given.notna()))


def check_bounds(min_residents: int, max_residents: int, beats: int | None) -> None:
    """Refuse bounds that contradict each other.

    Parameters
    ----------
    min_residents, max_residents : int
        Bounds of one beat.
    beats : int or None
        Number of beats asked for.

    Raises
    ------
    ParameterError
        When a bound is not positive, the bounds are in the wrong order, or ``beats`` is below 1.
    """
    if min_residents < 1:
        raise ParameterError(f"The minimum of {min_residents} residents is below 1.", "Give a positive minimum.")
    if max_residents < min_residents:
        raise ParameterError(
            f"The minimum of {min_residents} residents is above the maximum of {max_residents}.",
            "Swap or correct them.",
        )
    if beats is not None and beats < 1:
        raise ParameterError(f"{beats} beats were asked for.", "Ask for one beat or more, or leave the number free.")


def check_beats(beat: NDArray[np.int64], names: Sequence[str], n_units: int) -> None:
    """Refuse beats of units that fit neither the names of the beats nor the number of units.

    Parameters
    ----------
    beat : ndarray of int64, shape (n,)
        Position in ``names`` of the beat of each unit, -1 for none.
    names : sequence of str
        Names of the beats.
    n_units : int
        Number of units.

    Raises
    ------
    ParameterError
        When names occur twice or the numbers do not fit.
    """
    if len(set(names)) != len(names):
        raise ParameterError("Two beats have the same id.", "Give every beat an id of its own.")
    if beat.shape != (n_units,):
        raise ParameterError(
            f"There are beats for {len(beat):,} units, but {n_units:,} units.",
            "Give one beat, or -1, for each unit.",
        )
    if len(beat) and not -1 <= beat.min() <= beat.max() < len(names):
        raise ParameterError("A unit has a beat that is not in the list of ids.", "Give -1 for units without one.")


def _at(names: NDArray[Any], row: int) -> str:
    """Return how a message names a unit."""
    return f"Unit '{names[row]}' (row {row + 1})"
