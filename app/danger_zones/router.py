"""Danger zones over HTTP."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse

from app.danger_zones import service
from app.danger_zones.models import DayPart, ReportedBy, Season, Weekday, ZoneStatus
from app.danger_zones.schemas import (
    DangerZoneFeature,
    MeToo,
    ReportTaken,
    SimilarQuestion,
    SimilarZone,
    SimilarZones,
)
from app.danger_zones.service import Sender, Taken
from app.database.feature_collections import FeatureQuery
from app.database.looks import note_look
from app.dependencies import AccessDep, IdentifierParam, MunicipalityDep, SessionDep, SettingsDep, permit
from app.features import service as features
from app.features.parameters import FeatureQueryDep
from app.features.responses import feature_page_response, feature_response, one_of, page_of
from app.identity.rights import Precision
from app.identity.roles import Role
from app.openapi import created_feature, problems
from app.rate_limits import address_of

router = APIRouter(prefix="/municipalities/{municipality}/danger-zones", tags=["danger zones"])
MADE = problems(400, 404, 409, 413, 415, 422)


def zone_query(
    query: FeatureQueryDep,
    category: Annotated[str | None, Query(max_length=100, description="Code of a concern.")] = None,
    status: ZoneStatus | None = None,
    reported_by: ReportedBy | None = None,
    day_part: DayPart | None = None,
    weekday: Weekday | None = None,
    season: Season | None = None,
) -> FeatureQuery:
    """Return the query that the parameters ask for."""
    told = {"category": category, "status": status, "reported_by": reported_by}
    return query.where(**told, day_part=day_part, weekday=weekday, season=season)


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


def get_sender(request: Request, access: AccessDep, settings: SettingsDep) -> Sender:
    """Return who sends a report."""
    return Sender(
        access.caller, access.role is Role.PUBLIC, address_of(request), max_vertices=settings.server.max_vertices
    )


SenderDep = Annotated[Sender, Depends(get_sender)]


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
    sender: SenderDep,
    body: DangerZoneFeature,
) -> Response:
    """Store a danger zone: a point, a line or a polygon.

    The geometry is stored as it is or refused with the reason; it is never repaired. A member of the public gets the
    secret link of the report in the member `links`, once: it shows what became of the report and erases it. A report
    that asks to be counted with others (`join_similar`), and is, is answered by its link alone.
    """
    taken = service.take_report(session, municipality, body, sender)
    if taken.joined and sender.is_public:
        note_look(session, "danger-zones", 1, taken.danger_zone_id, taken.danger_zone_id)
        return JSONResponse(_counted(taken).model_dump(), status_code=201)
    feature = features.get_feature(session, municipality, service.COLLECTION, taken.danger_zone_id, access.precision)
    if sender.is_public and taken.token is not None:
        links = [secret_link(taken.token)]
        told = json.loads(feature) | {
            "id": service.public_id_of(session, municipality, taken.danger_zone_id),
            "links": links,
        }
        return feature_response(json.dumps(told, ensure_ascii=False), status=201, location=links[0]["href"])
    location = f"/municipalities/{municipality.code}/danger-zones/{taken.danger_zone_id}"
    if taken.token is None:
        return feature_response(feature, status=201, location=location)
    links = [secret_link(taken.token)]
    return feature_response(f'{feature[:-1]},"links":{json.dumps(links)}}}', status=201, location=location)


@router.post("/{id}/me-too", dependencies=[permit("danger-zones", "create")], status_code=201, responses=MADE)
def add_reporter(
    session: SessionDep,
    municipality: MunicipalityDep,
    sender: SenderDep,
    id: IdentifierParam,  # noqa: A002
    body: MeToo,
) -> ReportTaken:
    """Count one more reporter of a danger zone that `similar` named; who reported it before changes no count."""
    taken = service.me_too(session, municipality, id, body, sender)
    note_look(session, "danger-zones", 1, taken.danger_zone_id, taken.danger_zone_id)
    return _counted(taken)


@router.post("/similar", dependencies=[permit("danger-zones", "compare")], responses=problems(400, 404, 413, 415, 422))
def find_similar(
    session: SessionDep, municipality: MunicipalityDep, access: AccessDep, sender: SenderDep, body: SimilarQuestion
) -> SimilarZones:
    """Find danger zones of the same concern that overlap a place or lie within 250 m of it, nearest first.

    The public is answered from the public layer alone: whatever is asked, the answer tells no more than that layer.
    """
    question = service.Question(body.geometry, body.category, sender.max_vertices)
    found = service.find_similar(session, municipality, question, exact=access.precision is Precision.EXACT)
    zones = [SimilarZone.model_validate(zone) for zone in found]
    note_look(session, "danger-zones", len(zones), None, None)
    return SimilarZones(zones=zones)


def _counted(taken: Taken) -> ReportTaken:
    return ReportTaken(links=[] if taken.token is None else [secret_link(taken.token)])


def secret_link(token: str) -> dict[str, str]:
    """Return the link that a reporter keeps."""
    return {"href": f"/my-report/{token}", "rel": "my-report", "title": "Secret link of your report; keep it."}
