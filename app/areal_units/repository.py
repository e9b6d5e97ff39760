"""Every SQL statement about areal units."""

from __future__ import annotations

import numpy as np
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.areal_units.models import ArealUnit
from app.database.base import WGS84
from app.database.feature_collections import Collection, Property
from app.deferred import gpd, pd

_SOURCES = text(
    """select distinct coalesce(s.name, '(none)') as name, u.source_id from areal_unit u
    left join source s on s.municipality_id = u.municipality_id and s.id = u.source_id
    where u.municipality_id = :municipality order by 1"""
)
_UNITS = text(
    """select coalesce(external_id, id::text) as code, residents, st_asbinary(geom) as shape from areal_unit
    where municipality_id = :municipality and source_id is not distinct from cast(:source as bigint)
    order by external_id, id"""
)

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


def unit_sources(session: Session, municipality_id: int) -> dict[str, int | None]:
    """Return the sources of the areal units, by name."""
    return {row.name: row.source_id for row in session.execute(_SOURCES, {"municipality": municipality_id})}


def read_units(session: Session, municipality_id: int, source_id: int | None) -> gpd.GeoDataFrame:
    """Return the areal units of a source in WGS 84: ``unit_id`` and ``residents`` (null where not known)."""
    rows = session.execute(_UNITS, {"municipality": municipality_id, "source": source_id}).all()
    columns = {
        "unit_id": pd.Series([row.code for row in rows], dtype=object),
        "residents": pd.Series([row.residents for row in rows], dtype="Int64"),
    }
    shapes = shapely.from_wkb(np.array([bytes(row.shape) for row in rows], dtype=object))
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=WGS84)
