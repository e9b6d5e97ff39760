"""What the processes of the API are, made from the kinds of runs and their parameters.

OGC API - Processes, Part 1 (OGC 18-062r2). A kind of run that is registered is a process; nothing has to be added here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from pydantic import BaseModel, Field

from app.analyses.kinds import ANALYSES
from app.errors import NotFoundError
from app.features.responses import GEOJSON
from app.imports.schemas import ImportRequest
from app.ogc.links import Link, link, representations, root_of
from app.runs.parameters import PARAMETERS_OF_KIND
from app.runs.schemas import MAX_SEED

EXCEPTIONS = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0"
RELATIONS = "http://www.opengis.net/def/rel/ogc/1.0"
UNIT_ROLE = "http://www.opengis.net/def/rel/ogc/1.0/unit"
PROCESS_VERSION = "1.0.0"

TITLES = {
    "beat-allocation": "Beats with an officer each",
    "beat-redraw": "Beats drawn anew from those in force",
    "officer-assignment": "Officers for the beats of a plan",
    "trade-off": "What evenness, compactness and continuity of beats cost",
    "import": "A file taken in",
}
"""Of the kinds that are no analysis of ``app.analyses.kinds``."""

LONG = frozenset(
    {"back-test", "sensitivity", "network-density", "beat-allocation", "beat-redraw", "trade-off", "import"}
)
"""Processes that are done asynchronously only: they may take minutes."""

UNITS = {"_m": "m", "_s": "s", "_days": "d", "_hours": "h", "_per_km2": "km-2", "_share": "1"}
"""Unit (UCUM) of an input by the end of its name."""

UNITS_BY_NAME = {
    "confidence": "%",
    "least_confidence": "%",
    "contour_levels": "km-2",
    "budget": "{currency}",
    "emerging-hot-spots.step": "d",
    "back-test.fit": "{unit}",
    "back-test.score": "{unit}",
    "back-test.step": "{unit}",
}
"""Unit of an input by its name, or by process and name; ``{unit}`` is what its input ``unit`` names."""
NUMBER_TYPES = frozenset({"number", "integer"})
NO_QUANTITIES = ("_id", "seed")
COUNTED = "1"

OUTPUTS: dict[str, tuple[str, str, str]] = {
    "result": ("Result", "Layer of the result, a page at a time", GEOJSON),
    "places": ("Places", "Layer with exact places, for those who see incidents", GEOJSON),
    "raster": ("Raster", "Density as GeoTIFF", "image/tiff"),
    "table": ("Table", "First table of the result", "application/json"),
    "map": ("Map", "Map for a browser", "text/html"),
    "chart": ("Chart", "First chart of the result", "image/svg+xml"),
    "report": ("Report", "Report to print", "application/pdf"),
    "collection": ("Collection", "Layer of the result in the OGC API", "application/json"),
    "beat-plan": ("Plan", "Plan of the beats", "application/json"),
}
"""What a run may result in, by relation of the links of ``app.runs.presenting``."""

SUMMARY = "summary"


class ImportInputs(ImportRequest):
    """A file of incidents, reports or another kind, with where it comes from."""

    file: str = Field(description="Content of the file as text (CSV, GeoJSON).", max_length=1024 * 1024)
    file_name: str = Field(description="Its name, which tells the format, for example `may.csv`.", max_length=120)


@dataclass(frozen=True)
class Process:
    """A process: a kind of run as the standard describes it.

    Attributes
    ----------
    kind : str
    title : str
    parameters : type of BaseModel
    """

    kind: str
    title: str
    parameters: type[BaseModel]

    @property
    def description(self) -> str:
        """First sentence of what it takes."""
        return (self.parameters.__doc__ or self.title).strip().partition("\n")[0]

    @property
    def waits(self) -> bool:
        """Whether the answer may wait for the result."""
        return self.kind not in LONG


def processes() -> Iterator[Process]:
    """Give every process: one for each kind of run."""
    for kind, parameters in PARAMETERS_OF_KIND.items():
        title = ANALYSES[kind].title if kind in ANALYSES else TITLES.get(kind, kind)
        yield Process(kind, title, parameters)
    yield Process("import", TITLES["import"], ImportInputs)


def find_process(kind: str) -> Process:
    """Return a process.

    Raises
    ------
    NotFoundError
        There is none of this name.
    """
    for process in processes():
        if process.kind == kind:
            return process
    raise NotFoundError(
        f"There is no process {kind[:80]!r}.", "/processes lists them.", type=f"{EXCEPTIONS}/no-such-process"
    )


def describe_processes(request: Request, limit: int) -> dict[str, Any]:
    """Return the list of processes, of which at most ``limit`` are told."""
    root = root_of(request)
    told = [_summary(root, process) for process in processes()][:limit]
    return {"processes": told, "links": representations(request, "Processes")}


def describe_process(request: Request, process: Process) -> dict[str, Any]:
    """Return what a process does, takes and results in."""
    root = root_of(request)
    document = _summary(root, process)
    document["inputs"] = _inputs(process)
    document["outputs"] = _outputs()
    document["links"] = [
        *representations(request, process.title),
        link(f"{root}/processes/{process.kind}/execution", f"{RELATIONS}/execute", "Execute it"),
    ]
    return document


def _summary(root: str, process: Process) -> dict[str, Any]:
    links: list[Link] = [link(f"{root}/processes/{process.kind}", "self", process.title)]
    return {
        "id": process.kind,
        "title": process.title,
        "description": process.description,
        "version": PROCESS_VERSION,
        "jobControlOptions": [*(["sync-execute"] if process.waits else []), "async-execute", "dismiss"],
        "outputTransmission": ["value", "reference"],
        "links": links,
    }


def _inputs(process: Process) -> dict[str, Any]:
    schema = process.parameters.model_json_schema()
    required = set(schema.get("required", ()))
    inputs = {
        name: _input(process.kind, name, _resolved(described, schema.get("$defs", {})), required=name in required)
        for name, described in schema["properties"].items()
    }
    if process.kind != "import":
        seed = {"type": "integer", "minimum": 0, "maximum": MAX_SEED, "description": "Seed of the random numbers."}
        inputs["seed"] = _input(process.kind, "seed", seed, required=False)
    return inputs


def unit_of(kind: str, name: str, schema: dict[str, Any]) -> str | None:
    """Return the unit (UCUM) of an input of a process: that of its name, 1 for other numbers, None for no quantity."""
    if not is_quantity(name, schema):
        return None
    named = UNITS_BY_NAME.get(f"{kind}.{name}", UNITS_BY_NAME.get(name))
    return named or next((unit for end, unit in UNITS.items() if name.endswith(end)), COUNTED)


def is_quantity(name: str, schema: dict[str, Any]) -> bool:
    """Tell whether an input is a number, or a list of numbers, that measures or counts."""
    if name.endswith(NO_QUANTITIES):
        return False
    choices = [schema, *schema.get("anyOf", ())]
    items = [choice["items"] for choice in choices if isinstance(choice.get("items"), dict)]
    return any(choice.get("type") in NUMBER_TYPES for choice in (*choices, *items))


def _input(kind: str, name: str, schema: dict[str, Any], *, required: bool) -> dict[str, Any]:
    unit = unit_of(kind, name, schema)
    metadata = [{"title": unit, "role": UNIT_ROLE}] if unit else []
    return {
        "title": schema.get("title", name),
        "description": schema.get("description", ""),
        "minOccurs": int(required),
        "maxOccurs": 1,
        "metadata": metadata,
        "schema": schema,
    }


def _resolved(schema: Any, definitions: dict[str, Any]) -> Any:
    """Return a schema that refers to nothing outside of itself."""
    if isinstance(schema, list):
        return [_resolved(part, definitions) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        target = definitions[schema["$ref"].rpartition("/")[2]]
        return _resolved({**target, **{name: part for name, part in schema.items() if name != "$ref"}}, definitions)
    return {name: _resolved(part, definitions) for name, part in schema.items() if name != "discriminator"}


def _outputs() -> dict[str, Any]:
    told = {
        SUMMARY: {
            "title": "Summary",
            "description": "What the result says about itself: counts, notices, layers and tables.",
            "schema": {"type": "object", "contentMediaType": "application/json"},
        }
    }
    for name, (title, description, media_type) in OUTPUTS.items():
        schema = {"type": "string", "format": "uri", "contentMediaType": media_type}
        told[name] = {"title": title, "description": description, "schema": schema}
    return told
