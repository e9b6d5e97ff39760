"""Pages of GeoJSON features, written as text by the database in one statement.

A domain describes its layer once, as a `Collection`; lists, single features, API documents and exports follow from it.
No object is made per feature, neither of the ORM nor of pydantic.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, Self

from geoalchemy2.shape import from_shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import (
    ColumnElement,
    Float,
    FromClause,
    Select,
    SQLColumnExpression,
    and_,
    cast,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import LateralFromClause

from app.database.base import WGS84, geometry
from app.database.looks import note_look
from app.database.planning import plan_anew
from app.database.projections import LONGITUDE_LATITUDE, Projection, projected
from app.errors import BadParameterError

DEFAULT_PAGE = 1000
MAX_PAGE = 10_000
PROPERTIES = "properties"
UTC_TIMESTAMP = 'YYYY-MM-DD"T"HH24:MI:SS"Z"'

Expression = SQLColumnExpression[Any]
"""A column, or anything computed of columns."""

PropertyType = Literal["string", "integer", "number", "boolean", "date", "date-time", "month", "object", "array"]


@dataclass(frozen=True)
class Property:
    """A property of the features of a collection.

    Attributes
    ----------
    name : str
        Its name in the answer and, if it can be filtered by, in the query.
    expression : Expression
        Where its value comes from.
    type : str
        JSON type, or ``date``/``date-time``/``month`` for a string in that format.
    description : str
        What it says, with the unit.
    values : tuple of str
        The allowed values, if they are a closed list.
    filterable : bool
        Whether a query may ask for features whose property equals a value.
    coarse : bool
        Whether it is shown at coarse precision too; a time is then shown as its month.
    internal : bool
        Whether it is for those who work with it: no public view shows it.
    """

    name: str
    expression: Expression
    type: PropertyType
    description: str
    values: tuple[str, ...] = ()
    filterable: bool = False
    coarse: bool = False
    internal: bool = False


@dataclass(frozen=True)
class Collection:
    """A layer of features: what is selected from where.

    Attributes
    ----------
    name, title, singular, description : str
        ``name`` is the last part of the address of the list, ``singular`` what messages call one feature.
    source : FromClause
        Table or join that the rows come from.
    identifier : Expression
        Integer key by which features are ordered, paged and addressed.
    municipality : Expression or None
        Key of the municipality that a row belongs to; None for the list of municipalities itself.
    geometry : Expression
        Geometry in WGS 84.
    geometry_types : tuple of str
        GeoJSON types that may occur.
    properties : tuple of Property
    time : tuple of Expression or None
        Begin and end of the time that a feature speaks of; features without it match no time filter.
    geometry_optional : bool
    sensitive : Expression or None
        Whether a feature is left out at coarse precision.
    coarse : bool
        Whether this is the coarse view of a collection (:mod:`app.database.coarse_views`).
    indexed_geometry : Expression or None
        Stored geometry where ``geometry`` is computed from it; it lies within ``reach`` of what is computed.
    reach : tuple of float
        Degrees of longitude and latitude.
    """

    name: str
    title: str
    singular: str
    description: str
    source: FromClause
    identifier: Expression
    municipality: Expression | None
    geometry: Expression
    geometry_types: tuple[str, ...]
    properties: tuple[Property, ...]
    time: tuple[Expression, Expression] | None = None
    geometry_optional: bool = False
    sensitive: Expression | None = None
    coarse: bool = False
    indexed_geometry: Expression | None = None
    reach: tuple[float, float] = (0.0, 0.0)

    def filterable(self) -> dict[str, Property]:
        """Return the properties that a query may filter by, by name."""
        return {item.name: item for item in self.properties if item.filterable}


@dataclass(frozen=True)
class Bbox:
    """A rectangle in degrees (CRS84); ``west`` greater than ``east`` crosses the antimeridian."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True)
class Interval:
    """A time span, both ends included; None is open."""

    begin: datetime | None
    end: datetime | None


@dataclass(frozen=True)
class FeatureQuery:
    """Which features of a collection are asked for.

    Attributes
    ----------
    limit : int
        The most features of the page.
    after : int
        Identifier that the page begins after.
    bbox : Bbox or None
    interval : Interval or None
    equal : mapping of str to str
        Values of filterable properties.
    identifiers : sequence of int or None
        Only these features.
    area : Polygon or None
        In WGS 84; only features that intersect it.
    conditions : tuple of ColumnElement
        Further conditions on what the collection shows.
    projection : Projection
        Of the geometries that are written.
    keeps_unknown : bool
        Whether features without a place lie in every rectangle, and those without a time in every interval.
    """

    limit: int = DEFAULT_PAGE
    after: int = 0
    bbox: Bbox | None = None
    interval: Interval | None = None
    equal: Mapping[str, Any] = field(default_factory=dict)
    identifiers: Sequence[int] | None = None
    area: BaseGeometry | None = None
    conditions: tuple[ColumnElement[bool], ...] = ()
    projection: Projection = LONGITUDE_LATITUDE
    keeps_unknown: bool = False

    def where(self, **equal: Any) -> Self:
        """Return the query with further values of properties; None asks for nothing."""
        return replace(
            self, equal={**self.equal, **{name: value for name, value in equal.items() if value is not None}}
        )


