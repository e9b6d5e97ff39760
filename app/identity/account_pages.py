"""The page of one's own account: roles, purpose of use, password, API keys, sessions."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.service import AuditEvent
from app.database.roles import DatabaseRole
from app.dependencies import CallerDep, DatabaseDep, SettingsDep, permit, take_turn
from app.errors import InvalidInputError, UnauthenticatedError
from app.identity import accounts, keys, service, sessions
from app.identity.caller import Caller
from app.identity.cookies import SESSION, drop_cookie, session_cookie, set_cookie
from app.identity.forms import form_of
from app.identity.schemas import EmptyForm, KeyForm, PasswordForm, PurposeForm
from app.rate_limits import count_attempt
from app.web.pages import render_page

ACCOUNT = "/account"

router = APIRouter(prefix=ACCOUNT, include_in_schema=False)


def open_identity_session(
    database: DatabaseDep, _turn: Annotated[None, Depends(take_turn, scope="function")]
) -> Iterator[Session]:
    """Give a session in one transaction that sees accounts and what they sign in with."""
    with database.transaction(DatabaseRole.IDENTITY) as session:
        yield session


def signed_in(caller: CallerDep) -> Caller:
    """Return the account whose browser calls.

    Raises
    ------
    UnauthenticatedError
        If no account is signed in: keys and tokens do not change the account they stand for.
    """
    if caller.kind != "account":
        raise UnauthenticatedError("This page takes somebody who is signed in.", "Sign in at /sign-in.")
    return caller


IdentitySessionDep = Annotated[Session, Depends(open_identity_session, scope="function")]
SignedInDep = Annotated[Caller, Depends(signed_in)]
EmptyFormDep = Annotated[EmptyForm, form_of(EmptyForm)]


@router.get("", dependencies=[permit("account", "read")])
def show_account(request: Request, caller: SignedInDep, session: IdentitySessionDep) -> Response:
    """Show who is signed in, and what the account may change about itself."""
    return _page(request, caller, session)


@router.post("/purpose", dependencies=[permit("account", "alter")])
def choose_purpose(
    request: Request,
    _caller: SignedInDep,
    session: IdentitySessionDep,
    form: Annotated[PurposeForm, form_of(PurposeForm)],
) -> Response:
    """Choose another purpose of use for this session."""
    sessions.choose_purpose(session, session_cookie(request) or "", form.purpose)
    return RedirectResponse(ACCOUNT, HTTPStatus.SEE_OTHER)


@router.post("/password", dependencies=[permit("account", "alter")])
def change_password(
    request: Request,
    caller: SignedInDep,
    database: DatabaseDep,
    settings: SettingsDep,
    form: Annotated[PasswordForm, form_of(PasswordForm)],
) -> Response:
    """Change the password; every session of the account ends, and this browser gets a new one."""
    if form.new != form.again:
        raise InvalidInputError("The new password was not typed the same twice.", "Go back and type it again.")
    count_attempt(request, "sign-in", settings.identity.sign_in_attempts_per_minute)
    try:
        service.sign_in_with_password(database, caller.name, form.current, settings.accounts)
    except UnauthenticatedError as error:
        raise InvalidInputError("The present password is not right.", "Go back and type it again.") from error
    with database.transaction(DatabaseRole.IDENTITY) as session:
        accounts.set_password(session, caller.name, form.new, settings.accounts)
        begun = sessions.open_session(session, caller.account_id or 0, caller.name, settings.accounts)
        sessions.choose_purpose(session, begun.token, caller.purpose)
        _note(request, caller, session, "password")
    response = RedirectResponse(ACCOUNT, HTTPStatus.SEE_OTHER)
    set_cookie(request, response, SESSION, begun.token)
    return response


@router.post("/sessions/end", dependencies=[permit("account", "alter")])
def end_sessions(request: Request, caller: SignedInDep, session: IdentitySessionDep, _form: EmptyFormDep) -> Response:
    """Sign out in every browser."""
    sessions.sign_out_everywhere(session, caller.account_id or 0)
    _note(request, caller, session, "sessions")
    response = RedirectResponse("/sign-in", HTTPStatus.SEE_OTHER)
    drop_cookie(request, response, SESSION)
    return response


@router.post("/keys", dependencies=[permit("account", "alter")])
def create_key(
    request: Request,
    caller: SignedInDep,
    session: IdentitySessionDep,
    settings: SettingsDep,
    form: Annotated[KeyForm, form_of(KeyForm)],
) -> Response:
    """Make an API key and show it this once."""
    key = keys.create_key(
        session,
        caller.name,
        keys.KeyLimits(tuple(form.reach.split()), form.municipality or None),
        label=form.label,
        purpose=form.purpose,
        days=form.days,
        longest_days=settings.accounts.key_max_days,
    )
    _note(request, caller, session, "keys", key.prefix)
    return _page(request, caller, session, new_key=key)


@router.post("/keys/{prefix}/revoke", dependencies=[permit("account", "alter")])
def revoke_key(
    request: Request, prefix: str, caller: SignedInDep, session: IdentitySessionDep, _form: EmptyFormDep
) -> Response:
    """End one of the account's own keys."""
    keys.revoke_key(session, prefix, account_id=caller.account_id)
    _note(request, caller, session, "keys", prefix)
    return RedirectResponse(ACCOUNT, HTTPStatus.SEE_OTHER)


def _page(request: Request, caller: Caller, session: Session, new_key: keys.NewKey | None = None) -> Response:
    return render_page(
        request,
        "account.html",
        account=accounts.get_account(session, caller.name),
        keys=[key for key in keys.list_keys(session, caller.name) if key.revoked_at is None],
        sessions=sessions.list_sessions(session, caller.account_id or 0, session_cookie(request) or ""),
        new_key=new_key,
    )


def _note(request: Request, caller: Caller, session: Session, collection: str, prefix: str | None = None) -> None:
    """Write down what an account changed about itself."""
    address = request.client.host if request.client else None
    what = {"collection": collection, "action": request.url.path.rpartition("/")[2], "key": prefix}
    event = AuditEvent("alteration", None, caller, what, caller.purpose, address, request.state.request_id)
    audit.record(session, event)
