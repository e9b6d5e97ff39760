"""Accounts and their roles."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Protocol

from sqlalchemy import Row
from sqlalchemy.orm import Session

from app.errors import ConflictError, InvalidInputError, NotFoundError
from app.identity import repository
from app.identity.passwords import Passwords, require_good_password
from app.identity.roles import ASSIGNABLE_ROLES, Role
from app.settings import AccountSettings

NAME_PATTERN = re.compile(r"[a-z0-9][a-z0-9._@-]{0,62}")
LONGEST_DISPLAY_NAME = 200


@dataclass(frozen=True)
class Account:
    """An account as it is shown; nothing in it is secret.

    Attributes
    ----------
    id : int
    name, display_name : str
        By which it signs in, and which people read.
    roles : mapping of str to Role
        Role by code of the municipality.
    service_role : Role or None
        Role in the whole service.
    has_password : bool
    external : bool
        Whether an identity provider vouches for it.
    disabled_at, locked_until : datetime or None
    created_at : datetime
    """

    id: int
    name: str
    display_name: str
    has_password: bool
    external: bool
    disabled_at: datetime | None
    locked_until: datetime | None
    created_at: datetime
    roles: Mapping[str, Role] = field(default_factory=dict)
    service_role: Role | None = None


class ExternalIdentity(Protocol):
    """Somebody whom an identity provider vouches for."""

    @property
    def issuer(self) -> str:
        """Who vouches."""

    @property
    def subject(self) -> str:
        """By which the issuer knows the person or program for ever."""

    @property
    def name(self) -> str:
        """For people; the issuer may change it."""

    @property
    def roles(self) -> Mapping[str, Role]:
        """Role by code of the municipality."""

    @property
    def service_role(self) -> Role | None:
        """Role in the whole service."""


def create_account(session: Session, name: str, *, display_name: str = "") -> int:
    """Store an account without a role, by which nobody can sign in yet, and return its key.

    Raises
    ------
    InvalidInputError
        If the name cannot be used.
    ConflictError
        If it is taken.
    """
    if not NAME_PATTERN.fullmatch(name):
        raise InvalidInputError(
            f"Account name {name[:80]!r}: 1 to 63 lower-case letters, digits and . _ @ -, a letter or digit first.",
            "For example ada or ada@town.example.",
        )
    shown = display_name.strip() or name
    if len(shown) > LONGEST_DISPLAY_NAME or not shown.isprintable():
        raise InvalidInputError(f"The display name has to be one line of at most {LONGEST_DISPLAY_NAME} characters.")
    account_id = repository.insert_account(session, name=name, display_name=shown)
    if account_id is None:
        raise ConflictError(f"There is an account {name!r} already.", "Choose another name.")
    return account_id


def get_account(session: Session, name: str) -> Account:
    """Return the account of that name.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    row = repository.account_by_name(session, name) if NAME_PATTERN.fullmatch(name) else None
    if row is None:
        raise NotFoundError(f"There is no account {name[:80]!r}.", "`kvart users list` shows those there are.")
    return _with_roles(session, [row])[0]


def list_accounts(session: Session) -> list[Account]:
    """Return every account in the order of the names."""
    return _with_roles(session, repository.list_accounts(session))


def set_password(session: Session, name: str, password: str, settings: AccountSettings) -> None:
    """Give an account a password, unlock it and end its sessions and links.

    Raises
    ------
    InvalidInputError
        If the password is easily guessed.
    NotFoundError
        If there is no such account.
    """
    repository.lock_alterations(session)
    account = get_account(session, name)
    require_good_password(password, name)
    new_hash = Passwords(settings).hash(password)
    repository.update_account(session, account.id, password_hash=new_hash, failed_attempts=0, locked_until=None)
    repository.delete_sessions_and_links(session, account.id)


def disable(session: Session, name: str) -> None:
    """Close an account: its sessions end and its keys open nothing, at once.

    Raises
    ------
    ConflictError
        If it is disabled already, or nobody would be left to administer the service.
    NotFoundError
        If there is no such account.
    """
    repository.lock_alterations(session)
    account = get_account(session, name)
    if account.disabled_at is not None:
        raise ConflictError(f"The account {name} is disabled already.")
    before = repository.count_administrators(session)
    repository.update_account(session, account.id, disabled_at=datetime.now(UTC))
    repository.delete_sessions_and_links(session, account.id)
    _require_an_administrator(session, before)


def enable(session: Session, name: str) -> None:
    """Open a disabled account again, with its roles and keys, and unlock it.

    Raises
    ------
    ConflictError
        If it is neither disabled nor locked.
    NotFoundError
        If there is no such account.
    """
    repository.lock_alterations(session)
    account = get_account(session, name)
    if account.disabled_at is None and account.locked_until is None:
        raise ConflictError(f"The account {name} is neither disabled nor locked.")
    if account.disabled_at is not None:
        repository.delete_sessions_and_links(session, account.id)
    repository.update_account(session, account.id, disabled_at=None, failed_attempts=0, locked_until=None)


def remove(session: Session, name: str) -> None:
    """Delete an account with its roles, keys, sessions and links; the audit log keeps its name.

    Raises
    ------
    ConflictError
        If nobody would be left to administer the service.
    NotFoundError
        If there is no such account.
    """
    repository.lock_alterations(session)
    account = get_account(session, name)
    before = repository.count_administrators(session)
    repository.delete_account(session, account.id)
    _require_an_administrator(session, before)


