"""The description of the API of one municipality for GIS clients: OpenAPI 3.0, and only what the caller may see.

Clients read it to learn the largest page (``components.parameters.limit``) and which properties the service filters by
itself, so that they do not fetch everything.
"""

from __future__ import annotations

from fastapi import Request

from app.database.feature_collections import DEFAULT_PAGE, MAX_PAGE, Property
from app.identity.purposes import Purpose
from app.ogc.answers import GEOJSON, OPENAPI, PAGE_OR_JSON, SCHEMA
from app.ogc.document_parts import Json, named, operation, path_part, problem_responses, query, read_answers
from app.ogc.document_processes import job_parameters, process_paths
from app.ogc.document_schemas import SCHEMAS
from app.ogc.exports import EXPORTS, MEDIA_TYPES
from app.ogc.filters import FILTER_PARAMETERS, LANGUAGES
from app.ogc.layers import View
from app.ogc.links import root_of
from app.ogc.requests import FORMAT, ITEM_PARAMETERS, queried_properties
from app.ogc.tiles import DEEPEST_ZOOM, MVT, QUAD

TAGS = {
    "capabilities": "What there is.",
    "data": "Features of the layers.",
    "tiles": "Features of the layers as vector tiles.",
    "processes": "What can be computed, and the jobs that do it.",
}
JSON_TYPES = {"date": "string", "date-time": "string", "month": "string"}
TILE_FORMATS = ("json", "html", "tilejson")


def openapi_document(request: Request, views: list[View], version: str, *, computes: bool, follows: bool) -> Json:
    """Return the OpenAPI 3.0 document of the root that is asked, with what the caller may see and do.

    Parameters
    ----------
    request : Request
    views : list of View
        The layers that the caller sees.
    version : str
    computes, follows : bool
        Whether the caller may execute processes, and look at jobs.
    """
    paths: Json = {
        "/": operation("landingPage", "Landing page", "capabilities", read_answers("LandingPage")),
        "/conformance": operation("conformance", "Requirements classes", "capabilities", read_answers("Conformance")),
        "/api": operation("api", "This document", "capabilities", read_answers("Anything", OPENAPI)),
        "/collections": operation("collections", "Layers", "capabilities", read_answers("Collections")),
        "/tileMatrixSets": operation("tileMatrixSets", "Tile matrix sets", "tiles", read_answers("TileMatrixSets")),
        f"/tileMatrixSets/{QUAD}": operation("tileMatrixSet", QUAD, "tiles", read_answers("TileMatrixSet")),
    }
    for view in views:
        paths |= _paths_of(view) | _tile_paths_of(view)
    paths |= process_paths(computes=computes, follows=follows)
    title = views[0].municipality.name if views else request.path_params["municipality"]
    return {
        "openapi": "3.0.3",
        "info": {
            "title": f"Kvart: {title}",
            "version": version,
            "description": "Layers of a municipality (OGC API).",
            "license": {"name": "MIT"},
        },
        "servers": [{"url": root_of(request)}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": paths,
        "components": {
            "parameters": _parameters(views) | job_parameters(),
            "schemas": SCHEMAS,
            "responses": problem_responses(),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "An API key or a token."},
                "basic": {"type": "http", "scheme": "basic", "description": "Any name, and an API key as password."},
            },
        },
        "security": [{"bearer": []}, {"basic": []}, {}],
    }


def _paths_of(view: View) -> Json:
    shown = view.collection
    name, title = shown.name, shown.title
    address = f"/collections/{name}"
    taken = ["featureId", "crs", "f", "purpose", *(["datetime"] if view.shows_state else [])]
    asked = [named("f-items" if parameter == FORMAT else parameter) for parameter in ITEM_PARAMETERS]
    asked += [named("purpose"), *(_property(item) for item in queried_properties(view).values())]
    tell = "capabilities"
    items = read_answers("FeatureCollection", GEOJSON)
    items["200"]["content"] |= {kind: {"schema": {"type": "string", "format": "binary"}} for kind in MEDIA_TYPES}
    return {
        address: operation(f"{name}.describe", f"What {title.lower()} are", tell, read_answers("Collection")),
        f"{address}/schema": operation(
            f"{name}.schema", f"What {title.lower()} show", tell, read_answers("Anything", SCHEMA)
        ),
        f"{address}/queryables": operation(
            f"{name}.queryables", f"What can be asked for of {title.lower()}", tell, read_answers("Anything", SCHEMA)
        ),
        f"{address}/items": operation(f"{name}.items", title, "data", items, asked),
        f"{address}/items/{{featureId}}": operation(
            f"{name}.item",
            f"One {shown.singular}",
            "data",
            read_answers("Feature", GEOJSON),
            [named(parameter) for parameter in taken],
        ),
    }


