"""The API document (OpenAPI) arranged for a page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Parameter:
    """A parameter of an operation, for a table row."""

    name: str
    place: str
    required: bool
    kind: str
    description: str


@dataclass(frozen=True)
class Operation:
    """An operation, for a block of the page."""

    anchor: str
    method: str
    path: str
    summary: str
    description: str
    parameters: list[Parameter]
    example: str
    answers: list[tuple[str, str, str]]


@dataclass(frozen=True)
class Section:
    """The operations of one tag."""

    name: str
    description: str
    operations: list[Operation]


def reference_sections(document: dict[str, Any]) -> list[Section]:
    """Return the operations of the document by tag, in the order of its tags; tags without operations are left out."""
    by_tag: dict[str, list[Operation]] = {tag["name"]: [] for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            arranged = _operation(document, method.upper(), path, operation)
            by_tag.setdefault(operation["tags"][-1], []).append(arranged)
    described = {tag["name"]: tag["description"] for tag in document["tags"]}
    return [Section(name, described.get(name, ""), operations) for name, operations in by_tag.items() if operations]


def _operation(document: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> Operation:
    return Operation(
        anchor=operation["operationId"],
        method=method,
        path=path,
        summary=operation["summary"],
        description=operation.get("description", ""),
        parameters=[_parameter(_resolved(document, item)) for item in operation.get("parameters", [])],
        example=_example(document, operation),
        answers=[
            (status, answer["description"], ", ".join(answer.get("content", {})))
            for status, answer in ((code, _resolved(document, item)) for code, item in operation["responses"].items())
        ],
    )


def _resolved(document: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in item:
        found: Any = document
        for part in item["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        item = found
    return item


def _parameter(item: dict[str, Any]) -> Parameter:
    schema = item["schema"]
    options = [option for option in schema.get("anyOf", [schema]) if option.get("type") != "null"]
    kinds = [" | ".join(map(str, option["enum"])) if "enum" in option else option.get("type", "") for option in options]
    return Parameter(
        name=item["name"],
        place=item["in"],
        required=item.get("required", False),
        kind=", ".join(kinds),
        description=item.get("description", ""),
    )


def _example(document: dict[str, Any], operation: dict[str, Any]) -> str:
    """Return the first example of the body, of its own or of the first schema that has one."""
    for content in operation.get("requestBody", {}).get("content", {}).values():
        for example in content.get("examples", {}).values():
            return json.dumps(example["value"], indent=2, ensure_ascii=False)
        found = _schema_example(document, content.get("schema", {}))
        if found is not None:
            return json.dumps(found, indent=2, ensure_ascii=False)
    return ""


def _schema_example(document: dict[str, Any], schema: dict[str, Any]) -> Any:
    schema = _resolved(document, schema)
    if schema.get("examples"):
        return schema["examples"][0]
    for option in (*schema.get("oneOf", ()), *schema.get("anyOf", ())):
        found = _schema_example(document, option)
        if found is not None:
            return found
    return None
