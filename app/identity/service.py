"""Who calls: the one place where a credential becomes a caller."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy.orm import Session

from app.errors import UnauthenticatedError
from app.identity import keys
from app.identity.caller import Caller

LONGEST_CREDENTIAL = 4096


@dataclass(frozen=True)
class Credential:
    """What a request proves its caller with: the text of a Bearer header, or of the session cookie."""

    kind: Literal["bearer", "cookie"]
    text: str = field(repr=False)


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


def _caller(session: Session, credential: Credential) -> Caller | None:
    return keys.caller_of_key(session, credential.text) if credential.kind == "bearer" else None
