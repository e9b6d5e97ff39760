"""Answers as JSON or as a page, with a tag by which a client knows that nothing has changed."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from fastapi import Request, Response

from app.access import Access
from app.errors import BadParameterError
from app.identity.rights import Precision
from app.ogc.requests import FORMAT
from app.web.pages import render_page
from app.web.refusals import is_browsing

JSON = "application/json"
HTML = "text/html"
GEOJSON = "application/geo+json"
SCHEMA = "application/schema+json"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"

VARIES = "Accept, Authorization, Cookie, Kvart-Purpose"
PAGE_OR_JSON = ("json", "html")
TAG_DIGITS = 24


def wanted_format(
    request: Request, offered: Sequence[str] = PAGE_OR_JSON, media_types: Mapping[str, str] = MappingProxyType({})
) -> str:
    """Return the format that the parameter ``f`` names, else a page for browsers and JSON for programs.

    Parameters
    ----------
    request : Request
    offered : sequence of str
        Values of ``f``.
    media_types : mapping of str to str
        Further formats by media type: one is chosen where the header ``Accept`` begins with it.

    Raises
    ------
    BadParameterError
        If it is not offered here.
    """
    name = request.query_params.get(FORMAT)
    if name is None:
        first = re.split("[,;]", request.headers.get("accept", ""), maxsplit=1)[0].strip().lower()
        return "html" if is_browsing(request) else media_types.get(first, "json")
    if name not in offered:
        raise BadParameterError(FORMAT, f"{name[:40]!r} is not offered here.", f"Use one of {', '.join(offered)}.")
    return name


def answer(
    request: Request, document: Mapping[str, Any], template: str, *, media_type: str = JSON, **context: Any
) -> Response:
    """Return a document as JSON or as the page of a template.

    Parameters
    ----------
    request : Request
    document : mapping
        JSON-ready.
    template : str
        Below ``ogc/`` of the templates.
    media_type : str
        Of the JSON.
    **context
        What the page shows besides.
    """
    if wanted_format(request) == "html":
        return page(request, template, document=document, **context)
    return tagged_json(request, document, media_type)


def tagged_json(request: Request, document: Mapping[str, Any], media_type: str = JSON) -> Response:
    """Return a document as JSON with its tag."""
    return tagged(request, json.dumps(document, ensure_ascii=False, separators=(",", ":")), media_type)


def page(request: Request, template: str, **context: Any) -> Response:
    """Return a page about a part of the API."""
    response = render_page(request, f"ogc/{template}", **context)
    response.headers["Vary"] = VARIES
    return response


def tagged(
    request: Request,
    content: str,
    media_type: str,
    headers: Mapping[str, str] | None = None,
    *,
    changing: str = "",
) -> Response:
    """Return content with its tag, or 304 without content to who has it.

    Exact personal data is kept by no cache; anything else may be kept by the client that asked, which asks again each
    time whether it still holds.

    Parameters
    ----------
    request : Request
    content : str
    media_type : str
    headers : mapping of str to str, optional
    changing : str
        Part of the content that the tag does not depend on, such as the time of the answer.
    """
    encoded = content.encode()
    tag = tag_of(encoded, changing.encode())
    shared = {"ETag": tag, "Vary": VARIES, "Cache-Control": kept_by_clients(request), **(headers or {})}
    if is_known(request, tag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=shared)
    return Response(encoded, media_type=media_type, headers=shared)


def tag_of(content: bytes, changing: bytes = b"") -> str:
    """Return the tag of content, whose part that changes with the time of the answer does not count."""
    begin = content.rfind(changing) if changing else 0
    lasting = memoryview(content)
    digest = hashlib.sha256(lasting[:begin])  # processors know it: it takes half the time of blake2
    digest.update(lasting[begin + len(changing) :])
    return f'W/"{digest.hexdigest()[:TAG_DIGITS]}"'


def kept_by_clients(request: Request) -> str:
    """Return what the header ``Cache-Control`` says: nobody keeps exact personal data."""
    access: Access = request.state.access
    personal = access.right.asks_purpose and access.precision is Precision.EXACT
    return "private, no-store" if personal else "private, no-cache"


def is_known(request: Request, tag: str) -> bool:
    """Tell whether the client has the content of that tag (RFC 9110, 13.1.2: compared weakly)."""
    known = request.headers.get("if-none-match", "")
    tags = {part.strip().removeprefix("W/") for part in known.split(",")}
    return "*" in tags or tag.removeprefix("W/") in tags
