"""Every SQL statement about beat plans, and those that read what an allocation needs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import shapely
from sqlalchemy import BigInteger, Boolean, Double, Integer, String, column, select, text
from sqlalchemy.orm import Session

from app.database import copying
from app.database.base import WGS84, geometry
from app.database.driver import copy_columns
from app.database.feature_collections import Collection, FeatureQuery, Property
from app.database.feature_pages import FeaturePage, read_feature_page
from app.deferred import gpd, pd
from app.files.writing import rounded_geometries

_HOLDER = """
    left join lateral (
        select a.officer_id from officer_assignment a
        where a.municipality_id = b.municipality_id and a.beat_id = b.id
            and (a.valid_to is null or a.valid_to = p.effective_to)
        order by a.valid_from desc, a.id desc limit 1
    ) as held on true
"""
"""Who holds a beat, or held it until its plan ended."""
_PLANS = f"""
    select p.*, count(b.id) as beats, count(b.id) filter (where b.within_bounds) as within_bounds,
        count(b.id) filter (where held.officer_id is null) as vacancies
    from beat_plan p
    left join beat b on b.municipality_id = p.municipality_id and b.plan_id = p.id
    {_HOLDER}
    where p.municipality_id = :municipality {{condition}}
    group by p.municipality_id, p.id order by p.id desc limit :limit
