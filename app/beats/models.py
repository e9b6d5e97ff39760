"""Beat plans, beats and the areal units of each beat."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.database.base import Base, TenantKey, geometry, tenant_reference

PLAN_STATUSES = ("draft", "proposed", "approved", "published", "superseded")


class BeatPlan(TenantKey, Base):
    """A division of the municipality into beats; one row per version."""

    __tablename__ = "beat_plan"
    __table_args__ = (
        UniqueConstraint("municipality_id", "name", "version"),
        tenant_reference("run_id", "analysis_run"),
        tenant_reference("batch_id", "import_batch"),
        CheckConstraint(f"status in {PLAN_STATUSES}", name="known_status"),
        CheckConstraint("0 < min_residents and min_residents <= max_residents", name="bounds_in_order"),
    )

    name: Mapped[str]
    version: Mapped[int]
    status: Mapped[str] = mapped_column(server_default="draft")
    min_residents: Mapped[int]
    max_residents: Mapped[int]
    effective_from: Mapped[date | None]
    effective_to: Mapped[date | None]
    """First day on which the next plan holds."""
    run_id: Mapped[int | None] = mapped_column(BigInteger)
    batch_id: Mapped[int | None] = mapped_column(BigInteger)
    report: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    """Evenness, compactness, reasons and the summary of the run."""
    parameters: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    """What the plan was asked for with; an editor, the checks and comparisons read residents and workload by it."""
    edit_tag: Mapped[str] = mapped_column(server_default="")
    """Changes with every edit, so that nobody edits what somebody else has changed meanwhile."""
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Beat(TenantKey, Base):
    """One beat of one plan."""

    __tablename__ = "beat"
    __table_args__ = (
        UniqueConstraint("municipality_id", "plan_id", "code"),
        UniqueConstraint("municipality_id", "plan_id", "id"),
        tenant_reference("plan_id", "beat_plan", ondelete="CASCADE"),
        CheckConstraint("residents >= 0", name="residents_not_negative"),
        CheckConstraint("workload >= 0 and workload < 'infinity'", name="workload_finite_and_not_negative"),
        CheckConstraint("polsby_popper between 0 and 1", name="polsby_popper_is_a_share"),
        Index("ix_beat_geom", "geom", postgresql_using="gist"),
    )

    plan_id: Mapped[int] = mapped_column(BigInteger)
    code: Mapped[str]
    geom: Mapped[Any | None] = mapped_column(geometry("MULTIPOLYGON"))
    residents: Mapped[int | None]
    workload: Mapped[float | None]
    polsby_popper: Mapped[float | None]
    within_bounds: Mapped[bool | None] = mapped_column(Boolean)
    reason: Mapped[str | None]
    """Code of the first thing that is wrong with it."""


class BeatMembership(Base):
    """An areal unit belongs to exactly one beat of a plan: the primary key says so; the beat is one of that plan."""

    __tablename__ = "beat_membership"
    __table_args__ = (
        tenant_reference("areal_unit_id", "areal_unit", ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["municipality_id", "plan_id", "beat_id"],
            ["beat.municipality_id", "beat.plan_id", "beat.id"],
            ondelete="CASCADE",
        ),
        Index("ix_beat_membership_beat", "municipality_id", "plan_id", "beat_id"),
        Index("ix_beat_membership_areal_unit", "municipality_id", "areal_unit_id"),
    )

    municipality_id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    areal_unit_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    beat_id: Mapped[int] = mapped_column(BigInteger)
    locked: Mapped[bool] = mapped_column(server_default="false")
    """Whether an edit may not move the unit."""
