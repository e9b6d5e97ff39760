"""Every SQL statement that reads layers for map documents; results of runs come from their own services."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.database.base import WGS84

_STREETS = """
    select name, street_class, st_asbinary(geom) as shape
    from street_segment where municipality_id = :municipality order by id
"""
_ZONES = """
    select z.status, c.label as category, z.reporters, z.reported_by, z.day_part,
        to_char(z.reported_at at time zone m.time_zone, 'YYYY-MM-DD') as reported_at, z.description,
        st_asbinary(z.geom) as shape
    from danger_zone z
    join municipality m on m.id = z.municipality_id
    left join category c on c.municipality_id = z.municipality_id and c.id = z.category_id
    where z.municipality_id = :municipality order by z.id
"""
_LIGHTS = """
    select l.lamp_type, l.owner, to_char(o.out_from at time zone m.time_zone, 'YYYY-MM-DD') as out_from,
        case when o.out_from is not null then 'out' when r.begins <= now() then 'lit' else 'unknown' end as light_state,
        st_asbinary(l.geom) as shape
    from street_light l
    join municipality m on m.id = l.municipality_id
    cross join (select min(out_from) as begins from street_light_outage where municipality_id = :municipality) r
    left join lateral (
        select out_from from street_light_outage o
        where o.municipality_id = l.municipality_id and o.street_light_id = l.id
            and o.out_from <= now() and (o.out_to is null or o.out_to > now())
        order by out_from limit 1
    ) o on true
    where l.municipality_id = :municipality order by l.id
"""
_FIXES = """
    select status, title, kind, owner, cost::float8 as cost, started_on::text as started_on, ended_on::text as ended_on,
        st_asbinary(geom) as shape
    from fix where municipality_id = :municipality order by id
"""


def read_streets(session: Session, municipality_id: int) -> gpd.GeoDataFrame:
    """Return the streets: ``name``, ``street_class``."""
    return _read(session, _STREETS, municipality_id)


def read_danger_zones(session: Session, municipality_id: int) -> gpd.GeoDataFrame:
    """Return the danger zones with status, category, reporters and time of day."""
    return _read(session, _ZONES, municipality_id)


def read_lights(session: Session, municipality_id: int) -> gpd.GeoDataFrame:
    """Return the street lights as they are now.

    ``light_state`` is ``out`` during an outage, else ``lit``; ``unknown`` where the municipality records no outages.
    """
    return _read(session, _LIGHTS, municipality_id)


def read_fixes(session: Session, municipality_id: int) -> gpd.GeoDataFrame:
    """Return the fixes with status, kind, owner, cost and dates."""
    return _read(session, _FIXES, municipality_id)


def _read(session: Session, statement: str, municipality_id: int) -> gpd.GeoDataFrame:
    rows = session.execute(text(statement), {"municipality": municipality_id})
    names = [name for name in rows.keys() if name != "shape"]  # noqa: SIM118 - a result is no mapping
    found = rows.all()
    columns = {name: pd.Series([getattr(row, name) for row in found], dtype=object) for name in names}
    shapes = shapely.from_wkb(np.array([bytes(row.shape) for row in found], dtype=object))
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=WGS84)
