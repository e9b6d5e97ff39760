"""How long each municipality keeps what."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from app.database.base import Base


class RetentionRule(Base):
    """The days for which a municipality keeps a collection; null days: for good."""

    __tablename__ = "retention_rule"
    __table_args__ = (CheckConstraint("days between 1 and 36500", name="days_in_range"),)

    municipality_id: Mapped[int] = mapped_column(ForeignKey("municipality.id", ondelete="CASCADE"), primary_key=True)
    collection: Mapped[str] = mapped_column(primary_key=True)
    days: Mapped[int | None]
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
