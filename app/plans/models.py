"""Changes of the status of beat plans; the plans themselves are in ``app.beats.models``."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from app.beats.models import PLAN_STATUSES
from app.database.base import Base, TenantKey, tenant_reference


class PlanChange(TenantKey, Base):
    """A step in the life of a plan: who took it, when and why."""

    __tablename__ = "plan_change"
    __table_args__ = (
        tenant_reference("plan_id", "beat_plan", ondelete="CASCADE"),
        CheckConstraint(f"to_status in {PLAN_STATUSES}", name="known_to_status"),
        Index("ix_plan_change_plan", "municipality_id", "plan_id"),
    )

    plan_id: Mapped[int] = mapped_column(BigInteger)
    action: Mapped[str]
    from_status: Mapped[str]
    to_status: Mapped[str]
    reason: Mapped[str]
    hand_over: Mapped[str | None]
    actor: Mapped[str]
    effective_from: Mapped[date | None]
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
