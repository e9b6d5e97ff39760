"""Street segments."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.database.base import Base, geometry
from app.ingest.models import ImportedRow, imported_row_constraints


class StreetSegment(ImportedRow, Base):
    """A street between two junctions."""

    __tablename__ = "street_segment"
    __table_args__ = (
        *imported_row_constraints("street_segment"),
        Index("ix_street_segment_geom", "geom", postgresql_using="gist"),
    )

    geom: Mapped[Any] = mapped_column(geometry())
    name: Mapped[str | None]
    street_class: Mapped[str | None]
    attributes: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
