"""Officers over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.dependencies import AccessDep, IdentifierParam, MunicipalityDep, SessionDep, permit
from app.features import service as features
from app.features.parameters import FeatureQueryDep
from app.features.responses import feature_page_response, feature_response, one_of, page_of
from app.officers import service
from app.openapi import problems

router = APIRouter(prefix="/municipalities/{municipality}/officers", tags=["officers"])


@router.get(
    "",
    dependencies=[permit("officers", "read")],
    response_class=Response,
    responses={**page_of(service.COLLECTION), **problems(400, 404)},
)
def list_officers(
    request: Request,
    session: SessionDep,
    municipality: MunicipalityDep,
    access: AccessDep,
    query: FeatureQueryDep,
    badge: Annotated[str | None, Query(max_length=200, description="Badge number.")] = None,
    station: Annotated[str | None, Query(max_length=200, description="Name of the station.")] = None,
) -> Response:
    """List officers at the place of their station as GeoJSON, a page at a time."""
    asked = query.where(badge=badge, station=station)
    return feature_page_response(
        request, features.list_features(session, municipality, service.COLLECTION, asked, access.precision)
    )


@router.get(
    "/{id}",
    dependencies=[permit("officers", "read")],
    response_class=Response,
    responses={**one_of(service.COLLECTION), **problems(400, 404)},
)
def get_officer(session: SessionDep, municipality: MunicipalityDep, access: AccessDep, id: IdentifierParam) -> Response:  # noqa: A002
    """Return one officer."""
    return feature_response(features.get_feature(session, municipality, service.COLLECTION, id, access.precision))
