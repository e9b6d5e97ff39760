"""Every SQL statement about the edits of beat plans."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
    ), noted as (
        insert into plan_edit (municipality_id, plan_id, operation, former_tag, tag, unit_ids, beats_before,
            beats_after, locked, actor)
        values (:municipality, :plan, :operation, :former_tag, :tag, cast(:unit_ids as bigint[]),
            cast(:beats_before as varchar[]), cast(:beats_after as varchar[]), cast(:locked as boolean), :actor)
        returning id
    )
    update beat_plan set edit_tag = :tag, report = jsonb_build_object('edited', true, 'summary', report -> 'summary')
        || cast(:report as jsonb)
    where municipality_id = :municipality and id = :plan returning (select id from noted)
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
_EDITS = text(
    """
    select id, operation, former_tag, tag, unit_ids, beats_before, beats_after, locked, holders, actor from plan_edit
    where municipality_id = :municipality and plan_id = :plan and (cast(:after as varchar) is null or id >= (
        select first.id from plan_edit first where first.municipality_id = :municipality and first.plan_id = :plan
            and first.former_tag = cast(:after as varchar)))
    order by id
    """
)
_OF_UNITS = (
    "where municipality_id = :municipality and plan_id = :plan and areal_unit_id = any(cast(:units as bigint[]))"
)
_REMOVE_UNITS = text(f"delete from beat_membership {_OF_UNITS}")  # noqa: S608 - a constant of this module
_LOCK_UNITS = text(f"update beat_membership set locked = :locked {_OF_UNITS}")  # noqa: S608


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
class StoredEdit:
    """An edit as it is stored.

    Attributes
    ----------
    id : int
        0 before it is stored.
    operation : str
    former_tag, tag : str
        Tag of the plan before and after.
    unit_ids : list of int
        Keys of the units that were moved, locked or unlocked.
    beats_before, beats_after : list of (str or None)
        Name of the beat of each unit, None for none; empty where locks changed.
    locked : bool or None
        Whether the units were locked or unlocked; None where they moved.
    actor : str
    holders : list of dict
        Officers of beats that it emptied.
    """

    id: int
    operation: str
    former_tag: str
    tag: str
    unit_ids: list[int]
    beats_before: list[str | None]
    beats_after: list[str | None]
    locked: bool | None
    actor: str
    holders: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class EditedRows:
    """What an edit changed.

    Attributes
    ----------
    edit : StoredEdit
        The edit itself.
    report : dict
        Figures and reasons of the whole plan, JSON-ready.
    beats : list of BeatRow
        Beats that were touched and have units.
    moved, added : dict of int to int
        Key of the new beat by key of the unit: of units that had a beat, and of those that had none.
    removed : list of int
        Keys of units that have no beat now.
    """

    edit: StoredEdit
    report: dict[str, Any]
    beats: list[BeatRow]
    moved: dict[int, int]
    added: dict[int, int]
    removed: list[int]


@dataclass(frozen=True)
class Holder:
    """An officer of a beat (by its name) that an edit emptied."""

    beat: str
    officer_id: int
    valid_from: date
    reason: str

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Holder:
        """Return the officer as stored with the edit."""
        return cls(**{**stored, "valid_from": date.fromisoformat(stored["valid_from"])})

    def to_dict(self) -> dict[str, Any]:
        """Return the officer JSON-ready."""
        return {**vars(self), "valid_from": self.valid_from.isoformat()}


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


def read_beat_keys(session: Session, municipality_id: int, plan_id: int, codes: list[str]) -> dict[str, int]:
    """Return the keys of those beats of a plan that there are, by name."""
    statement = text(
        """select code, id from beat where municipality_id = :municipality and plan_id = :plan
        and code = any(cast(:codes as varchar[]))"""
    )
    rows = session.execute(statement, {**_keys(municipality_id, plan_id), "codes": codes})
    return {row.code: row.id for row in rows}


def read_edits(
    session: Session, municipality_id: int, plan_id: int, *, after: str | None = None
) -> Sequence[StoredEdit]:
    """Return the edits of a plan that are kept, oldest first; those since the plan had a tag, or all of them."""
    rows = session.execute(_EDITS, {**_keys(municipality_id, plan_id), "after": after}).mappings()
    return [StoredEdit(**row) for row in rows]


def list_edits(session: Session, municipality_id: int, plan_id: int) -> Sequence[RowMapping]:
    """Return ``operation, units`` (their number), ``actor`` and ``edited_at`` of each edit, the newest first."""
    statement = text(
        """select operation, cardinality(unit_ids) as units, actor, edited_at from plan_edit
        where municipality_id = :municipality and plan_id = :plan order by id desc"""
    )
    return session.execute(statement, _keys(municipality_id, plan_id)).mappings().all()


def forget_edits(session: Session, municipality_id: int, plan_id: int, *, before: int | None = None) -> None:
    """Delete the edits of a plan, or those older than the one with that key."""
    statement = text(
        """delete from plan_edit where municipality_id = :municipality and plan_id = :plan
        and (cast(:before as bigint) is null or id < :before)"""
    )
    session.execute(statement, {**_keys(municipality_id, plan_id), "before": before})


def note_holders(session: Session, municipality_id: int, plan_id: int, edit_id: int, holders: Sequence[Holder]) -> None:
    """Store with an edit the officers of the beats that it emptied."""
    statement = text(
        """update plan_edit set holders = cast(:holders as jsonb)
        where municipality_id = :municipality and plan_id = :plan and id = :edit"""
    )
    if holders:
        told = json.dumps([holder.to_dict() for holder in holders])
        session.execute(statement, {**_keys(municipality_id, plan_id), "edit": edit_id, "holders": told})


def save_edit(session: Session, municipality_id: int, plan_id: int, rows: EditedRows) -> int:
    """Store what an edit changed: units, beats, locks, figures and the tag; return the key of the edit."""
    keys, edit = _keys(municipality_id, plan_id), rows.edit
    key: int = session.scalar(
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
            "report": json.dumps(rows.report, allow_nan=False, default=str),
            **{name: value for name, value in vars(edit).items() if name not in ("id", "holders")},
        },
    )
    if rows.added:
        values = {"units": list(rows.added), "beats": list(rows.added.values())}
        session.execute(_ADD_UNITS, {**keys, **values})
    if rows.removed:
        session.execute(_REMOVE_UNITS, {**keys, "units": rows.removed})
    if edit.locked is not None:
        session.execute(_LOCK_UNITS, {**keys, "units": edit.unit_ids, "locked": edit.locked})
    return key


def _keys(municipality_id: int, plan_id: int) -> dict[str, Any]:
    return {"municipality": municipality_id, "plan": plan_id}
