"""OGC API - Processes over HTTP: what can be computed, computing it, and the jobs that do it."""

from __future__ import annotations

from contextlib import aclosing
from datetime import datetime
from typing import Annotated, Any

from anyio import move_on_after, to_thread
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse

from app.database.looks import note_look
from app.database.sessions import Database
from app.dependencies import (
    CallerDep,
    DatabaseDep,
    MunicipalityDep,
    SessionDep,
    SettingsDep,
    entered,
    permit,
)
from app.errors import BadParameterError, InvalidInputError, NotFoundError
from app.features.parameters import MAX_IDENTIFIER, parse_interval
from app.municipalities.context import MunicipalityContext
from app.ogc.answers import answer
from app.ogc.executing import Asked, ExecuteRequest, read_execution, submit
from app.ogc.jobs import STATE_OF_STATUS, job_list, job_number, job_status, no_such_job, outputs_of
from app.ogc.links import root_of
from app.ogc.processes import Process, describe_process, describe_processes, find_process
from app.ogc.raw_outputs import raw_answer
from app.runs import service as runs
from app.runs.router import get_run_watch
from app.runs.service import AnalysisRun, RunSearch
from app.runs.watching import RunWatch
from app.settings import Settings

router = APIRouter(prefix="/municipalities/{municipality}/ogc", include_in_schema=False)

LONGEST_ANSWER_S = 30.0
"""So long an answer waits for the result; what takes longer goes on as a job."""

WatchDep = Annotated[RunWatch, Depends(get_run_watch)]
FormatParam = Annotated[str | None, Query(alias="f")]
LimitParam = Annotated[int, Query(ge=1, le=1000)]
ENTRANCE = [permit("ogc", "read")]


@router.get("/processes", dependencies=ENTRANCE)
def list_processes(
    request: Request, municipality: MunicipalityDep, limit: LimitParam = 100, f: FormatParam = None
) -> Response:
    """Return what can be computed."""
    del municipality, f
    return answer(request, describe_processes(request, limit), "processes.html", root=root_of(request))


@router.get("/processes/{kind}", dependencies=ENTRANCE)
def get_process(request: Request, municipality: MunicipalityDep, kind: str, f: FormatParam = None) -> Response:
    """Return what a process takes and results in."""
    del municipality, f
    return answer(request, describe_process(request, find_process(kind)), "process.html", root=root_of(request))


@router.post("/processes/import/execution", dependencies=[permit("imports", "create")])
async def execute_import(
    request: Request,
    caller: CallerDep,
    database: DatabaseDep,
    settings: SettingsDep,
    municipality: str,
    body: ExecuteRequest,
) -> Response:
    """Take in a small file; larger ones go to `POST .../imports`."""
    asked = read_execution(body)
    _require_document(asked)
    submitting = _Submission(request, database, settings, municipality, find_process("import"), caller.account_id)
    return _created(request, await to_thread.run_sync(submitting.submit, asked), applied=True)


@router.post("/processes/{kind}/execution", dependencies=[permit("runs", "create")])
async def execute_process(
    request: Request,
    caller: CallerDep,
    database: DatabaseDep,
    settings: SettingsDep,
    watch: WatchDep,
    municipality: str,
    kind: str,
    body: ExecuteRequest,
) -> Response:
    """Compute, and answer with the result or, where that takes long or is preferred, with the job that does it."""
    process, asked = find_process(kind), read_execution(body)
    preferred = "respond-async" in request.headers.get("prefer", "").lower()
    if preferred or not process.waits:
        _require_document(asked)
    submitting = _Submission(request, database, settings, municipality, process, caller.account_id)
    run = await to_thread.run_sync(submitting.submit, asked)
    if preferred or not process.waits:
        return _created(request, run, applied=preferred)
    await _wait(watch, submitting.entered, run.id)
    run = await to_thread.run_sync(submitting.read, run.id)
    if run.finished_at is None:
        return _created(request, run, applied=False)
    return _results(outputs_of(request, submitting.entered, run), asked)


@router.get("/jobs", dependencies=[permit("runs", "read")])
def list_jobs(  # noqa: PLR0913, PLR0917 - the parameters of the standard
    request: Request,
    session: SessionDep,
    municipality: MunicipalityDep,
    limit: LimitParam = 50,
    type: str = "process",  # noqa: A002
    process: Annotated[str | None, Query(alias="processID")] = None,
    status: str | None = None,
    datetime: str | None = None,
    shortest: Annotated[int | None, Query(alias="minDuration", ge=0, le=2**31 - 1)] = None,
    longest: Annotated[int | None, Query(alias="maxDuration", ge=0, le=2**31 - 1)] = None,
    before: Annotated[int | None, Query(ge=1, le=MAX_IDENTIFIER)] = None,
    f: FormatParam = None,
) -> Response:
    """Return the jobs, newest first."""
    del f
    created = _created_within(datetime)
    search = RunSearch(
        kinds=_listed(process),
        states=None if status is None else tuple(_state(name) for name in status.split(",")),
        created_from=created[0],
        created_to=created[1],
        shortest_s=shortest,
        longest_s=longest,
        before=before,
    )
    wanted = "process" in type.split(",")
    found = list(runs.search_runs(session, municipality, search, limit + 1)) if wanted else []
    if found:
        note_look(session, "runs", len(found), found[-1].id, found[0].id)
    return answer(request, job_list(request, found, limit), "jobs.html", root=root_of(request))


