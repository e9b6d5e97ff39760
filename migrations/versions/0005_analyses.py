"""More kinds of analyses, what they result in, and an index that counts events in cells without reading them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.tenancy import geometry, protect, reference, required, spatial_index

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

FORMER_KINDS = "import kernel-density getis-ord beat-allocation"
KINDS = (
    "import kernel-density getis-ord sensitivity change hot-spot-history emerging-hot-spots near-repeat "
    "temporal-profile clusters top-places network-density back-test beat-allocation"
)


def upgrade() -> None:
    allow_kinds(KINDS)
    create_result_features()
    create_result_tables()
    op.add_column("density_cell", sa.Column("density_per_km2_year", sa.Double()))
    for table in ("result_feature", "result_table"):
        protect(table)
    cover("incident", "occurred_from", "category_id")
    cover("report", "reported_at", "category_id")


def downgrade() -> None:
    cover("report", "reported_at")
    cover("incident", "occurred_from")
    op.drop_column("density_cell", "density_per_km2_year")
    op.drop_table("result_table")
    op.drop_table("result_feature")
    listed = ", ".join(f"'{kind}'" for kind in FORMER_KINDS.split())
    op.execute(f"delete from analysis_run where kind not in ({listed})")  # noqa: S608 - constant kinds
    allow_kinds(FORMER_KINDS)


def allow_kinds(kinds: str) -> None:
    listed = ", ".join(f"'{kind}'" for kind in kinds.split())
    op.drop_constraint(op.f("ck_analysis_run_known_kind"), "analysis_run")
    op.create_check_constraint(op.f("ck_analysis_run_known_kind"), "analysis_run", f"kind in ({listed})")


def create_result_features() -> None:
    op.create_table(
        "result_feature",
        sa.Column("municipality_id", sa.Integer(), primary_key=True),
        sa.Column("run_id", sa.BigInteger(), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True),
        required("layer", sa.String()),
        required("geom", geometry()),
        required("properties", postgresql.JSONB()),
        reference("run_id", "analysis_run", ondelete="CASCADE"),
    )
    spatial_index("result_feature", "geom")


def create_result_tables() -> None:
    op.create_table(
        "result_table",
        sa.Column("municipality_id", sa.Integer(), primary_key=True),
        sa.Column("run_id", sa.BigInteger(), primary_key=True),
        sa.Column("name", sa.String(), primary_key=True),
        required("columns", postgresql.JSONB()),
        required("rows", postgresql.JSONB()),
        reference("run_id", "analysis_run", ondelete="CASCADE"),
    )


def cover(table: str, *included: str) -> None:
    """Make the index of places anew, so that it alone answers what is counted by place, time and category."""
    op.drop_index(f"ix_{table}_x_y", table)
    op.create_index(f"ix_{table}_x_y", table, ["municipality_id", "x", "y"], postgresql_include=list(included))
