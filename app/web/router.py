"""Home page and API reference."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from app.catalogue import layers
from app.database.feature_collections import Collection
from app.dependencies import CallerDep, SessionDep, permit
from app.identity.caller import Caller
from app.identity.rights import Precision, allows, right_of
from app.identity.roles import Role
from app.maps import topics as maps
from app.maps.topics import Topic
from app.municipalities import service as municipalities
from app.web.pages import WEB, render_page
from app.web.reference import reference_sections

WEB_STATIC = WEB / "static"
MAPS: dict[Topic, str] = {
    "hot-spots": "Hot spots",
    "density": "Density",
    "emerging-hot-spots": "Emerging hot spots",
    "change": "Change between two periods",
    "near-repeat": "Places at risk after recent crimes",
    "top-places": "Top places",
    "beats": "Beats and officers",
    "lighting": "Lighting, fixes and danger zones",
}
WORK = {"runs": "Analysis runs", "beat-plans": "Beat plans", "imports": "Imports", "categories": "Categories"}
ZONE_PAGES = {
    "report": ("Report a danger zone", ("danger-zones", "create")),
    "reported": ("What was reported, and what became of it", ("open311", "read")),
    "moderation": ("Danger zones to decide", ("danger-zones", "inspect")),
}
MOST_MUNICIPALITIES = 200

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Place:
    """A municipality with what somebody may open there.

    Attributes
    ----------
    code, name : str
    role : Role
        What the viewer is there.
    maps, work : dict of str to str
        Title by the last part of the address.
    zones : dict of str to str
        Pages about danger zones: title by address.
    layers : tuple
        Layers, each with how exactly the viewer sees it.
    """

    code: str
    name: str
    role: Role
    maps: dict[str, str]
    work: dict[str, str]
    zones: dict[str, str]
    layers: tuple[tuple[Collection, Precision], ...]


@router.get("/", dependencies=[permit("pages", "read")])
def home(request: Request, session: SessionDep, caller: CallerDep) -> Response:
    """Show the municipalities with links to what the viewer may open there, one's own first."""
    names = municipalities.municipality_names(session, MOST_MUNICIPALITIES)
    places = [_place(session, caller, code, name) for code, name in names]
    places.sort(key=lambda place: place.role is Role.PUBLIC)
    return render_page(request, "home.html", municipalities=places)


def _place(session: Session, caller: Caller, code: str, name: str) -> Place:
    seen = [(layer, _precision(caller, code, layer.name)) for layer in layers()]
    return Place(
        code,
        name,
        caller.role_in(code),
        maps=_maps(session, code) if _precision(caller, code, "maps") else {},
        work={key: title for key, title in WORK.items() if _precision(caller, code, key)},
        zones={
            f"/{page}/{code}": title for page, (title, right) in ZONE_PAGES.items() if _precision(caller, code, *right)
        },
        layers=tuple((layer, precision) for layer, precision in seen if precision),
    )


def _maps(session: Session, code: str) -> dict[str, str]:
    drawable = maps.drawable_topics(session, municipalities.find_municipality(session, code))
    return {topic: title for topic, title in MAPS.items() if topic in drawable}


def _precision(caller: Caller, code: str, collection: str, action: str = "read") -> Precision | None:
    right = right_of(collection, action)
    return right.precision_for(caller.role_in(code) if allows(caller.scopes, right) else Role.PUBLIC)


@router.get("/docs", dependencies=[permit("pages", "read")])
def reference(request: Request) -> Response:
    """Show the API document for people."""
    document = request.app.openapi()
    return render_page(request, "reference.html", info=document["info"], sections=reference_sections(document))


@router.get("/favicon.ico", dependencies=[permit("pages", "read")])
def favicon() -> Response:
    """Return the icon, which browsers ask for unasked."""
    return Response((WEB_STATIC / "kvart.svg").read_bytes(), media_type="image/svg+xml")
