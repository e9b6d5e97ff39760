"""Analysis runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Index, SmallInteger, String, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.database.base import Base, TenantKey

RunKind = Literal[
    "import",
    "kernel-density",
    "getis-ord",
    "sensitivity",
    "change",
    "hot-spot-history",
    "emerging-hot-spots",
    "near-repeat",
    "temporal-profile",
    "clusters",
    "top-places",
    "network-density",
    "back-test",
    "beat-allocation",
    "beat-redraw",
    "officer-assignment",
    "trade-off",
    "lighting",
    "fix-proposals",
    "fix-ranking",
    "fix-evaluation",
    "concern-mismatch",
]
RunState = Literal["queued", "running", "succeeded", "failed", "dismissed"]
RUN_KINDS: tuple[RunKind, ...] = get_args(RunKind)
RUN_STATES: tuple[RunState, ...] = get_args(RunState)


class AnalysisRun(TenantKey, Base):
    """One analysis: what was asked, of which input, by which software, and how it ended."""

    __tablename__ = "analysis_run"
    __table_args__ = (
        CheckConstraint(f"kind in {RUN_KINDS}", name="known_kind"),
        CheckConstraint(f"state in {RUN_STATES}", name="known_state"),
        CheckConstraint("progress between 0 and 100", name="progress_is_a_percentage"),
        Index("ix_analysis_run_state", "municipality_id", "state"),
        Index("ix_analysis_run_unfinished", "id", postgresql_where=text("state in ('queued', 'running')")),
    )

    kind: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="queued")
    parameters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    seed: Mapped[int | None] = mapped_column(BigInteger)
    input_fingerprint: Mapped[str | None] = mapped_column(String(64))
    """SHA-256 over the rows that entered, in a fixed order."""
    software_version: Mapped[str]
    progress: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    message: Mapped[str] = mapped_column(server_default="waiting")
    attempt: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    """Fence: only the worker that holds the latest attempt may publish a result."""
    summary: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    requested_by: Mapped[int | None] = mapped_column(BigInteger)
    """Account that asked for it; None for the operator of a command."""
    repeat_of: Mapped[int | None] = mapped_column(BigInteger)
    """Run whose question was asked again."""
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
