"""Incidents and the categories of incidents, reports and danger zones."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import BigInteger, Boolean, CheckConstraint, DateTime, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.database.base import Base, TenantKey, geometry, tenant_reference
from app.ingest.models import ImportedRow, imported_row_constraints

TimePrecision = Literal["second", "minute", "hour", "day", "month", "year", "unknown"]
CategoryKind = Literal["incident", "concern"]

TIME_PRECISIONS: tuple[str, ...] = get_args(TimePrecision)
CATEGORY_KINDS: tuple[str, ...] = get_args(CategoryKind)
MOST_WEIGHT = 1e9
"""Greatest weight of an incident, so that no sum of weights is beyond what can be told."""


class Category(TenantKey, Base):
    """A kind of incident, or a kind of concern that reports and danger zones name."""

    __tablename__ = "category"
    __table_args__ = (
        UniqueConstraint("municipality_id", "kind", "code"),
        CheckConstraint(f"kind in {CATEGORY_KINDS}", name="known_kind"),
        {"postgresql_with": {"autovacuum_analyze_threshold": 0, "autovacuum_analyze_scale_factor": 0}},
    )

    kind: Mapped[str]
    code: Mapped[str]
    label: Mapped[str]
    sensitive: Mapped[bool] = mapped_column(Boolean, server_default="false")
    """Sexual, domestic and child-related categories: coarsened or dropped in every public layer."""


class Incident(ImportedRow, Base):
    """A recorded incident with its exact place, its projected place and its time window."""

    __tablename__ = "incident"
    __table_args__ = (
        *imported_row_constraints("incident"),
        tenant_reference("category_id", "category"),
        CheckConstraint("occurred_to >= occurred_from", name="window_in_order"),
        CheckConstraint(f"time_precision in {TIME_PRECISIONS}", name="known_time_precision"),
        CheckConstraint("weight > 0 and weight <= 1e9", name="weight_above_zero"),
        Index("ix_incident_geom", "geom", postgresql_using="gist"),
        Index("ix_incident_x_y", "municipality_id", "x", "y", postgresql_include=["occurred_from", "category_id"]),
    )

    category_id: Mapped[int | None] = mapped_column(BigInteger)
    geom: Mapped[Any] = mapped_column(geometry("POINT"))
    x: Mapped[float]
    y: Mapped[float]
    """Metres in the municipality's working CRS."""
    public_geom: Mapped[Any | None] = mapped_column(geometry("POINT"))
    """Anonymised place, computed once per municipality; null until then, and then never shown to the public."""
    occurred_from: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    occurred_to: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    time_precision: Mapped[str]
    recorded_area: Mapped[str | None]
    """Beat, district or ward as the source recorded it; it may differ from the polygon that holds the point."""
    weight: Mapped[float | None]
    """What it counts for in analyses that ask for it, for example the number of victims or a harm index; null: 1."""
