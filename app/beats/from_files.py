"""Beats from a file of areal units, without a database."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd

from analysis.summary import Notice
from app.beats.changes import moved_by_plan
from app.beats.computing import BeatRequest, BeatResult, Progress, compute_beats
from app.beats.officer_files import read_officers
from app.files.areas import read_study_area
from app.files.columns import find_by_synonym, require_column
from app.files.delimited import Dialect
from app.files.reading import read_features
from app.files.spreadsheets import csv_text
from app.files.writing import OutputFiles, check_outputs
from app.maps.documents import ResidentBand, beat_map
from app.maps.saving import saved_map_context

UNIT_ID_NAMES = ("unitid", "unit", "id", "code", "unitcode", "geoid", r"geoid\d\d", "fid", "objectid", "gid", "block")


@dataclass(frozen=True)
class UnitsRequest:
    """Which units, how to divide them, and what to write.

    Attributes
    ----------
    units : Path
        File of areas or points of any readable format.
    out : Path
        Layer of beats to write.
    columns : BeatRequest
        Columns, bounds and seed.
    officers : Path or None
        Table of officers.
    study_area : Path or None
        Areas that point units are spread over.
    crs, working_crs, x, y, dialect
        As for points.
    assignments, report, map : Path or None
        Further files to write: CSV, JSON and HTML.
    title : str or None
        Heading of the map.
    """

    units: Path
    out: Path
    columns: BeatRequest
    officers: Path | None = None
    crs: str | None = None
    working_crs: str | None = None
    x: str | None = None
    y: str | None = None
    dialect: Dialect = field(default_factory=Dialect)
    assignments: Path | None = None
    report: Path | None = None
    map: Path | None = None
    title: str | None = None
    study_area: Path | None = None


@dataclass(frozen=True)
class BeatOutcome:
    """The plan and the files that were written."""

    result: BeatResult
    written: tuple[Path, ...]


def draw_beats(request: UnitsRequest, progress: Progress | None = None) -> BeatOutcome:
    """Read units, draw beats, match officers, and write every output or none.

    Raises
    ------
    KvartError, AnalysisError
        An input cannot be used, or an output not written; nothing was written.
    """
    check_outputs(request.units, layer=request.out, html=request.map, csv=request.assignments, json=request.report)
    asked = request.columns
    named = [asked.residents, asked.workload, asked.hard_boundary, asked.current, asked.unit_id]
    found = read_features(
        request.units,
        crs=request.crs,
        x=request.x,
        y=request.y,
        working_crs=request.working_crs,
        expect="units",
        required=[name for name in named if name is not None],
        dialect=request.dialect,
    )
    units, asked, notice = _with_unit_ids(found.frame, asked)
    officers = None if request.officers is None else read_officers(request.officers, units.crs)
    area = None if request.study_area is None else read_study_area(request.study_area, units.crs)
    result = compute_beats(
        units,
        asked,
        officers=officers,
        study_area=None if area is None else area.geometry.iloc[0],
        excluded=found.excluded,
        notices=(*found.notices, *notice),
        progress=progress,
    )
    with OutputFiles() as outputs:
        _write(outputs, request, result)
        written = outputs.paths
    return BeatOutcome(result, written)


def _with_unit_ids(
    units: gpd.GeoDataFrame, asked: BeatRequest
) -> tuple[gpd.GeoDataFrame, BeatRequest, tuple[Notice, ...]]:
    """Find the column that names the units: the one asked for, one called like it, or the number of the row."""
    if asked.unit_id is not None:
        require_column(asked.unit_id, list(units.columns), where="The units")
        return units, asked, ()
    columns = [name for name in units.columns if name != units.geometry.name]
    for synonym in UNIT_ID_NAMES:
        column = find_by_synonym(columns, (synonym,))
        if column is not None and units[column].notna().all() and units[column].is_unique:
            notice = Notice("unit_id_column", f"Units are named by their column '{column}'.")
            return units, dataclasses.replace(asked, unit_id=column), (notice,)
    numbered = units.set_axis(range(1, len(units) + 1), axis=0)
    notice = Notice("unit_id_row", "No column of unique unit ids was found: units are named by their row, from 1.")
    if "unit_id" in numbered.columns:
        numbered = numbered.rename(columns={"unit_id": "unit_id (given)"})
    return numbered, asked, (notice,)


def _write(outputs: OutputFiles, request: UnitsRequest, result: BeatResult) -> None:
    outputs.layer(result.frame, request.out)
    if request.assignments is not None:
        outputs.text(csv_text(result.plan.assignments), request.assignments)
    if request.report is not None:
        outputs.text(json.dumps(result.report(), ensure_ascii=False, indent=2, allow_nan=False) + "\n", request.report)
    if request.map is not None:
        title = request.title or f"Beats: {request.units.name}"
        context = saved_map_context(
            result.summary, title=title, units="residents per beat", source=request.units, boundary=None
        )
        band = ResidentBand(request.columns.min_residents, request.columns.max_residents)
        reasons = {
            reason.beat_id: f"{reason.message} {reason.hint}" for reason in result.plan.reasons if reason.beat_id
        }
        moved = moved_by_plan(result.plan)
        outputs.text(beat_map(result.frame, context, band=band, reasons=reasons, moved=moved), request.map)
