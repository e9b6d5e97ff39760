"""Any readable file as tables: attribute columns, geometry as WKB, CRS, and the line of each row."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pyproj import CRS

from analysis.summary import Notice
from app.deferred import gpd, pyogrio
from app.errors import InvalidInputError
from app.files.columns import listed
from app.files.coordinate_systems import parse_crs
from app.files.delimited import (
    BLOCK_ROWS,
    LARGE_PIECE_BYTES,
    PIECE_BYTES,
    DelimitedFile,
    Dialect,
    LongRowError,
    RaggedRow,
    TextBlock,
    open_delimited,
)
from app.files.feature_ids import with_feature_ids
from app.files.formats import FileFormat, file_format, is_gzipped


@dataclass(frozen=True)
class RawTable:
    """The rows of a file as their supplier wrote them.

    Attributes
    ----------
    name : str
        File name for messages.
    attributes : pyarrow.Table
        Columns but the geometry: text where the file is delimited text, otherwise as the file types them.
    wkb : pyarrow.Array or None
        Geometry of each row as WKB, null where a row has none; None where the format carries no geometry.
    crs : CRS or None
        Coordinate reference system that the file states.
    lines : ndarray of int, shape (n_rows,)
        Line (of text, the header being line 1) or feature number (from 1) of each row.
    row_word : str
        ``"line"`` or ``"feature"``.
    is_text : bool
        Whether the attribute columns are text that is still to be parsed.
    decimal : str
        Decimal mark of the text.
    ragged : tuple of RaggedRow
        Rows of text that have too many or too few values; they are not in ``attributes``.
    notices : tuple of Notice
        What was assumed on reading.
    """

    name: str
    attributes: pa.Table
    wkb: pa.Array | None
    crs: CRS | None
    lines: NDArray[np.int64]
    row_word: str
    is_text: bool
    decimal: str = "."
    ragged: tuple[RaggedRow, ...] = ()
    notices: tuple[Notice, ...] = ()

    @property
    def columns(self) -> list[str]:
        """Names of the attribute columns."""
        return list(self.attributes.column_names)

    @property
    def n_rows(self) -> int:
        """Rows that can be looked at, so without the ragged ones."""
        return int(self.attributes.num_rows if self.wkb is None else len(self.wkb))

    def column(self, name: str) -> pa.Array:
        """Return an attribute column as one array."""
        column = self.attributes[name].combine_chunks()
        return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column

    def blocks(self) -> Iterator[RawTable]:
        """Give the rows in blocks, without the ragged ones."""
        for start in range(0, self.n_rows, BLOCK_ROWS):
            stop = min(start + BLOCK_ROWS, self.n_rows)
            yield replace(
                self,
                attributes=self.attributes.slice(start, stop - start),
                wkb=None if self.wkb is None else self.wkb.slice(start, stop - start),
                lines=self.lines[start:stop],
                ragged=(),
            )

    def every(self, step: int, first: int = 0) -> RawTable:
        """Return one of ``step`` rows, beginning with the row ``first``, without the ragged ones."""
        if step == 1 and first == 0:
            return replace(self, ragged=())
        chosen = pa.array(np.arange(first, self.n_rows, step))
        return replace(
            self,
            attributes=self.attributes.take(chosen),
            wkb=None if self.wkb is None else self.wkb.take(chosen),
            lines=self.lines[first::step],
            ragged=(),
        )

    def sample(self, most: int) -> RawTable:
        """Return at most twice so many rows, evenly spread over the table."""
        return self.every(max(1, self.n_rows // most))


@dataclass(frozen=True)
class TableFile:
    """A file whose rows are given block by block, as often as they are wanted.

    Attributes
    ----------
    name : str
        File name for messages.
    columns : list of str
        Names of the attribute columns.
    n_rows : int
        Rows that can be looked at, so without the ragged ones.
    has_geometry : bool
        Whether the format carries geometry.
    notices : tuple of Notice
        What was assumed on reading.
    blocks : callable
        Gives the blocks, of which none is empty but for ragged rows.
    """

    name: str
    columns: list[str]
    n_rows: int
    has_geometry: bool
    notices: tuple[Notice, ...]
    blocks: Callable[[], Iterator[RawTable]]


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_table(path: Path, dialect: Dialect | None = None) -> RawTable:
    """Read a whole file of any readable format.

    Parameters
    ----------
    path : Path
        CSV, TSV, GeoJSON (each also gzipped), GeoPackage, GeoParquet or zipped Shapefile.
    dialect : Dialect, optional
        What is known about a text file, or which layer of a GeoPackage counts.

    Raises
    ------
    InvalidInputError
        If the file is not what its ending says, holds no rows, or cannot be read.
    """
    found = file_format(path)
    if not found.is_delimited:
        return _read_features(path, found, dialect)
    text = open_delimited(path, dialect or Dialect(), name=path.name)
    blocks = list(text.blocks(LARGE_PIECE_BYTES))
    notices = _notices_of_all(text, sum(block.n_rows for block in blocks), sum(block.blank for block in blocks))
    return replace(joined([_table_of(text, block) for block in blocks]), notices=notices)


def open_table(path: Path, dialect: Dialect | None = None, *, name: str | None = None) -> TableFile:
    """Open a file of any readable format, to read it block by block; a text file is never held as a whole.

    Parameters
    ----------
    path : Path
        As `read_table` takes it.
    dialect : Dialect, optional
        As `read_table` takes it.
    name : str, optional
        Name of the file for messages, if not its own.

    Raises
    ------
    InvalidInputError
        As `read_table` raises it; the rows are no trouble later.
    """
    found = file_format(path)
    if not found.is_delimited:
        table = _read_features(path, found, dialect)
        return TableFile(
            name or table.name, table.columns, table.n_rows, table.wkb is not None, table.notices, table.blocks
        )
    text = open_delimited(path, dialect or Dialect(), name=name or path.name)
    try:
        piece_bytes, counts = PIECE_BYTES, _count(text, PIECE_BYTES)
    except LongRowError:
        piece_bytes, counts = LARGE_PIECE_BYTES, _count(text, LARGE_PIECE_BYTES)

    def blocks() -> Iterator[RawTable]:
        return (_table_of(text, block) for block in text.blocks(piece_bytes) if block.n_rows)

    notices = _notices_of_all(text, counts["rows"], counts["blank"])
    return TableFile(text.name, list(text.columns), counts["good"], has_geometry=False, notices=notices, blocks=blocks)


def joined(tables: Sequence[RawTable]) -> RawTable:
    """Return the rows of several tables of one file as one table."""
    first = tables[0]
    return replace(
        first,
        attributes=pa.concat_tables([table.attributes for table in tables]),
        wkb=None if first.wkb is None else pa.concat_arrays([table.wkb for table in tables]),
        lines=np.concatenate([table.lines for table in tables]),
        ragged=tuple(row for table in tables for row in table.ragged),
    )


def _count(text: DelimitedFile, piece_bytes: int) -> Counter[str]:
    counts: Counter[str] = Counter()
    for block in text.blocks(piece_bytes):
        counts.update(rows=block.n_rows, good=block.table.num_rows, blank=block.blank)
    return counts


def _notices_of_all(text: DelimitedFile, n_rows: int, n_blank: int) -> tuple[Notice, ...]:
    if not n_rows:
        raise InvalidInputError(f"{text.name} has a header but no rows.", "Export it again.")
    if not n_blank:
        return text.notices
    return (*text.notices, Notice("blank_lines", f"{text.name}: {n_blank} blank lines were skipped."))


def _table_of(text: DelimitedFile, block: TextBlock) -> RawTable:
    return RawTable(
        text.name, block.table, None, None, block.lines, "line", is_text=True, decimal=text.decimal,
        ragged=block.ragged,
    )  # fmt: skip


def _read_features(path: Path, found: FileFormat, dialect: Dialect | None) -> RawTable:
    table, geometry, crs = (
        _read_parquet(path)
        if found is FileFormat.GEOPARQUET
        else _read_layer(path, found, None if dialect is None else dialect.layer)
    )
    rows = table.num_rows if geometry is None else len(geometry)
    if not rows:
        raise InvalidInputError(f"{path.name} holds no features.", "Export it again.")
    lines = np.arange(1, rows + 1, dtype=np.int64)
    return RawTable(path.name, table, geometry, crs, lines, "feature", is_text=False)


def _read_layer(path: Path, found: FileFormat, layer: str | None) -> tuple[pa.Table, pa.Array | None, CRS | None]:
    target = str(path.resolve())
    if found is FileFormat.SHAPEFILE:
        target = f"/vsizip/{target}"
    elif is_gzipped(path):
        target = f"/vsigzip/{target}"
    try:
        if found is FileFormat.GEOPACKAGE:
            layer = _only_layer(target, path, layer)
        meta, table = pyogrio.read_arrow(target, layer=layer, return_fids=found.is_geojson)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pa.ArrowInvalid) as error:
        raise InvalidInputError(
            f"{path.name} cannot be read as {found.title}: {str(error).splitlines()[0]}", "Export it again."
        ) from error
    if found.is_geojson:
        table = with_feature_ids(table.remove_column(0), table.column(0).combine_chunks(), path)
    name = meta["geometry_name"] or "wkb_geometry"
    if name not in table.column_names:
        return table, None, None
    geometry = table[name].combine_chunks()
    crs = parse_crs(meta["crs"]) if meta["crs"] else None
    return table.drop_columns([name]), geometry, crs


def _only_layer(target: str, path: Path, wanted: str | None) -> str:
    layers: list[Any] = [str(name) for name, kind in pyogrio.list_layers(target) if kind is not None]
    if wanted is not None and wanted not in layers:
        raise InvalidInputError(f"{path.name} has no layer '{wanted}'.", f"Its layers are: {listed(layers)}.")
    if wanted is None and len(layers) != 1:
        raise InvalidInputError(
            f"{path.name} holds {len(layers)} layers with geometry.",
            f"Name one with --layer: {listed(layers)}." if layers else "Export it again.",
        )
    return wanted or layers[0]


def _read_parquet(path: Path) -> tuple[pa.Table, pa.Array | None, CRS | None]:
    try:
        if b"geo" not in (pq.read_schema(path).metadata or {}):
            return pq.read_table(path), None, None
        frame = gpd.read_parquet(path)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError, ValueError) as error:
        raise InvalidInputError(
            f"{path.name} cannot be read as GeoParquet: {str(error).splitlines()[0]}", "Export it again."
        ) from error
    attributes = pa.Table.from_pandas(frame.drop(columns=frame.geometry.name), preserve_index=False)
    geometry = pa.array(frame.geometry.to_wkb(), pa.binary())
    return attributes, geometry, frame.crs
