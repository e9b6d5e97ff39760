"""Incidents and categories over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.dependencies import AccessDep, IdentifierParam, MunicipalityDep, SessionDep, permit
from app.features import service as features
from app.features.parameters import FeatureQueryDep
from app.features.responses import feature_page_response, feature_response, one_of, page_of
from app.incidents import service
from app.incidents.models import CategoryKind, TimePrecision
from app.incidents.schemas import CategoryList, CategoryOut, IncidentFeature, IncidentInput
from app.openapi import created_features, problems

router = APIRouter(prefix="/municipalities/{municipality}", tags=["incidents"])

CategoryFilter = Annotated[str | None, Query(max_length=100, description="Code of a category.", examples=["burglary"])]


@router.get(
    "/incidents",
    dependencies=[permit("incidents", "read")],
    response_class=Response,
    responses={**page_of(service.COLLECTION), **problems(400, 404)},
)
def list_incidents(
    request: Request,
    session: SessionDep,
    municipality: MunicipalityDep,
    access: AccessDep,
    query: FeatureQueryDep,
    category: CategoryFilter = None,
    time_precision: TimePrecision | None = None,
) -> Response:
    """List incidents as GeoJSON, a page at a time; `datetime` means those whose time window meets the span."""
    asked = query.where(category=category, time_precision=time_precision)
    return feature_page_response(
        request, features.list_features(session, municipality, service.COLLECTION, asked, access.precision)
    )


@router.get(
    "/incidents/{id}",
    dependencies=[permit("incidents", "read")],
    response_class=Response,
    responses={**one_of(service.COLLECTION), **problems(400, 404)},
)
def get_incident(
    session: SessionDep,
    municipality: MunicipalityDep,
    access: AccessDep,
    id: IdentifierParam,  # noqa: A002
) -> Response:
    """Return one incident."""
    return feature_response(features.get_feature(session, municipality, service.COLLECTION, id, access.precision))


@router.post(
    "/incidents",
    dependencies=[permit("incidents", "create")],
    status_code=201,
    response_class=Response,
    responses={**created_features(service.COLLECTION), **problems(400, 404, 413, 415, 422)},
)
def create_incidents(
    request: Request, session: SessionDep, municipality: MunicipalityDep, access: AccessDep, body: IncidentInput
) -> Response:
    """Store one incident (Feature) or up to 1,000 (FeatureCollection): all of them or none.

    The answer holds what was stored; for one incident the header `Location` is its address.
    """
    given = [body] if isinstance(body, IncidentFeature) else body.features
    identifiers = service.store_incidents(session, municipality, given)
    if isinstance(body, IncidentFeature):
        feature = features.get_feature(session, municipality, service.COLLECTION, identifiers[0], access.precision)
        location = f"/municipalities/{municipality.code}/incidents/{identifiers[0]}"
        return feature_response(feature, status=201, location=location)
    stored = features.get_features(session, municipality, service.COLLECTION, identifiers, access.precision)
    return feature_page_response(request, stored, status=201)


@router.get(
    "/categories", dependencies=[permit("categories", "read")], tags=["categories"], responses=problems(400, 404)
)
def list_categories(
    session: SessionDep, municipality: MunicipalityDep, kind: CategoryKind | None = None
) -> CategoryList:
    """List the categories of incidents, and of the concerns that reports and danger zones name."""
    found = service.list_categories(session, municipality, kind)
    return CategoryList(categories=[CategoryOut.model_validate(category) for category in found])
