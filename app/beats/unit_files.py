"""Areal units from a file, with what the beats are to be drawn by."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
from shapely.geometry.base import BaseGeometry

from analysis.summary import Notice
from app.beats.computing import BeatRequest
from app.beats.event_work import EVENTS_TERM, TRAVEL_TERM, CountedEvents, event_work
from app.files.areas import read_study_area
from app.files.columns import find_by_synonym, require_column
from app.files.delimited import Dialect
from app.files.reading import read_features

UNIT_ID_NAMES = ("unitid", "unit", "id", "code", "unitcode", "geoid", r"geoid\d\d", "fid", "objectid", "gid", "block")
AREA_TERM = "area_km2"
"""Workload term that needs no column."""


@dataclass(frozen=True)
class UnitFile:
    """Which units, and how to read them.

    Attributes
    ----------
    path : Path
        File of areas or points of any readable format.
    crs, working_crs, x, y, dialect
        As for points.
    study_area : Path or None
        Areas that point units are spread over.
    events : CountedEvents or None
        Events to count by unit: the workload terms ``events`` and ``travel_km``.
    """

    path: Path
    crs: str | None = None
    working_crs: str | None = None
    x: str | None = None
    y: str | None = None
    dialect: Dialect = field(default_factory=Dialect)
    study_area: Path | None = None
    events: CountedEvents | None = None


@dataclass(frozen=True, eq=False)
class UnitsRead:
    """Units of a file, and the request as it holds for them.

    Attributes
    ----------
    frame : GeoDataFrame
        In the working CRS.
    request : BeatRequest
        With the column that names the units.
    study_area : Polygon, MultiPolygon or None
    excluded : dict of str to int
        Rows left out, by reason.
    notices : tuple of Notice
    """

    frame: gpd.GeoDataFrame
    request: BeatRequest
    study_area: BaseGeometry | None
    excluded: dict[str, int]
    notices: tuple[Notice, ...]

    def names(self) -> list[str]:
        """Return the names of the units."""
        column = self.request.unit_id
        return [str(name) for name in (self.frame.index if column is None else self.frame[column]).tolist()]


def read_units(file: UnitFile, request: BeatRequest) -> UnitsRead:
    """Read units with the columns that a request names.

    Raises
    ------
    KvartError, AnalysisError
        A file cannot be used, or lacks a column.
    """
    terms = _terms(request)
    made = {AREA_TERM} | ({EVENTS_TERM, TRAVEL_TERM} if file.events is not None else set())
    named = [request.residents, request.hard_boundary, request.current, request.unit_id, *request.languages.values()]
    required = [name for name in (*named, *(term for term in terms if term not in made)) if name is not None]
    found = read_features(
        file.path,
        crs=file.crs,
        x=file.x,
        y=file.y,
        working_crs=file.working_crs,
        expect="units",
        required=required,
        dialect=file.dialect,
    )
    units, column, notice = _with_unit_ids(found.frame, request.unit_id)
    area = None if file.study_area is None else read_study_area(file.study_area, units.crs).geometry.iloc[0]
    excluded, notices = dict(found.excluded), (*found.notices, *notice)
    if AREA_TERM in terms and AREA_TERM not in units.columns:
        units = units.assign(**{AREA_TERM: units.geometry.area / 1e6})
    if file.events is not None:
        work = event_work(units, file.events, terms)
        units, excluded = units.assign(**work.columns), excluded | work.excluded
        request = dataclasses.replace(request, workload=request.workload or EVENTS_TERM)
    return UnitsRead(units, dataclasses.replace(request, unit_id=column), area, excluded, notices)


def _terms(request: BeatRequest) -> tuple[str, ...]:
    """Return the columns that the workload is made of."""
    if request.workload is None:
        return ()
    return tuple(request.workload) if isinstance(request.workload, Mapping) else (request.workload,)


def _with_unit_ids(
    units: gpd.GeoDataFrame, unit_id: str | None
) -> tuple[gpd.GeoDataFrame, str | None, tuple[Notice, ...]]:
    """Find the column that names the units: the one asked for, one called like it, or the number of the row."""
    if unit_id is not None:
        require_column(unit_id, list(units.columns), where="The units")
        return units, unit_id, ()
    columns = [name for name in units.columns if name != units.geometry.name]
    for synonym in UNIT_ID_NAMES:
        column = find_by_synonym(columns, (synonym,))
        if column is not None and units[column].notna().all() and units[column].is_unique:
            return units, column, (Notice("unit_id_column", f"Units are named by their column '{column}'."),)
    numbered = units.set_axis(range(1, len(units) + 1), axis=0)
    notice = Notice("unit_id_row", "No column of unique unit ids was found: units are named by their row, from 1.")
    if "unit_id" in numbered.columns:
        numbered = numbered.rename(columns={"unit_id": "unit_id (given)"})
    return numbered, None, (notice,)
