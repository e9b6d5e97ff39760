"""Results of analyses that are no density or hot-spot cells: features of any geometry, and tables."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Index, Integer
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.database.base import Base, geometry, run_reference


class ResultFeature(Base):
    """A feature of a layer of a run; which properties there are, the summary of the run says."""

    __tablename__ = "result_feature"
    __table_args__ = (run_reference(), Index("ix_result_feature_geom", "geom", postgresql_using="gist"))

    municipality_id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    """Over all layers of the run, from 1; the features of a layer are consecutive."""
    layer: Mapped[str]
    geom: Mapped[Any] = mapped_column(geometry())
    properties: Mapped[dict[str, Any]] = mapped_column(JSONB)


class ResultTable(Base):
    """A table or series of a run, whole: the largest holds some thousand rows and is read at once."""

    __tablename__ = "result_table"
    __table_args__ = (run_reference(),)

    municipality_id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    columns: Mapped[list[str]] = mapped_column(JSONB)
    rows: Mapped[list[list[Any]]] = mapped_column(JSONB)
