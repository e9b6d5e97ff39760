"""Officers and their permanent assignment to beats."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Float, Index, String
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.database.base import Base, TenantKey, geometry, tenant_reference
from app.ingest.models import ImportedRow, imported_row_constraints


class Officer(ImportedRow, Base):
    """An officer, known by badge number (``external_id``); a name is never needed."""

    __tablename__ = "officer"
    __table_args__ = (
        *imported_row_constraints("officer"),
        CheckConstraint("capacity > 0 and capacity <= 1", name="capacity_is_a_share"),
    )

    station: Mapped[str | None]
    station_geom: Mapped[Any | None] = mapped_column(geometry("POINT"))
    languages: Mapped[list[str]] = mapped_column(ARRAY(String), server_default="{}")
    capacity: Mapped[float] = mapped_column(Float, server_default="1")
    """Share of a full-time post."""
    contact: Mapped[str | None]
    """Public contact channel of the post, for example a duty telephone."""
    serves_since: Mapped[date | None]
    display_name: Mapped[str | None]
    """How residents address the officer."""
    published: Mapped[bool] = mapped_column(server_default="false")
    """Whether everybody may read the display name and the contact."""


class OfficerAssignment(TenantKey, Base):
    """An officer holds a beat from one date until another, for a reason."""

    __tablename__ = "officer_assignment"
    __table_args__ = (
        tenant_reference("beat_id", "beat", ondelete="CASCADE"),
        tenant_reference("officer_id", "officer"),
        CheckConstraint("valid_to >= valid_from", name="dates_in_order"),
        Index(
            "uq_officer_assignment_open_beat",
            "municipality_id",
            "beat_id",
            unique=True,
            postgresql_where="valid_to is null",
        ),
        Index("ix_officer_assignment_beat", "municipality_id", "beat_id"),
        Index("ix_officer_assignment_officer", "municipality_id", "officer_id"),
    )

    beat_id: Mapped[int] = mapped_column(BigInteger)
    officer_id: Mapped[int] = mapped_column(BigInteger)
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    reason: Mapped[str]
    hand_over: Mapped[str | None]
