"""The OpenAPI document: what programs and people read of the service."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.database.feature_collections import Collection
from app.features.responses import GEOJSON, collection_schemas, feature_schema_name, page_schema_name, views_of
from app.identity.purposes import Purpose
from app.identity.rights import Precision, Right
from app.identity.roles import Role
from app.problems import PROBLEM

Responses = dict[int | str, dict[str, Any]]

SHARED_PARAMETERS = ("limit", "after", "bbox", "datetime")
"""Kept under ``components.parameters``, where GIS clients look for the largest page."""

DESCRIPTION = """\
Hot spots, danger zones and beats with a permanently assigned officer.

Layers are GeoJSON in WGS 84 (CRS84), a page at a time: follow the link `next`. Every error is a problem document
(RFC 9457) that names the parameter or the member of the body. Analyses and imports are runs: `POST` answers at once
with the address of the run, which tells how far it is and then where its result is.
"""

TAGS = {
    "service": "Health, readiness and this document.",
    "municipalities": "The tenants of the service: each has its boundary, working CRS and time zone.",
    "incidents": "Recorded incidents with their exact place and time window.",
    "categories": "Categories of incidents and of concerns.",
    "danger zones": "Places that residents, officers or the municipality named as dangerous.",
    "public counts": "Published counts of incidents, of which small ones are hidden.",
    "open311": "GeoReport v2: public danger zones and new reports, for clients of that standard.",
    "my report": "What the secret link of a report shows, hands out and erases.",
    "areal units": "The smallest areas with residents.",
    "street lights": "Lamps and whether they work.",
    "streets": "Street segments.",
    "fixes": "What is done about places.",
    "officers": "Officers by badge number.",
    "imports": "Files taken in, with what was refused and why.",
    "runs": "Analyses and imports: state, progress, result.",
    "beat plans": "Divisions into beats, and who holds each beat.",
    "maps": "Map documents for people.",
    "audit": "Who did or saw what, when, why and from where.",
}

PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "Problem document (RFC 9457).",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "examples": ["urn:kvart:problem:not_found"]},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "What is wrong."},
        "hint": {"type": "string", "description": "What to do about it."},
        "parameter": {"type": "string", "description": "Query parameter that is wrong."},
        "pointer": {"type": "string", "description": "Member of the body that is wrong."},
        "reason": {"type": "string", "description": "Stable code of the reason, for programs."},
        "errors": {"type": "array", "items": {"type": "object"}, "description": "Every reason that was found."},
    },
}

LINK_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["href", "rel"],
    "properties": {
        "href": {"type": "string", "format": "uri"},
        "rel": {"type": "string"},
        "type": {"type": "string"},
        "title": {"type": "string"},
    },
}

SECURITY_SCHEMES: dict[str, Any] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key of `kvart keys`, or a token of the identity provider that the service believes.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "kvart-session",
        "description": "The cookie of a signed-in browser (over https `__Host-kvart-session`). Unsafe methods must "
        "carry the token of the session as `X-CSRF-Token` or as the form field `csrf_token`.",
    },
}

PURPOSE_PARAMETER: dict[str, Any] = {
    "name": "Kvart-Purpose",
    "in": "header",
    "description": "Purpose of use, without which exact personal data is not shown; by default that of the key or "
    "session.",
    "schema": {"type": "string", "enum": [purpose.value for purpose in Purpose]},
}

LOCATION = {"Location": {"description": "Address of what was made.", "schema": {"type": "string"}}}


def problems(*statuses: int) -> Responses:
    """Return what the document says of these statuses: each is answered with a problem document."""
    content = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def created_feature(collection: Collection) -> Responses:
    """Return what the document says of a feature that was made."""
    return _created(collection, {"$ref": f"#/components/schemas/{feature_schema_name(collection)}"})


def created_features(collection: Collection) -> Responses:
    """Return what the document says of one feature or several that were made."""
    names = (feature_schema_name(collection), page_schema_name(collection))
    return _created(collection, {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in names]})


def _created(collection: Collection, schema: dict[str, Any]) -> Responses:
    content = {GEOJSON: {"schema": schema}}
    return {201: {"description": f"The {collection.singular} as stored.", "headers": LOCATION, "content": content}}


def build_openapi(
    application: FastAPI, collections: Iterable[Collection], rights: Mapping[tuple[str, str], Right]
) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of the application.

    Parameters
    ----------
    application : FastAPI
    collections : iterable of Collection
        The layers whose schemas the document describes.
    rights : mapping of (str, str) to Right
        What each path and method asks for.
    """
    document = get_openapi(
        title=application.title,
        version=application.version,
        description=DESCRIPTION,
        routes=application.routes,
        tags=[{"name": name, "description": text} for name, text in TAGS.items()],
        license_info={"name": "MIT", "identifier": "MIT"},
        servers=[{"url": "/"}],
    )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas |= {"Problem": PROBLEM_SCHEMA, "Link": LINK_SCHEMA}
    for view in (view for collection in collections for view in views_of(collection)):
        schemas |= collection_schemas(view)
    components["securitySchemes"] = SECURITY_SCHEMES
    shared = components.setdefault("parameters", {})
    shared["purpose"] = PURPOSE_PARAMETER
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _tell_right(operation, rights[path, method])
            _correct_answers(operation)
            _share_parameters(operation, shared)
    return document


def _tell_right(operation: dict[str, Any], right: Right) -> None:
    """Say who may, how to show it, and what is answered to those who may not."""
    public = right.precision_for(Role.PUBLIC) is not None
    operation["description"] = f"{operation['description']}\n\n{_who_may(right)}"
    operation["security"] = [{name: []} for name in SECURITY_SCHEMES] + ([{}] if public else [])
    if right.asks_purpose:
        operation.setdefault("parameters", []).append({"$ref": "#/components/parameters/purpose"})
    for status, answer in problems(401, 403, 429).items():
        operation["responses"].setdefault(str(status), answer)


def _who_may(right: Right) -> str:
    exact, coarse, public = (
        [role.value for role, precision in right.precisions.items() if precision is wanted]
        for wanted in (Precision.EXACT, Precision.COARSE, Precision.PUBLIC)
    )
    if len(Role) in {len(exact), len(public)}:
        return "May: everybody."
    others = {"Coarsely": coarse, "What is public": public}
    told = [f" {how}: {', '.join(roles)}." for how, roles in others.items() if roles]
    return f"May: {', '.join(exact)}.{''.join(told)}"


def _correct_answers(operation: dict[str, Any]) -> None:
    """Put what any address may answer in the place of what FastAPI assumes of invalid input."""
    responses = operation["responses"]
    unprocessable = responses.get("422", {}).get("content", {}).get("application/json", {}).get("schema", {})
    if unprocessable.get("$ref", "").endswith("/HTTPValidationError"):
        if PROBLEM in responses["422"]["content"]:
            del responses["422"]["content"]["application/json"]
        else:
            del responses["422"]
    for status, answer in problems(500, 503).items():
        responses.setdefault(str(status), answer)
    operation["responses"] = dict(sorted(responses.items()))


def _share_parameters(operation: dict[str, Any], shared: dict[str, Any]) -> None:
    for index, parameter in enumerate(operation.get("parameters", [])):
        name = parameter.get("name")
        if parameter.get("in") != "query" or name not in SHARED_PARAMETERS:
            continue
        described = parameter | {"style": "form", "explode": False}
        if shared.setdefault(name, described) == described:
            operation["parameters"][index] = {"$ref": f"#/components/parameters/{name}"}
