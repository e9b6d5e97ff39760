"""JSON schemas of the features of a layer: what they show, and what can be asked for."""

from __future__ import annotations

from typing import Any

from app.database.feature_collections import Property
from app.ogc.filter_conditions import GEOMETRY
from app.ogc.layers import View
from app.ogc.values import is_comparable

DIALECT = "https://json-schema.org/draft/2020-12/schema"
GEOMETRY_FORMATS = {
    frozenset({"Point"}): "geometry-point",
    frozenset({"LineString"}): "geometry-linestring",
    frozenset({"Polygon"}): "geometry-polygon",
    frozenset({"MultiPolygon"}): "geometry-multipolygon",
    frozenset({"LineString", "MultiLineString"}): "geometry-linestring-or-multilinestring",
    frozenset({"Polygon", "MultiPolygon"}): "geometry-polygon-or-multipolygon",
}


def schema_of(view: View, address: str) -> dict[str, Any]:
    """Return what the features of a layer show (Part 5: returnables)."""
    identifier = {"type": "integer", "title": "Identifier", "x-ogc-role": "id", "readOnly": True}
    properties = {item.name: _property(item) for item in view.collection.properties}
    return _schema(view, address, {"id": identifier, **properties})


def queryables_of(view: View, address: str) -> dict[str, Any]:
    """Return what can be asked for, by a filter or by a parameter of that name (Part 3: queryables)."""
    properties = {item.name: _property(item) for item in view.collection.properties if is_comparable(item)}
    return _schema(view, address, properties)


def _schema(view: View, address: str, properties: dict[str, Any]) -> dict[str, Any]:
    shown = view.collection
    kind = GEOMETRY_FORMATS.get(frozenset(shown.geometry_types), "geometry-any")
    place = {"title": "Place", "x-ogc-role": "primary-geometry", "format": kind}
    return {
        "$schema": DIALECT,
        "$id": address,
        "type": "object",
        "title": shown.title,
        "description": shown.description,
        "properties": {GEOMETRY: place, **properties},
        "additionalProperties": False,
    }


def _property(item: Property) -> dict[str, Any]:
    formats = {"date": "date", "date-time": "date-time"}
    kind = "string" if item.type in {*formats, "month"} else item.type
    schema: dict[str, Any] = {"type": kind, "title": item.name.replace("_", " ").capitalize()}
    schema["description"] = item.description
    if item.type in formats:
        schema["format"] = formats[item.type]
    if item.values:
        schema["enum"] = list(item.values)
    return schema
