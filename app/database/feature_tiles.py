"""Vector tiles (MVT) of a collection, made by the database in one statement."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Float,
    Integer,
    Select,
    bindparam,
    case,
    cast,
    func,
    literal,
    literal_column,
    select,
)
from sqlalchemy.orm import Session

from app.database.base import WGS84
from app.database.feature_collections import Collection, FeatureQuery
from app.database.feature_conditions import intersects, kept_by_form, matching, values_of
from app.database.feature_pages import text_value
from app.database.looks import Look
from app.database.planning import plan_anew

WEB_MERCATOR = 3857
TILE_UNITS = 4096
TILE_BUFFER = 64
"""Of the units of the grid in a tile; symbols at an edge are drawn by both tiles."""

FLATTENED = ("object", "array")
WORLD_METRES = 2 * 20_037_508.342789244
SIMPLIFIED_BELOW = 15
"""At finer zooms the grid of a tile is finer than what is stored."""


@dataclass(frozen=True)
class Tile:
    """A tile.

    Attributes
    ----------
    content : bytes
        Empty where there are no features.
    more : bool
        Whether there are more features than it holds.
    look : Look
        What of the collection it shows.
    """

    content: bytes
    more: bool
    look: Look


@dataclass(frozen=True)
class TileAddress:
    """Zoom, column and row of a tile of WebMercatorQuad."""

    zoom: int
    column: int
    row: int


def read_tile(
    session: Session,
    collection: Collection,
    municipality_id: int,
    address: TileAddress,
    query: FeatureQuery,
) -> Tile:
    """Return a tile with at most ``query.limit`` features, those with the least identifiers.

    Whoever shows it notes the look.

    Parameters
    ----------
    session : Session
    collection : Collection
    municipality_id : int
    address : TileAddress
    query : FeatureQuery
        What else the features have to meet.
    """
    plan_anew(session, in_one_process=True)
    content, look = _made(session, collection, municipality_id, address, replace(query, limit=query.limit + 1))
    more = look.number > query.limit
    if more:
        content, look = _made(session, collection, municipality_id, address, query)
    return Tile(content, more, look)


def _made(
    session: Session, collection: Collection, municipality_id: int, address: TileAddress, query: FeatureQuery
) -> tuple[bytes, Look]:
    """Return a tile and what it shows; one that shows more than it may is made again, which is rare."""
    statement = _tile_statement(collection, query, simplifies=address.zoom < SIMPLIFIED_BELOW)
    size = WORLD_METRES / 2**address.zoom
    values = {"margin": size * TILE_BUFFER / TILE_UNITS, "half_unit": size / TILE_UNITS / 2, "limit": query.limit}
    values |= asdict(address) | values_of(municipality_id, query)
    made, number, first, last = session.execute(statement, values).one()
    return bytes(made), Look(collection.name, number, first, last)


@kept_by_form
def _tile_statement(collection: Collection, query: FeatureQuery, *, simplifies: bool) -> Select[Any]:
    """Return the statement of a tile."""
    envelope = func.ST_TileEnvelope(*(bindparam(name, type_=Integer) for name in ("zoom", "column", "row")))
    near = func.ST_Transform(func.ST_Expand(envelope, bindparam("margin", type_=Float)), WGS84)
    place: ColumnElement[Any] = func.ST_Transform(collection.geometry, WEB_MERCATOR)
    if simplifies and not set(collection.geometry_types) <= {"Point", "MultiPoint"}:
        place = _simplified(place)
    shown = func.ST_AsMVTGeom(place, envelope, TILE_UNITS, TILE_BUFFER, literal(True))  # noqa: FBT003
    values: list[Any] = [
        text_value(item).label(item.name) for item in collection.properties if item.type not in FLATTENED
    ]
    columns: list[Any] = [collection.identifier.label("kvart_id"), shown.label("kvart_place"), *values]
    found = matching(collection, None, query).where(_meets(collection, near)).add_columns(*columns)
    rows = found.order_by(collection.identifier).limit(bindparam("limit", type_=Integer)).subquery("tile")
    content = func.ST_AsMVT(literal_column("tile"), collection.name, TILE_UNITS, "kvart_place", "kvart_id")
    return select(content, func.count(), func.min(rows.c.kvart_id), func.max(rows.c.kvart_id)).select_from(rows)


def _meets(collection: Collection, near: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition on the place; boxes are enough for points, since a tile leaves out what is not on it."""
    if set(collection.geometry_types) == {"Point"} and collection.indexed_geometry is None:
        return collection.geometry.bool_op("&&")(near)
    return intersects(collection, near)


def _simplified(place: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a geometry in Web Mercator without what is finer than half a unit of the tile."""
    flat = cast(func.ST_Dimension(place), Integer) == 0
    half_unit = bindparam("half_unit", type_=Float)
    return case((flat, place), else_=func.ST_Simplify(place, half_unit, literal(True)))  # noqa: FBT003