def ensure_external_account(session: Session, identity: ExternalIdentity) -> Account | None:
    """Return the account of somebody whom an identity provider vouches for, with the roles that it gives now.

    Parameters
    ----------
    session : Session
    identity : ExternalIdentity
        Its roles replace those of the account; municipalities that are not stored are passed over.

    Returns
    -------
    Account or None
        None if it was disabled here.
    """
    repository.lock_alterations(session)
    name = external_name(identity)
    shown = "".join(letter for letter in identity.name if letter.isprintable())[:LONGEST_DISPLAY_NAME]
    repository.insert_account(
        session, name=name, display_name=shown or name, oidc_issuer=identity.issuer, oidc_subject=identity.subject
    )
    row = repository.account_by_subject(session, identity.issuer, identity.subject)
    if row is None or row.disabled_at is not None:
        return None
    repository.delete_memberships(session, row.id)
    if identity.service_role is not None:
        repository.put_membership(session, row.id, None, identity.service_role)
    for code, place in repository.municipality_ids(session, list(identity.roles)):
        repository.put_membership(session, row.id, place, identity.roles[code])
    return _with_roles(session, [row])[0]


def find_external_account(session: Session, identity: ExternalIdentity) -> Account | None:
    """Return the account of somebody whom an identity provider vouches for, None if there is none (yet)."""
    row = repository.account_by_subject(session, identity.issuer, identity.subject)
    return None if row is None else _with_roles(session, [row])[0]


def external_name(identity: ExternalIdentity) -> str:
    """Return the name of an account of an identity provider, which no local account and no other provider has."""
    plain = re.sub(r"[^a-z0-9._-]+", "-", identity.name.lower()).strip("._-")[:40] or "account"
    return f"{plain}@{sha256(f'{identity.issuer} {identity.subject}'.encode()).hexdigest()[:12]}"


def roles_of(session: Session, account_id: int) -> tuple[dict[str, Role], Role | None]:
    """Return the roles of an account by municipality, and its role in the whole service."""
    return roles_in([(row.code, row.role) for row in repository.memberships(session, [account_id])])


def roles_in(memberships: Sequence[tuple[str | None, str]] | None) -> tuple[dict[str, Role], Role | None]:
    """Return the roles that codes of municipalities (None: the service) and names of roles tell of."""
    roles = {code: Role(role) for code, role in memberships or ()}
    service_role = roles.pop(None, None)
    return {code: role for code, role in roles.items() if code is not None}, service_role


def grant(
    session: Session, name: str, role: Role, municipality: str | None = None, *, instead_of: Role | None = None
) -> None:
    """Give an account its one role in a municipality, or (None) in the whole service.

    Parameters
    ----------
    session : Session
    name : str
    role : Role
    municipality : str, optional
        Its code.
    instead_of : Role, optional
        The role that it replaces; without it only an account that has none there is given one.

    Raises
    ------
    ConflictError
        If the present role is another than expected, or nobody would be left to administer the service.
    InvalidInputError
        If the role cannot be given.
    NotFoundError
        If there is no such account or municipality.
    """
    require_assignable(role)
    repository.lock_alterations(session)
    account = get_account(session, name)
    place = municipality_id(session, municipality)
    present = account.service_role if municipality is None else account.roles.get(municipality)
    if present not in {role, instead_of}:
        where = "the whole service" if municipality is None else municipality
        raise ConflictError(
            f"{name} is {present.value if present else 'nothing'} in {where}.",
            "Say which role is replaced with --instead-of." if present else "Leave --instead-of away.",
        )
    before = repository.count_administrators(session)
    repository.put_membership(session, account.id, place, role)
    _require_an_administrator(session, before)


def revoke(session: Session, name: str, municipality: str | None = None) -> Role:
    """Take the role of an account in a municipality, or (None) in the whole service, and return it.

    Raises
    ------
    ConflictError
        If it has none there (any more), or nobody would be left to administer the service.
    NotFoundError
        If there is no such account or municipality.
    """
    repository.lock_alterations(session)
    account = get_account(session, name)
    place = municipality_id(session, municipality)
    present = account.service_role if municipality is None else account.roles.get(municipality)
    if present is None:
        where = "the whole service" if municipality is None else municipality
        raise ConflictError(f"{name} has no role in {where}.", f"`kvart users show {name}` tells the roles.")
    before = repository.count_administrators(session)
    repository.delete_membership(session, account.id, place)
    _require_an_administrator(session, before)
    return present


def require_assignable(role: Role) -> None:
    """Refuse a role that no account or key can be given.

    Raises
    ------
    InvalidInputError
        If it is one.
    """
    if role not in ASSIGNABLE_ROLES:
        raise InvalidInputError(
            f"The role {role.value!r} cannot be given.", f"Choose of {', '.join(ASSIGNABLE_ROLES)}."
        )


def municipality_id(session: Session, code: str | None) -> int | None:
    """Return the key of a municipality, None where no code is given.

    Raises
    ------
    NotFoundError
        If there is none of that code.
    """
    if code is None:
        return None
    found = None if "\0" in code else repository.municipality_id(session, code)
    if found is None:
        raise NotFoundError(f"There is no municipality {code[:63]!r}.", "GET /municipalities lists those there are.")
    return found


def _require_an_administrator(session: Session, before: int) -> None:
    if before and not repository.count_administrators(session):
        raise ConflictError(
            "Nobody would be left to administer the service.",
            "Give another account the role administrator in the whole service first.",
        )


def _with_roles(session: Session, rows: list[Row[Any]]) -> list[Account]:
    found: dict[int, dict[str | None, Role]] = {row.id: {} for row in rows}
    for row in repository.memberships(session, list(found)):
        found[row.account_id][row.code] = Role(row.role)
    return [
        Account(
            row.id,
            row.name,
            row.display_name,
            row.has_password,
            row.oidc_issuer is not None,
            row.disabled_at,
            row.locked_until,
            row.created_at,
            {code: role for code, role in found[row.id].items() if code is not None},
            found[row.id].get(None),
        )
        for row in rows
    ]
