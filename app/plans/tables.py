"""Tables of figures as plain values."""

from __future__ import annotations

from typing import Any

import numpy as np

from app.deferred import pd


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as plain values, with None for what is missing."""
    plain = table.astype(object)
    rows = plain.where(plain.notna(), None).to_dict("records")
    return [
        {str(name): value.item() if isinstance(value, np.generic) else value for name, value in row.items()}
        for row in rows
    ]
