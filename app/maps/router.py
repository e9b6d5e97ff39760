"""Map documents over HTTP."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from app.dependencies import IdentifierParam, MunicipalityDep, NonceDep, SessionDep, SettingsDep, permit
from app.maps import service
from app.maps.offline import content_security_policy
from app.maps.service import Frame, Topic
from app.openapi import problems
from app.settings import MapSettings

router = APIRouter(prefix="/municipalities/{municipality}", tags=["maps"])


@router.get(
    "/runs/{id}/map",
    dependencies=[permit("results", "read")],
    response_class=HTMLResponse,
    responses=problems(400, 404, 409, 413),
)
def get_run_map(
    session: SessionDep,
    municipality: MunicipalityDep,
    settings: SettingsDep,
    nonce: NonceDep,
    id: IdentifierParam,  # noqa: A002
) -> Response:
    """Return the map of the result of a run, for people: an HTML document that asks no outside host."""
    document = service.run_map(session, municipality, id, Frame(settings.maps, nonce=nonce))
    return _map_response(document, nonce, settings.maps)


@router.get(
    "/maps/{topic}",
    dependencies=[permit("maps", "read")],
    response_class=HTMLResponse,
    responses=problems(400, 404, 413),
)
def get_latest_map(
    session: SessionDep,
    municipality: MunicipalityDep,
    settings: SettingsDep,
    nonce: NonceDep,
    topic: Topic,
) -> Response:
    """Return the newest map of hot spots, density, beats, or of lighting and fixes over hot spots and danger zones."""
    document = service.latest_map(session, municipality, topic, Frame(settings.maps, nonce=nonce))
    return _map_response(document, nonce, settings.maps)


def _map_response(document: str, nonce: str, settings: MapSettings) -> Response:
    policy = content_security_policy(nonce, settings.basemap_url)
    return HTMLResponse(document, headers={"Content-Security-Policy": policy})