@router.get("/jobs/{id}", dependencies=[permit("runs", "read")])
def get_job(
    request: Request,
    session: SessionDep,
    municipality: MunicipalityDep,
    id: str,  # noqa: A002
    f: FormatParam = None,
) -> Response:
    """Return how far a job is."""
    del f
    run = _job(session, municipality, id)
    return answer(request, job_status(request, run), "job.html", root=root_of(request))


@router.delete("/jobs/{id}", dependencies=[permit("runs", "dismiss")])
def dismiss_job(request: Request, session: SessionDep, municipality: MunicipalityDep, id: str) -> Response:  # noqa: A002
    """Dismiss a job that waits or runs."""
    _job(session, municipality, id)
    run = runs.dismiss_run(session, municipality, job_number(id))
    return JSONResponse(job_status(request, run))


@router.get("/jobs/{id}/results", dependencies=[permit("runs", "read")])
def get_results(request: Request, session: SessionDep, municipality: MunicipalityDep, id: str) -> Response:  # noqa: A002
    """Return what a job resulted in."""
    run = _job(session, municipality, id)
    return JSONResponse(outputs_of(request, municipality, run))


class _Submission:
    """Hands a run to the queue in a transaction that ends before its result is waited for."""

    def __init__(
        self,
        request: Request,
        database: Database,
        settings: Settings,
        code: str,
        process: Process,
        account_id: int | None,
    ) -> None:
        self._request = request
        self._database = database
        self._uploads = settings.database.uploads
        self._code = code
        self._process = process
        self._account_id = account_id
        self.entered: MunicipalityContext

    def submit(self, asked: Asked) -> AnalysisRun:
        """Submit the run, and write down who did."""
        with entered(self._request, self._database, self._code) as (session, self.entered):
            run = submit(session, self.entered, self._process, asked, self._account_id, self._uploads)
            note_look(session, "runs", 1, run.id, run.id)
            return run

    def read(self, run_id: int) -> AnalysisRun:
        """Return the run as it is now."""
        with self._database.inside(self.entered.id) as session:
            return runs.get_run(session, self.entered, run_id)


async def _wait(watch: RunWatch, municipality: MunicipalityContext, run_id: int) -> None:
    """Wait until a run has ended, or for as long as an answer may take."""
    with move_on_after(LONGEST_ANSWER_S):
        async with aclosing(watch.follow(municipality, run_id)) as events:
            async for _ in events:
                pass


def _created(request: Request, run: AnalysisRun, *, applied: bool) -> Response:
    headers = {"Location": f"{root_of(request)}/jobs/{run.id}"}
    if applied:
        headers["Preference-Applied"] = "respond-async"
    return JSONResponse(job_status(request, run), status_code=201, headers=headers)


def _results(found: dict[str, Any], asked: Asked) -> Response:
    """Return the outputs that are wanted, as a document or as such."""
    wanted = {name: output for name, output in found.items() if asked.outputs is None or name in asked.outputs}
    return raw_answer(wanted) if asked.raw else JSONResponse(wanted)


def _require_document(asked: Asked) -> None:
    """Refuse raw outputs of a job: what is asked for later is a document."""
    if asked.raw:
        raise InvalidInputError(
            "Raw outputs come with the answer only, and this is done by a job.",
            'Leave out "response", or what makes it asynchronous.',
            pointer="response",
        )


def _job(session: Any, municipality: MunicipalityContext, text: str) -> AnalysisRun:
    try:
        run = runs.get_run(session, municipality, job_number(text))
    except NotFoundError as error:
        raise no_such_job(text) from error
    note_look(session, "runs", 1, run.id, run.id)
    return run


def _state(status: str) -> str:
    if status not in STATE_OF_STATUS:
        raise BadParameterError("status", f"{status[:40]!r} is unknown.", f"Known are {', '.join(STATE_OF_STATUS)}.")
    return STATE_OF_STATUS[status]


def _listed(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(text.split(","))


def _created_within(text: str | None) -> tuple[datetime | None, datetime | None]:
    interval = parse_interval(text) if text else None
    return (None, None) if interval is None else (interval.begin, interval.end)
