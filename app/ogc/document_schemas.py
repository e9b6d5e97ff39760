"""Schemas of the answers, for the OpenAPI 3.0 document."""

from __future__ import annotations

from typing import Any

LINKS: dict[str, Any] = {"type": "array", "items": {"$ref": "#/components/schemas/Link"}}


def _object(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties}


def _text(**more: Any) -> dict[str, Any]:
    return {"type": "string", **more}


def _array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


SCHEMAS: dict[str, Any] = {
    "Anything": {"type": "object"},
    "Link": _object(["href", "rel"], href=_text(), rel=_text(), type=_text(), title=_text()),
    "LandingPage": _object(["links"], title=_text(), description=_text(), links=LINKS),
    "Conformance": _object(["conformsTo"], conformsTo=_array(_text())),
    "Collections": _object(
        ["links", "collections"], links=LINKS, collections=_array({"$ref": "#/components/schemas/Collection"})
    ),
    "Collection": _object(
        ["id", "links"],
        id=_text(),
        title=_text(),
        description=_text(),
        links=LINKS,
        extent={"type": "object"},
        itemType=_text(),
        crs=_array(_text()),
        storageCrs=_text(),
    ),
    "Geometry": _object(["type", "coordinates"], type=_text(), coordinates=_array({})),
    "Feature": _object(
        ["type", "geometry", "properties"],
        type=_text(enum=["Feature"]),
        id={"type": "integer"},
        geometry={"allOf": [{"$ref": "#/components/schemas/Geometry"}], "nullable": True},
        properties={"type": "object", "nullable": True},
        links=LINKS,
    ),
    "FeatureCollection": _object(
        ["type", "features"],
        type=_text(enum=["FeatureCollection"]),
        features=_array({"$ref": "#/components/schemas/Feature"}),
        links=LINKS,
        timeStamp=_text(format="date-time"),
        numberMatched={"type": "integer", "minimum": 0},
        numberMatchedIsEstimate={"type": "boolean"},
        numberReturned={"type": "integer", "minimum": 0},
    ),
    "Problem": _object(
        ["type", "title", "status", "detail"],
        type=_text(),
        title=_text(),
        status={"type": "integer"},
        detail=_text(),
        hint=_text(),
        parameter=_text(),
    ),
}
