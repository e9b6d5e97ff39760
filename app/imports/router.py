"""Imports over HTTP."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request, Response

from app.database.looks import note_look
from app.database.sessions import Database
from app.dependencies import CallerDep, DatabaseDep, IdentifierParam, MunicipalityDep, SessionDep, SettingsDep, permit
from app.features.parameters import MAX_IDENTIFIER
from app.imports import service
from app.imports.schemas import BatchList, BatchOut, ImportRequest, QuarantinedRowOut, QuarantinePage
from app.imports.uploads import Upload, receive_upload
from app.ingest.kind_names import ImportKind
from app.municipalities import service as municipalities
from app.openapi import LOCATION, problems
from app.runs.presenting import run_address, run_detail
from app.runs.schemas import RunDetail

router = APIRouter(prefix="/municipalities/{municipality}/imports", tags=["imports"])


def _form_schema() -> dict[str, Any]:
    schema = ImportRequest.model_json_schema()
    file = {"type": "string", "format": "binary", "description": "The file; its name tells the format."}
    schema["properties"] = {"file": file, **schema["properties"]}
    schema["required"] = ["file", *schema["required"]]
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


async def take_upload(request: Request, database: DatabaseDep, settings: SettingsDep, municipality: str) -> Upload:
    """Write the body to disk as it arrives; no connection to the database is held meanwhile."""
    code = await to_thread.run_sync(_known_code, database, municipality)
    return await receive_upload(request, settings.database.uploads / code)


def _known_code(database: Database, code: str) -> str:
    with database.transaction() as session:
        return municipalities.find_municipality(session, code).code


@router.post(
    "",
    dependencies=[permit("imports", "create")],
    status_code=201,
    responses={201: {"headers": LOCATION}, **problems(400, 404, 409, 413, 415, 422, 429, 507)},
    openapi_extra=_form_schema(),
)
async def import_file(
    upload: Annotated[Upload, Depends(take_upload)],
    session: SessionDep,
    municipality: MunicipalityDep,
    response: Response,
    caller: CallerDep,
) -> RunDetail:
    """Hand in a file; a worker takes it in as a whole or not at all.

    Follow the run at the address in `Location`: its summary tells the counts and the identifier of the import.
    Rows that cannot be taken in are kept with their reasons under `imports/{id}/quarantine`.
    """
    try:
        run = await to_thread.run_sync(service.submit_import, session, municipality, upload, caller.account_id)
    except BaseException:
        await to_thread.run_sync(upload.discard)
        raise
    note_look(session, "runs", 1, run.id, run.id)
    response.headers["Location"] = run_address(municipality, run.id)
    return run_detail(municipality, run)


@router.get("", dependencies=[permit("imports", "read")], responses=problems(400, 404))
def list_imports(
    session: SessionDep,
    municipality: MunicipalityDep,
    kind: ImportKind | None = None,
    before: Annotated[
        int | None, Query(ge=1, le=MAX_IDENTIFIER, description="Only imports older than this one, for the next page.")
    ] = None,
    most: Annotated[int, Query(ge=1, le=500, description="The most imports of a page.")] = 50,
) -> BatchList:
    """List imports, newest first."""
    found = service.list_batches(session, municipality, kind=kind, before=before, limit=most + 1)
    page = found[:most]
    return BatchList(
        imports=[BatchOut.model_validate(batch) for batch in page],
        next_before=page[-1].id if len(found) > most else None,
    )


@router.get("/{id}", dependencies=[permit("imports", "read")], responses=problems(400, 404))
def get_import(session: SessionDep, municipality: MunicipalityDep, id: IdentifierParam) -> BatchOut:  # noqa: A002
    """Return one import with its counts and warnings."""
    return BatchOut.model_validate(service.get_batch(session, municipality, id))


@router.get(
    "/{id}/quarantine",
    dependencies=[permit("quarantine", "read")],
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}, **problems(400, 404)},
    response_model=QuarantinePage,
)
def get_quarantine(
    session: SessionDep,
    municipality: MunicipalityDep,
    id: IdentifierParam,  # noqa: A002
    format: Annotated[Literal["json", "csv"], Query(description="Form of the answer.")] = "json",  # noqa: A002
    after_line: Annotated[int, Query(ge=0, le=MAX_IDENTIFIER, description="Only rows after this line.")] = 0,
    most: Annotated[int, Query(ge=1, le=10_000, description="The most rows of a page.")] = 1000,
) -> QuarantinePage | Response:
    """Return the rows of an import that were not taken in, with their raw values and every reason.

    As CSV, cells that a spreadsheet would take for a formula begin with an apostrophe.
    """
    found = service.quarantined_rows(session, municipality, id, after_line=after_line, limit=most + 1)
    page = found[:most]
    if page:
        note_look(session, "quarantine", len(page), page[0].line, page[-1].line)
    if format == "csv":
        name = f'attachment; filename="quarantine-{id}.csv"'
        return Response(
            service.quarantine_csv(page), media_type="text/csv; charset=utf-8", headers={"Content-Disposition": name}
        )
    return QuarantinePage(
        rows=[QuarantinedRowOut.model_validate(row) for row in page],
        next_after_line=page[-1].line if len(found) > most else None,
    )
