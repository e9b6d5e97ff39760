"""Pages for people: one look, one policy, nothing inline, and always who is signed in."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from app.access import CSRF_FIELD, Access
from app.identity import sessions
from app.identity.caller import ANONYMOUS, Caller
from app.identity.cookies import FORM, read_cookie, session_cookie, set_cookie
from app.identity.purposes import Purpose
from app.languages.phrases import ENGLISH, NAMES, phrase, phrase_or

WEB = Path(__file__).parent
TEMPLATES = Environment(
    loader=FileSystemLoader(WEB / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
FORM_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def mark_code(text: str) -> Markup:
    """Return text as HTML in which what stands between backticks is code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped before


def in_words(name: str) -> str:
    """Return the name of a role or a purpose as people write it."""
    return name.replace("-", " ").capitalize()


TEMPLATES.filters.update(mark_code=mark_code, in_words=in_words)
TEMPLATES.globals.update(
    PURPOSES=tuple(Purpose), CSRF_FIELD=CSRF_FIELD, LANGUAGES=NAMES, phrase=phrase, phrase_or=phrase_or
)


def page_policy(form_targets: Iterable[str] = (), nonce: str | None = None) -> str:
    """Return the Content-Security-Policy of a page: forms to us and to the given origins.

    No script runs, unless a nonce is given: then those that carry it, and they ask nobody but us.
    """
    targets = " ".join(["'self'", *form_targets])
    scripts = "" if nonce is None else f"script-src 'nonce-{nonce}'; connect-src 'self'; "
    images = "'self'" if nonce is None else "'self' blob:"
    return (
        f"default-src 'none'; {scripts}style-src 'self'; img-src {images}; base-uri 'none'; "
        f"form-action {targets}; frame-ancestors 'none'"
    )


def viewer_of(request: Request) -> Caller:
    """Return who looks at the page; the public where the request was refused before anybody was recognised."""
    access: Access | None = getattr(request.state, "access", None)
    return access.caller if access is not None else ANONYMOUS


def render_page(
    request: Request,
    name: str,
    *,
    status: int = 200,
    form_targets: Iterable[str] = (),
    language: str = ENGLISH,
    nonce: str | None = None,
    **context: Any,
) -> HTMLResponse:
    """Return a page.

    Parameters
    ----------
    request : Request
    name : str
        Of the template.
    status : int
    form_targets : iterable of str
        Other origins that a form of the page leads to.
    language : str
        Of the page.
    nonce : str, optional
        What the scripts of the page carry; without it none runs.
    **context
        What the template shows.
    """
    own, kept = form_token(request)
    told = {"viewer": viewer_of(request), "csrf_token": own, "language": language, "nonce": nonce, **context}
    html = TEMPLATES.get_template(name).render(told)
    headers = {
        "Content-Security-Policy": page_policy(form_targets, nonce),
        "Referrer-Policy": "same-origin",  # with no-referrer a browser would not tell its origin when it sends a form
    }
    response = HTMLResponse(html, status_code=status, headers=headers)
    if not kept:
        set_cookie(request, response, FORM, own)
    return response


def form_token(request: Request) -> tuple[str, bool]:
    """Return what the forms of a page carry, and whether the browser has its counterpart already.

    In a session it is derived from the session's secret; before, it is a random text that a cookie repeats.
    """
    session = session_cookie(request)
    if session is not None and viewer_of(request).kind == "account":
        return sessions.csrf_token(session), True
    known = read_cookie(request, FORM)
    return (known, True) if known and FORM_TOKEN.fullmatch(known) else (secrets.token_urlsafe(32), False)
