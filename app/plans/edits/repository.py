"""Every SQL statement about the edits of beat plans."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, RowMapping, text
from sqlalchemy.orm import Session

_SAVE_EDIT = text(
    """
    with shaped as (
        update beat b set geom = st_multi(st_geomfromwkb(given.shape, 4326)), residents = given.residents,
            workload = given.workload, polsby_popper = given.polsby_popper, within_bounds = given.within_bounds,
            reason = given.reason
        from unnest(cast(:keys as bigint[]), cast(:shapes as bytea[]), cast(:residents as int[]),
            cast(:workloads as float8[]), cast(:compactness as float8[]), cast(:within as boolean[]),
            cast(:reasons as varchar[]))
            as given (id, shape, residents, workload, polsby_popper, within_bounds, reason)
        where b.municipality_id = :municipality and b.plan_id = :plan and b.id = given.id
    ), moved as (
        update beat_membership m set beat_id = given.beat
        from unnest(cast(:units as bigint[]), cast(:beats as bigint[])) as given (unit, beat)
        where m.municipality_id = :municipality and m.plan_id = :plan and m.areal_unit_id = given.unit
    )
    update beat_plan set edit_tag = :tag, report = jsonb_build_object('edited', true, 'summary', report -> 'summary',
        'figures', cast(:figures as jsonb))
    where municipality_id = :municipality and id = :plan
    """
)
"""All that an ordinary edit stores, in one statement, since an edit is answered in milliseconds."""
_ADD_UNITS = text(
    """
    insert into beat_membership (municipality_id, plan_id, areal_unit_id, beat_id)
    select :municipality, :plan, given.unit, given.beat
    from unnest(cast(:units as bigint[]), cast(:beats as bigint[])) as given (unit, beat)
    """
)
_OF_UNITS = (
    "where municipality_id = :municipality and plan_id = :plan and areal_unit_id = any(cast(:units as bigint[]))"
)
_REMOVE_UNITS = text(f"delete from beat_membership {_OF_UNITS}")  # noqa: S608 - a constant of this module
_LOCK_UNITS = text(f"update beat_membership set locked = true {_OF_UNITS}")  # noqa: S608
_UNLOCK_UNITS = text(f"update beat_membership set locked = false {_OF_UNITS}")  # noqa: S608


@dataclass(frozen=True)
class BeatRow:
    """A beat as an edit left it: its key, its area as WKB in WGS 84, and its figures."""

    key: int
    shape: bytes
    residents: int
    workload: float
    polsby_popper: float
    within_bounds: bool
    reason: str | None


@dataclass(frozen=True)
class EditedRows:
    """What an edit changed.

    Attributes
    ----------
    tag : str
        New tag of the plan.
    figures : dict
        Of the whole plan, JSON-ready.
    beats : list of BeatRow
        Beats that were touched and have units.
    moved, added : dict of int to int
        Key of the new beat by key of the unit: of units that had a beat, and of those that had none.
    removed, locked, unlocked : list of int
        Keys of units that have no beat now, and of those whose lock changed.
    """

    tag: str
    figures: dict[str, Any]
    beats: list[BeatRow]
    moved: dict[int, int]
    added: dict[int, int]
    removed: list[int]
    locked: list[int]
    unlocked: list[int]


@dataclass(frozen=True)
class Holder:
    """An officer of a beat (by its name) that an edit emptied."""

    beat: str
    officer_id: int
    valid_from: date
    reason: str


def read_memberships(session: Session, municipality_id: int, plan_id: int) -> Sequence[Row[Any]]:
    """Return ``unit`` (key), ``code`` of its beat and whether it is locked, of every unit of a plan."""
    statement = text(
        """select m.areal_unit_id as unit, b.code, m.locked from beat_membership m
        join beat b on b.municipality_id = m.municipality_id and b.id = m.beat_id
        where m.municipality_id = :municipality and m.plan_id = :plan"""
    )
    return session.execute(statement, _keys(municipality_id, plan_id)).all()


def read_beat_figures(session: Session, municipality_id: int, plan_id: int) -> dict[str, RowMapping]:
    """Return key and stored figures of the beats of a plan, by name."""
    statement = text(
        """select code, id, residents, workload, polsby_popper, within_bounds, reason, geom is not null as has_shape
        from beat where municipality_id = :municipality and plan_id = :plan"""
    )
    return {row["code"]: row for row in session.execute(statement, _keys(municipality_id, plan_id)).mappings()}


def insert_beats(session: Session, municipality_id: int, plan_id: int, codes: list[str]) -> dict[str, int]:
    """Store new beats without figures yet and return their keys by name."""
    statement = text(
        """insert into beat (municipality_id, plan_id, code)
        select :municipality, :plan, unnest(cast(:codes as varchar[])) returning code, id"""
    )
    rows = session.execute(statement, {**_keys(municipality_id, plan_id), "codes": codes})
    return {row.code: row.id for row in rows}


def remove_beats(session: Session, municipality_id: int, plan_id: int, beat_keys: list[int]) -> list[Holder]:
    """Remove beats without units and return who held them."""
    values = {**_keys(municipality_id, plan_id), "beats": beat_keys}
    held = text(
        """select b.code as beat, a.officer_id, a.valid_from, a.reason from officer_assignment a
        join beat b on b.municipality_id = a.municipality_id and b.id = a.beat_id
        where a.municipality_id = :municipality and b.plan_id = :plan and a.valid_to is null
            and b.id = any(cast(:beats as bigint[]))"""
    )
    holders = [Holder(**row) for row in session.execute(held, values).mappings()]
    session.execute(
        text(
            """delete from beat where municipality_id = :municipality and plan_id = :plan
            and id = any(cast(:beats as bigint[]))"""
        ),
        values,
    )
    return holders


def restore_holders(session: Session, municipality_id: int, plan_id: int, holders: list[Holder]) -> None:
    """Give beats that are there again their officers back, unless these hold another beat of the plan by now."""
    statement = text(
        """insert into officer_assignment (municipality_id, beat_id, officer_id, valid_from, reason)
        select b.municipality_id, b.id, :officer_id, :valid_from, :reason from beat b
        where b.municipality_id = :municipality and b.plan_id = :plan and b.code = cast(:beat as varchar)
            and not exists (select from officer_assignment a
                join beat other on other.municipality_id = a.municipality_id and other.id = a.beat_id
                where a.municipality_id = :municipality and other.plan_id = :plan and a.officer_id = :officer_id
                    and a.valid_to is null)"""
    )
    if holders:
        session.execute(statement, [{**_keys(municipality_id, plan_id), **vars(holder)} for holder in holders])


def save_edit(session: Session, municipality_id: int, plan_id: int, rows: EditedRows) -> None:
    """Store what an edit changed: units, beats, locks, figures and the tag."""
    keys = _keys(municipality_id, plan_id)
    session.execute(
        _SAVE_EDIT,
        {
            **keys,
            "keys": [beat.key for beat in rows.beats],
            "shapes": [beat.shape for beat in rows.beats],
            "residents": [beat.residents for beat in rows.beats],
            "workloads": [beat.workload for beat in rows.beats],
            "compactness": [beat.polsby_popper for beat in rows.beats],
            "within": [beat.within_bounds for beat in rows.beats],
            "reasons": [beat.reason for beat in rows.beats],
            "units": list(rows.moved),
            "beats": list(rows.moved.values()),
            "tag": rows.tag,
            "figures": json.dumps(rows.figures, allow_nan=False),
        },
    )
    if rows.added:
        values = {"units": list(rows.added), "beats": list(rows.added.values())}
        session.execute(_ADD_UNITS, {**keys, **values})
    for statement, units in ((_REMOVE_UNITS, rows.removed), (_LOCK_UNITS, rows.locked), (_UNLOCK_UNITS, rows.unlocked)):
        if units:
            session.execute(statement, {**keys, "units": units})


def _keys(municipality_id: int, plan_id: int) -> dict[str, Any]:
    return {"municipality": municipality_id, "plan": plan_id}
