"""What a worker hands to the code that does a run, and what it gets back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

from sqlalchemy.orm import Session

from app.database.sessions import Database


@dataclass(frozen=True)
class ClaimedRun:
    """A run that this worker, and no other, is to do.

    Attributes
    ----------
    municipality_code : str
        Whose run it is.
    municipality_id, id : int
        Key of the run.
    kind : str
        One of ``app.runs.models.RUN_KINDS``.
    parameters : dict
        As validated when the run was submitted.
    seed : int or None
        Seed of the random numbers.
    attempt : int
        Fence: the result is published only while the run still stands at this attempt.
    """

    municipality_code: str
    municipality_id: int
    id: int
    kind: str
    parameters: dict[str, Any]
    seed: int | None
    attempt: int


@dataclass(frozen=True)
class RunResult:
    """What a handler gives back.

    Attributes
    ----------
    summary : dict
        JSON-ready; shown with the run.
    input_fingerprint : str or None
        SHA-256 over the rows that entered, in a fixed order.
    publish : callable or None
        Writes the result rows in the transaction that marks the run as succeeded; what it returns joins the summary.
    """

    summary: dict[str, Any]
    input_fingerprint: str | None = None
    publish: Callable[[Session], dict[str, Any]] | None = None


class ReportProgress(Protocol):
    """Say how far the run is; raises when the run has been dismissed or the worker has to stop."""

    def __call__(self, fraction: float, message: str) -> None:
        """Report a fraction between 0 and 1 and a short sentence."""


Handler = Callable[[Database, ClaimedRun, ReportProgress], RunResult]

HANDLERS: dict[str, str] = {
    **dict.fromkeys(
        (
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
            "lighting",
            "fix-proposals",
            "fix-ranking",
            "fix-evaluation",
            "concern-mismatch",
        ),
        "app.analyses.service:execute",
    ),
    "beat-allocation": "app.beats.running:execute_allocation",
    "beat-redraw": "app.beats.running:execute_redraw",
    "officer-assignment": "app.beats.running:execute_assignment",
    "trade-off": "app.beats.running:execute_trade_off",
    "import": "app.ingest.service:execute_import",
}
"""Handler of every kind of run as ``module:function``; imported when the first run of the kind is taken."""


def handler_of(kind: str, handlers: Mapping[str, str | Handler] = HANDLERS) -> Handler:
    """Return the function that does runs of this kind."""
    handler = handlers[kind]
    if not isinstance(handler, str):
        return handler
    module, function = handler.split(":")
    found: Handler = getattr(import_module(module), function)
    return found
