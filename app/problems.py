"""Every error becomes a problem document (RFC 9457), with nothing of the inside of the service in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from anyio import from_thread
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from analysis.errors import AnalysisError
from app.access import SECRETS, media_type_of
from app.dependencies import Permit
from app.errors import (
    DatabaseUnavailableError,
    KvartError,
    TooManyRequestsError,
    UnauthenticatedError,
    build_problem,
    problem_document,
)
from app.open311.documents import error_at

PROBLEM = "application/problem+json"
SPOKEN_HEADERS = ("retry-after", "www-authenticate", "allow", "connection")
"""What clients of another standard are told besides its error document."""

MOST_ERRORS = 20
MOST_CHARACTERS = 300
LONGEST_ADDRESS = 200

NO_ANSWER = DatabaseUnavailableError("The database does not answer in time.", "Try again in a moment.")


class ProblemResponse(Response):
    """A problem document with the status that it names; at addresses of Open311 the error document of that standard."""

    media_type = PROBLEM

    def __init__(self, document: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
        super().__init__(json.dumps(document, ensure_ascii=False), status_code=document["status"], headers=headers)
        self.document = document

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the document in the language of the address."""
        status = int(self.document["status"])
        if status == HTTPStatus.UNPROCESSABLE_ENTITY:
            status = int(HTTPStatus.BAD_REQUEST)
        told = f"{self.document['detail']} {self.document.get('hint', '')}".strip()
        spoken = error_at(scope.get("path", ""), status, told)
        if spoken is None:
            await super().__call__(scope, receive, send)
            return
        content, media_type = spoken
        kept = {name: value for name, value in self.headers.items() if name in SPOKEN_HEADERS}
        await Response(content, status, kept, media_type)(scope, receive, send)


def register_problem_handlers(application: FastAPI) -> None:
    """Answer every expected error with its problem document."""
    for kind in (KvartError, AnalysisError):
        application.add_exception_handler(kind, _answer_expected)
    application.add_exception_handler(RequestValidationError, _answer_invalid_request)
    application.add_exception_handler(HTTPException, _answer_http)
    for failure in (OperationalError, InterfaceError, PoolTimeoutError):
        application.add_exception_handler(failure, _answer_database_failure)


def unexpected_problem(request_id: str) -> dict[str, Any]:
    """Return the problem document of an error that nobody expected; the log has the rest under the request id."""
    return build_problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "unexpected",
        "Something went wrong that is not your fault.",
        hint="Tell the operator the request id.",
        request_id=request_id,
    )


def _answer_expected(_request: Request, error: Exception) -> Response:
    assert isinstance(error, KvartError | AnalysisError)  # noqa: S101 - registered for these only
    return ProblemResponse(problem_document(error), _headers_of(error))


def _headers_of(error: Exception) -> dict[str, str]:
    """Return what else a client needs to know: how to sign in, or when to come again."""
    if isinstance(error, UnauthenticatedError):
        return {"WWW-Authenticate": 'Bearer realm="Kvart"'}
    if isinstance(error, TooManyRequestsError):
        return {"Retry-After": str(error.retry_after)}
    return {"Retry-After": "5"} if isinstance(error, DatabaseUnavailableError) else {}


def _answer_database_failure(request: Request, _error: Exception) -> Response:
    return _answer_expected(request, NO_ANSWER)


def _answer_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it only
    status = HTTPStatus(error.status_code)
    refusal = _refusal_of(request) if status is HTTPStatus.BAD_REQUEST else None
    if refusal is not None:
        return _answer_expected(request, refusal)
    details = {
        HTTPStatus.NOT_FOUND: f"There is no {_address(request)!r}.",
        HTTPStatus.METHOD_NOT_ALLOWED: f"{request.method[:20]} is not possible at {_address(request)!r}.",
        HTTPStatus.BAD_REQUEST: "The body cannot be read.",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: str(error.detail),
    }
    hints = {
        HTTPStatus.NOT_FOUND: "/docs lists every address.",
        HTTPStatus.METHOD_NOT_ALLOWED: "The header Allow names the methods there are.",
    }
    code = status.name.lower()
    detail = details.get(status, status.description or status.phrase)
    return ProblemResponse(build_problem(status, code, detail, hint=hints.get(status)), error.headers)


def _address(request: Request) -> str:
    """Return the path that was asked for, with the name in the place of each part that is a secret."""
    path = request.url.path
    for name in SECRETS & request.path_params.keys():
        path = path.replace(str(request.path_params[name]), f"{{{name}}}")
    return path[:LONGEST_ADDRESS]


def _answer_invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it only
    refusal = _refusal_of(request)
    if refusal is not None:
        return _answer_expected(request, refusal)
    errors = error.errors()
    places = {item["loc"][0] for item in errors}
    if "path" in places:
        return ProblemResponse(
            build_problem(
                HTTPStatus.NOT_FOUND, "not_found", f"There is no {_address(request)!r}.", errors=_reasons(errors)
            )
        )
    if places & {"query", "header", "cookie"}:
        return _invalid(HTTPStatus.BAD_REQUEST, "bad_parameter", errors)
    if any(item["type"] == "json_invalid" for item in errors):
        return _invalid(HTTPStatus.BAD_REQUEST, "malformed_json", errors)
    if not _is_json(request):
        return ProblemResponse(
            build_problem(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                "unsupported_format",
                "The body has to be JSON.",
                hint="Send Content-Type: application/json or application/geo+json.",
            )
        )
    return _invalid(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_input", errors)


def _refusal_of(request: Request) -> KvartError | None:
    """Return why the caller has no right to what it asks for, where its body was read before anybody looked."""
    route = request.scope.get("route")
    if hasattr(request.state, "access") or not isinstance(route, APIRoute):
        return None
    permit = next(item.dependency for item in route.dependencies if isinstance(item.dependency, Permit))
    try:
        from_thread.run(permit, request)
    except KvartError as error:
        return error
    return None


def _invalid(status: HTTPStatus, code: str, errors: list[Any] | Any) -> Response:
    reasons = _reasons(errors)
    first = reasons[0]
    name, place = first["name"], first["location"]
    member = {"parameter": name} if place == "query" else {"pointer": name}
    label = f"Query parameter '{name}'" if place == "query" else f"Body member '{name}'" if name else "Body"
    return ProblemResponse(build_problem(status, code, f"{label}: {first['reason']}.", **member, errors=reasons))


def _reasons(errors: list[Any] | Any) -> list[dict[str, str]]:
    return [
        {
            "location": str(item["loc"][0]),
            "name": ".".join(str(part) for part in item["loc"][1:])[:MOST_CHARACTERS],
            "reason": str(item["msg"]).removeprefix("Value error, ")[:MOST_CHARACTERS],
        }
        for item in list(errors)[:MOST_ERRORS]
    ]


def _is_json(request: Request) -> bool:
    media_type = media_type_of(request)
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))
