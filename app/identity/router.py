"""Pages to sign in and out: by password, by a link that works once, or at the organisation."""

from __future__ import annotations

import json
import secrets
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import quote, unquote, urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.audit import service as audit
from app.audit.service import AuditEvent
from app.database.roles import DatabaseRole
from app.database.sessions import Database
from app.dependencies import DatabaseDep, SettingsDep, permit
from app.errors import ForbiddenError, KvartError, NotFoundError, TooManyRequestsError, UnauthenticatedError, status_of
from app.identity import service, sessions
from app.identity.caller import ANONYMOUS
from app.identity.cookies import (
    FORM,
    OIDC,
    SESSION,
    drop_cookie,
    may_sign_in,
    own_origin,
    read_cookie,
    session_cookie,
    set_cookie,
)
from app.identity.forms import form_of
from app.identity.oidc import CodeFlow, IssuerConnection, SignInAttempt
from app.identity.purposes import Purpose
from app.identity.schemas import BeginForm, EmptyForm, PasswordSignInForm, own_address
from app.identity.sessions import NewSession
from app.rate_limits import count_attempt
from app.settings import Settings
from app.web.pages import render_page

ATTEMPT_SECONDS = 600
"""How long somebody may take at the sign-in page of the organisation."""
RETURN = "/sign-in/oidc/return"
REFUSED = {
    "password": "Name or password is wrong, or the account is closed or locked for a while after too many attempts.",
    "link": "This link was used already, or is too old. Ask for another.",
    "organisation": "The sign-in at your organisation did not succeed. Begin again.",
}

router = APIRouter(include_in_schema=False)


@router.get("/sign-in", dependencies=[permit("sessions", "create")])
def show_sign_in(request: Request, settings: SettingsDep, next: str = "/") -> Response:  # noqa: A002
    """Show the ways to sign in."""
    return _sign_in_page(request, settings, own_address(next))


@router.post("/sign-in", dependencies=[permit("sessions", "create")])
def sign_in(
    request: Request,
    database: DatabaseDep,
    settings: SettingsDep,
    form: Annotated[PasswordSignInForm, form_of(PasswordSignInForm)],
) -> Response:
    """Sign in by name and password."""
    try:
        _admit_attempt(request, settings)
        begun = service.sign_in_with_password(database, form.name, form.password, settings.accounts)
    except (UnauthenticatedError, TooManyRequestsError) as error:
        told = _refuse(request, database, "password", error)
        return _sign_in_page(request, settings, form.next, status_of(error), told)
    return _begin(request, database, begun, form, "password")


@router.post("/sign-in/oidc", dependencies=[permit("sessions", "create")])
def leave_for_organisation(
    request: Request, settings: SettingsDep, form: Annotated[BeginForm, form_of(BeginForm)]
) -> Response:
    """Send the browser to the organisation's own sign-in page."""
    _admit_attempt(request, settings)
    attempt = SignInAttempt.new()
    address = _code_flow(request).authorization_address(attempt, own_origin(request) + RETURN)
    response = RedirectResponse(address, HTTPStatus.SEE_OTHER)
    kept = {"secret": attempt.secret, "purpose": form.purpose.value, "next": form.next}
    set_cookie(request, response, OIDC, quote(json.dumps(kept)), ATTEMPT_SECONDS)
    return response


@router.get(RETURN, dependencies=[permit("sessions", "create")])
def come_back_from_organisation(request: Request, database: DatabaseDep, settings: SettingsDep) -> Response:
    """Sign in whom the organisation vouches for; the browser has to be the one that left."""
    form, attempt = _kept_attempt(request)
    try:
        _admit_attempt(request, settings)
        flow, told = _code_flow(request), request.query_params
        same = secrets.compare_digest(told.get("state", "").encode(), attempt.state.encode())
        if not same or told.get("iss", flow.provider.issuer) != flow.provider.issuer or not told.get("code"):
            raise service.refusal()
        identity = flow.redeem(attempt, told["code"], own_origin(request) + RETURN)
        with database.transaction(DatabaseRole.IDENTITY) as session:
            begun = service.sign_in_external(session, identity, settings.accounts)
    except (UnauthenticatedError, TooManyRequestsError) as error:
        text = _refuse(request, database, "organisation", error)
        response: Response = _sign_in_page(request, settings, form.next, status_of(error), text)
    else:
        response = _begin(request, database, begun, form, "organisation")
    drop_cookie(request, response, OIDC)
    return response


@router.get("/sign-in/{token}", dependencies=[permit("sessions", "create")])
def show_link(request: Request, token: str) -> Response:
    """Show the button of a link; looking alone, as mail scanners do, does not use it up."""
    return _link_page(request, token)


