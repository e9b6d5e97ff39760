"""Packed copies of incidents."""

from __future__ import annotations

from typing import Any

from sqlalchemy import DDL, BigInteger, ForeignKey, LargeBinary, event
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.database.base import Base

BLOCK_BITS = 16
"""A block holds the incidents whose number, without so many last bits, is the number of the block."""


class IncidentBlock(Base):
    """What counting takes of the incidents of a range of numbers.

    A block is made when no number of its range can be drawn any more, and a trigger forgets it in the transaction that
    changes or deletes one of its incidents: a block that is there is true.
    """

    __tablename__ = "incident_block"

    municipality_id: Mapped[int] = mapped_column(ForeignKey("municipality.id", ondelete="CASCADE"), primary_key=True)
    block: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    events: Mapped[int]
    first: Mapped[int | None] = mapped_column(BigInteger)
    last: Mapped[int | None] = mapped_column(BigInteger)
    """The earliest and the latest time in ``moment``."""
    category_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    source_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    """The categories and sources that occur, 0 for none; ``category`` and ``source`` hold places in these lists."""
    x: Mapped[Any] = mapped_column(LargeBinary)
    y: Mapped[Any] = mapped_column(LargeBinary)
    """Metres in the municipality's working CRS, float64."""
    moment: Mapped[Any] = mapped_column(LargeBinary)
    """Begin of the time window, microseconds since 2000 (UTC), int64; the least number where there is none."""
    category: Mapped[Any] = mapped_column(LargeBinary)
    source: Mapped[Any] = mapped_column(LargeBinary)
    """uint16. All little-endian and in one order."""


for _packed in ("x", "y", "moment", "category", "source"):
    event.listen(
        IncidentBlock.__table__,
        "after_create",
        DDL(f"alter table incident_block alter column {_packed} set storage external"),  # type: ignore[no-untyped-call]
    )
