"""Query parameters of feature lists: bbox, datetime, limit and the page token."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Query

from app.database.feature_collections import DEFAULT_PAGE, MAX_PAGE, Bbox, FeatureQuery, Interval
from app.errors import BadParameterError

NUMBER = re.compile(r"[+-]?(\d{1,20}(\.\d{0,20})?|\.\d{1,20})([eE][+-]?\d{1,3})?", re.ASCII)
NO_INSTANT = "is no time with offset such as 2026-03-01T21:15:00Z"
INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
TOKEN_PREFIX = "id:"  # noqa: S105 - no secret, it marks a page token
MAX_IDENTIFIER = 2**63 - 1

BBOX_PATTERN = r"^-?[0-9]{1,3}(\.[0-9]+)?(,-?[0-9]{1,3}(\.[0-9]+)?){3}$"
DATETIME_PATTERN = (
    r"^(\.\.|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2}))"
    r"(/(\.\.|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})))?$"
)
"""What the API document says of the parameters; what is read is a little more than that."""

DATETIME_HINT = (
    "Use an RFC 3339 instant such as 2026-03-01T21:15:00Z, or an interval such as 2026-01-01T00:00:00Z/.. ; "
    "the + of an offset is written %2B in an address."
)


def parse_bbox(text: str) -> Bbox:
    """Return the rectangle of a ``bbox`` parameter.

    Raises
    ------
    BadParameterError
        If it is not four numbers in the range of longitude and latitude, south before north.
    """
    hint = "Use minx,miny,maxx,maxy in degrees, longitude first, for example 22.5,57.2,22.6,57.3."
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 4 or not all(NUMBER.fullmatch(part) for part in parts):
        raise BadParameterError("bbox", "is not four numbers separated by commas.", hint)
    west, south, east, north = (float(part) for part in parts)
    if not all(-180 <= x <= 180 for x in (west, east)) or not all(-90 <= y <= 90 for y in (south, north)):
        raise BadParameterError("bbox", "is not in the range of longitude and latitude.", hint)
    if south > north:
        raise BadParameterError("bbox", "has its south above its north.", hint)
    return Bbox(west, south, east, north)


def parse_interval(text: str) -> Interval:
    """Return the span of a ``datetime`` parameter: an instant, or ``begin/end`` of which one may be ``..`` or empty.

    Raises
    ------
    BadParameterError
        If a part is not an RFC 3339 time with offset, both ends are open, or the end is before the begin.
    """
    parts = text.split("/")
    if len(parts) == 1:
        instant = _parse_instant(parts[0])
        return Interval(instant, instant)
    if len(parts) > 2:
        raise BadParameterError("datetime", "has more than one slash.", DATETIME_HINT)
    begin, end = (None if part in {"", ".."} else _parse_instant(part) for part in parts)
    if begin is None and end is None:
        raise BadParameterError("datetime", "is open at both ends.", DATETIME_HINT)
    if begin is not None and end is not None and end < begin:
        raise BadParameterError("datetime", "ends before it begins.", DATETIME_HINT)
    return Interval(begin, end)


def _parse_instant(text: str) -> datetime:
    try:
        return read_instant(text)
    except ValueError as error:
        raise BadParameterError("datetime", f"{text[:40]!r} is no time with offset.", DATETIME_HINT) from error


def read_instant(text: str) -> datetime:
    """Return a time with offset, such as 2026-03-01T21:15:00Z, in UTC.

    Raises
    ------
    ValueError
        If it is written otherwise, or there is no such time.
    """
    if not INSTANT.fullmatch(text):
        raise ValueError(NO_INSTANT)
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(NO_INSTANT) from error


def page_token(identifier: int) -> str:
    """Return the opaque token of the page after a feature."""
    return base64.urlsafe_b64encode(f"{TOKEN_PREFIX}{identifier}".encode()).decode().rstrip("=")


def parse_page_token(token: str) -> int:
    """Return the identifier that a page begins after.

    Raises
    ------
    BadParameterError
        If the token is not one that this service made.
    """
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        text = ""
    digits = text.removeprefix(TOKEN_PREFIX)
    if len(digits) <= 19 and text == f"{TOKEN_PREFIX}{digits}" and re.fullmatch(r"\d+", digits, re.ASCII):
        identifier = int(digits)
        if identifier <= MAX_IDENTIFIER and page_token(identifier) == token:
            return identifier
    raise BadParameterError("after", "is not a page token of this service.", "Follow the link 'next' of a page.")


LimitParam = Annotated[int, Query(ge=1, le=MAX_PAGE, description="The most features of a page.", examples=[100])]
AfterParam = Annotated[
    str | None, Query(max_length=64, description="Token of the next page; follow the link `next` of a page.")
]
BboxParam = Annotated[
    str | None,
    Query(
        max_length=200,
        description="Only features that intersect the rectangle minx,miny,maxx,maxy (CRS84 degrees, longitude first); "
        "minx greater than maxx crosses the antimeridian.",
        examples=["22.5,57.2,22.6,57.3"],
        json_schema_extra={"pattern": BBOX_PATTERN},
    ),
]
DatetimeParam = Annotated[
    str | None,
    Query(
        max_length=100,
        description="Only features whose time meets an RFC 3339 instant or a closed interval `begin/end`, where `..` "
        "leaves an end open; without effect on layers without time.",
        examples=["2026-01-01T00:00:00Z/.."],
        json_schema_extra={"pattern": DATETIME_PATTERN},
    ),
]


def feature_query(
    limit: LimitParam = DEFAULT_PAGE,
    after: AfterParam = None,
    bbox: BboxParam = None,
    datetime: DatetimeParam = None,
) -> FeatureQuery:
    """Return the query that the paging, place and time parameters ask for."""
    return FeatureQuery(
        limit=limit,
        after=0 if after is None else parse_page_token(after),
        bbox=None if bbox is None else parse_bbox(bbox),
        interval=None if datetime is None else parse_interval(datetime),
    )


FeatureQueryDep = Annotated[FeatureQuery, Depends(feature_query)]
