"""Every SQL statement about runs that people ask for and look at (those of the worker are in ``app/jobs``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, or_, select, update
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
