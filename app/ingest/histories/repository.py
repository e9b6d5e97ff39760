"""Every SQL statement about the histories of imported rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from app.ingest.repository import STAGING


@dataclass(frozen=True)
class History:
    """Where the history of a table's rows stands.

    Attributes
    ----------
    changes : str
        Table of the steps.
    row : str
        Column of it that names the row.
    imported : str
        Condition of the steps that an import wrote down.
    with_status : tuple of str
        Columns of the row that a status brings along.
    """

    changes: str
    row: str
    imported: str
    with_status: tuple[str, ...] = ()


HISTORIES: Mapping[str, History] = {
    "danger_zone": History(
        "danger_zone_change", "danger_zone_id", "c.actor_kind = 'import'", ("passed_on_to", "updated_at")
    ),
    "fix": History("fix_change", "fix_id", "c.step = 'import'", ("started_on", "ended_on")),
}
"""By table of the rows."""

_NOTE_ZONES = text(
    """
    insert into danger_zone_change (municipality_id, danger_zone_id, action, from_status, to_status, why, next_step,
        passed_on_to, other_zone_id, actor_kind, actor, changed_at)
    select r.municipality_id, r.id, 'import', last.to_status, r.status, told.why, told.next_step,
        r.passed_on_to, r.merged_into, 'import', '', greatest(least(r.updated_at, now()), last.changed_at)
    from danger_zone r
    left join unnest(cast(:ids as text[]), cast(:whys as text[]), cast(:next_steps as text[]))
        as told(external_id, why, next_step) on told.external_id = r.external_id
    left join lateral (
        select c.to_status, c.changed_at from danger_zone_change c
        where c.municipality_id = r.municipality_id and c.danger_zone_id = r.id order by c.id desc limit 1
    ) last on true
    where r.municipality_id = :municipality and r.batch_id = :batch and last.to_status is distinct from r.status
    """
)
_NOTE_FIXES = text(
    """
    insert into fix_change (municipality_id, fix_id, step, from_status, to_status, actor, happened_on)
    select r.municipality_id, r.id, 'import', last.to_status, r.status, '', :today
    from fix r
    left join lateral (
        select c.to_status from fix_change c
        where c.municipality_id = r.municipality_id and c.fix_id = r.id order by c.id desc limit 1
    ) last on true
    where r.municipality_id = :municipality and r.batch_id = :batch and last.to_status is distinct from r.status
    """
)
_BRING_STEPS = text(
    """
    insert into danger_zone_change (municipality_id, danger_zone_id, action, from_status, to_status, why, next_step,
        passed_on_to, other_zone_id, actor_kind, actor, changed_at)
    select r.municipality_id, r.id, step->>'action', step->>'from_status', step->>'to_status', step->>'why',
        step->>'next_step', step->>'passed_on_to', other.id, 'import', '', cast(step->>'changed_at' as timestamptz)
    from unnest(cast(:ids as text[]), cast(:histories as text[])) as told(external_id, history)
    join danger_zone r on r.municipality_id = :municipality and r.source_id = :source
        and r.external_id = told.external_id
    cross join lateral jsonb_array_elements(cast(told.history as jsonb)) with ordinality as steps(step, place)
    left join danger_zone other on other.municipality_id = :municipality and other.source_id = :source
        and other.external_id = step->>'other_zone'
    where not exists (
        select from danger_zone_change c where c.municipality_id = r.municipality_id and c.danger_zone_id = r.id)
    order by r.id, place
    """
)
_VERIFY = text(
    """
    update danger_zone r set verified = true
    where r.municipality_id = :municipality and r.batch_id = :batch and not r.verified and exists (
        select from danger_zone_change c where c.municipality_id = r.municipality_id and c.danger_zone_id = r.id
            and c.action = 'verify')
    """
)
_NAMED_ZONES = text(
    """
    select z.id, z.external_id, z.source_id, z.merged_into from danger_zone z
    where z.municipality_id = :municipality and (z.merged_into is not null or z.external_id = any(:names) or exists (
        select from danger_zone d where d.municipality_id = :municipality and d.merged_into = z.id))
    """
)
_MERGE = text(
    """
    with changed as (
        update danger_zone r set merged_into = told.target, batch_id = :batch
        from unnest(cast(:ids as text[]), cast(:targets as bigint[])) as told(external_id, target)
        join danger_zone former on former.municipality_id = :municipality and former.source_id = :source
            and former.external_id = told.external_id
        where r.municipality_id = former.municipality_id and r.id = former.id
            and r.status = 'duplicate' and r.merged_into is distinct from told.target
            and (r.merged_into is null or 'import' = (
                select c.actor_kind from danger_zone_change c
                where c.municipality_id = r.municipality_id and c.danger_zone_id = r.id order by c.id desc limit 1))
        returning former.batch_id is distinct from :batch as was_unchanged
    )
    select count(*) filter (where was_unchanged) from changed
    """
)
_UNMERGE = text(
    """
    update danger_zone set merged_into = null
    where municipality_id = :municipality and batch_id = :batch and status <> 'duplicate' and merged_into is not null
    """
)
_TOUCH = text("update danger_zone set updated_at = now() where municipality_id = :municipality and batch_id = :batch")


def keep_decisions(session: Session, table: str) -> None:
    """Let staged rows keep the status that was decided here since their source said the same one last."""
    history = HISTORIES[table]
    kept = ", ".join(f"{column} = r.{column}" for column in ("status", *history.with_status))
    session.execute(
        text(
            f'update {STAGING} s set {kept} from "{table}" r '  # noqa: S608 - names of tables and columns
            "where r.municipality_id = s.municipality_id and r.source_id = s.source_id "
            "and r.external_id = s.external_id and r.status <> s.status and s.status = ("
            f"select c.to_status from {history.changes} c where c.municipality_id = r.municipality_id "
            f"and c.{history.row} = r.id and {history.imported} order by c.id desc limit 1)"
        )
    )


def bring_steps(session: Session, municipality_id: int, source_id: int, histories: Mapping[str, str]) -> None:
    """Store the earlier steps (JSON text) of danger zones, by their identifier, that have no step yet."""
    values = {"ids": list(histories), "histories": list(histories.values())}
    session.execute(_BRING_STEPS, {"municipality": municipality_id, "source": source_id, **values})


def note_zones(
    session: Session, municipality_id: int, batch_id: int, told: Mapping[str, tuple[str | None, str | None]]
) -> None:
    """Write down the statuses that a batch brought to danger zones, with why and what comes next by identifier."""
    of_batch = {"municipality": municipality_id, "batch": batch_id}
    values = {
        "ids": list(told),
        "whys": [why for why, _ in told.values()],
        "next_steps": [following for _, following in told.values()],
    }
    session.execute(_NOTE_ZONES, of_batch | values)
    session.execute(_VERIFY, of_batch)


def note_fixes(session: Session, municipality_id: int, batch_id: int, today: date) -> None:
    """Write down the statuses that a batch brought to fixes."""
    session.execute(_NOTE_FIXES, {"municipality": municipality_id, "batch": batch_id, "today": today})


def touch_zones(session: Session, municipality_id: int, batch_id: int) -> None:
    """Let the danger zones that a batch changed have changed now."""
    session.execute(_TOUCH, {"municipality": municipality_id, "batch": batch_id})


def named_zones(session: Session, municipality_id: int, names: Sequence[str]) -> Sequence[RowMapping]:
    """Return ``id, external_id, source_id, merged_into`` of zones so named, of duplicates and their originals."""
    return session.execute(_NAMED_ZONES, {"municipality": municipality_id, "names": list(names)}).mappings().all()


def merge_zones(
    session: Session, municipality_id: int, source_id: int, batch_id: int, targets: Mapping[str, int]
) -> int:
    """Make danger zones duplicates of others, by identifier and key; return how many the batch changed by that only."""
    of_batch = {"municipality": municipality_id, "source": source_id, "batch": batch_id}
    values = {"ids": list(targets), "targets": list(targets.values())}
    return int(session.scalar(_MERGE, of_batch | values) or 0)


def unmerge_zones(session: Session, municipality_id: int, batch_id: int) -> None:
    """Let danger zones that a batch made something else than duplicates be duplicates of none."""
    session.execute(_UNMERGE, {"municipality": municipality_id, "batch": batch_id})
