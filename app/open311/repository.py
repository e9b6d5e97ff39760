"""Every SQL statement of Open311: it reads the public view of danger zones and what staff said of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

_REQUESTS = text(
    """
    select v.id, v.category, v.status, v.day_part, v.weekday, v.season, v.reported_month,
        to_char(v.month_begin at time zone m.time_zone, 'YYYY-MM-DD"T"HH24:MI:SS') as begin_local, m.time_zone,
        st_x(v.geom) as long, st_y(v.geom) as lat, c.label
    from public_danger_zone v
    join municipality m on m.id = v.municipality_id
    left join category c on c.municipality_id = v.municipality_id and c.kind = 'concern' and c.code = v.category
    where v.municipality_id = :municipality
        and (cast(:ids as bigint[]) is null or v.id = any(cast(:ids as bigint[])))
        and (cast(:codes as text[]) is null or v.category = any(cast(:codes as text[])))
        and (cast(:statuses as text[]) is null or v.status = any(cast(:statuses as text[])))
        and (cast(:begin as timestamptz) is null or v.month_end >= cast(:begin as timestamptz))
        and (cast(:end as timestamptz) is null or v.month_begin <= cast(:end as timestamptz))
        and (cast(:box as float8[]) is null or st_intersects(v.geom, st_makeenvelope(
            (cast(:box as float8[]))[1], (cast(:box as float8[]))[2], (cast(:box as float8[]))[3],
            (cast(:box as float8[]))[4], 4326)))
    order by v.month_begin desc, v.id limit :most offset :skipped
    """
)
_UPDATES = text(
    """
    select v.id, h.action, h.to_status, h.why, h.next_step, h.passed_on_to,
        to_char(h.changed_at at time zone m.time_zone, 'YYYY-MM') as month
    from public_danger_zone v
    join municipality m on m.id = v.municipality_id
    join danger_zone z on z.municipality_id = v.municipality_id and z.public_id = v.id
    join danger_zone_change h on h.municipality_id = z.municipality_id and h.danger_zone_id = z.id
    where v.municipality_id = :municipality and v.id = any(cast(:ids as bigint[]))
        and h.action = any(cast(:actions as text[])) and h.actor_kind <> 'reporter'
    order by v.id, h.id
    """
)


def read_requests(session: Session, municipality_id: int, **wanted: Any) -> Sequence[RowMapping]:
    """Return public danger zones, newest first.

    They are chosen by ``ids, codes, statuses, begin, end, box, most, skipped``; None is no limit.
    """
    return session.execute(_REQUESTS, {"municipality": municipality_id, **wanted}).mappings().all()


def read_updates(
    session: Session, municipality_id: int, identifiers: Sequence[int], actions: Sequence[str]
) -> Sequence[RowMapping]:
    """Return the steps that staff took with public danger zones, by public identifier, each with its month."""
    values = {"municipality": municipality_id, "ids": list(identifiers), "actions": list(actions)}
    return session.execute(_UPDATES, values).mappings().all()
