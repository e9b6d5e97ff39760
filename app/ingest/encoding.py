"""Accepted rows as the columns of their table, ready for COPY."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray
from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import BigInteger, DateTime, Float, Integer, SmallInteger

from app.database import copying
from app.database.base import WGS84
from app.incidents.models import TIME_PRECISIONS
from app.ingest.checking import CheckedRows, ReadingPlan, dates_of
from app.ingest.fields import Field, FieldType
from app.ingest.findings import json_ready
from app.ingest.times import PRECISION_CODES

LOOKED_UP = (FieldType.CATEGORY, FieldType.REFERENCE, FieldType.TITLE)
"""Fields whose text stands for the key of another row."""


def stands_elsewhere(field: Field, table: Table) -> bool:
    """Tell whether the values of a field are no column of the rows: they are linked or told when all rows are there."""
    return field.type is FieldType.SIBLING or (field.type is not FieldType.CATEGORY and field.name not in table.columns)


_WIDTHS = {SmallInteger: 2, Integer: 4, BigInteger: 8}


@dataclass(frozen=True)
class Keys:
    """Keys that every row of a batch carries.

    Attributes
    ----------
    municipality_id, source_id, batch_id : int
        Whose rows these are and where they came from.
    lookups : dict of str to dict of str to int
        For each category, reference or title field the key that each text of the file stands for.
    imported_at : int
        Microseconds since 1970 of the import; the time of rows that must have one and state none.
    """

    municipality_id: int
    source_id: int
    batch_id: int
    lookups: dict[str, dict[str, int]]
    imported_at: int


def encode(
    rows: CheckedRows, ids: pa.Array, taken: NDArray[np.bool_], plan: ReadingPlan, table: Table, keys: Keys
) -> tuple[list[str], bytes]:
    """Return column names and binary COPY rows of the rows that are taken in.

    Parameters
    ----------
    rows : CheckedRows
        A checked slice.
    ids : pyarrow.Array
        Identifier of each row.
    taken : ndarray of bool, shape (n,)
        The rows to encode.
    plan : ReadingPlan
        How the file is read.
    table : Table
        Where the rows go.
    keys : Keys
        What they all carry.
    """
    n_rows = int(np.count_nonzero(taken))
    chosen = pa.array(taken)
    columns: dict[str, copying.Column] = {
        "municipality_id": copying.integers(np.full(n_rows, keys.municipality_id), 4),
        "source_id": copying.integers(np.full(n_rows, keys.source_id), 8),
        "batch_id": copying.integers(np.full(n_rows, keys.batch_id), 8),
        "external_id": copying.texts(ids.filter(chosen)),
    }
    for field in plan.kind.fields[1:]:
        name = "category_id" if field.type is FieldType.CATEGORY else field.name
        if not stands_elsewhere(field, table):
            encoded = _encode_field(field, rows, chosen, table.columns[name].type, keys, n_rows)
            if encoded is not None:
                columns[name] = encoded
            if field.counted_from and field.name in rows.values:
                columns[field.counted_from] = columns[name]
    if plan.kind.precision_of:
        columns["time_precision"] = _precision(rows, taken, plan.kind.precision_of)
    columns |= _encode_place(rows, taken, plan)
    if plan.kind.keeps_attributes:
        columns["attributes"] = copying.json_documents(_attributes(rows, taken, plan.attribute_columns))
    return list(columns), copying.encode_rows(list(columns.values()))


def _encode_field(
    field: Field, rows: CheckedRows, chosen: pa.Array, kind: Any, keys: Keys, n_rows: int
) -> copying.Column | None:
    if field.name in rows.times:
        return _encode_time(field, rows, chosen, kind, keys)
    values = rows.values.get(field.name)
    if values is None and field.fallback:
        values = rows.values.get(field.fallback)
    if values is not None:
        values = values.filter(chosen)
    if field.type in LOOKED_UP:
        return None if values is None else _encode_key(values, keys.lookups[field.name])
    if field.type is FieldType.TIME:
        return copying.instants(np.full(n_rows, keys.imported_at)) if field.default == "now" else None
    if values is None:
        return None if field.default is None else _constant(field, n_rows, kind)
    return _encode_values(_filled(field, values, rows, chosen), field, kind)


def _filled(field: Field, values: pa.Array, rows: CheckedRows, chosen: pa.Array) -> pa.Array:
    if field.fallback and field.fallback in rows.values:
        return pc.coalesce(values, rows.values[field.fallback].filter(chosen))
    if field.default is None or field.type is FieldType.LIST:
        return values
    return pc.fill_null(values, pa.scalar(field.default, values.type))


def _constant(field: Field, n_rows: int, kind: Any) -> copying.Column:
    if field.type is FieldType.LIST:
        return _encode_lists([list(field.default)] * n_rows, kind)
    return _encode_values(pa.array([field.default] * n_rows), field, kind)


def _encode_lists(items: list[list[str]], kind: Any) -> copying.Column:
    return copying.json_documents(items) if isinstance(kind, JSONB) else copying.text_arrays(items)


def _encode_values(values: pa.Array, field: Field, kind: Any) -> copying.Column:
    if field.type is FieldType.LIST:
        return _encode_lists([list(item or field.default) for item in values.to_pylist()], kind)
    if field.type is FieldType.MONEY:
        return copying.decimals(values.to_pylist())
    nulls = values.is_null().to_numpy(zero_copy_only=False) if values.null_count else None
    if isinstance(kind, Float):
        return copying.floats(values.cast(pa.float64()).fill_null(0).to_numpy(), nulls)
    if isinstance(kind, Integer):
        width = next(_WIDTHS[ancestor] for ancestor in type(kind).__mro__ if ancestor in _WIDTHS)
        return copying.integers(values.fill_null(0).to_numpy(), width, nulls)
    return copying.texts(values)


def _encode_time(field: Field, rows: CheckedRows, chosen: pa.Array, kind: Any, keys: Keys) -> copying.Column:
    times = rows.times[field.name]
    taken = chosen.to_numpy(zero_copy_only=False)
    nulls = times.missing[taken]
    if not isinstance(kind, DateTime):
        return copying.dates(dates_of(times)[taken], nulls if nulls.any() else None)
    instants = times.instants[taken]
    if field.default == "now":
        return copying.instants(np.where(nulls, keys.imported_at, instants))
    return copying.instants(instants, nulls if nulls.any() else None)


def _encode_key(values: pa.Array, keys: dict[str, int]) -> copying.Column:
    encoded = values.dictionary_encode()
    known = np.array([keys.get(text, 0) for text in encoded.dictionary.to_pylist()] + [0], dtype=np.int64)
    found = known[encoded.indices.fill_null(-1).to_numpy()]
    nulls = found == 0
    return copying.integers(found, 8, nulls if nulls.any() else None)


def _precision(rows: CheckedRows, taken: NDArray[np.bool_], field: str) -> copying.Column:
    names = pa.array(TIME_PRECISIONS)
    times = rows.times.get(field)
    codes = times.precision[taken] if times else np.full(np.count_nonzero(taken), PRECISION_CODES["unknown"])
    return copying.texts(names.take(pa.array(codes)))


def _encode_place(rows: CheckedRows, taken: NDArray[np.bool_], plan: ReadingPlan) -> dict[str, copying.Column]:
    located, placement = rows.located, plan.kind.placement
    if located is None or placement is None:
        return {}
    spot = {"x": copying.floats(located.x[taken]), "y": copying.floats(located.y[taken])} if placement.projected else {}
    if located.shapes is None and located.placed[taken].all():
        return {placement.column: copying.points(located.longitude[taken], located.latitude[taken], WGS84), **spot}
    shapes = _shapes(located.shapes, located.longitude, located.latitude, located.placed)[taken]
    ewkb = shapely.to_wkb(shapely.set_srid(shapes, WGS84), include_srid=True)
    return {placement.column: copying.texts(pa.array(ewkb.tolist(), pa.binary())), **spot}


def _shapes(
    shapes: NDArray[np.object_] | None,
    longitude: NDArray[np.float64],
    latitude: NDArray[np.float64],
    placed: NDArray[np.bool_],
) -> NDArray[np.object_]:
    if shapes is not None:
        return shapes
    found = np.full(len(placed), None, dtype=object)
    found[placed] = shapely.points(longitude[placed], latitude[placed])
    return found


def _attributes(rows: CheckedRows, taken: NDArray[np.bool_], names: list[str]) -> list[dict[str, Any]]:
    if not names:
        return [{}] * int(np.count_nonzero(taken))
    wanted = rows.raw.attributes.select(names).filter(pa.array(taken))
    return [{name: json_ready(value) for name, value in row.items()} for row in wanted.to_pylist()]
