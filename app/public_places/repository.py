"""Every SQL statement about snap points, the public views and published counts."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.database.base import WGS84
from app.deferred import gpd, pd
from app.public_places.models import Basis

if TYPE_CHECKING:
    from analysis.privacy.snap_points import SnapPoints

_NEWEST_VERSION = text(
    """select id, fingerprint, basis, least_addresses, summary, created_at from snap_version
    where municipality_id = :municipality order by id desc limit 1"""
)
_INSERT_VERSION = text(
    """insert into snap_version (municipality_id, fingerprint, basis, least_addresses, summary)
    values (:municipality, :fingerprint, :basis, :least, cast(:summary as jsonb)) returning id"""
)
_INSERT_POINTS = text(
    """insert into snap_point (municipality_id, version_id, geom, place, addresses)
    select :municipality, :version, st_setsrid(st_point(p.longitude, p.latitude), 4326), st_point(p.x, p.y), p.addresses
    from unnest(cast(:longitude as float8[]), cast(:latitude as float8[]), cast(:x as float8[]), cast(:y as float8[]),
        cast(:addresses as float8[])) as p(longitude, latitude, x, y, addresses)"""
)
_POINTS = text(
    """select st_x(place) as x, st_y(place) as y, addresses from snap_point
    where municipality_id = :municipality and version_id = :version order by id"""
)
_PLACE = text(
    """update danger_zone set public_geom = null
    where municipality_id = :municipality and public_geom is null returning 1"""
)
_PUBLIC = text("select count(*) from public_danger_zone where municipality_id = :municipality")
_ZONES_OF_MAP = text(
    """select z.category, z.status, z.day_part, z.reported_month as reported_at, st_asbinary(z.geom) as shape
    from public_danger_zone z where z.municipality_id = :municipality order by z.id"""
)
_COUNTS = text(
    """select b.code as area, c.code as category, count(*) as n
    from incident i
    join municipality m on m.id = i.municipality_id
    left join category c on c.municipality_id = i.municipality_id and c.id = i.category_id
    left join lateral (
        select code from beat b where b.municipality_id = i.municipality_id and b.plan_id = :plan
            and b.geom && i.geom and st_intersects(b.geom, i.geom) order by b.code limit 1
    ) b on true
    where i.municipality_id = :municipality and not coalesce(c.sensitive, false)
        and i.occurred_from >= cast(:month as timestamp) at time zone m.time_zone
        and i.occurred_from < (cast(:month as timestamp) + interval '1 month') at time zone m.time_zone
    group by 1, 2"""
)
_MONTHS = text(
    """select date_trunc('month', min(i.occurred_from) at time zone m.time_zone)::date as first,
        date_trunc('month', max(i.occurred_from) at time zone m.time_zone)::date as last,
        date_trunc('month', now() at time zone m.time_zone)::date as present
    from incident i join municipality m on m.id = i.municipality_id
    where i.municipality_id = :municipality group by m.time_zone"""
)
_PUBLISHED = text("select distinct month from published_count where municipality_id = :municipality order by 1")
_AREAS = text("select code from beat where municipality_id = :municipality and plan_id = :plan order by code")
_PUBLISH = text(
    """insert into published_count (municipality_id, month, area, counts, geom)
    select :municipality, :month, cast(:area as text), cast(:counts as jsonb), (
        select st_multi(geom) from beat
        where municipality_id = :municipality and plan_id = :plan and code = cast(:area as text))"""
)


def newest_version(session: Session, municipality_id: int) -> dict[str, Any] | None:
    """Return the newest set of snap points, without its points; None where there is none."""
    row = session.execute(_NEWEST_VERSION, {"municipality": municipality_id}).mappings().one_or_none()
    return None if row is None else dict(row)


def insert_version(session: Session, municipality_id: int, points: SnapPoints, basis: Basis, summary: str) -> int:
    """Store a set of snap points and return its key."""
    stated = {"fingerprint": points.version, "basis": basis, "least": points.least_addresses, "summary": summary}
    version = session.scalars(_INSERT_VERSION, {"municipality": municipality_id, **stated}).one()
    places = gpd.GeoSeries.from_xy(points.x, points.y, crs=points.crs).to_crs(WGS84)
    columns = {"longitude": places.x, "latitude": places.y, "x": points.x, "y": points.y, "addresses": points.addresses}
    arrays = {name: np.asarray(values).tolist() for name, values in columns.items()}
    session.execute(_INSERT_POINTS, {"municipality": municipality_id, "version": version, **arrays})
    return int(version)


def read_points(session: Session, municipality_id: int, version_id: int) -> pd.DataFrame:
    """Return ``x``, ``y`` (metres) and ``addresses`` of the points of a version."""
    rows = session.execute(_POINTS, {"municipality": municipality_id, "version": version_id}).all()
    return pd.DataFrame([tuple(row) for row in rows], columns=["x", "y", "addresses"])


def place_zones(session: Session, municipality_id: int) -> int:
    """Let the database choose the public place of danger zones without one, and return how many there were."""
    return len(session.execute(_PLACE, {"municipality": municipality_id}).all())


def count_public_zones(session: Session, municipality_id: int) -> int:
    """Return how many danger zones are public."""
    return int(session.scalars(_PUBLIC, {"municipality": municipality_id}).one())


def read_public_zones(session: Session, municipality_id: int) -> gpd.GeoDataFrame:
    """Return the public danger zones in WGS 84, with category, status, time of day and month."""
    rows = session.execute(_ZONES_OF_MAP, {"municipality": municipality_id}).all()
    names = ("category", "status", "day_part", "reported_at")
    shapes = shapely.from_wkb(np.array([bytes(row.shape) for row in rows], dtype=object))
    columns = {name: pd.Series([getattr(row, name) for row in rows], dtype=object) for name in names}
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=WGS84)


def months_of_incidents(session: Session, municipality_id: int) -> tuple[dt.date, dt.date, dt.date] | None:
    """Return the first and last month with incidents and the present month, each by its first day."""
    row = session.execute(_MONTHS, {"municipality": municipality_id}).one_or_none()
    return None if row is None else (row.first, row.last, row.present)


def published_months(session: Session, municipality_id: int) -> set[dt.date]:
    """Return the months that were published, by their first days."""
    return set(session.scalars(_PUBLISHED, {"municipality": municipality_id}))


def areas_of(session: Session, municipality_id: int, plan_id: int) -> list[str]:
    """Return the codes of the beats of a plan."""
    return list(session.scalars(_AREAS, {"municipality": municipality_id, "plan": plan_id}))


def count_incidents(session: Session, municipality_id: int, month: dt.date, plan_id: int | None) -> pd.DataFrame:
    """Return ``area``, ``category`` and ``n`` of the incidents of a month whose category is not marked sensitive."""
    asked = {"municipality": municipality_id, "month": month, "plan": plan_id}
    return pd.DataFrame([tuple(row) for row in session.execute(_COUNTS, asked)], columns=["area", "category", "n"])


def insert_counts(
    session: Session, municipality_id: int, month: dt.date, plan_id: int | None, counts_of_areas: dict[str | None, str]
) -> None:
    """Store what is published of a month: JSON of the counts by area; the area None is the whole municipality."""
    stated = {"municipality": municipality_id, "month": month, "plan": plan_id}
    session.execute(_PUBLISH, [{**stated, "area": area, "counts": told} for area, told in counts_of_areas.items()])
