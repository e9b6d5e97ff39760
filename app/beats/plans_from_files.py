"""Plans that exist already, from files: officers for them, checks, comparison, sheets to print."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis.beats.comparison import PlanComparison, compare_plans
from analysis.beats.importing import ImportPreview, preview_assignments
from analysis.beats.integrity import Check, integrity_checks
from analysis.beats.problem import BeatProblem
from app.beats.changes import moved_between, with_changes
from app.beats.computing import BeatResult, problem_of, with_officers
from app.beats.from_files import FileRequest, PlanOutputs, staffing_of, units_of, write_plan
from app.beats.plan_files import drawn_in_order, plan_table, require_good_rows, whole_plan
from app.beats.unit_files import UnitsRead
from app.charts.beat_sheets import BeatContact, beat_sheets
from app.charts.captions import Caption
from app.errors import InvalidInputError
from app.files.reading import read_features
from app.files.spreadsheets import csv_text
from app.files.writing import OutputFiles, check_outputs
from app.maps.documents import ResidentBand, beat_map
from app.maps.saving import saved_map_context
from app.settings import MapSettings


@dataclass(frozen=True)
class CheckOutcome:
    """What was found out about a plan.

    Attributes
    ----------
    preview : ImportPreview
        Rows at fault, units without a beat.
    checks : tuple of Check
        The six checks.
    result : BeatResult or None
        The plan with its reasons, where every row is good and every unit has a beat.
    written : tuple of Path
    """

    preview: ImportPreview
    checks: tuple[Check, ...]
    result: BeatResult | None
    written: tuple[Path, ...]

    @property
    def passed(self) -> bool:
        """Whether all checks pass."""
        return all(check.passed for check in self.checks)


@dataclass(frozen=True)
class ChangeOutcome:
    """What changes from one plan to another, and the files written."""

    comparison: PlanComparison
    everyone: int
    written: tuple[Path, ...]


def match_officers(
    request: FileRequest, plan: str, out: Path | None, outputs: PlanOutputs | None = None
) -> tuple[BeatResult, tuple[Path, ...]]:
    """Give each beat of a plan one permanent officer; write a table, and with ``outputs`` the plan with them.

    Raises
    ------
    KvartError, AnalysisError
        A file cannot be used; names the row or the officer at fault.
    """
    check_outputs(request.units.path, csv=out)
    units = units_of(request)
    problem = problem_of(units.frame, units.request, units.study_area)
    drawn, _ = whole_plan(problem, plan, plan_table(plan, units))
    staffing = staffing_of(request, units)
    result = with_officers(
        drawn,
        units.request,
        units.frame,
        officers=staffing.officers,
        stations=staffing.stations,
        excluded=units.excluded,
        notices=(*units.notices, *staffing.notices),
    )
    with OutputFiles() as files:
        if out is not None:
            files.text(csv_text(officer_table(result)), out)
        if outputs is not None:
            write_plan(files, request, outputs, result)
        return result, files.paths


def officer_table(result: BeatResult) -> pd.DataFrame:
    """Return a row for each officer of each beat, and for each vacancy."""
    rows = []
    for beat, residents in zip(result.plan.beat_ids, result.plan.totals.residents.tolist(), strict=True):
        held = result.matching.officers_of_beat[beat] if result.matching is not None else ()
        way = result.matching.travel_km.get(beat) if result.matching is not None else None
        for at, officer in enumerate(held or (None,)):
            km = None if at or way is None else round(way, 3)
            rows.append({"beat_id": beat, "officer_id": officer, "residents": residents, "travel_km": km})
    return pd.DataFrame(rows, columns=["beat_id", "officer_id", "residents", "travel_km"])


def check_plan(request: FileRequest, plan: str, outputs: PlanOutputs | None = None) -> CheckOutcome:
    """Look at a plan row by row and make the six checks; with ``outputs`` write it with its reasons.

    Raises
    ------
    KvartError, AnalysisError
        A file cannot be used, or outputs are asked for and a row is at fault.
    """
    if outputs is not None:
        check_outputs(request.units.path, layer=outputs.out, html=outputs.map, json=outputs.report)
    units = units_of(request)
    problem = problem_of(units.frame, units.request, units.study_area)
    table = plan_table(plan, units)
    preview = preview_assignments(problem, table)
    checks = integrity_checks(problem, _known_rows(problem, table))
    if not preview.complete:
        if outputs is not None:
            require_good_rows(plan, preview)
        return CheckOutcome(preview, checks, None, ())
    drawn = drawn_in_order(problem, preview)
    result = with_officers(drawn, units.request, units.frame, excluded=units.excluded, notices=units.notices)
    with OutputFiles() as files:
        if outputs is not None:
            write_plan(files, request, outputs, result)
        return CheckOutcome(preview, checks, result, files.paths)


def compare_files(
    request: FileRequest,
    plans: tuple[str, str],
    *,
    table: Path | None = None,
    map_file: Path | None = None,
    title: str | None = None,
) -> ChangeOutcome:
    """Compare two plans of the same units; write a row for each beat, and a map of who moves.

    Raises
    ------
    KvartError, AnalysisError
        A file cannot be used; names the row at fault.
    """
    check_outputs(request.units.path, csv=table, html=map_file)
    units = units_of(request)
    problem = problem_of(units.frame, units.request, units.study_area)
    before, after = (plan_table(plan, units) for plan in plans)
    require_good_rows(plans[0], dataclasses.replace(preview_assignments(problem, before), missing=()))
    drawn, _ = whole_plan(problem, plans[1], after)
    comparison = compare_plans(problem, before, after)
    result = with_officers(drawn, units.request, units.frame, excluded=units.excluded, notices=units.notices)
    with OutputFiles() as files:
        if table is not None:
            files.text(csv_text(comparison.beats), table)
        if map_file is not None:
            context = saved_map_context(
                result.summary,
                title=title or f"From {Path(plans[0]).name} to {Path(plans[1]).name}",
                units="residents per beat",
                source=request.units.path,
                boundary=None,
            )
            document = beat_map(
                with_changes(result.frame, comparison),
                context,
                band=ResidentBand(request.columns.min_residents, request.columns.max_residents),
                reasons=result.reasons,
                moved=moved_between(problem, before, after, comparison),
            )
            files.text(document, map_file)
        return ChangeOutcome(comparison, int(problem.residents.sum()), files.paths)


def print_sheets(
    request: FileRequest,
    plan: str,
    out: Path,
    *,
    streets: Path | None = None,
    street_name: str = "name",
    only: Sequence[str] | None = None,
    title: str | None = None,
) -> tuple[Path, ...]:
    """Write a PDF with one page for each beat: map, streets, residents, workload, officer.

    Raises
    ------
    KvartError, AnalysisError
        A file cannot be used; names the row at fault.
    """
    check_outputs(request.units.path, pdf=out)
    units = units_of(request)
    problem = problem_of(units.frame, units.request, units.study_area)
    drawn, _ = whole_plan(problem, plan, plan_table(plan, units))
    lines = None if streets is None else read_features(streets, working_crs=units.frame.crs, expect="lines").frame
    if lines is not None and street_name not in lines.columns:
        lines = lines.assign(**{street_name: None})
    caption = Caption(title or Path(plan).name, request.units.path.name, MapSettings().handling_mark)
    with OutputFiles() as files:
        document = beat_sheets(
            drawn.frame,
            caption,
            contacts=_contacts(request, units),
            streets=lines,
            street_name=street_name,
            only=only,
        )
        files.content(document, out)
        return files.paths


def _contacts(request: FileRequest, units: UnitsRead) -> dict[str, BeatContact | None] | None:
    """Return how residents reach the officer of each beat, by the officers' column ``current_beat``."""
    officers = staffing_of(request, units).officers
    if officers is None:
        return None
    if "current_beat" not in officers:
        raise InvalidInputError(
            "The officers have no column 'current_beat'.", "`kvart beats officers` assigns officers to beats."
        )
    blank = pd.Series([None] * len(officers), dtype=object)
    columns = [officers.get(name, blank) for name in ("current_beat", "officer_id", "contact", "station", "languages")]
    contacts: dict[str, BeatContact | None] = {}
    for beat, officer, contact, station, languages in zip(*columns, strict=True):
        if beat is not None:
            spoken = tuple(part.strip() for part in (languages or "").replace("|", ";").split(";") if part.strip())
            contacts[str(beat)] = BeatContact(str(officer), contact or "", spoken, station or "")
    return contacts


def _known_rows(problem: BeatProblem, table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose unit exists, with None for a beat that is blank."""
    known = table[[str(unit) in problem.row_of_unit for unit in table["unit_id"]]]
    return known.assign(beat_id=[None if pd.isna(beat) or not str(beat) else str(beat) for beat in known["beat_id"]])
