"""Whole columns to PostgreSQL's binary COPY format, without a Python object per value.

Every value is its length (four bytes, -1 for null) and its bytes; every row begins with its number of values. Columns
of one width that hold no null are laid side by side and written row by row in one go; the others are written by groups
of equal length.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg.adapt import PyFormat, Transformer

from app.deferred import pa, pc

COPY_HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
COPY_TRAILER = b"\xff\xff"
MICROSECONDS_1970_TO_2000 = 946_684_800_000_000
DAYS_1970_TO_2000 = 10_957
_MOST_GROUPS = 64
_VARCHAR = 1043
"""Object identifier of ``varchar``, the same in every PostgreSQL."""

Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class FixedColumn:
    """Values of one width.

    Attributes
    ----------
    values : ndarray of uint8, shape (n, width)
        The bytes of each value, as PostgreSQL's binary format has them.
    nulls : ndarray of bool, shape (n,), or None
        Where there is no value; None where every row has one.
    """

    values: Bytes
    nulls: Mask | None = None


@dataclass(frozen=True)
class VariableColumn:
    """Values of different lengths.

    Attributes
    ----------
    values : ndarray of uint8, shape (n_bytes,)
        The bytes of all values.
    starts : ndarray of int, shape (n,)
        Where each value begins in ``values``.
    lengths : ndarray of int, shape (n,)
        Bytes of each value; -1 for null.
    """

    values: Bytes
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]


Column = FixedColumn | VariableColumn


def encode_rows(columns: Sequence[Column]) -> bytes:
    """Return rows in the binary COPY format, without its header and trailer.

    Parameters
    ----------
    columns : sequence of Column
        All of the same number of rows, in the order of the COPY command.

    Examples
    --------
    >>> encode_rows([integers([7, 8], 4)]).hex(" ", 10)
    '00010000000400000007 00010000000400000008'
    """
    lengths = [_lengths(column) for column in columns]
    n_rows = len(lengths[0])
    row_bytes = 2 + 4 * len(columns) + sum(np.maximum(length, 0) for length in lengths)
    ends = np.cumsum(row_bytes)
    out = np.empty(int(ends[-1]) if n_rows else 0, dtype=np.uint8)
    at = ends - row_bytes
    pending = [np.broadcast_to(np.frombuffer(np.array(len(columns), ">i2").tobytes(), np.uint8), (n_rows, 2))]
    for column, length in zip(columns, lengths, strict=True):
        pending.append(_big_endian(length, ">i4"))
        if isinstance(column, FixedColumn) and column.nulls is None:
            pending.append(column.values)
            continue
        at = _write_block(out, at, pending)
        pending = []
        at = _write_variable(out, at, column, length)
    if pending:
        _write_block(out, at, pending)
    return out.tobytes()


def integers(values: Any, width: int, nulls: Mask | None = None) -> FixedColumn:
    """Return whole numbers as ``smallint``, ``integer`` or ``bigint`` (a width of 2, 4 or 8 bytes)."""
    return FixedColumn(_big_endian(np.asarray(values), f">i{width}"), nulls)


def floats(values: Any, nulls: Mask | None = None) -> FixedColumn:
    """Return numbers as ``double precision``."""
    return FixedColumn(_big_endian(np.asarray(values), ">f8"), nulls)


def booleans(values: Any, nulls: Mask | None = None) -> FixedColumn:
    """Return truth values as ``boolean``."""
    return FixedColumn(np.asarray(values, dtype=np.uint8).reshape(-1, 1), nulls)


def instants(microseconds: NDArray[np.int64], nulls: Mask | None = None) -> FixedColumn:
    """Return microseconds since 1970 (UTC) as ``timestamp with time zone``."""
    return integers(microseconds - MICROSECONDS_1970_TO_2000, 8, nulls)


def dates(days: NDArray[np.int64], nulls: Mask | None = None) -> FixedColumn:
    """Return days since 1970 as ``date``."""
    return integers(days - DAYS_1970_TO_2000, 4, nulls)


def points(longitude: NDArray[np.float64], latitude: NDArray[np.float64], srid: int) -> FixedColumn:
    """Return coordinates as ``geometry(Point)``, every row having one."""
    layout = np.dtype([("order", "u1"), ("kind", "<u4"), ("srid", "<u4"), ("x", "<f8"), ("y", "<f8")])
    shapes = np.empty(len(longitude), dtype=layout)
    shapes["order"], shapes["kind"], shapes["srid"] = 1, 0x20000001, srid
    shapes["x"], shapes["y"] = longitude, latitude
    return FixedColumn(shapes.view(np.uint8).reshape(len(shapes), layout.itemsize))


def texts(values: pa.Array) -> VariableColumn:
    """Return a text or binary Arrow array as ``text``, ``varchar`` or ``bytea``; also for geometry as EWKB."""
    large = pc.cast(values, pa.large_binary())
    buffer = large.buffers()[2]
    offsets = np.frombuffer(large.buffers()[1], dtype=np.int64)[large.offset : large.offset + len(large) + 1]
    lengths = np.diff(offsets)
    if large.null_count:
        lengths = np.where(large.is_null().to_numpy(zero_copy_only=False), -1, lengths)
    data = np.frombuffer(buffer, dtype=np.uint8) if buffer is not None else np.empty(0, dtype=np.uint8)
    return VariableColumn(data, offsets[:-1].astype(np.int64), lengths)


def json_documents(values: Iterable[Any]) -> VariableColumn:
    """Return JSON-ready values as ``jsonb``."""
    written = (json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")) for value in values)
    return texts(pa.array([b"\x01" + document.encode() for document in written], pa.binary()))


def decimals(values: Iterable[Decimal | None]) -> VariableColumn:
    """Return decimals as ``numeric``, each encoded by psycopg."""
    transformer = Transformer()
    encoded = [
        None if value is None else bytes(transformer.get_dumper(value, PyFormat.BINARY).dump(value) or b"")
        for value in values
    ]
    return texts(pa.array(encoded, pa.binary()))


def text_arrays(values: Iterable[Sequence[str]]) -> VariableColumn:
    """Return lists of texts as ``varchar[]``."""
    return texts(pa.array([_text_array([item.encode() for item in value]) for value in values], pa.binary()))


def _text_array(items: list[bytes]) -> bytes:
    if not items:
        return struct.pack(">iii", 0, 0, _VARCHAR)
    head = struct.pack(">iiiii", 1, 0, _VARCHAR, len(items), 1)
    return head + b"".join(struct.pack(">i", len(item)) + item for item in items)


def _lengths(column: Column) -> NDArray[np.int64]:
    if isinstance(column, VariableColumn):
        return np.asarray(column.lengths)
    n_rows, width = column.values.shape
    lengths = np.full(n_rows, width, dtype=np.int64)
    if column.nulls is not None:
        lengths[column.nulls] = -1
    return lengths


def _big_endian(values: NDArray[Any], kind: str) -> Bytes:
    ordered = np.ascontiguousarray(values.astype(kind))
    return ordered.view(np.uint8).reshape(len(ordered), ordered.itemsize)


def _write_block(out: Bytes, at: NDArray[np.int64], pieces: Sequence[Bytes]) -> NDArray[np.int64]:
    """Write the side-by-side pieces of each row at its position; return the positions after them."""
    block = np.ascontiguousarray(np.concatenate(pieces, axis=1))
    width = block.shape[1]
    if len(block):
        _items(out, width)[at] = block.view(f"V{width}")[:, 0]
    return np.asarray(at + width)


def _write_variable(out: Bytes, at: NDArray[np.int64], column: Column, lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    if isinstance(column, FixedColumn):
        width = column.values.shape[1]
        data, starts = np.ascontiguousarray(column.values).reshape(-1), np.arange(len(lengths)) * width
    else:
        data, starts = column.values, column.starts
    present = np.flatnonzero(lengths > 0)
    order = present[np.argsort(lengths[present], kind="stable")]
    groups = np.flatnonzero(np.diff(lengths[order], prepend=-1))
    if len(groups) > _MOST_GROUPS:
        _write_bytes(out, at[present], data, starts[present], lengths[present])
    else:
        for rows in np.split(order, groups[1:]):
            if len(rows):
                width = int(lengths[rows[0]])
                _items(out, width)[at[rows]] = _items(data, width)[starts[rows]]
    return at + np.maximum(lengths, 0)


def _write_bytes(
    out: Bytes, at: NDArray[np.int64], data: Bytes, starts: NDArray[np.int64], lengths: NDArray[np.int64]
) -> None:
    first = np.cumsum(lengths) - lengths
    within = np.arange(int(lengths.sum())) - np.repeat(first, lengths)
    out[np.repeat(at, lengths) + within] = data[np.repeat(starts, lengths) + within]


def _items(data: Bytes, width: int) -> NDArray[np.void]:
    """Return a view of the bytes whose element i is the ``width`` bytes from byte i on."""
    return np.ndarray((len(data) - width + 1,), dtype=f"V{width}", buffer=data, strides=(1,))
