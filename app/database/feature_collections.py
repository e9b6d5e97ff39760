"""What a layer of features is, and which of its features are asked for.

A domain describes its layer once, as a `Collection`; lists, single features, API documents and exports follow from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, Self

from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, FromClause, SQLColumnExpression

from app.database.projections import LONGITUDE_LATITUDE, Projection

DEFAULT_PAGE = 1000
MAX_PAGE = 10_000

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
    shown : Expression or None
        What is written, where that is found sooner than by ``expression``, which filters act on.
    """

    name: str
    expression: Expression
    type: PropertyType
    description: str
    values: tuple[str, ...] = ()
    filterable: bool = False
    coarse: bool = False
    internal: bool = False
    shown: Expression | None = None

    @property
    def written(self) -> Expression:
        """What is written of it."""
        return self.expression if self.shown is None else self.shown


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

    @property
    def crosses(self) -> bool:
        """Whether it crosses the antimeridian."""
        return self.west > self.east


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
    equal: Mapping[str, Any] = field(default_factory=dict, hash=False)
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
