"""Who calls: the one place where a credential becomes a caller, and where sessions begin."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy.orm import Session

from app.database.roles import DatabaseRole
from app.database.sessions import Database
from app.errors import UnauthenticatedError
from app.identity import accounts, keys, links, repository, sessions
from app.identity.accounts import ExternalIdentity
from app.identity.caller import Caller
from app.identity.passwords import Passwords
from app.identity.sessions import NewSession
from app.settings import AccountSettings

LONGEST_CREDENTIAL = 4096


@dataclass(frozen=True)
class Credential:
    """What a request proves its caller with: the text of a Bearer header, or of the session cookie."""

    kind: Literal["bearer", "cookie"]
    text: str = field(repr=False)


def credential_of(authorization: str) -> Credential:
    """Return what an ``Authorization`` header proves its caller with; empty, and so refused, where it is neither form.

    ``Bearer`` takes a key or a token. ``Basic`` takes a key in the place of the password, whatever the name, for
    programs such as QGIS that know no other way; it never takes the password of an account.
    """
    scheme, _, text = authorization.partition(" ")
    text = text.strip()
    if scheme.lower() == "bearer":
        return Credential("bearer", text)
    if scheme.lower() != "basic" or len(text) > LONGEST_CREDENTIAL:
        return Credential("bearer", "")
    try:
        key = b64decode(text, validate=True).decode("ascii").partition(":")[2]
    except ValueError:
        key = ""
    return Credential("bearer", key if key.startswith(keys.START) else "")


def refusal() -> UnauthenticatedError:
    """Return the one error for every credential that is not (or no longer) valid."""
    return UnauthenticatedError(
        "You are not signed in, or the key or session is no longer valid.",
        "Sign in, or send a valid key as Authorization: Bearer kvart_...",
    )


def authenticate(session: Session, credential: Credential) -> Caller:
    """Return who calls.

    Parameters
    ----------
    session : Session
        Of a transaction under the role of identity.
    credential : Credential
        An API key, or the cookie of a login session; bearer tokens of an identity provider are not read here.

    Raises
    ------
    UnauthenticatedError
        If it is malformed, wrong, expired, revoked, or its account was disabled or deleted: always the same words.
    """
    caller = _caller(session, credential) if len(credential.text) <= LONGEST_CREDENTIAL else None
    if caller is None:
        raise refusal()
    return caller


def sign_in_with_password(database: Database, name: str, password: str, settings: AccountSettings) -> NewSession:
    """Begin a session for the right name and password.

    The attempt is counted and committed before the password is looked at: neither many at once nor a request that is
    broken off gets an attempt for nothing. From the fifth on an account is locked for a while, twice as long each time.

    Parameters
    ----------
    database : Database
    name, password : str
        As they were typed.
    settings : AccountSettings

    Raises
    ------
    UnauthenticatedError
        If they do not fit, or the account is disabled or locked, or there is none; all take the same time.
    """
    plain = name.strip().lower()
    with database.transaction(DatabaseRole.IDENTITY) as session:
        attempt = repository.begin_attempt(session, plain if accounts.NAME_PATTERN.fullmatch(plain) else "")
    passwords = Passwords(settings)
    if not passwords.verify(attempt.password_hash if attempt else None, password) or attempt is None:
        raise refusal()
    stored = attempt.password_hash
    new_hash = passwords.hash(password) if passwords.is_outdated(stored) else stored
    with database.transaction(DatabaseRole.IDENTITY) as session:
        if not repository.end_attempt(session, attempt.id, stored, new_hash):
            raise refusal()
        return sessions.open_session(session, attempt.id, attempt.name, settings)


def sign_in_with_link(session: Session, token: str, settings: AccountSettings) -> NewSession:
    """Begin a session for a link, which is used up by it.

    Raises
    ------
    UnauthenticatedError
        If the link is unknown, used or expired, or its account was disabled or deleted.
    """
    found = links.redeem_link(session, token)
    if found is None:
        raise refusal()
    return sessions.open_session(session, *found, settings)


def sign_in_external(session: Session, identity: ExternalIdentity, settings: AccountSettings) -> NewSession:
    """Begin a session for somebody whom an identity provider vouches for; the account is made at first need.

    Raises
    ------
    UnauthenticatedError
        If the account was disabled.
    """
    account = accounts.ensure_external_account(session, identity)
    if account is None:
        raise refusal()
    return sessions.open_session(session, account.id, account.name, settings)


def _caller(session: Session, credential: Credential) -> Caller | None:
    if credential.kind == "cookie":
        return sessions.caller_of_session(session, credential.text)
    return keys.caller_of_key(session, credential.text)
