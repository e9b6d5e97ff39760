"""The first schema: municipalities and everything that belongs to one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.tenancy import (
    geometry,
    imported_table,
    moment,
    one_of,
    reference,
    required,
    result_table,
    spatial_index,
    tenant_table,
)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create extension if not exists postgis")
    create_municipalities()
    create_runs()
    create_results()
    create_imports()
    create_incidents()
    create_danger_zones()
    create_reports()
    create_fixes()
    create_places()
    create_street_lights()
    create_beat_plans()
    create_beats()
    create_officers()


def downgrade() -> None:
    op.execute(
        "drop table officer_assignment, officer, beat_membership, beat, beat_plan, street_light_outage, street_light, "
        "street_segment, areal_unit, fix, report, danger_zone, incident, category, quarantined_row, import_batch, "
        "source, hot_spot_cell, density_cell, analysis_run, municipality"
    )


def create_municipalities() -> None:
    op.create_table(
        "municipality",
        sa.Column("id", sa.Integer(), sa.Identity(), primary_key=True),
        required("code", sa.String(63)),
        required("name", sa.String()),
        required("boundary", geometry("MULTIPOLYGON")),
        required("working_crs", sa.String()),
        required("time_zone", sa.String()),
        required("created_at", moment(), server_default=sa.func.now()),
        sa.CheckConstraint("code ~ '^[a-z0-9][a-z0-9-]{0,62}$'", name="code_is_a_slug"),
        sa.UniqueConstraint("code"),
    )
    spatial_index("municipality", "boundary")


def create_runs() -> None:
    tenant_table(
        "analysis_run",
        required("kind", sa.String()),
        required("state", sa.String(), server_default="queued"),
        required("parameters", postgresql.JSONB()),
        sa.Column("seed", sa.BigInteger()),
        sa.Column("input_fingerprint", sa.String(64)),
        required("software_version", sa.String()),
        required("progress", sa.SmallInteger(), server_default="0"),
        required("message", sa.String(), server_default="waiting"),
        required("attempt", sa.SmallInteger(), server_default="0"),
        sa.Column("summary", postgresql.JSONB()),
        sa.Column("problem", postgresql.JSONB()),
        required("created_at", moment(), server_default=sa.func.now()),
        sa.Column("started_at", moment()),
        sa.Column("finished_at", moment()),
        one_of("kind", "import kernel-density getis-ord beat-allocation"),
        one_of("state", "queued running succeeded failed dismissed"),
        sa.CheckConstraint("progress between 0 and 100", name="progress_is_a_percentage"),
    )
    op.create_index("ix_analysis_run_state", "analysis_run", ["municipality_id", "state"])


def create_results() -> None:
    result_table(
        "density_cell",
        required("density_per_km2", sa.Double()),
        sa.CheckConstraint(
            "density_per_km2 >= 0 and density_per_km2 < 'infinity'", name="density_finite_and_not_negative"
        ),
    )
    result_table(
        "hot_spot_cell",
        required("count", sa.Integer()),
        sa.Column("gi_z", sa.Double()),
        sa.Column("p_value", sa.Double()),
        sa.Column("q_value", sa.Double()),
        required("gi_bin", sa.SmallInteger()),
        sa.CheckConstraint("count >= 0", name="count_not_negative"),
        sa.CheckConstraint("gi_bin between -3 and 3", name="gi_bin_in_range"),
        sa.CheckConstraint("abs(gi_z) < 'infinity'", name="gi_z_finite"),
        sa.CheckConstraint("p_value between 0 and 1 and q_value between 0 and 1", name="probabilities_in_range"),
    )


def create_imports() -> None:
    tenant_table(
        "source",
        required("kind", sa.String()),
        required("name", sa.String()),
        required("profile", postgresql.JSONB()),
        required("updated_at", moment(), server_default=sa.func.now()),
        one_of(
            "kind",
            "municipalities areal-units streets incidents reports danger-zones street-lights "
            "street-light-outages fixes officers beats",
        ),
        sa.UniqueConstraint("municipality_id", "kind", "name"),
    )
    tenant_table(
        "import_batch",
        required("source_id", sa.BigInteger()),
        required("file_name", sa.String()),
        required("file_sha256", sa.String(64)),
        required("imported_at", moment(), server_default=sa.func.now()),
        required("rows_read", sa.Integer()),
        required("accepted", sa.Integer()),
        required("updated", sa.Integer()),
        required("unchanged", sa.Integer()),
        required("quarantined", sa.Integer()),
        required("warnings", postgresql.JSONB(), server_default="[]"),
        required("software_version", sa.String()),
        sa.CheckConstraint("least(accepted, updated, unchanged, quarantined) >= 0", name="counts_not_negative"),
        sa.CheckConstraint("rows_read = accepted + updated + unchanged + quarantined", name="counts_reconcile"),
        reference("source_id", "source", ondelete="CASCADE"),
    )
    op.create_index("ix_import_batch_source", "import_batch", ["municipality_id", "source_id"])
    tenant_table(
        "quarantined_row",
        required("batch_id", sa.BigInteger()),
        required("line", sa.BigInteger()),
        required("raw", postgresql.JSONB()),
        required("reasons", postgresql.JSONB()),
        reference("batch_id", "import_batch", ondelete="CASCADE"),
    )
    op.create_index("ix_quarantined_row_batch", "quarantined_row", ["municipality_id", "batch_id", "line"])


def create_incidents() -> None:
    tenant_table(
        "category",
        required("kind", sa.String()),
        required("code", sa.String()),
        required("label", sa.String()),
        required("sensitive", sa.Boolean(), server_default="false"),
        one_of("kind", "incident concern"),
        sa.UniqueConstraint("municipality_id", "kind", "code"),
    )
    imported_table(
        "incident",
        sa.Column("category_id", sa.BigInteger()),
        required("geom", geometry("POINT")),
        required("x", sa.Double()),
        required("y", sa.Double()),
        sa.Column("public_geom", geometry("POINT")),
        sa.Column("occurred_from", moment()),
        sa.Column("occurred_to", moment()),
        required("time_precision", sa.String()),
        sa.Column("recorded_area", sa.String()),
        one_of("time_precision", "second minute hour day month year unknown"),
        sa.CheckConstraint("occurred_to >= occurred_from", name="window_in_order"),
        reference("category_id", "category"),
    )
    spatial_index("incident", "geom")
    op.create_index("ix_incident_x_y", "incident", ["municipality_id", "x", "y"], postgresql_include=["occurred_from"])


def create_danger_zones() -> None:
    imported_table(
        "danger_zone",
        required("category_id", sa.BigInteger()),
        required("geom", geometry()),
        sa.Column("public_geom", geometry()),
        required("status", sa.String(), server_default="received"),
        required("reported_by", sa.String()),
        sa.Column("channel", sa.String()),
        required("day_part", sa.String(), server_default="any"),
        sa.Column("description", sa.String()),
        required("reporters", sa.Integer(), server_default="1"),
        required("reported_at", moment(), server_default=sa.func.now()),
        required("updated_at", moment(), server_default=sa.func.now()),
        one_of("day_part", "morning afternoon evening night any"),
        one_of("reported_by", "citizen officer_interview survey municipality unknown"),
        one_of(
            "status",
            "received in_moderation open in_plan fix_under_way fixed confirmed not_confirmed reopened rejected duplicate passed_on",
        ),
        reference("category_id", "category"),
    )
    spatial_index("danger_zone", "geom")


def create_reports() -> None:
    imported_table(
        "report",
        sa.Column("category_id", sa.BigInteger()),
        sa.Column("danger_zone_id", sa.BigInteger()),
        required("geom", geometry()),
        required("x", sa.Double()),
        required("y", sa.Double()),
        sa.Column("public_geom", geometry()),
        sa.Column("reported_at", moment()),
        sa.Column("closed_at", moment()),
        sa.Column("status", sa.String()),
        required("reported_by", sa.String()),
        sa.Column("channel", sa.String()),
        sa.Column("description", sa.String()),
        sa.Column("reporter_key", sa.LargeBinary()),
        sa.Column("recorded_area", sa.String()),
        one_of("reported_by", "citizen officer_interview survey municipality unknown"),
        reference("category_id", "category"),
        reference("danger_zone_id", "danger_zone"),
    )
    op.create_index("ix_report_danger_zone", "report", ["municipality_id", "danger_zone_id"])
    spatial_index("report", "geom")
    op.create_index("ix_report_x_y", "report", ["municipality_id", "x", "y"], postgresql_include=["reported_at"])


def create_fixes() -> None:
    imported_table(
        "fix",
        sa.Column("danger_zone_id", sa.BigInteger()),
        required("kind", sa.String()),
        required("title", sa.String()),
        required("geom", geometry()),
        required("status", sa.String()),
        sa.Column("owner", sa.String()),
        sa.Column("cost", sa.Numeric(14, 2)),
        sa.Column("started_on", sa.Date()),
        sa.Column("ended_on", sa.Date()),
        required("attributes", postgresql.JSONB(), server_default="{}"),
        sa.CheckConstraint("cost >= 0", name="cost_not_negative"),
        sa.CheckConstraint("ended_on >= started_on", name="dates_in_order"),
        one_of("status", "proposed planned under_way done dropped"),
        reference("danger_zone_id", "danger_zone"),
    )
    op.create_index("ix_fix_danger_zone", "fix", ["municipality_id", "danger_zone_id"])
    spatial_index("fix", "geom")


def create_places() -> None:
    imported_table(
        "areal_unit",
        required("geom", geometry()),
        sa.Column("residents", sa.Integer()),
        sa.Column("residents_year", sa.SmallInteger()),
        required("attributes", postgresql.JSONB(), server_default="{}"),
        sa.CheckConstraint("geometrytype(geom) in ('POINT', 'POLYGON', 'MULTIPOLYGON')", name="point_or_area"),
        sa.CheckConstraint("residents >= 0", name="residents_not_negative"),
    )
    spatial_index("areal_unit", "geom")
    imported_table(
        "street_segment",
        required("geom", geometry()),
        sa.Column("name", sa.String()),
        sa.Column("street_class", sa.String()),
        required("attributes", postgresql.JSONB(), server_default="{}"),
    )
    spatial_index("street_segment", "geom")


def create_street_lights() -> None:
    imported_table(
        "street_light",
        required("geom", geometry("POINT")),
        required("x", sa.Double()),
        required("y", sa.Double()),
        sa.Column("lamp_type", sa.String()),
        sa.Column("owner", sa.String()),
        required("attributes", postgresql.JSONB(), server_default="{}"),
    )
    spatial_index("street_light", "geom")
    op.create_index("ix_street_light_x_y", "street_light", ["municipality_id", "x", "y"])
    imported_table(
        "street_light_outage",
        required("street_light_id", sa.BigInteger()),
        required("out_from", moment()),
        sa.Column("out_to", moment()),
        sa.CheckConstraint("out_to >= out_from", name="window_in_order"),
        reference("street_light_id", "street_light", ondelete="CASCADE"),
    )
    op.create_index("ix_street_light_outage_light", "street_light_outage", ["municipality_id", "street_light_id"])


def create_beat_plans() -> None:
    tenant_table(
        "beat_plan",
        required("name", sa.String()),
        required("version", sa.Integer()),
        required("status", sa.String(), server_default="draft"),
        required("min_residents", sa.Integer()),
        required("max_residents", sa.Integer()),
        sa.Column("effective_from", sa.Date()),
        sa.Column("run_id", sa.BigInteger()),
        sa.Column("batch_id", sa.BigInteger()),
        required("report", postgresql.JSONB(), server_default="{}"),
        required("created_at", moment(), server_default=sa.func.now()),
        sa.CheckConstraint("0 < min_residents and min_residents <= max_residents", name="bounds_in_order"),
        one_of("status", "draft proposed approved published superseded"),
        reference("batch_id", "import_batch"),
        reference("run_id", "analysis_run"),
        sa.UniqueConstraint("municipality_id", "name", "version"),
    )


def create_beats() -> None:
    tenant_table(
        "beat",
        required("plan_id", sa.BigInteger()),
        required("code", sa.String()),
        sa.Column("geom", geometry("MULTIPOLYGON")),
        sa.Column("residents", sa.Integer()),
        sa.Column("workload", sa.Double()),
        sa.Column("polsby_popper", sa.Double()),
        sa.Column("within_bounds", sa.Boolean()),
        sa.CheckConstraint("polsby_popper between 0 and 1", name="polsby_popper_is_a_share"),
        sa.CheckConstraint("residents >= 0", name="residents_not_negative"),
        sa.CheckConstraint("workload >= 0 and workload < 'infinity'", name="workload_finite_and_not_negative"),
        reference("plan_id", "beat_plan", ondelete="CASCADE"),
        sa.UniqueConstraint("municipality_id", "plan_id", "code"),
        sa.UniqueConstraint("municipality_id", "plan_id", "id"),
    )
    spatial_index("beat", "geom")
    op.create_table(
        "beat_membership",
        sa.Column("municipality_id", sa.Integer(), primary_key=True),
        sa.Column("plan_id", sa.BigInteger(), primary_key=True),
        sa.Column("areal_unit_id", sa.BigInteger(), primary_key=True),
        required("beat_id", sa.BigInteger()),
        reference("areal_unit_id", "areal_unit", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["municipality_id", "plan_id", "beat_id"],
            ["beat.municipality_id", "beat.plan_id", "beat.id"],
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_beat_membership_areal_unit", "beat_membership", ["municipality_id", "areal_unit_id"])
    op.create_index("ix_beat_membership_beat", "beat_membership", ["municipality_id", "plan_id", "beat_id"])


def create_officers() -> None:
    imported_table(
        "officer",
        sa.Column("station", sa.String()),
        sa.Column("station_geom", geometry("POINT")),
        required("languages", postgresql.ARRAY(sa.String()), server_default="{}"),
        required("capacity", sa.Double(), server_default="1"),
        sa.Column("contact", sa.String()),
        sa.Column("serves_since", sa.Date()),
        sa.CheckConstraint("capacity > 0 and capacity <= 1", name="capacity_is_a_share"),
    )
    tenant_table(
        "officer_assignment",
        required("beat_id", sa.BigInteger()),
        required("officer_id", sa.BigInteger()),
        required("valid_from", sa.Date()),
        sa.Column("valid_to", sa.Date()),
        required("reason", sa.String()),
        sa.Column("hand_over", sa.String()),
        sa.CheckConstraint("valid_to >= valid_from", name="dates_in_order"),
        reference("beat_id", "beat", ondelete="CASCADE"),
        reference("officer_id", "officer"),
    )
    op.create_index("ix_officer_assignment_beat", "officer_assignment", ["municipality_id", "beat_id"])
    op.create_index("ix_officer_assignment_officer", "officer_assignment", ["municipality_id", "officer_id"])
    op.create_index(
        "uq_officer_assignment_open_beat",
        "officer_assignment",
        ["municipality_id", "beat_id"],
        unique=True,
        postgresql_where="valid_to is null",
    )
