"""How many features of a collection there are, and where and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from sqlalchemy import ClauseElement, Executable, Row, Select, and_, func, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session

from app.database.feature_collections import Collection, FeatureQuery
from app.database.feature_conditions import matching

_SET_TIMEOUT = text("select set_config('statement_timeout', :milliseconds, true)")
_TIMEOUT = text("select current_setting('statement_timeout')")


@dataclass(frozen=True)
class Count:
    """How many features match.

    Attributes
    ----------
    number : int
    exact : bool
        False for an estimate of the planner.
    """

    number: int
    exact: bool


@dataclass(frozen=True)
class Extent:
    """Where and when the features of a collection are.

    Attributes
    ----------
    box : tuple of float or None
        West, south, east and north in degrees; None where no feature has a place.
    begin, end : datetime or None
        None where no feature has a time, or where it is open.
    """

    box: tuple[float, float, float, float] | None
    begin: datetime | None
    end: datetime | None


class _Explain(Executable, ClauseElement):
    inherit_cache = False

    def __init__(self, statement: Select[Any]) -> None:
        self.statement = statement


@compiles(_Explain)
def _compile_explain(element: _Explain, compiler: Any, **options: Any) -> str:
    return f"explain (format json) {compiler.process(element.statement, **options)}"


def count_features(
    session: Session, collection: Collection, municipality_id: int | None, query: FeatureQuery, *, milliseconds: int
) -> Count:
    """Return how many features match; exactly if the database can tell in that time, else what its planner expects.

    Parameters
    ----------
    session : Session
    collection : Collection
    municipality_id : int or None
    query : FeatureQuery
        Of which neither ``limit`` nor the begin of the page matters to the caller: give those of a first page.
    milliseconds : int
        At most this long is counted.
    """
    found = matching(collection, municipality_id, query)
    counted = _answer_within(session, found.add_columns(func.count()), milliseconds)
    if counted is not None:
        return Count(counted[0], exact=True)
    (plan,) = session.scalar(_Explain(found.add_columns(collection.identifier)))
    return Count(int(plan["Plan"]["Plan Rows"]), exact=False)


def read_extent(
    session: Session, collection: Collection, municipality_id: int | None, *, after: int, milliseconds: int
) -> Extent | None:
    """Return where and when the features are, None if that cannot be told in that time.

    Parameters
    ----------
    session : Session
    collection : Collection
    municipality_id : int or None
    after : int
        Less than the least identifier.
    milliseconds : int
    """
    box = func.ST_Extent(collection.geometry)
    columns: list[Any] = [func.ST_XMin(box), func.ST_YMin(box), func.ST_XMax(box), func.ST_YMax(box)]
    if collection.time is not None:
        begin, end = collection.time
        finite = func.isfinite(end)
        columns += [
            func.min(begin).filter(func.isfinite(begin)),
            func.max(end).filter(finite),
            func.bool_or(and_(begin.is_not(None), ~finite)),
        ]
    statement = matching(collection, municipality_id, FeatureQuery(after=after)).add_columns(*columns)
    row = _answer_within(session, statement, milliseconds)
    if row is None:
        return None
    values: list[Any] = list(row)
    first, last, is_open = values[4:] or (None, None, False)
    west, south, east, north = values[:4]
    return Extent(None if west is None else (west, south, east, north), first, None if is_open else last)


def _answer_within(session: Session, statement: Select[Any], milliseconds: int) -> Row[Any] | None:
    """Return the one row of a statement, None if it takes longer."""
    usual = session.scalar(_TIMEOUT)
    try:
        with session.begin_nested():
            session.execute(_SET_TIMEOUT, {"milliseconds": str(milliseconds)})
            row = session.execute(statement).one()
            session.execute(_SET_TIMEOUT, {"milliseconds": usual})
    except DBAPIError as error:
        if isinstance(error.orig, psycopg.errors.QueryCanceled):
            return None
        raise
    return row
