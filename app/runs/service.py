"""Use cases of runs: ask for one, look at it, dismiss it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from sqlalchemy.orm import Session

from analysis.summary import software_version
from app.analyses.kinds import ANALYSES, told_faults
from app.errors import ConflictError, InvalidInputError, NotFoundError
from app.jobs import service as jobs
from app.municipalities.context import MunicipalityContext
from app.runs import repository
from app.runs.models import RUN_KINDS, AnalysisRun, RunKind
from app.runs.parameters import PARAMETERS_OF_KIND

__all__ = [
    "AnalysisRun",
    "RunKind",
    "checked_parameters",
    "dismiss_run",
    "find_latest_run",
    "get_finished_run",
    "get_run",
    "kinds_with_result",
    "latest_run",
    "list_runs",
    "same_run",
    "submit_run",
]

MAX_UNFINISHED = 200
"""Runs of one municipality that may wait or run at a time."""

DEFAULT_SEEDS = {
    **dict.fromkeys(("beat-allocation", "beat-redraw", "trade-off"), 0),
    **{kind: 0 for kind, analysis in ANALYSES.items() if analysis.seeded},
}
"""Seed of the kinds that use random numbers; the others store the seed only when one is given."""


def submit_run(
    session: Session,
    municipality: MunicipalityContext,
    kind: str,
    parameters: Mapping[str, Any] | BaseModel,
    seed: int | None = None,
) -> AnalysisRun:
    """Put a run into the queue and return it; a worker takes it as soon as the transaction is committed.

    Parameters
    ----------
    session : Session
    municipality : MunicipalityContext
    kind : str
        One of ``RUN_KINDS``; ``parameters`` are checked against the model of the kind.
    parameters : mapping or pydantic model
    seed : int, optional
        Seed of the random numbers.

    Raises
    ------
    InvalidInputError
        The kind is unknown or a parameter cannot be used; the message names it.
    ConflictError
        Too many runs of the municipality wait already.
    """
    checked = checked_parameters(kind, parameters)
    if repository.count_unfinished(session, municipality.id) >= MAX_UNFINISHED:
        raise ConflictError(
            f"{MAX_UNFINISHED} runs of {municipality.name} wait or run already.",
            "Wait until some are done, or dismiss some.",
        )
    run = AnalysisRun(
        municipality_id=municipality.id,
        kind=kind,
        parameters=checked,
        seed=DEFAULT_SEEDS.get(kind) if seed is None else seed,
        software_version=software_version(),
    )
    stored = repository.insert_run(session, run)
    jobs.announce(session)
    return stored


def checked_parameters(kind: str, parameters: Mapping[str, Any] | BaseModel) -> dict[str, Any]:
    """Return the parameters of a run with every default filled in, JSON-ready.

    Raises
    ------
    InvalidInputError
        The kind is unknown or a parameter cannot be used; the message names it.
    """
    if kind not in RUN_KINDS:
        raise InvalidInputError(f"Unknown kind of run {kind[:80]!r}.", f"Known are {', '.join(RUN_KINDS)}.")
    given = parameters.model_dump(mode="json") if isinstance(parameters, BaseModel) else dict(parameters)
    if kind in ANALYSES:
        return ANALYSES[kind].checked(given).model_dump(mode="json")
    if kind not in PARAMETERS_OF_KIND:
        return given
    try:
        checked = PARAMETERS_OF_KIND[kind].model_validate(given)
    except ValidationError as error:
        raise InvalidInputError(told_faults(error), f"The API document describes the parameters of {kind}.") from error
    return checked.model_dump(mode="json")


def get_run(session: Session, municipality: MunicipalityContext, run_id: int) -> AnalysisRun:
    """Return a run.

    Raises
    ------
    NotFoundError
        The municipality has no such run.
    """
    run = repository.find_run(session, municipality.id, run_id)
    if run is None:
        raise NotFoundError(
            f"{municipality.name} has no run {run_id}.", f"GET /municipalities/{municipality.code}/runs lists them."
        )
    return run


def get_finished_run(session: Session, municipality: MunicipalityContext, run_id: int) -> AnalysisRun:
    """Return a run that has a result.

    Raises
    ------
    NotFoundError
        The municipality has no such run.
    ConflictError
        The run has not succeeded (yet).
    """
    run = get_run(session, municipality, run_id)
    if run.state != "succeeded":
        ended = run.state in ("failed", "dismissed")
        raise ConflictError(
            f"Run {run_id} has no result: it is {run.state}.",
            "Start a new run." if ended else "Ask again when its state is succeeded.",
        )
    return run


def list_runs(
    session: Session,
    municipality: MunicipalityContext,
    *,
    kind: str | None = None,
    state: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> Sequence[AnalysisRun]:
    """Return runs, newest first; ``before`` is the key of the last run of the page before."""
    return repository.list_runs(session, municipality.id, kind=kind, state=state, before=before, limit=limit)


def latest_run(session: Session, municipality: MunicipalityContext, kind: str, layer: str | None = None) -> AnalysisRun:
    """Return the newest run of a kind that succeeded and, where one is named, has a layer.

    Raises
    ------
    NotFoundError
        There is none.
    """
    run = find_latest_run(session, municipality, kind, layer)
    if run is None:
        raise NotFoundError(
            f"{municipality.name} has no finished run of the kind {kind}.",
            f"POST /municipalities/{municipality.code}/runs starts one.",
        )
    return run


def find_latest_run(
    session: Session, municipality: MunicipalityContext, kind: str, layer: str | None = None
) -> AnalysisRun | None:
    """Return the newest run of a kind that succeeded and, where one is named, has a layer; None where there is none."""
    return repository.newest_succeeded(session, municipality.id, kind, layer=layer)


def kinds_with_result(session: Session, municipality: MunicipalityContext) -> set[str]:
    """Return the kinds of which a run succeeded."""
    return repository.succeeded_kinds(session, municipality.id)


def same_run(
    session: Session,
    municipality: MunicipalityContext,
    kind: str,
    parameters: Mapping[str, Any] | BaseModel,
    fingerprint: str,
    seed: int | None = None,
) -> AnalysisRun | None:
    """Return an earlier run of the same input, parameters, seed and software, whose result would be the same."""
    matching = {
        "parameters": checked_parameters(kind, parameters),
        "input_fingerprint": fingerprint,
        "seed": DEFAULT_SEEDS.get(kind) if seed is None else seed,
        "software_version": software_version(),
    }
    return repository.newest_succeeded(session, municipality.id, kind, matching)


def dismiss_run(session: Session, municipality: MunicipalityContext, run_id: int) -> AnalysisRun:
    """Dismiss a run that waits or runs; a worker stops at its next report of progress and stores nothing.

    Raises
    ------
    NotFoundError
        The municipality has no such run.
    ConflictError
        The run has ended already.
    """
    dismissed = repository.dismiss(session, municipality.id, run_id)
    run = get_run(session, municipality, run_id)
    if not dismissed and run.state != "dismissed":
        raise ConflictError(f"Run {run_id} has {run.state} already.", "Only a run that waits or runs can be dismissed.")
    return run
