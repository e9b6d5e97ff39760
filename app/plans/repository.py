"""Every SQL statement about the life of beat plans and about who holds a beat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import RowMapping, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, VARCHAR
from sqlalchemy.orm import Session

from app.database.data_versions import VERSIONS
from app.plans.models import PlanChange

_IN_FORCE = """
    p.status in ('published', 'superseded')
    and coalesce(p.effective_from, cast(p.created_at as date)) <= :day
    and (p.effective_to is null or :day < p.effective_to)
"""
_HISTORY = text(
    """
    select b.code as beat_id, coalesce(o.external_id, o.id::text) as officer_id, a.valid_from, a.valid_to, a.reason,
        a.hand_over
    from officer_assignment a
    join beat b on b.municipality_id = a.municipality_id and b.id = a.beat_id
    join officer o on o.municipality_id = a.municipality_id and o.id = a.officer_id
    where a.municipality_id = :municipality and b.plan_id = :plan order by b.code, a.valid_from, a.id
    """
)
_ALL_HISTORY = text(
    """
    select b.code as beat_id, coalesce(o.external_id, o.id::text) as officer_id, a.valid_from, a.valid_to
    from officer_assignment a
    join beat b on b.municipality_id = a.municipality_id and b.id = a.beat_id
    join beat_plan p on p.municipality_id = b.municipality_id and p.id = b.plan_id
    join officer o on o.municipality_id = a.municipality_id and o.id = a.officer_id
    where a.municipality_id = :municipality and p.status in ('published', 'superseded')
        and (a.valid_to is null or a.valid_to > a.valid_from)
    order by b.code, a.valid_from, a.id
    """
)
_AT = text(
    f"""
    select p.id as plan_id, p.name as plan, p.version, b.code as beat_id, o.published, o.display_name, o.contact
    from beat_plan p
    join beat b on b.municipality_id = p.municipality_id and b.plan_id = p.id
    left join officer_assignment a on a.municipality_id = b.municipality_id and a.beat_id = b.id
        and a.valid_from <= :day and (a.valid_to is null or :day < a.valid_to)
    left join officer o on o.municipality_id = a.municipality_id and o.id = a.officer_id
    where p.municipality_id = :municipality and {_IN_FORCE}
        and b.geom && st_setsrid(st_makepoint(:lon, :lat), 4326)
        and st_intersects(b.geom, st_setsrid(st_makepoint(:lon, :lat), 4326))
    order by p.effective_from desc nulls last, p.id desc, b.code, a.valid_from desc limit 1
    """  # noqa: S608 - a constant of this module
)


_MOVED = text(
    """
    select b.code as beat_before, a.code as beat_after, moved.units, moved.residents,
        st_asbinary(st_collectionextract(st_intersection(b.geom, a.geom), 3)) as shape
    from (
        select was.beat_id as before, now.beat_id as after, count(*) as units,
            coalesce(sum(u.residents), 0) as residents
        from beat_membership was
        join beat_membership now on now.municipality_id = was.municipality_id
            and now.areal_unit_id = was.areal_unit_id and now.plan_id = :after
        join areal_unit u on u.municipality_id = was.municipality_id and u.id = was.areal_unit_id
        where was.municipality_id = :municipality and was.plan_id = :before
        group by was.beat_id, now.beat_id
    ) as moved
    join beat b on b.municipality_id = :municipality and b.id = moved.before
    join beat a on a.municipality_id = :municipality and a.id = moved.after
    where not exists (
        select from unnest(cast(:stay_before as varchar[]), cast(:stay_after as varchar[])) as stay (before, after)
        where stay.before = b.code and stay.after = a.code
    )
    order by b.code, a.code
    """
)


@dataclass(frozen=True)
class NewAssignment:
    """An officer who takes a beat, or (None) a beat that becomes vacant.

    Attributes
    ----------
    beat_id : int
    officer_id : int or None
    valid_from : date
    reason : str
    valid_to : date or None
        Day on which the plan ends, None while it has no successor.
    hand_over : str or None
        What who leaves wants who comes to know; kept with the assignment that ends.
    """

    beat_id: int
    officer_id: int | None
    valid_from: date
    valid_to: date | None
    reason: str
    hand_over: str | None


_LOCK_PLAN = text(
    f"""select id, name, version, status, effective_from, effective_to, edit_tag, {VERSIONS} as data_versions
    from beat_plan where municipality_id = :municipality and id = :plan for update"""  # noqa: S608 - of our own text
).bindparams(bindparam("relations", type_=ARRAY(VARCHAR)))


def lock_plan(session: Session, municipality_id: int, plan_id: int, tables: Sequence[str]) -> RowMapping | None:
    """Return status, dates and edit tag of a plan; nobody else changes the plan until the transaction ends.

    Parameters
    ----------
    session : Session
    municipality_id, plan_id : int
    tables : sequence of str
        Tables whose versions are told as ``data_versions``.
    """
    values = {**_keys(municipality_id, plan_id), "relations": list(tables)}
    return session.execute(_LOCK_PLAN, values).mappings().one_or_none()


def set_status(session: Session, municipality_id: int, plan_id: int, status: str) -> None:
    """Store the status of a plan; whoever edits it as it was before has to look again."""
    statement = text(
        """update beat_plan set status = :status, edit_tag = gen_random_uuid()::text
        where municipality_id = :municipality and id = :plan"""
    )
    session.execute(statement, {**_keys(municipality_id, plan_id), "status": status})


def insert_change(session: Session, municipality_id: int, plan_id: int, **values: Any) -> None:
    """Store a step in the life of a plan: ``action``, ``from_status``, ``to_status``, ``reason``, ``actor``."""
    session.add(PlanChange(municipality_id=municipality_id, plan_id=plan_id, **values))
    session.flush()


def beat_names(session: Session, municipality_id: int, plan_id: int) -> Sequence[str]:
    """Return the names of the beats of a plan."""
    statement = text("select code from beat where municipality_id = :municipality and plan_id = :plan")
    return session.scalars(statement, _keys(municipality_id, plan_id)).all()


def read_moved(
    session: Session, municipality_id: int, plans: tuple[int, int], continues: Mapping[str, str | None]
) -> Sequence[RowMapping]:
    """Return what changes beat between two plans, one row for each pair of beats.

    Parameters
    ----------
    session : Session
    municipality_id : int
    plans : tuple of int
        Keys of the earlier and the later plan.
    continues : mapping of str to (str or None)
        Beat of the earlier plan that each beat of the later one continues: who goes from the one to the other stays.

    Returns
    -------
    sequence of RowMapping
        ``beat_before, beat_after, units, residents`` and the area both beats share as WKB in WGS 84.
    """
    stay = [(earlier, later) for later, earlier in continues.items() if earlier is not None]
    values = {
        "municipality": municipality_id,
        "before": plans[0],
        "after": plans[1],
        "stay_before": [earlier for earlier, _ in stay],
        "stay_after": [later for _, later in stay],
    }
    return session.execute(_MOVED, values).mappings().all()


def list_changes(session: Session, municipality_id: int, plan_id: int) -> Sequence[RowMapping]:
    """Return the steps in the life of a plan, oldest first."""
    statement = text("select * from plan_change where municipality_id = :municipality and plan_id = :plan order by id")
    return session.execute(statement, _keys(municipality_id, plan_id)).mappings().all()


def plans_to_supersede(session: Session, municipality_id: int, plan_id: int) -> Sequence[RowMapping]:
    """Return the published plans besides this one, and lock them."""
    statement = text(
        """select id, name, version, coalesce(effective_from, cast(created_at as date)) as effective_from
        from beat_plan where municipality_id = :municipality and id <> :plan and status = 'published'
        order by id for update"""
    )
    return session.execute(statement, _keys(municipality_id, plan_id)).mappings().all()


def supersede(session: Session, municipality_id: int, plan_id: int, day: date, hand_over: str | None) -> None:
    """End a published plan, and who held its beats, on a day."""
    values = {**_keys(municipality_id, plan_id), "day": day, "hand_over": hand_over}
    session.execute(
        text(
            """update beat_plan set status = 'superseded', effective_to = :day
            where municipality_id = :municipality and id = :plan"""
        ),
        values,
    )
    session.execute(
        text(
            """update officer_assignment a set valid_to = greatest(a.valid_from, cast(:day as date)),
                hand_over = coalesce(a.hand_over, :hand_over)
            from beat b where b.municipality_id = a.municipality_id and b.id = a.beat_id and b.plan_id = :plan
                and a.municipality_id = :municipality and (a.valid_to is null or a.valid_to > :day)"""
        ),
        values,
    )


def publish(session: Session, municipality_id: int, plan_id: int, day: date, reason: str) -> None:
    """Put a plan in force on a day; who was chosen for its beats holds them from then on."""
    values = {**_keys(municipality_id, plan_id), "day": day, "reason": reason}
    session.execute(
        text(
            """update officer_assignment a set valid_from = :day, reason = :reason
            from beat b where b.municipality_id = a.municipality_id and b.id = a.beat_id and b.plan_id = :plan
                and a.municipality_id = :municipality and a.valid_to is null"""
        ),
        values,
    )
    session.execute(
        text(
            """update beat_plan set status = 'published', effective_from = :day
            where municipality_id = :municipality and id = :plan"""
        ),
        values,
    )


def list_assignments(session: Session, municipality_id: int, plan_id: int) -> Sequence[RowMapping]:
    """Return who held each beat of a plan, from when until when, why, and what was handed over."""
    return session.execute(_HISTORY, _keys(municipality_id, plan_id)).mappings().all()


def officers_of_beats(session: Session, municipality_id: int, plan_id: int) -> Sequence[RowMapping]:
    """Return who holds the beats of a plan, and how they are reached."""
    statement = text(
        """select b.code as beat_id, o.published, o.display_name, o.contact, o.languages, o.station
        from beat b
        join beat_plan p on p.municipality_id = b.municipality_id and p.id = b.plan_id
        join officer_assignment a on a.municipality_id = b.municipality_id and a.beat_id = b.id
            and (a.valid_to is null or a.valid_to = p.effective_to)
        join officer o on o.municipality_id = a.municipality_id and o.id = a.officer_id
        where b.municipality_id = :municipality and b.plan_id = :plan order by a.valid_from, a.id"""
    )
    return session.execute(statement, _keys(municipality_id, plan_id)).mappings().all()


def assignments_ever(session: Session, municipality_id: int) -> Sequence[RowMapping]:
    """Return who held which beat of any plan that was or is in force."""
    return session.execute(_ALL_HISTORY, {"municipality": municipality_id}).mappings().all()


def find_beat(session: Session, municipality_id: int, plan_id: int, code: str) -> int | None:
    """Return the key of a beat of a plan."""
    statement = text(
        """select id from beat
        where municipality_id = :municipality and plan_id = :plan and code = cast(:code as varchar)"""
    )
    found: int | None = session.scalar(statement, {**_keys(municipality_id, plan_id), "code": code})
    return found


def find_officer(session: Session, municipality_id: int, badge: str) -> int | None:
    """Return the key of an officer by badge number."""
    statement = text(
        """select id from officer where municipality_id = :municipality
            and coalesce(external_id, id::text) = cast(:badge as varchar) order by id limit 1"""
    )
    found: int | None = session.scalar(statement, {"municipality": municipality_id, "badge": badge})
    return found


def other_beat_of(session: Session, municipality_id: int, plan_id: int, officer_id: int, beat_id: int) -> str | None:
    """Return another beat of the plan that the officer holds as long as the plan does."""
    statement = text(
        """select b.code from officer_assignment a
        join beat b on b.municipality_id = a.municipality_id and b.id = a.beat_id and b.plan_id = :plan
        join beat_plan p on p.municipality_id = b.municipality_id and p.id = b.plan_id
        where a.municipality_id = :municipality and a.officer_id = :officer and b.id <> :beat
            and (a.valid_to is null or a.valid_to = p.effective_to)
        order by b.code limit 1"""
    )
    found: str | None = session.scalar(
        statement, {**_keys(municipality_id, plan_id), "officer": officer_id, "beat": beat_id}
    )
    return found


def last_assignment(session: Session, municipality_id: int, beat_id: int, until: date | None) -> RowMapping | None:
    """Return who holds a beat until its plan ends: ``id``, ``officer_id``, ``valid_from``."""
    statement = text(
        """select id, officer_id, valid_from from officer_assignment
        where municipality_id = :municipality and beat_id = :beat and valid_to is not distinct from cast(:until as date)
        order by valid_from desc, id desc limit 1 for update"""
    )
    values = {"municipality": municipality_id, "beat": beat_id, "until": until}
    return session.execute(statement, values).mappings().one_or_none()


def replace_assignment(
    session: Session, municipality_id: int, new: NewAssignment, former: int | None, *, keep_former: bool
) -> None:
    """Give a beat to an officer; the former assignment is closed on the day, or goes where it was never in force."""
    values = {"municipality": municipality_id, "former": former, **vars(new)}
    of_former = "where municipality_id = :municipality and id = :former"
    if keep_former:
        session.execute(
            text(f"update officer_assignment set valid_to = :valid_from, hand_over = :hand_over {of_former}"),  # noqa: S608
            values,
        )
    else:
        session.execute(text(f"delete from officer_assignment {of_former}"), values)  # noqa: S608
    if new.officer_id is not None:
        session.execute(
            text(
                """insert into officer_assignment (municipality_id, beat_id, officer_id, valid_from, valid_to, reason)
                values (:municipality, :beat_id, :officer_id, :valid_from, :valid_to, :reason)"""
            ),
            values,
        )


def officer_at(session: Session, municipality_id: int, lon: float, lat: float, day: date) -> RowMapping | None:
    """Return the beat at a place of the plan in force on a day, and who holds it."""
    values = {"municipality": municipality_id, "lon": lon, "lat": lat, "day": day}
    return session.execute(_AT, values).mappings().one_or_none()


def plan_in_force(session: Session, municipality_id: int, day: date) -> int | None:
    """Return the key of the plan in force on a day, the newest where several are."""
    statement = text(
        f"""select p.id from beat_plan p where p.municipality_id = :municipality and {_IN_FORCE}
        order by p.effective_from desc nulls last, p.id desc limit 1"""  # noqa: S608
    )
    found: int | None = session.scalar(statement, {"municipality": municipality_id, "day": day})
    return found


def set_publication(
    session: Session, municipality_id: int, officer_id: int, display_name: str | None, *, published: bool
) -> bool:
    """Store whether an officer may be named to everybody, and how; return whether there is such an officer."""
    statement = text(
        """update officer set published = :published, display_name = :display_name
        where municipality_id = :municipality and id = :officer returning id"""
    )
    values = {
        "municipality": municipality_id,
        "officer": officer_id,
        "display_name": display_name,
        "published": published,
    }
    return session.scalar(statement, values) is not None


def _keys(municipality_id: int, plan_id: int) -> dict[str, Any]:
    return {"municipality": municipality_id, "plan": plan_id}
