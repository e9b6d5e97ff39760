"""Runs over HTTP: ask for an analysis, follow it, read its result, dismiss it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Query, Request, Response

from app.beats import service as beats
from app.database.feature_pages import note_look
from app.dependencies import IdentifierParam, MunicipalityDep, SessionDep, permit
from app.errors import NotFoundError
from app.features.parameters import MAX_IDENTIFIER, BboxParam, parse_bbox
from app.features.responses import GEOJSON, feature_page_response, page_schema_name
from app.hot_spots import service as hot_spots
from app.openapi import LOCATION, problems
from app.runs import service
from app.runs.presenting import run_address, run_detail
from app.runs.schemas import RUN_EXAMPLES, RunDetail, RunKind, RunList, RunRequest, RunState

router = APIRouter(prefix="/municipalities/{municipality}/runs", tags=["runs"])

_RESULT = {
    "description": "The cells of a density or hot-spot run, or the beats of an allocation.",
    "content": {
        GEOJSON: {
            "schema": {
                "anyOf": [
                    {"$ref": f"#/components/schemas/{page_schema_name(collection)}"}
                    for collection in (*hot_spots.COLLECTIONS, beats.COLLECTION)
                ]
            }
        }
    },
}


@router.post(
    "",
    dependencies=[permit("runs", "create")],
    status_code=201,
    responses={201: {"headers": LOCATION}, **problems(400, 404, 409, 413, 415, 422)},
)
def submit_run(
    session: SessionDep,
    municipality: MunicipalityDep,
    response: Response,
    body: Annotated[RunRequest, Body(openapi_examples=RUN_EXAMPLES)],
) -> RunDetail:
    """Ask for an analysis; the answer comes at once, the work is done by a worker.

    Follow the run at the address in `Location` until its state is `succeeded`, `failed` or `dismissed`.
    """
    run = service.submit_run(session, municipality, body.kind, body.parameters, body.seed)
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


@router.get(
    "/{id}/result",
    dependencies=[permit("results", "read")],
    response_class=Response,
    responses={200: _RESULT, **problems(400, 404, 409)},
)
def get_result(
    request: Request,
    session: SessionDep,
    municipality: MunicipalityDep,
    id: IdentifierParam,  # noqa: A002
    bbox: BboxParam = None,
) -> Response:
    """Return the whole result of a run as GeoJSON: grid cells, or beats."""
    run = service.get_finished_run(session, municipality, id)
    query = hot_spots.whole_result(None if bbox is None else parse_bbox(bbox))
    if run.kind == "beat-allocation":
        page = beats.beat_features(session, municipality, beats.plan_of_run(session, municipality, run.id), query)
    elif run.kind in hot_spots.LAYER_OF_KIND:
        page = hot_spots.result_features(session, municipality, run.kind, run.id, query)
    else:
        raise NotFoundError(f"Run {id} has no layer: it was an {run.kind}.", "Its summary says what it did.")
    return feature_page_response(request, page)
