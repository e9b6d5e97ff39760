"""What a request for features asks for."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import ColumnElement, and_
from starlette.datastructures import QueryParams

from app.database.base import WGS84
from app.database.feature_collections import DEFAULT_PAGE, MAX_PAGE, FeatureQuery, Interval, Property
from app.database.feature_figures import Count
from app.errors import BadParameterError
from app.features.parameters import NUMBER, parse_bbox, parse_interval
from app.ogc.crs import CRS84, ReferenceSystem, find_system, rectangle
from app.ogc.filters import FILTER_PARAMETERS, read_filter
from app.ogc.filters import SYSTEM as FILTER_SYSTEM
from app.ogc.layers import View
from app.ogc.values import DAY, LARGEST_INTEGER, is_comparable, read_value

BEFORE_ALL = -1
"""Less than any identifier: the cells of a grid are counted from 0."""

FORMAT = "f"
ITEM_PARAMETERS = ("limit", "after", "bbox", "bbox-crs", "datetime", "crs", *FILTER_PARAMETERS, FORMAT)
PAGE_TOKEN = re.compile(r"(\d{1,19})\.(\d{1,19})(~?)", re.ASCII)
ALWAYS = frozenset({"", "..", "../..", "/", "../", "/.."})
FIRST_MOMENT, LAST_MOMENT = "T00:00:00Z", "T23:59:59.999999Z"
ONE_SECOND = timedelta(seconds=1)
"""Who asks for a time in whole seconds means all of the second."""
BBOX_HINT = "Use four numbers, minx,miny,maxx,maxy, in the order of axes of bbox-crs; by default longitude first."


@dataclass(frozen=True)
class ItemsRequest:
    """A request for the features of a layer.

    Attributes
    ----------
    query : FeatureQuery
    system : ReferenceSystem
        Of the answer.
    known_count : Count or None
        How many features match, as the first page found out; None on the first page.
    most : int or None
        The most features of a file, all by default; pages have the ``limit`` of the query.
    """

    query: FeatureQuery
    system: ReferenceSystem
    known_count: Count | None
    most: int | None


def require_known(given: QueryParams, known: Mapping[str, object] | tuple[str, ...]) -> None:
    """Refuse a parameter that is unknown or given twice.

    Raises
    ------
    BadParameterError
        Naming the parameter.
    """
    names = [name for name, _ in given.multi_items()]
    for name in names:
        if name not in known:
            raise BadParameterError(name[:80], "is unknown.", f"Known are: {', '.join(sorted(known))}.")
        if names.count(name) > 1:
            raise BadParameterError(name, "is given more than once.", "Give it once.")


def interval_of(given: QueryParams) -> Interval | None:
    """Return the time that is asked for: instants or days, of which an interval may leave out either.

    Raises
    ------
    BadParameterError
        If it cannot be read.
    """
    text = given.get("datetime")
    if text is None or text in ALWAYS:
        return None
    begin, slash, end = text.partition("/")
    if not slash and DAY.fullmatch(begin):
        end = begin
    ends = [_moment(begin, FIRST_MOMENT), *([_moment(end, LAST_MOMENT)] if end or slash else [])]
    return parse_interval("/".join(ends))


def read_items_request(given: QueryParams, view: View) -> ItemsRequest:
    """Return what is asked for.

    Raises
    ------
    BadParameterError
        If a parameter is unknown or cannot be read.
    """
    properties = queried_properties(view)
    require_known(given, (*ITEM_PARAMETERS, *properties))
    system = system_of(given, "crs", view)
    after, known_count = _page(given.get("after"))
    query = FeatureQuery(
        limit=read_limit(given.get("limit")),
        after=after,
        interval=interval_of(given),
        conditions=(
            *(_equals(properties[name], text) for name, text in given.items() if name in properties),
            *read_filter(given, view, system_of(given, FILTER_SYSTEM, view)),
        ),
        projection=system.projection,
        keeps_unknown=True,
    )
    box_system = system_of(given, "bbox-crs", view)
    if "bbox" in given:
        query = _within(query, given["bbox"], box_system)
    return ItemsRequest(query, system, known_count, most=_positive(given["limit"]) if "limit" in given else None)


def queried_properties(view: View) -> dict[str, Property]:
    """Return the properties that a parameter of their own name asks for, by name."""
    taken = {*ITEM_PARAMETERS}
    return {item.name: item for item in view.collection.properties if is_comparable(item) and item.name not in taken}


def system_of(given: QueryParams, parameter: str, view: View) -> ReferenceSystem:
    """Return the coordinate reference system that a parameter names, CRS84 without it.

    Raises
    ------
    BadParameterError
        If the layer is not offered in it.
    """
    uri = given.get(parameter)
    return CRS84 if uri is None else find_system(parameter, uri, view.systems)


def read_limit(text: str | None) -> int:
    """Return the most features of a page; a larger wish is clamped.

    Raises
    ------
    BadParameterError
        If it is no positive whole number.
    """
    return DEFAULT_PAGE if text is None else min(_positive(text), MAX_PAGE)


def page_token(after: int, count: Count) -> str:
    """Return the opaque token of the page after a feature; it carries how many features match."""
    text = f"{after}.{count.number}{'' if count.exact else '~'}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _positive(text: str) -> int:
    if not re.fullmatch(r"\d{1,18}", text, re.ASCII) or int(text) < 1:
        raise BadParameterError("limit", "is no positive whole number.", f"Use 1 to {MAX_PAGE}.")
    return int(text)


def _page(token: str | None) -> tuple[int, Count | None]:
    if token is None:
        return BEFORE_ALL, None
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        text = ""
    found = PAGE_TOKEN.fullmatch(text)
    if found is not None and int(found[1]) <= LARGEST_INTEGER:
        count = Count(int(found[2]), exact=not found[3])
        if page_token(int(found[1]), count) == token:
            return int(found[1]), count
    raise BadParameterError("after", "is not a page token of this service.", "Follow the link 'next' of a page.")


def _moment(text: str, rest: str) -> str:
    return f"{text}{rest}" if DAY.fullmatch(text) else text


def _within(query: FeatureQuery, text: str, system: ReferenceSystem) -> FeatureQuery:
    parts = [part.strip() for part in text.split(",")]
    if len(parts) not in {4, 6} or not all(NUMBER.fullmatch(part) for part in parts):
        raise BadParameterError("bbox", "is not four numbers (or six, with heights) separated by commas.", BBOX_HINT)
    numbers = [float(part) for part in parts]
    half = len(numbers) // 2
    first, second, third, fourth = *numbers[:2], *numbers[half : half + 2]
    if system.projection.srid == WGS84:
        if system.projection.flipped:
            first, second, third, fourth = second, first, fourth, third
        return replace(query, bbox=parse_bbox(",".join(map(repr, (first, second, third, fourth)))))
    if first > third or second > fourth:
        raise BadParameterError("bbox", "has its lower corner above its upper corner.", BBOX_HINT)
    try:
        return replace(query, area=rectangle((first, second, third, fourth), system))
    except ValueError as error:
        raise BadParameterError("bbox", f"lies outside what {system.uri} covers.", BBOX_HINT) from error


def _equals(item: Property, text: str) -> ColumnElement[bool]:
    try:
        value = read_value(item, text)
    except ValueError as error:
        raise BadParameterError(item.name, f"{error}.", item.description) from error
    if item.type == "date-time" and "." not in text:
        return and_(item.expression >= value, item.expression < value + ONE_SECOND)
    equal: ColumnElement[bool] = item.expression == value
    return equal
