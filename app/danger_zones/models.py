"""Danger zones and reports."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Index, LargeBinary, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.database.base import Base, TenantKey, geometry, tenant_reference
from app.ingest.models import ImportedRow, imported_row_constraints

ReportedBy = Literal["citizen", "officer_interview", "survey", "municipality", "unknown"]
ZoneStatus = Literal[
    "received",
    "in_moderation",
    "open",
    "in_plan",
    "fix_under_way",
    "fixed",
    "confirmed",
    "not_confirmed",
    "reopened",
    "rejected",
    "duplicate",
    "passed_on",
]
DayPart = Literal["morning", "afternoon", "evening", "night", "any"]

REPORT_SOURCES: tuple[str, ...] = get_args(ReportedBy)
ZONE_STATUSES: tuple[str, ...] = get_args(ZoneStatus)
DAY_PARTS: tuple[str, ...] = get_args(DayPart)


class DangerZone(ImportedRow, Base):
    """A place (point, line or polygon) that somebody named as dangerous."""

    __tablename__ = "danger_zone"
    __table_args__ = (
        *imported_row_constraints("danger_zone"),
        tenant_reference("category_id", "category"),
        CheckConstraint(f"reported_by in {REPORT_SOURCES}", name="known_reported_by"),
        CheckConstraint(f"status in {ZONE_STATUSES}", name="known_status"),
        CheckConstraint(f"day_part in {DAY_PARTS}", name="known_day_part"),
        Index("ix_danger_zone_geom", "geom", postgresql_using="gist"),
    )

    category_id: Mapped[int] = mapped_column(BigInteger)
    geom: Mapped[Any] = mapped_column(geometry())
    public_geom: Mapped[Any | None] = mapped_column(geometry())
    status: Mapped[str] = mapped_column(server_default="received")
    reported_by: Mapped[str]
    channel: Mapped[str | None]
    day_part: Mapped[str] = mapped_column(server_default="any")
    description: Mapped[str | None]
    reporters: Mapped[int] = mapped_column(server_default="1")
    """Distinct reporters who named this zone."""
    reported_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Report(ImportedRow, Base):
    """One report by one person or member of staff, as its source recorded it."""

    __tablename__ = "report"
    __table_args__ = (
        *imported_row_constraints("report"),
        tenant_reference("category_id", "category"),
        tenant_reference("danger_zone_id", "danger_zone"),
        CheckConstraint(f"reported_by in {REPORT_SOURCES}", name="known_reported_by"),
        Index("ix_report_geom", "geom", postgresql_using="gist"),
        Index("ix_report_danger_zone", "municipality_id", "danger_zone_id"),
        Index("ix_report_x_y", "municipality_id", "x", "y", postgresql_include=["reported_at", "category_id"]),
    )

    category_id: Mapped[int | None] = mapped_column(BigInteger)
    danger_zone_id: Mapped[int | None] = mapped_column(BigInteger)
    geom: Mapped[Any] = mapped_column(geometry())
    x: Mapped[float]
    y: Mapped[float]
    """Metres in the municipality's working CRS; of the centroid where the report is a line or an area."""
    public_geom: Mapped[Any | None] = mapped_column(geometry())
    reported_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    status: Mapped[str | None]
    reported_by: Mapped[str]
    channel: Mapped[str | None]
    description: Mapped[str | None]
    reporter_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Salted hash that tells distinct reporters apart and nothing else."""
    recorded_area: Mapped[str | None]


class ReporterLink(TenantKey, Base):
    """The secret link of one reporter to one danger zone, and what the reporter left besides."""

    __tablename__ = "reporter_link"
    __table_args__ = (
        UniqueConstraint("municipality_id", "token_sha256"),
        tenant_reference("danger_zone_id", "danger_zone", ondelete="CASCADE"),
        CheckConstraint("length(token_sha256) = 32", name="token_is_hashed"),
        Index("ix_reporter_link_danger_zone", "municipality_id", "danger_zone_id"),
    )

    danger_zone_id: Mapped[int] = mapped_column(BigInteger)
    token_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    contact: Mapped[str | None]
    """How the reporter wants to be told, if at all."""
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