def _tile_paths_of(view: View) -> Json:
    name, title = view.collection.name, view.collection.title.lower()
    address = f"/collections/{name}/tiles"
    tile = read_answers("Anything")
    tile["200"]["content"] = {MVT: {"schema": {"type": "string", "format": "binary"}}}
    taken = ["tileMatrix", "tileRow", "tileCol", "datetime", *FILTER_PARAMETERS, "purpose"]
    return {
        address: operation(f"{name}.tilesets", f"Tile sets of {title}", "tiles", read_answers("TileSets")),
        f"{address}/{QUAD}": operation(
            f"{name}.tileset",
            f"How {title} are cut into tiles",
            "tiles",
            read_answers("Anything"),
            [named("f-tileset"), named("purpose")],
        ),
        f"{address}/{QUAD}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}": operation(
            f"{name}.tile", f"A tile of {title}", "tiles", tile, [named(parameter) for parameter in taken]
        ),
    }


def _property(item: Property) -> Json:
    schema: Json = {"type": JSON_TYPES.get(item.type, item.type)}
    if item.type in {"date", "date-time"}:
        schema["format"] = item.type
    if item.values:
        schema["enum"] = list(item.values)
    return query(item.name, f"Only features of this value. {item.description}", schema)


def _parameters(views: list[View]) -> Json:
    systems = [system.uri for system in views[0].systems] if views else []
    system: Json = {"type": "string", "format": "uri", **({"enum": systems} if systems else {})}
    text: Json = {"type": "string"}
    four_or_six = [{"minItems": n, "maxItems": n} for n in (4, 6)]
    rectangle = {"type": "array", "items": {"type": "number"}, "oneOf": four_or_six}
    page: Json = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": DEFAULT_PAGE}
    return {
        "limit": query("limit", "The most features of a page; a larger wish is clamped.", page),
        "after": query("after", "Token of the next page; follow the link next.", text),
        "bbox": query("bbox", "Only features that intersect the rectangle.", rectangle),
        "bbox-crs": query("bbox-crs", "Coordinate reference system of bbox; CRS84 without it.", system),
        "crs": query("crs", "Coordinate reference system of the answer; CRS84 without it.", system),
        "datetime": query("datetime", "Only features whose time meets an instant, a day or an interval.", text),
        "filter": query("filter", "Only features that a CQL2 expression holds of.", text),
        "filter-lang": query(
            "filter-lang", "Language of the filter.", text | {"enum": list(LANGUAGES), "default": LANGUAGES[0]}
        ),
        "filter-crs": query("filter-crs", "Coordinate reference system of the filter; CRS84 without it.", system),
        "f": query("f", "Format of the answer.", text | {"enum": list(PAGE_OR_JSON)}),
        "f-items": query(
            "f",
            "Format of the answer: a page, or all that is asked for as a file.",
            text | {"enum": list(dict.fromkeys([*PAGE_OR_JSON, *EXPORTS]))},
        ),
        "f-tileset": query("f", "Format of the answer.", text | {"enum": list(TILE_FORMATS)}),
        "featureId": path_part("featureId", "Identifier of the feature.", text),
        "tileMatrix": path_part("tileMatrix", "Zoom.", {"type": "integer", "minimum": 0, "maximum": DEEPEST_ZOOM}),
        "tileRow": path_part("tileRow", "Row, from the north.", {"type": "integer", "minimum": 0}),
        "tileCol": path_part("tileCol", "Column, from the west.", {"type": "integer", "minimum": 0}),
        "purpose": {
            "name": "Kvart-Purpose",
            "in": "header",
            "description": "Purpose of use, which exact personal data takes; by default that of the key.",
            "schema": text | {"enum": [purpose.value for purpose in Purpose]},
        },
    }
