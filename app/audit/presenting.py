"""Events as plain values and as a table."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row

from app.audit.chain import canonical_time
from app.files.spreadsheets import safe_cell

COLUMNS = (
    "id",
    "occurred_at",
    "municipality_id",
    "kind",
    "actor_kind",
    "actor",
    "account_id",
    "purpose",
    "what",
    "address",
    "request_id",
    "sealed",
)
"""Columns of an event in a table of them."""


def plain_event(row: Row[Any]) -> dict[str, Any]:
    """Return an event JSON-ready, with whether it is sealed in place of its batch."""
    told = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to the columns of a row
    return told | {"occurred_at": canonical_time(row.occurred_at), "sealed": told.pop("batch_id") is not None}


def events_csv(events: Iterable[dict[str, Any]]) -> str:
    """Return plain events as CSV; no cell is a formula."""
    text = io.StringIO()
    rows = [
        {
            name: safe_cell(json.dumps(value, ensure_ascii=False) if name == "what" else value)
            for name, value in e.items()
        }
        for e in events
    ]
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
