"""The life of beat plans over HTTP: steps, edits, checks, comparison, import and export."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import ValidationError

from app.beats.schemas import AllocationParameters, BeatPlanDetail
from app.database.looks import note_look
from app.deferred import Deferred
from app.dependencies import AccessDep, IdentifierParam, MunicipalityDep, SessionDep, SettingsDep, permit
from app.errors import InvalidInputError
from app.features.parameters import MAX_IDENTIFIER
from app.imports.router import take_upload
from app.imports.uploads import Upload
from app.openapi import problems
from app.plans import exporting, service
from app.plans.edits.editors import Editors
from app.plans.exporting import MEDIA_TYPES, ExportFormat
from app.plans.lifecycle import TRANSITIONS, Transition
from app.plans.schemas import (
    BeatAnswer,
    CheckList,
    CheckOut,
    Comparison,
    Edit,
    EditList,
    EditOut,
    EditTold,
    History,
    ImportAnswer,
    ImportOptions,
    PlanChangeOut,
    Publication,
    RowErrorOut,
    Standing,
    StatusChange,
)
from app.plans.service import Decision
from app.plans.tables import records

if TYPE_CHECKING:
    from analysis.beats.integrity import Check
    from app.plans import importing, measuring
    from app.plans.edits import service as editing
else:
    importing, measuring = Deferred("app.plans.importing"), Deferred("app.plans.measuring")
    editing = Deferred("app.plans.edits.service")

MOST_TOLD = 1000
TAG = {
    "ETag": {"description": "Tag of the plan; send it as `If-Match` with the next edit.", "schema": {"type": "string"}}
}

router = APIRouter(prefix="/municipalities/{municipality}/beat-plans", tags=["beat plans"])


def get_editors(request: Request) -> Editors:
    """Return the editors of the plans that were edited last."""
    editors: Editors = request.app.state.editors
    return editors


EditorsDep = Annotated[Editors, Depends(get_editors)]
IfMatch = Annotated[
    str,
    Header(
        alias="If-Match",
        max_length=200,
        description="Tag of the plan as you know it, from the header `ETag` of its standing or of your last edit.",
    ),
]


def _endpoint_of(step: Transition) -> Callable[..., BeatPlanDetail]:
    body_type = Publication if step.target == "published" else StatusChange

    def take_step(
        session: SessionDep,
        municipality: MunicipalityDep,
        access: AccessDep,
        id: IdentifierParam,  # noqa: A002
        body: StatusChange,
    ) -> BeatPlanDetail:
        decision = Decision(actor=access.caller.name, **body.model_dump())
        plan = service.change_status(session, municipality, id, step.name, decision)
        note_look(session, "beat-plans", 1, id, id)
        return BeatPlanDetail.model_validate(plan)

    take_step.__annotations__["body"] = body_type
    take_step.__doc__ = step.description
    take_step.__name__ = f"{step.name}_plan"
    return take_step


for _step in TRANSITIONS.values():
    router.add_api_route(
        f"/{{id}}/{_step.name}",
        _endpoint_of(_step),
        methods=["POST"],
        dependencies=[permit("beat-plans", _step.right)],
        responses=problems(400, 404, 409, 415, 422),
    )


@router.get("/{id}/history", dependencies=[permit("beat-plans", "read")], responses=problems(400, 404))
def get_history(session: SessionDep, municipality: MunicipalityDep, id: IdentifierParam) -> History:  # noqa: A002
    """Return the steps in the life of a plan: who took them, when and why."""
    changes = service.history(session, municipality, id)
    return History(changes=[PlanChangeOut.model_validate(change) for change in changes])


@router.get("/{id}/checks", dependencies=[permit("beat-plans", "read")], responses=problems(400, 404, 422))
def get_checks(session: SessionDep, municipality: MunicipalityDep, id: IdentifierParam) -> CheckList:  # noqa: A002
    """Make the six integrity checks that a plan must pass before it is published."""
    checks = measuring.check_plan(session, municipality, id)
    return CheckList(passed=all(check.passed for check in checks), checks=_told(checks))


@router.get("/{id}/comparison", dependencies=[permit("beat-plans", "read")], responses=problems(400, 404, 422))
def get_comparison(
    session: SessionDep,
    municipality: MunicipalityDep,
    id: IdentifierParam,  # noqa: A002
    before: Annotated[int, Query(ge=1, le=MAX_IDENTIFIER, description="The earlier plan.")],
) -> Comparison:
    """Compare a plan with an earlier one: who moves, which officers change, how the work shifts.

    Beats are paired by the residents they share, so that new names alone move nobody.
    """
    found = measuring.compare(session, municipality, before, id)
    note_look(session, "beat-plans", 2, min(before, id), max(before, id))
    return Comparison(
        before=before,
        after=id,
        moved_units=found.moved_units,
        moved_residents=found.moved_residents,
        kept_officer_residents=found.kept_officer_residents,
        changed_officers=int((found.officers["changes"] & found.officers["beat_before"].notna()).sum()),
        workload_cv_before=found.workload_cv_before,
        workload_cv_after=found.workload_cv_after,
        ended=list(found.ended),
        beats=records(found.beats),
        officers=records(found.officers),
        moved_unit_ids=[str(unit) for unit in found.moved_unit_ids],
    )


@router.get(
    "/{id}/standing",
    dependencies=[permit("beat-plans", "read")],
    responses={200: {"headers": TAG}, **problems(400, 404, 422)},
)
def get_standing(
    session: SessionDep,
    municipality: MunicipalityDep,
    editors: EditorsDep,
    response: Response,
    id: IdentifierParam,  # noqa: A002
) -> Standing:
    """Return every beat of a plan with its figures and reasons, and the tag that the next edit has to send."""
    editor, tag = editing.standing(session, municipality, editors, id)
    response.headers["ETag"] = f'"{tag}"'
    return Standing(
        beats=[BeatAnswer.model_validate(asdict(beat)) for beat in editor.beats()],
        figures=asdict(editor.figures()),
        reasons=[reason.to_dict() for reason in editor.reasons()],
        locked_units=[str(unit) for unit in editor.locked_units],
    )


@router.get("/{id}/edits", dependencies=[permit("beat-plans", "read")], responses=problems(400, 404))
def list_edits(session: SessionDep, municipality: MunicipalityDep, id: IdentifierParam) -> EditList:  # noqa: A002
    """List the edits of a draft that are kept, the newest first: what was done to how many units, by whom and when."""
    edits = editing.list_edits(session, municipality, id)
    note_look(session, "beat-plans", 1, id, id)
    return EditList(edits=[EditTold.model_validate(edit) for edit in edits])


@router.post(
    "/{id}/edits",
    dependencies=[permit("beat-plans", "edit")],
    responses={200: {"headers": TAG}, **problems(400, 404, 409, 412, 413, 415, 422)},
)
def edit_plan(
    session: SessionDep,
    municipality: MunicipalityDep,
    editors: EditorsDep,
    access: AccessDep,
    response: Response,
    id: IdentifierParam,  # noqa: A002
    if_match: IfMatch,
    body: Edit,
) -> EditOut:
    """Edit a draft: move or lock units, lock a beat, put a beat in order, undo or redo.

    The answer has the figures and reasons of every beat that was touched. Where somebody else edited the plan since you
    looked, nothing is changed and the answer is 412.
    """
    known = if_match.strip().strip('"')
    answer, tag = editing.edit_plan(session, municipality, editors, id, body, known, actor=access.caller.name)
    note_look(session, "beat-plans", 1, id, id)
    response.headers["ETag"] = f'"{tag}"'
    told = answer.to_dict()
    told["changes"] = {str(unit): beat for unit, beat in answer.changes.items()}
    return EditOut.model_validate(told)


def _form_schema() -> dict[str, Any]:
    schema = ImportOptions.model_json_schema()
    file = {"type": "string", "format": "binary", "description": "CSV, GeoJSON or GeoPackage."}
    schema["properties"] = {"file": file, **schema["properties"]}
    schema["required"] = ["file", *schema["required"]]
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


@router.post(
    "/imports",
    dependencies=[permit("beat-plans", "create")],
    responses=problems(400, 404, 413, 415, 422),
    openapi_extra=_form_schema(),
)
def import_plan(
    upload: Annotated[Upload, Depends(take_upload)], session: SessionDep, municipality: MunicipalityDep
) -> ImportAnswer:
    """Take in a plan as a table or a layer: a new draft if every row is good, else every bad row is named.

    The table (CSV) has `unit_id` and `beat_id`. A layer (GeoJSON, GeoPackage) has `beat_id` and holds areas of beats;
    each unit goes to the beat that holds its inner point. A layer that has `unit_id` too is read as a table. With
    `dry_run` nothing is stored and the answer shows what would be.
    """
    try:
        options, file = _form_of(upload)
        parameters = AllocationParameters(
            workload="residents", officers=False, plan_name=options.name,
            **options.model_dump(exclude={"name", "dry_run"}),
        )  # fmt: skip
        found = importing.import_plan(session, municipality, file, parameters, dry_run=options.dry_run)
    finally:
        upload.discard()
    if found.plan_id is not None:
        note_look(session, "beat-plans", 1, found.plan_id, found.plan_id)
    preview = found.preview
    return ImportAnswer(
        stored=found.plan_id is not None,
        beat_plan_id=found.plan_id,
        beats=len(preview.beat_ids),
        units=int((preview.beat_of_unit >= 0).sum()),
        errors=[RowErrorOut.model_validate(error.to_dict()) for error in preview.errors[:MOST_TOLD]],
        error_count=len(preview.errors),
        missing_units=[str(unit) for unit in preview.missing[:MOST_TOLD]],
        missing_count=len(preview.missing),
        checks=_told(preview.checks),
    )


@router.get(
    "/{id}/export",
    dependencies=[permit("beat-plans", "read")],
    response_class=Response,
    responses={
        200: {"content": {name.partition(";")[0]: {"schema": {"type": "string"}} for name in MEDIA_TYPES.values()}},
        **problems(400, 404),
    },
)
def export_plan(
    session: SessionDep,
    municipality: MunicipalityDep,
    id: IdentifierParam,  # noqa: A002
    format: Annotated[ExportFormat, Query(description="Units and beats as CSV, or beats as a layer.")] = "csv",  # noqa: A002
) -> Response:
    """Return a plan as a file: the table `unit_id,beat_id`, or its beats as GeoJSON or GeoPackage."""
    content = exporting.export_plan(session, municipality, id, format)
    note_look(session, "beat-plans", 1, id, id)
    return _file(content, MEDIA_TYPES[format], f"beat-plan-{id}.{format}")


@router.get(
    "/{id}/sheets",
    dependencies=[permit("beat-plans", "read")],
    response_class=Response,
    responses={
        200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}},
        **problems(400, 404, 413, 422),
    },
)
def get_sheets(
    session: SessionDep,
    municipality: MunicipalityDep,
    settings: SettingsDep,
    id: IdentifierParam,  # noqa: A002
    beats: Annotated[
        str | None, Query(max_length=4000, description="Beats to print, separated by commas; all by default.")
    ] = None,
) -> Response:
    """Print a page for each beat: map, streets, residents, workload, and how to reach the officer where published."""
    only = None if beats is None else [name.strip() for name in beats.split(",") if name.strip()]
    document = exporting.plan_sheets(session, municipality, id, only, settings.maps.handling_mark)
    note_look(session, "beat-plans", 1, id, id)
    return _file(document, "application/pdf", f"beat-sheets-{id}.pdf")


def _form_of(upload: Upload) -> tuple[ImportOptions, Path]:
    if upload.path is None:
        raise InvalidInputError("The form has no file.", "Send it as the part `file`.")
    try:
        options = ImportOptions.model_validate(upload.fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InvalidInputError(f"Form field {place!r}: {first['msg']}.", "See /docs.") from error
    return options, upload.path


def _told(checks: tuple[Check, ...]) -> list[CheckOut]:
    return [
        CheckOut(
            code=check.code,
            passed=check.passed,
            message=check.message,
            unit_ids=[str(unit) for unit in check.unit_ids[:MOST_TOLD]],
            beat_ids=list(check.beat_ids[:MOST_TOLD]),
        )
        for check in checks
    ]


def _file(content: bytes, media_type: str, name: str) -> Response:
    return Response(content, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})
