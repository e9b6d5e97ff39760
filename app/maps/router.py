"""Map documents over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.analyses.stored import check_exact_places
from app.database.looks import note_look
from app.deferred import Deferred
from app.dependencies import IdentifierParam, MunicipalityDep, NonceDep, SessionDep, SettingsDep, permit
from app.features.parameters import MAX_IDENTIFIER
from app.maps.assets import content_security_policy
from app.maps.topics import Topic, latest_run_of
from app.openapi import problems
from app.runs import service as runs
from app.settings import MapSettings

if TYPE_CHECKING:
    from app.maps import service
else:
    service = Deferred("app.maps.service")

router = APIRouter(prefix="/municipalities/{municipality}", tags=["maps"])

BeforeParam = Annotated[
    int | None,
    Query(
        ge=1,
        le=MAX_IDENTIFIER,
        description="Plan to compare with; by default the one that this plan was drawn from, if any.",
    ),
]


@router.get(
    "/runs/{id}/map",
    dependencies=[permit("results", "read")],
    response_class=HTMLResponse,
    responses=problems(400, 404, 409, 413),
)
def get_run_map(
    request: Request,
    session: SessionDep,
    municipality: MunicipalityDep,
    settings: SettingsDep,
    nonce: NonceDep,
    id: IdentifierParam,  # noqa: A002
) -> Response:
    """Return the map of the result of a run, for people: an HTML document that asks no outside host."""
    run = runs.get_finished_run(session, municipality, id)
    check_exact_places(request, session, municipality, run)
    document = service.run_map(session, municipality, run, service.Frame(settings.maps, nonce=nonce))
    return _map_response(document, nonce, settings.maps)


@router.get(
    "/beat-plans/{id}/map",
    dependencies=[permit("beat-plans", "read")],
    response_class=HTMLResponse,
    responses=problems(400, 404, 413, 422),
)
def get_plan_map(
    session: SessionDep,
    municipality: MunicipalityDep,
    settings: SettingsDep,
    nonce: NonceDep,
    id: IdentifierParam,  # noqa: A002
    before: BeforeParam = None,
) -> Response:
    """Return the map of a beat plan: beats, workload, what is wrong with them, and who changes beat."""
    document = service.plan_map(session, municipality, id, service.Frame(settings.maps, nonce=nonce), before)
    note_look(session, "beat-plans", 1 if before is None else 2, min(before or id, id), max(before or id, id))
    return _map_response(document, nonce, settings.maps)


@router.get(
    "/maps/{topic}",
    dependencies=[permit("maps", "read")],
    response_class=HTMLResponse,
    responses=problems(400, 404, 413),
)
def get_latest_map(
    request: Request,
    session: SessionDep,
    municipality: MunicipalityDep,
    settings: SettingsDep,
    nonce: NonceDep,
    topic: Topic,
) -> Response:
    """Return the newest map of a topic: the latest result of that kind, the latest beats, or lighting and fixes."""
    run = latest_run_of(session, municipality, topic)
    if run is not None:
        check_exact_places(request, session, municipality, run)
    document = service.latest_map(session, municipality, topic, service.Frame(settings.maps, nonce=nonce))
    return _map_response(document, nonce, settings.maps)


def _map_response(document: str, nonce: str, settings: MapSettings) -> Response:
    policy = content_security_policy(nonce, settings.basemap_url)
    return HTMLResponse(document, headers={"Content-Security-Policy": policy})
