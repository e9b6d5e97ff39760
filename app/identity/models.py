"""Accounts and what they sign in with; the only tables that belong to no municipality."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Interval,
    LargeBinary,
    SmallInteger,
    String,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.database.base import Base
from app.identity.purposes import Purpose
from app.identity.roles import ASSIGNABLE_ROLES

ROLES = tuple(role.value for role in ASSIGNABLE_ROLES)
PURPOSES = tuple(purpose.value for purpose in Purpose)

Moment = DateTime(timezone=True)


def _sha256(name: str = "sha256") -> CheckConstraint:
    return CheckConstraint(f"octet_length({name}) = 32", name=f"{name}_is_whole")


class Account(Base):
    """A person or a program that may sign in: by password, by a link, by keys, or through an identity provider."""

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint("name ~ '^[a-z0-9][a-z0-9._@-]{0,62}$'", name="name_is_plain"),
        CheckConstraint("(oidc_issuer is null) = (oidc_subject is null)", name="subject_has_an_issuer"),
        UniqueConstraint("oidc_issuer", "oidc_subject"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(String(63), unique=True)
    display_name: Mapped[str]
    password_hash: Mapped[str | None]
    """Argon2id with its parameters and salt; None: no password opens this account."""
    oidc_issuer: Mapped[str | None]
    oidc_subject: Mapped[str | None]
    disabled_at: Mapped[datetime | None] = mapped_column(Moment)
    failed_attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    """Passwords tried since the last that was right."""
    locked_until: Mapped[datetime | None] = mapped_column(Moment)
    created_at: Mapped[datetime] = mapped_column(Moment, server_default=func.now())


class Membership(Base):
    """The one role of an account in a municipality, or in the whole service."""

    __tablename__ = "membership"
    __table_args__ = (
        CheckConstraint(f"role in {ROLES}", name="known_role"),
        UniqueConstraint("account_id", "municipality_id", postgresql_nulls_not_distinct=True),
        Index("ix_membership_municipality_id", "municipality_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    municipality_id: Mapped[int | None] = mapped_column(ForeignKey("municipality.id", ondelete="CASCADE"))
    """None: the role holds in every municipality and in what belongs to none."""
    role: Mapped[str]


class ApiKey(Base):
    """A key by which a program acts for an account; only the hash of its secret is stored."""

    __tablename__ = "api_key"
    __table_args__ = (
        CheckConstraint(f"role in {ROLES}", name="known_role"),
        CheckConstraint(f"purpose in {PURPOSES}", name="known_purpose"),
        CheckConstraint("cardinality(scopes) > 0", name="has_a_scope"),
        _sha256(),
        Index("ix_api_key_account_id", "account_id"),
        Index("ix_api_key_municipality_id", "municipality_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    prefix: Mapped[str] = mapped_column(String(16), unique=True)
    """Public part, by which the key is listed and revoked."""
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    label: Mapped[str]
    municipality_id: Mapped[int | None] = mapped_column(ForeignKey("municipality.id", ondelete="CASCADE"))
    """The only municipality that the key opens; None: those of its account."""
    role: Mapped[str | None]
    """The most that the key may do; None: what its account may."""
    scopes: Mapped[list[str]] = mapped_column(ARRAY(String))
    purpose: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(Moment, server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(Moment)
    revoked_at: Mapped[datetime | None] = mapped_column(Moment)
    last_used_at: Mapped[datetime | None] = mapped_column(Moment)
    """Coarse: written at most every few minutes."""


class SignInLink(Base):
    """A secret address that signs an account in once."""

    __tablename__ = "sign_in_link"
    __table_args__ = (_sha256(), Index("ix_sign_in_link_account_id", "account_id"))

    sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(Moment, server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(Moment)
    used_at: Mapped[datetime | None] = mapped_column(Moment)


class LoginSession(Base):
    """A signed-in browser, known by the hash of the token in its cookie."""

    __tablename__ = "login_session"
    __table_args__ = (
        CheckConstraint(f"purpose in {PURPOSES}", name="known_purpose"),
        _sha256(),
        _sha256("csrf_sha256"),
        Index("ix_login_session_account_id", "account_id"),
    )

    sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    csrf_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    purpose: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(Moment, server_default=func.now())
    last_seen_at: Mapped[datetime] = mapped_column(Moment, server_default=func.now())
    """Coarse: written at most every minute."""
    idle_limit: Mapped[timedelta] = mapped_column(Interval)
    """How long the session lives without being seen."""
    expires_at: Mapped[datetime] = mapped_column(Moment)
    """When it ends however often it is seen."""
