"""Addresses and links within the OGC API of a municipality."""

from __future__ import annotations

from fastapi import Request
from starlette.datastructures import URL

from app.ogc.answers import GEOJSON, HTML, JSON, SCHEMA

RELATIONS = "http://www.opengis.net/def/rel/ogc/1.0"

Link = dict[str, str]


def root_of(request: Request) -> str:
    """Return the address of the landing page, without a slash at its end."""
    code = request.path_params["municipality"]
    path = f"{request.scope.get('root_path', '')}/municipalities/{code}/ogc"
    return str(request.url.replace(path=path, query="", fragment=""))


def link(href: str | URL, rel: str, title: str, media_type: str = JSON) -> Link:
    """Return a link object."""
    return {"href": str(href), "rel": rel, "type": media_type, "title": title}


def representations(request: Request, title: str, media_type: str = JSON) -> list[Link]:
    """Return the links to this resource as it is shown and as it could be: JSON and page."""
    here = request.url
    return [
        link(here.include_query_params(f="json"), "self", title, media_type),
        link(here.include_query_params(f="html"), "alternate", f"{title} (page)", HTML),
    ]


def layer_links(root: str, name: str, title: str) -> list[Link]:
    """Return the links of a layer to what there is of it."""
    address = f"{root}/collections/{name}"
    return [
        link(f"{address}/items", "items", title, GEOJSON),
        link(f"{address}/items?f=html", "items", f"{title} (page)", HTML),
        link(f"{address}/queryables", f"{RELATIONS}/queryables", "What can be asked for", SCHEMA),
        link(f"{address}/tiles", f"{RELATIONS}/tilesets-vector", f"{title} as tiles"),
        link(f"{address}/schema", f"{RELATIONS}/schema", "What the features show", SCHEMA),
    ]
