"""Pages of GeoJSON features, written as text by the database in one statement.

No object is made per feature, neither of the ORM nor of pydantic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Float,
    Integer,
    Select,
    Text,
    bindparam,
    cast,
    func,
    literal,
    literal_column,
    select,
    true,
)
from sqlalchemy.orm import Session

from app.database.data_versions import CHANGES, Changes
from app.database.feature_collections import Collection, Expression, FeatureQuery, Property
from app.database.feature_conditions import kept_by_form, matching, values_of
from app.database.looks import note_look
from app.database.planning import plan_anew
from app.database.projections import LONGITUDE_LATITUDE, Projection, projected

PROPERTIES = "properties"


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
    changes : Changes or None
        Of the tables that it was asked for; see :func:`app.database.data_versions.version_told`.
    """

    features: str
    number_returned: int
    next_after: int | None
    changes: Changes | None = None


def read_feature_page(
    session: Session,
    collection: Collection,
    municipality_id: int | None,
    query: FeatureQuery,
    *,
    text: ColumnElement[str] | None = None,
    relations: Sequence[str] = (),
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
    relations : sequence of str
        Names of tables whose changes are told with the page.
    """
    statement = _page_statement(collection, query, text, tells_changes=bool(relations))
    values = values_of(municipality_id, query) | {"limit": query.limit, "one_more": query.limit + 1}
    if relations:
        values["relations"] = list(relations)
    plan_anew(session)
    found, first, last, last_of_page, surplus, features, *changes = session.execute(statement, values).one()
    number = min(found, query.limit)
    if found > query.limit:
        last = last_of_page
        features = _without_end(features, surplus + len(_separator(text)))
    note_look(session, collection.name, number, first, last)
    return FeaturePage(features, number, last if found > query.limit else None, *changes)


def read_feature(
    session: Session,
    collection: Collection,
    municipality_id: int | None,
    identifier: int,
    projection: Projection = LONGITUDE_LATITUDE,
) -> str | None:
    """Return one feature as GeoJSON text, None if the municipality has none of that identifier."""
    query = FeatureQuery(after=identifier - 1, identifiers=[identifier])
    statement = _with_properties(collection, municipality_id, query).add_columns(feature_text(collection, projection))
    feature: str | None = session.scalar(statement)
    if feature is not None:
        note_look(session, collection.name, 1, identifier, identifier)
    return feature


def feature_text(collection: Collection, projection: Projection) -> ColumnElement[str]:
    """Return a feature as GeoJSON text; `_with_properties` finds what it is of."""
    place = func.ST_AsGeoJSON(projected(collection.geometry, projection), projection.decimals, 0, type_=Text)
    return (
        literal('{"type":"Feature","id":')
        .concat(cast(collection.identifier, Text))
        .concat(literal(',"geometry":'))
        .concat(func.coalesce(place, literal("null")))
        .concat(literal(',"properties":'))
        .concat(cast(func.row_to_json(literal_column(PROPERTIES)), Text))
        .concat(literal("}"))
    )


def text_value(item: Property) -> Expression:
    """Return the value of a property as text has it: times as RFC 3339 has them, in UTC, and plain numbers."""
    if item.type == "date-time":
        return func.replace(cast(func.timezone("UTC", item.written), Text), " ", "T", type_=Text) + literal("Z")
    if item.type == "date":
        return func.to_char(item.written, "YYYY-MM-DD")
    return cast(item.written, Float) if item.type == "number" else item.written


@kept_by_form
def _page_statement(
    collection: Collection, query: FeatureQuery, text: ColumnElement[str] | None, *, tells_changes: bool
) -> Select[Any]:
    """Return the statement of a page; it finds one feature more than fits, whose length tells where the page ends."""
    written = feature_text(collection, query.projection) if text is None else text
    rows = (
        _with_properties(collection, None, query)
        .add_columns(collection.identifier.label("id"), written.label("feature"))
        .order_by(collection.identifier)
        .limit(bindparam("one_more", type_=BigInteger))
        .subquery("page")
    )
    identifiers = func.array_agg(rows.c.id, type_=ARRAY(BigInteger))
    lengths = func.array_agg(func.octet_length(rows.c.feature), type_=ARRAY(Integer))
    return select(
        func.count(),
        func.min(rows.c.id),
        func.max(rows.c.id),
        identifiers[bindparam("limit", type_=Integer)],
        lengths[bindparam("one_more", type_=Integer)],
        func.coalesce(func.string_agg(rows.c.feature, literal(_separator(text))), literal("")),
        *([CHANGES] if tells_changes else []),
    )


def _separator(text: ColumnElement[str] | None) -> str:
    return "," if text is None else ""


def _without_end(text: str, n_bytes: int) -> str:
    return text[:-n_bytes] if text.isascii() else text.encode()[:-n_bytes].decode()


def _with_properties(collection: Collection, municipality_id: int | None, query: FeatureQuery) -> Select[Any]:
    """Return `matching` with the properties of each row as one record; as JSON it is smaller and made sooner."""
    values: list[ColumnElement[Any]] = [_json_value(item).label(item.name) for item in collection.properties]
    record = select(*values).correlate_except().lateral(PROPERTIES)
    return matching(collection, municipality_id, query).join(record, true())


def _json_value(item: Property) -> Expression:
    """Return the value of a property such that it is written as JSON has it: times with their offset, plain numbers."""
    return cast(item.written, Float) if item.type == "number" else item.written
