"""Edits of drafts, so that they can be taken back after a restart and through any process of the service."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.tenancy import moment, one_of, protect, reference, required, tenant_table

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

OPERATIONS = "move lock unlock lock-beat unlock-beat fix undo redo"


def upgrade() -> None:
    tenant_table(
        "plan_edit",
        required("plan_id", sa.BigInteger()),
        required("operation", sa.String()),
        required("former_tag", sa.String()),
        required("tag", sa.String()),
        required("unit_ids", postgresql.ARRAY(sa.BigInteger())),
        required("beats_before", postgresql.ARRAY(sa.String())),
        required("beats_after", postgresql.ARRAY(sa.String())),
        sa.Column("locked", sa.Boolean()),
        required("holders", postgresql.JSONB(), server_default="[]"),
        required("actor", sa.String()),
        required("edited_at", moment(), server_default=sa.func.now()),
        one_of("operation", OPERATIONS),
        reference("plan_id", "beat_plan", ondelete="CASCADE"),
    )
    op.create_index("ix_plan_edit_plan", "plan_edit", ["municipality_id", "plan_id", "id"])
    protect("plan_edit")


def downgrade() -> None:
    op.drop_table("plan_edit")
