"""Results of runs over HTTP: layers a page at a time, places, tables, raster, the latest of a kind."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from app.analyses import service
from app.analyses.repository import records
from app.beats import service as beats
from app.beats.schemas import PLAN_KINDS
from app.database.feature_collections import MAX_PAGE, FeatureQuery
from app.database.feature_pages import FeaturePage
from app.database.looks import note_look
from app.dependencies import IdentifierParam, MunicipalityDep, SessionDep, permit
from app.features.parameters import AfterParam, BboxParam, parse_bbox, parse_page_token
from app.features.responses import GEOJSON, feature_page_response, page_schema_name
from app.hot_spots.service import COLLECTIONS, whole_result
from app.municipalities.context import MunicipalityContext
from app.openapi import problems
from app.runs import service as runs
from app.runs.service import AnalysisRun, RunKind

router = APIRouter(prefix="/municipalities/{municipality}", tags=["runs"])

RUN_HEADER = "Kvart-Run"
_FEATURES: dict[str, Any] = {
    "type": "object",
    "required": ["type", "features", "numberReturned", "links"],
    "description": "Features of a layer; the summary of the run names its columns.",
    "properties": {
        "type": {"const": "FeatureCollection"},
        "features": {
            "type": "array",
            "items": {"type": "object", "required": ["type", "id", "geometry", "properties"]},
        },
        "numberReturned": {"type": "integer", "minimum": 0},
        "links": {"type": "array", "items": {"$ref": "#/components/schemas/Link"}},
    },
}
_CELLS = [
    {"$ref": f"#/components/schemas/{page_schema_name(collection)}"} for collection in (*COLLECTIONS, beats.COLLECTION)
]
_RESULT = {
    "description": "Cells, units, streets or beats, as the kind of the run has them.",
    "content": {GEOJSON: {"schema": {"anyOf": [*_CELLS, _FEATURES]}}},
}
_PLACES = {"description": "Features of a layer.", "content": {GEOJSON: {"schema": _FEATURES}}}
_RASTER = {"description": "Cloud-optimised GeoTIFF.", "content": {"image/tiff": {}}}

LayerParam = Annotated[
    str | None, Query(max_length=40, description="Name of the layer; the main one when absent.", examples=["contours"])
]
PageParam = Annotated[
    int | None, Query(ge=1, le=MAX_PAGE, description="The most features of a page; the whole layer when absent.")
]


class ResultTableOut(BaseModel):
    """A table of a result."""

    name: str
    columns: list[str] = Field(description="In the order of the values of a row.")
    rows: list[list[Any]]


@router.get(
    "/runs/{id}/result",
    dependencies=[permit("results", "read")],
    response_class=Response,
    responses={200: _RESULT, **problems(400, 404, 409)},
)
def get_result(
    request: Request,
    session: SessionDep,
    municipality: MunicipalityDep,
    id: IdentifierParam,  # noqa: A002
    layer: LayerParam = None,
    limit: PageParam = None,
    after: AfterParam = None,
    bbox: BboxParam = None,
) -> Response:
    """Return a layer of the result of a run as GeoJSON, whole or, with `limit`, a page at a time."""
    run = runs.get_finished_run(session, municipality, id)
    page = _page(session, municipality, run, layer, _query(limit, after, bbox))
    return feature_page_response(request, page)


@router.get(
    "/runs/{id}/places",
    dependencies=[permit("exact-results", "read")],
    response_class=Response,
    responses={200: _PLACES, **problems(400, 404, 409)},
)
def get_places(
    request: Request,
    session: SessionDep,
    municipality: MunicipalityDep,
    id: IdentifierParam,  # noqa: A002
    layer: LayerParam = None,
    limit: PageParam = None,
    after: AfterParam = None,
    bbox: BboxParam = None,
) -> Response:
    """Return a layer that tells where single events happened: hulls of clusters, points, places at risk."""
    run = runs.get_finished_run(session, municipality, id)
    found = service.layer_of(run, layer, exact_places=True)
    page = service.layer_features(session, municipality, run, found, _query(limit, after, bbox))
    return feature_page_response(request, page)


@router.get("/runs/{id}/tables/{table}", dependencies=[permit("results", "read")], responses=problems(400, 404, 409))
def get_table(
    session: SessionDep,
    municipality: MunicipalityDep,
    id: IdentifierParam,  # noqa: A002
    table: Annotated[str, Path(max_length=40, description="Name of the table.", examples=["months"])],
) -> ResultTableOut:
    """Return a table or series of the result of a run; its summary names the tables there are."""
    run = runs.get_finished_run(session, municipality, id)
    found = service.result_table(session, municipality, run, table)
    note_look(session, "results", len(found), run.id, run.id)
    rows = [list(record.values()) for record in records(found)]
    return ResultTableOut(name=table, columns=[str(column) for column in found.columns], rows=rows)


@router.get(
    "/runs/{id}/raster",
    dependencies=[permit("results", "read")],
    response_class=Response,
    responses={200: _RASTER, **problems(400, 404, 409, 422)},
)
def get_raster(session: SessionDep, municipality: MunicipalityDep, id: IdentifierParam) -> Response:  # noqa: A002
    """Return the density of a run as a GeoTIFF in the working CRS, events per km2 (and year where it was asked for)."""
    run = runs.get_finished_run(session, municipality, id)
    content = service.raster(session, municipality, run)
    note_look(session, "results", 1, run.id, run.id)
    name = f"density-run-{run.id}.tif"
    return Response(content, media_type="image/tiff", headers={"Content-Disposition": f'attachment; filename="{name}"'})


@router.get(
    "/results/{kind}",
    dependencies=[permit("results", "read")],
    response_class=Response,
    responses={200: _RESULT, **problems(400, 404)},
)
def latest_result(
    request: Request,
    session: SessionDep,
    municipality: MunicipalityDep,
    kind: Annotated[RunKind, Path(description="Kind of the run.", examples=["change"])],
    layer: LayerParam = None,
    limit: PageParam = None,
    after: AfterParam = None,
    bbox: BboxParam = None,
) -> Response:
    """Return a layer of the latest run of a kind as GeoJSON; the header `Kvart-Run` names the run.

    A page token belongs to one run: read on at the address of that run.
    """
    run = runs.latest_run(session, municipality, kind)
    page = _page(session, municipality, run, layer, _query(limit, after, bbox))
    response = feature_page_response(request, page)
    response.headers[RUN_HEADER] = str(run.id)
    return response


def _page(
    session: SessionDep, municipality: MunicipalityContext, run: AnalysisRun, layer: str | None, query: FeatureQuery
) -> FeaturePage:
    if run.kind in PLAN_KINDS and layer in (None, "beats"):
        return beats.beat_features(session, municipality, beats.plan_of_run(session, municipality, run.id), query)
    return service.layer_features(session, municipality, run, service.layer_of(run, layer), query)


def _query(limit: int | None, after: str | None, bbox: str | None) -> FeatureQuery:
    query = whole_result(None if bbox is None else parse_bbox(bbox))
    begun = query if after is None else dataclasses.replace(query, after=parse_page_token(after))
    return begun if limit is None else dataclasses.replace(begun, limit=limit)
