"""Layers of Kvart that come back to the municipality that they were made of."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
from sqlalchemy.orm import Session

from app.errors import ImportRefusedError
from app.files.tables import RawTable
from app.files.values import trimmed
from app.ingest import repository
from app.ingest.checking import ReadingPlan, check_rows
from app.ingest.fields import Field, FieldType
from app.ingest.loading import Batch
from app.ingest.mapping import FEATURE_ID, SUPPLIERS_ID
from app.ingest.parsing import as_text

LOOKED_AT = 1_000
"""Rows by which a layer is recognised."""
ALIKE = 0.5
"""Share of them that is stored under the same number, with the same identifier, at the same place."""
LONGEST_NUMBER = 18


def settled_own_layer(session: Session, plan: ReadingPlan, batch: Batch) -> ReadingPlan:
    """Return how a layer of the municipality itself is read; the plan as it is for every other file.

    What counts or points to rows by Kvart's numbers (reporters, links) is left as it is stored.

    Raises
    ------
    ImportRefusedError
        If rows would be stored a second time.
    """
    if not {FEATURE_ID, SUPPLIERS_ID} <= set(plan.file.columns) or not _is_own_layer(session, plan, batch):
        return plan
    others = _rows_of_others(session, plan, batch)
    if others or plan.columns.columns.get(plan.kind.identifier.name) != (SUPPLIERS_ID,):
        raise ImportRefusedError(
            f"{plan.file.name} is a layer of this very municipality: "
            f"{others:,} of its rows are stored already and are not of this source."
            if others
            else f"{plan.file.name} is a layer of this very municipality: its rows are stored already.",
            "To correct what a supplier sent, import those rows alone, under its source and with "
            f"--map {plan.kind.identifier.name}={SUPPLIERS_ID}; what was born in Kvart is changed in Kvart.",
        )
    left = {field.name for field in plan.kind.fields if _is_kept_here(field)}
    taken = {name: parts for name, parts in plan.columns.columns.items() if name not in left}
    return replace(plan, columns=replace(plan.columns, columns=taken))


def _is_kept_here(field: Field) -> bool:
    refers = field.type in {FieldType.REFERENCE, FieldType.SIBLING} or field.name == "further_danger_zones"
    return refers or bool(field.counted_from)


def _is_own_layer(session: Session, plan: ReadingPlan, batch: Batch) -> bool:
    raw = next(plan.file.blocks()).sample(LOOKED_AT)
    located, placement = check_rows(raw, plan).located, plan.kind.placement
    if located is None or placement is None:
        return False
    columns = (
        _numbers(raw, plan),
        _texts(raw, plan, SUPPLIERS_ID),
        located.longitude.tolist(),
        located.latitude.tolist(),
    )
    rows = [row for row, good in zip(zip(*columns, strict=True), located.placed, strict=True) if good and row[0]]
    table, place = plan.kind.table, placement.column
    alike = repository.count_alike(session, table, place, batch.municipality_id, rows)
    return alike > ALIKE * raw.n_rows


def _rows_of_others(session: Session, plan: ReadingPlan, batch: Batch) -> int:
    numbers = [number for raw in plan.file.blocks() for number in _numbers(raw, plan) if number]
    return repository.count_of_other_sources(session, plan.kind.table, batch.municipality_id, batch.source_id, numbers)


def _numbers(raw: RawTable, plan: ReadingPlan) -> list[int | None]:
    texts = _texts(raw, plan, FEATURE_ID)
    return [int(text) if text and text.isdecimal() and len(text) <= LONGEST_NUMBER else None for text in texts]


def _texts(raw: RawTable, plan: ReadingPlan, column: str) -> list[str | None]:
    values: pa.Array = as_text(trimmed(raw.column(column), plan.profile.null_tokens))
    return list(values.to_pylist())
