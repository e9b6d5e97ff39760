"""Metrics over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from app.dependencies import DatabaseDep, permit
from app.health.router import WorkerDep
from app.metrics import service
from app.metrics.instruments import Instruments
from app.openapi import problems

router = APIRouter(tags=["service"])


def get_instruments(request: Request) -> Instruments:
    """Return the counters of the application."""
    instruments: Instruments = request.app.state.instruments
    return instruments


@router.get(
    "/metrics",
    dependencies=[permit("metrics", "read")],
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **problems(400)},
)
def metrics(
    database: DatabaseDep, worker: WorkerDep, instruments: Annotated[Instruments, Depends(get_instruments)]
) -> Response:
    """Return figures for Prometheus: requests by route, connections, the queue of runs."""
    return Response(service.exposition(instruments, database, worker), headers={"Content-Type": CONTENT_TYPE_LATEST})
