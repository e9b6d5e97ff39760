"""What a careful reader must know of the rows that were taken in."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analysis.places.point_mass import point_masses
from analysis.summary import Notice
from app.files.columns import listed
from app.incidents.models import TIME_PRECISIONS
from app.ingest import coverage
from app.ingest.checking import CheckedRows, ReadingPlan
from app.ingest.locating import count_outside
from app.ingest.times import PRECISION_CODES

FUTURE_SECONDS = 86_400
"""Times later than this from now deserve a warning."""

_SENTENCES = {
    "long_windows": "{} rows have a time window of more than 7 days; they say little about the hour or weekday.",
    "end_before_start": "{} rows end before they begin; they were taken in as they are.",
    "end_without_start": "{} rows have an end but no begin.",
    "ambiguous_times": "{} local times occur twice when summer time ends; the earlier moment was taken.",
    "nonexistent_times": "{} local times are skipped when summer time begins; the moment of the change was taken.",
    "unknown_times": "{} rows have no time; they count in no analysis by time.",
    "future_times": "{} rows lie in the future.",
    "missing_residents": "{} units have no number of residents; beats cannot be planned until they have.",
    "unknown_references": "{} rows name a danger zone or lamp that is not stored; the link was left out.",
    "marked_duplicates": "{} rows are marked as duplicates by their source; they are kept with that status.",
    "outside_boundary": "{} rows lie outside the boundary of the municipality; they were taken in.",
}


class Observations:
    """Gathers figures slice by slice and turns them into warnings.

    Parameters
    ----------
    plan : ReadingPlan
        How the file is read.
    """

    def __init__(self, plan: ReadingPlan) -> None:
        self._plan = plan
        self._counts: Counter[str] = Counter()
        self._words: Counter[str] = Counter()
        self._places = _Rows(plan.file.n_rows, x=np.float64, y=np.float64)
        self._times = _Rows(plan.file.n_rows, instants=np.int64, precisions=np.int8)
        self._areas: list[pa.Array] = []

    def add(self, rows: CheckedRows, taken: NDArray[np.bool_]) -> None:
        """Take the rows of a slice that stay in into account."""
        self._counts.update(rows.warned)
        for times in rows.times.values():
            self._counts["ambiguous_times"] += times.ambiguous
            self._counts["nonexistent_times"] += times.nonexistent
        if rows.located is not None and self._plan.kind.category_kind:
            self._places.add(x=rows.located.x[taken], y=rows.located.y[taken])
        self._add_times(rows, taken)
        self._add_values(rows, pa.array(taken))

    def count(self, code: str, n_rows: int) -> None:
        """Count rows that deserve the warning of this code."""
        self._counts[code] += n_rows

    def notices(self) -> list[Notice]:
        """Return the warnings."""
        self._counts["outside_boundary"] = self._outside()
        found = [Notice(code, _SENTENCES[code].format(f"{n:,}")) for code, n in self._counts.items() if n]
        if self._words:
            counted = (f"'{word}' {n:,}" for word, n in self._words.most_common(12))
            found.append(Notice("reporters", f"Who reported, as the source says it: {listed(counted)}."))
        return [*found, *self._masses(), *self._about_time()]

    def _add_times(self, rows: CheckedRows, taken: NDArray[np.bool_]) -> None:
        name = self._plan.kind.precision_of or "reported_at"
        times = rows.times.get(name)
        if times is None:
            return
        known = taken & ~times.missing
        self._counts["unknown_times"] += int(np.count_nonzero(taken & times.missing))
        self._times.add(instants=times.instants[known], precisions=times.precision[known])
        areas = rows.values.get("recorded_area")
        named = pa.nulls(int(known.sum()), pa.string()) if areas is None else areas.filter(pa.array(known))
        self._areas.append(named.dictionary_encode())

    def _add_values(self, rows: CheckedRows, taken: pa.Array) -> None:
        if self._plan.kind.field("residents"):
            residents = rows.values.get("residents")
            missing = pc.sum(taken).as_py() if residents is None else residents.filter(taken).null_count
            self._counts["missing_residents"] += missing or 0
        status = rows.values.get("status")
        if status is not None:
            marked = pc.match_substring_regex(pc.cast(status.filter(taken), pa.string()), r"(?i)\bdup")
            self._counts["marked_duplicates"] += pc.sum(marked).as_py() or 0
        reporters = rows.values.get("reported_by")
        if reporters is not None:
            for item in pc.value_counts(reporters.filter(taken)).to_pylist():
                self._words[item["values"] or "unknown"] += item["counts"]

    def _outside(self) -> int:
        return count_outside(self._plan.place, self._places["x"], self._places["y"]) if self._places.n else 0

    def _masses(self) -> list[Notice]:
        if not self._places.n:
            return []
        return [
            Notice(
                "point_mass",
                f"{mass.n:,} rows ({mass.share:.1%}) lie at exactly ({mass.x:.1f}, {mass.y:.1f}) m, the next busiest "
                f"place has {mass.next_n:,}: probably a default for unknown addresses. Analyses can leave it out.",
            )
            for mass in point_masses(self._places["x"], self._places["y"])
        ]

    def _about_time(self) -> list[Notice]:
        if not self._times.n:
            return []
        instants, precisions = self._times["instants"], self._times["precisions"]
        notices = []
        future = int(np.count_nonzero(instants > (time.time() + FUTURE_SECONDS) * 1e6))
        if future:
            notices.append(Notice("future_times", _SENTENCES["future_times"].format(f"{future:,}")))
        coarse = np.mean(precisions >= PRECISION_CODES["day"])
        if coarse > 0.5:
            unit = TIME_PRECISIONS[int(np.median(precisions))]
            notices.append(Notice("coarse_times", f"Times are known to the {unit} only; hours mean nothing here."))
        wall = local_clock(instants, self._plan.formats[self._plan.kind.precision_of or "reported_at"].zone)
        fine = precisions <= PRECISION_CODES["hour"]
        areas = pa.chunked_array(self._areas).unify_dictionaries().combine_chunks()
        hours = coverage.hour_warnings(wall if fine.all() else wall[fine])
        return [*notices, *hours, *coverage.empty_months(wall, areas)]


class _Rows:
    """Columns of numbers that are filled slice by slice; rows that never come take no memory.

    Parameters
    ----------
    most : int
        Rows that may come.
    **columns
        Type of each column.
    """

    def __init__(self, most: int, **columns: type[np.generic]) -> None:
        self._columns = {name: np.empty(most, dtype=kind) for name, kind in columns.items()}
        self.n = 0

    def add(self, **values: NDArray[Any]) -> None:
        """Take the next rows of every column."""
        n_more = len(next(iter(values.values())))
        for name, column in values.items():
            self._columns[name][self.n : self.n + n_more] = column
        self.n += n_more

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._columns[name][: self.n]


def local_clock(instants: NDArray[np.int64], zone: str) -> NDArray[np.int64]:
    """Return wall-clock microseconds of instants in a zone."""
    local = pc.local_timestamp(pa.array(instants, pa.timestamp("us", zone)))
    clock: NDArray[np.int64] = local.cast(pa.int64()).to_numpy()
    return clock
