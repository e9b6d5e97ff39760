"""Whether a request may do what it asks for, decided before anything of the municipality is looked at.

The decision takes the table of `app.identity.rights` and the caller alone, so that a municipality of others and one
that does not exist are answered alike: the lookup comes after the decision.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from anyio import to_thread
from fastapi import Request
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.events import AuditEvent, EventKind
from app.database.looks import looks_of
from app.database.roles import DatabaseRole
from app.database.sessions import Database
from app.errors import ForbiddenError, KvartError, PurposeRequiredError, UnauthenticatedError
from app.identity import keys
from app.identity import service as identity
from app.identity.caller import ANONYMOUS, Caller
from app.identity.cookies import SAFE_METHODS, session_cookie
from app.identity.oidc import IssuerConnection
from app.identity.purposes import Purpose
from app.identity.rights import Precision, Right, allows
from app.identity.roles import Role
from app.identity.service import Credential

PURPOSE_HEADER = "Kvart-Purpose"
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf_token"
FORM = "application/x-www-form-urlencoded"
FORM_WITH_FILES = "multipart/form-data"
SMALL_FILES = ("/report/", "/my-report/")
"""Where forms with files are read as a whole; elsewhere files are streamed, and the token comes as a header."""
ENTERED = "municipality_id"
LONGEST_TOLD = 200
NUL = "\x00"
SECRETS = frozenset({"token", "code", "state"})
"""Parts of an address that open something: they are written nowhere."""

SIGN_IN_HINT = "Send an API key or a token as 'Authorization: Bearer ...', or sign in at /sign-in."
PURPOSE_HINT = f"Send the header {PURPOSE_HEADER} with one of: {', '.join(Purpose)}."


@dataclass(frozen=True)
class Access:
    """A right that was granted to a request.

    Attributes
    ----------
    right : Right
    caller : Caller
    role : Role
        What the caller is in the municipality that the address names.
    precision : Precision
        How exactly the caller sees what the action answers.
    purpose : Purpose or None
        Why, as the request says, or else the caller's key or session.
    """

    right: Right
    caller: Caller
    role: Role
    precision: Precision
    purpose: Purpose | None

    @property
    def lacks_purpose(self) -> bool:
        """Whether what it would show takes a purpose of use, and none was given."""
        return self.purpose is None and self.right.asks_purpose and self.precision is Precision.EXACT


async def authorize(request: Request, right: Right) -> Access:
    """Recognise the caller and grant the right, or refuse; every refusal is written down.

    Raises
    ------
    UnauthenticatedError
        If the credential is not valid, or if there is none and the public has no such right.
    ForbiddenError
        If the caller's role has no such right, a session sends no token against forgery, or the purpose is missing.
    """
    caller = ANONYMOUS
    try:
        credential = _credential(request)
        if credential is not None:
            caller = await to_thread.run_sync(_recognise, request, credential)
        access = grant(caller, right, request.path_params.get("municipality"), request.headers.get(PURPOSE_HEADER))
        await _require_own_form(request, caller)
    except (UnauthenticatedError, ForbiddenError) as error:
        await to_thread.run_sync(_write_refusal, request, right, caller, error)
        raise
    return access


def grant(caller: Caller, right: Right, municipality: str | None, purpose: str | None) -> Access:
    """Return what the caller is granted in the municipality of that code, whether or not there is one.

    Raises
    ------
    UnauthenticatedError
        If the public has no such right and nobody has signed in.
    ForbiddenError
        If the caller's role has none; outside its scopes a key may do what the public may.
    PurposeRequiredError
        If exact personal data is asked for without a purpose, or for one that is not in the list.
    """
    role = _role(caller, right, municipality)
    precision = right.precision_for(role)
    if precision is None and caller.kind == "anonymous":
        raise UnauthenticatedError("This takes a credential.", SIGN_IN_HINT)
    if precision is None:
        raise ForbiddenError(
            f"You have no right to {right.action} {right.collection} here.", "/docs says which roles may."
        )
    given = caller.purpose if purpose is None else _read_purpose(purpose)
    access = Access(right, caller, role, precision, given)
    if access.lacks_purpose:
        raise PurposeRequiredError("Exact personal data is shown for a purpose of use only.", PURPOSE_HINT)
    return access


def other_access(access: Access, right: Right, municipality: str) -> Access | None:
    """Return what the same request would be granted by another right, None if nothing; for lists of what there is.

    Whether it would be refused for want of a purpose, ``lacks_purpose`` says.
    """
    role = _role(access.caller, right, municipality)
    precision = right.precision_for(role)
    return None if precision is None else replace(access, right=right, role=role, precision=precision)


def _role(caller: Caller, right: Right, municipality: str | None) -> Role:
    return caller.role_in(municipality) if allows(caller.scopes, right) else Role.PUBLIC


def account_for(session: Session, request: Request) -> None:
    """Write the audit event of a granted request into the transaction of what it did or saw.

    What the public sees in public views tells nothing of persons and is not written down.
    """
    access: Access = request.state.access
    kind = access.right.audited_as
    if kind is None or (access.caller.kind == "anonymous" and access.precision is not Precision.EXACT):
        return
    what: dict[str, Any] = {"role": access.role.value, "precision": access.precision.value}
    what["filters"] = _storable(request.query_params)
    what["looks"] = [asdict(look) for look in looks_of(session)]
    event = _event(request, kind, access.right, access.caller, what)
    audit.record(session, replace(event, municipality_id=session.info.get(ENTERED), purpose=access.purpose))


def _recognise(request: Request, credential: Credential) -> Caller:
    """Return who calls; a credential that does not hold is refused even where none is needed."""
    database: Database = request.app.state.database
    issuer: IssuerConnection | None = request.app.state.issuer
    if issuer is not None and credential.kind == "bearer" and not credential.text.startswith(keys.START):
        return issuer.caller_of(database, credential.text)
    with database.transaction(DatabaseRole.IDENTITY) as session:
        return identity.authenticate(session, credential)


def _credential(request: Request) -> Credential | None:
    headers = request.headers.getlist("authorization")
    if not headers:
        cookie = session_cookie(request)
        return None if cookie is None else Credential("cookie", cookie)
    return identity.credential_of(headers[0] if len(headers) == 1 else "")


def _read_purpose(text: str) -> Purpose:
    try:
        return Purpose(text.strip())
    except ValueError as error:
        raise PurposeRequiredError(f"{text[:40]!r} is no purpose of use.", PURPOSE_HINT) from error


def media_type_of(request: Request) -> str:
    """Return what the body of a request says it is, in small letters and without parameters; empty if nothing."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _require_own_form(request: Request, caller: Caller) -> None:
    """Refuse what a page of somebody else made a signed-in browser send."""
    if caller.csrf_token_hash is None or request.method in SAFE_METHODS:
        return
    token: Any = request.headers.get(CSRF_HEADER)
    kind = media_type_of(request)
    if token is None and (kind == FORM or (kind == FORM_WITH_FILES and request.url.path.startswith(SMALL_FILES))):
        token = (await request.form()).get(CSRF_FIELD)
    digest = hashlib.sha256(str(token or "").encode()).hexdigest()
    if not hmac.compare_digest(digest, caller.csrf_token_hash):
        await request.close()
        raise ForbiddenError(
            "The request carries no token of this session.", f"Send it as {CSRF_HEADER} or as the field {CSRF_FIELD}."
        )


def _write_refusal(request: Request, right: Right, caller: Caller, error: KvartError) -> None:
    database: Database = request.app.state.database
    audit.record_refusal(database, _event(request, "refusal", right, caller, {"code": error.code}))


def _event(request: Request, kind: EventKind, right: Right, caller: Caller, what: Mapping[str, Any]) -> AuditEvent:
    asked = {"collection": right.collection, "action": right.action, "address": _storable(request.path_params)}
    address = request.client.host if request.client else None
    return AuditEvent(kind, None, caller, {**asked, **what}, address=address, request_id=request.state.request_id)


def _storable(given: Mapping[str, Any]) -> dict[str, str]:
    """Return what an address said, without its secrets and without the one character that the database cannot store."""
    told = {name: value for name, value in given.items() if name not in SECRETS}
    return {name[:LONGEST_TOLD]: str(value).replace(NUL, "")[:LONGEST_TOLD] for name, value in told.items()}