@dataclass(frozen=True)
class FeaturePage:
    """A page of features.

    Attributes
    ----------
    features : str
        The GeoJSON features as text, separated by commas; or whatever text was asked for.
    number_returned : int
    next_after : int or None
        What the next page begins after; None on the last page.
    """

    features: str
    number_returned: int
    next_after: int | None


def read_feature_page(
    session: Session,
    collection: Collection,
    municipality_id: int | None,
    query: FeatureQuery,
    *,
    text: ColumnElement[str] | None = None,
) -> FeaturePage:
    """Return a page of a collection, ordered by identifier.

    Parameters
    ----------
    session : Session
    collection : Collection
    municipality_id : int or None
    query : FeatureQuery
    text : ColumnElement, optional
        What is written of a feature; by default GeoJSON, features separated by commas. Other texts end by themselves.
    """
    written = feature_text(collection, query.projection) if text is None else text
    separator = "," if text is None else ""
    rows = (
        matching(collection, municipality_id, query)
        .add_columns(collection.identifier.label("id"), written.label("feature"))
        .order_by(collection.identifier)
        .limit(query.limit + 1)
        .subquery("page")
    )
    numbered = select(rows, func.row_number().over(order_by=rows.c.id).label("n")).subquery("numbered")
    on_page = numbered.c.n <= query.limit
    plan_anew(session)
    number, first, last, more, features = session.execute(
        select(
            func.count().filter(on_page),
            func.min(numbered.c.id).filter(on_page),
            func.max(numbered.c.id).filter(on_page),
            func.coalesce(func.bool_or(~on_page), false()),
            func.coalesce(func.string_agg(numbered.c.feature, literal(separator)).filter(on_page), literal("")),
        ).select_from(numbered)
    ).one()
    note_look(session, collection.name, number, first, last)
    return FeaturePage(features=features, number_returned=number, next_after=last if more else None)


def read_feature(
    session: Session,
    collection: Collection,
    municipality_id: int | None,
    identifier: int,
    projection: Projection = LONGITUDE_LATITUDE,
) -> str | None:
    """Return one feature as GeoJSON text, None if the municipality has none of that identifier."""
    query = FeatureQuery(after=identifier - 1, identifiers=[identifier])
    statement = matching(collection, municipality_id, query).add_columns(feature_text(collection, projection))
    feature: str | None = session.scalar(statement)
    if feature is not None:
        note_look(session, collection.name, 1, identifier, identifier)
    return feature


def matching(collection: Collection, municipality_id: int | None, query: FeatureQuery) -> Select[Any]:
    """Return the statement that finds the features asked for, with no columns yet and in no order."""
    conditions: list[ColumnElement[bool]] = [collection.identifier > query.after]
    if collection.municipality is not None:
        conditions.append(collection.municipality == municipality_id)
    if query.identifiers is not None:
        conditions.append(collection.identifier == func.any(query.identifiers))
    conditions.extend(_where_and_when(collection, query))
    if collection.coarse and collection.sensitive is not None:
        conditions.append(collection.sensitive.is_not(True))
    conditions.extend(_equals(collection, name, value) for name, value in query.equal.items())
    conditions.extend(query.conditions)
    source = collection.source.join(_properties(collection), true())
    return select().select_from(source).where(and_(*conditions))


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
    crossing = bbox.west > bbox.east
    spans = [(bbox.west, 180.0), (-180.0, bbox.east)] if crossing else [(bbox.west, bbox.east)]
    return or_(*(intersects(collection, _rectangle(west, bbox.south, east, bbox.north)) for west, east in spans))


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


def _rectangle(west: float, south: float, east: float, north: float) -> ColumnElement[Any]:
    """Return a rectangle, or the valid line or point that one without area is."""
    corners = [func.ST_Point(west, south, WGS84), func.ST_Point(east, north, WGS84)]
    return func.ST_Envelope(func.ST_MakeLine(*corners))


def _overlaps(time: tuple[Expression, Expression], interval: Interval) -> ColumnElement[bool]:
    begin, end = time
    conditions: list[ColumnElement[bool]] = [begin.is_not(None)]
    if interval.end is not None:
        conditions.append(begin <= interval.end)
    if interval.begin is not None:
        conditions.append(end >= interval.begin)
    return and_(*conditions)


def _properties(collection: Collection) -> LateralFromClause:
    """Return the properties of the row at hand as one record; written as JSON it is smaller and made sooner."""
    values: list[ColumnElement[Any]] = [json_value(item).label(item.name) for item in collection.properties]
    return select(*values).correlate_except().lateral(PROPERTIES)


def feature_text(collection: Collection, projection: Projection) -> ColumnElement[str]:
    """Return a feature as GeoJSON text."""
    return func.concat(
        literal('{"type":"Feature","id":'),
        collection.identifier,
        literal(',"geometry":'),
        func.coalesce(
            func.ST_AsGeoJSON(projected(collection.geometry, projection), projection.decimals, 0), literal("null")
        ),
        literal(',"properties":'),
        func.row_to_json(literal_column(PROPERTIES)),
        literal("}"),
    )


def json_value(item: Property) -> Expression:
    """Return the value of a property as it is shown: times as text, numbers as JSON has them."""
    if item.type == "date-time":
        return func.to_char(func.timezone("UTC", item.expression), UTC_TIMESTAMP)
    if item.type == "date":
        return func.to_char(item.expression, "YYYY-MM-DD")
    if item.type == "number":
        return cast(item.expression, Float)
    return item.expression
