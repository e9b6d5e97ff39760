"""What the tables of a revision are built from: each belongs to a municipality and carries it in its keys.

Revisions that were released rely on these functions: what they make never changes; a new need is a new function.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry


def geometry(kind: str = "GEOMETRY") -> Geometry:
    """Return the type of a WGS 84 geometry."""
    return Geometry(kind, srid=4326, spatial_index=False)


def required(name: str, kind: Any, **options: Any) -> sa.Column[Any]:
    """Return a column that is never null."""
    return sa.Column(name, kind, nullable=False, **options)


def one_of(column: str, values: str) -> sa.CheckConstraint:
    """Return the check that a column holds one of the words of ``values``."""
    listed = ", ".join(f"'{value}'" for value in values.split())
    return sa.CheckConstraint(f"{column} in ({listed})", name=f"known_{column}")


def moment() -> sa.DateTime:
    """Return the type of a point in time."""
    return sa.DateTime(timezone=True)


def reference(column: str, target: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    """Return a foreign key that cannot leave the municipality."""
    return sa.ForeignKeyConstraint(
        ["municipality_id", column], [f"{target}.municipality_id", f"{target}.id"], ondelete=ondelete
    )


def spatial_index(table: str, column: str) -> None:
    """Create the spatial index of a geometry column."""
    op.create_index(f"ix_{table}_{column}", table, [column], postgresql_using="gist")


def tenant_table(name: str, *parts: Any) -> None:
    """Create a table whose rows belong to a municipality and go with it."""
    op.create_table(
        name,
        sa.Column(
            "municipality_id", sa.Integer(), sa.ForeignKey("municipality.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        *parts,
    )


def imported_table(name: str, *parts: Any) -> None:
    """Create a tenant table that files are imported into."""
    tenant_table(
        name,
        sa.Column("source_id", sa.BigInteger()),
        sa.Column("batch_id", sa.BigInteger()),
        sa.Column("external_id", sa.String(collation="C")),
        *parts,
        sa.UniqueConstraint("municipality_id", "source_id", "external_id", name=f"uq_{name}_natural_key"),
        reference("source_id", "source"),
        reference("batch_id", "import_batch"),
    )


def result_table(name: str, *parts: Any) -> None:
    """Create a table of the grid cells of an analysis run."""
    op.create_table(
        name,
        sa.Column("municipality_id", sa.Integer(), primary_key=True),
        sa.Column("run_id", sa.BigInteger(), primary_key=True),
        sa.Column("cell", sa.Integer(), primary_key=True),
        required("geom", geometry("POLYGON")),
        required("cell_x", sa.Double()),
        required("cell_y", sa.Double()),
        *parts,
        reference("run_id", "analysis_run", ondelete="CASCADE"),
    )
    spatial_index(name, "geom")
