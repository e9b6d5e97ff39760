"""Beats from a file of areal units, without a database."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.beats.proof import Proof, prove
from analysis.beats.trade_off import TradeOffPoint
from analysis.summary import Notice
from app.beats.changes import moved_by_plan
from app.beats.computing import BeatRequest, BeatResult, Progress, compute_beats, compute_trade_off
from app.beats.condition_files import ConditionInput, conditions_of, officer_conditions_of
from app.beats.officer_files import read_officers, read_stations
from app.beats.plan_files import plan_table
from app.beats.unit_files import UnitFile, UnitsRead, read_units
from app.errors import InvalidInputError
from app.files.spreadsheets import csv_text
from app.files.writing import OutputFiles, check_outputs
from app.maps.documents import ResidentBand, beat_map
from app.maps.saving import saved_map_context

CURRENT = "current beat (table)"
"""Column of the beats in force where they come from a table."""


@dataclass(frozen=True)
class FileRequest:
    """Which units, and how to divide them.

    Attributes
    ----------
    units : UnitFile
    columns : BeatRequest
        Columns, bounds, weights and seed; ``current`` is a column of the units or a table ``unit_id,beat_id``.
    conditions : ConditionInput
    officers, stations : Path or None
        Table of officers, and of the stations that they name.
    """

    units: UnitFile
    columns: BeatRequest
    conditions: ConditionInput = field(default_factory=ConditionInput)
    officers: Path | None = None
    stations: Path | None = None


@dataclass(frozen=True)
class PlanOutputs:
    """What is written: a layer, and where named a table, a report and a map.

    Attributes
    ----------
    out, assignments, report, map : Path or None
        Layer of beats, CSV, JSON and HTML.
    title : str or None
        Heading of the map.
    """

    out: Path
    assignments: Path | None = None
    report: Path | None = None
    map: Path | None = None
    title: str | None = None


@dataclass(frozen=True)
class Staffing:
    """Officers and stations of the files of a request."""

    officers: pd.DataFrame | None
    stations: pd.DataFrame | None
    notices: tuple[Notice, ...]


@dataclass(frozen=True)
class BeatOutcome:
    """The plan, the proof where one was asked for, and the files that were written."""

    result: BeatResult
    written: tuple[Path, ...]
    proof: Proof | None = None


def draw_beats(
    request: FileRequest, outputs: PlanOutputs, progress: Progress | None = None, proof_s: float | None = None
) -> BeatOutcome:
    """Read units, draw beats, match officers, and write every output or none.

    Parameters
    ----------
    request : FileRequest
    outputs : PlanOutputs
    progress : callable, optional
        Told the fraction done and what is being done.
    proof_s : float or None
        Seconds for a proof of how even the plan could be.

    Raises
    ------
    KvartError, AnalysisError
        An input cannot be used, or an output not written; nothing was written.
    """
    check_outputs(
        request.units.path,
        layer=outputs.out,
        html=outputs.map,
        csv=outputs.assignments,
        json=outputs.report,
    )
    units = units_of(request)
    staffing = staffing_of(request, units)
    result = compute_beats(
        units.frame,
        units.request,
        officers=staffing.officers,
        stations=staffing.stations,
        study_area=units.study_area,
        excluded=units.excluded,
        notices=(*units.notices, *staffing.notices),
        progress=progress,
    )
    proof = None if proof_s is None else prove(result.plan, time_limit_s=proof_s, seed=units.request.seed)
    with OutputFiles() as files:
        write_plan(files, request, outputs, result, proof)
        written = files.paths
    return BeatOutcome(result, written, proof)


def draw_trade_off(
    request: FileRequest, table: Path | None, progress: Progress | None = None
) -> tuple[tuple[TradeOffPoint, ...], tuple[Path, ...]]:
    """Draw five plans from the most compact to the most even; return them and the files written.

    Raises
    ------
    KvartError, AnalysisError
        An input cannot be used, or the table not written.
    """
    check_outputs(request.units.path, csv=table)
    units = units_of(request)
    points = compute_trade_off(units.frame, units.request, study_area=units.study_area, progress=progress)
    with OutputFiles() as files:
        if table is not None:
            files.text(csv_text(trade_off_table(points)), table)
        return points, files.paths


def trade_off_table(points: tuple[TradeOffPoint, ...]) -> pd.DataFrame:
    """Return a row for each plan of a trade-off."""
    return pd.DataFrame(
        [
            {
                "evenness": point.evenness,
                "beats": point.plan.report.beats,
                "within_bounds": point.plan.report.within_bounds,
                "workload_cv": round(point.plan.report.workload_cv, 4),
                "polsby_popper_mean": round(point.plan.report.polsby_popper_mean, 4),
                "moved_residents": point.plan.report.moved_residents,
                "surpassed": point.surpassed,
            }
            for point in points
        ]
    )


def units_of(request: FileRequest) -> UnitsRead:
    """Read the units of a request, the plan in force and the conditions.

    Raises
    ------
    KvartError, AnalysisError
        A file cannot be used.
    """
    document = request.conditions.read()
    asked = dataclasses.replace(
        request.columns,
        languages=document.officers.languages,
        as_of=request.columns.as_of or document.officers.as_of,
    )
    current = asked.current
    table = current is not None and Path(current).is_file()
    units = read_units(request.units, dataclasses.replace(asked, current=None) if table else asked)
    frame, columns = units.frame, units.request
    if current is not None and table:
        frame, columns = _with_current(units, current)
    crs = frame.crs
    if crs is None:
        raise InvalidInputError(f"{request.units.path.name} has no CRS.", "Name it with --crs.")
    columns = dataclasses.replace(
        columns,
        conditions=conditions_of(document, request.conditions.barriers, crs),
        officer_conditions=officer_conditions_of(document),
    )
    return dataclasses.replace(units, frame=frame, request=columns)


def staffing_of(request: FileRequest, units: UnitsRead) -> Staffing:
    """Read the officers of a request and their stations.

    Raises
    ------
    InvalidInputError
        A file cannot be used.
    """
    crs = units.frame.crs
    officers = None if request.officers is None else read_officers(request.officers, crs)
    stations = None if request.stations is None else read_stations(request.stations, crs)
    notices: tuple[Notice, ...] = ()
    if officers is not None and stations is None and "station" in officers and "station_x" not in officers:
        told = "The officers name stations without a place: the way to work does not count. --stations gives places."
        notices = (Notice("stations_without_place", told),)
    return Staffing(officers, stations, notices)


def write_plan(
    files: OutputFiles,
    request: FileRequest,
    outputs: PlanOutputs,
    result: BeatResult,
    proof: Proof | None = None,
) -> None:
    """Write a plan as layer, table, report and map."""
    files.layer(result.frame, outputs.out)
    if outputs.assignments is not None:
        files.text(csv_text(result.plan.assignments), outputs.assignments)
    if outputs.report is not None:
        report = result.report() | {"proof": None if proof is None else proof_figures(proof)}
        files.text(json.dumps(report, ensure_ascii=False, indent=2, allow_nan=False) + "\n", outputs.report)
    if outputs.map is not None:
        title = outputs.title or f"Beats: {request.units.path.name}"
        context = saved_map_context(
            result.summary, title=title, units="residents per beat", source=request.units.path, boundary=None
        )
        band = ResidentBand(request.columns.min_residents, request.columns.max_residents)
        moved = moved_by_plan(result.plan)
        files.text(beat_map(result.frame, context, band=band, reasons=result.reasons, moved=moved), outputs.map)


def proof_figures(proof: Proof) -> dict[str, Any]:
    """Return a proof as plain values; None for what is not known."""
    figures = {name: getattr(proof, name) for name in ("bound", "peak", "gap", "plan_peak", "plan_gap")}
    finite = {name: value if abs(value) != float("inf") else None for name, value in figures.items()}
    return {**finite, "optimal": proof.optimal}


def _with_current(units: UnitsRead, current: str) -> tuple[Any, BeatRequest]:
    """Return the units with the plan in force of a table as a column."""
    table = plan_table(current, units)
    names = units.names()
    known = set(names)
    for row, (unit, again) in enumerate(zip(table["unit_id"], table["unit_id"].duplicated(), strict=True), start=1):
        if str(unit) not in known or again:
            wrong = "occurs twice" if again else "does not exist"
            raise InvalidInputError(f"{current}, row {row}: unit '{unit}' {wrong}.", "Correct the table.")
    beat = dict(zip(table["unit_id"].astype(str), table["beat_id"], strict=True))
    column = pd.Series([beat.get(name) for name in names], dtype=object, index=units.frame.index)
    return units.frame.assign(**{CURRENT: column}), dataclasses.replace(units.request, current=CURRENT)
