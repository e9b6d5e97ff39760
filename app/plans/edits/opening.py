"""Editors of plans: read from the database, or brought up to date with the edits made through other processes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from analysis.beats.conditions import Locks
from analysis.beats.editor import PlanEditor
from analysis.beats.steps import NamedStep, Way
from app.beats import service as beats
from app.beats.workload import MEASURED_BY, tables_behind
from app.database.data_versions import read_version
from app.municipalities.context import MunicipalityContext
from app.plans.edits import repository
from app.plans.edits.editors import Editors, OpenEditor
from app.plans.edits.repository import StoredEdit
from app.plans.edits.saving import PlanRows
from app.plans.measuring import plan_input
from app.plans.service import lock_plan


def locked_plan(session: Session, municipality: MunicipalityContext, editors: Editors, plan_id: int) -> RowMapping:
    """Return a plan that nobody else changes until the transaction ends, with the versions of what it is measured by.

    Raises
    ------
    NotFoundError
        The municipality has no such plan.
    """
    opened = editors.find((municipality.id, plan_id))
    return lock_plan(session, municipality, plan_id, MEASURED_BY if opened is None else tuple(opened.data))


def opened_editor(
    session: Session, municipality: MunicipalityContext, editors: Editors, plan: RowMapping
) -> OpenEditor:
    """Return the editor of a plan as it stands, measured by the units and events that there are now.

    Parameters
    ----------
    session : Session
    municipality : MunicipalityContext
    editors : Editors
        Where editors are kept.
    plan : RowMapping
        The plan as `locked_plan` gives it.
    """
    key, tag = (municipality.id, plan["id"]), plan["edit_tag"]
    opened = editors.find(key)
    if (
        opened is None
        or opened.data != _versions(plan, opened.data)
        or (opened.tag != tag and not _follow(session, key, opened, tag))
    ):
        opened = _read(session, municipality, plan)
        editors.keep(key, opened)
    return opened


def _versions(plan: RowMapping, tables: Iterable[str]) -> dict[str, int | None]:
    """Return the versions of some tables; None for one that never changed."""
    return {table: plan["data_versions"].get(table) for table in tables}


def _follow(session: Session, key: tuple[int, int], opened: OpenEditor, tag: str) -> bool:
    """Do the edits that were made through other processes since; return False where they are not all known."""
    since = _unbroken(repository.read_edits(session, *key, after=opened.tag), tag)
    if not since or since[0].former_tag != opened.tag:
        return False
    opened.tag = None
    for edit in since:
        opened.editor.replay(_step_of(opened.rows, edit))
        opened.rows.note(edit)
    names = {name for edit in since for name in (*edit.beats_before, *edit.beats_after) if name is not None}
    opened.rows.know_beats(names, repository.read_beat_keys(session, *key, sorted(names)))
    opened.tag = tag
    return True


def _read(session: Session, municipality: MunicipalityContext, plan: RowMapping) -> OpenEditor:
    key, tag = (municipality.id, plan["id"]), plan["edit_tag"]
    read_version(session, municipality.id, MEASURED_BY)  # makes one of many changes, which each edit adds up
    parameters = beats.parameters_of(session, municipality, beats.get_plan(session, municipality, plan["id"]))
    found, problem = plan_input(session, municipality, parameters)
    keys = found.units["id"].to_numpy()
    members = {row.unit: row for row in repository.read_memberships(session, *key)}
    stored = repository.read_beat_figures(session, *key)
    names = sorted(stored)
    code = {name: own for own, name in enumerate(names)}
    beat = np.array([code[members[key].code] if key in members else -1 for key in keys.tolist()], np.int64)
    locked = np.array([key in members and members[key].locked for key in keys.tolist()], np.bool_)
    locks = Locks(np.where(locked, beat, -1).astype(np.int64), np.zeros(len(keys), np.bool_), tuple(names))
    editor = PlanEditor(replace(problem, locks=locks), beat, names)
    rows = PlanRows.of(editor, keys, stored)
    edits = _unbroken(repository.read_edits(session, *key), tag)
    rows.remember(edits)
    editor.recall([_step_of(rows, edit) for edit in edits])
    return OpenEditor(tag, editor, rows, _versions(plan, tables_behind(parameters)))


def _unbroken(edits: Sequence[StoredEdit], tag: str) -> list[StoredEdit]:
    """Return the edits, oldest first, that lead one after the other to the plan of this tag."""
    kept: list[StoredEdit] = []
    for edit in reversed(edits):
        if edit.tag != tag:
            break
        kept.append(edit)
        tag = edit.former_tag
    return kept[::-1]


def _step_of(rows: PlanRows, edit: StoredEdit) -> NamedStep:
    """Return what an edit did to the units that there still are."""
    way: Way = edit.operation if edit.operation in ("undo", "redo") else "edit"  # type: ignore[assignment]
    units = rows.places_of(np.array(edit.unit_ids, np.int64))
    there = np.flatnonzero(units >= 0)
    if edit.locked is not None:
        return NamedStep(way, units[there], (), (), edit.locked)
    before, after = ([names[at] for at in there.tolist()] for names in (edit.beats_before, edit.beats_after))
    return NamedStep(way, units[there], before, after)
