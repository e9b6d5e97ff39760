"""Every SQL statement about accounts and what they sign in with."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Interval, Row, bindparam, case, cast, delete, func, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.identity.models import Account, ApiKey, LoginSession, Membership, SignInLink
from app.identity.roles import Role
from app.municipalities.models import Municipality

AnyRow = Row[*tuple[Any, ...]]

ALTERATION_LOCK = 7_402_158_630
"""Advisory lock: what changes who administers the service is done by one transaction at a time."""

KEY_USE_IS_NOTED_EVERY = timedelta(minutes=5)
SIGHT_IS_NOTED_EVERY = timedelta(minutes=1)
ATTEMPTS_BEFORE_LOCK = 5
FIRST_LOCK_SECONDS = 30
LONGEST_LOCK_SECONDS = 3600
MOST_COUNTED_ATTEMPTS = 1000
MOST_PRUNED = 1000

_account, _key, _session = Account.__table__.c, ApiKey.__table__.c, LoginSession.__table__.c
_municipality, _membership = Municipality.__table__, Membership.__table__
_member_of = _municipality.alias("member_of")

SESSION_HAS_ENDED = or_(_session.expires_at <= func.now(), _session.last_seen_at + _session.idle_limit <= func.now())

ACCOUNT_COLUMNS = (
    Account.id,
    Account.name,
    Account.display_name,
    Account.password_hash.is_not(None).label("has_password"),
    Account.oidc_issuer,
    Account.disabled_at,
    Account.locked_until,
    Account.created_at,
)

_ROLES = (
    select(func.jsonb_agg(func.jsonb_build_array(_member_of.c.code, _membership.c.role)))
    .select_from(_membership.outerjoin(_member_of, _member_of.c.id == _membership.c.municipality_id))
    .where(_membership.c.account_id == _account.id)
    .correlate(Account.__table__)
    .scalar_subquery()
    .label("memberships")
)
_USABLE_KEY = (
    select(
        _key.id,
        _key.sha256,
        _key.account_id,
        _account.name,
        _ROLES,
        _key.municipality_id,
        _municipality.c.code.label("municipality"),
        _key.role,
        _key.scopes,
        _key.purpose,
        or_(_key.last_used_at.is_(None), _key.last_used_at < func.now() - KEY_USE_IS_NOTED_EVERY).label("stale"),
    )
    .join_from(ApiKey.__table__, Account.__table__, _account.id == _key.account_id)
    .outerjoin(_municipality, _municipality.c.id == _key.municipality_id)
    .where(
        _key.prefix == bindparam("prefix"),
        _key.revoked_at.is_(None),
        _key.expires_at > func.now(),
        _account.disabled_at.is_(None),
    )
)
_LIVE_SESSION = (
    select(
        _session.sha256,
        _session.account_id,
        _account.name,
        _ROLES,
        _session.csrf_sha256,
        _session.purpose,
        (_session.last_seen_at < func.now() - SIGHT_IS_NOTED_EVERY).label("stale"),
    )
    .join_from(LoginSession.__table__, Account.__table__, _account.id == _session.account_id)
    .where(_session.sha256 == bindparam("digest"), ~SESSION_HAS_ENDED, _account.disabled_at.is_(None))
)
_MEMBERSHIPS = (
    select(Membership.account_id, Municipality.code, Membership.role)
    .outerjoin(Municipality, Municipality.id == Membership.municipality_id)
    .where(Membership.account_id.in_(bindparam("accounts", expanding=True)))
    .order_by(Membership.account_id, Municipality.code.nulls_first())
)
"""One of the first two is part of every request: built once, of plain columns, it takes a third of the time."""


def lock_alterations(session: Session) -> None:
    """Wait until no other transaction changes accounts and roles, and keep others waiting until this one ends."""
    session.execute(select(func.pg_advisory_xact_lock(ALTERATION_LOCK)))


def insert_account(session: Session, **values: Any) -> int | None:
    """Store an account and return its key, None if the name or the identity at the provider is taken."""
    return session.scalar(insert(Account).values(values).on_conflict_do_nothing().returning(Account.id))


def account_by_name(session: Session, name: str) -> AnyRow | None:
    """Return an account, None if there is none of that name."""
    return session.execute(select(*ACCOUNT_COLUMNS).where(Account.name == name)).one_or_none()


def account_by_id(session: Session, account_id: int) -> AnyRow | None:
    """Return an account, None if there is none."""
    return session.execute(select(*ACCOUNT_COLUMNS).where(Account.id == account_id)).one_or_none()


def account_by_subject(session: Session, issuer: str, subject: str) -> AnyRow | None:
    """Return the account that an identity provider vouches for, None if there is none."""
    return session.execute(
        select(*ACCOUNT_COLUMNS).where(Account.oidc_issuer == issuer, Account.oidc_subject == subject)
    ).one_or_none()


def list_accounts(session: Session) -> list[AnyRow]:
    """Return every account in the order of the names."""
    return list(session.execute(select(*ACCOUNT_COLUMNS).order_by(Account.name)))


def update_account(session: Session, account_id: int, **values: Any) -> None:
    """Change columns of an account."""
    session.execute(update(Account).where(Account.id == account_id).values(values))


def delete_account(session: Session, account_id: int) -> None:
    """Delete an account with its roles, keys, links and sessions."""
    session.execute(delete(Account).where(Account.id == account_id))


def memberships(session: Session, account_ids: list[int]) -> list[AnyRow]:
    """Return account, code of the municipality (None: the service) and role."""
    return list(session.execute(_MEMBERSHIPS, {"accounts": account_ids}))


def municipality_id(session: Session, code: str) -> int | None:
    """Return the key of a municipality, None if there is none of that code."""
    return session.scalar(select(Municipality.id).where(Municipality.code == code))


def municipality_ids(session: Session, codes: list[str]) -> list[tuple[str, int]]:
    """Return code and key of those municipalities that there are."""
    rows = session.execute(select(Municipality.code, Municipality.id).where(Municipality.code.in_(codes)))
    return [(code, key) for code, key in rows]


def put_membership(session: Session, account_id: int, municipality: int | None, role: Role) -> None:
    """Give an account its one role in a municipality or in the service."""
    statement = insert(Membership).values(account_id=account_id, municipality_id=municipality, role=role.value)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["account_id", "municipality_id"], set_={"role": statement.excluded.role}
        )
    )


def delete_membership(session: Session, account_id: int, municipality: int | None) -> None:
    """Take the role of an account in a municipality or in the service."""
    session.execute(
        delete(Membership).where(
            Membership.account_id == account_id, Membership.municipality_id.is_not_distinct_from(municipality)
        )
    )


def delete_memberships(session: Session, account_id: int) -> None:
    """Take every role of an account."""
    session.execute(delete(Membership).where(Membership.account_id == account_id))


def count_administrators(session: Session) -> int:
    """Return how many accounts that are not disabled administer the whole service."""
    return session.scalars(
        select(func.count())
        .select_from(Membership)
        .join(Account, Account.id == Membership.account_id)
        .where(
            Membership.municipality_id.is_(None),
            Membership.role == Role.ADMINISTRATOR.value,
            Account.disabled_at.is_(None),
        )
    ).one()


def insert_key(session: Session, **values: Any) -> int:
    """Store a key and return its number."""
    return session.scalars(insert(ApiKey).values(values).returning(ApiKey.id)).one()


def key_by_prefix(session: Session, prefix: str) -> AnyRow | None:
    """Return a key that can be used, with its account; None if it is unknown, revoked, expired or its account off."""
    return session.execute(_USABLE_KEY, {"prefix": prefix}).one_or_none()


def note_use_of_key(session: Session, key_id: int) -> None:
    """Write down that a key was used now, unless another request is doing so."""
    free = select(ApiKey.id).where(ApiKey.id == key_id).with_for_update(skip_locked=True).scalar_subquery()
    session.execute(update(ApiKey).where(ApiKey.id == free).values(last_used_at=func.now()))


def list_keys(session: Session, account_id: int | None = None) -> list[AnyRow]:
    """Return the keys of an account or (None) of all, newest first."""
    query = (
        select(
            ApiKey.prefix,
            Account.name.label("account"),
            ApiKey.label,
            Municipality.code.label("municipality"),
            ApiKey.role,
            ApiKey.scopes,
            ApiKey.purpose,
            ApiKey.created_at,
            ApiKey.expires_at,
            ApiKey.revoked_at,
            ApiKey.last_used_at,
        )
        .join(Account, Account.id == ApiKey.account_id)
        .outerjoin(Municipality, Municipality.id == ApiKey.municipality_id)
        .order_by(ApiKey.id.desc())
    )
    return list(session.execute(query if account_id is None else query.where(ApiKey.account_id == account_id)))


def revoke_key(session: Session, prefix: str, account_id: int | None) -> bool:
    """Revoke a key, of one account only where that is given; return whether there was one to revoke."""
    statement = update(ApiKey).where(ApiKey.prefix == prefix, ApiKey.revoked_at.is_(None))
    if account_id is not None:
        statement = statement.where(ApiKey.account_id == account_id)
    return session.scalar(statement.values(revoked_at=func.now()).returning(ApiKey.id)) is not None


def begin_attempt(session: Session, name: str) -> AnyRow | None:
    """Count an attempt to sign in by password before it is known to be right; return the account and its hash.

    None if there is no such account, or it is disabled or locked. Attempts at one time wait for each other at the row,
    so that no more than the allowed number gets through. The commit is not waited for: a name that exists takes no
    longer than one that does not.
    """
    session.execute(select(func.set_config("synchronous_commit", "off", true())))
    attempts = func.least(Account.failed_attempts + 1, MOST_COUNTED_ATTEMPTS)
    delay = func.least(
        FIRST_LOCK_SECONDS * func.power(2, func.least(attempts - ATTEMPTS_BEFORE_LOCK, 30)), LONGEST_LOCK_SECONDS
    )
    lock = func.now() + delay * cast(timedelta(seconds=1), Interval)
    return session.execute(
        update(Account)
        .where(
            Account.name == name,
            Account.disabled_at.is_(None),
            or_(Account.locked_until.is_(None), Account.locked_until <= func.now()),
        )
        .values(failed_attempts=attempts, locked_until=case((attempts >= ATTEMPTS_BEFORE_LOCK, lock)))
        .returning(Account.id, Account.name, Account.password_hash)
    ).one_or_none()


def end_attempt(session: Session, account_id: int, password_hash: str, new_hash: str) -> bool:
    """Forget the attempts of an account whose password was right; False if it has changed or was disabled since."""
    return (
        session.scalar(
            update(Account)
            .where(Account.id == account_id, Account.password_hash == password_hash, Account.disabled_at.is_(None))
            .values(failed_attempts=0, locked_until=None, password_hash=new_hash)
            .returning(Account.id)
        )
        is not None
    )


def insert_link(session: Session, **values: Any) -> None:
    """Store a sign-in link."""
    session.execute(insert(SignInLink).values(values))


def use_link(session: Session, digest: bytes) -> AnyRow | None:
    """Use a link up and return its account; None if it is unknown, used, expired or the account is off."""
    return session.execute(
        update(SignInLink)
        .where(
            SignInLink.sha256 == digest,
            SignInLink.used_at.is_(None),
            SignInLink.expires_at > func.now(),
            SignInLink.account_id == Account.id,
            Account.disabled_at.is_(None),
        )
        .values(used_at=func.now())
        .returning(Account.id, Account.name)
    ).one_or_none()


def insert_session(session: Session, **values: Any) -> None:
    """Store a login session."""
    session.execute(insert(LoginSession).values(values))


def session_by_sha256(session: Session, digest: bytes) -> AnyRow | None:
    """Return a session with its account; None if it is unknown or expired, or the account is off."""
    return session.execute(_LIVE_SESSION, {"digest": digest}).one_or_none()


def list_sessions(session: Session, account_id: int) -> list[AnyRow]:
    """Return the sessions of an account that have not expired, the one seen last first."""
    seen_until = LoginSession.last_seen_at + LoginSession.idle_limit
    columns = (LoginSession.sha256, LoginSession.purpose, LoginSession.created_at, LoginSession.last_seen_at)
    query = select(*columns).where(LoginSession.account_id == account_id)
    unexpired = query.where(LoginSession.expires_at > func.now(), seen_until > func.now())
    return list(session.execute(unexpired.order_by(LoginSession.last_seen_at.desc())))


def note_sight_of_session(session: Session, digest: bytes) -> None:
    """Write down that a session was seen now, unless another request is doing so."""
    free = select(LoginSession.sha256).where(LoginSession.sha256 == digest).with_for_update(skip_locked=True)
    session.execute(
        update(LoginSession).where(LoginSession.sha256 == free.scalar_subquery()).values(last_seen_at=func.now())
    )


def update_session(session: Session, digest: bytes, **values: Any) -> None:
    """Change columns of a session."""
    session.execute(update(LoginSession).where(LoginSession.sha256 == digest).values(values))


def delete_session(session: Session, digest: bytes) -> None:
    """Delete a session."""
    session.execute(delete(LoginSession).where(LoginSession.sha256 == digest))


def delete_sessions_and_links(session: Session, account_id: int) -> None:
    """Delete the sessions of an account and the links that would begin one."""
    session.execute(delete(LoginSession).where(LoginSession.account_id == account_id))
    session.execute(delete(SignInLink).where(SignInLink.account_id == account_id))


def delete_expired(session: Session) -> None:
    """Delete sessions and links that have expired, passing over those that another transaction holds."""
    for table, has_ended in ((LoginSession, SESSION_HAS_ENDED), (SignInLink, SignInLink.expires_at <= func.now())):
        ended = select(table.sha256).where(has_ended).limit(MOST_PRUNED).with_for_update(skip_locked=True)
        session.execute(delete(table).where(table.sha256.in_(ended)))
