"""Drafts as people edit them: every edit is stored in the transaction of its answer."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import numpy as np
from sqlalchemy.orm import Session

from analysis.beats.conditions import Locks
from analysis.beats.editor import PlanEditor
from analysis.beats.edits import EditAnswer
from analysis.errors import ParameterError
from app.beats import service as beats
from app.errors import ConflictError, PreconditionFailedError
from app.municipalities.context import MunicipalityContext
from app.plans.edits import repository
from app.plans.edits.editors import Editors, OpenEditor
from app.plans.edits.saving import PlanRows, Saved, save_answer
from app.plans.measuring import plan_input
from app.plans.schemas import Edit
from app.plans.service import lock_plan

ANY_TAG = "*"


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
    locked = opened.editor.locked
    opened.tag = None
    try:
        answer = _apply(opened.editor, edit)
    except ParameterError:
        opened.tag = plan["edit_tag"]
        raise
    save_answer(session, (municipality.id, plan_id), opened.editor, opened.rows, Saved(answer, locked, tag))
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
    keys = found.units["id"].to_numpy()
    members = {row.unit: row for row in repository.read_memberships(session, municipality.id, plan_id)}
    stored = repository.read_beat_figures(session, municipality.id, plan_id)
    names = sorted(stored)
    code = {name: own for own, name in enumerate(names)}
    beat = np.array([code[members[key].code] if key in members else -1 for key in keys.tolist()], np.int64)
    locked = np.array([key in members and members[key].locked for key in keys.tolist()], np.bool_)
    locks = Locks(np.where(locked, beat, -1).astype(np.int64), np.zeros(len(keys), np.bool_), tuple(names))
    editor = PlanEditor(replace(problem, locks=locks), beat, names)
    return OpenEditor(tag, editor, PlanRows.of(editor, keys, stored))


def _apply(editor: PlanEditor, edit: Edit) -> EditAnswer:
    """Edit the plan in memory; what names nothing is refused before anything is changed."""
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
