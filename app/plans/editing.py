"""Drafts as people edit them: an editor in memory for each, and every edit stored in the transaction of its answer."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import uuid4

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from sqlalchemy.orm import Session

from analysis.beats.conditions import Locks
from analysis.beats.editor import PlanEditor
from analysis.beats.edits import EditAnswer
from analysis.beats.standing import BeatStanding
from app.beats import service as beats
from app.database.base import WGS84
from app.errors import ConflictError, PreconditionFailedError
from app.files.writing import rounded_geometries
from app.municipalities.context import MunicipalityContext
from app.plans import repository
from app.plans.measuring import plan_input
from app.plans.repository import EditedRows
from app.plans.schemas import Edit
from app.plans.service import lock_plan

MOST_EDITORS = 8
ANY_TAG = "*"


@dataclass
class OpenEditor:
    """A plan in memory.

    Attributes
    ----------
    tag : str
        Tag of the plan in the database that the editor stands for; empty while it is ahead of it.
    editor : PlanEditor
    key_of_unit : dict of str to int
        Key of each areal unit by its name.
    """

    tag: str
    editor: PlanEditor
    key_of_unit: dict[str, int]


class Editors:
    """The editors of the plans that were edited last.

    An editor counts as long as its tag is that of the plan in the database: one whose transaction failed, or whose plan
    was edited through another process, is read anew. Who holds the row lock of a plan is alone with its editor.

    Parameters
    ----------
    most : int
        Editors that are kept.
    """

    def __init__(self, most: int = MOST_EDITORS) -> None:
        self._most = most
        self._open: OrderedDict[tuple[int, int], OpenEditor] = OrderedDict()
        self._guard = threading.Lock()

    def find(self, key: tuple[int, int], tag: str) -> OpenEditor | None:
        """Return the editor of a plan if it stands for this tag."""
        with self._guard:
            opened = self._open.get(key)
            if opened is None or opened.tag != tag:
                return None
            self._open.move_to_end(key)
            return opened

    def keep(self, key: tuple[int, int], opened: OpenEditor) -> None:
        """Keep an editor; the one that was not used for the longest time goes."""
        with self._guard:
            self._open[key] = opened
            self._open.move_to_end(key)
            while len(self._open) > self._most:
                self._open.popitem(last=False)


def edit_plan(
    session: Session, municipality: MunicipalityContext, editors: Editors, plan_id: int, edit: Edit, expected: str
) -> tuple[EditAnswer, str]:
    """Edit a draft and store what changed; return the answer and the new tag.

    Parameters
    ----------
    session : Session
    municipality : MunicipalityContext
    editors : Editors
    plan_id : int
    edit : Edit
    expected : str
        Tag of the plan as the caller knows it, ``*`` for any.

    Raises
    ------
    NotFoundError
        The municipality has no such plan.
    ConflictError
        The plan is no draft.
    PreconditionFailedError
        Somebody else edited it meanwhile.
    ParameterError
        Naming a unit or beat that does not exist; nothing is changed.
    """
    plan = lock_plan(session, municipality, plan_id)
    if plan["status"] != "draft":
        raise ConflictError(
            f"Plan {plan_id} is {plan['status']}: only a draft can be edited.",
            "Withdraw or reject it first; of a published plan draw or import a new version.",
        )
    if expected not in (ANY_TAG, plan["edit_tag"]):
        raise PreconditionFailedError(
            f"Plan {plan_id} was edited by somebody else since you looked.",
            f"Read GET /municipalities/{municipality.code}/beat-plans/{plan_id}/standing again and repeat the edit.",
        )
    opened = _opened(session, municipality, editors, plan_id, plan["edit_tag"])
    tag = uuid4().hex
    locked = set(opened.editor.locked_units)
    answer = _apply(opened.editor, edit)
    opened.tag = ""
    repository.save_edit(session, municipality.id, plan_id, _rows(opened, answer, locked, tag))
    opened.tag = tag
    return answer, tag


def standing(
    session: Session, municipality: MunicipalityContext, editors: Editors, plan_id: int
) -> tuple[PlanEditor, str]:
    """Return a plan as an editor sees it, and its tag; the editor is only to be looked at.

    Raises
    ------
    NotFoundError
        The municipality has no such plan.
    """
    plan = lock_plan(session, municipality, plan_id)
    return _opened(session, municipality, editors, plan_id, plan["edit_tag"]).editor, plan["edit_tag"]


def _opened(
    session: Session, municipality: MunicipalityContext, editors: Editors, plan_id: int, tag: str
) -> OpenEditor:
    key = (municipality.id, plan_id)
    opened = editors.find(key, tag)
    if opened is None:
        opened = _read(session, municipality, plan_id, tag)
        editors.keep(key, opened)
    return opened


def _read(session: Session, municipality: MunicipalityContext, plan_id: int, tag: str) -> OpenEditor:
    plan = beats.get_plan(session, municipality, plan_id)
    found, problem = plan_input(session, municipality, beats.parameters_of(session, municipality, plan))
    keys = found.units["id"].tolist()
    rows = {row.unit: row for row in repository.read_memberships(session, municipality.id, plan_id)}
    names = sorted({row.code for row in rows.values()})
    code = {name: own for own, name in enumerate(names)}
    beat = np.array([code[rows[key].code] if key in rows else -1 for key in keys], np.int64)
    locked = np.array([key in rows and rows[key].locked for key in keys], np.bool_)
    locks = Locks(np.where(locked, beat, -1).astype(np.int64), np.zeros(len(keys), np.bool_), tuple(names))
    editor = PlanEditor(replace(problem, locks=locks), beat, names)
    return OpenEditor(tag, editor, {str(unit): key for unit, key in zip(found.units["unit_id"], keys, strict=True)})


def _apply(editor: PlanEditor, edit: Edit) -> EditAnswer:
    beat = edit.beat_id or ""
    match edit.operation:
        case "move":
            return editor.move(edit.unit_ids, beat)
        case "lock" | "unlock":
            return editor.lock(edit.unit_ids, locked=edit.operation == "lock")
        case "lock-beat" | "unlock-beat":
            return editor.lock_beat(beat, locked=edit.operation == "lock-beat")
        case "fix":
            return editor.fix(beat, seed=edit.seed)
        case "undo":
            return editor.undo()
        case "redo":
            return editor.redo()


def _rows(opened: OpenEditor, answer: EditAnswer, locked_before: set[Any], tag: str) -> EditedRows:
    keys, editor = opened.key_of_unit, opened.editor
    present = [beat for beat in answer.beats if beat.units]
    placed = {keys[str(unit)]: beat for unit, beat in answer.changes.items() if beat is not None}
    locked = set(editor.locked_units)
    return EditedRows(
        tag=tag,
        figures=asdict(answer.figures),
        beats=[
            _beat_row(beat, shape) for beat, shape in zip(present, _shapes(editor, present), strict=True)
        ] if answer.changes else [],
        gone=[beat.beat_id for beat in answer.beats if not beat.units],
        placed=placed,
        removed=[keys[str(unit)] for unit, beat in answer.changes.items() if beat is None],
        locked=[keys[str(unit)] for unit in locked - locked_before],
        unlocked=[keys[str(unit)] for unit in locked_before - locked],
    )  # fmt: skip


def _beat_row(beat: BeatStanding, shape: bytes) -> dict[str, Any]:
    return {
        "code": beat.beat_id,
        "shape": shape,
        "residents": beat.residents,
        "workload": beat.workload,
        "polsby_popper": min(1.0, beat.polsby_popper),
        "within_bounds": beat.within_bounds,
        "reason": beat.reasons[0].code if beat.reasons else None,
    }


def _shapes(editor: PlanEditor, chosen: Sequence[BeatStanding]) -> list[bytes]:
    """Return the areas of beats as WKB in WGS 84."""
    problem, beat_of_unit = editor.problem, editor.beat_of_unit
    place = {name: own for own, name in enumerate(editor.beat_ids)}
    dissolve = shapely.coverage_union_all if problem.contiguity.coverage else shapely.union_all
    areas = [dissolve(problem.polygons[beat_of_unit == place[beat.beat_id]]) for beat in chosen]
    to_degrees = Transformer.from_crs(problem.crs, WGS84, always_xy=True)

    def turn(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(to_degrees.transform(points[:, 0], points[:, 1]))

    degrees = shapely.transform(np.array(areas, dtype=object), turn)
    return [bytes(shapely.to_wkb(shape)) for shape in shapely.orient_polygons(rounded_geometries(degrees))]
