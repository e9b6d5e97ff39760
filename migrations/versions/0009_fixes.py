"""Fixes with budgets, bundles, steps and links; lighting, proposals, ranking, evaluation and mismatch as runs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.tenancy import moment, one_of, protect, reference, required, tenant_table

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

FORMER_KINDS = (
    "import kernel-density getis-ord sensitivity change hot-spot-history emerging-hot-spots near-repeat "
    "temporal-profile clusters top-places network-density back-test beat-allocation beat-redraw officer-assignment "
    "trade-off"
)
KINDS = f"{FORMER_KINDS} lighting fix-proposals fix-ranking fix-evaluation concern-mismatch"
FIX_STATUSES = "proposed planned under_way done dropped"
TABLES = ("fix_bundle", "fix_change", "fix_danger_zone", "fix_hot_spot")


def upgrade() -> None:
    allow_kinds(KINDS)
    create_bundles()
    create_changes()
    create_links()
    let_photos_show_fixes()
    for table in TABLES:
        protect(table)


def downgrade() -> None:
    op.execute("delete from photo where fix_id is not null")
    for column in ("fix_id", "stage"):
        op.drop_column("photo", column)
    for table in ("fix_hot_spot", "fix_danger_zone", "fix_change"):
        op.drop_table(table)
    for column in ("bundle_id", "due_on", "budget", "co_owners"):
        op.drop_column("fix", column)
    op.drop_table("fix_bundle")
    listed = ", ".join(f"'{kind}'" for kind in FORMER_KINDS.split())
    op.execute(f"delete from analysis_run where kind not in ({listed})")  # noqa: S608 - constant kinds
    allow_kinds(FORMER_KINDS)


def allow_kinds(kinds: str) -> None:
    listed = ", ".join(f"'{kind}'" for kind in kinds.split())
    op.drop_constraint(op.f("ck_analysis_run_known_kind"), "analysis_run")
    op.create_check_constraint(op.f("ck_analysis_run_known_kind"), "analysis_run", f"kind in ({listed})")


def create_bundles() -> None:
    tenant_table(
        "fix_bundle",
        required("title", sa.String()),
        sa.Column("description", sa.String()),
        required("created_at", moment(), server_default=sa.func.now()),
    )
    op.add_column("fix", sa.Column("bundle_id", sa.BigInteger()))
    op.create_foreign_key(
        op.f("fk_fix_municipality_id_bundle_id"),
        "fix",
        "fix_bundle",
        ["municipality_id", "bundle_id"],
        ["municipality_id", "id"],
    )
    op.create_index("ix_fix_bundle", "fix", ["municipality_id", "bundle_id"])
    op.add_column("fix", required("co_owners", postgresql.JSONB(), server_default="[]"))
    op.add_column("fix", sa.Column("budget", sa.Numeric(14, 2)))
    op.add_column("fix", sa.Column("due_on", sa.Date()))
    op.create_check_constraint(op.f("ck_fix_budget_not_negative"), "fix", "budget >= 0")


def create_changes() -> None:
    tenant_table(
        "fix_change",
        required("fix_id", sa.BigInteger()),
        required("step", sa.String()),
        required("from_status", sa.String()),
        required("to_status", sa.String()),
        required("reason", sa.String()),
        required("actor", sa.String()),
        required("happened_on", sa.Date()),
        required("changed_at", moment(), server_default=sa.func.now()),
        one_of("to_status", FIX_STATUSES),
        reference("fix_id", "fix", ondelete="CASCADE"),
    )
    op.create_index("ix_fix_change_fix", "fix_change", ["municipality_id", "fix_id"])


def create_links() -> None:
    tenant_table(
        "fix_danger_zone",
        required("fix_id", sa.BigInteger()),
        required("danger_zone_id", sa.BigInteger()),
        sa.UniqueConstraint("municipality_id", "fix_id", "danger_zone_id"),
        reference("fix_id", "fix", ondelete="CASCADE"),
        reference("danger_zone_id", "danger_zone", ondelete="CASCADE"),
    )
    op.create_index("ix_fix_danger_zone_danger_zone", "fix_danger_zone", ["municipality_id", "danger_zone_id"])
    tenant_table(
        "fix_hot_spot",
        required("fix_id", sa.BigInteger()),
        required("run_id", sa.BigInteger()),
        required("cell", sa.Integer()),
        sa.UniqueConstraint("municipality_id", "fix_id", "run_id", "cell"),
        reference("fix_id", "fix", ondelete="CASCADE"),
        reference("run_id", "analysis_run", ondelete="CASCADE"),
    )
    op.create_index("ix_fix_hot_spot_run", "fix_hot_spot", ["municipality_id", "run_id"])


def let_photos_show_fixes() -> None:
    op.add_column("photo", sa.Column("fix_id", sa.BigInteger()))
    op.add_column("photo", sa.Column("stage", sa.String()))
    op.create_foreign_key(
        op.f("fk_photo_municipality_id_fix_id"),
        "photo",
        "fix",
        ["municipality_id", "fix_id"],
        ["municipality_id", "id"],
        ondelete="CASCADE",
    )
    op.create_check_constraint(op.f("ck_photo_known_stage"), "photo", "stage in ('before', 'after')")
    op.create_index("ix_photo_fix", "photo", ["municipality_id", "fix_id"])
