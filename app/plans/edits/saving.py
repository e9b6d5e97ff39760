"""What an edit changed, as rows: units, shapes and figures of the beats it touched, locks, the plan's figures."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from analysis.beats.editor import PlanEditor
from analysis.beats.edits import EditAnswer
from analysis.beats.graph import positions_among
from analysis.beats.standing import BeatStanding
from analysis.beats.steps import MOST_STEPS, MOST_UNITS, NamedStep
from app.database.base import WGS84
from app.files.writing import rounded_geometries
from app.plans.edits import repository
from app.plans.edits.repository import BeatRow, EditedRows, Holder, StoredEdit

CLOSE = 1e-9
"""Relative difference of a figure that is none."""
SPARE_STEPS = 50
"""Edits beyond those that are kept: they are deleted together, not one with every edit."""


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
    kept : deque of (int, int)
        Keys of the edits that are stored, oldest first, and how many units each changed.
    kept_units : int
        Units of all of these together.
    to_degrees : Transformer
        From the CRS of the editor.
    """

    unit_keys: NDArray[np.int64]
    beat_keys: dict[str, int]
    unplaced: set[int]
    outdated: set[str]
    to_degrees: Transformer
    holders: dict[str, Holder] = field(default_factory=dict)
    kept: deque[tuple[int, int]] = field(default_factory=deque)
    kept_units: int = 0

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

    def places_of(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the positions of units by their keys, -1 for one that there is not."""
        order, ascending = self._ascending
        place = positions_among(ascending, keys)
        return np.where(place >= 0, order[place], -1)

    @cached_property
    def _ascending(self) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        """Positions of the units by rising key, and those keys: who opens a plan looks for the units of each edit."""
        order = np.argsort(self.unit_keys, kind="stable")
        return order, self.unit_keys[order]

    def remember(self, edits: Iterable[StoredEdit]) -> None:
        """Take down earlier edits, which led to what was read."""
        for edit in edits:
            self._keep(edit)
        self._let_holders_of_present_beats_go()

    def note(self, edit: StoredEdit) -> None:
        """Take down an edit that is stored."""
        self._keep(edit)
        for key, name in zip(edit.unit_ids, edit.beats_after, strict=False):
            (self.unplaced.add if name is None else self.unplaced.discard)(key)

    def know_beats(self, names: Iterable[str], keys: Mapping[str, int]) -> None:
        """Take down which of some beats there are now, and with which keys."""
        for name in names:
            self.beat_keys.pop(name, None)
        self.beat_keys |= keys
        self._let_holders_of_present_beats_go()

    def _keep(self, edit: StoredEdit) -> None:
        self.kept.append((edit.id, len(edit.unit_ids)))
        self.kept_units += len(edit.unit_ids)
        self.holders |= {holder["beat"]: Holder.of(holder) for holder in edit.holders}

    def _let_holders_of_present_beats_go(self) -> None:
        self.holders = {name: holder for name, holder in self.holders.items() if name not in self.beat_keys}


@dataclass(frozen=True)
class Saved:
    """An edit that is to be stored.

    Attributes
    ----------
    answer : EditAnswer
    operation : str
    former_tag, tag : str
        Tag of the plan before and after.
    actor : str
        Who edits.
    """

    answer: EditAnswer
    operation: str
    former_tag: str
    tag: str
    actor: str


def save_answer(session: Session, plan: tuple[int, int], editor: PlanEditor, rows: PlanRows, saved: Saved) -> None:
    """Store what an edit changed, and the edit itself.

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
    edit = _stored(editor, rows, saved)
    touched = {beat.beat_id: beat for beat in saved.answer.beats} if saved.answer.changes else {}
    if rows.outdated - touched.keys():
        touched |= {beat.beat_id: beat for beat in editor.beats() if beat.beat_id in rows.outdated}
    present = [beat for beat in touched.values() if beat.units]
    emptied = [beat.beat_id for beat in touched.values() if not beat.units and beat.beat_id in rows.beat_keys]
    _make_beats(session, plan, rows, [beat.beat_id for beat in present if beat.beat_id not in rows.beat_keys])
    placed = {
        key: rows.beat_keys[name]
        for key, name in zip(edit.unit_ids, edit.beats_after, strict=False)
        if name is not None
    }
    added = placed.keys() & rows.unplaced
    key = repository.save_edit(
        session,
        *plan,
        EditedRows(
            edit=edit,
            report={
                "figures": asdict(saved.answer.figures),
                "reasons": [reason.to_dict() for reason in saved.answer.reasons],
            },
            beats=_beat_rows(editor, rows, present),
            moved={unit: beat for unit, beat in placed.items() if unit not in added},
            added={unit: placed[unit] for unit in added},
            removed=[unit for unit, name in zip(edit.unit_ids, edit.beats_after, strict=False) if name is None],
        ),
    )
    rows.outdated.clear()
    rows.note(replace(edit, id=key))
    if emptied:
        found = repository.remove_beats(session, *plan, [rows.beat_keys.pop(beat) for beat in emptied])
        repository.note_holders(session, *plan, key, found)
        rows.holders |= {holder.beat: holder for holder in found}
    _forget_oldest(session, plan, rows)


def _stored(editor: PlanEditor, rows: PlanRows, saved: Saved) -> StoredEdit:
    """Return what an edit did to the units, by their keys."""
    step = editor.last_step or NamedStep("edit", np.zeros(0, np.int64), (), ())
    return StoredEdit(
        id=0,
        operation=saved.operation,
        former_tag=saved.former_tag,
        tag=saved.tag,
        unit_ids=rows.unit_keys[step.units].tolist(),
        beats_before=list(step.before),
        beats_after=list(step.after),
        locked=step.locked,
        actor=saved.actor,
    )


def _forget_oldest(session: Session, plan: tuple[int, int], rows: PlanRows) -> None:
    """Delete the oldest edits of a plan once there are too many."""
    if len(rows.kept) <= MOST_STEPS + SPARE_STEPS and rows.kept_units <= MOST_UNITS:
        return
    while len(rows.kept) > MOST_STEPS or (rows.kept_units > MOST_UNITS and len(rows.kept) > 1):
        rows.kept_units -= rows.kept.popleft()[1]
    repository.forget_edits(session, *plan, before=rows.kept[0][0])


def _make_beats(session: Session, plan: tuple[int, int], rows: PlanRows, names: list[str]) -> None:
    """Store beats that are new, or that are there again and get their officers back."""
    if names:
        rows.beat_keys |= repository.insert_beats(session, *plan, names)
        back = [rows.holders.pop(name) for name in names if name in rows.holders]
        repository.restore_holders(session, *plan, back)


def _beat_rows(editor: PlanEditor, rows: PlanRows, beats: Sequence[BeatStanding]) -> list[BeatRow]:
    shapes = _shapes(editor, rows.to_degrees, beats)
    return [
        BeatRow(
            key=rows.beat_keys[beat.beat_id],
            shape=bytes(shape),
            residents=beat.residents,
            workload=beat.workload,
            polsby_popper=min(1.0, beat.polsby_popper),
            within_bounds=beat.within_bounds,
            reason=_reason(beat),
        )
        for beat, shape in zip(beats, shapes, strict=True)
    ]


def _shapes(editor: PlanEditor, to_degrees: Transformer, beats: Sequence[BeatStanding]) -> NDArray[np.object_]:
    """Return the areas of beats as WKB in WGS 84."""
    problem = editor.problem
    dissolve = shapely.coverage_union_all if problem.contiguity.coverage else shapely.union_all
    areas = np.array([dissolve(problem.polygons[editor.units_of(beat.beat_id)]) for beat in beats], dtype=object)

    def turn(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(to_degrees.transform(points[:, 0], points[:, 1]))

    wkb: NDArray[np.object_] = shapely.to_wkb(
        shapely.orient_polygons(rounded_geometries(shapely.transform(areas, turn)))
    )
    return wkb


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