"""  # noqa: S608 - a constant of this module
_BEATS = text(
    f"""
    select b.municipality_id, b.plan_id, b.id, b.geom, b.code as beat_id, b.residents, b.workload,
        o.external_id as officer_id, b.polsby_popper, b.within_bounds,
        (select count(*)::int from beat_membership m
         where m.municipality_id = b.municipality_id and m.plan_id = b.plan_id and m.beat_id = b.id) as units,
        b.reason
    from beat b
    join beat_plan p on p.municipality_id = b.municipality_id and p.id = b.plan_id
    {_HOLDER}
    left join officer o on o.municipality_id = b.municipality_id and o.id = held.officer_id
    """  # noqa: S608 - a constant of this module
).columns(
    column("municipality_id", Integer),
    column("plan_id", BigInteger),
    column("id", BigInteger),
    column("geom", geometry("MULTIPOLYGON")),
    column("beat_id", String),
    column("residents", Integer),
    column("workload", Double),
    column("officer_id", String),
    column("polsby_popper", Double),
    column("within_bounds", Boolean),
    column("units", Integer),
    column("reason", String),
)
_BEAT_COLUMNS = ("beat_id", "residents", "workload", "officer_id", "polsby_popper", "units", "within_bounds", "reason")
_UNITS = text(
    """
    select u.id, u.external_id, u.residents, u.attributes ->> cast(:hard_boundary as text) as hard_boundary,
        b.code as current_beat, st_asbinary(u.geom) as shape
    from areal_unit u
    left join beat_membership m
        on m.municipality_id = u.municipality_id and m.areal_unit_id = u.id and m.plan_id = cast(:plan as bigint)
    left join beat b on b.municipality_id = m.municipality_id and b.id = m.beat_id
    where u.municipality_id = :municipality and u.source_id is not distinct from cast(:source as bigint)
    order by u.external_id, u.id
    """
)


@dataclass(frozen=True)
class NewPlan:
    """A plan that is to be stored.

    Attributes
    ----------
    name : str
        It becomes the next version of the plan of this name.
    min_residents, max_residents : int
    effective_from : date or None
    run_id : int or None
        Run that made it.
    report : dict
        JSON-ready.
    parameters : dict
        JSON-ready; what it was asked for with.
    beats : GeoDataFrame
        ``beat_id, residents, workload, polsby_popper, within_bounds, geometry`` in any CRS.
    unit_keys : ndarray of int64, shape (n,)
        Keys of the areal units.
    beat_of_unit : ndarray of int64, shape (n,)
        Position in ``beats`` of the beat of each unit.
    officer_keys : dict of str to int
        Key of the officer of each beat that has one.
    """

    name: str
    min_residents: int
    max_residents: int
    effective_from: date | None
    run_id: int | None
    report: dict[str, Any]
    parameters: dict[str, Any]
    beats: gpd.GeoDataFrame
    unit_keys: np.ndarray
    beat_of_unit: np.ndarray
    officer_keys: dict[str, int]


def read_units(
    session: Session, municipality_id: int, source_id: int | None, hard_boundary: str | None, plan_id: int | None
) -> gpd.GeoDataFrame:
    """Return the areal units of a source in WGS 84: ``id, unit_id, residents, hard_boundary, current_beat``."""
    values = {"municipality": municipality_id, "source": source_id, "hard_boundary": hard_boundary, "plan": plan_id}
    rows = session.execute(_UNITS, values).all()
    shapes = shapely.from_wkb(np.array([bytes(row.shape) for row in rows], dtype=object))
    columns = {
        "id": np.array([row.id for row in rows], dtype=np.int64),
        "unit_id": pd.Series([row.external_id or str(row.id) for row in rows], dtype=object),
        "residents": pd.Series([row.residents for row in rows], dtype="Int64"),
        "hard_boundary": pd.Series([row.hard_boundary for row in rows], dtype=object),
        "current_beat": pd.Series([row.current_beat for row in rows], dtype=object),
    }
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=WGS84)


def read_attribute(session: Session, municipality_id: int, source_id: int | None, name: str) -> list[str | None]:
    """Return an attribute of the areal units of a source, in the order of `read_units`."""
    statement = text(
        """select attributes ->> cast(:name as text) from areal_unit
        where municipality_id = :municipality and source_id is not distinct from cast(:source as bigint)
        order by external_id, id"""
    )
    return list(session.scalars(statement, {"municipality": municipality_id, "source": source_id, "name": name}))


def source_of_units(session: Session, municipality_id: int, plan_id: int) -> str | None:
    """Return the name of the source of the units of a plan, None where it has no units."""
    statement = text(
        """select coalesce(s.name, '(none)') from beat_membership m
        join areal_unit u on u.municipality_id = m.municipality_id and u.id = m.areal_unit_id
        left join source s on s.municipality_id = u.municipality_id and s.id = u.source_id
        where m.municipality_id = :municipality and m.plan_id = :plan limit 1"""
    )
    found: str | None = session.scalar(statement, {"municipality": municipality_id, "plan": plan_id})
    return found


def list_plans(session: Session, municipality_id: int, limit: int) -> list[dict[str, Any]]:
    """Return the plans of the municipality, newest first, with the number of their beats and vacancies."""
    statement = text(_PLANS.format(condition=""))
    rows = session.execute(statement, {"municipality": municipality_id, "limit": limit}).mappings()
    return [dict(row) for row in rows]


def find_plan(session: Session, municipality_id: int, plan_id: int) -> dict[str, Any] | None:
    """Return one plan."""
    statement = text(_PLANS.format(condition="and p.id = :plan"))
    values = {"municipality": municipality_id, "limit": 1, "plan": plan_id}
    row = session.execute(statement, values).mappings().one_or_none()
    return None if row is None else dict(row)


def plan_of_run(session: Session, municipality_id: int, run_id: int) -> int | None:
    """Return the key of the plan that a run made, or gave its officers."""
    statement = text(
        """select p.id from beat_plan p where p.municipality_id = :municipality and (p.run_id = :run or p.id = (
            select cast(r.summary ->> 'beat_plan_id' as bigint) from analysis_run r
            where r.municipality_id = :municipality and r.id = :run)) order by p.id desc limit 1"""
    )
    found: int | None = session.scalar(statement, {"municipality": municipality_id, "run": run_id})
    return found


def newest_plan(session: Session, municipality_id: int) -> int | None:
    """Return the key of the newest plan that has a beat with a shape."""
    statement = text(
        """select plan_id from beat where municipality_id = :municipality and geom is not null
        order by plan_id desc limit 1"""
    )
    return session.execute(statement, {"municipality": municipality_id}).scalar_one_or_none()


def read_beats_as_geojson(session: Session, municipality_id: int, plan_id: int, query: FeatureQuery) -> FeaturePage:
    """Return the beats of a plan as GeoJSON text."""
    return read_feature_page(session, beats_of(plan_id), municipality_id, query)


def read_beats(session: Session, municipality_id: int, plan_id: int) -> gpd.GeoDataFrame:
    """Return the beats of a plan in WGS 84, for maps and files; beats without a shape are left out."""
    beats = _BEATS.subquery("beats")
    statement = (
        select(*(beats.c[name] for name in _BEAT_COLUMNS), text("st_asbinary(geom) as shape"))
        .where(beats.c.municipality_id == municipality_id, beats.c.plan_id == plan_id, text("geom is not null"))
        .order_by(beats.c.beat_id)
    )
    rows = session.execute(statement).all()
    shapes = shapely.from_wkb(np.array([bytes(row.shape) for row in rows], dtype=object))
    columns = {name: pd.Series([getattr(row, name) for row in rows], dtype=object) for name in _BEAT_COLUMNS}
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=WGS84).infer_objects()


def read_assignments(session: Session, municipality_id: int, plan_id: int) -> pd.DataFrame:
    """Return ``unit_id`` and ``beat_id`` of every unit of a plan."""
    statement = text(
        """select coalesce(u.external_id, u.id::text) as unit_id, b.code as beat_id from beat_membership m
        join areal_unit u on u.municipality_id = m.municipality_id and u.id = m.areal_unit_id
        join beat b on b.municipality_id = m.municipality_id and b.id = m.beat_id
        where m.municipality_id = :municipality and m.plan_id = :plan order by 1"""
    )
    rows = session.execute(statement, {"municipality": municipality_id, "plan": plan_id})
    return pd.DataFrame(rows.all(), columns=["unit_id", "beat_id"])


def beats_of(plan_id: int | None = None) -> Collection:
    """Describe the beats of one plan (of none, for the API document) as a collection of features."""
    everything = _BEATS.subquery("every_beat")
    beats = select(everything).where(everything.c.plan_id == plan_id).subquery("beats")
    return Collection(
        name="beats",
        title="Beats",
        singular="beat",
        description="Beats of a plan with residents, workload and their permanent officer.",
        source=beats,
        identifier=beats.c.id,
        municipality=beats.c.municipality_id,
        geometry=beats.c.geom,
        geometry_types=("MultiPolygon",),
        geometry_optional=True,
        properties=(
            Property("beat_id", beats.c.beat_id, "string", "Name of the beat.", filterable=True),
            Property("residents", beats.c.residents, "integer", "Residents."),
            Property("workload", beats.c.workload, "number", "Workload, in the unit that the plan's report states."),
            Property("officer_id", beats.c.officer_id, "string", "Badge of the permanent officer.", filterable=True),
            Property("polsby_popper", beats.c.polsby_popper, "number", "Compactness, 0 to 1 (a circle)."),
            Property("units", beats.c.units, "integer", "Areal units of the beat."),
            Property("within_bounds", beats.c.within_bounds, "boolean", "Whether residents lie within the bounds."),
            Property("reason", beats.c.reason, "string", "Why not, as a code; the plan's report explains it."),
        ),
    )


def insert_plan(session: Session, municipality_id: int, time_zone: str, plan: NewPlan) -> tuple[int, int]:
    """Store a plan with its beats, memberships and officers; return its key and version."""
    lock = text("select pg_advisory_xact_lock(hashtextextended(:name, :municipality))")
    session.execute(lock, {"name": plan.name, "municipality": municipality_id})
    statement = text(
        """insert into beat_plan (municipality_id, name, version, min_residents, max_residents, effective_from, run_id,
            report, parameters, edit_tag)
        select :municipality, cast(:name as varchar), coalesce(max(version), 0) + 1, :min_residents, :max_residents,
            cast(:effective_from as date), :run, cast(:report as jsonb), cast(:parameters as jsonb),
            gen_random_uuid()::text
        from beat_plan where municipality_id = :municipality and name = cast(:name as varchar)
        returning id, version"""
    )
    values = {
        "municipality": municipality_id,
        "name": plan.name,
        "min_residents": plan.min_residents,
        "max_residents": plan.max_residents,
        "effective_from": plan.effective_from,
        "run": plan.run_id,
        "report": json.dumps(plan.report, allow_nan=False),
        "parameters": json.dumps(plan.parameters, allow_nan=False),
    }
    plan_id, version = session.execute(statement, values).one()
    beat_keys = _insert_beats(session, municipality_id, plan_id, plan.beats)
    _copy_memberships(session, municipality_id, plan_id, plan.unit_keys, np.array(beat_keys)[plan.beat_of_unit])
    made_by = "import" if plan.run_id is None else f"run {plan.run_id}"
    chosen = _Chosen(plan_id, plan.officer_keys, plan.effective_from, f"beat plan '{plan.name}', {made_by}")
    _insert_assignments(session, municipality_id, time_zone, chosen)
    return plan_id, version


def _insert_beats(session: Session, municipality_id: int, plan_id: int, beats: gpd.GeoDataFrame) -> list[int]:
    degrees = shapely.orient_polygons(rounded_geometries(beats.geometry.to_crs(WGS84).to_numpy()))
    statement = text(
        """insert into beat (municipality_id, plan_id, code, geom, residents, workload, polsby_popper, within_bounds,
            reason)
        values (:municipality, :plan, :code, st_multi(st_geomfromwkb(:shape, 4326)), :residents, :workload,
            :polsby_popper, :within_bounds, :reason)"""
    )
    rows = [
        {
            "municipality": municipality_id,
            "plan": plan_id,
            "code": str(beat.beat_id),
            "shape": shapely.to_wkb(shape),
            "residents": int(beat.residents),
            "workload": float(beat.workload),
            "polsby_popper": float(beat.polsby_popper),
            "within_bounds": bool(beat.within_bounds),
            "reason": beat.reason,
        }
        for beat, shape in zip(beats.itertuples(), degrees, strict=True)
    ]
    session.execute(statement, rows)
    found = text("select code, id from beat where municipality_id = :municipality and plan_id = :plan")
    keys = {row.code: row.id for row in session.execute(found, {"municipality": municipality_id, "plan": plan_id})}
    return [keys[str(code)] for code in beats["beat_id"]]


def _copy_memberships(
    session: Session, municipality_id: int, plan_id: int, unit_keys: np.ndarray, beat_keys: np.ndarray
) -> None:
    columns = {
        "municipality_id": copying.integers(np.full(len(unit_keys), municipality_id), 4),
        "plan_id": copying.integers(np.full(len(unit_keys), plan_id), 8),
        "areal_unit_id": copying.integers(unit_keys, 8),
        "beat_id": copying.integers(beat_keys, 8),
    }
    copy_columns(session, "beat_membership", columns)


@dataclass(frozen=True)
class _Chosen:
    """Officers of the beats of a plan, by the code of the beat."""

    plan_id: int
    officer_keys: dict[str, int]
    effective_from: date | None
    reason: str


def replace_officers(
    session: Session,
    municipality_id: int,
    time_zone: str,
    plan_id: int,
    officer_keys: dict[str, int],
    report: dict[str, Any] | None,
    reason: str,
) -> None:
    """Give the beats of a draft other officers, and tell of them in its report."""
    keys = {"municipality": municipality_id, "plan": plan_id}
    session.execute(
        text(
            """delete from officer_assignment a using beat b where b.municipality_id = a.municipality_id
            and b.id = a.beat_id and b.plan_id = :plan and a.municipality_id = :municipality"""
        ),
        keys,
    )
    told = text(
        """update beat_plan set report = report || jsonb_build_object('officers', cast(:officers as jsonb))
        where municipality_id = :municipality and id = :plan returning effective_from"""
    )
    day = session.scalar(told, {**keys, "officers": json.dumps(report, allow_nan=False)})
    _insert_assignments(session, municipality_id, time_zone, _Chosen(plan_id, officer_keys, day, reason))


def _insert_assignments(session: Session, municipality_id: int, time_zone: str, chosen: _Chosen) -> None:
    if not chosen.officer_keys:
        return
    statement = text(
        """insert into officer_assignment (municipality_id, beat_id, officer_id, valid_from, reason)
        select :municipality, b.id, :officer,
            coalesce(cast(:effective_from as date), (now() at time zone :zone)::date), :reason
        from beat b where b.municipality_id = :municipality and b.plan_id = :plan and b.code = cast(:beat as varchar)"""
    )
    rows = [
        {
            "municipality": municipality_id,
            "plan": chosen.plan_id,
            "beat": str(beat),
            "officer": officer,
            "effective_from": chosen.effective_from,
            "zone": time_zone,
            "reason": chosen.reason,
        }
        for beat, officer in chosen.officer_keys.items()
    ]
    session.execute(statement, rows)
