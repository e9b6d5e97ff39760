"""Municipalities from a file of polygons: one from each, or one out of all."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon
from sqlalchemy.orm import Session

from analysis.summary import Notice
from app.database.sessions import Database
from app.errors import ConflictError, InvalidInputError
from app.files.columns import find_by_synonym, require_column
from app.files.coordinate_systems import crs_text, parse_crs
from app.files.delimited import Dialect
from app.files.places import choose_place_columns, read_geometries
from app.files.shapes import AREAS, MAX_VERTICES, shape_names
from app.files.tables import RawTable, read_table
from app.ingest import repository
from app.ingest.fields import spelled
from app.ingest.locating import to_wgs84
from app.ingest.profiles import require_timezone
from app.municipalities import service as municipalities

_COLUMNS = {
    "name": spelled("name municipality municipio city town gemeinde commune nom nombre namelsad"),
    "code": spelled("code id geoid slug"),
    "working_crs": spelled("workingcrs crs epsg"),
    "time_zone": spelled("timezone tz"),
}


@dataclass(frozen=True)
class MunicipalityOptions:
    """What the caller says about municipalities; it takes precedence over the columns of the file.

    Attributes
    ----------
    dissolve : bool
        Make one municipality out of all polygons.
    skip_invalid : bool
        Leave invalid polygons out instead of refusing the file.
    name, code : str, optional
        Of the one municipality.
    crs : str, optional
        CRS of the file, where it states none.
    working_crs : str, optional
        Projected CRS in metres; by default the UTM zone.
    time_zone : str, optional
        IANA name.
    layer : str, optional
        Layer of a GeoPackage of several.
    """

    dissolve: bool = False
    skip_invalid: bool = False
    name: str | None = None
    code: str | None = None
    crs: str | None = None
    working_crs: str | None = None
    time_zone: str | None = None
    layer: str | None = None


@dataclass(frozen=True)
class MunicipalityReport:
    """Codes of the municipalities that were made, of those that were there already, and warnings."""

    created: tuple[str, ...]
    unchanged: tuple[str, ...]
    notices: tuple[Notice, ...]


def import_municipalities(database: Database, path: Path, options: MunicipalityOptions) -> MunicipalityReport:
    """Store the municipalities of a file; all of them or, on any error, none.

    Parameters
    ----------
    database : Database
        Where to.
    path : Path
        Polygons in any readable format.
    options : MunicipalityOptions
        What the caller says about them.

    Raises
    ------
    InvalidInputError
        If a polygon is not valid, or a name or time zone is missing.
    ConflictError
        If a municipality of that code has another boundary.
    """
    raw = read_table(path, Dialect(layer=options.layer))
    shapes, kept, notices = _boundaries(raw, options)
    if options.dissolve:
        rows = [_Row(shapely.union_all(shapes), {})]
    else:
        rows = [_Row(shape, _texts(raw, row)) for shape, row in zip(shapes, kept.tolist(), strict=True)]
    if len(rows) > 1 and (options.name or options.code):
        raise InvalidInputError(
            f"{raw.name} holds {len(rows)} polygons, but one name or code is given.",
            "Add --dissolve to make one municipality of them.",
        )
    created: list[str] = []
    unchanged: list[str] = []
    with database.transaction() as session:
        for row in rows:
            code, is_new = _store(session, row, options, raw.name)
            (created if is_new else unchanged).append(code)
    return MunicipalityReport(tuple(created), tuple(unchanged), (*raw.notices, *notices))


@dataclass(frozen=True)
class _Row:
    """A boundary in WGS 84 with the texts that the file says about it."""

    shape: Any
    texts: dict[str, str]


def _boundaries(
    raw: RawTable, options: MunicipalityOptions
) -> tuple[NDArray[np.object_], NDArray[np.int64], list[Notice]]:
    """Return the polygons in WGS 84, their rows, and what was left out."""
    place = choose_place_columns(raw, crs=None if options.crs is None else parse_crs(options.crs))
    shapes = read_geometries(raw, replace(place, x=None, y=None))
    if not np.isin(shapely.get_type_id(shapes), AREAS).all():
        raise InvalidInputError(
            f"{raw.name} holds {shape_names(shapes)}, but areas are needed.", "Choose another file."
        )
    sound = shapely.is_valid(shapes) & (shapely.get_num_coordinates(shapes) <= MAX_VERTICES)
    if sound.all():
        return to_wgs84(shapes, place.crs), np.arange(len(shapes)), []
    first = int(np.argmin(sound))
    problem = f"{raw.name}, {raw.row_word} {raw.lines[first]}: {shapely.is_valid_reason(shapes[first])}"
    if not options.skip_invalid or not sound.any():
        raise InvalidInputError(
            f"{problem}; {int((~sound).sum())} of {len(shapes)} polygons are not valid.",
            "Repair them ('Fix geometries' in QGIS), or leave a gap in the boundary with --skip-invalid.",
        )
    left_out = Notice("left_out", f"{problem}: {int((~sound).sum())} invalid polygons were left out of the boundary.")
    return to_wgs84(shapes[sound], place.crs), np.flatnonzero(sound), [left_out]


def _texts(raw: RawTable, row: int) -> dict[str, str]:
    found = {name: find_by_synonym(raw.columns, synonyms) for name, synonyms in _COLUMNS.items()}
    columns = {name: require_column(column, raw.columns, where=raw.name) for name, column in found.items() if column}
    values = {name: raw.attributes[column][row].as_py() for name, column in columns.items()}
    return {name: str(value).strip() for name, value in values.items() if value not in {None, ""}}


def _store(session: Session, row: _Row, options: MunicipalityOptions, where: str) -> tuple[str, bool]:
    """Store a municipality and return its code and whether it is new."""
    name = options.name or row.texts.get("name") or row.texts.get("code") or options.code
    zone = options.time_zone or row.texts.get("time_zone")
    if not name:
        raise InvalidInputError(f"{where} names no municipality.", "Give --name (and --dissolve for many polygons).")
    if not zone:
        raise InvalidInputError(
            f"The time zone of {name} is not known.", "Give its IANA name, for example --timezone Europe/Riga."
        )
    require_timezone(zone)
    code = options.code or code_of(row.texts.get("code") or name)
    boundary = row.shape if isinstance(row.shape, MultiPolygon) else MultiPolygon([row.shape])
    stored = repository.find_boundary(session, code)
    if stored is not None:
        if stored.normalize().equals_exact(boundary.normalize(), 1e-9):
            return code, False
        raise ConflictError(
            f"There is a municipality '{code}' with another boundary.",
            "Give another --code or keep that one.",
        )
    crs = options.working_crs or row.texts.get("working_crs")
    metric = None if crs is None else crs_text(parse_crs(crs))
    municipalities.create_municipality(
        session, code=code, name=name, boundary=boundary, time_zone=zone, metric_crs=metric
    )
    return code, True


def code_of(name: str) -> str:
    """Return a code made of a name: lower-case letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    code = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:63]
    if not code:
        raise InvalidInputError(f"No code can be made of the name '{name}'.", "Give one with --code.")
    return code
