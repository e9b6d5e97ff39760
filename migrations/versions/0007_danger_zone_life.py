"""The life of danger zones: steps, distinct reporters, duplicates, photos."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.tenancy import moment, protect, reference, required, tenant_table

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

WEEKDAYS = "any workdays weekend monday tuesday wednesday thursday friday saturday sunday"
SEASONS = "any spring summer autumn winter"
STATUSES = (
    "received in_moderation open in_plan fix_under_way fixed confirmed not_confirmed reopened rejected duplicate "
    "passed_on"
)
ZONE_COLUMNS = ("weekday", "season", "verified", "passed_on_to", "merged_into")


def upgrade() -> None:
    extend_zones()
    create_changes()
    create_photos()
    create_salts()
    op.add_column("reporter_link", sa.Column("report_id", sa.BigInteger()))
    op.create_foreign_key(
        op.f("fk_reporter_link_municipality_id_report_id"),
        "reporter_link",
        "report",
        ["municipality_id", "report_id"],
        ["municipality_id", "id"],
        ondelete="CASCADE",
    )
    op.create_index("ix_reporter_link_report", "reporter_link", ["municipality_id", "report_id"])
    for table in ("danger_zone_change", "photo", "reporter_salt"):
        protect(table)


def downgrade() -> None:
    op.drop_index("ix_reporter_link_report", "reporter_link")
    op.drop_constraint(op.f("fk_reporter_link_municipality_id_report_id"), "reporter_link")
    op.drop_column("reporter_link", "report_id")
    for table in ("reporter_salt", "photo", "danger_zone_change"):
        op.drop_table(table)
    op.drop_index("ix_danger_zone_merged_into", "danger_zone")
    for column in ZONE_COLUMNS:
        op.drop_column("danger_zone", column)


def extend_zones() -> None:
    op.add_column("danger_zone", required("weekday", sa.String(), server_default="any"))
    op.add_column("danger_zone", required("season", sa.String(), server_default="any"))
    op.add_column("danger_zone", required("verified", sa.Boolean(), server_default="false"))
    op.add_column("danger_zone", sa.Column("passed_on_to", sa.String()))
    op.add_column("danger_zone", sa.Column("merged_into", sa.BigInteger()))
    for column, values in (("weekday", WEEKDAYS), ("season", SEASONS)):
        listed = ", ".join(f"'{value}'" for value in values.split())
        op.create_check_constraint(op.f(f"ck_danger_zone_known_{column}"), "danger_zone", f"{column} in ({listed})")
    op.create_foreign_key(
        op.f("fk_danger_zone_municipality_id_merged_into"),
        "danger_zone",
        "danger_zone",
        ["municipality_id", "merged_into"],
        ["municipality_id", "id"],
    )
    op.create_index("ix_danger_zone_merged_into", "danger_zone", ["municipality_id", "merged_into"])


def create_changes() -> None:
    listed = ", ".join(f"'{status}'" for status in STATUSES.split())
    tenant_table(
        "danger_zone_change",
        required("danger_zone_id", sa.BigInteger()),
        required("action", sa.String()),
        sa.Column("from_status", sa.String()),
        required("to_status", sa.String()),
        sa.Column("why", sa.String()),
        sa.Column("next_step", sa.String()),
        sa.Column("passed_on_to", sa.String()),
        sa.Column("other_zone_id", sa.BigInteger()),
        sa.Column("moved_reports", postgresql.ARRAY(sa.BigInteger())),
        required("actor_kind", sa.String()),
        required("actor", sa.String()),
        required("changed_at", moment(), server_default=sa.func.clock_timestamp()),
        sa.CheckConstraint(f"to_status in ({listed})", name="known_to_status"),
        reference("danger_zone_id", "danger_zone", ondelete="CASCADE"),
    )
    op.create_index("ix_danger_zone_change_zone", "danger_zone_change", ["municipality_id", "danger_zone_id"])


def create_photos() -> None:
    tenant_table(
        "photo",
        sa.Column("danger_zone_id", sa.BigInteger()),
        sa.Column("report_id", sa.BigInteger()),
        required("width", sa.Integer()),
        required("height", sa.Integer()),
        required("content", sa.LargeBinary()),
        required("created_at", moment(), server_default=sa.func.now()),
        reference("danger_zone_id", "danger_zone", ondelete="CASCADE"),
        reference("report_id", "report", ondelete="CASCADE"),
    )
    op.create_index("ix_photo_danger_zone", "photo", ["municipality_id", "danger_zone_id"])
    op.create_index("ix_photo_report", "photo", ["municipality_id", "report_id"])


def create_salts() -> None:
    op.create_table(
        "reporter_salt",
        sa.Column(
            "municipality_id", sa.Integer(), sa.ForeignKey("municipality.id", ondelete="CASCADE"), primary_key=True
        ),
        required("salt", sa.LargeBinary()),
    )
