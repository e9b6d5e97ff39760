"""Streets over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.dependencies import AccessDep, IdentifierParam, MunicipalityDep, SessionDep, permit
from app.features import service as features
from app.features.parameters import FeatureQueryDep
from app.features.responses import feature_page_response, feature_response, one_of, page_of
from app.openapi import problems
from app.streets import service

router = APIRouter(prefix="/municipalities/{municipality}/streets", tags=["streets"])


@router.get(
    "",
    dependencies=[permit("streets", "read")],
    response_class=Response,
    responses={**page_of(service.COLLECTION), **problems(400, 404)},
)
def list_streets(
    request: Request,
    session: SessionDep,
    municipality: MunicipalityDep,
    access: AccessDep,
    query: FeatureQueryDep,
    name: Annotated[str | None, Query(max_length=200, description="Name of the street.")] = None,
    street_class: Annotated[str | None, Query(max_length=200, description="Class of the street.")] = None,
) -> Response:
    """List street segments as GeoJSON, a page at a time."""
    asked = query.where(name=name, street_class=street_class)
    return feature_page_response(
        request, features.list_features(session, municipality, service.COLLECTION, asked, access.precision)
    )


@router.get(
    "/{id}",
    dependencies=[permit("streets", "read")],
    response_class=Response,
    responses={**one_of(service.COLLECTION), **problems(400, 404)},
)
def get_street(session: SessionDep, municipality: MunicipalityDep, access: AccessDep, id: IdentifierParam) -> Response:  # noqa: A002
    """Return one street segment."""
    return feature_response(features.get_feature(session, municipality, service.COLLECTION, id, access.precision))
