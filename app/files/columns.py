"""Finding columns by name: exact, by synonym, or the nearest match for an error message."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence

from app.errors import InvalidInputError

LONGITUDE_NAMES = (
    "longitude", "longitud", "lon", "lng", "long", "longitudewgs84", "lonwgs84", "gpslongitude", "gpslon", "geolon",
    "geolongitude", "pointlongitude", "locationlongitude", "longitudex", "xlongitude", "xlon", "xlong", "laengengrad",
    "langengrad", "decimallongitude", "startlng", "loclong",
)  # fmt: skip
LATITUDE_NAMES = (
    "latitude", "latitud", "lat", "latitudewgs84", "latwgs84", "gpslatitude", "gpslat", "geolat", "geolatitude",
    "pointlatitude", "locationlatitude", "latitudey", "ylatitude", "ylat", "breitengrad", "decimallatitude",
    "startlat", "loclat",
)  # fmt: skip
EASTING_NAMES = (
    "x", "xcoordinate", "xcoord", "xcoordinat", "coordx", "coordinatex", "easting", "eastings", "east", "utmx", "utme",
    "pointx", "geox", "xm", "xutm", "rechtswert", "gridx", "bnge", "xcoorden",
)  # fmt: skip
NORTHING_NAMES = (
    "y", "ycoordinate", "ycoord", "ycoordinat", "coordy", "coordinatey", "northing", "northings", "north", "utmy",
    "utmn", "pointy", "geoy", "ym", "yutm", "hochwert", "gridy", "bngn", "ycoorden",
)  # fmt: skip
GEOMETRY_NAMES = ("wkt", "geometry", "geom", "thegeom", "geometrywkt", "geomwkt", "wktgeom", "multipolygon", "shape")


def normalised(name: str) -> str:
    """Return a column name in lower case without accents and without anything but letters and digits."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return "".join(character for character in plain.lower() if character.isalnum())


def find_by_synonym(columns: Iterable[str], synonyms: Sequence[str]) -> str | None:
    """Return the column whose normalised name first matches one of ``synonyms``, or None.

    Parameters
    ----------
    columns : iterable of str
        Column names.
    synonyms : sequence of str
        Regular expressions that must match a whole normalised name, best first.
    """
    by_name: dict[str, str] = {}
    for column in columns:
        by_name.setdefault(normalised(column), column)
    for synonym in synonyms:
        for name, column in by_name.items():
            if re.fullmatch(synonym, name):
                return column
    return None


def nearest(name: str, choices: Iterable[str]) -> str | None:
    """Return the choice that is spelled most like ``name``, or None where none is near."""
    by_name = {normalised(choice): choice for choice in choices}
    matches = difflib.get_close_matches(normalised(name), list(by_name), n=1, cutoff=0.6)
    return by_name[matches[0]] if matches else None


def require_column(name: str, columns: Sequence[str], *, where: str) -> str:
    """Return the column called ``name`` (or, where only case differs, the one column that is spelled so).

    Parameters
    ----------
    name : str
        The column asked for.
    columns : sequence of str
        The columns that exist.
    where : str
        File name for the message.

    Raises
    ------
    InvalidInputError
        If there is no such column; the message names those that exist and the nearest match.
    """
    if name in columns:
        return name
    same = [column for column in columns if column.casefold() == name.casefold()]
    if len(same) == 1:
        return same[0]
    near = nearest(name, columns)
    hint = f"Did you mean '{near}'? " if near else ""
    raise InvalidInputError(f"{where} has no column '{name}'.", f"{hint}Its columns are: {listed(columns)}.")


def listed(names: Iterable[str], limit: int = 30) -> str:
    """Return names as a list for a message, cut after ``limit``."""
    shown = list(names)
    return ", ".join(shown[:limit]) + (f" and {len(shown) - limit} more" if len(shown) > limit else "")
