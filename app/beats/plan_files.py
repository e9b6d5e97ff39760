"""Plans from files: a table of units and beats, or a column of the units."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from analysis.beats.drawn import drawn_plan
from analysis.beats.importing import ImportPreview, preview_assignments
from analysis.beats.plan import BeatPlan
from analysis.beats.problem import BeatProblem
from analysis.wording import counted
from app.beats.unit_files import UnitsRead
from app.errors import InvalidInputError
from app.files.columns import find_by_synonym, listed
from app.files.tables import read_table
from app.files.values import trimmed

BEAT_NAMES = ("beatid", "beat", "beatcode")
UNIT_NAMES = ("unitid", "unit", "id", "code")
MOST_ROWS_NAMED = 20


def plan_table(plan: str, units: UnitsRead) -> pd.DataFrame:
    """Return ``unit_id`` and ``beat_id`` of a plan, as text.

    Parameters
    ----------
    plan : str
        A column of the units, or else the name of a file with a row for each unit.
    units : UnitsRead

    Raises
    ------
    InvalidInputError
        There is neither such a column nor such a file, or the file lacks a column.
    """
    if plan in units.frame.columns:
        beats = units.frame[plan]
        if pd.api.types.is_float_dtype(beats) and (beats.dropna() % 1 == 0).all():
            beats = beats.astype("Int64")
        texts = [None if pd.isna(beat) else str(beat).strip() for beat in beats.tolist()]
        return pd.DataFrame({"unit_id": units.names(), "beat_id": pd.Series(texts, dtype=object)})
    if not Path(plan).exists():
        raise InvalidInputError(
            f"The plan {plan!r} is neither a column of the units nor a file.",
            f"Give a table unit_id,beat_id, or one of: {listed(map(str, units.frame.columns))}.",
        )
    raw = read_table(Path(plan))
    if raw.ragged:
        row = raw.ragged[0]
        raise InvalidInputError(
            f"{raw.name}, line {row.line}: {row.found} values, but the header names {row.expected} columns.",
            "Correct the line.",
        )
    columns = {}
    for name, synonyms in (("unit_id", UNIT_NAMES), ("beat_id", BEAT_NAMES)):
        found = find_by_synonym(raw.columns, synonyms)
        if found is None:
            raise InvalidInputError(
                f"{raw.name} has no column {name!r}.", f"Its columns are: {listed(raw.columns) or 'none'}."
            )
        columns[name] = pd.Series(trimmed(raw.column(found)).to_pylist(), dtype=object)
    return pd.DataFrame(columns)


def whole_plan(problem: BeatProblem, plan: str, table: pd.DataFrame) -> tuple[BeatPlan, ImportPreview]:
    """Return a plan whose every row is good.

    Raises
    ------
    InvalidInputError
        Naming the rows at fault, or the units without a beat.
    """
    preview = preview_assignments(problem, table)
    require_good_rows(plan, preview)
    return drawn_in_order(problem, preview), preview


def drawn_in_order(problem: BeatProblem, preview: ImportPreview) -> BeatPlan:
    """Return the plan of a table with its beats in the order of their names."""
    order = np.argsort(np.array(preview.beat_ids, dtype=str), kind="stable")
    place = np.argsort(order, kind="stable")
    return drawn_plan(problem, place[preview.beat_of_unit], [preview.beat_ids[own] for own in order])


def require_good_rows(plan: str, preview: ImportPreview) -> None:
    """Refuse a plan with rows at fault or units without a beat.

    Raises
    ------
    InvalidInputError
        Naming the first rows at fault, or the units.
    """
    if preview.errors:
        shown = " ".join(error.message for error in preview.errors[:MOST_ROWS_NAMED])
        more = len(preview.errors) - MOST_ROWS_NAMED
        rest = f" And {more:,} more." if more > 0 else ""
        raise InvalidInputError(
            f"{plan}: {counted(len(preview.errors), 'row')} at fault. {shown}{rest}", preview.errors[0].hint
        )
    if preview.missing:
        named = listed(map(str, preview.missing), 10)
        raise InvalidInputError(
            f"{plan}: {counted(len(preview.missing), 'unit has', 'units have')} no beat: {named}.",
            "Give each of them a beat.",
        )
