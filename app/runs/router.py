"""Runs over HTTP: ask for an analysis, follow it, dismiss it; results are in `app.analyses.router`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from app.database.looks import note_look
from app.dependencies import CallerDep, IdentifierParam, MunicipalityDep, SessionDep, permit
from app.features.parameters import MAX_IDENTIFIER
from app.openapi import LOCATION, problems
from app.runs import service
from app.runs.models import RunKind, RunState
from app.runs.presenting import EVENT_STREAM, run_address, run_detail
from app.runs.schemas import RUN_EXAMPLES, RunDetail, RunList, RunRequest
from app.runs.watching import RunWatch

router = APIRouter(prefix="/municipalities/{municipality}/runs", tags=["runs"])


@router.post(
    "",
    dependencies=[permit("runs", "create")],
    status_code=201,
    responses={201: {"headers": LOCATION}, **problems(400, 404, 409, 413, 415, 422, 429)},
)
def submit_run(
    session: SessionDep,
    municipality: MunicipalityDep,
    response: Response,
    caller: CallerDep,
    body: Annotated[RunRequest, Body(openapi_examples=RUN_EXAMPLES)],
) -> RunDetail:
    """Ask for an analysis; the answer comes at once, the work is done by a worker.

    Follow the run at the address in `Location` until its state is `succeeded`, `failed` or `dismissed`.
    """
    run = service.submit_run(
        session, municipality, body.kind, body.parameters, body.seed, requested_by=caller.account_id
    )
    note_look(session, "runs", 1, run.id, run.id)
    response.headers["Location"] = run_address(municipality, run.id)
    return run_detail(municipality, run)


@router.get("", dependencies=[permit("runs", "read")], responses=problems(400, 404))
def list_runs(
    session: SessionDep,
    municipality: MunicipalityDep,
    kind: Annotated[RunKind | None, Query(description="Only runs of this kind.")] = None,
    state: Annotated[RunState | None, Query(description="Only runs in this state.")] = None,
    before: Annotated[
        int | None, Query(ge=1, le=MAX_IDENTIFIER, description="Only runs older than this one, for the next page.")
    ] = None,
    most: Annotated[int, Query(ge=1, le=500, description="The most runs of a page.")] = 50,
) -> RunList:
    """List runs, newest first."""
    runs = service.list_runs(session, municipality, kind=kind, state=state, before=before, limit=most + 1)
    page = runs[:most]
    return RunList(
        runs=[run_detail(municipality, run) for run in page],
        next_before=page[-1].id if len(runs) > most else None,
    )


@router.get("/{id}", dependencies=[permit("runs", "read")], responses=problems(400, 404))
def get_run(session: SessionDep, municipality: MunicipalityDep, id: IdentifierParam) -> RunDetail:  # noqa: A002
    """Return a run: its state, how far it is, and how it ended."""
    return run_detail(municipality, service.get_run(session, municipality, id))


@router.delete("/{id}", dependencies=[permit("runs", "dismiss")], responses=problems(400, 404, 409))
def dismiss_run(session: SessionDep, municipality: MunicipalityDep, id: IdentifierParam) -> RunDetail:  # noqa: A002
    """Dismiss a run that waits or runs; it stores nothing any more."""
    return run_detail(municipality, service.dismiss_run(session, municipality, id))


@router.post(
    "/{id}/repeat",
    dependencies=[permit("runs", "create")],
    status_code=201,
    responses={201: {"headers": LOCATION}, **problems(400, 404, 409, 422, 429)},
)
def repeat_run(
    session: SessionDep,
    municipality: MunicipalityDep,
    response: Response,
    caller: CallerDep,
    id: IdentifierParam,  # noqa: A002
) -> RunDetail:
    """Ask the question of a run again: the same kind, parameters and seed, of the data as it is now.

    Where `input_fingerprint` and `software_version` of both are equal, the result is too.
    """
    run = service.repeat_run(session, municipality, id, requested_by=caller.account_id)
    note_look(session, "runs", 1, run.id, run.id)
    response.headers["Location"] = run_address(municipality, run.id)
    return run_detail(municipality, run)


def get_run_watch(request: Request) -> RunWatch:
    """Return the readers of runs of the application."""
    watch: RunWatch = request.app.state.run_watch
    return watch


@router.get(
    "/{id}/events",
    dependencies=[permit("runs", "read")],
    response_class=Response,
    responses={
        200: {"content": {EVENT_STREAM: {}}, "description": "One event for each change."},
        204: {"description": "The run has ended, and the reader knows how: there is nothing to follow."},
        **problems(400, 404, 429),
    },
)
def follow_run(
    session: SessionDep,
    municipality: MunicipalityDep,
    watch: Annotated[RunWatch, Depends(get_run_watch)],
    id: IdentifierParam,  # noqa: A002
    last_event_id: Annotated[
        str | None, Header(alias="Last-Event-ID", max_length=64, description="Event that the reader knows already.")
    ] = None,
) -> Response:
    """Follow a run: server-sent events, each with the run as `GET .../runs/{id}` shows it, until it has ended."""
    run = service.get_run(session, municipality, id)
    note_look(session, "runs", 1, run.id, run.id)
    if run.finished_at is not None and last_event_id == watch.event(municipality, run).id:
        return Response(status_code=204)
    watch.require_room()
    stream = watch.follow(municipality, id, last_event_id)
    return StreamingResponse(stream, media_type=EVENT_STREAM, headers={"X-Accel-Buffering": "no"})
