"""Every SQL statement of imported beat plans and of the officers who hold their beats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.database.tables import Source
from app.ingest.repository import referenced_rows

MIN_RESIDENTS, MAX_RESIDENTS = 3_000, 7_000
"""Bounds of a plan that states none."""


@dataclass(frozen=True)
class StoredBeat:
    """A beat of a plan: its area as WKB in WGS 84, and the keys of the units that a table gave it."""

    area: bytes | None
    units: frozenset[int]


def source_name(session: Session, municipality_id: int, source_id: int) -> str:
    """Return the name of a source."""
    query = select(Source.name).where(Source.municipality_id == municipality_id, Source.id == source_id)
    return session.scalars(query).one()


def imported_plan(session: Session, municipality_id: int, source_id: int) -> dict[str, StoredBeat]:
    """Return the beats of the latest plan that a source gave, by code, as its file had them."""
    query = text("""
        with latest as (
            select plan.id, plan.report from beat_plan as plan
            join import_batch as batch on batch.municipality_id = plan.municipality_id and batch.id = plan.batch_id
            where plan.municipality_id = :municipality and batch.source_id = :source order by plan.version desc limit 1
        )
        select beat.code, case when latest.report ->> 'made_of' = 'areas' then st_asbinary(beat.geom) end,
            coalesce(array_agg(member.areal_unit_id) filter (
                where member.areal_unit_id is not null and latest.report ->> 'made_of' = 'units'), '{}')
        from latest join beat on beat.municipality_id = :municipality and beat.plan_id = latest.id
        left join beat_membership as member on member.municipality_id = :municipality and member.beat_id = beat.id
        group by beat.id, beat.code, beat.geom, latest.report
    """)
    found = session.execute(query, {"municipality": municipality_id, "source": source_id})
    return {code: StoredBeat(None if area is None else bytes(area), frozenset(units)) for code, area, units in found}


def insert_plan(
    session: Session, municipality_id: int, batch_id: int, name: str, beats: Mapping[str, StoredBeat]
) -> int:
    """Store a new version of a plan with its beats, as a draft that is still filled, and return its key."""
    made_of = "areas" if any(beat.area for beat in beats.values()) else "units"
    of_name = {"municipality": municipality_id, "name": name}
    plan_id = session.scalars(
        text("""
            insert into beat_plan
                (municipality_id, name, version, min_residents, max_residents, batch_id, report)
            select :municipality, cast(:name as varchar), coalesce(max(version), 0) + 1, :fewest, :most,
                :batch, jsonb_build_object('made_of', cast(:made_of as text))
            from beat_plan where municipality_id = :municipality and name = cast(:name as varchar) returning id
        """),
        {**of_name, "fewest": MIN_RESIDENTS, "most": MAX_RESIDENTS, "batch": batch_id, "made_of": made_of},
    ).one()
    session.execute(
        text("""
            insert into beat (municipality_id, plan_id, code, geom)
            values (:municipality, :plan, :code, st_geomfromwkb(cast(:area as bytea), 4326))
        """),
        [
            {"municipality": municipality_id, "plan": plan_id, "code": code, "area": beat.area}
            for code, beat in beats.items()
        ],
    )
    return int(plan_id)


def add_units_by_place(session: Session, municipality_id: int, plan_id: int) -> int:
    """Give every areal unit to the beat that holds its inner point; return how many units lie in none."""
    keys = {"municipality": municipality_id, "plan": plan_id}
    session.execute(
        text("""
            insert into beat_membership (municipality_id, plan_id, areal_unit_id, beat_id)
            select distinct on (unit.id) :municipality, :plan, unit.id, beat.id
            from areal_unit as unit join beat on st_intersects(beat.geom, st_pointonsurface(unit.geom))
            where unit.municipality_id = :municipality and beat.municipality_id = :municipality
                and beat.plan_id = :plan
            order by unit.id, beat.code
        """),
        keys,
    )
    return _units_without_beat(session, keys)


def add_units(session: Session, municipality_id: int, plan_id: int, beats: Mapping[str, StoredBeat]) -> int:
    """Give the areal units to their beats and draw the beats from them; return how many stored units have none."""
    keys = {"municipality": municipality_id, "plan": plan_id}
    found = session.execute(
        text("select code, id from beat where municipality_id = :municipality and plan_id = :plan"), keys
    )
    beat_keys = {row.code: row.id for row in found}
    session.execute(
        text("insert into beat_membership values (:municipality, :plan, :unit, :beat)"),
        [
            {**keys, "unit": unit, "beat": beat_keys[code]}
            for code, beat in beats.items()
            for unit in sorted(beat.units)
        ],
    )
    session.execute(
        text("""
            update beat set geom = drawn.geom from (
                select member.beat_id, st_multi(st_union(unit.geom)) as geom
                from beat_membership as member join areal_unit as unit
                    on unit.municipality_id = member.municipality_id and unit.id = member.areal_unit_id
                where member.municipality_id = :municipality and member.plan_id = :plan
                    and geometrytype(unit.geom) <> 'POINT'
                group by member.beat_id
            ) as drawn
            where beat.municipality_id = :municipality and beat.plan_id = :plan and beat.id = drawn.beat_id
        """),
        keys,
    )
    return _units_without_beat(session, keys)


def measure_beats(session: Session, municipality_id: int, plan_id: int) -> None:
    """Store residents, compactness and whether the residents lie within the bounds of the plan, for each beat."""
    session.execute(
        text("""
            update beat set residents = counted.residents,
                within_bounds = counted.residents between plan.min_residents and plan.max_residents,
                polsby_popper = least(1, 4 * pi() * st_area(cast(beat.geom as geography))
                    / nullif(power(st_perimeter(cast(beat.geom as geography)), 2), 0))
            from beat_plan as plan, (
                select beat.id, sum(unit.residents) as residents
                from beat
                left join beat_membership as member
                    on member.municipality_id = beat.municipality_id and member.beat_id = beat.id
                left join areal_unit as unit
                    on unit.municipality_id = member.municipality_id and unit.id = member.areal_unit_id
                where beat.municipality_id = :municipality and beat.plan_id = :plan group by beat.id
            ) as counted
            where plan.municipality_id = :municipality and plan.id = :plan
                and beat.municipality_id = :municipality and beat.id = counted.id
        """),
        {"municipality": municipality_id, "plan": plan_id},
    )


def officers_without_place(session: Session, municipality_id: int) -> list[tuple[str, str]]:
    """Return badge and station of the officers whose station no officer gives a place."""
    statement = text("""
        select coalesce(o.external_id, o.id::text), o.station from officer o
        where o.municipality_id = :municipality and o.station is not null and o.station_geom is null
            and not exists (select from officer s where s.municipality_id = o.municipality_id
                and s.station = o.station and s.station_geom is not null)
        order by 1
    """)
    return [(row[0], row[1]) for row in session.execute(statement, {"municipality": municipality_id})]


def assign_officers(
    session: Session, municipality_id: int, beat_of_badge: Mapping[str, str]
) -> tuple[str | None, set[str]]:
    """Give officers (by badge number) the beats (by code) of the plan in force; who holds one already keeps it.

    Returns
    -------
    plan : str or None
        Name of the plan in force, None if there is none.
    unknown : set of str
        Codes that the plan does not have.
    """
    keys = {"municipality": municipality_id}
    plan = session.execute(
        text("""
            select id, name from beat_plan where municipality_id = :municipality and status = 'published'
            order by created_at desc, id desc limit 1
        """),
        keys,
    ).one_or_none()
    if plan is None:
        return None, set()
    found = session.execute(
        text("select code, id from beat where municipality_id = :municipality and plan_id = :plan"),
        {**keys, "plan": plan.id},
    )
    beats = {row.code: row.id for row in found}
    officers = referenced_rows(session, municipality_id, "officer", list(beat_of_badge))
    wanted = [
        {**keys, "beat": beats[code], "officer": officers[badge]}
        for badge, code in beat_of_badge.items()
        if code in beats and badge in officers
    ]
    if wanted:
        session.execute(_HAND_OVER, wanted)
        session.execute(_TAKE_OVER, wanted)
    return plan.name, set(beat_of_badge.values()) - set(beats)


_HAND_OVER = text("""
    update officer_assignment set valid_to = greatest(current_date, valid_from)
    where municipality_id = :municipality and beat_id = :beat and valid_to is null and officer_id <> :officer
""")
_TAKE_OVER = text("""
    insert into officer_assignment (municipality_id, beat_id, officer_id, valid_from, reason)
    select :municipality, :beat, :officer, current_date, 'imported'
    where not exists (select from officer_assignment
        where municipality_id = :municipality and beat_id = :beat and valid_to is null)
""")


def _units_without_beat(session: Session, keys: Mapping[str, int]) -> int:
    counted = session.execute(
        text("""
            select count(*) from areal_unit as unit where municipality_id = :municipality and not exists (
                select from beat_membership as member where member.municipality_id = :municipality
                    and member.plan_id = :plan and member.areal_unit_id = unit.id)
        """),
        keys,
    )
    return int(counted.scalar_one())
