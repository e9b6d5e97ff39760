"""Danger zones over HTTP."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from app.danger_zones import service
from app.danger_zones.models import DayPart, ReportedBy, ZoneStatus
from app.danger_zones.schemas import DangerZoneFeature
from app.database.feature_pages import FeatureQuery
from app.dependencies import AccessDep, IdentifierParam, MunicipalityDep, SessionDep, SettingsDep, permit
from app.features import service as features
from app.features.parameters import FeatureQueryDep
from app.features.responses import feature_page_response, feature_response, one_of, page_of
from app.identity.roles import Role
from app.openapi import created_feature, problems

router = APIRouter(prefix="/municipalities/{municipality}/danger-zones", tags=["danger zones"])


def zone_query(
    query: FeatureQueryDep,
    category: Annotated[str | None, Query(max_length=100, description="Code of a concern.")] = None,
    status: ZoneStatus | None = None,
    reported_by: ReportedBy | None = None,
    day_part: DayPart | None = None,
) -> FeatureQuery:
    """Return the query that the parameters ask for."""
    return query.where(category=category, status=status, reported_by=reported_by, day_part=day_part)


@router.get(
    "",
    dependencies=[permit("danger-zones", "read")],
    response_class=Response,
    responses={**page_of(service.COLLECTION), **problems(400, 404)},
)
def list_danger_zones(
    request: Request,
    session: SessionDep,
    municipality: MunicipalityDep,
    access: AccessDep,
    query: Annotated[FeatureQuery, Depends(zone_query)],
) -> Response:
    """List danger zones as GeoJSON, a page at a time; `datetime` is the time at which they were first named."""
    return feature_page_response(
        request, features.list_features(session, municipality, service.COLLECTION, query, access.precision)
    )


@router.get(
    "/{id}",
    dependencies=[permit("danger-zones", "read")],
    response_class=Response,
    responses={**one_of(service.COLLECTION), **problems(400, 404)},
)
def get_danger_zone(
    session: SessionDep,
    municipality: MunicipalityDep,
    access: AccessDep,
    id: IdentifierParam,  # noqa: A002
) -> Response:
    """Return one danger zone."""
    return feature_response(features.get_feature(session, municipality, service.COLLECTION, id, access.precision))


@router.post(
    "",
    dependencies=[permit("danger-zones", "create")],
    status_code=201,
    response_class=Response,
    responses={**created_feature(service.COLLECTION), **problems(400, 404, 413, 415, 422)},
)
def create_danger_zone(
    session: SessionDep,
    municipality: MunicipalityDep,
    access: AccessDep,
    settings: SettingsDep,
    body: DangerZoneFeature,
) -> Response:
    """Store a danger zone: a point, a line or a polygon.

    The geometry is stored as it is or refused with the reason; it is never repaired. A member of the public gets the
    secret link of the report in the member `links`, once: it shows what became of the report and erases it.
    """
    is_public = access.role is Role.PUBLIC
    identifier, token = service.take_report(
        session, municipality, body, max_vertices=settings.server.max_vertices, is_public=is_public
    )
    feature = features.get_feature(session, municipality, service.COLLECTION, identifier, access.precision)
    location = f"/municipalities/{municipality.code}/danger-zones/{identifier}"
    if token is None:
        return feature_response(feature, status=201, location=location)
    link = {"href": f"/my-report/{token}", "rel": "my-report", "title": "Secret link of your report; keep it."}
    return feature_response(f'{feature[:-1]},"links":{json.dumps([link])}}}', status=201, location=location)
