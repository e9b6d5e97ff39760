"""Identifiers that occur more than once in a file."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from app.files.tables import RawTable
from app.ingest.checking import CheckedRows, raw_values
from app.ingest.findings import QuarantineEntry


class Identifiers:
    """Counts the identifiers of a file slice by slice, by fingerprints of eight bytes."""

    def __init__(self) -> None:
        self._parts: list[NDArray[np.int64]] = []

    def add(self, texts: pa.Array) -> None:
        """Take the identifiers of a slice into account; nulls are none."""
        self._parts.append(_fingerprints(texts.drop_null()))

    @property
    def n_values(self) -> int:
        """Rows that have an identifier."""
        return len(self._sorted)

    @property
    def n_distinct(self) -> int:
        """Different identifiers."""
        return self.n_values - int(np.count_nonzero(self._same_as_before))

    @property
    def repeated(self) -> NDArray[np.int64]:
        """Fingerprints of the identifiers that occur more than once, in rising order."""
        return np.unique(self._sorted[1:][self._same_as_before])

    @property
    def _same_as_before(self) -> NDArray[np.bool_]:
        return np.asarray(self._sorted[1:] == self._sorted[:-1])

    @cached_property
    def _sorted(self) -> NDArray[np.int64]:
        together = np.concatenate([np.empty(0, dtype=np.int64), *self._parts])
        self._parts.clear()
        together.sort()
        return together


class RepeatedIds:
    """Lets the first good row of each identifier in, and judges the later ones by it.

    Parameters
    ----------
    repeated : ndarray of int64
        Fingerprints of the identifiers that occur more than once, in rising order; others may be among them.
    """

    def __init__(self, repeated: NDArray[np.int64]) -> None:
        self._repeated = repeated
        self._first: dict[str, tuple[int, int]] = {}
        """Line and fingerprint of the first good row of an identifier."""

    def settle(self, rows: CheckedRows) -> tuple[NDArray[np.bool_], int, list[QuarantineEntry]]:
        """Return which accepted rows stay in, how many only repeat an earlier row, and those that contradict one."""
        taken = rows.accepted.copy()
        same = 0
        contradicting: list[QuarantineEntry] = []
        if not len(self._repeated):
            return taken, same, contradicting
        suspect = np.isin(_fingerprints(rows.ids), self._repeated) & taken
        suspect &= rows.ids.is_valid().to_numpy(zero_copy_only=False)
        places = np.flatnonzero(suspect)
        keys, contents = rows.ids.take(places).to_pylist(), _fingerprints_of_rows(rows.raw, places)
        for row, key, fingerprint in zip(places.tolist(), keys, contents, strict=True):
            line = int(rows.raw.lines[row])
            if key not in self._first:
                self._first[key] = (line, fingerprint)
                continue
            taken[row] = False
            first_line, first_fingerprint = self._first[key]
            if fingerprint == first_fingerprint:
                same += 1
                continue
            message = f"The identifier '{key}' is that of {rows.raw.row_word} {first_line}, which differs."
            reason = {"code": "repeated_id", "message": message}
            contradicting.append(QuarantineEntry(line, raw_values(rows.raw, row), (reason,)))
        return taken, same, contradicting


def _fingerprints(texts: pa.Array) -> NDArray[np.int64]:
    """Return a number for each text, the same for the same text within this process, hardly ever for two texts."""
    return np.fromiter(map(hash, texts.to_pylist()), dtype=np.int64, count=len(texts))


def _fingerprints_of_rows(raw: RawTable, rows: NDArray[np.intp]) -> list[int]:
    """Return a number for each of some rows, the same for rows of the same values within this process."""
    columns = [raw.attributes[name].take(rows) for name in raw.columns]
    columns += [] if raw.wkb is None else [raw.wkb.take(rows)]
    return [hash(values) for values in zip(*(map(repr, column.to_pylist()) for column in columns), strict=True)]
