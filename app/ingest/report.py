"""What an import says when it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from analysis.summary import Notice
from app.ingest.repository import Counts

Progress = Callable[[float, str], None]
"""Told how far an import is: a fraction from 0 to 1 and a short sentence."""


@dataclass(frozen=True)
class ImportReport:
    """How an import ended; the counts of its rows add up to ``rows_read``.

    Attributes
    ----------
    municipality, kind, source, file_name : str
        What was imported.
    batch_id : int
        Key of the import batch; the quarantine is found by it.
    counts : Counts
        Rows accepted (new), updated, unchanged and quarantined.
    reasons : dict of str to int
        Rows by the reason for their quarantine; a row may have several.
    columns : dict of str to str
        Column of the file that each field was taken from.
    notices : tuple of Notice
        Warnings and assumptions.
    seconds : float
        Time that it took.
    """

    municipality: str
    kind: str
    source: str
    file_name: str
    batch_id: int
    counts: Counts
    reasons: dict[str, int]
    columns: dict[str, str]
    notices: tuple[Notice, ...]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON-ready values."""
        counts = self.counts
        return {
            "municipality": self.municipality,
            "kind": self.kind,
            "source": self.source,
            "file_name": self.file_name,
            "batch_id": self.batch_id,
            "rows_read": counts.rows_read,
            "accepted": counts.accepted,
            "updated": counts.updated,
            "unchanged": counts.unchanged,
            "quarantined": counts.quarantined,
            "reasons": self.reasons,
            "columns": self.columns,
            "warnings": [{"code": notice.code, "message": notice.message} for notice in self.notices],
            "seconds": round(self.seconds, 3),
        }
