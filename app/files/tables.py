"""Any readable file as one table: attribute columns, geometry as WKB, CRS, and the line of each row."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj import CRS

from analysis.summary import Notice
from app.errors import InvalidInputError
from app.files.columns import listed
from app.files.coordinate_systems import parse_crs
from app.files.delimited import Dialect, RaggedRow, read_delimited
from app.files.formats import FileFormat, file_format, is_gzipped, read_bytes


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

    def rows(self, start: int, stop: int) -> RawTable:
        """Return the rows from ``start`` to before ``stop``, without the ragged ones."""
        return replace(
            self,
            attributes=self.attributes.slice(start, stop - start),
            wkb=None if self.wkb is None else self.wkb.slice(start, stop - start),
            lines=self.lines[start:stop],
            ragged=(),
        )

    def sample(self, most: int) -> RawTable:
        """Return at most twice so many rows, evenly spread over the table."""
        step = max(1, self.n_rows // most)
        if step == 1:
            return self
        chosen = pa.array(np.arange(0, self.n_rows, step))
        return replace(
            self,
            attributes=self.attributes.take(chosen),
            wkb=None if self.wkb is None else self.wkb.take(chosen),
            lines=self.lines[::step],
            ragged=(),
        )


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_table(path: Path, dialect: Dialect | None = None) -> RawTable:
    """Read a file of any readable format.

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
    dialect = dialect or Dialect()
    if found.is_delimited:
        text = read_delimited(read_bytes(path), dialect, where=path.name)
        return RawTable(
            path.name, text.table, None, None, text.lines, "line", is_text=True, decimal=text.decimal,
            ragged=text.ragged, notices=text.notices,
        )  # fmt: skip
    table, geometry, crs = (
        _read_parquet(path) if found is FileFormat.GEOPARQUET else _read_layer(path, found, dialect.layer)
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
        meta, table = pyogrio.read_arrow(target, layer=layer)
    except (DataSourceError, DataLayerError, pa.ArrowInvalid) as error:
        raise InvalidInputError(
            f"{path.name} cannot be read as {found.title}: {str(error).splitlines()[0]}", "Export it again."
        ) from error
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
