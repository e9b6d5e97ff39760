"""The description of the API of one municipality for GIS clients: OpenAPI 3.0, and only what the caller may see.

Clients read it to learn the largest page (``components.parameters.limit``) and which properties the service filters by
itself, so that they do not fetch everything.
"""

from __future__ import annotations

from typing import Any

from fastapi import Request

from app.database.feature_pages import DEFAULT_PAGE, MAX_PAGE, Property
from app.identity.purposes import Purpose
from app.ogc.answers import GEOJSON, HTML, JSON, OPENAPI, PAGE_OR_JSON, SCHEMA
from app.ogc.document_schemas import SCHEMAS
from app.ogc.filters import LANGUAGES
from app.ogc.layers import View
from app.ogc.links import root_of
from app.ogc.requests import ITEM_PARAMETERS, queried_properties
from app.problems import PROBLEM

Json = dict[str, Any]

PROBLEMS = {
    "400": "A parameter cannot be used",
    "401": "It takes a credential, or the one given does not hold",
    "403": "No right, or no purpose of use",
    "404": "There is no such thing",
    "406": "Not in this format",
    "429": "Too many requests without a credential",
    "500": "Something went wrong that is not your fault",
    "503": "The database does not answer",
}
TAGS = {"capabilities": "What there is.", "data": "Features of the layers."}
JSON_TYPES = {"date": "string", "date-time": "string", "month": "string"}


def openapi_document(request: Request, views: list[View], version: str) -> Json:
    """Return the OpenAPI 3.0 document of the root that is asked, with the layers that the caller sees."""
    paths: Json = {
        "/": _get("landingPage", "Landing page", "capabilities", _answers("LandingPage")),
        "/conformance": _get("conformance", "Requirements classes", "capabilities", _answers("Conformance")),
        "/api": _get("api", "This document", "capabilities", _answers("Anything", media_type=OPENAPI)),
        "/collections": _get("collections", "Layers", "capabilities", _answers("Collections")),
    }
    for view in views:
        paths |= _paths_of(view)
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
            "parameters": _parameters(views),
            "schemas": SCHEMAS,
            "responses": {f"Problem{status}": _problem(text) for status, text in PROBLEMS.items()},
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
    taken = ["featureId", "crs", "f-item", "purpose", *(["datetime"] if view.shows_state else [])]
    asked = [_named(parameter) for parameter in ITEM_PARAMETERS]
    asked += [_named("purpose"), *(_property(item) for item in queried_properties(view).values())]
    return {
        address: _get(f"{name}.describe", f"What {title.lower()} are", "capabilities", _answers("Collection")),
        f"{address}/schema": _get(
            f"{name}.schema", f"What {title.lower()} show", "capabilities", _answers("Anything", media_type=SCHEMA)
        ),
        f"{address}/queryables": _get(
            f"{name}.queryables",
            f"What can be asked for of {title.lower()}",
            "capabilities",
            _answers("Anything", media_type=SCHEMA),
        ),
        f"{address}/items": _get(
            f"{name}.items",
            title,
            "data",
            _answers("FeatureCollection", media_type=GEOJSON),
            asked,
        ),
        f"{address}/items/{{featureId}}": _get(
            f"{name}.item",
            f"One {shown.singular}",
            "data",
            _answers("Feature", media_type=GEOJSON),
            [_named(parameter) for parameter in taken],
        ),
    }


def _get(identifier: str, summary: str, tag: str, answers: Json, parameters: list[Json] | None = None) -> Json:
    operation = {
        "operationId": identifier,
        "summary": summary,
        "description": f"{summary}.",
        "tags": [tag],
        "parameters": [_named("f-document"), _named("purpose")] if parameters is None else parameters,
        "responses": answers,
    }
    return {"get": operation}


def _answers(schema: str, media_type: str = JSON) -> Json:
    content = {media_type: {"schema": {"$ref": f"#/components/schemas/{schema}"}}, HTML: {"schema": {"type": "string"}}}
    problems = {status: {"$ref": f"#/components/responses/Problem{status}"} for status in PROBLEMS}
    return {"200": {"description": "As asked.", "content": content}, "304": {"description": "Unchanged."}, **problems}


def _problem(text: str) -> Json:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": f"{text}.", "content": {PROBLEM: {"schema": schema}, HTML: {"schema": {"type": "string"}}}}


def _named(name: str) -> Json:
    return {"$ref": f"#/components/parameters/{name}"}


def _property(item: Property) -> Json:
    schema: Json = {"type": JSON_TYPES.get(item.type, item.type)}
    if item.type in {"date", "date-time"}:
        schema["format"] = item.type
    if item.values:
        schema["enum"] = list(item.values)
    return _query(item.name, f"Only features of this value. {item.description}", schema)


def _query(name: str, description: str, schema: Json) -> Json:
    told = {"name": name, "in": "query", "description": description, "required": False}
    return {**told, "schema": schema, "style": "form", "explode": False}


def _parameters(views: list[View]) -> Json:
    systems = [system.uri for system in views[0].systems] if views else []
    system: Json = {"type": "string", "format": "uri", **({"enum": systems} if systems else {})}
    text: Json = {"type": "string"}
    rectangle = {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 6}
    page: Json = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": DEFAULT_PAGE}
    return {
        "limit": _query("limit", "The most features of a page; a larger wish is clamped.", page),
        "after": _query("after", "Token of the next page; follow the link next.", text),
        "bbox": _query("bbox", "Only features that intersect the rectangle.", rectangle),
        "bbox-crs": _query("bbox-crs", "Coordinate reference system of bbox; CRS84 without it.", system),
        "crs": _query("crs", "Coordinate reference system of the answer; CRS84 without it.", system),
        "datetime": _query("datetime", "Only features whose time meets an instant, a day or an interval.", text),
        "filter": _query("filter", "Only features that a CQL2 expression holds of.", text),
        "filter-lang": _query("filter-lang", "Language of the filter.", text | {"enum": list(LANGUAGES)}),
        "filter-crs": _query("filter-crs", "Coordinate reference system of the filter; CRS84 without it.", system),
        "f": _query("f", "Format of the answer.", text | {"enum": list(PAGE_OR_JSON)}),
        "f-item": _query("f", "Format of the answer.", text | {"enum": list(PAGE_OR_JSON)}),
        "f-document": _query("f", "Format of the answer.", text | {"enum": list(PAGE_OR_JSON)}),
        "featureId": {
            "name": "featureId",
            "in": "path",
            "description": "Identifier of the feature.",
            "required": True,
            "schema": text,
        },
        "purpose": {
            "name": "Kvart-Purpose",
            "in": "header",
            "description": "Purpose of use, which exact personal data takes; by default that of the key.",
            "schema": text | {"enum": [purpose.value for purpose in Purpose]},
        },
    }
