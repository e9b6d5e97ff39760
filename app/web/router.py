"""Home page and API reference."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from app.catalogue import layers
from app.dependencies import SessionDep, permit
from app.municipalities import service as municipalities
from app.web.reference import reference_sections

WEB = Path(__file__).parent
WEB_STATIC = WEB / "static"
TEMPLATES = Environment(
    loader=FileSystemLoader(WEB / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def mark_code(text: str) -> Markup:
    """Return text as HTML in which what stands between backticks is code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped before


TEMPLATES.filters["mark_code"] = mark_code
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
MAPS = {
    "hot-spots": "Hot spots",
    "density": "Density",
    "beats": "Beats and officers",
    "lighting": "Lighting, fixes and danger zones",
}
MOST_MUNICIPALITIES = 200

router = APIRouter(include_in_schema=False)


def _page(name: str, **context: Any) -> HTMLResponse:
    html = TEMPLATES.get_template(name).render(**context)
    return HTMLResponse(html, headers={"Content-Security-Policy": PAGE_POLICY})


@router.get("/", dependencies=[permit("pages", "read")])
def home(session: SessionDep) -> Response:
    """Show the municipalities with links to their layers and maps."""
    names = municipalities.municipality_names(session, MOST_MUNICIPALITIES)
    return _page("home.html", municipalities=names, layers=layers(), maps=MAPS)


@router.get("/docs", dependencies=[permit("pages", "read")])
def reference(request: Request) -> Response:
    """Show the API document for people."""
    document = request.app.openapi()
    return _page("reference.html", info=document["info"], sections=reference_sections(document))


@router.get("/favicon.ico", dependencies=[permit("pages", "read")])
def favicon() -> Response:
    """Return the icon, which browsers ask for unasked."""
    return Response((WEB_STATIC / "kvart.svg").read_bytes(), media_type="image/svg+xml")
