"""The numbers by which a GeoJSON file knows its Features."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from app.files.formats import is_gzipped

ID_COLUMN = "id"
_PIECE_BYTES = 1 << 24
_LONGEST = 64
"""Bytes of a member with its number, blanks included."""
_MEMBER = re.compile(rb'"id"\s*:\s*(-?\d{1,18})(?=[\s,}])')


def with_feature_ids(table: pa.Table, numbers: pa.Array, path: Path) -> pa.Table:
    """Return a table with the Features' numbers as the column ``id``, where all have one and no property is called so.

    Parameters
    ----------
    table : pyarrow.Table
        Properties of the Features.
    numbers : pyarrow.Array
        Number of each Feature as GDAL has it, which makes one up where the file has none or has it twice.
    path : Path
        The file.

    Notes
    -----
    Numbers that do not all stand in the file as an ``id`` were made up: they would be other ones in the next file.
    """
    if ID_COLUMN in table.column_names or not np.isin(numbers.to_numpy(), _written_ids(path)).all():
        return table
    return table.add_column(0, ID_COLUMN, numbers)


def _written_ids(path: Path) -> NDArray[np.int64]:
    """Return every number that the file gives for an ``id``, at whatever depth."""
    found = [np.empty(0, np.int64)]
    rest = b""
    with gzip.open(path) if is_gzipped(path) else path.open("rb") as stream:
        while piece := stream.read(_PIECE_BYTES):
            found.append(np.array(_MEMBER.findall(rest + piece), dtype="S18").astype(np.int64))
            rest = piece[-_LONGEST:]
    return np.unique(np.concatenate(found))
