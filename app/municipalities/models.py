"""The municipality: the tenant that every other row belongs to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, DateTime, Identity, Index, Integer, String, func
from sqlalchemy.orm import Mapped, mapped_column

from app.database.base import Base, geometry


class Municipality(Base):
    """A municipality with its boundary, its working CRS in metres and its time zone."""

    __tablename__ = "municipality"
    __table_args__ = (
        CheckConstraint("code ~ '^[a-z0-9][a-z0-9-]{0,62}$'", name="code_is_a_slug"),
        Index("ix_municipality_boundary", "boundary", postgresql_using="gist"),
    )

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(63), unique=True)
    name: Mapped[str]
    boundary: Mapped[Any] = mapped_column(geometry("MULTIPOLYGON"))
    working_crs: Mapped[str]
    """Projected CRS in metres as ``EPSG:n``, or as WKT where it has no code."""
    time_zone: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
