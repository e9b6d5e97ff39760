"""Snap points, versioned and stored once, and counts as they were published."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal, get_args

from geoalchemy2 import Geometry
from sqlalchemy import BigInteger, CheckConstraint, Date, DateTime, Index, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.database.base import Base, TenantKey, geometry, tenant_reference

Basis = Literal["addresses", "residents"]
BASES: tuple[str, ...] = get_args(Basis)


class SnapVersion(TenantKey, Base):
    """One set of snap points; the newest places what is new, whatever was placed before keeps its place."""

    __tablename__ = "snap_version"
    __table_args__ = (
        CheckConstraint(f"basis in {BASES}", name="known_basis"),
        CheckConstraint("least_addresses >= 8", name="enough_addresses"),
    )

    fingerprint: Mapped[str]
    basis: Mapped[str]
    """What the addresses are taken from."""
    least_addresses: Mapped[int]
    summary: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class SnapPoint(TenantKey, Base):
    """A public place, which stands for the addresses of its catchment: enough of them, or none."""

    __tablename__ = "snap_point"
    __table_args__ = (
        tenant_reference("version_id", "snap_version", ondelete="CASCADE"),
        CheckConstraint("addresses = 0 or addresses >= 8", name="enough_addresses_or_none"),
        Index("ix_snap_point_place", "place", postgresql_using="gist"),
        Index("ix_snap_point_version", "municipality_id", "version_id"),
    )

    version_id: Mapped[int] = mapped_column(BigInteger)
    geom: Mapped[Any] = mapped_column(geometry("POINT"))
    place: Mapped[Any] = mapped_column(Geometry("POINT", spatial_index=False))
    """Metres in the municipality's working CRS: the nearest in degrees is not the nearest on the ground."""
    addresses: Mapped[float]


class PublishedCount(TenantKey, Base):
    """Incidents of an area and a month, by category, as they may be shown; what may not is not stored."""

    __tablename__ = "published_count"
    __table_args__ = (UniqueConstraint("municipality_id", "month", "area", postgresql_nulls_not_distinct=True),)

    month: Mapped[dt.date] = mapped_column(Date)
    area: Mapped[str | None]
    """Code of a beat; null for the whole municipality."""
    geom: Mapped[Any | None] = mapped_column(geometry("MULTIPOLYGON"))
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    published_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
