"""Officers from a file, for matching them to beats without a database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from pyproj import CRS

from analysis.projection import WGS84, looks_like_degrees
from app.errors import InvalidInputError
from app.files.columns import (
    EASTING_NAMES,
    LATITUDE_NAMES,
    LONGITUDE_NAMES,
    NORTHING_NAMES,
    find_by_synonym,
    listed,
    require_column,
)
from app.files.delimited import Dialect
from app.files.tables import RawTable, read_table
from app.files.values import numbers, trimmed

OFFICER_ID_NAMES = ("officerid", "badge", "badgenumber", "badgeno", "officer", "externalid", "id")
CURRENT_BEAT_NAMES = ("currentbeat", "beat", "beatid", "beatcode")
LANGUAGE_NAMES = ("languages?", "speaks")
CAPACITY_NAMES = ("capacity", "fte", "share")
STATION_NAMES = ("station", "homestation", "stationname")
SINCE_NAMES = ("servessince", "since")
CONTACT_NAMES = ("contact", "phone", "telephone")
STATION_X_NAMES = ("stationx", "stationlon", "stationlongitude", *LONGITUDE_NAMES, *EASTING_NAMES)
STATION_Y_NAMES = ("stationy", "stationlat", "stationlatitude", *LATITUDE_NAMES, *NORTHING_NAMES)


_TEXTS = {
    "current_beat": CURRENT_BEAT_NAMES,
    "languages": LANGUAGE_NAMES,
    "station": STATION_NAMES,
    "serves_since": SINCE_NAMES,
    "contact": CONTACT_NAMES,
}
"""Columns of text, and what files call them."""


def read_stations(path: Path, working_crs: CRS) -> pd.DataFrame:
    """Read stations from a table: ``station``, ``x`` and ``y`` in the working CRS, or longitude and latitude.

    Raises
    ------
    InvalidInputError
        A column is missing, or a number cannot be read; names the line.
    """
    raw = read_table(path)
    _refuse_ragged(raw)
    found = find_by_synonym(raw.columns, (*STATION_NAMES, "name"))
    places = _stations(raw, working_crs)
    if found is None or not places:
        raise InvalidInputError(
            f"{raw.name} is no table of stations.",
            f"It needs station, x and y (metres), or lon and lat. Its columns are: {listed(raw.columns)}.",
        )
    return pd.DataFrame({"station": _texts(raw, found), "x": places["station_x"], "y": places["station_y"]})


def read_officers(path: Path, working_crs: CRS, dialect: Dialect | None = None) -> pd.DataFrame:
    """Read officers from a table of any readable format.

    Parameters
    ----------
    path : Path
        A column of badge numbers (``officer_id`` or ``badge``), and where known ``current_beat``, ``languages``,
        ``capacity`` and the station: ``station_x`` and ``station_y`` in the working CRS, or longitude and latitude.
    working_crs : CRS
        CRS of the beats.
    dialect : Dialect, optional
        How a text file is written.

    Returns
    -------
    DataFrame
        ``officer_id`` and, where the file has them, ``station_x``, ``station_y``, ``station``, ``capacity``,
        ``languages``, ``current_beat``, ``serves_since``, ``contact``.

    Raises
    ------
    InvalidInputError
        No column of badge numbers, or a number that cannot be read; names the line.
    """
    raw = read_table(path, dialect)
    found = find_by_synonym(raw.columns, OFFICER_ID_NAMES)
    if found is None:
        raise InvalidInputError(
            f"{raw.name} has no column of badge numbers.",
            f"Call it officer_id or badge. Its columns are: {listed(raw.columns)}.",
        )
    _refuse_ragged(raw)
    columns: dict[str, Any] = {"officer_id": _texts(raw, found)}
    for name, synonyms in _TEXTS.items():
        column = find_by_synonym(raw.columns, synonyms)
        if column is not None:
            columns[name] = _texts(raw, column)
    capacity = find_by_synonym(raw.columns, CAPACITY_NAMES)
    if capacity is not None:
        columns["capacity"] = _numbers(raw, capacity)
    return pd.DataFrame({**columns, **_stations(raw, working_crs)})


def _refuse_ragged(raw: RawTable) -> None:
    if raw.ragged:
        row = raw.ragged[0]
        raise InvalidInputError(
            f"{raw.name}, line {row.line}: {row.found} values, but the header names {row.expected} columns.",
            "Correct the line.",
        )


def _stations(raw: RawTable, working_crs: CRS) -> dict[str, Any]:
    found = [find_by_synonym(raw.columns, names) for names in (STATION_X_NAMES, STATION_Y_NAMES)]
    if found[0] is None or found[1] is None:
        return {}
    x, y = (_numbers(raw, require_column(name, raw.columns, where=raw.name)) for name in found if name)
    known = np.isfinite(x) & np.isfinite(y)
    if known.any() and looks_like_degrees(x[known], y[known]):
        points = gpd.GeoSeries.from_xy(x[known], y[known], crs=WGS84).to_crs(working_crs)
        x, y = x.copy(), y.copy()
        x[known], y[known] = points.x.to_numpy(), points.y.to_numpy()
    return {"station_x": x, "station_y": y}


def _texts(raw: RawTable, column: str) -> pd.Series:
    values = trimmed(raw.column(column)).to_pylist()
    return pd.Series([None if value is None else _text(value) for value in values], dtype=object)


def _text(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _numbers(raw: RawTable, column: str) -> np.ndarray:
    values, unreadable = numbers(trimmed(raw.column(column)), raw.decimal)
    if unreadable.any():
        row = int(np.argmax(unreadable))
        raise InvalidInputError(
            f"{raw.name}, {raw.row_word} {raw.lines[row]}: '{raw.column(column)[row].as_py()}' in column '{column}' "
            "is not a number.",
            "Correct it, or leave it empty.",
        )
    return values
