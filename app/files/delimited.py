"""Delimited text of any delimiter, decimal mark and common encoding as columns of text."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
from numpy.typing import NDArray

from analysis.summary import Notice
from app.errors import InvalidInputError
from app.files.formats import UTF16_MARKS
from app.files.values import has_decimal_commas

DELIMITERS = (",", ";", "\t", "|")
FIRST_LINE = 2
"""Line of the first row; the header is line 1."""
_SAMPLE_BYTES = 65_536
_BLOCK_BYTES = 4 * 1024**2


@dataclass(frozen=True)
class Dialect:
    """How a file writes its values; None means: find out.

    Attributes
    ----------
    delimiter : str or None
        One character between values.
    decimal : str or None
        Decimal mark, ``.`` or ``,``.
    encoding : str or None
        Character encoding; by default UTF-8, else Windows-1252 with a notice.
    layer : str or None
        Layer that counts in a GeoPackage of several.
    """

    delimiter: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    layer: str | None = None


@dataclass(frozen=True)
class RaggedRow:
    """A row with more or fewer values than the header names."""

    line: int
    text: str
    expected: int
    found: int


@dataclass(frozen=True)
class DelimitedText:
    """The rows of a text file as text columns.

    Attributes
    ----------
    table : pyarrow.Table
        One text column per header name.
    lines : ndarray of int, shape (n_rows,)
        Line at which each row begins; the header is line 1.
    ragged : tuple of RaggedRow
        Rows left out of the table because their number of values is wrong.
    decimal : str
        Decimal mark.
    notices : tuple of Notice
        What was assumed.
    """

    table: pa.Table
    lines: NDArray[np.int64]
    ragged: tuple[RaggedRow, ...]
    decimal: str
    notices: tuple[Notice, ...] = field(default=())


def read_delimited(content: bytes, dialect: Dialect, *, where: str) -> DelimitedText:
    """Read delimited text.

    Parameters
    ----------
    content : bytes
        The whole file.
    dialect : Dialect
        What is known about the file.
    where : str
        File name for messages.

    Raises
    ------
    InvalidInputError
        If there is no header, no row, or an unreadable encoding.
    """
    encoding, notices = _encoding(content, dialect.encoding, where)
    if encoding != "utf-16" and b"\x00" in content:
        where_byte = content.index(b"\x00") + 1
        raise InvalidInputError(f"{where} holds binary data (byte {where_byte:,} is zero).", "Export it again as text.")
    sample = _sample_lines(content, encoding)
    if not sample:
        raise InvalidInputError(f"{where} holds no text.", "Export it again.")
    delimiter = dialect.delimiter or _delimiter(sample)
    rows = list(csv.reader(sample, delimiter=delimiter))
    names, renamed = _unique_names(rows[0])
    if renamed:
        notices.append(Notice("renamed_columns", f"{where}: columns without a name of their own became {renamed}."))
    table, ragged = _parse(content, names, delimiter, encoding, where)
    table, lines, ragged, blank = _number_lines(table, ragged, quoted=b'"' in content)
    if blank:
        notices.append(Notice("blank_lines", f"{where}: {blank} blank lines were skipped."))
    if not table.num_rows and not ragged:
        raise InvalidInputError(f"{where} has a header but no rows.", "Export it again.")
    decimal = dialect.decimal or _decimal(rows[1:], delimiter)
    return DelimitedText(table, lines, tuple(ragged), decimal, tuple(notices))


def _encoding(content: bytes, declared: str | None, where: str) -> tuple[str, list[Notice]]:
    if declared:
        try:
            content[:_SAMPLE_BYTES].decode(declared, "replace")
        except LookupError as error:
            raise InvalidInputError(f"There is no encoding '{declared}'.", "Try utf-8 or cp1252.") from error
        return declared, []
    if content.startswith(UTF16_MARKS):
        return "utf-16", [Notice("encoding", f"{where} is UTF-16 text.")]
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252", [Notice("encoding", f"{where} is not UTF-8; it was read as Windows-1252 (Western European).")]
    return "utf-8", []


def _sample_lines(content: bytes, encoding: str) -> list[str]:
    text = content[:_SAMPLE_BYTES].decode(encoding, "ignore").removeprefix("\ufeff")
    lines = text.splitlines(keepends=True)
    complete = lines if len(content) <= _SAMPLE_BYTES or len(lines) < 2 else lines[:-1]
    return [line for line in complete if line.strip()]


def _delimiter(sample: list[str]) -> str:
    def agreement(delimiter: str) -> tuple[float, int]:
        counts = [len(row) for row in csv.reader(sample[:50], delimiter=delimiter)]
        return (sum(count == counts[0] for count in counts) / len(counts) if counts[0] > 1 else 0.0, counts[0])

    return max(DELIMITERS, key=agreement)


def _decimal(rows: list[list[str]], delimiter: str) -> str:
    if delimiter == ",":
        quoted = [value for row in rows for value in row if "," in value]
        return "," if quoted and has_decimal_commas([value for row in rows for value in row]) else "."
    return "," if has_decimal_commas([value.strip() for row in rows for value in row]) else "."


def _unique_names(header: list[str]) -> tuple[list[str], str]:
    names: list[str] = []
    changed: list[str] = []
    for position, raw in enumerate(header, start=1):
        name = raw.strip() or f"column {position}"
        unique, again = name, 2
        while unique in names:
            unique, again = f"{name} ({again})", again + 1
        if unique != raw.strip():
            changed.append(f"'{unique}'")
        names.append(unique)
    return names, ", ".join(changed)


def _parse(
    content: bytes, names: list[str], delimiter: str, encoding: str, where: str
) -> tuple[pa.Table, list[RaggedRow]]:
    ragged: list[RaggedRow] = []
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(content),
            read_options=arrow_csv.ReadOptions(
                use_threads=False, block_size=_BLOCK_BYTES, column_names=names, skip_rows=1, encoding=encoding
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter,
                newlines_in_values=b'"' in content,
                ignore_empty_lines=False,
                invalid_row_handler=_collector(ragged),
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise InvalidInputError(
            f"{where} cannot be read as delimited text: {str(error).splitlines()[0]}.",
            "Check the delimiter (--delimiter) and the quoting of values.",
        ) from error
    unclosed = [row for row in ragged if row.text.count('"') % 2]
    if unclosed:
        raise InvalidInputError(
            f"{where}, line {unclosed[0].line}: a quotation mark is opened and never closed.",
            "Correct that line or export the file again.",
        )
    return table, ragged


def _collector(ragged: list[RaggedRow]) -> Callable[[Any], str]:
    def collect(row: Any) -> str:
        ragged.append(RaggedRow(row.number, row.text, row.expected_columns, row.actual_columns))
        return "skip"

    return collect


def _number_lines(
    table: pa.Table, ragged: list[RaggedRow], *, quoted: bool
) -> tuple[pa.Table, NDArray[np.int64], list[RaggedRow], int]:
    """Return the table without blank rows, the line at which each row and each ragged row begins, and the blanks."""
    total = table.num_rows + len(ragged)
    places = np.array([row.line - FIRST_LINE for row in ragged], dtype=np.int64)
    kept = np.ones(total, dtype=bool)
    kept[places] = False
    begins = np.arange(FIRST_LINE, total + FIRST_LINE, dtype=np.int64)
    if quoted:
        further_lines = np.zeros(total, dtype=np.int64)
        further_lines[kept] = _line_breaks(table)
        further_lines[places] = [row.text.count("\n") for row in ragged]
        begins += np.cumsum(further_lines) - further_lines
    numbered = [replace(row, line=int(line)) for row, line in zip(ragged, begins[places], strict=True)]
    blank = _blank_rows(table)
    if not blank.any():
        return table, begins[kept], numbered, 0
    return table.filter(pa.array(~blank)), begins[kept][~blank], numbered, int(blank.sum())


def _line_breaks(table: pa.Table) -> NDArray[np.int64]:
    """Return the line breaks within the values of each row."""
    breaks = np.zeros(table.num_rows, dtype=np.int64)
    for column in table.columns:
        breaks += pc.count_substring(column, "\n").to_numpy()
    return breaks


def _blank_rows(table: pa.Table) -> NDArray[np.bool_]:
    blank = np.ones(table.num_rows, dtype=bool)
    for column in table.columns:
        if not blank.any():
            break
        blank &= pc.equal(pc.binary_length(column), 0).to_numpy()
    return blank
