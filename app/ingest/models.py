"""Where rows came from: sources, batches, quarantined rows; and the columns that every imported table shares."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Index, String, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.database.base import Base, TenantKey, tenant_reference
from app.ingest.kind_names import IMPORT_KINDS


class Source(TenantKey, Base):
    """A supplier of files of one kind, with the profile by which its files are read."""

    __tablename__ = "source"
    __table_args__ = (
        UniqueConstraint("municipality_id", "kind", "name"),
        CheckConstraint(f"kind in {IMPORT_KINDS}", name="known_kind"),
    )

    kind: Mapped[str]
    name: Mapped[str]
    profile: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """Columns, CRS, time zone, precision, null tokens, delimiter, decimal mark, category map."""
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class ImportBatch(TenantKey, Base):
    """One file taken in, in one transaction, with counts that reconcile."""

    __tablename__ = "import_batch"
    __table_args__ = (
        tenant_reference("source_id", "source", ondelete="CASCADE"),
        CheckConstraint("rows_read = accepted + updated + unchanged + quarantined", name="counts_reconcile"),
        CheckConstraint("least(accepted, updated, unchanged, quarantined) >= 0", name="counts_not_negative"),
        Index("ix_import_batch_source", "municipality_id", "source_id"),
    )

    source_id: Mapped[int] = mapped_column(BigInteger)
    file_name: Mapped[str]
    file_sha256: Mapped[str] = mapped_column(String(64))
    imported_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    rows_read: Mapped[int]
    accepted: Mapped[int]
    updated: Mapped[int]
    unchanged: Mapped[int]
    quarantined: Mapped[int]
    warnings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    software_version: Mapped[str]


class QuarantinedRow(TenantKey, Base):
    """A row that was not taken in: its line, its raw values and every reason."""

    __tablename__ = "quarantined_row"
    __table_args__ = (
        tenant_reference("batch_id", "import_batch", ondelete="CASCADE"),
        Index("ix_quarantined_row_batch", "municipality_id", "batch_id", "line"),
    )

    batch_id: Mapped[int] = mapped_column(BigInteger)
    line: Mapped[int] = mapped_column(BigInteger)
    raw: Mapped[dict[str, Any]] = mapped_column(JSONB)
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)


class ImportedRow(TenantKey):
    """Columns of a table that files are imported into; re-import is an upsert on its natural key."""

    source_id: Mapped[int | None] = mapped_column(BigInteger)
    batch_id: Mapped[int | None] = mapped_column(BigInteger)
    external_id: Mapped[str | None] = mapped_column(String(collation="C"))
    """The supplier's id, or ``<file hash>:<row>`` where the file has none; null for rows born in Kvart."""


def imported_row_constraints(table: str) -> tuple[Any, ...]:
    """Return the natural key and the references of a table of imported rows."""
    return (
        UniqueConstraint("municipality_id", "source_id", "external_id", name=f"uq_{table}_natural_key"),
        tenant_reference("source_id", "source"),
        tenant_reference("batch_id", "import_batch"),
    )
