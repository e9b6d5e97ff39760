"""Danger zones over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.danger_zones import service
from app.danger_zones.models import DayPart, ReportedBy, ZoneStatus
from app.danger_zones.schemas import DangerZoneFeature
from app.dependencies import IdentifierParam, MunicipalityDep, SessionDep, SettingsDep
from app.features import service as features
from app.features.parameters import FeatureQueryDep
from app.features.responses import feature_page_response, feature_response, one_of, page_of
from app.openapi import created_feature, problems

router = APIRouter(prefix="/municipalities/{municipality}/danger-zones", tags=["danger zones"])


@router.get("", response_class=Response, responses={**page_of(service.COLLECTION), **problems(400, 404)})
def list_danger_zones(
    request: Request,
    session: SessionDep,
    municipality: MunicipalityDep,
    query: FeatureQueryDep,
    category: Annotated[str | None, Query(max_length=100, description="Code of a concern.")] = None,
    status: ZoneStatus | None = None,
    reported_by: ReportedBy | None = None,
    day_part: DayPart | None = None,
) -> Response:
    """List danger zones as GeoJSON, a page at a time; `datetime` is the time at which they were first named."""
    asked = query.where(category=category, status=status, reported_by=reported_by, day_part=day_part)
    return feature_page_response(request, features.list_features(session, municipality, service.COLLECTION, asked))


@router.get("/{id}", response_class=Response, responses={**one_of(service.COLLECTION), **problems(400, 404)})
def get_danger_zone(session: SessionDep, municipality: MunicipalityDep, id: IdentifierParam) -> Response:  # noqa: A002
    """Return one danger zone."""
    return feature_response(features.get_feature(session, municipality, service.COLLECTION, id))


@router.post(
    "",
    status_code=201,
    response_class=Response,
    responses={**created_feature(service.COLLECTION), **problems(400, 404, 413, 415, 422)},
)
def create_danger_zone(
    session: SessionDep, municipality: MunicipalityDep, settings: SettingsDep, body: DangerZoneFeature
) -> Response:
    """Store a danger zone: a point, a line or a polygon.

    The geometry is stored as it is or refused with the reason; it is never repaired.
    """
    identifier = service.store_danger_zone(session, municipality, body, max_vertices=settings.server.max_vertices)
    feature = features.get_feature(session, municipality, service.COLLECTION, identifier)
    location = f"/municipalities/{municipality.code}/danger-zones/{identifier}"
    return feature_response(feature, status=201, location=location)
