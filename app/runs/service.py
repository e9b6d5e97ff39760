"""Use cases of runs: ask for one, look at it, dismiss it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from sqlalchemy.orm import Session

from analysis.summary import software_version
from app.analyses.kinds import ANALYSES, first_fault, told_faults
from app.errors import ConflictError, InvalidInputError, NotFoundError, TooManyRequestsError
from app.jobs import service as jobs
from app.municipalities.context import MunicipalityContext
from app.runs import repository
from app.runs.models import RUN_KINDS, AnalysisRun, RunKind
from app.runs.parameters import PARAMETERS_OF_KIND
from app.runs.repository import RunSearch

__all__ = [
    "AnalysisRun",
    "RunKind",
    "RunSearch",
    "checked_parameters",
    "dismiss_run",
    "find_latest_run",
    "get_finished_run",
    "get_run",
    "kinds_with_result",
    "latest_run",
    "list_runs",
    "repeat_run",
    "same_run",
    "search_runs",
    "submit_run",
]

MAX_UNFINISHED = 200
"""Runs of one municipality that may wait or run at a time."""

MAX_UNFINISHED_OF_CALLER = 50
"""Of these, runs that one account asked for."""

ASK_AGAIN_AFTER_S = 10

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
    *,
    requested_by: int | None = None,
    repeat_of: int | None = None,
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
    requested_by : int, optional
        Account that asks; a command asks for none.
    repeat_of : int, optional
        Run whose question is asked again.

    Raises
    ------
    InvalidInputError
        The kind is unknown or a parameter cannot be used; the message names it.
    ConflictError
        Too many runs of the municipality wait already.
    TooManyRequestsError
        Too many runs of the account wait already.
    """
    checked = checked_parameters(kind, parameters)
    _require_room(session, municipality, requested_by)
    run = AnalysisRun(
        municipality_id=municipality.id,
        kind=kind,
        parameters=checked,
        seed=DEFAULT_SEEDS.get(kind) if seed is None else seed,
        software_version=software_version(),
        requested_by=requested_by,
        repeat_of=repeat_of,
    )
    stored = repository.insert_run(session, run)
    jobs.enqueue(session, municipality.id, stored.id)
    return stored


def repeat_run(
    session: Session, municipality: MunicipalityContext, run_id: int, *, requested_by: int | None = None
) -> AnalysisRun:
    """Ask the question of a run again, with its parameters and its seed, of the data as it is now.

    Raises
    ------
    NotFoundError
        The municipality has no such run.
    ConflictError
        It is an import, whose file is not kept; or too many runs wait already.
    InvalidInputError
        This version of the software does not take the parameters any more.
    """
    run = get_run(session, municipality, run_id)
    if run.kind == "import":
        raise ConflictError(f"Run {run_id} is an import, whose file is not kept.", "Send the file again.")
    return submit_run(
        session, municipality, run.kind, run.parameters, run.seed, requested_by=requested_by, repeat_of=run.id
    )


def _require_room(session: Session, municipality: MunicipalityContext, account_id: int | None) -> None:
    """Refuse one run too many, of the municipality or of one account."""
    if repository.count_unfinished(session, municipality.id) >= MAX_UNFINISHED:
        raise ConflictError(
            f"{MAX_UNFINISHED} runs of {municipality.name} wait or run already.",
            "Wait until some are done, or dismiss some.",
        )
    if account_id is None:
        return
    if repository.count_unfinished_of(session, municipality.id, account_id) >= MAX_UNFINISHED_OF_CALLER:
        raise TooManyRequestsError(
            f"{MAX_UNFINISHED_OF_CALLER} runs that you asked for wait or run already.",
            "Wait until some are done, or dismiss some.",
            retry_after=ASK_AGAIN_AFTER_S,
        )


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
        raise InvalidInputError(
            told_faults(error), f"The API document describes the parameters of {kind}.", pointer=first_fault(error)
        ) from error
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


def search_runs(
    session: Session, municipality: MunicipalityContext, search: RunSearch, limit: int
) -> Sequence[AnalysisRun]:
    """Return the runs that are looked for, newest first."""
    return repository.search_runs(session, municipality.id, search, limit)


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
    """Dismiss a run that waits or runs; its worker is told, ends it at once and stores nothing.

    Raises
    ------
    NotFoundError
        The municipality has no such run.
    ConflictError
        The run has ended already.
    """
    dismissed = repository.dismiss(session, municipality.id, run_id)
    if dismissed:
        jobs.withdraw(session, run_id)
    run = get_run(session, municipality, run_id)
    if not dismissed and run.state != "dismissed":
        raise ConflictError(f"Run {run_id} has {run.state} already.", "Only a run that waits or runs can be dismissed.")
    return run
