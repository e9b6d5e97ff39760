"""What an incident counts for, where that is not 1: the number of its victims, a harm index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("incident", sa.Column("weight", sa.Double()))
    op.create_check_constraint(op.f("ck_incident_weight_above_zero"), "incident", "weight > 0 and weight <= 1e9")


def downgrade() -> None:
    op.drop_column("incident", "weight")
