"""Changes of the status of beat plans, and edits of drafts; the plans themselves are in ``app.beats.models``."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Index, String, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.beats.models import PLAN_STATUSES
from app.database.base import Base, TenantKey, tenant_reference

EDIT_OPERATIONS = ("move", "lock", "unlock", "lock-beat", "unlock-beat", "fix", "undo", "redo")


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


class PlanEdit(TenantKey, Base):
    """An edit of a draft: which units were moved or locked, by whom and when; kept until the plan is proposed."""

    __tablename__ = "plan_edit"
    __table_args__ = (
        tenant_reference("plan_id", "beat_plan", ondelete="CASCADE"),
        CheckConstraint(f"operation in {EDIT_OPERATIONS}", name="known_operation"),
        Index("ix_plan_edit_plan", "municipality_id", "plan_id", "id"),
    )

    plan_id: Mapped[int] = mapped_column(BigInteger)
    operation: Mapped[str]
    former_tag: Mapped[str]
    """Tag of the plan before the edit: who knows the plan as it was then can follow."""
    tag: Mapped[str]
    unit_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    """Keys of the units that were moved, locked or unlocked; no references, since units may go."""
    beats_before: Mapped[list[str | None]] = mapped_column(ARRAY(String))
    """Name of the beat of each unit, null for none; empty where locks changed."""
    beats_after: Mapped[list[str | None]] = mapped_column(ARRAY(String))
    locked: Mapped[bool | None]
    """Whether the units were locked or unlocked; null where they moved."""
    holders: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    """Officers of beats that the edit emptied: they come back with the beat."""
    actor: Mapped[str]
    edited_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
