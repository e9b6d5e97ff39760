"""Street lights over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.dependencies import AccessDep, IdentifierParam, MunicipalityDep, SessionDep, permit
from app.features import service as features
from app.features.parameters import DatetimeParam, FeatureQueryDep, parse_interval
from app.features.responses import feature_page_response, feature_response, one_of, page_of
from app.lights import service
from app.lights.models import WorkingState
from app.openapi import problems

router = APIRouter(prefix="/municipalities/{municipality}/street-lights", tags=["street lights"])


@router.get(
    "",
    dependencies=[permit("street-lights", "read")],
    response_class=Response,
    responses={**page_of(service.COLLECTION), **problems(400, 404)},
)
def list_street_lights(
    request: Request,
    session: SessionDep,
    municipality: MunicipalityDep,
    access: AccessDep,
    query: FeatureQueryDep,
    working: WorkingState | None = None,
    owner: Annotated[str | None, Query(max_length=200, description="Who keeps the lamp.")] = None,
    lamp_type: Annotated[str | None, Query(max_length=200, description="Type of the lamp.")] = None,
) -> Response:
    """List street lights as GeoJSON, a page at a time, each with its state at `datetime` (by default now).

    Every lamp is listed, whatever the time: `working` is `out` if the lamp was out in any part of the span.
    """
    collection = service.lights_at(session, municipality, query.interval)
    asked = query.where(working=working, owner=owner, lamp_type=lamp_type)
    return feature_page_response(
        request, features.list_features(session, municipality, collection, asked, access.precision)
    )


@router.get(
    "/{id}",
    dependencies=[permit("street-lights", "read")],
    response_class=Response,
    responses={**one_of(service.COLLECTION), **problems(400, 404)},
)
def get_street_light(
    session: SessionDep,
    municipality: MunicipalityDep,
    access: AccessDep,
    id: IdentifierParam,  # noqa: A002
    datetime: DatetimeParam = None,
) -> Response:
    """Return one street light with its state at `datetime` (by default now)."""
    span = None if datetime is None else parse_interval(datetime)
    collection = service.lights_at(session, municipality, span)
    return feature_response(features.get_feature(session, municipality, collection, id, access.precision))
