"""Login sessions of browsers.

A session is known by a token of 256 random bits in a cookie, of which the SHA-256 is stored. The token against forged
requests is derived from it, so that every page can carry it and nothing more is kept.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import digest

from sqlalchemy.orm import Session

from app.identity import accounts, repository
from app.identity.caller import Caller
from app.identity.purposes import Purpose
from app.settings import AccountSettings

TOKEN_PATTERN = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class NewSession:
    """A session that has just begun.

    Attributes
    ----------
    token : str
        For the cookie.
    expires_at : datetime
        When it ends at the latest.
    caller : Caller
        Who signed in.
    """

    token: str = field(repr=False)
    expires_at: datetime
    caller: Caller


@dataclass(frozen=True)
class ListedSession:
    """A session as its account sees it; nothing in it is secret."""

    purpose: Purpose | None
    created_at: datetime
    last_seen_at: datetime
    own: bool
    """Whether it is the one that asks."""


def list_sessions(session: Session, account_id: int, token: str) -> list[ListedSession]:
    """Return the sessions of an account, the one seen last first; ``token`` is that of the session that asks."""
    return [
        ListedSession(
            Purpose(row.purpose) if row.purpose else None,
            row.created_at,
            row.last_seen_at,
            own=bytes(row.sha256) == _digest(token),
        )
        for row in repository.list_sessions(session, account_id)
    ]


def open_session(session: Session, account_id: int, name: str, settings: AccountSettings) -> NewSession:
    """Begin a session of an account; what has expired is cleared away on this occasion.

    Parameters
    ----------
    session : Session
        Of a transaction under the role of identity.
    account_id : int
        Of an account that has just proved who it is.
    name : str
        Its name.
    settings : AccountSettings
        With the idle and the longest time.
    """
    prune(session)
    token = secrets.token_urlsafe(32)
    expires_at = datetime.now(UTC) + timedelta(days=settings.session_days)
    repository.insert_session(
        session,
        sha256=sha256(token.encode()).digest(),
        account_id=account_id,
        csrf_sha256=sha256(csrf_token(token).encode()).digest(),
        idle_limit=timedelta(hours=settings.session_idle_hours),
        expires_at=expires_at,
    )
    roles, service_role = accounts.roles_of(session, account_id)
    return NewSession(token, expires_at, Caller("account", name, account_id, roles, service_role))


def csrf_token(token: str) -> str:
    """Return what the forms of a session carry, so that no other site can send them."""
    return digest(token.encode(), b"kvart csrf token", "sha256").hex()


def caller_of_session(session: Session, token: str) -> Caller | None:
    """Return who is signed in, None if the token is malformed, unknown or expired, or the account is off."""
    row = repository.session_by_sha256(session, _digest(token)) if TOKEN_PATTERN.fullmatch(token) else None
    if row is None:
        return None
    if row.stale:
        repository.note_sight_of_session(session, row.sha256)
    roles, service_role = accounts.roles_in(row.memberships)
    return Caller(
        "account",
        name=row.name,
        account_id=row.account_id,
        roles=roles,
        service_role=service_role,
        purpose=Purpose(row.purpose) if row.purpose else None,
        csrf_token_hash=row.csrf_sha256.hex(),
    )


def choose_purpose(session: Session, token: str, purpose: Purpose | None) -> None:
    """Set the purpose of use that holds in a session where a request gives none."""
    if TOKEN_PATTERN.fullmatch(token):
        repository.update_session(session, _digest(token), purpose=purpose.value if purpose else None)


def sign_out(session: Session, token: str) -> None:
    """End a session at once; one that there is no longer is no error."""
    if TOKEN_PATTERN.fullmatch(token):
        repository.delete_session(session, _digest(token))


def sign_out_everywhere(session: Session, account_id: int) -> None:
    """End every session of an account, and its sign-in links, at once; its keys stay."""
    repository.delete_sessions_and_links(session, account_id)


def prune(session: Session) -> None:
    """Delete the sessions and links that have expired."""
    repository.delete_expired(session)


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()
