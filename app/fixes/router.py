"""Fixes over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.dependencies import AccessDep, IdentifierParam, MunicipalityDep, SessionDep, permit
from app.features import service as features
from app.features.parameters import FeatureQueryDep
from app.features.responses import feature_page_response, feature_response, one_of, page_of
from app.fixes import service
from app.fixes.lifecycle import FixStatus
from app.openapi import problems

router = APIRouter(prefix="/municipalities/{municipality}/fixes", tags=["fixes"])


@router.get(
    "",
    dependencies=[permit("fixes", "read")],
    response_class=Response,
    responses={**page_of(service.COLLECTION), **problems(400, 404)},
)
def list_fixes(
    request: Request,
    session: SessionDep,
    municipality: MunicipalityDep,
    access: AccessDep,
    query: FeatureQueryDep,
    kind: Annotated[str | None, Query(max_length=200, description="Entry of the catalogue of fixes.")] = None,
    status: FixStatus | None = None,
    owner: Annotated[str | None, Query(max_length=200, description="Who does it.")] = None,
) -> Response:
    """List fixes as GeoJSON, a page at a time; `datetime` means those whose work, from begin to end, meets the span."""
    asked = query.where(kind=kind, owner=owner, status=status)
    return feature_page_response(
        request, features.list_features(session, municipality, service.COLLECTION, asked, access.precision)
    )


@router.get(
    "/{id}",
    dependencies=[permit("fixes", "read")],
    response_class=Response,
    responses={**one_of(service.COLLECTION), **problems(400, 404)},
)
def get_fix(session: SessionDep, municipality: MunicipalityDep, access: AccessDep, id: IdentifierParam) -> Response:  # noqa: A002
    """Return one fix."""
    return feature_response(features.get_feature(session, municipality, service.COLLECTION, id, access.precision))
