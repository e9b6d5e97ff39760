"""Photos."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Index, LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from app.database.base import Base, TenantKey, tenant_reference


class Photo(TenantKey, Base):
    """A photo as JPEG, made anew from what was sent.

    It stands in the database: it is stored and erased in the transaction of its report, row security and backups hold
    for it, and a few hundred kilobytes a photo are no burden there.
    """

    __tablename__ = "photo"
    __table_args__ = (
        tenant_reference("danger_zone_id", "danger_zone", ondelete="CASCADE"),
        tenant_reference("report_id", "report", ondelete="CASCADE"),
        tenant_reference("fix_id", "fix", ondelete="CASCADE"),
        CheckConstraint("stage in ('before', 'after')", name="known_stage"),
        Index("ix_photo_fix", "municipality_id", "fix_id"),
        Index("ix_photo_danger_zone", "municipality_id", "danger_zone_id"),
        Index("ix_photo_report", "municipality_id", "report_id"),
    )

    danger_zone_id: Mapped[int | None] = mapped_column(BigInteger)
    """Zone that staff took it of."""
    report_id: Mapped[int | None] = mapped_column(BigInteger)
    """Report that it came with; it goes with the report wherever that is moved."""
    fix_id: Mapped[int | None] = mapped_column(BigInteger)
    """Fix that it shows."""
    stage: Mapped[str | None]
    """Of a photo of a fix: ``before`` or ``after`` the work."""
    width: Mapped[int]
    height: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
