"""Every SQL statement about officers."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.database.feature_collections import Collection, Property
from app.deferred import pd
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
_TO_MATCH = text(
    """
    select o.id, coalesce(o.external_id, o.id::text) as officer_id, st_x(home.place) as longitude,
        st_y(home.place) as latitude, o.station, o.languages, o.capacity, held.code as current_beat,
        (select min(a.valid_from) from officer_assignment a
         join beat b on b.municipality_id = a.municipality_id and b.id = a.beat_id
         where a.municipality_id = o.municipality_id and a.officer_id = o.id and b.code = held.code) as serves_since
    from officer o
    left join lateral (
        select coalesce(o.station_geom, (select s.station_geom from officer s
            where s.municipality_id = o.municipality_id and s.station = o.station and s.station_geom is not null
            order by s.id limit 1)) as place
    ) as home on true
    left join lateral (
        select b.code from officer_assignment a
        join beat b on b.municipality_id = a.municipality_id and b.id = a.beat_id
        where a.municipality_id = o.municipality_id and a.officer_id = o.id and a.valid_to is null
            and b.plan_id = cast(:plan as bigint) order by b.code limit 1
    ) as held on true
    where o.municipality_id = :municipality order by o.external_id, o.id
    """
)


def read_officers(session: Session, municipality_id: int, plan_id: int | None) -> pd.DataFrame:
    """Return the officers with what matching them to beats needs; see `app.officers.service.read_officers`."""
    rows = session.execute(_TO_MATCH, {"municipality": municipality_id, "plan": plan_id})
    return pd.DataFrame(rows.all(), columns=list(rows.keys()))
