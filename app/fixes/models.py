"""Fixes (interventions)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Literal, get_args

from sqlalchemy import BigInteger, CheckConstraint, Index, Numeric
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.database.base import Base, geometry, tenant_reference
from app.ingest.models import ImportedRow, imported_row_constraints

FixStatus = Literal["proposed", "planned", "under_way", "done", "dropped"]
FIX_STATUSES: tuple[str, ...] = get_args(FixStatus)


class Fix(ImportedRow, Base):
    """Something done about a place: a lamp, paint, a cut hedge, a mended road."""

    __tablename__ = "fix"
    __table_args__ = (
        *imported_row_constraints("fix"),
        tenant_reference("danger_zone_id", "danger_zone"),
        CheckConstraint(f"status in {FIX_STATUSES}", name="known_status"),
        CheckConstraint("cost >= 0", name="cost_not_negative"),
        CheckConstraint("ended_on >= started_on", name="dates_in_order"),
        Index("ix_fix_danger_zone", "municipality_id", "danger_zone_id"),
        Index("ix_fix_geom", "geom", postgresql_using="gist"),
    )

    danger_zone_id: Mapped[int | None] = mapped_column(BigInteger)
    kind: Mapped[str]
    """Entry of the CPTED catalogue, for example ``lighting``."""
    title: Mapped[str]
    geom: Mapped[Any] = mapped_column(geometry())
    status: Mapped[str]
    owner: Mapped[str | None]
    cost: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    started_on: Mapped[date | None]
    ended_on: Mapped[date | None]
    attributes: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
