"""Every SQL statement about zones and voices, as the analyses take them."""

from __future__ import annotations

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.danger_zones.models import DUPLICATE_STATUS

_ZONES = """
    select z.id as zone, c.code as category, z.status, z.reporters, st_asbinary(z.geom) as shape
    from danger_zone z
    left join category c on c.municipality_id = z.municipality_id and c.id = z.category_id
    where z.municipality_id = :municipality and z.status not in ('rejected', 'duplicate')
    order by z.id
"""
_REPORTED = """
    select distinct on (r.category_id, coalesce(r.danger_zone_id, 0), coalesce(r.reporter_key, int8send(r.id)))
        c.code as category, r.x, r.y
    from report r
    left join category c on c.municipality_id = r.municipality_id and c.id = r.category_id
    where r.municipality_id = :municipality and r.reported_by <> 'municipality'
        and coalesce(r.status, '') not in ('rejected', 'duplicate') and coalesce(r.status, '') !~* :duplicate
    order by r.category_id, coalesce(r.danger_zone_id, 0), coalesce(r.reporter_key, int8send(r.id)), r.id
"""
_UNHEARD = """
    select c.code as category, st_asbinary(st_pointonsurface(z.geom)) as shape,
        z.reporters - (
            select count(distinct coalesce(r.reporter_key, int8send(r.id))) from report r
            where r.municipality_id = z.municipality_id and r.danger_zone_id = z.id and r.reported_by <> 'municipality'
        ) as voices
    from danger_zone z
    left join category c on c.municipality_id = z.municipality_id and c.id = z.category_id
    where z.municipality_id = :municipality and z.status not in ('rejected', 'duplicate')
        and z.reported_by <> 'municipality'
    order by z.id
"""


def read_zones(session: Session, municipality_id: int) -> list[Row[tuple[object, ...]]]:
    """Return the zones that are neither rejected nor duplicates; their shapes in WGS 84."""
    return list(session.execute(text(_ZONES), {"municipality": municipality_id}).all())


def read_reported(session: Session, municipality_id: int) -> list[Row[tuple[object, ...]]]:
    """Return one report of each distinct reporter and zone; those of staff are left out. Places in metres."""
    given = {"municipality": municipality_id, "duplicate": DUPLICATE_STATUS}
    return list(session.execute(text(_REPORTED), given).all())


def read_unheard(session: Session, municipality_id: int) -> list[Row[tuple[object, ...]]]:
    """Return how many more reporters a zone counts than it has reports of, with a point on it in WGS 84."""
    return list(session.execute(text(_UNHEARD), {"municipality": municipality_id}).all())
