"""Every SQL statement that reads events for an analysis; coordinates come as one binary value."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.danger_zones.models import DUPLICATE_STATUS, STAFF_SOURCES
from app.database.driver import fetch_row
from app.events.layers import LAYERS
from app.events.schemas import EventLayer, EventSelection
from app.incidents.models import TIME_PRECISIONS

PILES = 8
"""Parts of a cell's events, by a hash of x: one that is small holds no pile of events at one coordinate."""
_NO_TIME = -(2**63)
_EPOCH_OF_POSTGRES = np.int64(946_684_800_000_000)
_TIMED = np.dtype([("x", ">f8"), ("y", ">f8"), ("begin", ">i8"), ("end", ">i8"), ("precision", ">i8")])


Ranges = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Times:
    """Events of a selection by their time."""

    first: date | None
    last: date | None
    without: int


@dataclass(frozen=True)
class TimedRows:
    """Events with their times.

    Attributes
    ----------
    x, y : ndarray of float64, shape (n,)
        Metres in the working CRS.
    begin, end : ndarray of int64, shape (n,)
        Earliest and latest possible moment, microseconds since 1970 (UTC); the least number where there is none.
    precision : ndarray of str, shape (n,)
    """

    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    begin: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    precision: npt.NDArray[np.str_]


@dataclass(frozen=True)
class Edges:
    """Borders of the columns and of the rows of a lattice, ascending, metres."""

    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]


@dataclass(frozen=True)
class CellRows:
    """Events by column and row; -1 lies before the first edge, the number of edges less one behind the last.

    A cell has up to `PILES` rows: events of one coordinate are in the same row.
    """

    column: npt.NDArray[np.int64]
    row: npt.NDArray[np.int64]
    events: npt.NDArray[np.int64]
    first: date | None
    last: date | None


def category_ids(session: Session, municipality_id: int, layer: EventLayer) -> dict[str, int]:
    """Return the key of each category of the layer, by code."""
    statement = text(
        "select code, id from category where municipality_id = :municipality and kind = :kind order by code"
    )
    values = {"municipality": municipality_id, "kind": LAYERS[layer].category_kind}
    return {row.code: row.id for row in session.execute(statement, values)}


def source_ids(session: Session, municipality_id: int, layer: EventLayer) -> dict[str, int]:
    """Return the key of each source of the layer, by name."""
    statement = text("select name, id from source where municipality_id = :municipality and kind = :kind order by name")
    values = {"municipality": municipality_id, "kind": layer}
    return {row.name: row.id for row in session.execute(statement, values)}


