"""Fixes (interventions)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    DateTime,
    Index,
    Integer,
    Numeric,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.database.base import Base, TenantKey, geometry, tenant_reference
from app.database.titles import title_key
from app.fixes.lifecycle import FIX_STATUSES
from app.ingest.models import ImportedRow, imported_row_constraints


class Fix(ImportedRow, Base):
    """Something done about a place: a lamp, paint, a cut hedge, a mended road."""

    __tablename__ = "fix"
    __table_args__ = (
        *imported_row_constraints("fix"),
        tenant_reference("danger_zone_id", "danger_zone"),
        tenant_reference("bundle_id", "fix_bundle"),
        CheckConstraint(f"status in {FIX_STATUSES}", name="known_status"),
        CheckConstraint("cost >= 0", name="cost_not_negative"),
        CheckConstraint("budget >= 0", name="budget_not_negative"),
        CheckConstraint("ended_on >= started_on", name="dates_in_order"),
        Index("ix_fix_danger_zone", "municipality_id", "danger_zone_id"),
        Index("ix_fix_bundle", "municipality_id", "bundle_id"),
        Index("ix_fix_geom", "geom", postgresql_using="gist"),
    )

    danger_zone_id: Mapped[int | None] = mapped_column(BigInteger)
    """The danger zone that it answers in the first place; others are linked by ``FixDangerZone``."""
    bundle_id: Mapped[int | None] = mapped_column(BigInteger)
    kind: Mapped[str]
    """Entry of the CPTED catalogue, for example ``lighting``."""
    title: Mapped[str]
    geom: Mapped[Any] = mapped_column(geometry())
    status: Mapped[str]
    owner: Mapped[str | None]
    co_owners: Mapped[list[str]] = mapped_column(JSONB, server_default="[]")
    cost: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    budget: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    """What has been set aside for it; the cost is what it takes."""
    due_on: Mapped[date | None]
    started_on: Mapped[date | None]
    ended_on: Mapped[date | None]
    attributes: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")


class FixBundle(TenantKey, Base):
    """Fixes that are done and judged together: light, paint and surroundings of one tunnel."""

    __tablename__ = "fix_bundle"
    __table_args__ = (UniqueConstraint("municipality_id", "title_key"),)

    title: Mapped[str]
    title_key: Mapped[str] = mapped_column(Computed(title_key("title"), persisted=True))
    """The title without what does not tell bundles apart; the database keeps it."""
    description: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class FixChange(TenantKey, Base):
    """A step in the life of a fix, with the sentence that the public reads."""

    __tablename__ = "fix_change"
    __table_args__ = (
        tenant_reference("fix_id", "fix", ondelete="CASCADE"),
        CheckConstraint(f"to_status in {FIX_STATUSES}", name="known_to_status"),
        Index("ix_fix_change_fix", "municipality_id", "fix_id"),
    )

    fix_id: Mapped[int] = mapped_column(BigInteger)
    step: Mapped[str]
    from_status: Mapped[str | None]
    """Null where an import brought the fix."""
    to_status: Mapped[str]
    reason: Mapped[str | None]
    """In words for everybody; null where the sentence of the step says it all."""
    actor: Mapped[str]
    happened_on: Mapped[date]
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class FixDangerZone(TenantKey, Base):
    """A further danger zone that a fix answers."""

    __tablename__ = "fix_danger_zone"
    __table_args__ = (
        UniqueConstraint("municipality_id", "fix_id", "danger_zone_id"),
        tenant_reference("fix_id", "fix", ondelete="CASCADE"),
        tenant_reference("danger_zone_id", "danger_zone", ondelete="CASCADE"),
        Index("ix_fix_danger_zone_danger_zone", "municipality_id", "danger_zone_id"),
    )

    fix_id: Mapped[int] = mapped_column(BigInteger)
    danger_zone_id: Mapped[int] = mapped_column(BigInteger)
    imported: Mapped[bool] = mapped_column(server_default="false")
    """Whether the latest file of the fix's source names it; then the next file may take it back."""


class FixHotSpot(TenantKey, Base):
    """A hot-spot cell of a run that a fix answers."""

    __tablename__ = "fix_hot_spot"
    __table_args__ = (
        UniqueConstraint("municipality_id", "fix_id", "run_id", "cell"),
        tenant_reference("fix_id", "fix", ondelete="CASCADE"),
        tenant_reference("run_id", "analysis_run", ondelete="CASCADE"),
        Index("ix_fix_hot_spot_run", "municipality_id", "run_id"),
    )

    fix_id: Mapped[int] = mapped_column(BigInteger)
    run_id: Mapped[int] = mapped_column(BigInteger)
    cell: Mapped[int] = mapped_column(Integer)
