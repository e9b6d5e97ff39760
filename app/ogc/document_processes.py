"""Processes and jobs in the OpenAPI 3.0 document."""

from __future__ import annotations

from app.ogc.answers import JSON
from app.ogc.document_parts import Json, named, operation, path_part, problem_answers, query, read_answers, schema_named
from app.ogc.jobs import STATE_OF_STATUS
from app.ogc.processes import processes

TAG = "processes"
MOST_LISTED = 1000
DEFAULT_PROCESSES, DEFAULT_JOBS = 100, 50
LONGEST_SECONDS = 2**31 - 1
OF_EXECUTING = ("400", "401", "403", "404", "409", "413", "415", "422", "429", "500", "503")
OF_JOBS = ("400", "401", "403", "404", "409", "429", "500", "503")
EXAMPLE = {"inputs": {"cell_m": 200, "categories": ["burglary"]}}


def process_paths(*, computes: bool, follows: bool) -> Json:
    """Return the paths of processes, and of jobs where the caller may look at them."""
    one = "/processes/{processID}"
    listed = [named("processLimit"), named("f")]
    paths: Json = {
        "/processes": operation("processes", "What can be computed", TAG, read_answers("ProcessList"), listed),
        one: operation(
            "process", "What a process takes and results in", TAG, read_answers("Process"), _taken("processID", "f")
        ),
    }
    return paths | (_execution(one) if computes else {}) | (_job_paths() if follows else {})


def job_parameters() -> Json:
    """Return the parameters of processes and jobs."""
    text: Json = {"type": "string"}
    seconds: Json = {"type": "integer", "minimum": 0, "maximum": LONGEST_SECONDS}
    page: Json = {"type": "integer", "minimum": 1, "maximum": MOST_LISTED}
    names = {"type": "array", "items": text}
    states = {"type": "array", "items": text | {"enum": list(STATE_OF_STATUS)}}
    return {
        "processLimit": query("limit", "The most processes told.", page | {"default": DEFAULT_PROCESSES}),
        "jobLimit": query("limit", "The most jobs of a page.", page | {"default": DEFAULT_JOBS}),
        "before": query("before", "Only older jobs; follow the link next.", {"type": "integer", "minimum": 1}),
        "jobType": query("type", "Only jobs of these types; there are processes.", names),
        "jobProcess": query("processID", "Only jobs of these processes.", names),
        "jobStatus": query("status", "Only jobs in these states.", states),
        "minDuration": query("minDuration", "Only jobs that were worked at for so many seconds.", seconds),
        "maxDuration": query("maxDuration", "Only jobs that were worked at for at most so many seconds.", seconds),
        "processID": path_part(
            "processID", "Name of the process.", text | {"enum": [process.kind for process in processes()]}
        ),
        "jobID": path_part("jobID", "Number of the job.", text),
        "prefer": {
            "name": "Prefer",
            "in": "header",
            "description": "`respond-async`: answer at once with the job that does it.",
            "schema": text | {"example": "respond-async"},
        },
    }


def _execution(address: str) -> Json:
    made = {
        "description": "The job that does it.",
        "headers": {
            "Location": {"description": "Address of the job.", "schema": {"type": "string"}},
            "Preference-Applied": {"description": "The preference that was followed.", "schema": {"type": "string"}},
        },
        "content": {JSON: {"schema": schema_named("StatusInfo")}},
    }
    responses: Json = {
        "200": {"description": "The outputs.", "content": {JSON: {"schema": schema_named("Anything")}}},
        "201": made,
        "204": {"description": "The outputs, as links in the header Link."},
        **problem_answers(OF_EXECUTING),
    }
    told = operation("execute", "Compute", TAG, responses, _taken("processID", "prefer"), method="post")
    content = {JSON: {"schema": schema_named("Execute"), "example": EXAMPLE}}
    told["post"]["requestBody"] = {"description": "Inputs and outputs.", "required": True, "content": content}
    return {f"{address}/execution": told}


def _job_paths() -> Json:
    asked = ["jobLimit", "before", "jobType", "jobProcess", "jobStatus", "datetime", "minDuration", "maxDuration", "f"]
    results: Json = {
        "200": {"description": "The outputs.", "content": {JSON: {"schema": schema_named("Anything")}}},
        **problem_answers(OF_JOBS),
    }
    ended: Json = {
        "200": {"description": "Dismissed.", "content": {JSON: {"schema": schema_named("StatusInfo")}}},
        **problem_answers(OF_JOBS),
    }
    one = operation("job", "How far a job is", TAG, read_answers("StatusInfo"), _taken("jobID", "f"))
    return {
        "/jobs": operation("jobs", "Jobs, newest first", TAG, read_answers("JobList"), _taken(*asked)),
        "/jobs/{jobID}": one | operation("dismiss", "Dismiss a job", TAG, ended, _taken("jobID"), method="delete"),
        "/jobs/{jobID}/results": operation("results", "What a job resulted in", TAG, results, _taken("jobID")),
    }


def _taken(*names: str) -> list[Json]:
    return [named(name) for name in names]
