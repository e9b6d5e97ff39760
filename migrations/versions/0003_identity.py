"""Accounts, memberships, keys, sign-in links and sessions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.tenancy import IDENTITY, admit, enclose, moment, one_of, required

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ROLES = "officer analyst commander municipality administrator"
TABLES = ("account", "membership", "api_key", "sign_in_link", "login_session")
PURPOSES = "crime-analysis patrol-planning investigation prevention evaluation administration maintenance"


def upgrade() -> None:
    create_accounts()
    create_memberships()
    create_keys()
    create_links()
    create_sessions()
    for table in TABLES:
        enclose(table)
        admit(table, IDENTITY, "select", "insert", "update", "delete")


def downgrade() -> None:
    op.execute(f"drop table {', '.join(TABLES)}")


def create_accounts() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        required("name", sa.String(63)),
        required("display_name", sa.String()),
        sa.Column("password_hash", sa.String()),
        sa.Column("oidc_issuer", sa.String()),
        sa.Column("oidc_subject", sa.String()),
        sa.Column("disabled_at", moment()),
        required("failed_attempts", sa.SmallInteger(), server_default="0"),
        sa.Column("locked_until", moment()),
        required("created_at", moment(), server_default=sa.func.now()),
        sa.CheckConstraint("name ~ '^[a-z0-9][a-z0-9._@-]{0,62}$'", name="name_is_plain"),
        sa.CheckConstraint("(oidc_issuer is null) = (oidc_subject is null)", name="subject_has_an_issuer"),
        sa.UniqueConstraint("name"),
        sa.UniqueConstraint("oidc_issuer", "oidc_subject"),
    )


def create_memberships() -> None:
    op.create_table(
        "membership",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        account(),
        municipality(),
        required("role", sa.String()),
        one_of("role", ROLES),
        sa.UniqueConstraint("account_id", "municipality_id", postgresql_nulls_not_distinct=True),
    )
    op.create_index("ix_membership_municipality_id", "membership", ["municipality_id"])


def create_keys() -> None:
    op.create_table(
        "api_key",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        account(),
        required("prefix", sa.String(16)),
        required("sha256", sa.LargeBinary()),
        required("label", sa.String()),
        municipality(),
        sa.Column("role", sa.String()),
        required("scopes", postgresql.ARRAY(sa.String())),
        sa.Column("purpose", sa.String()),
        required("created_at", moment(), server_default=sa.func.now()),
        required("expires_at", moment()),
        sa.Column("revoked_at", moment()),
        sa.Column("last_used_at", moment()),
        one_of("role", ROLES),
        one_of("purpose", PURPOSES),
        sa.CheckConstraint("cardinality(scopes) > 0", name="has_a_scope"),
        whole("sha256"),
        sa.UniqueConstraint("prefix"),
    )
    op.create_index("ix_api_key_account_id", "api_key", ["account_id"])
    op.create_index("ix_api_key_municipality_id", "api_key", ["municipality_id"])


def create_links() -> None:
    op.create_table(
        "sign_in_link",
        sa.Column("sha256", sa.LargeBinary(), primary_key=True),
        account(),
        required("created_at", moment(), server_default=sa.func.now()),
        required("expires_at", moment()),
        sa.Column("used_at", moment()),
        whole("sha256"),
    )
    op.create_index("ix_sign_in_link_account_id", "sign_in_link", ["account_id"])


def create_sessions() -> None:
    op.create_table(
        "login_session",
        sa.Column("sha256", sa.LargeBinary(), primary_key=True),
        account(),
        required("csrf_sha256", sa.LargeBinary()),
        sa.Column("purpose", sa.String()),
        required("created_at", moment(), server_default=sa.func.now()),
        required("last_seen_at", moment(), server_default=sa.func.now()),
        required("idle_limit", sa.Interval()),
        required("expires_at", moment()),
        one_of("purpose", PURPOSES),
        whole("sha256"),
        whole("csrf_sha256"),
    )
    op.create_index("ix_login_session_account_id", "login_session", ["account_id"])


def account() -> sa.Column[int]:
    return sa.Column("account_id", sa.BigInteger(), sa.ForeignKey("account.id", ondelete="CASCADE"), nullable=False)


def municipality() -> sa.Column[int]:
    return sa.Column("municipality_id", sa.Integer(), sa.ForeignKey("municipality.id", ondelete="CASCADE"))


def whole(column: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(f"octet_length({column}) = 32", name=f"{column}_is_whole")
