"""Imports tell their own links and numbers from what was added here, and keep the latter."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.tenancy import required

revision = "0021"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("fix_danger_zone", required("imported", sa.Boolean(), server_default="false"))
    op.add_column("danger_zone", sa.Column("reporters_told", sa.Integer()))


def downgrade() -> None:
    op.drop_column("danger_zone", "reporters_told")
    op.drop_column("fix_danger_zone", "imported")
