"""Every SQL statement about runs that people ask for and look at (those of the worker are in ``app/jobs``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from app.runs.models import AnalysisRun

UNFINISHED = ("queued", "running")


def insert_run(session: Session, run: AnalysisRun) -> AnalysisRun:
    """Store a run and return it with its key."""
    session.add(run)
    session.flush()
    session.refresh(run)
    return run


def count_unfinished(session: Session, municipality_id: int) -> int:
    """Return how many runs of the municipality wait or run."""
    statement = select(func.count()).where(
        AnalysisRun.municipality_id == municipality_id, AnalysisRun.state.in_(UNFINISHED)
    )
    return session.scalar(statement) or 0


def count_unfinished_of(session: Session, municipality_id: int, account_id: int) -> int:
    """Return how many runs that an account asked for wait or run in the municipality."""
    statement = select(func.count()).where(
        AnalysisRun.municipality_id == municipality_id,
        AnalysisRun.state.in_(UNFINISHED),
        AnalysisRun.requested_by == account_id,
    )
    return session.scalar(statement) or 0


def find_run(session: Session, municipality_id: int, run_id: int) -> AnalysisRun | None:
    """Return a run of the municipality."""
    statement = select(AnalysisRun).where(AnalysisRun.municipality_id == municipality_id, AnalysisRun.id == run_id)
    return session.scalar(statement.execution_options(populate_existing=True))


def list_runs(
    session: Session, municipality_id: int, *, kind: str | None, state: str | None, before: int | None, limit: int
) -> Sequence[AnalysisRun]:
    """Return runs of the municipality, newest first."""
    statement = select(AnalysisRun).where(AnalysisRun.municipality_id == municipality_id)
    if kind is not None:
        statement = statement.where(AnalysisRun.kind == kind)
    if state is not None:
        statement = statement.where(AnalysisRun.state == state)
    if before is not None:
        statement = statement.where(AnalysisRun.id < before)
    return session.scalars(statement.order_by(AnalysisRun.id.desc()).limit(limit)).all()


@dataclass(frozen=True)
class RunSearch:
    """Which runs are looked for; what is None does not matter.

    Attributes
    ----------
    kinds, states : tuple of str or None
    created_from, created_to : datetime or None
        When they were asked for, both ends included.
    shortest_s, longest_s : int or None
        For how long they have been or were worked at, seconds.
    before : int or None
        Only runs older than this one.
    """

    kinds: tuple[str, ...] | None = None
    states: tuple[str, ...] | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    shortest_s: int | None = None
    longest_s: int | None = None
    before: int | None = None

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """Give the conditions that a run has to meet."""
        taken = func.extract("epoch", func.coalesce(AnalysisRun.finished_at, func.now()) - AnalysisRun.started_at)
        if self.kinds is not None:
            yield AnalysisRun.kind.in_(self.kinds)
        if self.states is not None:
            yield AnalysisRun.state.in_(self.states)
        if self.created_from is not None:
            yield AnalysisRun.created_at >= self.created_from
        if self.created_to is not None:
            yield AnalysisRun.created_at <= self.created_to
        if self.shortest_s is not None:
            yield taken >= self.shortest_s
        if self.longest_s is not None:
            yield taken <= self.longest_s
        if self.before is not None:
            yield AnalysisRun.id < self.before


def search_runs(session: Session, municipality_id: int, search: RunSearch, limit: int) -> Sequence[AnalysisRun]:
    """Return runs of the municipality that meet the conditions, newest first."""
    statement = select(AnalysisRun).where(AnalysisRun.municipality_id == municipality_id, *search.conditions())
    return session.scalars(statement.order_by(AnalysisRun.id.desc()).limit(limit)).all()


def newest_succeeded(
    session: Session,
    municipality_id: int,
    kind: str,
    matching: dict[str, Any] | None = None,
    layer: str | None = None,
) -> AnalysisRun | None:
    """Return the newest run of a kind that succeeded, whose columns have the given values.

    With a layer, it has to be among those that its summary tells; runs of before layers were told have it.
    """
    statement = select(AnalysisRun).where(
        AnalysisRun.municipality_id == municipality_id, AnalysisRun.kind == kind, AnalysisRun.state == "succeeded"
    )
    for name, value in (matching or {}).items():
        statement = statement.where(getattr(AnalysisRun, name) == value)
    if layer is not None:
        layers = AnalysisRun.summary["layers"]
        statement = statement.where(or_(layers.is_(None), layers.contains([{"name": layer}])))
    return session.scalar(statement.order_by(AnalysisRun.id.desc()).limit(1))


def succeeded_kinds(session: Session, municipality_id: int) -> set[str]:
    """Return the kinds of the runs that succeeded."""
    statement = select(AnalysisRun.kind).where(
        AnalysisRun.municipality_id == municipality_id, AnalysisRun.state == "succeeded"
    )
    return set(session.scalars(statement.distinct()))


def dismiss(session: Session, municipality_id: int, run_id: int) -> bool:
    """Dismiss a run that waits or runs; return whether it did."""
    statement = (
        update(AnalysisRun)
        .where(
            AnalysisRun.municipality_id == municipality_id,
            AnalysisRun.id == run_id,
            AnalysisRun.state.in_(UNFINISHED),
        )
        .values(state="dismissed", message="dismissed", finished_at=func.clock_timestamp())
        .returning(AnalysisRun.id)
    )
    return session.scalar(statement) is not None
