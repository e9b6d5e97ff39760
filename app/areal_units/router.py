"""Areal units over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.areal_units import service
from app.dependencies import AccessDep, IdentifierParam, MunicipalityDep, SessionDep, permit
from app.features import service as features
from app.features.parameters import FeatureQueryDep
from app.features.responses import feature_page_response, feature_response, one_of, page_of
from app.openapi import problems

router = APIRouter(prefix="/municipalities/{municipality}/areal-units", tags=["areal units"])


@router.get(
    "",
    dependencies=[permit("areal-units", "read")],
    response_class=Response,
    responses={**page_of(service.COLLECTION), **problems(400, 404)},
)
def list_areal_units(
    request: Request,
    session: SessionDep,
    municipality: MunicipalityDep,
    access: AccessDep,
    query: FeatureQueryDep,
    code: Annotated[str | None, Query(max_length=200, description="Code of the unit in its source.")] = None,
) -> Response:
    """List areal units with their residents as GeoJSON, a page at a time."""
    asked = query.where(code=code)
    return feature_page_response(
        request, features.list_features(session, municipality, service.COLLECTION, asked, access.precision)
    )


@router.get(
    "/{id}",
    dependencies=[permit("areal-units", "read")],
    response_class=Response,
    responses={**one_of(service.COLLECTION), **problems(400, 404)},
)
def get_areal_unit(
    session: SessionDep,
    municipality: MunicipalityDep,
    access: AccessDep,
    id: IdentifierParam,  # noqa: A002
) -> Response:
    """Return one areal unit."""
    return feature_response(features.get_feature(session, municipality, service.COLLECTION, id, access.precision))
