"""The tables of the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Identity, Index, Integer, String, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.audit.events import EVENT_KINDS
from app.database.base import Base


class StoredEvent(Base):
    """An event; the database refuses to change or delete it, and adds nothing but the batch that seals it.

    It refers to no other table: it outlives what it tells of, and an insert takes no lock there.
    """

    __tablename__ = "audit_event"
    __table_args__ = (
        CheckConstraint(f"kind in {EVENT_KINDS}", name="known_kind"),
        Index("ix_audit_event_municipality", "municipality_id", "id"),
        Index("ix_audit_event_unsealed", "id", postgresql_where=text("batch_id is null")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    municipality_id: Mapped[int | None]
    occurred_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    kind: Mapped[str]
    actor_kind: Mapped[str]
    actor: Mapped[str]
    account_id: Mapped[int | None] = mapped_column(BigInteger)
    what: Mapped[dict[str, Any]] = mapped_column(JSONB)
    purpose: Mapped[str | None]
    address: Mapped[str | None]
    request_id: Mapped[str | None]
    batch_id: Mapped[int | None]


class AuditBatch(Base):
    """A link of the chain: the digest of the events of a batch and of the batch before."""

    __tablename__ = "audit_batch"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    previous: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))
    first_event: Mapped[int] = mapped_column(BigInteger)
    last_event: Mapped[int] = mapped_column(BigInteger)
    events: Mapped[int]
    sealed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    erased_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When retention erased the events of this batch; the link stays."""
