"""Use cases of the histories of imported rows: what a batch brought is written down, so that everybody can read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.ingest.checking import ReadingPlan
from app.ingest.histories import repository
from app.ingest.histories.merges import keep_merges, without_broken_merges
from app.ingest.loading import Batch, Loaded
from app.ingest.repository import Counts
from app.municipalities.context import MunicipalityContext

__all__ = ["note_fixes", "note_zones", "without_broken_merges"]


def note_zones(session: Session, batch: Batch, plan: ReadingPlan, loaded: Loaded) -> Counts:
    """Store what was merged with what, earlier steps and new statuses of the danger zones of a file.

    Returns
    -------
    Counts
        How the rows ended; a row that only became the duplicate of another zone was updated.
    """
    merged = keep_merges(session, batch, _values(loaded, "merged_into"))
    if "updated_at" not in plan.columns.columns:
        repository.touch_zones(session, batch.municipality_id, batch.batch_id)
    repository.bring_steps(session, batch.municipality_id, batch.source_id, _values(loaded, "history"))
    whys, following = _values(loaded, "why"), _values(loaded, "next_step")
    told = {name: (whys.get(name), following.get(name)) for name in {**whys, **following}}
    repository.note_zones(session, batch.municipality_id, batch.batch_id, told)
    counts = loaded.counts
    return replace(counts, updated=counts.updated + merged, unchanged=counts.unchanged - merged)


def note_fixes(session: Session, municipality: MunicipalityContext, batch: Batch) -> None:
    """Store the new statuses of the fixes of a file."""
    today = datetime.now(ZoneInfo(municipality.time_zone)).date()
    repository.note_fixes(session, batch.municipality_id, batch.batch_id, today)


def _values(loaded: Loaded, name: str) -> Mapping[str, Any]:
    return {row: values[name] for row, values in loaded.asides.items() if values.get(name) is not None}
