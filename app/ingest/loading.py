"""The rows of a planned file into their table, slice by slice, in the caller's transaction."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from analysis.summary import Notice
from app.database.bulk_loading import Load, bulk_loading
from app.database.driver import copy_rows_unchecked
from app.database.tables import Base
from app.errors import ImportRefusedError
from app.files.delimited import RaggedRow
from app.ingest import repository
from app.ingest.checking import CheckedRows, ReadingPlan, check_rows, ids_with_row_numbers
from app.ingest.encoding import LOOKED_UP, Keys, encode, stands_elsewhere
from app.ingest.fields import FieldType
from app.ingest.findings import MAX_RAW_LENGTH, QuarantineEntry
from app.ingest.histories.repository import HISTORIES, keep_decisions
from app.ingest.kinds import DANGER_ZONES
from app.ingest.observations import Observations
from app.ingest.parsing import slug
from app.ingest.repeats import RepeatedIds
from app.ingest.report import Progress
from app.ingest.repository import Counts

FINGERPRINT_DIGITS = 32
"""Digits of the file's SHA-256 that stand before the line in the identifier of a row without one."""

MAX_CATEGORIES = 2_000
"""More distinct values than this are no categories."""

LOADED = 0.7
"""Share of the work that is done when all rows are loaded; the rest builds indexes."""


@dataclass(frozen=True)
class Batch:
    """Whose rows are loaded, and where they come from."""

    municipality_id: int
    source_id: int
    batch_id: int
    sha256: str


@dataclass(frozen=True)
class Loaded:
    """How the rows of a file ended.

    Attributes
    ----------
    counts : Counts
    reasons : dict of str to int
        Rows by the reason for their quarantine.
    notices : list of Notice
    asides : mapping of str to dict
        By identifier, the values of rows that stand elsewhere than in their table.
    """

    counts: Counts
    reasons: dict[str, int]
    notices: list[Notice]
    asides: Mapping[str, dict[str, Any]]


