"""API keys: how programs such as QGIS, GDAL or a script act for an account.

A key is ``kvart_<prefix>_<secret>``: the prefix names it, the secret (256 random bits) proves it. Only the SHA-256 of
the secret is stored: a slow hash would add nothing to what cannot be guessed, and would cost each request.
"""

from __future__ import annotations

import functools
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from app.errors import InvalidInputError, NotFoundError
from app.identity import accounts, repository
from app.identity.caller import Caller
from app.identity.purposes import Purpose
from app.identity.rights import Precision, allows, rights
from app.identity.roles import Role

START = "kvart_"
READING = ("*:read",)
DEFAULT_DAYS = 365
LONGEST_DAYS = 730
LONGEST_LABEL = 100
MOST_SCOPES = 50
KEY_PATTERN = re.compile(r"kvart_([a-z2-7]{10})_([A-Za-z0-9_-]{43})")
PREFIX_PATTERN = re.compile(r"(?:kvart_)?([a-z2-7]{10})")
_PREFIX_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_PREFIX_LENGTH = 10
_EXACTNESS = {None: 0, Precision.PUBLIC: 1, Precision.COARSE: 2, Precision.EXACT: 3}


@dataclass(frozen=True)
class KeyLimits:
    """What a key may at most; it never may more than its account may when it is used.

    Attributes
    ----------
    scopes : tuple of str
        ``collection:action`` of the table of rights; ``*`` stands for any.
    municipality : str or None
        Code of the only municipality that it opens.
    role : Role or None
        The most that it may do.
    """

    scopes: tuple[str, ...] = READING
    municipality: str | None = None
    role: Role | None = None


@dataclass(frozen=True)
class NewKey:
    """A key at the only moment that its secret is known.

    Attributes
    ----------
    prefix : str
        By which it is listed and revoked.
    secret : str
        The whole key, to be shown once.
    expires_at : datetime
    """

    prefix: str
    secret: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True)
class Key:
    """A key as it is listed; nothing in it is secret."""

    prefix: str
    account: str
    label: str
    municipality: str | None
    role: Role | None
    scopes: tuple[str, ...]
    purpose: Purpose | None
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None


def create_key(
    session: Session,
    account: str,
    limits: KeyLimits = KeyLimits(),
    *,
    label: str = "",
    purpose: Purpose | None = None,
    days: int = DEFAULT_DAYS,
    longest_days: int = LONGEST_DAYS,
) -> NewKey:
    """Make a key of an account; its secret is in the answer and nowhere else.

    Parameters
    ----------
    session : Session
    account : str
        Name of the account that it acts for.
    limits : KeyLimits
    label : str
        What it is for.
    purpose : Purpose, optional
        Purpose of use that holds where a request gives none.
    days, longest_days : int
        How long it is valid, and how long a key may be.

    Raises
    ------
    InvalidInputError
        If the scopes, the role, the label or the days cannot be used.
    NotFoundError
        If there is no such account or municipality.
    """
    if not 1 <= days <= longest_days:
        raise InvalidInputError(f"A key is valid for 1 to {longest_days} days, not {days}.", "KVART_KEY_MAX_DAYS.")
    if limits.role is not None:
        accounts.require_assignable(limits.role)
    if len(label) > LONGEST_LABEL or not label.isprintable():
        raise InvalidInputError(f"The label has to be one line of at most {LONGEST_LABEL} characters.")
    repository.lock_alterations(session)
    prefix = "".join(secrets.choice(_PREFIX_ALPHABET) for _ in range(_PREFIX_LENGTH))
    secret, expires_at = secrets.token_urlsafe(32), datetime.now(UTC) + timedelta(days=days)
    repository.insert_key(
        session,
        account_id=accounts.get_account(session, account).id,
        prefix=prefix,
        sha256=sha256(secret.encode()).digest(),
        label=label,
        municipality_id=accounts.municipality_id(session, limits.municipality),
        role=limits.role.value if limits.role else None,
        scopes=list(parse_scopes(limits.scopes)),
        purpose=purpose.value if purpose else None,
        expires_at=expires_at,
    )
    return NewKey(prefix, f"{START}{prefix}_{secret}", expires_at)


def parse_scopes(texts: Iterable[str]) -> tuple[str, ...]:
    """Return scopes in order and without repetition.

    Raises
    ------
    InvalidInputError
        If there is none, too many, or one that covers no row of the table of rights.
    """
    scopes = tuple(sorted(set(texts)))
    if not 0 < len(scopes) <= MOST_SCOPES:
        raise InvalidInputError(f"A key needs 1 to {MOST_SCOPES} scopes.", "For example *:read.")
    for scope in scopes:
        if not any(allows((scope,), right) for right in rights()):
            raise InvalidInputError(
                f"Scope {scope[:80]!r} covers nothing.",
                "Write collection:action as in docs/rights.md, or * for any: incidents:read, runs:*, *:read.",
            )
    return scopes


def list_keys(session: Session, account: str | None = None) -> list[Key]:
    """Return the keys of an account or (None) of all, newest first, the revoked ones too.

    Raises
    ------
    NotFoundError
        If there is no such account.
    """
    account_id = None if account is None else accounts.get_account(session, account).id
    return [_read(row) for row in repository.list_keys(session, account_id)]


def revoke_key(session: Session, prefix: str, *, account_id: int | None = None) -> None:
    """End a key at once; with an account only if it is one of that account.

    Raises
    ------
    NotFoundError
        If there is no such key, or it was revoked already.
    """
    found = PREFIX_PATTERN.fullmatch(prefix)
    if found is None or not repository.revoke_key(session, found[1], account_id):
        raise NotFoundError("There is no valid key of that prefix.", "`kvart keys list` shows those there are.")


def caller_of_key(session: Session, text: str) -> Caller | None:
    """Return who calls with a key, None if it is malformed, unknown, expired, revoked or of an account that is off."""
    parts = KEY_PATTERN.fullmatch(text)
    row = repository.key_by_prefix(session, parts[1]) if parts else None
    if parts is None or row is None or not compare_digest(row.sha256, sha256(parts[2].encode()).digest()):
        return None
    if row.stale:
        repository.note_use_of_key(session, row.id)
    roles, service_role = accounts.roles_in(row.memberships)
    cap = Role(row.role) if row.role else None
    if row.municipality is not None:
        own = service_role or roles.get(row.municipality, Role.PUBLIC)
        roles, service_role = {row.municipality: own}, None
    return Caller(
        "key",
        name=row.name,
        account_id=row.account_id,
        roles={code: narrowed(role, cap) for code, role in roles.items()},
        service_role=narrowed(service_role, cap) if service_role else None,
        scopes=tuple(row.scopes),
        purpose=Purpose(row.purpose) if row.purpose else None,
    )


def narrowed(own: Role, cap: Role | None) -> Role:
    """Return the role of a key: the lesser of its account's role and its own; public where neither holds the other."""
    if cap is None or _holds(cap, own):
        return own
    return cap if _holds(own, cap) else Role.PUBLIC


@functools.cache
def _holds(more: Role, less: Role) -> bool:
    """Say whether one role may everything that another may, as exactly."""
    return all(_EXACTNESS[right.precision_for(more)] >= _EXACTNESS[right.precision_for(less)] for right in rights())


def _read(row: Row[Any]) -> Key:
    return Key(
        row.prefix,
        row.account,
        row.label,
        row.municipality,
        Role(row.role) if row.role else None,
        tuple(row.scopes),
        Purpose(row.purpose) if row.purpose else None,
        row.created_at,
        row.expires_at,
        row.revoked_at,
        row.last_used_at,
    )
