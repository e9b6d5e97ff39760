"""The rows that imports did not take in."""

from __future__ import annotations

import csv
from pathlib import Path

from app.database.sessions import Database
from app.errors import NotFoundError
from app.ingest import repository
from app.ingest.findings import QuarantineEntry
from app.municipalities.service import find_municipality

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def read_quarantine(database: Database, municipality_code: str, batch_id: int) -> list[QuarantineEntry]:
    """Return the quarantined rows of an import batch in the order of the file.

    Raises
    ------
    NotFoundError
        If the municipality has no such batch.
    """
    with database.transaction() as session:
        municipality = find_municipality(session, municipality_code)
        entries = repository.quarantined_rows(session, municipality.id, batch_id)
    if entries is None:
        raise NotFoundError(f"{municipality.name} has no import batch {batch_id}.", "kvart import prints its number.")
    return entries


def write_quarantine(entries: list[QuarantineEntry], path: Path) -> None:
    """Write quarantined rows as CSV: line, reasons and the raw columns, safe to open in a spreadsheet."""
    columns = list(dict.fromkeys(name for entry in entries for name in entry.raw))
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["line", "reasons", *columns])
        for entry in entries:
            reasons = "; ".join(reason["message"] for reason in entry.reasons)
            writer.writerow([entry.line, reasons, *(_cell(entry.raw.get(name)) for name in columns)])


def _cell(value: object) -> object:
    """Return a value that no spreadsheet takes for a formula; numbers stay numbers."""
    text = str(value if value is not None else "")
    if not text.startswith(_FORMULA_STARTS):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text
