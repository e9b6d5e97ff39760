"""Parts that the OpenAPI 3.0 document is put together from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.ogc.answers import HTML, JSON
from app.problems import PROBLEM

Json = dict[str, Any]

PROBLEMS = {
    "400": "A parameter or the body cannot be used",
    "401": "It takes a credential, or the one given does not hold",
    "403": "No right, or no purpose of use",
    "404": "There is no such thing",
    "406": "Not in this format",
    "409": "Its present state does not allow this",
    "413": "The body is too large",
    "415": "The body is not JSON",
    "422": "An input cannot be used",
    "429": "Too many requests",
    "500": "Something went wrong that is not your fault",
    "503": "The database does not answer",
}
OF_READING = ("400", "401", "403", "404", "406", "429", "500", "503")


def operation(
    identifier: str, summary: str, tag: str, responses: Json, parameters: list[Json] | None = None, method: str = "get"
) -> Json:
    """Return an operation; without parameters it takes the format and the purpose of use."""
    told = {
        "operationId": identifier,
        "summary": summary,
        "description": f"{summary}.",
        "tags": [tag],
        "parameters": [named("f"), named("purpose")] if parameters is None else parameters,
        "responses": responses,
    }
    return {method: told}


def read_answers(schema: str, media_type: str = JSON) -> Json:
    """Return the answers of an operation that reads: the document, its page, unchanged, and problems."""
    content = {media_type: {"schema": schema_named(schema)}, HTML: {"schema": {"type": "string"}}}
    return {
        "200": {"description": "As asked.", "content": content},
        "304": {"description": "Unchanged."},
        **problem_answers(OF_READING),
    }


def problem_answers(statuses: tuple[str, ...]) -> Json:
    """Return the answers that are problem documents."""
    return {status: {"$ref": f"#/components/responses/Problem{status}"} for status in statuses}


def problem_responses() -> Json:
    """Return the components that these refer to."""
    content = {PROBLEM: {"schema": schema_named("Problem")}, HTML: {"schema": {"type": "string"}}}
    return {f"Problem{status}": {"description": f"{text}.", "content": content} for status, text in PROBLEMS.items()}


def schema_named(name: str) -> Json:
    """Return the reference to a schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def named(name: str) -> Json:
    """Return the reference to a parameter."""
    return {"$ref": f"#/components/parameters/{name}"}


def query(name: str, description: str, schema: Mapping[str, Any]) -> Json:
    """Return a parameter of the query."""
    told = {"name": name, "in": "query", "description": description, "required": False}
    return {**told, "schema": dict(schema), "style": "form", "explode": False}


def path_part(name: str, description: str, schema: Mapping[str, Any]) -> Json:
    """Return a parameter of the path."""
    return {"name": name, "in": "path", "description": description, "required": True, "schema": dict(schema)}
