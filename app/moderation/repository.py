"""Every SQL statement of the pages of moderation."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

_ZONES = text(
    """
    select z.id, c.code as category, c.label, z.status, z.reporters, z.verified, z.reported_by, z.channel, z.day_part,
        z.weekday, z.season, z.passed_on_to, z.merged_into, z.reported_at at time zone m.time_zone as reported_at,
        coalesce(z.description, r.words) as words, coalesce(r.reports, 0) as reports, (
            select count(*) from photo p where p.municipality_id = z.municipality_id and (
                p.danger_zone_id = z.id or p.report_id = any(r.ids))) as photos
    from danger_zone z
    join municipality m on m.id = z.municipality_id
    join category c on c.municipality_id = z.municipality_id and c.id = z.category_id
    left join lateral (
        select array_agg(id) as ids, count(*) as reports, (array_agg(description order by id) filter (
            where description is not null))[1] as words
        from report where municipality_id = z.municipality_id and danger_zone_id = z.id
    ) r on true
    where z.municipality_id = :municipality and (cast(:id as bigint) is null or z.id = :id)
        and (cast(:statuses as text[]) is null or z.status = any(cast(:statuses as text[])))
    order by z.reported_at, z.id limit :most
    """
)
_COUNTS = text("select status, count(*) as n from danger_zone where municipality_id = :municipality group by status")


def read_zones(
    session: Session,
    municipality_id: int,
    *,
    statuses: Sequence[str] | None = None,
    danger_zone_id: int | None = None,
    most: int = 1,
) -> Sequence[RowMapping]:
    """Return danger zones, the longest known first, with the number of their reports and photos and the first words."""
    wanted = {"id": danger_zone_id, "statuses": None if statuses is None else list(statuses), "most": most}
    return session.execute(_ZONES, {"municipality": municipality_id, **wanted}).mappings().all()


def count_by_status(session: Session, municipality_id: int) -> dict[str, int]:
    """Return how many danger zones have each status."""
    return {row.status: row.n for row in session.execute(_COUNTS, {"municipality": municipality_id})}
