"""One slice of a file after another: parsed, located and checked, every reason of every bad row noted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from app.files.places import PlaceColumns
from app.files.tables import RawTable, TableFile
from app.files.values import trimmed
from app.ingest.fields import Field, FieldType, Kind
from app.ingest.findings import (
    Finding,
    QuarantineEntry,
    Reason,
    any_of,
    findings_by_line,
    json_ready,
    quoting,
    reasons_of,
    said,
)
from app.ingest.locating import Located, Place, locate
from app.ingest.mapping import ColumnMap
from app.ingest.parsing import MAX_ID, PARSERS, ParseContext, as_text, joined_texts, long_texts, mask_of
from app.ingest.profiles import SourceProfile
from app.ingest.times import DAY, TimeFormat, Times, joined_times, parse_times

_CALENDAR = (FieldType.TIME, FieldType.DATE)


@dataclass(frozen=True)
class ReadingPlan:
    """How a file is read; made once, before its rows are looked at.

    Attributes
    ----------
    file : TableFile
        Where the rows come from.
    kind : Kind
        What it holds.
    profile : SourceProfile
        What its source declares.
    columns : ColumnMap
        The columns of each field.
    place_columns : PlaceColumns or None
        How rows are located; None where the file has no places and needs none.
    place : Place
        The municipality.
    formats : dict of str to TimeFormat
        How each time field is written.
    repeated : ndarray of int64
        Fingerprints of the identifiers that occur more than once in the file, in rising order.
    broken : mapping of int to Reason or None
        Lines whose rows refer to what cannot be.
    """

    file: TableFile
    kind: Kind
    profile: SourceProfile
    columns: ColumnMap
    place_columns: PlaceColumns | None
    place: Place
    formats: dict[str, TimeFormat]
    repeated: NDArray[np.int64]
    broken: Mapping[int, Reason] | None = None

    @property
    def attribute_columns(self) -> list[str]:
        """Columns that no field takes and that are kept as attributes."""
        taken = {column for parts in self.columns.columns.values() for column in parts}
        if self.place_columns is not None:
            taken |= {self.place_columns.x or "", self.place_columns.y or "", self.place_columns.wkt or ""}
        return [name for name in self.file.columns if name not in taken]


@dataclass(frozen=True)
class CheckedRows:
    """A slice after all checks.

    Attributes
    ----------
    raw : RawTable
        The slice as it was in the file.
    ids : pyarrow.Array
        Identifiers of the supplier, null where a row has none.
    values : dict of str to pyarrow.Array
        Parsed values of the fields that the file has, but times.
    times : dict of str to Times
        Parsed times.
    located : Located or None
        Places.
    findings : list of Finding
        Why rows are not taken in.
    accepted : ndarray of bool, shape (n,)
        Rows without a finding.
    warned : dict of str to int
        Accepted rows that deserve a warning, by code.
    """

    raw: RawTable
    ids: pa.Array
    values: dict[str, pa.Array]
    times: dict[str, Times]
    located: Located | None
    findings: list[Finding]
    accepted: NDArray[np.bool_]
    warned: dict[str, int]

    def quarantined(self, rows: NDArray[np.bool_] | None = None) -> list[QuarantineEntry]:
        """Return the rows that are not taken in, or those of ``rows``, with their raw values and every reason."""
        wanted = ~self.accepted if rows is None else rows
        return [
            QuarantineEntry(int(self.raw.lines[row]), raw_values(self.raw, row), reasons_of(self.findings, row))
            for row in np.flatnonzero(wanted).tolist()
        ]


def raw_values(raw: RawTable, row: int) -> dict[str, object]:
    """Return the values of a row as the file has them, JSON-ready."""
    values = {name: json_ready(raw.attributes[name][row].as_py()) for name in raw.columns}
    if raw.wkb is not None:
        values["geometry"] = json_ready(_wkt(raw.wkb[row].as_py()))
    return values


def _wkt(wkb: bytes | None) -> str | None:
    shape = shapely.from_wkb(wkb, on_invalid="ignore") if wkb else None
    return None if shape is None else shape.wkt


def check_rows(raw: RawTable, plan: ReadingPlan) -> CheckedRows:
    """Parse, locate and check the rows of a slice.

    Parameters
    ----------
    raw : RawTable
        Slice of the file.
    plan : ReadingPlan
        How the file is read.
    """
    findings = findings_by_line(plan.broken or {}, raw.lines)
    values: dict[str, pa.Array] = {}
    times: dict[str, Times] = {}
    ids = pa.nulls(raw.n_rows, pa.string())
    for field in plan.kind.fields:
        column = field_column(raw, plan, field)
        if column is None:
            continue
        if field.value_required:
            findings.append(Finding(f"missing_{field.name}", mask_of(column), said(f"{field.name} is missing.")))
        if field.type is FieldType.ID:
            ids = as_text(column)
            findings += long_texts(ids, field.name, MAX_ID)
        elif field.type in _CALENDAR:
            times[field.name] = parse_times(column, plan.formats[field.name])
            unreadable = times[field.name].unreadable
            message = quoting(f"{field.name} '{{}}' is not a time that exists.", column)
            findings.append(Finding(f"unreadable_{field.name}", unreadable, message))
        else:
            parsed = PARSERS[field.type](column, field, ParseContext(raw.decimal, plan.profile.words_of(field.name)))
            values[field.name] = parsed.values
            findings += parsed.findings
    located = _located(raw, plan)
    if located is not None:
        findings += located.findings
    warned = _check_windows(plan.kind, times, findings)
    found = [finding for finding in findings if finding.rows.any()]
    accepted = ~any_of(found, raw.n_rows)
    counts = {code: int(np.count_nonzero(rows & accepted)) for code, rows in warned.items()}
    return CheckedRows(raw, ids, values, times, located, found, accepted, counts)


def field_column(raw: RawTable, plan: ReadingPlan, field: Field) -> pa.Array | None:
    """Return the column of a field, trimmed, null tokens as nulls; None where the file has none.

    The category that the profile gives to every row stands in for a column of categories.
    """
    parts = plan.columns.columns.get(field.name)
    if parts is None:
        only = plan.profile.category if field.type is FieldType.CATEGORY else None
        return None if only is None else pa.array([only] * raw.n_rows)
    columns = [trimmed(raw.column(part), plan.profile.null_tokens) for part in parts]
    if len(columns) == 1:
        return columns[0]
    return joined_times(columns) if field.type is FieldType.TIME else joined_texts(columns)


def dates_of(times: Times) -> NDArray[np.int64]:
    """Return days since 1970 of times that were parsed without a time zone."""
    return times.instants // DAY


def _located(raw: RawTable, plan: ReadingPlan) -> Located | None:
    if plan.place_columns is None or plan.kind.placement is None:
        return None
    return locate(raw, plan.place_columns, plan.kind.placement, plan.place, plan.profile.null_tokens)


def _check_windows(kind: Kind, times: dict[str, Times], findings: list[Finding]) -> dict[str, NDArray[np.bool_]]:
    """Note ends before their begins; return the rows to warn of, by code."""
    warned: dict[str, NDArray[np.bool_]] = {}
    for begin, end, answer in kind.windows:
        first, last = times.get(begin), times.get(end)
        if first is None or last is None:
            continue
        both = ~(first.missing | first.unreadable | last.missing | last.unreadable)
        reversed_rows = both & (last.instants < first.instants)
        if answer == "quarantine":
            findings.append(Finding("end_before_start", reversed_rows, said(f"{end} is before {begin}.")))
            if kind.precision_of == begin:
                warned["long_windows"] = both & (last.wall - first.wall > 7 * DAY)
        else:
            warned["end_before_start"] = reversed_rows
        alone = first.missing & ~last.missing & ~last.unreadable
        warned["end_without_start"] = warned.get("end_without_start", False) | alone
    return warned


def ids_with_row_numbers(rows: CheckedRows, fingerprint: str) -> pa.Array:
    """Return the identifier of each row: the supplier's, or the file's fingerprint with the line of the row.

    Parameters
    ----------
    rows : CheckedRows
        The slice.
    fingerprint : str
        Leading digits of the SHA-256 of the file.

    Notes
    -----
    Line numbers have ten digits, so that rows arrive in the order of the unique index.
    """
    digits = (rows.raw.lines[:, None] // 10 ** np.arange(9, -1, -1)) % 10 + ord("0")
    prefix = np.frombuffer(f"{fingerprint}:".encode(), dtype=np.uint8)
    text = np.concatenate([np.broadcast_to(prefix, (len(digits), len(prefix))), digits.astype(np.uint8)], axis=1)
    offsets = np.arange(len(text) + 1, dtype=np.int32) * text.shape[1]
    generated = pa.StringArray.from_buffers(len(text), pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(text)))
    return generated if rows.ids.null_count == len(rows.ids) else pc.coalesce(rows.ids, generated)
