"""Areal units."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, Index, SmallInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.database.base import Base, geometry
from app.ingest.models import ImportedRow, imported_row_constraints


class ArealUnit(ImportedRow, Base):
    """The smallest area (or its centre point) with a count of residents; ``external_id`` is its code."""

    __tablename__ = "areal_unit"
    __table_args__ = (
        *imported_row_constraints("areal_unit"),
        CheckConstraint("residents >= 0", name="residents_not_negative"),
        CheckConstraint("geometrytype(geom) in ('POINT', 'POLYGON', 'MULTIPOLYGON')", name="point_or_area"),
        Index("ix_areal_unit_geom", "geom", postgresql_using="gist"),
    )

    geom: Mapped[Any] = mapped_column(geometry())
    residents: Mapped[int | None]
    residents_year: Mapped[int | None] = mapped_column(SmallInteger)
    attributes: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
