"""Every SQL statement that makes danger zones of imported reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

_PLACES = text(
    """
    select id, x, y, category_id, reported_by, coalesce(status, '') ~* :duplicate as is_duplicate,
        danger_zone_id is not null as has_zone
    from report where municipality_id = :municipality order by id
    """
)
_GATHER = text(
    """
    insert into danger_zone (municipality_id, category_id, geom, status, reported_by, channel, reporters, reported_at)
    select :municipality, category_id, geom, case when bool_and(closed_at is not null) then 'fixed' else 'received' end,
        min(reported_by), min(channel), count(*), coalesce(min(reported_at), now())
    from report where municipality_id = :municipality and id = any(:reports) group by category_id, geom
    returning id
    """
)
_LINK = text(
    """
    update report r set danger_zone_id = z.id from danger_zone z
    where r.municipality_id = :municipality and r.id = any(:reports) and z.municipality_id = :municipality
        and z.id = any(:zones) and z.geom && r.geom and z.geom = r.geom and z.category_id = r.category_id
    """
)
_TELL_GATHERED = text(
    """
    insert into danger_zone_change (municipality_id, danger_zone_id, action, to_status, actor_kind, actor)
    select municipality_id, id, 'report', status, :actor_kind, :actor from danger_zone
    where municipality_id = :municipality and id = any(:zones)
    """
)


def report_places(session: Session, municipality_id: int, duplicate: str) -> Sequence[RowMapping]:
    """Return ``id, x, y, category_id, reported_by, is_duplicate`` and ``has_zone`` of every report.

    A report is a duplicate where its status matches the regular expression ``duplicate``, ignoring case.
    """
    return session.execute(_PLACES, {"municipality": municipality_id, "duplicate": duplicate}).mappings().all()


def gather_reports(session: Session, municipality_id: int, reports: Sequence[int], **actor: str) -> int:
    """Make a danger zone of the reports of each concern and place, and return how many there are."""
    values: dict[str, Any] = {"municipality": municipality_id, "reports": list(reports)}
    values["zones"] = list(session.scalars(_GATHER, values))
    session.execute(_LINK, values)
    session.execute(_TELL_GATHERED, values | actor)
    return len(values["zones"])
