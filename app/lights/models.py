"""Street lights and their outages."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.database.base import Base, geometry, tenant_reference
from app.ingest.models import ImportedRow, imported_row_constraints

WorkingState = Literal["working", "out", "unknown"]
"""Whether a lamp worked at a time, as far as the municipality recorded outages."""


class StreetLight(ImportedRow, Base):
    """A lamp of the municipal inventory."""

    __tablename__ = "street_light"
    __table_args__ = (
        *imported_row_constraints("street_light"),
        Index("ix_street_light_geom", "geom", postgresql_using="gist"),
        Index("ix_street_light_x_y", "municipality_id", "x", "y"),
    )

    geom: Mapped[Any] = mapped_column(geometry("POINT"))
    x: Mapped[float]
    y: Mapped[float]
    """Metres in the municipality's working CRS."""
    lamp_type: Mapped[str | None]
    owner: Mapped[str | None]
    attributes: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")


class StreetLightOutage(ImportedRow, Base):
    """A time in which a lamp did not work; open-ended while it still does not."""

    __tablename__ = "street_light_outage"
    __table_args__ = (
        *imported_row_constraints("street_light_outage"),
        tenant_reference("street_light_id", "street_light", ondelete="CASCADE"),
        CheckConstraint("out_to >= out_from", name="window_in_order"),
        Index("ix_street_light_outage_light", "municipality_id", "street_light_id"),
    )

    street_light_id: Mapped[int] = mapped_column(BigInteger)
    out_from: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    out_to: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
