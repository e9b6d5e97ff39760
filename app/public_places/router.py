"""What is published of incidents, over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.dependencies import AccessDep, IdentifierParam, MunicipalityDep, SessionDep, permit
from app.features import service as features
from app.features.parameters import FeatureQueryDep
from app.features.responses import feature_page_response, feature_response, one_of, page_of
from app.openapi import problems
from app.public_places import service

router = APIRouter(prefix="/municipalities/{municipality}/public-counts", tags=["public counts"])

MonthFilter = Annotated[
    str | None,
    Query(max_length=7, pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$", description="A month.", examples=["2026-03"]),
]
AreaFilter = Annotated[str | None, Query(max_length=100, description="Code of a beat.")]


@router.get(
    "",
    dependencies=[permit("public-counts", "read")],
    response_class=Response,
    responses={**page_of(service.COUNTS), **problems(400, 404)},
)
def list_public_counts(
    request: Request,
    session: SessionDep,
    municipality: MunicipalityDep,
    access: AccessDep,
    query: FeatureQueryDep,
    month: MonthFilter = None,
    area: AreaFilter = None,
) -> Response:
    """List the published counts of incidents as GeoJSON, a page at a time: one feature per area and month."""
    asked = query.where(month=month, area=area)
    return feature_page_response(
        request, features.list_features(session, municipality, service.COUNTS, asked, access.precision)
    )


@router.get(
    "/{id}",
    dependencies=[permit("public-counts", "read")],
    response_class=Response,
    responses={**one_of(service.COUNTS), **problems(400, 404)},
)
def get_public_count(
    session: SessionDep,
    municipality: MunicipalityDep,
    access: AccessDep,
    id: IdentifierParam,  # noqa: A002
) -> Response:
    """Return the published counts of an area in a month."""
    return feature_response(features.get_feature(session, municipality, service.COUNTS, id, access.precision))
