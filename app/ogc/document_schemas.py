"""Schemas of the answers, for the OpenAPI 3.0 document."""

from __future__ import annotations

from typing import Any

LINKS: dict[str, Any] = {"type": "array", "items": {"$ref": "#/components/schemas/Link"}}


def _object(required: list[str], **properties: Any) -> dict[str, Any]:
    told: dict[str, Any] = {"required": required} if required else {}
    return {"type": "object", **told, "properties": properties}


def _text(**more: Any) -> dict[str, Any]:
    return {"type": "string", **more}


def _array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


PROCESS: dict[str, Any] = _object(
    ["id", "version"],
    id=_text(),
    title=_text(),
    description=_text(),
    version=_text(),
    jobControlOptions=_array(_text(enum=["sync-execute", "async-execute", "dismiss"])),
    outputTransmission=_array(_text(enum=["value", "reference"])),
    links=LINKS,
)

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
    "TileMatrixSets": _object(["tileMatrixSets"], tileMatrixSets=_array({"type": "object"}), links=LINKS),
    "TileMatrixSet": _object(
        ["tileMatrices"], id=_text(), title=_text(), uri=_text(), crs=_text(), tileMatrices=_array({"type": "object"})
    ),
    "TileSets": _object(["tilesets"], tilesets=_array({"type": "object"}), links=LINKS),
    "ProcessList": _object(
        ["processes", "links"], processes=_array({"$ref": "#/components/schemas/ProcessSummary"}), links=LINKS
    ),
    "ProcessSummary": PROCESS,
    "Process": {
        "allOf": [
            {"$ref": "#/components/schemas/ProcessSummary"},
            _object(["inputs", "outputs"], inputs={"type": "object"}, outputs={"type": "object"}),
        ]
    },
    "Execute": {
        **_object(
            [],
            inputs={"type": "object", "description": "By name, as the process describes them: values, no references."},
            outputs={"type": "object", "additionalProperties": {"$ref": "#/components/schemas/WantedOutput"}},
            response=_text(enum=["raw", "document"], default="document"),
        ),
        "additionalProperties": False,
    },
    "WantedOutput": {
        **_object([], format={"type": "object"}, transmissionMode=_text(enum=["value", "reference"])),
        "additionalProperties": False,
    },
    "StatusInfo": _object(
        ["jobID", "status", "type"],
        jobID=_text(),
        processID=_text(),
        type=_text(enum=["process"]),
        status=_text(enum=["accepted", "running", "successful", "failed", "dismissed"]),
        message=_text(),
        progress={"type": "integer", "minimum": 0, "maximum": 100},
        created=_text(format="date-time"),
        started=_text(format="date-time"),
        finished=_text(format="date-time"),
        updated=_text(format="date-time"),
        links=LINKS,
    ),
    "JobList": _object(["jobs", "links"], jobs=_array({"$ref": "#/components/schemas/StatusInfo"}), links=LINKS),
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
