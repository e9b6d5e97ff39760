"""Reading features of any layer."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.database.feature_collections import Collection, FeatureQuery
from app.database.feature_pages import FeaturePage, read_feature, read_feature_page
from app.errors import NotFoundError
from app.features.precision import seen_at
from app.identity.rights import Precision
from app.municipalities.context import MunicipalityContext


def list_features(
    session: Session,
    municipality: MunicipalityContext,
    collection: Collection,
    query: FeatureQuery,
    precision: Precision,
) -> FeaturePage:
    """Return a page of the municipality's features of a collection."""
    return read_feature_page(session, seen_at(precision, collection, municipality), municipality.id, query)


def get_feature(
    session: Session, municipality: MunicipalityContext, collection: Collection, identifier: int, precision: Precision
) -> str:
    """Return one feature as GeoJSON text.

    Raises
    ------
    NotFoundError
        If the municipality has none of that identifier.
    """
    feature = read_feature(session, seen_at(precision, collection, municipality), municipality.id, identifier)
    if feature is None:
        raise NotFoundError(
            f"{municipality.name} has no {collection.singular} {identifier}.",
            f"GET /municipalities/{municipality.code}/{collection.name} lists those there are.",
        )
    return feature


def get_features(
    session: Session,
    municipality: MunicipalityContext,
    collection: Collection,
    identifiers: Sequence[int],
    precision: Precision,
) -> FeaturePage:
    """Return the features of those identifiers."""
    query = FeatureQuery(limit=max(1, len(identifiers)), identifiers=identifiers)
    return read_feature_page(session, seen_at(precision, collection, municipality), municipality.id, query)
