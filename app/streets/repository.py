"""Every SQL statement about streets."""

from __future__ import annotations

import numpy as np
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.database.base import WGS84
from app.database.feature_collections import Collection, Property
from app.deferred import gpd, pd
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


def read_streets(session: Session, municipality_id: int) -> gpd.GeoDataFrame:
    """Return the streets in WGS 84, with ``name``, ``street_class`` and the tag ``lit`` by which a map tells light."""
    statement = text(
        "select name, street_class, attributes ->> 'lit' as lit, st_asbinary(geom) as shape "
        "from street_segment where municipality_id = :municipality order by id"
    )
    rows = session.execute(statement, {"municipality": municipality_id}).all()
    names = ("name", "street_class", "lit")
    columns = {name: pd.Series([getattr(row, name) for row in rows], dtype=object) for name in names}
    shapes = shapely.from_wkb(np.array([bytes(row.shape) for row in rows], dtype=object))
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=WGS84)


_STREET = text(
    """
    select st_asbinary(st_lineinterpolatepoint((parts.piece).geom, 0.5)) as shape
    from (select st_dump(st_linemerge(st_union(geom))) as piece from street_segment
        where municipality_id = :municipality and name = :name) as parts
    order by st_length((parts.piece).geom) desc limit 1
    """
)


def street_names(session: Session, municipality_id: int) -> list[str]:
    """Return the names of the streets, in the order of the alphabet."""
    statement = text(
        "select distinct name from street_segment where municipality_id = :municipality and name <> '' order by name"
    )
    return list(session.scalars(statement, {"municipality": municipality_id}))


def middle_of_street(session: Session, municipality_id: int, name: str) -> bytes | None:
    """Return the middle of the longest stretch of a street as WKB."""
    found: bytes | None = session.scalar(_STREET, {"municipality": municipality_id, "name": name})
    return found
