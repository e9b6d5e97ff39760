"""What an edit changed, as rows: units, shapes and figures of the beats it touched, locks, the plan's figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from analysis.beats.editor import PlanEditor
from analysis.beats.edits import EditAnswer
from analysis.beats.standing import BeatStanding
from app.database.base import WGS84
from app.files.writing import rounded_geometries
from app.plans.edits import repository
from app.plans.edits.repository import BeatRow, EditedRows, Holder

CLOSE = 1e-9
"""Relative difference of a figure that is none."""


@dataclass
class PlanRows:
    """What the database holds of a plan that is edited.

    Attributes
    ----------
    unit_keys : ndarray of int64, shape (n,)
        Key of each areal unit, in the order of the editor.
    beat_keys : dict of str to int
        Key of each beat by its name.
    unplaced : set of int
        Keys of the units that have no beat.
    outdated : set of str
        Beats whose figures are not those of today's residents and workload: the next edit brings them up to date.
    holders : dict of str to Holder
        Officers of beats that an edit emptied; they come back with the beat.
    to_degrees : Transformer
        From the CRS of the editor.
    """

    unit_keys: NDArray[np.int64]
    beat_keys: dict[str, int]
    unplaced: set[int]
    outdated: set[str]
    to_degrees: Transformer
    holders: dict[str, Holder] = field(default_factory=dict)

    @classmethod
    def of(cls, editor: PlanEditor, unit_keys: NDArray[np.int64], stored: Mapping[str, RowMapping]) -> PlanRows:
        """Take down what the database holds, and what of it is outdated."""
        return cls(
            unit_keys,
            {name: row["id"] for name, row in stored.items()},
            set(unit_keys[editor.beat_of_unit < 0].tolist()),
            {beat.beat_id for beat in editor.beats() if not _stands(beat, stored[beat.beat_id])},
            Transformer.from_crs(editor.problem.crs, WGS84, always_xy=True),
        )


@dataclass(frozen=True)
class Saved:
    """An edit that is stored.

    Attributes
    ----------
    answer : EditAnswer
    locked_before : ndarray of bool, shape (n,)
    tag : str
        New tag of the plan.
    """

    answer: EditAnswer
    locked_before: NDArray[np.bool_]
    tag: str


def save_answer(session: Session, plan: tuple[int, int], editor: PlanEditor, rows: PlanRows, saved: Saved) -> None:
    """Store what an edit changed.

    Parameters
    ----------
    session : Session
    plan : tuple of int
        Keys of the municipality and the plan.
    editor : PlanEditor
        After the edit.
    rows : PlanRows
        Before it; brought up to date here.
    saved : Saved
    """
    touched = {beat.beat_id: beat for beat in saved.answer.beats} if saved.answer.changes else {}
    if rows.outdated - touched.keys():
        touched |= {beat.beat_id: beat for beat in editor.beats() if beat.beat_id in rows.outdated}
    present = [beat for beat in touched.values() if beat.units]
    emptied = [beat.beat_id for beat in touched.values() if not beat.units and beat.beat_id in rows.beat_keys]
    _make_beats(session, plan, rows, [beat.beat_id for beat in present if beat.beat_id not in rows.beat_keys])
    moved = _keys_of(editor, rows, saved.answer.changes)
    gone = {key for key, beat in moved.items() if beat is None}
    placed = {key: rows.beat_keys[beat] for key, beat in moved.items() if beat is not None}
    added = placed.keys() & rows.unplaced
    locked = editor.locked
    changed = np.flatnonzero(locked != saved.locked_before)
    repository.save_edit(
        session,
        *plan,
        EditedRows(
            tag=saved.tag,
            figures=asdict(saved.answer.figures),
            beats=[_row(editor, rows, beat) for beat in present],
            moved={key: beat for key, beat in placed.items() if key not in added},
            added={key: placed[key] for key in added},
            removed=sorted(gone),
            locked=rows.unit_keys[changed[locked[changed]]].tolist(),
            unlocked=rows.unit_keys[changed[~locked[changed]]].tolist(),
        ),
    )
    rows.unplaced = (rows.unplaced - added) | gone
    rows.outdated.clear()
    if emptied:
        found = repository.remove_beats(session, *plan, [rows.beat_keys.pop(beat) for beat in emptied])
        rows.holders |= {holder.beat: holder for holder in found}


def _make_beats(session: Session, plan: tuple[int, int], rows: PlanRows, names: list[str]) -> None:
    """Store beats that are new, or that are there again and get their officers back."""
    if names:
        rows.beat_keys |= repository.insert_beats(session, *plan, names)
        back = [rows.holders.pop(name) for name in names if name in rows.holders]
        repository.restore_holders(session, *plan, back)


def _keys_of(editor: PlanEditor, rows: PlanRows, changes: Mapping[str, str | None]) -> dict[int, str | None]:
    place = editor.problem.row_of_unit
    return {int(rows.unit_keys[place[str(unit)]]): beat for unit, beat in changes.items()}


def _row(editor: PlanEditor, rows: PlanRows, beat: BeatStanding) -> BeatRow:
    return BeatRow(
        key=rows.beat_keys[beat.beat_id],
        shape=_shape(editor, rows.to_degrees, beat.beat_id),
        residents=beat.residents,
        workload=beat.workload,
        polsby_popper=min(1.0, beat.polsby_popper),
        within_bounds=beat.within_bounds,
        reason=_reason(beat),
    )


def _shape(editor: PlanEditor, to_degrees: Transformer, beat: str) -> bytes:
    """Return the area of a beat as WKB in WGS 84."""
    problem = editor.problem
    dissolve = shapely.coverage_union_all if problem.contiguity.coverage else shapely.union_all
    area = dissolve(problem.polygons[editor.units_of(beat)])

    def turn(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(to_degrees.transform(points[:, 0], points[:, 1]))

    degrees = rounded_geometries(np.array([shapely.transform(area, turn)], dtype=object))
    return bytes(shapely.to_wkb(shapely.orient_polygons(degrees)[0]))


def _stands(beat: BeatStanding, stored: RowMapping) -> bool:
    """Return whether the database holds a beat as it stands."""
    numbers = ((beat.workload, stored["workload"]), (min(1.0, beat.polsby_popper), stored["polsby_popper"]))
    return (
        stored["has_shape"]
        and (beat.residents, beat.within_bounds) == (stored["residents"], stored["within_bounds"])
        and _reason(beat) == stored["reason"]
        and all(theirs is not None and abs(ours - theirs) <= CLOSE * max(1.0, abs(ours)) for ours, theirs in numbers)
    )


def _reason(beat: BeatStanding) -> str | None:
    return beat.reasons[0].code if beat.reasons else None
