"""GeoJSON answers and what the API document says about them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from fastapi import Request, Response
from starlette.datastructures import URL

from app.database.coarse_views import coarse_view, lattice_at
from app.database.feature_collections import Collection, Property
from app.database.feature_pages import FeaturePage
from app.database.public_views import PUBLIC_VIEWS
from app.features.parameters import page_token

GEOJSON = "application/geo+json"
MONTH_PATTERN = r"^[0-9]{4,}-(0[1-9]|1[0-2])$"


def feature_page_response(request: Request, page: FeaturePage, *, status: int = 200) -> Response:
    """Return a page as a GeoJSON feature collection; the link ``next`` repeats every parameter of the request."""
    links = [_link(request.url, "self", "This page")]
    if page.next_after is not None:
        following = request.url.include_query_params(after=page_token(page.next_after))
        links.append(_link(following, "next", "Next page"))
    tail = json.dumps({"numberReturned": page.number_returned, "links": links}, ensure_ascii=False)
    content = f'{{"type":"FeatureCollection","features":[{page.features}],{tail[1:]}'
    return Response(content, status_code=status, media_type=GEOJSON)


def feature_response(feature: str, *, status: int = 200, location: str | None = None) -> Response:
    """Return one GeoJSON feature; ``location`` is the address of what was made."""
    headers = {} if location is None else {"Location": location}
    return Response(feature, status_code=status, media_type=GEOJSON, headers=headers)


def _link(url: URL, relation: str, title: str) -> dict[str, str]:
    return {"href": str(url), "rel": relation, "type": GEOJSON, "title": title}


def page_of(collection: Collection) -> dict[int | str, dict[str, Any]]:
    """Return what the API document says of a page of the collection."""
    return _answer(f"A page of {collection.title.lower()}.", collection, page_schema_name)


def one_of(collection: Collection) -> dict[int | str, dict[str, Any]]:
    """Return what the API document says of one feature of the collection."""
    return _answer(f"The {collection.singular}.", collection, feature_schema_name)


def _answer(
    description: str, collection: Collection, schema_name: Callable[[Collection], str]
) -> dict[int | str, dict[str, Any]]:
    schemas = [{"$ref": f"#/components/schemas/{schema_name(view)}"} for view in views_of(collection)]
    content = {GEOJSON: {"schema": schemas[0] if len(schemas) == 1 else {"anyOf": schemas}}}
    return {200: {"description": description, "content": content}}


def views_of(collection: Collection) -> tuple[Collection, ...]:
    """Return the collection with its other views; the document is the same whatever lattice a coarse one has."""
    views = [collection]
    public = PUBLIC_VIEWS.get(collection.name, collection)
    if public is not collection:
        views.append(public)
    if any(item.coarse for item in collection.properties):
        views.append(coarse_view(collection, lattice_at(0.0, "UTC")))
    return tuple(views)


def feature_schema_name(collection: Collection) -> str:
    """Return the name of the schema of one feature."""
    return f"{_schema_stem(collection)}Out"


def page_schema_name(collection: Collection) -> str:
    """Return the name of the schema of a page."""
    return f"{_schema_stem(collection)}Page"


def _schema_stem(collection: Collection) -> str:
    words = [*(["coarse"] if collection.coarse else []), *collection.singular.split()]
    return "".join(word.capitalize() for word in words)


def collection_schemas(collection: Collection) -> dict[str, dict[str, Any]]:
    """Return the JSON schemas of one feature and of a page of the collection, by name."""
    geometry: dict[str, Any] = {
        "type": "object",
        "required": ["type", "coordinates"],
        "properties": {
            "type": {"enum": list(collection.geometry_types)},
            "coordinates": {"type": "array", "description": "Longitude and latitude, WGS 84 degrees."},
        },
    }
    names = [item.name for item in collection.properties]
    feature = {
        "type": "object",
        "description": collection.description,
        "required": ["type", "id", "geometry", "properties"],
        "properties": {
            "type": {"const": "Feature"},
            "id": {"type": "integer"},
            "geometry": {"anyOf": [geometry, {"type": "null"}]} if collection.geometry_optional else geometry,
            "properties": {
                "type": "object",
                "required": names,
                "properties": {item.name: property_schema(item) for item in collection.properties},
                "additionalProperties": False,
            },
        },
    }
    page = {
        "type": "object",
        "required": ["type", "features", "numberReturned", "links"],
        "properties": {
            "type": {"const": "FeatureCollection"},
            "features": {"type": "array", "items": {"$ref": f"#/components/schemas/{feature_schema_name(collection)}"}},
            "numberReturned": {"type": "integer", "minimum": 0},
            "links": {"type": "array", "items": {"$ref": "#/components/schemas/Link"}},
        },
    }
    return {feature_schema_name(collection): feature, page_schema_name(collection): page}


def property_schema(item: Property) -> dict[str, Any]:
    """Return the JSON schema of a property; every property may be null."""
    formats = {"date": "date", "date-time": "date-time"}
    kind = "string" if item.type in {*formats, "month"} else item.type
    schema: dict[str, Any] = {"type": [kind, "null"], "description": item.description}
    if item.type in formats:
        schema["format"] = formats[item.type]
    if item.type == "month":
        schema["pattern"] = MONTH_PATTERN
    if item.values:
        schema["enum"] = [*item.values, None]
    return schema
