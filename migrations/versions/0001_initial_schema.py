"""Initial schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create extension if not exists postgis")
    op.create_geospatial_table(
        "municipality",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "boundary",
            Geometry(
                geometry_type="MULTIPOLYGON",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("working_crs", sa.String(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("code ~ '^[a-z0-9][a-z0-9-]{0,62}$'", name=op.f("ck_municipality_code_is_a_slug")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_municipality")),
        sa.UniqueConstraint("code", name=op.f("uq_municipality_code")),
    )
    op.create_geospatial_index(
        "ix_municipality_boundary",
        "municipality",
        ["boundary"],
        unique=False,
        postgresql_using="gist",
        postgresql_ops={},
    )
    op.create_table(
        "analysis_run",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), server_default="queued", nullable=False),
        sa.Column("parameters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=True),
        sa.Column("input_fingerprint", sa.String(length=64), nullable=True),
        sa.Column("software_version", sa.String(), nullable=False),
        sa.Column("progress", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("message", sa.String(), server_default="waiting", nullable=False),
        sa.Column("attempt", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("summary", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("problem", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "kind in ('import', 'kernel-density', 'getis-ord', 'beat-allocation')",
            name=op.f("ck_analysis_run_known_kind"),
        ),
        sa.CheckConstraint(
            "state in ('queued', 'running', 'succeeded', 'failed', 'dismissed')",
            name=op.f("ck_analysis_run_known_state"),
        ),
        sa.CheckConstraint("progress between 0 and 100", name=op.f("ck_analysis_run_progress_is_a_percentage")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipality.id"], name=op.f("fk_analysis_run_municipality_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("municipality_id", "id", name=op.f("pk_analysis_run")),
    )
    op.create_index("ix_analysis_run_state", "analysis_run", ["municipality_id", "state"], unique=False)
    op.create_table(
        "category",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("sensitive", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("kind in ('incident', 'concern')", name=op.f("ck_category_known_kind")),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipality.id"], name=op.f("fk_category_municipality_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("municipality_id", "id", name=op.f("pk_category")),
        sa.UniqueConstraint("municipality_id", "kind", "code", name=op.f("uq_category_municipality_id_kind_code")),
    )
    op.create_table(
        "source",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("profile", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "kind in ('municipalities', 'areal-units', 'streets', 'incidents', 'reports', 'danger-zones', 'street-lights', 'fixes', 'officers', 'beats')",
            name=op.f("ck_source_known_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipality.id"], name=op.f("fk_source_municipality_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("municipality_id", "id", name=op.f("pk_source")),
        sa.UniqueConstraint("municipality_id", "kind", "name", name=op.f("uq_source_municipality_id_kind_name")),
    )
    op.create_geospatial_table(
        "density_cell",
        sa.Column("density_per_km2", sa.Double(), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("cell", sa.Integer(), nullable=False),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="POLYGON",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("cell_x", sa.Double(), nullable=False),
        sa.Column("cell_y", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["municipality_id", "run_id"],
            ["analysis_run.municipality_id", "analysis_run.id"],
            name=op.f("fk_density_cell_municipality_id_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("municipality_id", "run_id", "cell", name=op.f("pk_density_cell")),
    )
    op.create_geospatial_index(
        "ix_density_cell_geom", "density_cell", ["geom"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_geospatial_table(
        "hot_spot_cell",
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("gi_z", sa.Double(), nullable=True),
        sa.Column("p_value", sa.Double(), nullable=True),
        sa.Column("q_value", sa.Double(), nullable=True),
        sa.Column("gi_bin", sa.SmallInteger(), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("cell", sa.Integer(), nullable=False),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="POLYGON",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("cell_x", sa.Double(), nullable=False),
        sa.Column("cell_y", sa.Double(), nullable=False),
        sa.CheckConstraint("gi_bin between -3 and 3", name=op.f("ck_hot_spot_cell_gi_bin_in_range")),
        sa.ForeignKeyConstraint(
            ["municipality_id", "run_id"],
            ["analysis_run.municipality_id", "analysis_run.id"],
            name=op.f("fk_hot_spot_cell_municipality_id_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("municipality_id", "run_id", "cell", name=op.f("pk_hot_spot_cell")),
    )
    op.create_geospatial_index(
        "ix_hot_spot_cell_geom", "hot_spot_cell", ["geom"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_table(
        "import_batch",
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("file_sha256", sa.String(length=64), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("rows_read", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("quarantined", sa.Integer(), nullable=False),
        sa.Column("warnings", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("software_version", sa.String(), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "rows_read = accepted + updated + unchanged + quarantined", name=op.f("ck_import_batch_counts_reconcile")
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id", "source_id"],
            ["source.municipality_id", "source.id"],
            name=op.f("fk_import_batch_municipality_id_source_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipality.id"], name=op.f("fk_import_batch_municipality_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("municipality_id", "id", name=op.f("pk_import_batch")),
    )
    op.create_index("ix_import_batch_source", "import_batch", ["municipality_id", "source_id"], unique=False)
    op.create_geospatial_table(
        "areal_unit",
        sa.Column(
            "geom",
            Geometry(
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("residents", sa.Integer(), nullable=True),
        sa.Column("residents_year", sa.SmallInteger(), nullable=True),
        sa.Column("attributes", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=True),
        sa.Column("batch_id", sa.BigInteger(), nullable=True),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "geometrytype(geom) in ('POINT', 'POLYGON', 'MULTIPOLYGON')", name=op.f("ck_areal_unit_point_or_area")
        ),
        sa.CheckConstraint("residents >= 0", name=op.f("ck_areal_unit_residents_not_negative")),
        sa.ForeignKeyConstraint(
            ["municipality_id", "batch_id"],
            ["import_batch.municipality_id", "import_batch.id"],
            name=op.f("fk_areal_unit_municipality_id_batch_id"),
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id", "source_id"],
            ["source.municipality_id", "source.id"],
            name=op.f("fk_areal_unit_municipality_id_source_id"),
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipality.id"], name=op.f("fk_areal_unit_municipality_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("municipality_id", "id", name=op.f("pk_areal_unit")),
        sa.UniqueConstraint("municipality_id", "source_id", "external_id", name="uq_areal_unit_natural_key"),
    )
    op.create_geospatial_index(
        "ix_areal_unit_geom", "areal_unit", ["geom"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_table(
        "beat_plan",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), server_default="draft", nullable=False),
        sa.Column("min_residents", sa.Integer(), nullable=False),
        sa.Column("max_residents", sa.Integer(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=True),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.Column("batch_id", sa.BigInteger(), nullable=True),
        sa.Column("report", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "status in ('draft', 'proposed', 'approved', 'published', 'superseded')",
            name=op.f("ck_beat_plan_known_status"),
        ),
        sa.CheckConstraint(
            "0 < min_residents and min_residents <= max_residents", name=op.f("ck_beat_plan_bounds_in_order")
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id", "batch_id"],
            ["import_batch.municipality_id", "import_batch.id"],
            name=op.f("fk_beat_plan_municipality_id_batch_id"),
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id", "run_id"],
            ["analysis_run.municipality_id", "analysis_run.id"],
            name=op.f("fk_beat_plan_municipality_id_run_id"),
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipality.id"], name=op.f("fk_beat_plan_municipality_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("municipality_id", "id", name=op.f("pk_beat_plan")),
        sa.UniqueConstraint(
            "municipality_id", "name", "version", name=op.f("uq_beat_plan_municipality_id_name_version")
        ),
    )
    op.create_geospatial_table(
        "danger_zone",
        sa.Column("category_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "geom",
            Geometry(
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column(
            "public_geom",
            Geometry(srid=4326, dimension=2, spatial_index=False, from_text="ST_GeomFromEWKT", name="geometry"),
            nullable=True,
        ),
        sa.Column("status", sa.String(), server_default="received", nullable=False),
        sa.Column("reported_by", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=True),
        sa.Column("day_part", sa.String(), server_default="any", nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("reporters", sa.Integer(), server_default="1", nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=True),
        sa.Column("batch_id", sa.BigInteger(), nullable=True),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "day_part in ('morning', 'afternoon', 'evening', 'night', 'any')",
            name=op.f("ck_danger_zone_known_day_part"),
        ),
        sa.CheckConstraint(
            "reported_by in ('citizen', 'officer_interview', 'survey', 'municipality', 'unknown')",
            name=op.f("ck_danger_zone_known_reported_by"),
        ),
        sa.CheckConstraint(
            "status in ('received', 'in_moderation', 'open', 'in_plan', 'fix_under_way', 'fixed', 'confirmed', 'not_confirmed', 'reopened', 'rejected', 'duplicate', 'passed_on')",
            name=op.f("ck_danger_zone_known_status"),
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id", "batch_id"],
            ["import_batch.municipality_id", "import_batch.id"],
            name=op.f("fk_danger_zone_municipality_id_batch_id"),
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id", "category_id"],
            ["category.municipality_id", "category.id"],
            name=op.f("fk_danger_zone_municipality_id_category_id"),
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id", "source_id"],
            ["source.municipality_id", "source.id"],
            name=op.f("fk_danger_zone_municipality_id_source_id"),
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipality.id"], name=op.f("fk_danger_zone_municipality_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("municipality_id", "id", name=op.f("pk_danger_zone")),
        sa.UniqueConstraint("municipality_id", "source_id", "external_id", name="uq_danger_zone_natural_key"),
    )
    op.create_geospatial_index(
        "ix_danger_zone_geom", "danger_zone", ["geom"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_geospatial_table(
        "incident",
        sa.Column("category_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("x", sa.Double(), nullable=False),
        sa.Column("y", sa.Double(), nullable=False),
        sa.Column(
            "public_geom",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            nullable=True,
        ),
        sa.Column("occurred_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("occurred_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("time_precision", sa.String(), nullable=False),
        sa.Column("recorded_area", sa.String(), nullable=True),
        sa.Column("source_id", sa.BigInteger(), nullable=True),
        sa.Column("batch_id", sa.BigInteger(), nullable=True),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "time_precision in ('second', 'minute', 'hour', 'day', 'month', 'year', 'unknown')",
            name=op.f("ck_incident_known_time_precision"),
        ),
        sa.CheckConstraint("occurred_to >= occurred_from", name=op.f("ck_incident_window_in_order")),
        sa.ForeignKeyConstraint(
            ["municipality_id", "batch_id"],
            ["import_batch.municipality_id", "import_batch.id"],
            name=op.f("fk_incident_municipality_id_batch_id"),
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id", "category_id"],
            ["category.municipality_id", "category.id"],
            name=op.f("fk_incident_municipality_id_category_id"),
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id", "source_id"],
            ["source.municipality_id", "source.id"],
            name=op.f("fk_incident_municipality_id_source_id"),
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipality.id"], name=op.f("fk_incident_municipality_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("municipality_id", "id", name=op.f("pk_incident")),
        sa.UniqueConstraint("municipality_id", "source_id", "external_id", name="uq_incident_natural_key"),
    )
    op.create_geospatial_index(
        "ix_incident_geom", "incident", ["geom"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_index(
        "ix_incident_x_y", "incident", ["municipality_id", "x", "y"], unique=False, postgresql_include=["occurred_from"]
    )
    op.create_geospatial_table(
        "officer",
        sa.Column("station", sa.String(), nullable=True),
        sa.Column(
            "station_geom",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            nullable=True,
        ),
        sa.Column("languages", postgresql.ARRAY(sa.String()), server_default="{}", nullable=False),
        sa.Column("capacity", sa.Float(), server_default="1", nullable=False),
        sa.Column("contact", sa.String(), nullable=True),
        sa.Column("serves_since", sa.Date(), nullable=True),
        sa.Column("source_id", sa.BigInteger(), nullable=True),
        sa.Column("batch_id", sa.BigInteger(), nullable=True),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("capacity > 0 and capacity <= 1", name=op.f("ck_officer_capacity_is_a_share")),
        sa.ForeignKeyConstraint(
            ["municipality_id", "batch_id"],
            ["import_batch.municipality_id", "import_batch.id"],
            name=op.f("fk_officer_municipality_id_batch_id"),
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id", "source_id"],
            ["source.municipality_id", "source.id"],
            name=op.f("fk_officer_municipality_id_source_id"),
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipality.id"], name=op.f("fk_officer_municipality_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("municipality_id", "id", name=op.f("pk_officer")),
        sa.UniqueConstraint("municipality_id", "source_id", "external_id", name="uq_officer_natural_key"),
    )
    op.create_table(
        "quarantined_row",
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("raw", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["municipality_id", "batch_id"],
            ["import_batch.municipality_id", "import_batch.id"],
            name=op.f("fk_quarantined_row_municipality_id_batch_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id"],
            ["municipality.id"],
            name=op.f("fk_quarantined_row_municipality_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("municipality_id", "id", name=op.f("pk_quarantined_row")),
    )
    op.create_index(
        "ix_quarantined_row_batch", "quarantined_row", ["municipality_id", "batch_id", "line"], unique=False
    )
    op.create_geospatial_table(
        "street_light",
        sa.Column(
            "geom",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("x", sa.Double(), nullable=False),
        sa.Column("y", sa.Double(), nullable=False),
        sa.Column("lamp_type", sa.String(), nullable=True),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("attributes", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=True),
        sa.Column("batch_id", sa.BigInteger(), nullable=True),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["municipality_id", "batch_id"],
            ["import_batch.municipality_id", "import_batch.id"],
            name=op.f("fk_street_light_municipality_id_batch_id"),
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id", "source_id"],
            ["source.municipality_id", "source.id"],
            name=op.f("fk_street_light_municipality_id_source_id"),
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipality.id"], name=op.f("fk_street_light_municipality_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("municipality_id", "id", name=op.f("pk_street_light")),
        sa.UniqueConstraint("municipality_id", "source_id", "external_id", name="uq_street_light_natural_key"),
    )
    op.create_geospatial_index(
        "ix_street_light_geom", "street_light", ["geom"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_index("ix_street_light_x_y", "street_light", ["municipality_id", "x", "y"], unique=False)
    op.create_geospatial_table(
        "street_segment",
        sa.Column(
            "geom",
            Geometry(
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("street_class", sa.String(), nullable=True),
        sa.Column("attributes", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=True),
        sa.Column("batch_id", sa.BigInteger(), nullable=True),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["municipality_id", "batch_id"],
            ["import_batch.municipality_id", "import_batch.id"],
            name=op.f("fk_street_segment_municipality_id_batch_id"),
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id", "source_id"],
            ["source.municipality_id", "source.id"],
            name=op.f("fk_street_segment_municipality_id_source_id"),
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipality.id"], name=op.f("fk_street_segment_municipality_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("municipality_id", "id", name=op.f("pk_street_segment")),
        sa.UniqueConstraint("municipality_id", "source_id", "external_id", name="uq_street_segment_natural_key"),
    )
    op.create_geospatial_index(
        "ix_street_segment_geom", "street_segment", ["geom"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_geospatial_table(
        "beat",
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="MULTIPOLYGON",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            nullable=True,
        ),
        sa.Column("residents", sa.Integer(), nullable=True),
        sa.Column("workload", sa.Double(), nullable=True),
        sa.Column("polsby_popper", sa.Double(), nullable=True),
        sa.Column("within_bounds", sa.Boolean(), nullable=True),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["municipality_id", "plan_id"],
            ["beat_plan.municipality_id", "beat_plan.id"],
            name=op.f("fk_beat_municipality_id_plan_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipality.id"], name=op.f("fk_beat_municipality_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("municipality_id", "id", name=op.f("pk_beat")),
        sa.UniqueConstraint("municipality_id", "plan_id", "code", name=op.f("uq_beat_municipality_id_plan_id_code")),
        sa.UniqueConstraint("municipality_id", "plan_id", "id", name=op.f("uq_beat_municipality_id_plan_id_id")),
    )
    op.create_geospatial_index(
        "ix_beat_geom", "beat", ["geom"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_geospatial_table(
        "fix",
        sa.Column("danger_zone_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column(
            "geom",
            Geometry(
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("cost", sa.Numeric(precision=14, scale=2), nullable=True),
        sa.Column("started_on", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("attributes", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=True),
        sa.Column("batch_id", sa.BigInteger(), nullable=True),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "status in ('proposed', 'planned', 'under_way', 'done', 'dropped')", name=op.f("ck_fix_known_status")
        ),
        sa.CheckConstraint("cost >= 0", name=op.f("ck_fix_cost_not_negative")),
        sa.CheckConstraint("ended_on >= started_on", name=op.f("ck_fix_dates_in_order")),
        sa.ForeignKeyConstraint(
            ["municipality_id", "batch_id"],
            ["import_batch.municipality_id", "import_batch.id"],
            name=op.f("fk_fix_municipality_id_batch_id"),
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id", "danger_zone_id"],
            ["danger_zone.municipality_id", "danger_zone.id"],
            name=op.f("fk_fix_municipality_id_danger_zone_id"),
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id", "source_id"],
            ["source.municipality_id", "source.id"],
            name=op.f("fk_fix_municipality_id_source_id"),
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipality.id"], name=op.f("fk_fix_municipality_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("municipality_id", "id", name=op.f("pk_fix")),
        sa.UniqueConstraint("municipality_id", "source_id", "external_id", name="uq_fix_natural_key"),
    )
    op.create_index("ix_fix_danger_zone", "fix", ["municipality_id", "danger_zone_id"], unique=False)
    op.create_geospatial_index("ix_fix_geom", "fix", ["geom"], unique=False, postgresql_using="gist", postgresql_ops={})
    op.create_geospatial_table(
        "report",
        sa.Column("category_id", sa.BigInteger(), nullable=True),
        sa.Column("danger_zone_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "geom",
            Geometry(
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("x", sa.Double(), nullable=False),
        sa.Column("y", sa.Double(), nullable=False),
        sa.Column(
            "public_geom",
            Geometry(srid=4326, dimension=2, spatial_index=False, from_text="ST_GeomFromEWKT", name="geometry"),
            nullable=True,
        ),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.String(), nullable=True),
        sa.Column("reported_by", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("reporter_key", sa.LargeBinary(), nullable=True),
        sa.Column("recorded_area", sa.String(), nullable=True),
        sa.Column("source_id", sa.BigInteger(), nullable=True),
        sa.Column("batch_id", sa.BigInteger(), nullable=True),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "reported_by in ('citizen', 'officer_interview', 'survey', 'municipality', 'unknown')",
            name=op.f("ck_report_known_reported_by"),
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id", "batch_id"],
            ["import_batch.municipality_id", "import_batch.id"],
            name=op.f("fk_report_municipality_id_batch_id"),
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id", "category_id"],
            ["category.municipality_id", "category.id"],
            name=op.f("fk_report_municipality_id_category_id"),
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id", "danger_zone_id"],
            ["danger_zone.municipality_id", "danger_zone.id"],
            name=op.f("fk_report_municipality_id_danger_zone_id"),
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id", "source_id"],
            ["source.municipality_id", "source.id"],
            name=op.f("fk_report_municipality_id_source_id"),
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id"], ["municipality.id"], name=op.f("fk_report_municipality_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("municipality_id", "id", name=op.f("pk_report")),
        sa.UniqueConstraint("municipality_id", "source_id", "external_id", name="uq_report_natural_key"),
    )
    op.create_index("ix_report_danger_zone", "report", ["municipality_id", "danger_zone_id"], unique=False)
    op.create_geospatial_index(
        "ix_report_geom", "report", ["geom"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_index(
        "ix_report_x_y", "report", ["municipality_id", "x", "y"], unique=False, postgresql_include=["reported_at"]
    )
    op.create_table(
        "street_light_outage",
        sa.Column("street_light_id", sa.BigInteger(), nullable=False),
        sa.Column("out_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("out_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("out_to >= out_from", name=op.f("ck_street_light_outage_window_in_order")),
        sa.ForeignKeyConstraint(
            ["municipality_id", "street_light_id"],
            ["street_light.municipality_id", "street_light.id"],
            name=op.f("fk_street_light_outage_municipality_id_street_light_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id"],
            ["municipality.id"],
            name=op.f("fk_street_light_outage_municipality_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("municipality_id", "id", name=op.f("pk_street_light_outage")),
    )
    op.create_index(
        "ix_street_light_outage_light", "street_light_outage", ["municipality_id", "street_light_id"], unique=False
    )
    op.create_table(
        "beat_membership",
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("areal_unit_id", sa.BigInteger(), nullable=False),
        sa.Column("beat_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["municipality_id", "areal_unit_id"],
            ["areal_unit.municipality_id", "areal_unit.id"],
            name=op.f("fk_beat_membership_municipality_id_areal_unit_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id", "plan_id", "beat_id"],
            ["beat.municipality_id", "beat.plan_id", "beat.id"],
            name=op.f("fk_beat_membership_municipality_id_plan_id_beat_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("municipality_id", "plan_id", "areal_unit_id", name=op.f("pk_beat_membership")),
    )
    op.create_index(
        "ix_beat_membership_areal_unit", "beat_membership", ["municipality_id", "areal_unit_id"], unique=False
    )
    op.create_index(
        "ix_beat_membership_beat", "beat_membership", ["municipality_id", "plan_id", "beat_id"], unique=False
    )
    op.create_table(
        "officer_assignment",
        sa.Column("beat_id", sa.BigInteger(), nullable=False),
        sa.Column("officer_id", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("hand_over", sa.String(), nullable=True),
        sa.Column("municipality_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_officer_assignment_dates_in_order")),
        sa.ForeignKeyConstraint(
            ["municipality_id", "beat_id"],
            ["beat.municipality_id", "beat.id"],
            name=op.f("fk_officer_assignment_municipality_id_beat_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id", "officer_id"],
            ["officer.municipality_id", "officer.id"],
            name=op.f("fk_officer_assignment_municipality_id_officer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["municipality_id"],
            ["municipality.id"],
            name=op.f("fk_officer_assignment_municipality_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("municipality_id", "id", name=op.f("pk_officer_assignment")),
    )
    op.create_index("ix_officer_assignment_beat", "officer_assignment", ["municipality_id", "beat_id"], unique=False)
    op.create_index(
        "ix_officer_assignment_officer", "officer_assignment", ["municipality_id", "officer_id"], unique=False
    )
    op.create_index(
        "uq_officer_assignment_open_beat",
        "officer_assignment",
        ["municipality_id", "beat_id"],
        unique=True,
        postgresql_where="valid_to is null",
    )


def downgrade() -> None:
    op.drop_index(
        "uq_officer_assignment_open_beat", table_name="officer_assignment", postgresql_where="valid_to is null"
    )
    op.drop_index("ix_officer_assignment_officer", table_name="officer_assignment")
    op.drop_index("ix_officer_assignment_beat", table_name="officer_assignment")
    op.drop_table("officer_assignment")
    op.drop_index("ix_beat_membership_beat", table_name="beat_membership")
    op.drop_index("ix_beat_membership_areal_unit", table_name="beat_membership")
    op.drop_table("beat_membership")
    op.drop_index("ix_street_light_outage_light", table_name="street_light_outage")
    op.drop_table("street_light_outage")
    op.drop_index("ix_report_x_y", table_name="report", postgresql_include=["reported_at"])
    op.drop_geospatial_index("ix_report_geom", table_name="report", postgresql_using="gist", column_name="geom")
    op.drop_index("ix_report_danger_zone", table_name="report")
    op.drop_geospatial_table("report")
    op.drop_geospatial_index("ix_fix_geom", table_name="fix", postgresql_using="gist", column_name="geom")
    op.drop_index("ix_fix_danger_zone", table_name="fix")
    op.drop_geospatial_table("fix")
    op.drop_geospatial_index("ix_beat_geom", table_name="beat", postgresql_using="gist", column_name="geom")
    op.drop_geospatial_table("beat")
    op.drop_geospatial_index(
        "ix_street_segment_geom", table_name="street_segment", postgresql_using="gist", column_name="geom"
    )
    op.drop_geospatial_table("street_segment")
    op.drop_index("ix_street_light_x_y", table_name="street_light")
    op.drop_geospatial_index(
        "ix_street_light_geom", table_name="street_light", postgresql_using="gist", column_name="geom"
    )
    op.drop_geospatial_table("street_light")
    op.drop_index("ix_quarantined_row_batch", table_name="quarantined_row")
    op.drop_table("quarantined_row")
    op.drop_geospatial_table("officer")
    op.drop_index("ix_incident_x_y", table_name="incident", postgresql_include=["occurred_from"])
    op.drop_geospatial_index("ix_incident_geom", table_name="incident", postgresql_using="gist", column_name="geom")
    op.drop_geospatial_table("incident")
    op.drop_geospatial_index(
        "ix_danger_zone_geom", table_name="danger_zone", postgresql_using="gist", column_name="geom"
    )
    op.drop_geospatial_table("danger_zone")
    op.drop_table("beat_plan")
    op.drop_geospatial_index("ix_areal_unit_geom", table_name="areal_unit", postgresql_using="gist", column_name="geom")
    op.drop_geospatial_table("areal_unit")
    op.drop_index("ix_import_batch_source", table_name="import_batch")
    op.drop_table("import_batch")
    op.drop_geospatial_index(
        "ix_hot_spot_cell_geom", table_name="hot_spot_cell", postgresql_using="gist", column_name="geom"
    )
    op.drop_geospatial_table("hot_spot_cell")
    op.drop_geospatial_index(
        "ix_density_cell_geom", table_name="density_cell", postgresql_using="gist", column_name="geom"
    )
    op.drop_geospatial_table("density_cell")
    op.drop_table("source")
    op.drop_table("category")
    op.drop_index("ix_analysis_run_state", table_name="analysis_run")
    op.drop_table("analysis_run")
    op.drop_geospatial_index(
        "ix_municipality_boundary", table_name="municipality", postgresql_using="gist", column_name="boundary"
    )
    op.drop_geospatial_table("municipality")
