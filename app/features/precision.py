"""Collections as a caller sees them."""

from __future__ import annotations

from app.database.coarse_views import coarse_view, lattice_at
from app.database.feature_collections import Collection
from app.database.public_views import public_view
from app.identity.rights import Precision
from app.municipalities.context import MunicipalityContext


def seen_at(precision: Precision, collection: Collection, municipality: MunicipalityContext) -> Collection:
    """Return the collection as it is, its public view, or its coarse view on the lattice of the municipality."""
    if precision is Precision.EXACT:
        return collection
    if precision is Precision.PUBLIC:
        return public_view(collection)
    _, south, _, north = municipality.bounds
    return coarse_view(collection, lattice_at((south + north) / 2, municipality.time_zone))
