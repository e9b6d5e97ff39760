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


SERVICE = "kvart_service"
IDENTITY = "kvart_identity"
QUEUE = "kvart_queue"
AUDIT = "kvart_audit"
MAINTENANCE = "kvart_maintenance"
ROLES = (SERVICE, IDENTITY, QUEUE, AUDIT, MAINTENANCE)
"""Roles that own nothing; ``app.database.roles`` makes them before the revisions run."""

EVERY_ROW = "true"
OWN_ROWS = "municipality_id = (select nullif(current_setting('kvart.municipality', true), '')::int)"
"""The rows of the municipality that the transaction has entered; none where it has entered none."""

SERVICE_WIDE = "(select current_setting('kvart.service_wide', true)) = 'on'"
"""Every row, in a transaction that was begun for the whole service; else none."""


def protect(table: str) -> None:
    """Close a tenant table and let the service at the rows of the municipality that its transaction has entered."""
    enclose(table)
    op.execute(f'grant select, insert, update, delete on "{table}" to {SERVICE}')
    op.execute(f'create policy own_rows on "{table}" to {SERVICE} using ({OWN_ROWS}) with check ({OWN_ROWS})')


def enclose(table: str) -> None:
    """Close a table to everybody, its owner included, but for maintenance: backups and later revisions."""
    op.execute(f'revoke all on "{table}" from public')
    op.execute(f'alter table "{table}" enable row level security')
    op.execute(f'alter table "{table}" force row level security')
    op.execute(f'grant all on "{table}" to {MAINTENANCE}')
    op.execute(f'create policy maintenance on "{table}" to {MAINTENANCE} using (true) with check (true)')


def admit(table: str, role: str, *commands: str, rows: str = EVERY_ROW, columns: str = "") -> None:
    """Let a role at rows of an enclosed table.

    Parameters
    ----------
    table : str
    role : str
        One of ``ROLES``.
    *commands : str
        Of ``select``, ``insert``, ``update`` and ``delete``.
    rows : str
        Condition of the rows that may be seen and of those that may be written.
    columns : str
        Names, separated by commas, where not every column is meant.
    """
    limited = f" ({columns})" if columns else ""
    for command in commands:
        op.execute(f'grant {command}{limited} on "{table}" to {role}')
        seen = "" if command == "insert" else f" using ({rows})"
        written = f" with check ({rows})" if command in {"insert", "update"} else ""
        op.execute(f'create policy {role}_{command} on "{table}" for {command} to {role}{seen}{written}')


def expose(table: str) -> None:
    """Undo whatever was done to close a table, so that only its owner reaches it, without row security."""
    policies = sa.text("select polname from pg_policy where polrelid = cast(:table as regclass)")
    for name in op.get_bind().scalars(policies, {"table": table}).all():
        op.execute(f'drop policy "{name}" on "{table}"')
    op.execute(f'alter table "{table}" no force row level security')
    op.execute(f'alter table "{table}" disable row level security')
    op.execute(f'revoke all on "{table}" from {", ".join(ROLES)}')
