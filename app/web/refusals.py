"""Errors as people see them: a page in place of a problem document where a browser shows the answer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from http import HTTPStatus
from inspect import iscoroutinefunction
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from app.identity.cookies import SAFE_METHODS, SESSION, drop_cookie, session_cookie
from app.languages.negotiating import language_of
from app.languages.phrases import ENGLISH
from app.languages.refusing import refusal_of
from app.problems import ProblemResponse
from app.web.pages import render_page

SIGN_IN = "/sign-in"
RESIDENTS = re.compile(r"/(report|reported|my-report)(/.*)?|/municipalities/[^/]*/danger-zones(/similar|/\d+/me-too)?")
"""Addresses at which residents report, who read why something was refused in their language."""
KEPT_HEADERS = ("www-authenticate", "retry-after")


def is_browsing(request: Request) -> bool:
    """Return whether a browser will show the answer as a page."""
    shown = request.headers.get("sec-fetch-dest", "document") in {"document", "iframe"}
    return shown and "text/html" in request.headers.get("accept", "")


def show_refusals_as_pages(application: FastAPI) -> None:
    """Let browsers see pages where the handlers of errors answer problem documents."""
    for kind, handler in list(application.exception_handlers.items()):
        if not iscoroutinefunction(handler):
            application.add_exception_handler(kind, _with_page(handler))


def _with_page(handler: Callable[[Request, Any], Any]) -> Callable[[Request, Exception], Response]:
    def answer(request: Request, error: Exception) -> Response:
        response: Response = handler(request, error)
        if not isinstance(response, ProblemResponse):
            return response
        problem, language = _for_residents(request, json.loads(bytes(response.body)))
        if not is_browsing(request):
            return _translated(response, problem, language)
        page = _page_of(request, problem, language)
        if "retry-after" in response.headers:
            page.headers["Retry-After"] = response.headers["retry-after"]
        return page

    return answer


def refuse_unread(request: Request, problem: dict[str, Any]) -> Response:
    """Return the answer to a request that is refused before any route is found, in its sender's language."""
    problem, language = _for_residents(request, problem)
    if is_browsing(request):
        return _page_of(request, problem, language)
    return _translated(ProblemResponse(problem), problem, language)


def _for_residents(request: Request, problem: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Return a problem, at the addresses of residents in their language, and the language that it is told in."""
    language = language_of(request) if RESIDENTS.fullmatch(request.url.path) else ENGLISH
    sentence = None if language == ENGLISH else refusal_of(language, problem)
    if sentence is None:
        return problem, ENGLISH
    return {**{name: value for name, value in problem.items() if name != "hint"}, "detail": sentence}, language


def _translated(response: ProblemResponse, problem: dict[str, Any], language: str) -> Response:
    if language == ENGLISH:
        return response
    kept = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    return ProblemResponse(problem, {**kept, "Content-Language": language})


def _page_of(request: Request, problem: dict[str, Any], language: str) -> Response:
    """Return the page of a problem; who is not signed in is led to the page for it, and back afterwards.

    A session that is no longer valid is taken from the browser, so that what is open to all stays open to it.
    """
    if problem["status"] != HTTPStatus.UNAUTHORIZED:
        return render_page(request, "refusal.html", status=problem["status"], language=language, problem=problem)
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    reading, known = request.method in SAFE_METHODS, session_cookie(request) is not None
    elsewhere = f"{SIGN_IN}?{urlencode({'next': here})}" if reading else SIGN_IN
    response = RedirectResponse(here if known and reading else elsewhere, HTTPStatus.SEE_OTHER)
    if known:
        drop_cookie(request, response, SESSION)
    return response
