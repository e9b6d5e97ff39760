"""Delimited text of any delimiter, decimal mark and common encoding as columns of text, read in blocks."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
from numpy.typing import NDArray

from analysis.summary import Notice
from app.errors import InvalidInputError
from app.files.formats import UTF16_MARKS, content_pieces, is_gzipped
from app.files.values import has_decimal_commas

DELIMITERS = (",", ";", "\t", "|")
FIRST_LINE = 2
"""Line of the first row; the header is line 1."""
BLOCK_ROWS = 32_768
"""About the most rows of a block."""
PIECE_BYTES = 128 * 1024
"""Text that is parsed at once; Arrow reads up to 32 such pieces ahead."""
LARGE_PIECE_BYTES = 4 * 1024**2
"""The same where a row is longer than a piece."""
_SAMPLE_BYTES = 65_536
_BLOCK_PIECES = 128


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
class TextBlock:
    """Rows of a text file that follow each other.

    Attributes
    ----------
    table : pyarrow.Table
        One text column per header name.
    lines : ndarray of int, shape (n_rows,)
        Line at which each row begins; the header is line 1.
    ragged : tuple of RaggedRow
        Rows left out of the table because their number of values is wrong.
    blank : int
        Blank lines left out of the table.
    """

    table: pa.Table
    lines: NDArray[np.int64]
    ragged: tuple[RaggedRow, ...]
    blank: int

    @property
    def n_rows(self) -> int:
        """Rows, the ragged ones among them."""
        return int(self.table.num_rows) + len(self.ragged)


class LongRowError(InvalidInputError):
    """A row is longer than the pieces in which a file is parsed."""


@dataclass(frozen=True)
class DelimitedFile:
    """A text file whose rows can be read as often as they are wanted.

    Attributes
    ----------
    path : Path
    name : str
        File name for messages.
    columns : tuple of str
        Header names, each once.
    delimiter, decimal, encoding : str
        How its values are written.
    quoted : bool
        Whether there are quotation marks, so that a value may hold line breaks.
    notices : tuple of Notice
        What was assumed.
    """

    path: Path
    name: str
    columns: tuple[str, ...]
    delimiter: str
    decimal: str
    encoding: str
    quoted: bool
    notices: tuple[Notice, ...]

    def blocks(self, piece_bytes: int) -> Iterator[TextBlock]:
        """Give the rows in blocks of at most about ``BLOCK_ROWS``.

        Parameters
        ----------
        piece_bytes : int
            Text that is parsed at once, bytes.

        Raises
        ------
        LongRowError
            If a row is longer than ``piece_bytes``.
        InvalidInputError
            If the text cannot be read.
        """
        ragged: list[RaggedRow] = []
        pieces: list[pa.RecordBatch] = []
        reached = _Position(FIRST_LINE, FIRST_LINE)
        for piece in self._pieces(piece_bytes, ragged):
            pieces.append(piece)
            if len(pieces) == _BLOCK_PIECES or sum(len(each) for each in pieces) >= BLOCK_ROWS:
                block, reached = _block(pa.Table.from_batches(pieces), ragged, reached, quoted=self.quoted)
                pieces = []
                yield block
        table = pa.Table.from_batches(pieces, pa.schema([(name, pa.string()) for name in self.columns]))
        yield _block(table, ragged, reached, quoted=self.quoted, is_last=True)[0]
        pa.default_memory_pool().release_unused()

    def _pieces(self, piece_bytes: int, ragged: list[RaggedRow]) -> Iterator[pa.RecordBatch]:
        try:
            with pa.input_stream(str(self.path), compression="gzip" if is_gzipped(self.path) else None) as stream:
                for piece in self._parser(stream, piece_bytes, ragged):
                    self._require_closed_quotes(ragged)
                    yield piece
        except (pa.ArrowInvalid, UnicodeDecodeError) as error:
            reason = str(error).splitlines()[0]
            refusal = LongRowError if "straddling" in reason else InvalidInputError
            raise refusal(
                f"{self.name} cannot be read as delimited text: {reason}.",
                "Check the delimiter (--delimiter) and the quoting of values.",
            ) from error
        self._require_closed_quotes(ragged)

    def _parser(self, stream: Any, piece_bytes: int, ragged: list[RaggedRow]) -> Any:
        return arrow_csv.open_csv(
            stream,
            read_options=arrow_csv.ReadOptions(
                use_threads=False,
                block_size=piece_bytes,
                column_names=list(self.columns),
                skip_rows=1,
                encoding=self.encoding,
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=self.delimiter,
                newlines_in_values=self.quoted,
                ignore_empty_lines=False,
                invalid_row_handler=_collector(ragged),
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(self.columns, pa.string()), strings_can_be_null=False
            ),
        )

    def _require_closed_quotes(self, ragged: list[RaggedRow]) -> None:
        unclosed = [row for row in ragged if row.text.count('"') % 2]
        if unclosed:
            raise InvalidInputError(
                f"{self.name}, line {unclosed[0].line}: a quotation mark is opened and never closed.",
                "Correct that line or export the file again.",
            )


def open_delimited(path: Path, dialect: Dialect, *, name: str) -> DelimitedFile:
    """Find out how a text file is written; all of its bytes are looked at, none of its rows is read.

    Parameters
    ----------
    path : Path
        The file, gzipped where its name says so.
    dialect : Dialect
        What is known about the file.
    name : str
        File name for messages.

    Raises
    ------
    InvalidInputError
        If there is no header, or an unreadable encoding.
    """
    found = _look_at(path)
    encoding, notices = _encoding(found, dialect.encoding, name)
    if encoding != "utf-16" and found.zero_byte:
        raise InvalidInputError(
            f"{name} holds binary data (byte {found.zero_byte:,} is zero).", "Export it again as text."
        )
    sample = _sample_lines(found.start, encoding)
    if not sample:
        raise InvalidInputError(f"{name} holds no text.", "Export it again.")
    delimiter = dialect.delimiter or _delimiter(sample)
    rows = list(csv.reader(sample, delimiter=delimiter))
    columns, renamed = _unique_names(rows[0])
    if renamed:
        notices.append(Notice("renamed_columns", f"{name}: columns without a name of their own became {renamed}."))
    decimal = dialect.decimal or _decimal(rows[1:], delimiter)
    return DelimitedFile(path, name, tuple(columns), delimiter, decimal, encoding, found.has_quotes, tuple(notices))


@dataclass(frozen=True)
class _Bytes:
    """What the bytes of a file say: its start, whether they are UTF-8, the first zero (from 1), any quotation mark."""

    start: bytes
    is_utf8: bool
    zero_byte: int | None
    has_quotes: bool


def _look_at(path: Path) -> _Bytes:
    start, zero_byte, size = b"", None, 0
    is_utf8, has_quotes = True, False
    decoder = codecs.getincrementaldecoder("utf-8")()
    for piece in content_pieces(path, PIECE_BYTES):
        if len(start) <= _SAMPLE_BYTES:
            start += piece[: _SAMPLE_BYTES + 1 - len(start)]
        if zero_byte is None and b"\x00" in piece:
            zero_byte = size + piece.index(b"\x00") + 1
        has_quotes = has_quotes or b'"' in piece
        is_utf8 = is_utf8 and _decodes(decoder, piece)
        size += len(piece)
    return _Bytes(start, is_utf8 and _decodes(decoder, b"", final=True), zero_byte, has_quotes)


def _decodes(decoder: codecs.IncrementalDecoder, piece: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(piece, final)
    except UnicodeDecodeError:
        return False
    return True


def _encoding(found: _Bytes, declared: str | None, where: str) -> tuple[str, list[Notice]]:
    if declared:
        try:
            found.start.decode(declared, "replace")
        except LookupError as error:
            raise InvalidInputError(f"There is no encoding '{declared}'.", "Try utf-8 or cp1252.") from error
        return declared, []
    if found.start.startswith(UTF16_MARKS):
        return "utf-16", [Notice("encoding", f"{where} is UTF-16 text.")]
    if found.is_utf8:
        return "utf-8", []
    return "cp1252", [Notice("encoding", f"{where} is not UTF-8; it was read as Windows-1252 (Western European).")]


def _sample_lines(start: bytes, encoding: str) -> list[str]:
    text = start[:_SAMPLE_BYTES].decode(encoding, "ignore").removeprefix("\ufeff")
    lines = text.splitlines(keepends=True)
    complete = lines if len(start) <= _SAMPLE_BYTES or len(lines) < 2 else lines[:-1]
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


def _collector(ragged: list[RaggedRow]) -> Callable[[Any], str]:
    def collect(row: Any) -> str:
        ragged.append(RaggedRow(row.number, row.text, row.expected_columns, row.actual_columns))
        return "skip"

    return collect


@dataclass(frozen=True)
class _Position:
    """Where the next row begins: its number as Arrow counts rows, and its line."""

    number: int
    line: int


def _block(
    table: pa.Table, ragged: list[RaggedRow], reached: _Position, *, quoted: bool, is_last: bool = False
) -> tuple[TextBlock, _Position]:
    """Return the rows of a table and the ragged rows among them, which are taken off the list, with their lines."""
    n_ragged = len(ragged) if is_last else _count_among(ragged, reached.number, table.num_rows)
    among, ragged[:] = ragged[:n_ragged], ragged[n_ragged:]
    total = table.num_rows + n_ragged
    places = np.array([row.line - reached.number for row in among], dtype=np.int64)
    kept = np.ones(total, dtype=bool)
    kept[places] = False
    further_lines = np.zeros(total, dtype=np.int64)
    if quoted:
        further_lines[kept] = _line_breaks(table)
        further_lines[places] = [row.text.count("\n") for row in among]
    ends = reached.line + np.cumsum(further_lines + 1)
    begins = ends - further_lines - 1
    numbered = tuple(replace(row, line=int(line)) for row, line in zip(among, begins[places], strict=True))
    following = _Position(reached.number + total, int(ends[-1]) if total else reached.line)
    blank = _blank_rows(table)
    if not blank.any():
        return TextBlock(table, begins[kept], numbered, 0), following
    filled = table.filter(pa.array(~blank))
    return TextBlock(filled, begins[kept][~blank], numbered, int(blank.sum())), following


def _count_among(ragged: list[RaggedRow], number: int, n_rows: int) -> int:
    """Return how many ragged rows come before the last of the good rows that begin at a row number."""
    count = 0
    while count < len(ragged) and ragged[count].line < number + n_rows + count:
        count += 1
    return count


def _line_breaks(table: pa.Table) -> NDArray[np.int64]:
    """Return the line breaks within the values of each row."""
    breaks = np.zeros(table.num_rows, dtype=np.int64)
    for column in table.columns:
        if any(_holds(chunk, b"\n") for chunk in column.chunks):
            breaks += pc.count_substring(column, "\n").to_numpy()
    return breaks


def _holds(texts: pa.Array, wanted: bytes) -> bool:
    """Say at once that none of the texts holds some bytes, where none of the memory beneath them does."""
    memory = texts.buffers()[2]
    return memory is not None and wanted in memory.to_pybytes()


def _blank_rows(table: pa.Table) -> NDArray[np.bool_]:
    blank = np.ones(table.num_rows, dtype=bool)
    for column in table.columns:
        if not blank.any():
            break
        blank &= pc.equal(pc.binary_length(column), 0).to_numpy()
    return blank
