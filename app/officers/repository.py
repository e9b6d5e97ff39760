"""Every SQL statement about officers."""

from __future__ import annotations

from app.database.feature_pages import Collection, Property
from app.officers.models import Officer

OFFICERS = Collection(
    name="officers",
    title="Officers",
    singular="officer",
    description="Officers by badge number, at the place of their station.",
    source=Officer.__table__,
    identifier=Officer.id,
    municipality=Officer.municipality_id,
    geometry=Officer.station_geom,
    geometry_types=("Point",),
    geometry_optional=True,
    properties=(
        Property("badge", Officer.external_id, "string", "Badge number.", filterable=True),
        Property("station", Officer.station, "string", "Name of the station.", filterable=True),
        Property("languages", Officer.languages, "array", "Languages spoken, as their codes."),
        Property("capacity", Officer.capacity, "number", "Share of a full-time post, 0 to 1."),
        Property("contact", Officer.contact, "string", "Public contact channel of the post."),
        Property("serves_since", Officer.serves_since, "date", "First day of service."),
    ),
)
