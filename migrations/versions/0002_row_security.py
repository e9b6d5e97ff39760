"""Row security: policies that keep each municipality to itself, for roles that own nothing."""

from __future__ import annotations

from alembic import op

from migrations.tenancy import IDENTITY, MAINTENANCE, QUEUE, SERVICE, SERVICE_WIDE, admit, enclose, expose, protect

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TENANT_TABLES = (
    "analysis_run",
    "density_cell",
    "hot_spot_cell",
    "source",
    "import_batch",
    "quarantined_row",
    "category",
    "incident",
    "danger_zone",
    "report",
    "fix",
    "areal_unit",
    "street_segment",
    "street_light",
    "street_light_outage",
    "beat_plan",
    "beat",
    "beat_membership",
    "officer",
    "officer_assignment",
)
CLAIMING = "municipality_id, id, kind, parameters, seed, attempt, state, created_at, started_at, finished_at"
"""What a worker must know of a run to take it."""

CLAIMED = "state, attempt, progress, message, started_at"
"""What it writes when it takes one."""


def upgrade() -> None:
    for table in TENANT_TABLES:
        protect(table)
    admit("analysis_run", QUEUE, "select", columns=CLAIMING)
    admit("analysis_run", QUEUE, "update", columns=CLAIMED)
    enclose("municipality")
    for role in (SERVICE, IDENTITY, QUEUE):
        admit("municipality", role, "select")
    admit("municipality", SERVICE, "insert", "update", "delete", rows=SERVICE_WIDE)
    op.execute(f"grant select on alembic_version to {SERVICE}")
    op.execute(f"grant all on alembic_version to {MAINTENANCE}")


def downgrade() -> None:
    op.execute(f"revoke all on alembic_version from {SERVICE}, {MAINTENANCE}")
    for table in ("municipality", *TENANT_TABLES):
        expose(table)
