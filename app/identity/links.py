"""Links that sign an account in once, for the first administrator and for accounts without a password."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from sqlalchemy.orm import Session

from app.errors import ConflictError
from app.identity import accounts, repository
from app.identity.roles import Role

LIFETIME = timedelta(minutes=15)
LOCAL_ADMINISTRATOR = "local-administrator"
TOKEN_PATTERN = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class NewLink:
    """A link at the only moment that its secret is known.

    Attributes
    ----------
    token : str
        Secret part of the address.
    expires_at : datetime
    """

    token: str = field(repr=False)
    expires_at: datetime

    def address(self, origin: str) -> str:
        """Return the address to open in a browser."""
        return f"{origin.rstrip('/')}/sign-in/{self.token}"


def create_link(session: Session, name: str) -> NewLink:
    """Make a link by which an account signs in once within a quarter of an hour.

    Raises
    ------
    ConflictError
        If the account is disabled.
    NotFoundError
        If there is none of that name.
    """
    repository.lock_alterations(session)
    account = accounts.get_account(session, name)
    if account.disabled_at is not None:
        raise ConflictError(f"The account {name} is disabled.", f"`kvart users enable {name}` opens it again.")
    link = NewLink(secrets.token_urlsafe(32), datetime.now(UTC) + LIFETIME)
    repository.insert_link(
        session, sha256=sha256(link.token.encode()).digest(), account_id=account.id, expires_at=link.expires_at
    )
    return link


def redeem_link(session: Session, token: str) -> tuple[int, str] | None:
    """Use a link up and return account and name; None if it is unknown, used, expired or its account is off."""
    if not TOKEN_PATTERN.fullmatch(token):
        return None
    row = repository.use_link(session, sha256(token.encode()).digest())
    return None if row is None else (row.id, row.name)


def local_administrator_link(session: Session) -> NewLink | None:
    """Return a link for the administrator of the embedded database, who is made when nobody administers the service.

    Whoever disabled or demoted that account meant it: then there is no link.
    """
    repository.lock_alterations(session)
    row = repository.account_by_name(session, LOCAL_ADMINISTRATOR)
    if row is None:
        if repository.count_administrators(session):
            return None
        accounts.create_account(session, LOCAL_ADMINISTRATOR, display_name="Local administrator")
        accounts.grant(session, LOCAL_ADMINISTRATOR, Role.ADMINISTRATOR)
    account = accounts.get_account(session, LOCAL_ADMINISTRATOR)
    usable = account.disabled_at is None and account.service_role is Role.ADMINISTRATOR
    return create_link(session, LOCAL_ADMINISTRATOR) if usable else None
