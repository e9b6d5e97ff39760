"""Beat plans over HTTP."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from app.beats import service
from app.beats.schemas import BeatPlanDetail, BeatPlanList, BeatPlanSummary
from app.dependencies import IdentifierParam, MunicipalityDep, SessionDep, permit
from app.features.parameters import FeatureQueryDep
from app.features.responses import feature_page_response, page_of
from app.openapi import problems

router = APIRouter(prefix="/municipalities/{municipality}/beat-plans", tags=["beat plans"])


@router.get("", dependencies=[permit("beat-plans", "read")], responses=problems(400, 404))
def list_plans(session: SessionDep, municipality: MunicipalityDep) -> BeatPlanList:
    """List beat plans, newest first."""
    plans = service.list_plans(session, municipality)
    return BeatPlanList(beat_plans=[BeatPlanSummary.model_validate(plan) for plan in plans])


@router.get("/{id}", dependencies=[permit("beat-plans", "read")], responses=problems(400, 404))
def get_plan(session: SessionDep, municipality: MunicipalityDep, id: IdentifierParam) -> BeatPlanDetail:  # noqa: A002
    """Return a beat plan with its report: evenness and its bound, compactness, continuity, reasons, officers."""
    return BeatPlanDetail.model_validate(service.get_plan(session, municipality, id))


@router.get(
    "/{id}/beats",
    dependencies=[permit("beat-plans", "read")],
    response_class=Response,
    responses={**page_of(service.COLLECTION), **problems(400, 404)},
)
def list_beats(
    request: Request,
    session: SessionDep,
    municipality: MunicipalityDep,
    id: IdentifierParam,  # noqa: A002
    query: FeatureQueryDep,
) -> Response:
    """List the beats of a plan as GeoJSON, a page at a time, with residents, workload and officer."""
    return feature_page_response(request, service.beat_features(session, municipality, id, query))