@router.post("/sign-in/{token}", dependencies=[permit("sessions", "create")])
def use_link(
    request: Request,
    token: str,
    database: DatabaseDep,
    settings: SettingsDep,
    form: Annotated[BeginForm, form_of(BeginForm)],
) -> Response:
    """Sign in by a link that works once."""
    try:
        _admit_attempt(request, settings)
        with database.transaction(DatabaseRole.IDENTITY) as session:
            begun = service.sign_in_with_link(session, token, settings.accounts)
    except (UnauthenticatedError, TooManyRequestsError) as error:
        return _link_page(request, token, status_of(error), _refuse(request, database, "link", error))
    return _begin(request, database, begun, form, "link")


@router.post("/sign-out", dependencies=[permit("sessions", "end")])
def sign_out(request: Request, database: DatabaseDep, _form: Annotated[EmptyForm, form_of(EmptyForm)]) -> Response:
    """End the session of this browser."""
    token = session_cookie(request)
    if token is not None:
        with database.transaction(DatabaseRole.IDENTITY) as session:
            sessions.sign_out(session, token)
    response = RedirectResponse("/sign-in", HTTPStatus.SEE_OTHER)
    drop_cookie(request, response, SESSION)
    return response


def _sign_in_page(
    request: Request, settings: Settings, following: str, status: int = HTTPStatus.OK, refused: str = ""
) -> Response:
    issuer: IssuerConnection | None = request.app.state.issuer
    targets: list[str] = []
    if issuer is not None and issuer.code_flow is not None:
        targets = list(issuer.provider.client.origins)
    return render_page(
        request,
        "sign_in.html",
        status=status,
        form_targets=targets,
        next=following,
        refused=refused,
        organisation=urlsplit(settings.identity.oidc_issuer or "").hostname if targets else None,
        safe=may_sign_in(request),
    )


def _link_page(request: Request, token: str, status: int = HTTPStatus.OK, refused: str = "") -> Response:
    address = f"/sign-in/{quote(token, safe='')}"
    safe = may_sign_in(request)
    return render_page(request, "sign_in_link.html", status=status, address=address, refused=refused, safe=safe)


def _admit_attempt(request: Request, settings: Settings) -> None:
    """Refuse a secret over a network in the clear, and more attempts of one address than it may make."""
    if not may_sign_in(request):
        raise ForbiddenError("Nobody signs in over plain http.", "Open the service by https; see docs/sign-in.md.")
    count_attempt(request, "sign-in", settings.identity.sign_in_attempts_per_minute)


def _begin(request: Request, database: Database, begun: NewSession, form: BeginForm, way: str) -> Response:
    """Give the browser its new session in the place of any it had, and write down that it began."""
    former = session_cookie(request)
    with database.transaction(DatabaseRole.IDENTITY) as session:
        if former is not None:
            sessions.sign_out(session, former)
        sessions.choose_purpose(session, begun.token, form.purpose)
        address = request.client.host if request.client else None
        event = AuditEvent("sign-in", None, begun.caller, {"way": way}, form.purpose, address, request.state.request_id)
        audit.record(session, event)
    response = RedirectResponse(form.next, HTTPStatus.SEE_OTHER)
    set_cookie(request, response, SESSION, begun.token)
    drop_cookie(request, response, FORM)
    return response


def _refuse(request: Request, database: Database, way: str, error: KvartError) -> str:
    """Write an attempt down and return what the page says of it, which is the same for every cause."""
    address = request.client.host if request.client else None
    what = {"collection": "sessions", "action": "create", "way": way, "code": error.code}
    event = AuditEvent("refusal", None, ANONYMOUS, what, address=address, request_id=request.state.request_id)
    audit.record_refusal(database, event)
    return str(error) if isinstance(error, TooManyRequestsError) else REFUSED[way]


def _code_flow(request: Request) -> CodeFlow:
    issuer: IssuerConnection | None = request.app.state.issuer
    if issuer is None or issuer.code_flow is None:
        raise NotFoundError(
            "Nobody signs in at an organisation here.", "Set KVART_OIDC_ISSUER and KVART_OIDC_CLIENT_ID."
        )
    return issuer.code_flow


def _kept_attempt(request: Request) -> tuple[BeginForm, SignInAttempt]:
    """Return what the browser took along when it left; an attempt that nobody can finish where it took nothing."""
    try:
        kept: Any = json.loads(unquote(read_cookie(request, OIDC) or ""))
        return BeginForm.model_validate({"purpose": kept["purpose"], "next": kept["next"]}), SignInAttempt(
            kept["secret"]
        )
    except (ValueError, TypeError, KeyError):
        return BeginForm(purpose=Purpose.ADMINISTRATION), SignInAttempt.new()
