"""Identifiers that occur more than once in a file."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from app.ingest.checking import CheckedRows, ReadingPlan, field_column, raw_values
from app.ingest.findings import QuarantineEntry
from app.ingest.parsing import as_text


class RepeatedIds:
    """Lets the first good row of each identifier in, and judges the later ones by it.

    Parameters
    ----------
    plan : ReadingPlan
        How the file is read.
    """

    def __init__(self, plan: ReadingPlan) -> None:
        ids = field_column(plan.raw, plan, plan.kind.identifier)
        self._suspects = pa.array([], pa.string())
        if ids is not None:
            counts = pc.value_counts(as_text(ids).drop_null())
            self._suspects = counts.field("values").filter(pc.greater(counts.field("counts"), 1))
        self._first: dict[str, tuple[int, dict[str, Any]]] = {}

    def settle(self, rows: CheckedRows) -> tuple[NDArray[np.bool_], int, list[QuarantineEntry]]:
        """Return which accepted rows stay in, how many only repeat an earlier row, and those that contradict one."""
        taken = rows.accepted.copy()
        same = 0
        contradicting: list[QuarantineEntry] = []
        if not len(self._suspects):
            return taken, same, contradicting
        suspect = pc.is_in(rows.ids, self._suspects).to_numpy(zero_copy_only=False) & taken
        for row in np.flatnonzero(suspect).tolist():
            key, line, raw = rows.ids[row].as_py(), int(rows.raw.lines[row]), raw_values(rows.raw, row)
            if key not in self._first:
                self._first[key] = (line, raw)
                continue
            taken[row] = False
            first_line, first_raw = self._first[key]
            if raw == first_raw:
                same += 1
                continue
            message = f"The identifier '{key}' is that of {rows.raw.row_word} {first_line}, which differs."
            contradicting.append(QuarantineEntry(line, raw, ({"code": "repeated_id", "message": message},)))
        return taken, same, contradicting