class Loader:
    """Takes checked slices and brings their good rows into the table, their bad rows into the quarantine.

    Parameters
    ----------
    session : Session
        In a transaction.
    plan : ReadingPlan
        How the file is read.
    batch : Batch
        Whose rows these are.
    """

    def __init__(self, session: Session, plan: ReadingPlan, batch: Batch) -> None:
        self._session = session
        self._plan = plan
        self._batch = batch
        self._table = Base.metadata.tables[plan.kind.table]
        self._keys = Keys(batch.municipality_id, batch.source_id, batch.batch_id, {}, time.time_ns() // 1000)
        self._repeats = RepeatedIds(plan.repeated)
        self._observed = Observations(plan)
        self._reasons: Counter[str] = Counter()
        self._columns: list[str] = []
        self._aside = [field.name for field in plan.kind.fields[1:] if stands_elsewhere(field, self._table)]
        self._asides: dict[str, dict[str, Any]] = {}
        self._loaded = self._repeated = self._quarantined = self._seen = 0

    def run(self, progress: Progress) -> Loaded:
        """Load the whole file."""
        n_rows, table = self._plan.file.n_rows, self._table.name
        fresh = not repository.has_rows(self._session, table, self._batch.municipality_id, self._batch.source_id)
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="kvart-check") as helper:
            with bulk_loading(self._session, table, n_rows if fresh else 0) as load:
                target = table if fresh else repository.create_staging(self._session, table)
                for rows in _checked_ahead(self._plan, helper):
                    self._load(rows, target, load if fresh else copy_rows_unchecked)
                    progress(LOADED * self._seen / max(n_rows, 1), "loading")
                notices = helper.submit(self._observed.notices)
                progress(LOADED, "building indexes" if fresh else "comparing with stored rows")
            new, changed = (self._loaded, 0) if fresh else self._merge()
        unchanged = self._loaded - new - changed + self._repeated
        counts = Counts(new, changed, unchanged, self._quarantined)
        return Loaded(counts, dict(self._reasons.most_common()), notices.result(), self._asides)

    def _merge(self) -> tuple[int, int]:
        if not self._columns:
            return 0, 0
        if self._table.name in HISTORIES:
            keep_decisions(self._session, self._table.name)
        for field in self._plan.kind.fields:
            if field.counted_from in self._columns:
                repository.keep_counted(self._session, self._table.name, field.name, field.counted_from)
        if self._plan.kind is DANGER_ZONES and "description" in self._columns:
            repository.leave_words_to_reports(self._session)
        return repository.merge_staging(self._session, self._table.name, self._columns, self._guessed)

    @property
    def _guessed(self) -> set[str]:
        """Columns that hold the time of the import, or a first count, because the file has none."""
        fields = self._plan.kind.fields
        guessed = {field.name for field in fields if field.default == "now" or field.counted_from}
        return guessed - set(self._plan.columns.columns)

    def _load(self, rows: CheckedRows, target: str, load: Load) -> None:
        self._seen += rows.raw.n_rows
        taken, same, contradicting = self._repeats.settle(rows)
        self._repeated += same
        ragged = [ragged_entry(row) for row in rows.raw.ragged]
        self._quarantine([*ragged, *rows.quarantined(), *contradicting])
        self._observed.add(rows, taken)
        if not taken.any():
            return
        self._look_up(rows, taken)
        ids = ids_with_row_numbers(rows, self._batch.sha256[:FINGERPRINT_DIGITS])
        self._columns, encoded = encode(rows, ids, taken, self._plan, self._table, self._keys)
        load(self._session, target, self._columns, encoded)
        self._loaded += int(np.count_nonzero(taken))
        self._set_aside(rows, ids, taken)

    def _set_aside(self, rows: CheckedRows, ids: pa.Array, taken: NDArray[np.bool_]) -> None:
        columns = {name: rows.values[name] for name in self._aside if name in rows.values}
        if columns:
            chosen = pa.table({"id": ids, **columns}).filter(pa.array(taken))
            self._asides |= {row.pop("id"): row for row in chosen.to_pylist()}

    def _quarantine(self, entries: list[QuarantineEntry]) -> None:
        repository.store_quarantine(self._session, self._batch.municipality_id, self._batch.batch_id, entries)
        self._quarantined += len(entries)
        self._reasons.update(reason["code"] for entry in entries for reason in entry.reasons)

    def _look_up(self, rows: CheckedRows, taken: NDArray[np.bool_]) -> None:
        """Find the keys that the categories, references and titles of a slice stand for."""
        for field in self._plan.kind.fields:
            if field.type not in LOOKED_UP or field.name not in rows.values:
                continue
            texts = rows.values[field.name].filter(pa.array(taken)).drop_null()
            known = self._keys.lookups.setdefault(field.name, {})
            new = [text for text in pc.unique(texts).to_pylist() if text not in known]
            if field.type is FieldType.CATEGORY:
                known |= self._category_keys(new)
            elif field.type is FieldType.TITLE:
                known |= repository.ensure_titled(self._session, self._batch.municipality_id, field.target, new)
            elif new:
                known |= repository.referenced_rows(self._session, self._batch.municipality_id, field.target, new)
                missing = ~pc.is_in(texts, pa.array(list(known), pa.string())).to_numpy(zero_copy_only=False)
                self._observed.count("unknown_references", int(missing.sum()))

    def _category_keys(self, texts: list[str]) -> dict[str, int]:
        kind = self._plan.kind.category_kind
        if not texts or kind is None:
            return {}
        profile = self._plan.profile
        if len(texts) > MAX_CATEGORIES:
            column = "+".join(self._plan.columns.columns["category"])
            raise ImportRefusedError(
                f"{self._plan.file.name}: column '{column}' has {len(texts):,} different values: no categories.",
                "Name the right column with --map category=COLUMN, or none with --map category=.",
            )
        labels = {text: profile.categories.get(text, text) for text in texts}
        codes = {text: slug(label) for text, label in labels.items()}
        sensitive = {slug(profile.categories.get(text, text)) for text in profile.sensitive_categories}
        keys = repository.ensure_categories(
            self._session,
            self._batch.municipality_id,
            kind,
            {code: labels[text] for text, code in codes.items()},
            sensitive,
        )
        return {text: keys[code] for text, code in codes.items()}


def _checked_ahead(plan: ReadingPlan, helper: ThreadPoolExecutor) -> Iterator[CheckedRows]:
    """Give checked slices in order; the next one is read and checked while the caller loads the present one."""
    slices = plan.file.blocks()

    def check_next() -> CheckedRows | None:
        pa.default_memory_pool().release_unused()
        raw = next(slices, None)
        return None if raw is None else check_rows(raw, plan)

    coming = helper.submit(check_next)
    while (rows := coming.result()) is not None:
        coming = helper.submit(check_next)
        yield rows


def ragged_entry(row: RaggedRow) -> QuarantineEntry:
    """Return the quarantine entry of a row with too many or too few values."""
    message = f"The row has {row.found} values, the header names {row.expected}."
    return QuarantineEntry(row.line, {"text": row.text[:MAX_RAW_LENGTH]}, ({"code": "ragged_row", "message": message},))
