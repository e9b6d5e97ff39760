"""Every SQL statement about areal units."""

from __future__ import annotations

from app.areal_units.models import ArealUnit
from app.database.feature_pages import Collection, Property

AREAL_UNITS = Collection(
    name="areal-units",
    title="Areal units",
    singular="areal unit",
    description="The smallest areas with a count of residents, from which beats are made.",
    source=ArealUnit.__table__,
    identifier=ArealUnit.id,
    municipality=ArealUnit.municipality_id,
    geometry=ArealUnit.geom,
    geometry_types=("Point", "Polygon", "MultiPolygon"),
    properties=(
        Property("code", ArealUnit.external_id, "string", "Code of the unit in its source.", filterable=True),
        Property("residents", ArealUnit.residents, "integer", "Residents; null where they are not known."),
        Property("residents_year", ArealUnit.residents_year, "integer", "Year of the count."),
        Property("attributes", ArealUnit.attributes, "object", "Further columns of the source."),
    ),
)