def read_coordinates(
    session: Session, municipality_id: int, zone: str, selection: EventSelection, keys: dict[str, Any]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return x and y of the events, metres in the working CRS, in the order of y then x.

    Parameters
    ----------
    session : Session
    municipality_id : int
    zone : str
        IANA time zone in which the days of the selection are meant.
    selection : EventSelection
    keys : dict
        ``categories`` (list of keys) and ``source`` (key) of the selection, each None for all.
    """
    statement = sql.SQL("select string_agg(float8send(e.x) || float8send(e.y), '') {source}").format(
        source=_from_and_where(selection, keys, in_period=True)
    )
    (data,) = fetch_row(session, statement, _values(municipality_id, zone, selection, keys))
    x, y = np.frombuffer(data or b"", dtype=">f8").reshape(-1, 2).T.astype(np.float64)
    order = np.lexsort((x, y))
    return x[order], y[order]


def read_weighted(
    session: Session,
    municipality_id: int,
    zone: str,
    selection: EventSelection,
    keys: dict[str, Any],
    weights: Mapping[int, float],
    *,
    own: bool,
) -> tuple[npt.NDArray[np.float64], ...]:
    """Return x, y and the weight of the events in a fixed order; parameters else as `read_coordinates`.

    Parameters
    ----------
    weights : mapping of int to float
        By the key of their category, 0 for any other; an event without a weight gets one that is not a number.
    own : bool
        Whether they are multiplied by the weight of the event itself.
    """
    statement = sql.SQL(
        "select string_agg(float8send(e.x) || float8send(e.y) || float8send({own}::float8 * coalesce("
        "(%(weights)s::float8[])[array_position(%(weighed)s::bigint[], e.category_id)], %(other)s)), '') {source}"
    ).format(
        own=sql.SQL(LAYERS[selection.events].weight if own else "1"),
        source=_from_and_where(selection, keys, in_period=True),
    )
    values = _values(municipality_id, zone, selection, keys)
    values |= {"weighed": list(weights), "weights": list(weights.values()), "other": weights.get(0, math.nan)}
    (data,) = fetch_row(session, statement, values)
    x, y, weight = np.frombuffer(data or b"", dtype=">f8").reshape(-1, 3).T.astype(np.float64)
    order = np.lexsort((weight, x, y))
    return x[order], y[order], weight[order]


def read_timed(
    session: Session, municipality_id: int, zone: str, selection: EventSelection, keys: dict[str, Any]
) -> TimedRows:
    """Return places and times of the events, in an order that follows from them; parameters as `read_coordinates`."""
    layer = LAYERS[selection.events]
    statement = sql.SQL(
        "select string_agg(float8send(e.x) || float8send(e.y) || coalesce(timestamptz_send({time}), %(none)s) "
        "|| coalesce(timestamptz_send({until}), %(none)s) "
        "|| int8send(array_position(%(precisions)s::text[], {precision})::bigint), '') {source}"
    ).format(
        time=sql.Identifier("e", layer.time),
        until=sql.SQL(layer.until),
        precision=sql.SQL(layer.precision),
        source=_from_and_where(selection, keys, in_period=True),
    )
    values = _values(municipality_id, zone, selection, keys)
    values |= {"none": _NO_TIME.to_bytes(8, "big", signed=True), "precisions": list(TIME_PRECISIONS)}
    (data,) = fetch_row(session, statement, values)
    rows = np.frombuffer(data or b"", dtype=_TIMED)
    x, y, begin, end, precision = (rows[name].astype(rows[name].dtype.newbyteorder("=")) for name in _TIMED.names or ())
    order = np.lexsort((precision, end, begin, x, y))
    begin, end = (_since_1970(moments[order]) for moments in (begin, end))
    return TimedRows(x[order], y[order], begin, end, np.array(TIME_PRECISIONS)[precision[order] - 1])


def count_in_cells(
    session: Session,
    municipality_id: int,
    zone: str,
    selection: EventSelection,
    keys: dict[str, Any],
    edges: Edges,
    numbers: Ranges | None = None,
) -> CellRows:
    """Count the events in the half-open cells between edges; no coordinate leaves the database.

    Parameters
    ----------
    session, municipality_id, zone, selection, keys
        As `read_coordinates`.
    edges : Edges
        Borders of columns and rows, ascending, metres in the working CRS.
    numbers : sequence of (int, int), optional
        Half-open ranges of the numbers of the events; all when absent.

    Notes
    -----
    The second part of the union has no row. It keeps the planner from taking each event for a cell of its own, and so
    from counting in one process.
    """
    layer = LAYERS[selection.events]
    statement = sql.SQL(
        "select coalesce(string_agg(int4send(place) || int8send(n), ''), ''), "
        "(min(first) at time zone %(zone)s)::date, (max(last) at time zone %(zone)s)::date from "
        "(select place, pile, count(*) as n, min(moment) as first, max(moment) as last from "
        "(select width_bucket(e.x, %(x)s::float8[]) * %(stride)s + width_bucket(e.y, %(y)s::float8[]) as place, "
        "hashfloat8(e.x) & %(piles)s as pile, {time} as moment {source} "
        "union all select null::int, null::int, null::timestamptz from {table} where municipality_id is null"
        ") as placed group by place, pile) as cells"
    ).format(
        time=sql.Identifier("e", layer.time),
        source=_from_and_where(selection, keys, in_period=True, ranged=numbers is not None),
        table=sql.Identifier(layer.table),
    )
    stride = edges.y.size + 1
    values = _values(municipality_id, zone, selection, keys)
    values |= _bounds(numbers) | {"x": edges.x.tolist(), "y": edges.y.tolist(), "stride": stride, "piles": PILES - 1}
    data, first, last = fetch_row(session, statement, values)
    cells = np.frombuffer(data, dtype=np.dtype([("place", ">i4"), ("n", ">i8")]))
    column, row = np.divmod(cells["place"].astype(np.int64), stride)
    return CellRows(column - 1, row - 1, cells["n"].astype(np.int64), first, last)


def count_events(
    session: Session,
    municipality_id: int,
    zone: str,
    selection: EventSelection,
    keys: dict[str, Any],
    numbers: Ranges | None = None,
) -> int:
    """Return how many events a selection has; parameters as `count_in_cells`."""
    statement = sql.SQL("select count(*) {source}").format(
        source=_from_and_where(selection, keys, in_period=True, ranged=numbers is not None)
    )
    (number,) = fetch_row(session, statement, _values(municipality_id, zone, selection, keys) | _bounds(numbers))
    return int(number)


def count_without_time(
    session: Session,
    municipality_id: int,
    zone: str,
    selection: EventSelection,
    keys: dict[str, Any],
    numbers: Ranges | None = None,
) -> int:
    """Return how many events of the selection, whatever its period, carry no time; parameters as `count_in_cells`."""
    statement = sql.SQL("select count(*) {source} and {time} is null").format(
        time=sql.Identifier("e", LAYERS[selection.events].time),
        source=_from_and_where(selection, keys, in_period=False, ranged=numbers is not None),
    )
    (number,) = fetch_row(session, statement, _values(municipality_id, zone, selection, keys) | _bounds(numbers))
    return int(number)


def count_left_out(
    session: Session, municipality_id: int, zone: str, selection: EventSelection, keys: dict[str, Any]
) -> dict[str, int]:
    """Return how many rows of the selection are no events, by reason; parameters as `read_coordinates`."""
    reasons = LAYERS[selection.events].left_out
    if not reasons:
        return {}
    conditions = [sql.SQL(condition) for condition in reasons.values()]
    first_held = [
        sql.SQL("count(*) filter (where {})").format(_and([*(_not(other) for other in conditions[:index]), condition]))
        for index, condition in enumerate(conditions)
    ]
    source = _from_and_where(selection, keys, in_period=True, all_rows=True)
    statement = sql.SQL("select {} {}").format(sql.SQL(", ").join(first_held), source)
    counts = fetch_row(session, statement, _values(municipality_id, zone, selection, keys))
    return {reason: int(count) for reason, count in zip(reasons, counts, strict=True) if count}


def largest_pile(
    session: Session,
    municipality_id: int,
    zone: str,
    selection: EventSelection,
    keys: dict[str, Any],
    rectangles: npt.NDArray[np.float64],
) -> int:
    """Return how many events share one coordinate at most, within half-open rectangles (left, bottom, right, top)."""
    statement = sql.SQL(
        "select coalesce(max(n), 0) from (select count(*) as n {source} and exists (select from "
        "unnest(%(left)s::float8[], %(bottom)s::float8[], %(right)s::float8[], %(top)s::float8[]) as r(a, b, c, d) "
        "where e.x >= r.a and e.x < r.c and e.y >= r.b and e.y < r.d) group by e.x, e.y) as piles"
    ).format(source=_from_and_where(selection, keys, in_period=True))
    values = _values(municipality_id, zone, selection, keys)
    values |= dict(zip(("left", "bottom", "right", "top"), rectangles.T.tolist(), strict=True))
    (number,) = fetch_row(session, statement, values)
    return int(number)


def read_times(
    session: Session, municipality_id: int, zone: str, selection: EventSelection, keys: dict[str, Any]
) -> Times:
    """Return the first and last day of the events, and how many carry no time although a period is asked for."""
    time = sql.Identifier("e", LAYERS[selection.events].time)
    query = sql.SQL(
        "select min({time} at time zone %(zone)s)::date, max({time} at time zone %(zone)s)::date, "
        "count(*) filter (where {time} is null) {source}"
    )
    values = _values(municipality_id, zone, selection, keys)
    whole = query.format(time=time, source=_from_and_where(selection, keys, in_period=False))
    first, last, without = fetch_row(session, whole, values)
    if selection.period_from is None and selection.period_to is None:
        return Times(first, last, 0)
    part = query.format(time=time, source=_from_and_where(selection, keys, in_period=True))
    first, last, _ = fetch_row(session, part, values)
    return Times(selection.period_from or first, selection.period_to or last, without)


def read_boundary(session: Session, municipality_id: int) -> bytes:
    """Return the boundary of the municipality as WKB, WGS 84."""
    statement = text("select st_asbinary(boundary) from municipality where id = :id")
    return bytes(session.execute(statement, {"id": municipality_id}).scalar_one())


def _from_and_where(
    selection: EventSelection,
    keys: dict[str, Any],
    *,
    in_period: bool,
    ranged: bool = False,
    all_rows: bool = False,
) -> sql.Composed:
    """Return the clauses that choose the events of a selection, or with ``all_rows`` also what is none."""
    layer = LAYERS[selection.events]
    time = sql.Identifier("e", layer.time)
    conditions: list[sql.Composable] = [sql.SQL("e.municipality_id = %(municipality)s")]
    if not all_rows:
        conditions += [_not(sql.SQL(condition)) for condition in layer.left_out.values()]
    if keys["categories"] is not None:
        conditions.append(sql.SQL("e.category_id = any(%(categories)s)"))
    if keys["source"] is not None:
        conditions.append(sql.SQL("e.source_id = %(source)s"))
    if in_period and selection.period_from is not None:
        conditions.append(sql.SQL("{} >= %(first)s::date::timestamp at time zone %(zone)s").format(time))
    if in_period and selection.period_to is not None:
        conditions.append(sql.SQL("{} < (%(last)s::date + 1)::timestamp at time zone %(zone)s").format(time))
    rows = sql.SQL(layer.rows) if layer.rows else sql.Identifier(layer.table)
    tables = sql.SQL("from {} e").format(rows)
    if ranged:
        conditions.append(sql.SQL("e.id >= numbers.low and e.id < numbers.high"))
        tables += sql.SQL(" cross join unnest(%(low)s::bigint[], %(high)s::bigint[]) as numbers(low, high)")
    return tables + sql.SQL(" where ") + _and(conditions)


def _not(condition: sql.Composable) -> sql.Composable:
    return sql.SQL("not ") + condition


def _and(conditions: Sequence[sql.Composable]) -> sql.Composed:
    return sql.SQL(" and ").join(conditions)


def _bounds(numbers: Ranges | None) -> dict[str, list[int]]:
    return {} if numbers is None else {"low": [low for low, _ in numbers], "high": [high for _, high in numbers]}


def _values(municipality_id: int, zone: str, selection: EventSelection, keys: dict[str, Any]) -> dict[str, Any]:
    return {
        "municipality": municipality_id,
        "zone": zone,
        "first": selection.period_from,
        "last": selection.period_to,
        "staff": list(STAFF_SOURCES),
        "duplicate": DUPLICATE_STATUS,
        **keys,
    }


def _since_1970(moments: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return microseconds since 1970, where there is a time; pandas takes the rest for no time."""
    return np.where(moments == _NO_TIME, moments, moments + _EPOCH_OF_POSTGRES)
