"""Health and readiness over HTTP."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from analysis.summary import software_version
from app.dependencies import DatabaseDep, permit
from app.health import service
from app.jobs.process import WorkerProcess
from app.openapi import problems

router = APIRouter(tags=["service"])


class Health(BaseModel):
    """The process answers."""

    status: Literal["alive"] = "alive"
    version: str = Field(description="Version of the software.")


class QueueOut(BaseModel):
    """The runs of all municipalities that have not ended."""

    model_config = ConfigDict(from_attributes=True)

    waiting: int = Field(description="Runs that wait for a worker.")
    running: int = Field(description="Runs that a worker does.")
    workers: int = Field(description="Workers on any machine that were heard of within seconds.")
    oldest_s: float = Field(description="How long the oldest waiting run has waited, seconds.")
    moves: bool = Field(description="No run waits for long while no run is done.")


class ReadinessOut(BaseModel):
    """Whether the service can do its work."""

    status: Literal["ready", "not ready"]
    database: bool = Field(description="The database answers.")
    schema_current: bool = Field(description="Its schema is the one of this version.")
    worker: bool | None = Field(description="The worker of this process lives; null if it has none.")
    queue: QueueOut | None = Field(description="The runs that have not ended; null where the database cannot tell.")


def get_worker(request: Request) -> WorkerProcess | None:
    """Return the worker of this process, None if it has none."""
    worker: WorkerProcess | None = request.app.state.worker
    return worker


WorkerDep = Annotated[WorkerProcess | None, Depends(get_worker)]


@router.get("/health", dependencies=[permit("service", "read")], responses=problems(400))
def health() -> Health:
    """Tell that the process is alive."""
    return Health(version=software_version())


@router.get(
    "/ready",
    dependencies=[permit("service", "read")],
    responses={**problems(400), 503: {"model": ReadinessOut, "description": "The service cannot do its work now."}},
)
def ready(response: Response, database: DatabaseDep, worker: WorkerDep) -> ReadinessOut:
    """Tell whether the database answers with the right schema, the worker lives and the queue moves."""
    found = service.check_readiness(database, worker)
    response.status_code = 200 if found.ready else 503
    return ReadinessOut(
        status="ready" if found.ready else "not ready",
        database=found.database,
        schema_current=found.schema,
        worker=found.worker,
        queue=None if found.queue is None else QueueOut.model_validate(found.queue),
    )
