"""The conditions that find the features that are asked for.

Values that differ from page to page, and from rectangle to rectangle, are parameters of their own names: a statement
that was made for one query serves every query of the same form (`form_of`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Concatenate, ParamSpec

from geoalchemy2.shape import from_shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, Float, Select, and_, bindparam, false, func, literal, or_, select

from app.database.base import INSTANT, WGS84, geometry
from app.database.feature_collections import Bbox, Collection, Expression, FeatureQuery, Interval
from app.errors import BadParameterError

SOME_TIME = datetime(2000, 1, 1, tzinfo=UTC)
KEPT_STATEMENTS = 256
"""To put a statement together takes several times as long as to find a small page by it."""

Rest = ParamSpec("Rest")


def matching(collection: Collection, municipality_id: int | None, query: FeatureQuery) -> Select[Any]:
    """Return the statement that finds the features asked for, with no columns yet and in no order."""
    conditions: list[ColumnElement[bool]] = [collection.identifier > bindparam("after", query.after)]
    if collection.municipality is not None:
        conditions.append(collection.municipality == bindparam("municipality_id", municipality_id))
    if query.identifiers is not None:
        conditions.append(collection.identifier == func.any(query.identifiers))
    conditions.extend(_where_and_when(collection, query))
    if collection.coarse and collection.sensitive is not None:
        conditions.append(collection.sensitive.is_not(True))
    conditions.extend(_equals(collection, name, value) for name, value in query.equal.items())
    conditions.extend(query.conditions)
    return select().select_from(collection.source).where(and_(*conditions))


def form_of(query: FeatureQuery) -> FeatureQuery | None:
    """Return the query that stands for all that differ from it by nothing but what `values_of` returns.

    None where there are others only by chance: each list of identifiers, area or condition has a statement of its own.
    """
    if query.conditions or query.equal or query.identifiers is not None or query.area is not None:
        return None
    bbox = None if query.bbox is None else Bbox(float(query.bbox.crosses), 0.0, 0.0, 0.0)
    interval = query.interval and Interval(query.interval.begin and SOME_TIME, query.interval.end and SOME_TIME)
    return replace(query, limit=1, after=0, bbox=bbox, interval=interval)


def kept_by_form(
    make: Callable[Concatenate[Collection, FeatureQuery, Rest], Select[Any]],
) -> Callable[Concatenate[Collection, FeatureQuery, Rest], Select[Any]]:
    """Let a function that puts the statement of a query together do so once for all queries of the same form."""
    kept: Callable[..., Select[Any]] = lru_cache(KEPT_STATEMENTS)(make)

    def statement(
        collection: Collection, query: FeatureQuery, /, *args: Rest.args, **options: Rest.kwargs
    ) -> Select[Any]:
        form = form_of(query)
        return make(collection, query, *args, **options) if form is None else kept(collection, form, *args, **options)

    return statement


def values_of(municipality_id: int | None, query: FeatureQuery) -> dict[str, Any]:
    """Return the parameters of the statement of a query."""
    place = {} if query.bbox is None else asdict(query.bbox)
    time = {} if query.interval is None else asdict(query.interval)
    return {"after": query.after, "municipality_id": municipality_id, **place, **time}


def _where_and_when(collection: Collection, query: FeatureQuery) -> Iterator[ColumnElement[bool]]:
    """Give the conditions on the place and the time."""
    without_place: ColumnElement[bool] = false()
    without_time: ColumnElement[bool] = false()
    if query.keeps_unknown:
        without_place = collection.geometry.is_(None) if collection.geometry_optional else false()
        without_time = false() if collection.time is None else collection.time[0].is_(None)
    if query.bbox is not None:
        yield or_(_meets_rectangle(collection, query.bbox), without_place)
    if query.area is not None:
        yield or_(intersects(collection, geometry_value(query.area)), without_place)
    if query.interval is not None and collection.time is not None:
        yield or_(_overlaps(collection.time, query.interval), without_time)


def _equals(collection: Collection, name: str, value: Any) -> ColumnElement[bool]:
    item = collection.filterable().get(name)
    if item is None:
        raise BadParameterError(name, "asks for what you do not see.", "Leave it out: you see these features coarsely.")
    equal: ColumnElement[bool] = item.expression == value
    return equal


def _meets_rectangle(collection: Collection, bbox: Bbox) -> ColumnElement[bool]:
    west, south, east, north = (bindparam(name, value, Float) for name, value in asdict(bbox).items())
    spans = [(west, literal(180.0)), (literal(-180.0), east)] if bbox.crosses else [(west, east)]
    return or_(*(intersects(collection, _rectangle(left, south, right, north)) for left, right in spans))


def intersects(collection: Collection, area: Expression, relation: str = "ST_Intersects") -> ColumnElement[bool]:
    """Return the condition on the geometry that is shown, with one on the stored geometry that its index answers.

    Parameters
    ----------
    collection : Collection
    area : Expression
        Geometry in WGS 84.
    relation : str
        Function of PostGIS that holds between geometries whose boxes meet only.
    """
    indexed = collection.geometry if collection.indexed_geometry is None else collection.indexed_geometry
    near = indexed.bool_op("&&")(func.ST_Expand(area, *collection.reach))
    return and_(near, getattr(func, relation)(collection.geometry, area))


def geometry_value(shape: BaseGeometry) -> ColumnElement[Any]:
    """Return a geometry in WGS 84 as a bound value."""
    return literal(from_shape(shape, srid=WGS84), geometry())


def _rectangle(
    west: ColumnElement[float], south: ColumnElement[float], east: ColumnElement[float], north: ColumnElement[float]
) -> ColumnElement[Any]:
    """Return a rectangle, or the valid line or point that one without area is."""
    corners = [func.ST_Point(west, south, WGS84), func.ST_Point(east, north, WGS84)]
    return func.ST_Envelope(func.ST_MakeLine(*corners))


def _overlaps(time: tuple[Expression, Expression], interval: Interval) -> ColumnElement[bool]:
    begin, end = time
    conditions: list[ColumnElement[bool]] = [begin.is_not(None)]
    if interval.end is not None:
        conditions.append(begin <= bindparam("end", interval.end, INSTANT))
    if interval.begin is not None:
        conditions.append(end >= bindparam("begin", interval.begin, INSTANT))
    return and_(*conditions)
