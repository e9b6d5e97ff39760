"""Features of a collection as rows of a table: as lines of CSV, and as Arrow batches for files of other programs.

Coordinates stand in the order of x and y, longitude and latitude, whatever the system: columns and formats say so.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv as pa_csv
from sqlalchemy import ColumnElement, Numeric, Text, and_, case, cast, func, literal, not_
from sqlalchemy.orm import Session

from app.database.base import WGS84
from app.database.feature_collections import Collection, Expression, FeatureQuery, Property
from app.database.feature_pages import read_feature_page, text_value
from app.database.projections import Projection, projected
from app.files.spreadsheets import FORMULA_STARTS, NUMBER

BATCH_ROWS = 10_000
IDENTIFIER = "id"
GEOMETRY = "geometry"
WELL_KNOWN_TEXT = "WKT"
"""Column that GDAL, and all that build on it, take for the geometry."""
LINE_END = "\r\n"

ARROW_TYPES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "month": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "date-time": pa.timestamp("us", tz="UTC"),
    "object": pa.string(),
    "array": pa.string(),
}
"""Objects and lists are their JSON text."""
UNQUOTED = frozenset({"integer", "number", "boolean", "date", "date-time"})


@dataclass(frozen=True)
class FeatureTable:
    """The features of a collection as Arrow batches, each read when the one before was taken.

    Attributes
    ----------
    schema : pyarrow.Schema
        ``id``, the properties, and ``geometry`` as WKB.
    geometry_type : str
        What GDAL calls the type of all geometries; ``Unknown`` where they are mixed.
    batches : iterator of pyarrow.RecordBatch
    """

    schema: pa.Schema
    geometry_type: str
    batches: Iterator[pa.RecordBatch]


def read_feature_table(
    session: Session, collection: Collection, municipality_id: int | None, query: FeatureQuery, *, most: int | None
) -> FeatureTable:
    """Return the features asked for as a table.

    The database writes each batch as one text, which is read without an object per feature or value.

    Parameters
    ----------
    session : Session
        Open until the last batch is read.
    collection : Collection
    municipality_id : int or None
    query : FeatureQuery
        Its ``limit`` does not count.
    most : int or None
        The most features, all by default.
    """
    fields = [(item.name, ARROW_TYPES[item.type]) for item in collection.properties]
    schema = pa.schema([pa.field(IDENTIFIER, pa.int64(), nullable=False), *fields, (GEOMETRY, pa.binary())])
    line = _exchanged_line(collection, query.projection)

    def batches() -> Iterator[pa.RecordBatch]:
        left, after = most, query.after
        while left != 0:
            limit = BATCH_ROWS if left is None else min(BATCH_ROWS, left)
            asked = replace(query, limit=limit, after=after)
            part = read_feature_page(session, collection, municipality_id, asked, text=line)
            if part.number_returned:
                yield _batch_of(part.features, schema)
            if part.next_after is None:
                return
            left, after = None if left is None else left - part.number_returned, part.next_after

    return FeatureTable(schema, _geometry_type(collection), batches())


def csv_header(collection: Collection, projection: Projection) -> str:
    """Return the first line of a CSV file of the collection."""
    names = [IDENTIFIER, *_place_names(collection, projection), *(item.name for item in collection.properties)]
    return ",".join(_quoted_name(name) for name in names) + LINE_END


def csv_line(collection: Collection, projection: Projection) -> ColumnElement[str]:
    """Return a feature as a line of CSV; no cell of it is taken for a formula by a spreadsheet."""
    place = projected(collection.geometry, replace(projection, flipped=False))
    places: list[ColumnElement[Any]] = [_quoted(func.ST_AsText(place, projection.decimals))]
    if _is_of_points(collection):
        axes = (func.ST_X(place), func.ST_Y(place))
        places = [func.trim_scale(func.round(cast(axis, Numeric), projection.decimals)) for axis in axes]
    return _line(collection.identifier, *places, *(_cell(item) for item in collection.properties))


def _exchanged_line(collection: Collection, projection: Projection) -> ColumnElement[str]:
    """Return a feature as a line of CSV that nobody but this module reads, with the geometry in hexadecimal digits."""
    shape = projected(collection.geometry, replace(projection, flipped=False))
    if _geometry_type(collection).startswith("Multi"):
        shape = func.ST_Multi(shape)
    values = (_value(item) for item in collection.properties)
    return _line(collection.identifier, *values, func.encode(func.ST_AsBinary(shape), "hex"))


def _batch_of(lines: str, schema: pa.Schema) -> pa.RecordBatch:
    """Return lines of CSV as a batch."""
    types = {field.name: field.type for field in schema} | {GEOMETRY: pa.string()}
    table = pa_csv.read_csv(
        pa.BufferReader(lines.encode()),
        pa_csv.ReadOptions(column_names=schema.names, use_threads=False, block_size=max(1, 4 * len(lines))),
        pa_csv.ParseOptions(newlines_in_values=True),
        pa_csv.ConvertOptions(
            column_types=types, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
        ),
    ).combine_chunks()
    columns = [table[name].combine_chunks() for name in schema.names]
    columns[-1] = _without_hexadecimal(columns[-1])
    return pa.record_batch(columns, schema=schema)


def _without_hexadecimal(column: pa.StringArray) -> pa.BinaryArray:
    """Return the bytes that texts of hexadecimal digits stand for, all at once."""
    validity, offsets, digits = column.buffers()
    ends = np.frombuffer(offsets, dtype=np.int32)[column.offset : column.offset + len(column) + 1]
    data = binascii.unhexlify(memoryview(digits)[: ends[-1]]) if digits is not None else b""
    halved = pa.py_buffer((ends // 2).astype(np.int32).tobytes())
    return pa.Array.from_buffers(pa.binary(), len(column), [validity, halved, pa.py_buffer(data)], column.null_count)


def _geometry_type(collection: Collection) -> str:
    kinds = set(collection.geometry_types)
    if len(kinds) == 1:
        return kinds.pop()
    several = next((kind for kind in kinds if kind.startswith("Multi")), "")
    return several if kinds == {several, several.removeprefix("Multi")} else "Unknown"


def _is_of_points(collection: Collection) -> bool:
    return set(collection.geometry_types) == {"Point"}


def _place_names(collection: Collection, projection: Projection) -> tuple[str, ...]:
    if not _is_of_points(collection):
        return (WELL_KNOWN_TEXT,)
    return ("longitude", "latitude") if projection.srid == WGS84 else ("x", "y")


def _line(*cells: Expression) -> ColumnElement[str]:
    parts: list[Any] = []
    for cell in cells:
        parts += [literal(","), func.coalesce(cast(cell, Text), literal(""))]
    return func.concat(*parts[1:], literal(LINE_END))


def _value(item: Property) -> ColumnElement[Any]:
    text = cast(text_value(item), Text)
    return text if item.type in UNQUOTED else _quoted(text)


def _cell(item: Property) -> ColumnElement[Any]:
    """Return the value of a property as a spreadsheet may have it."""
    text: ColumnElement[Any] = cast(text_value(item), Text)
    if item.type in UNQUOTED:
        return text
    if item.type == "string":
        starts = func.left(text, 1).in_(FORMULA_STARTS)
        number = text.bool_op("~")(literal(f"^({NUMBER.pattern})$"))
        text = case((and_(starts, not_(number)), func.concat("'", text)), else_=text)
    return _quoted(text)


def _quoted(text: ColumnElement[Any]) -> ColumnElement[str]:
    return literal('"') + func.replace(text, '"', '""', type_=Text) + literal('"')


def _quoted_name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"' if set(name) & set(',"\r\n') else name
