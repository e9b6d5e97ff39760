"""Versions of the data tell of the steps of danger zones, of bundles, and of which zones a fix answers."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

WATCHED = ("danger_zone_change", "fix_bundle", "fix_danger_zone")


def upgrade() -> None:
    for table in WATCHED:
        op.execute(
            f"create trigger note_change after insert or update or delete or truncate on {table} "
            "for each statement execute function note_change()"
        )


def downgrade() -> None:
    for table in WATCHED:
        op.execute(f"drop trigger note_change on {table}")
