"""Every SQL statement about streets."""

from __future__ import annotations

from app.database.feature_pages import Collection, Property
from app.streets.models import StreetSegment

STREETS = Collection(
    name="streets",
    title="Streets",
    singular="street segment",
    description="Streets between two junctions.",
    source=StreetSegment.__table__,
    identifier=StreetSegment.id,
    municipality=StreetSegment.municipality_id,
    geometry=StreetSegment.geom,
    geometry_types=("LineString", "MultiLineString"),
    properties=(
        Property("name", StreetSegment.name, "string", "Name of the street.", filterable=True),
        Property("street_class", StreetSegment.street_class, "string", "Class of the street.", filterable=True),
        Property("attributes", StreetSegment.attributes, "object", "Further columns of the source."),
        Property("external_id", StreetSegment.external_id, "string", "The supplier's identifier."),
    ),
)
