"""The latest hot spots and densities over HTTP; every result is also found under its run."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from app.dependencies import MunicipalityDep, SessionDep, permit
from app.features.parameters import BboxParam, parse_bbox
from app.features.responses import feature_page_response, page_of
from app.hot_spots import service
from app.openapi import problems
from app.runs import service as runs

router = APIRouter(prefix="/municipalities/{municipality}", tags=["runs"])


@router.get(
    "/hot-spots",
    dependencies=[permit("results", "read")],
    response_class=Response,
    responses={**page_of(service.COLLECTIONS[0]), **problems(400, 404)},
)
def latest_hot_spots(
    request: Request, session: SessionDep, municipality: MunicipalityDep, bbox: BboxParam = None
) -> Response:
    """Return the cells of the latest Getis-Ord Gi* run as GeoJSON; the header `Kvart-Run` names the run."""
    return _latest(request, session, municipality, "getis-ord", bbox)


@router.get(
    "/densities",
    dependencies=[permit("results", "read")],
    response_class=Response,
    responses={**page_of(service.COLLECTIONS[1]), **problems(400, 404)},
)
def latest_densities(
    request: Request, session: SessionDep, municipality: MunicipalityDep, bbox: BboxParam = None
) -> Response:
    """Return the cells of the latest density run as GeoJSON; the header `Kvart-Run` names the run."""
    return _latest(request, session, municipality, "kernel-density", bbox)


def _latest(
    request: Request, session: SessionDep, municipality: MunicipalityDep, kind: str, bbox: str | None
) -> Response:
    query = service.whole_result(None if bbox is None else parse_bbox(bbox))
    run = runs.latest_run(session, municipality, kind, service.LAYER_OF_KIND[kind].layer)
    page = service.result_features(session, municipality, kind, run.id, query)
    response = feature_page_response(request, page)
    response.headers["Kvart-Run"] = str(run.id)
    return response
