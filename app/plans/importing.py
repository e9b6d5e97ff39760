"""A plan from a table of units and beats, or from a layer: looked at first, then stored as a draft."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from sqlalchemy.orm import Session

from analysis.beats.drawn import drawn_plan
from analysis.beats.importing import ImportPreview, preview_assignments
from app.beats import service as beats
from app.beats.schemas import AllocationParameters
from app.errors import InvalidInputError
from app.municipalities.context import MunicipalityContext
from app.plans.layers import LAYER_SUFFIXES, preview_layer
from app.plans.measuring import plan_input

COLUMNS = ("unit_id", "beat_id")


@dataclass(frozen=True)
class ImportOutcome:
    """What a file makes, or would make.

    Attributes
    ----------
    preview : ImportPreview
    plan_id : int or None
        The draft; None where nothing was stored.
    """

    preview: ImportPreview
    plan_id: int | None


def import_plan(
    session: Session, municipality: MunicipalityContext, file: Path, parameters: AllocationParameters, *, dry_run: bool
) -> ImportOutcome:
    """Read a plan from a file and store it as a draft if every row is good and every unit has a beat.

    Parameters
    ----------
    session : Session
    municipality : MunicipalityContext
    file : Path
        CSV with ``unit_id`` and ``beat_id`` (comma or semicolon), or a layer (GeoJSON, GeoPackage) with ``beat_id``.
    parameters : AllocationParameters
        What the plan is called and measured by.
    dry_run : bool
        Only look.

    Raises
    ------
    InvalidInputError
        It is no such file.
    """
    found, problem = plan_input(session, municipality, parameters)
    if file.suffix.lower() in LAYER_SUFFIXES:
        preview = preview_layer(problem, file, municipality.working_crs)
    else:
        preview = preview_assignments(problem, read_table(_text_of(file)))
    if dry_run or not preview.complete:
        return ImportOutcome(preview, None)
    plan = drawn_plan(problem, preview.beat_of_unit, preview.beat_ids)
    return ImportOutcome(preview, beats.store_drawn(session, municipality, parameters, found, plan))


def read_table(text: str) -> pd.DataFrame:
    """Return the rows of a table ``unit_id,beat_id`` as text.

    Raises
    ------
    InvalidInputError
        The header lacks a column, or a line has another number of values than the header.
    """
    if "\x00" in text:
        raise InvalidInputError("The table holds a character that is no text (U+0000).", "Send CSV in UTF-8.")
    header = text.removeprefix("\ufeff").split("\n", 1)[0]
    delimiter = ";" if header.count(";") > header.count(",") else ","
    try:
        rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise InvalidInputError(f"The table is no CSV: {error}.", "Send two columns, unit_id and beat_id.") from error
    names = [name.strip() for name in rows[0]] if rows else []
    missing = [column for column in COLUMNS if names.count(column) != 1]
    if missing:
        raise InvalidInputError(
            f"The table has no column {' and no column '.join(missing)}, or has it twice.",
            f"Its header is: {', '.join(names)[:200] or 'empty'}.",
        )
    for line, row in enumerate(rows[1:], start=2):
        if row and len(row) != len(names):
            raise InvalidInputError(
                f"Row {line - 1} of the table has {len(row)} values, but the header names {len(names)} columns.",
                "Correct the row.",
            )
    return pd.DataFrame([row for row in rows[1:] if row], columns=names, dtype=object).loc[:, list(COLUMNS)]


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInputError(
            "The table is not UTF-8.", "Save it as CSV in UTF-8; layers are named .geojson or .gpkg."
        ) from error
