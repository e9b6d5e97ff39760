"""Runs as the jobs of OGC API - Processes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fastapi import Request

from app.errors import ConflictError, NotFoundError
from app.features.parameters import MAX_IDENTIFIER
from app.municipalities.context import MunicipalityContext
from app.ogc.links import link, representations, root_of
from app.ogc.processes import EXCEPTIONS, OUTPUTS, RELATIONS, SUMMARY
from app.runs.presenting import run_detail
from app.runs.service import AnalysisRun

STATUS_OF_STATE = {
    "queued": "accepted",
    "running": "running",
    "succeeded": "successful",
    "failed": "failed",
    "dismissed": "dismissed",
}
STATE_OF_STATUS = {status: state for state, status in STATUS_OF_STATE.items()}


def job_number(text: str) -> int:
    """Return the run that a job is.

    Raises
    ------
    NotFoundError
        If there can be no such job.
    """
    if text.isascii() and text.isdigit() and 0 < int(text[:20]) <= MAX_IDENTIFIER:
        return int(text)
    raise no_such_job(text)


def no_such_job(text: str) -> NotFoundError:
    """Return the error of a job that does not exist."""
    return NotFoundError(f"There is no job {text[:40]!r}.", "/jobs lists them.", type=f"{EXCEPTIONS}/no-such-job")


def job_status(request: Request, run: AnalysisRun) -> dict[str, Any]:
    """Return the status of a job."""
    root = root_of(request)
    address = f"{root}/jobs/{run.id}"
    updated = run.finished_at or run.started_at or run.created_at
    links = [link(address, "self", f"Job {run.id}"), link(f"{address}?f=html", "alternate", f"Job {run.id} (page)")]
    if run.state == "succeeded":
        links.append(link(f"{address}/results", f"{RELATIONS}/results", "Results"))
    if run.state == "failed":
        links.append(link(f"{address}/results", f"{RELATIONS}/exceptions", "What went wrong"))
    if run.finished_at is None:
        events = f"{root.removesuffix('/ogc')}/runs/{run.id}/events"
        links.append(link(events, "monitor", "Every change, as it happens", "text/event-stream"))
    return {
        "jobID": str(run.id),
        "processID": run.kind,
        "type": "process",
        "status": STATUS_OF_STATE[run.state],
        "message": run.message,
        "progress": run.progress,
        "created": _time(run.created_at),
        **({"started": _time(run.started_at)} if run.started_at else {}),
        **({"finished": _time(run.finished_at)} if run.finished_at else {}),
        "updated": _time(updated),
        "links": links,
    }


def job_list(request: Request, found: list[AnalysisRun], limit: int) -> dict[str, Any]:
    """Return a page of jobs, newest first; one more than ``limit`` was looked for."""
    links = representations(request, "Jobs")
    if len(found) > limit:
        following = request.url.include_query_params(before=found[limit - 1].id)
        links.append(link(following, "next", "Older jobs"))
    return {"jobs": [job_status(request, run) for run in found[:limit]], "links": links}


def outputs_of(request: Request, municipality: MunicipalityContext, run: AnalysisRun) -> dict[str, Any]:
    """Return everything that a job resulted in: its summary, and links to layers, tables, maps and reports.

    Raises
    ------
    NotFoundError
        If it has not succeeded yet, or was dismissed.
    ConflictError
        If it failed; the problem says why.
    """
    if run.state == "failed":
        problem = run.problem or {}
        raise ConflictError(
            str(problem.get("detail", run.message)), str(problem.get("hint", "")), cause=problem.get("type")
        )
    if run.state != "succeeded":
        raise NotFoundError(
            f"Job {run.id} has no result: it is {STATUS_OF_STATE[run.state]}.",
            "Ask again when its status is successful.",
            type=f"{EXCEPTIONS}/result-not-ready",
        )
    host = root_of(request).removesuffix(f"/municipalities/{municipality.code}/ogc")
    found: dict[str, Any] = {SUMMARY: {"value": run.summary or {}, "mediaType": "application/json"}}
    for shown in run_detail(municipality, run).links:
        if shown.rel in OUTPUTS and shown.rel not in found:
            found[shown.rel] = link(f"{host}{shown.href}", shown.rel, OUTPUTS[shown.rel][0], shown.type)
    return found


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
