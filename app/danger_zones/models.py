"""Danger zones and reports."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY
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
Weekday = Literal[
    "any", "workdays", "weekend", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"
]
Season = Literal["any", "spring", "summer", "autumn", "winter"]

REPORT_SOURCES: tuple[str, ...] = get_args(ReportedBy)
ZONE_STATUSES: tuple[str, ...] = get_args(ZoneStatus)
DAY_PARTS: tuple[str, ...] = get_args(DayPart)
WEEKDAYS: tuple[str, ...] = get_args(Weekday)
SEASONS: tuple[str, ...] = get_args(Season)
STAFF_SOURCES = ("municipality",)
"""Who reports as staff: such entries stand on the map and count as no resident."""

DUPLICATE_STATUS = r"\mdup"
"""Regular expression (ignoring case) of the statuses that sources mark duplicates by, such as ``Open - Dup``."""


class DangerZone(ImportedRow, Base):
    """A place (point, line or polygon) that somebody named as dangerous."""

    __tablename__ = "danger_zone"
    __table_args__ = (
        *imported_row_constraints("danger_zone"),
        UniqueConstraint("municipality_id", "public_id"),
        tenant_reference("category_id", "category"),
        CheckConstraint(f"reported_by in {REPORT_SOURCES}", name="known_reported_by"),
        CheckConstraint(f"status in {ZONE_STATUSES}", name="known_status"),
        CheckConstraint(f"day_part in {DAY_PARTS}", name="known_day_part"),
        CheckConstraint(f"weekday in {WEEKDAYS}", name="known_weekday"),
        CheckConstraint(f"season in {SEASONS}", name="known_season"),
        tenant_reference("merged_into", "danger_zone"),
        Index("ix_danger_zone_geom", "geom", postgresql_using="gist"),
        Index("ix_danger_zone_merged_into", "municipality_id", "merged_into"),
    )

    category_id: Mapped[int] = mapped_column(BigInteger)
    geom: Mapped[Any] = mapped_column(geometry())
    public_geom: Mapped[Any | None] = mapped_column(geometry())
    """Snap point that the database chose once (revision 0008); null while there are none: then it is not public."""
    public_id: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """Random number by which the public knows it; the database draws it."""
    public_from: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """From when it may be public; null where it may not. Whether it is, says the view ``public_danger_zone``."""
    status: Mapped[str] = mapped_column(server_default="received")
    reported_by: Mapped[str]
    channel: Mapped[str | None]
    day_part: Mapped[str] = mapped_column(server_default="any")
    weekday: Mapped[str] = mapped_column(server_default="any")
    season: Mapped[str] = mapped_column(server_default="any")
    description: Mapped[str | None]
    """Words of staff or of an import; those of residents stand in their reports."""
    reporters: Mapped[int] = mapped_column(server_default="1")
    """Distinct residents who named this zone; staff do not count."""
    reporters_told: Mapped[int | None]
    """How many of them its supplier told last; null where none did."""
    verified: Mapped[bool] = mapped_column(server_default="false")
    """Whether staff looked at the place and found it as reported."""
    passed_on_to: Mapped[str | None]
    merged_into: Mapped[int | None] = mapped_column(BigInteger)
    """Zone that this one is a duplicate of."""
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
        tenant_reference("report_id", "report", ondelete="CASCADE"),
        CheckConstraint("length(token_sha256) = 32", name="token_is_hashed"),
        Index("ix_reporter_link_danger_zone", "municipality_id", "danger_zone_id"),
        Index("ix_reporter_link_report", "municipality_id", "report_id"),
    )

    danger_zone_id: Mapped[int] = mapped_column(BigInteger)
    report_id: Mapped[int | None] = mapped_column(BigInteger)
    """What the reporter left; null for links from before reports were kept one by one."""
    token_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    contact: Mapped[str | None]
    """How the reporter wants to be told, if at all."""
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class DangerZoneChange(TenantKey, Base):
    """A step in the life of a danger zone, with the sentence that the public reads."""

    __tablename__ = "danger_zone_change"
    __table_args__ = (
        tenant_reference("danger_zone_id", "danger_zone", ondelete="CASCADE"),
        CheckConstraint(f"to_status in {ZONE_STATUSES}", name="known_to_status"),
        Index("ix_danger_zone_change_zone", "municipality_id", "danger_zone_id"),
    )

    danger_zone_id: Mapped[int] = mapped_column(BigInteger)
    action: Mapped[str]
    """Name of the step, as `app.danger_zones.lifecycle` has it."""
    from_status: Mapped[str | None]
    to_status: Mapped[str]
    why: Mapped[str | None]
    """In staff's words, for everybody; null where the sentence of the step says it all."""
    next_step: Mapped[str | None]
    passed_on_to: Mapped[str | None]
    other_zone_id: Mapped[int | None] = mapped_column(BigInteger)
    """The other zone of a merge or split; it may be erased since."""
    moved_reports: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))
    actor_kind: Mapped[str]
    actor: Mapped[str]
    """Name of the account, for staff; empty for a reporter."""
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())


class ReporterSalt(Base):
    """What the keys of a municipality's reporters are salted with: without it no key can be tried out."""

    __tablename__ = "reporter_salt"

    municipality_id: Mapped[int] = mapped_column(ForeignKey("municipality.id", ondelete="CASCADE"), primary_key=True)
    salt: Mapped[bytes] = mapped_column(LargeBinary)
