"""Municipalities over HTTP."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from app.dependencies import MunicipalityDep, SessionDep, SettingsDep, permit
from app.features.geometries import checked_geometry
from app.features.parameters import FeatureQueryDep
from app.features.responses import feature_page_response, feature_response, one_of, page_of
from app.municipalities import service
from app.municipalities.schemas import MunicipalityFeature
from app.openapi import created_feature, problems

router = APIRouter(prefix="/municipalities", tags=["municipalities"])


@router.get(
    "",
    dependencies=[permit("municipalities", "read")],
    response_class=Response,
    responses={**page_of(service.COLLECTION), **problems(400)},
)
def list_municipalities(request: Request, session: SessionDep, query: FeatureQueryDep) -> Response:
    """List the municipalities with their boundaries as GeoJSON, a page at a time."""
    return feature_page_response(request, service.list_municipalities(session, query))


@router.get(
    "/{municipality}",
    dependencies=[permit("municipalities", "read")],
    response_class=Response,
    responses={**one_of(service.COLLECTION), **problems(400, 404)},
)
def get_municipality(session: SessionDep, municipality: MunicipalityDep) -> Response:
    """Return one municipality with its boundary."""
    return feature_response(service.get_municipality(session, municipality))


@router.post(
    "",
    dependencies=[permit("municipalities", "create")],
    status_code=201,
    response_class=Response,
    responses={**created_feature(service.COLLECTION), **problems(400, 409, 413, 415, 422)},
)
def create_municipality(session: SessionDep, settings: SettingsDep, body: MunicipalityFeature) -> Response:
    """Create a municipality with its boundary; it gets the catalogue of concerns to start from."""
    boundary = checked_geometry(body.geometry, member="geometry", max_vertices=settings.server.max_boundary_vertices)
    told = body.properties
    municipality = service.create_municipality(
        session,
        code=told.code,
        name=told.name,
        boundary=boundary,
        time_zone=told.time_zone,
        metric_crs=told.working_crs,
    )
    created = service.get_municipality(session, municipality)
    return feature_response(created, status=201, location=f"/municipalities/{municipality.code}")
