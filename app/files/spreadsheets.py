"""CSV that people open in a spreadsheet: no cell of it is taken for a formula."""

from __future__ import annotations

import json
import re
from typing import Any

from app.deferred import pd

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?([eE][+-]?\d+)?", re.ASCII)


def safe_cell(value: Any) -> str:
    """Return the text of a cell that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if text.startswith(FORMULA_STARTS) and not NUMBER.fullmatch(text) else text


def csv_text(table: pd.DataFrame) -> str:
    """Return a table as CSV with a header and without its index; no cell of text is a formula."""
    safe = table.assign(**{name: table[name].map(safe_cell) for name in table.select_dtypes(exclude="number")})
    text: str = safe.to_csv(index=False, lineterminator="\n")
    return text
