"""Why rows are not taken in: every reason of every row, found whole columns at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

MAX_RAW_LENGTH = 2_000
"""Characters of a raw value that the quarantine keeps."""


@dataclass(frozen=True)
class Finding:
    """One reason that some rows are not taken in.

    Attributes
    ----------
    code : str
        Stable name, for example ``"zero_coordinates"``.
    rows : ndarray of bool, shape (n,)
        The rows that it holds for.
    message : callable
        Sentence for the row of a number.
    """

    code: str
    rows: NDArray[np.bool_]
    message: Callable[[int], str]


@dataclass(frozen=True)
class Reason:
    """Why one row is not taken in: a stable name and a sentence."""

    code: str
    message: str


@dataclass(frozen=True)
class QuarantineEntry:
    """A row that is not taken in."""

    line: int
    raw: dict[str, Any]
    reasons: tuple[dict[str, str], ...]


def said(text: str) -> Callable[[int], str]:
    """Return a message that is the same for every row."""
    return lambda _row: text


def quoting(text: str, values: pa.Array) -> Callable[[int], str]:
    """Return a message that quotes the value of the row in place of ``{}``."""
    return lambda row: text.format(str(values[row].as_py())[:80])


def findings_by_line(reasons: Mapping[int, Reason], lines: NDArray[np.int64]) -> list[Finding]:
    """Return what is known of lines of a file as findings about the rows of a slice."""
    here = {row: reasons[line] for row, line in enumerate(lines.tolist()) if line in reasons} if reasons else {}
    found = []
    for code in sorted({reason.code for reason in here.values()}):
        rows = np.zeros(len(lines), dtype=bool)
        rows[[row for row, reason in here.items() if reason.code == code]] = True
        found.append(Finding(code, rows, lambda row: here[row].message))
    return found


def any_of(findings: list[Finding], n_rows: int) -> NDArray[np.bool_]:
    """Return the rows that at least one finding holds for."""
    rows = np.zeros(n_rows, dtype=bool)
    for finding in findings:
        rows |= finding.rows
    return rows


def reasons_of(findings: list[Finding], row: int) -> tuple[dict[str, str], ...]:
    """Return every reason of a row, JSON-ready."""
    return tuple({"code": finding.code, "message": finding.message(row)} for finding in findings if finding.rows[row])


def json_ready(value: Any) -> Any:
    """Return a raw value as JSON can hold it, long texts cut."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    return str(value).replace("\x00", "")[:MAX_RAW_LENGTH]
