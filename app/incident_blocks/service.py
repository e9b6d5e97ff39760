"""Packing incidents, and counting them in cells from what is packed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from sqlalchemy.orm import Session

from app.database.sessions import Database
from app.deferred import Deferred
from app.incident_blocks import repository
from app.incident_blocks.models import BLOCK_BITS
from app.incident_blocks.repository import NO_TIME

if TYPE_CHECKING:
    from analysis.grids import cells
else:
    cells = Deferred("analysis.grids.cells")

WORTH_PACKING = 200_000
"""Incidents of a municipality from which on they are packed."""
BLOCKS_AT_ONCE = 16
"""Blocks of a transaction: as long as it lasts, nobody changes an incident."""

NEVER = 2**63 - 1
"""After every time."""

_PLACE, _MOMENT, _NUMBER = np.dtype("<f8"), np.dtype("<i8"), np.dtype("<u2")


@dataclass(frozen=True)
class Chosen:
    """Which incidents are counted; None for all.

    Attributes
    ----------
    category_ids, source_ids : list of int or None
    first_day, last_day : date or None
        Both included, in the time zone ``zone``.
    zone : str
    """

    category_ids: list[int] | None
    source_ids: list[int] | None
    first_day: date | None
    last_day: date | None
    zone: str

    @property
    def has_period(self) -> bool:
        """Whether incidents without a time are left out."""
        return self.first_day is not None or self.last_day is not None

    @property
    def is_everything(self) -> bool:
        """Whether every incident is counted."""
        return self.category_ids is None and self.source_ids is None and not self.has_period


@dataclass(frozen=True)
class PackedCounts:
    """Packed incidents in cells.

    Attributes
    ----------
    parts : ndarray of int64, shape (n_rows, n_columns, PARTS)
        By cell and part of it; incidents at one coordinate are in the same part.
    beyond : int
        Incidents beyond the cells.
    timeless : int
        Incidents left out of a period because they carry no time.
    first_day, last_day : date or None
        Of those that were counted.
    """

    parts: npt.NDArray[np.int64]
    beyond: int
    timeless: int
    first_day: date | None
    last_day: date | None


def pack(database: Database, municipality_id: int) -> int:
    """Pack what can be packed of the incidents of a municipality that has many, and return the number of new blocks.

    While somebody changes incidents nothing is packed: what is not packed is counted from the table itself.
    """
    with database.inside(municipality_id) as session:
        missing = repository.missing_blocks(session, municipality_id)
        if not missing or not repository.holds(session, municipality_id, WORTH_PACKING):
            return 0
    packed = 0
    for start in range(0, len(missing), BLOCKS_AT_ONCE):
        with database.inside(municipality_id) as session:
            if not repository.keep_writers_off(session):
                break
            there = set(repository.block_numbers(session, municipality_id))
            chosen = [block for block in missing[start : start + BLOCKS_AT_ONCE] if block not in there]
            for block in chosen:
                _pack_block(session, municipality_id, block)
            packed += len(chosen)
    return packed


def unpacked_ranges(session: Session, municipality_id: int) -> list[tuple[int, int]] | None:
    """Return the half-open ranges of numbers of the incidents that are not packed; None where none is packed."""
    blocks = repository.block_numbers(session, municipality_id)
    if not blocks:
        return None
    begins = [0, *((block + 1) << BLOCK_BITS for block in blocks)]
    ends = [*(block << BLOCK_BITS for block in blocks), NEVER]
    return [(begin, end) for begin, end in zip(begins, ends, strict=True) if begin < end]


def count_packed(session: Session, municipality_id: int) -> int:
    """Return how many incidents of a municipality are packed."""
    return repository.count_packed(session, municipality_id)


def count_in_cells(
    session: Session,
    municipality_id: int,
    chosen: Chosen,
    x_edges: npt.NDArray[np.float64],
    y_edges: npt.NDArray[np.float64],
) -> PackedCounts:
    """Count the packed incidents in the half-open cells between edges, ascending, metres in the working CRS."""
    parts = np.zeros((y_edges.size - 1, x_edges.size - 1, cells.PARTS), dtype=np.int64)
    beyond = timeless = 0
    first: int | None = None
    last: int | None = None
    for block in _blocks(session, municipality_id, chosen):
        beyond += int(cells.add_parts(block.x, block.y, x_edges, y_edges, parts))
        timeless += block.timeless
        if block.first is not None and block.last is not None:
            first = block.first if first is None else min(first, block.first)
            last = block.last if last is None else max(last, block.last)
    days = [None if moment is None else repository.day_of(session, moment, chosen.zone) for moment in (first, last)]
    return PackedCounts(parts, beyond, timeless, *days)


@dataclass(frozen=True)
class _Block:
    """The chosen incidents of a block; times in microseconds since 2000 (UTC)."""

    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    timeless: int
    first: int | None
    last: int | None


def _blocks(session: Session, municipality_id: int, chosen: Chosen) -> Iterator[_Block]:
    """Yield what is chosen of each block."""
    if chosen.is_everything:
        for x, y, first, last in repository.read_blocks(session, municipality_id, ("x", "y", "first", "last")):
            yield _Block(np.frombuffer(x, _PLACE), np.frombuffer(y, _PLACE), 0, first, last)
        return
    begin = NO_TIME + 1 if chosen.first_day is None else repository.begin_of_day(session, chosen.first_day, chosen.zone)
    after = None if chosen.last_day is None else chosen.last_day + timedelta(days=1)
    end = NEVER if after is None else repository.begin_of_day(session, after, chosen.zone)
    columns = ("x", "y", "moment", "category_ids", "category", "source_ids", "source")
    for x, y, moment, category_ids, category, source_ids, source in repository.read_blocks(
        session, municipality_id, columns
    ):
        kept = _among(category_ids, category, chosen.category_ids) & _among(source_ids, source, chosen.source_ids)
        moments = np.frombuffer(moment, _MOMENT)
        timed = kept & (moments >= begin) & (moments < end)
        timeless = int((kept & (moments == NO_TIME)).sum())
        counted = timed if chosen.has_period else kept
        times = moments[timed]
        first, last = (int(times.min()), int(times.max())) if times.size else (None, None)
        yield _Block(
            np.frombuffer(x, _PLACE)[counted],
            np.frombuffer(y, _PLACE)[counted],
            timeless if chosen.has_period else 0,
            first,
            last,
        )


def _among(names: list[int], places: bytes, wanted: list[int] | None) -> npt.NDArray[np.bool_]:
    """Return which incidents have one of the wanted categories or sources."""
    each = np.frombuffer(places, _NUMBER)
    if wanted is None:
        return np.ones(each.size, dtype=np.bool_)
    chosen: npt.NDArray[np.bool_] = np.isin(np.asarray(names, dtype=np.int64), wanted)[each]
    return chosen


def _pack_block(session: Session, municipality_id: int, block: int) -> None:
    x, y, moment, category, source = repository.read_rows(session, municipality_id, block)
    moments = np.frombuffer(moment, ">i8").astype(_MOMENT)
    times = moments[moments != NO_TIME]
    category_ids, categories = np.unique(np.frombuffer(category, ">i8"), return_inverse=True)
    source_ids, sources = np.unique(np.frombuffer(source, ">i8"), return_inverse=True)
    repository.store_block(
        session,
        municipality_id=municipality_id,
        block=block,
        events=moments.size,
        first=int(times.min()) if times.size else None,
        last=int(times.max()) if times.size else None,
        category_ids=category_ids.tolist(),
        source_ids=source_ids.tolist(),
        x=np.frombuffer(x, ">f8").astype(_PLACE).tobytes(),
        y=np.frombuffer(y, ">f8").astype(_PLACE).tobytes(),
        moment=moments.tobytes(),
        category=categories.astype(_NUMBER).tobytes(),
        source=sources.astype(_NUMBER).tobytes(),
    )
