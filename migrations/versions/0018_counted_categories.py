"""Statistics of the categories whenever they change, so that features find theirs without a search each.

By default PostgreSQL counts a table again after 50 changes; a list of 18 categories it then takes for unknown for ever.
"""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table category set (autovacuum_analyze_threshold = 0, autovacuum_analyze_scale_factor = 0)")


def downgrade() -> None:
    op.execute("alter table category reset (autovacuum_analyze_threshold, autovacuum_analyze_scale_factor)")
