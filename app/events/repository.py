"""Every SQL statement that reads events for an analysis; coordinates come as one binary value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.database.driver import fetch_row
from app.events.schemas import EventLayer, EventSelection


@dataclass(frozen=True)
class _Layer:
    table: str
    category_kind: str
    time: str


_LAYERS: dict[EventLayer, _Layer] = {
    "incidents": _Layer("incident", "incident", "occurred_from"),
    "reports": _Layer("report", "concern", "reported_at"),
}


@dataclass(frozen=True)
class Times:
    """Events of a selection by their time."""

    first: date | None
    last: date | None
    without: int


def category_ids(session: Session, municipality_id: int, layer: EventLayer) -> dict[str, int]:
    """Return the key of each category of the layer, by code."""
    statement = text(
        "select code, id from category where municipality_id = :municipality and kind = :kind order by code"
    )
    values = {"municipality": municipality_id, "kind": _LAYERS[layer].category_kind}
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


def read_times(
    session: Session, municipality_id: int, zone: str, selection: EventSelection, keys: dict[str, Any]
) -> Times:
    """Return the first and last day of the events, and how many carry no time although a period is asked for."""
    time = sql.Identifier("e", _LAYERS[selection.events].time)
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


def _from_and_where(selection: EventSelection, keys: dict[str, Any], *, in_period: bool) -> sql.Composed:
    layer = _LAYERS[selection.events]
    time = sql.Identifier("e", layer.time)
    conditions = [sql.SQL("e.municipality_id = %(municipality)s")]
    if keys["categories"] is not None:
        conditions.append(sql.SQL("e.category_id = any(%(categories)s)"))
    if keys["source"] is not None:
        conditions.append(sql.SQL("e.source_id = %(source)s"))
    parts: list[sql.Composable] = list(conditions)
    if in_period and selection.period_from is not None:
        parts.append(sql.SQL("{} >= %(first)s::date::timestamp at time zone %(zone)s").format(time))
    if in_period and selection.period_to is not None:
        parts.append(sql.SQL("{} < (%(last)s::date + 1)::timestamp at time zone %(zone)s").format(time))
    return sql.SQL("from {} e where {}").format(sql.Identifier(layer.table), sql.SQL(" and ").join(parts))


def _values(municipality_id: int, zone: str, selection: EventSelection, keys: dict[str, Any]) -> dict[str, Any]:
    return {
        "municipality": municipality_id,
        "zone": zone,
        "first": selection.period_from,
        "last": selection.period_to,
        **keys,
    }
