"""Drafts as people edit them: every edit is stored in the transaction of its answer."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from analysis.beats.editor import PlanEditor
from analysis.beats.edits import EditAnswer
from analysis.errors import ParameterError
from app.beats import service as beats
from app.errors import ConflictError, PreconditionFailedError
from app.municipalities.context import MunicipalityContext
from app.plans.edits import repository
from app.plans.edits.editors import Editors
from app.plans.edits.opening import locked_plan, opened_editor
from app.plans.edits.saving import Saved, save_answer
from app.plans.schemas import Edit

ANY_TAG = "*"


def edit_plan(
    session: Session,
    municipality: MunicipalityContext,
    editors: Editors,
    plan_id: int,
    edit: Edit,
    expected: str,
    *,
    actor: str,
) -> tuple[EditAnswer, str]:
    """Edit a draft and store what changed; return the answer and the tag of the plan.

    Parameters
    ----------
    session : Session
    municipality : MunicipalityContext
    editors : Editors
    plan_id : int
    edit : Edit
    expected : str
        Tag of the plan as the caller knows it, ``*`` for any.
    actor : str
        Who edits.

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
    plan = locked_plan(session, municipality, editors, plan_id)
    former = plan["edit_tag"]
    if plan["status"] != "draft":
        raise ConflictError(
            f"Plan {plan_id} is {plan['status']}: only a draft can be edited.",
            "Withdraw or reject it first; of a published plan draw or import a new version.",
        )
    if expected not in (ANY_TAG, former):
        raise PreconditionFailedError(
            f"Plan {plan_id} was edited by somebody else since you looked.",
            f"Read GET /municipalities/{municipality.code}/beat-plans/{plan_id}/standing again and repeat the edit.",
        )
    opened = opened_editor(session, municipality, editors, plan)
    opened.tag = None
    try:
        answer = _apply(opened.editor, edit)
    except ParameterError:
        opened.tag = former
        raise
    tag = former
    if opened.editor.last_step is not None or opened.rows.outdated:
        tag = uuid4().hex
        saved = Saved(answer, edit.operation, former, tag, actor)
        save_answer(session, (municipality.id, plan_id), opened.editor, opened.rows, saved)
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
    plan = locked_plan(session, municipality, editors, plan_id)
    return opened_editor(session, municipality, editors, plan).editor, plan["edit_tag"]


def list_edits(session: Session, municipality: MunicipalityContext, plan_id: int) -> Sequence[RowMapping]:
    """Return what was edited about a draft, by whom and when, the newest first; of other plans nothing is kept.

    Raises
    ------
    NotFoundError
        The municipality has no such plan.
    """
    beats.get_plan(session, municipality, plan_id)
    return repository.list_edits(session, municipality.id, plan_id)


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
