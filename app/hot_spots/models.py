"""Result layers of hot-spot and density runs: one row per grid cell of the study area."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from app.database.base import Base, geometry, run_reference


class ResultCell:
    """Key and place of a grid cell of a run."""

    municipality_id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    cell: Mapped[int] = mapped_column(Integer, primary_key=True)
    """Row-major number of the cell in its grid."""
    geom: Mapped[Any] = mapped_column(geometry("POLYGON"))
    cell_x: Mapped[float]
    cell_y: Mapped[float]
    """Centre of the cell in the working CRS, metres."""


class DensityCell(ResultCell, Base):
    """Kernel density at the centre of a cell."""

    __tablename__ = "density_cell"
    __table_args__ = (
        run_reference(),
        CheckConstraint(
            "density_per_km2 >= 0 and density_per_km2 < 'infinity'", name="density_finite_and_not_negative"
        ),
        Index("ix_density_cell_geom", "geom", postgresql_using="gist"),
    )

    density_per_km2: Mapped[float]
    density_per_km2_year: Mapped[float | None]
    """Only of runs that asked for it."""


class HotSpotCell(ResultCell, Base):
    """Getis-Ord Gi* of a cell."""

    __tablename__ = "hot_spot_cell"
    __table_args__ = (
        run_reference(),
        CheckConstraint("gi_bin between -3 and 3", name="gi_bin_in_range"),
        CheckConstraint("count >= 0", name="count_not_negative"),
        CheckConstraint("abs(gi_z) < 'infinity'", name="gi_z_finite"),
        CheckConstraint("p_value between 0 and 1 and q_value between 0 and 1", name="probabilities_in_range"),
        Index("ix_hot_spot_cell_geom", "geom", postgresql_using="gist"),
    )

    count: Mapped[int]
    gi_z: Mapped[float | None]
    p_value: Mapped[float | None]
    q_value: Mapped[float | None]
    gi_bin: Mapped[int] = mapped_column(SmallInteger)
