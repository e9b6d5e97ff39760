"""Every SQL statement that reads import batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, and_, select
from sqlalchemy.orm import Session

from app.ingest.models import ImportBatch, QuarantinedRow, Source


def list_batches(
    session: Session, municipality_id: int, *, kind: str | None, before: int | None, limit: int
) -> Sequence[Row[Any]]:
    """Return batches with kind and name of their source, newest first."""
    statement = _batches(municipality_id)
    if kind is not None:
        statement = statement.where(Source.kind == kind)
    if before is not None:
        statement = statement.where(ImportBatch.id < before)
    return session.execute(statement.order_by(ImportBatch.id.desc()).limit(limit)).all()


def find_batch(session: Session, municipality_id: int, batch_id: int) -> Row[Any] | None:
    """Return a batch with kind and name of its source."""
    return session.execute(_batches(municipality_id).where(ImportBatch.id == batch_id)).one_or_none()


def quarantined_rows(
    session: Session, municipality_id: int, batch_id: int, *, after_line: int, limit: int
) -> Sequence[Row[Any]]:
    """Return line, raw values and reasons of quarantined rows of a batch in the order of the file."""
    statement = select(QuarantinedRow.line, QuarantinedRow.raw, QuarantinedRow.reasons).where(
        QuarantinedRow.municipality_id == municipality_id,
        QuarantinedRow.batch_id == batch_id,
        QuarantinedRow.line > after_line,
    )
    return session.execute(statement.order_by(QuarantinedRow.line).limit(limit)).all()


def _batches(municipality_id: int) -> Select[Any]:
    columns = [column for column in ImportBatch.__table__.columns if column.key not in {"municipality_id", "source_id"}]
    same_source = and_(Source.municipality_id == ImportBatch.municipality_id, Source.id == ImportBatch.source_id)
    return (
        select(*columns, Source.kind.label("kind"), Source.name.label("source"))
        .join_from(ImportBatch, Source, same_source)
        .where(ImportBatch.municipality_id == municipality_id)
    )
