"""The figures at the moment they are asked for."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector, CollectorRegistry
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool

from app.database.sessions import Database
from app.errors import DatabaseUnavailableError
from app.jobs import service as jobs
from app.jobs.process import WorkerProcess
from app.metrics.instruments import Instruments


def exposition(instruments: Instruments, database: Database, worker: WorkerProcess | None) -> bytes:
    """Return every figure in the text format of Prometheus."""
    states = CollectorRegistry()
    states.register(_StateCollector(database, worker))
    return generate_latest(instruments.registry) + generate_latest(states)


class _StateCollector(Collector):
    """Reads what is not counted but looked up: the pool, the queue, the worker."""

    def __init__(self, database: Database, worker: WorkerProcess | None) -> None:
        self._database = database
        self._worker = worker

    def describe(self) -> Iterator[Metric]:
        """Tell nothing beforehand, so that registering asks the database nothing."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        """Return the figures; those of the queue are missing while the database does not answer."""
        pool = self._database.engine.pool
        if isinstance(pool, QueuePool):
            connections = GaugeMetricFamily(
                "kvart_database_connections", "Connections of this process.", labels=("state",)
            )
            connections.add_metric(("in use",), pool.checkedout())
            connections.add_metric(("idle",), pool.checkedin())
            yield connections
        if self._worker is not None:
            yield GaugeMetricFamily(
                "kvart_worker_alive", "Whether the worker of this process lives.", value=int(self._worker.alive)
            )
        try:
            queue = jobs.queue_state(self._database)
        except (SQLAlchemyError, DatabaseUnavailableError):
            yield GaugeMetricFamily("kvart_database_up", "Whether the database answers.", value=0)
            return
        yield GaugeMetricFamily("kvart_database_up", "Whether the database answers.", value=1)
        runs = GaugeMetricFamily("kvart_runs_unfinished", "Runs that wait or run.", labels=("state",))
        runs.add_metric(("queued",), queue.waiting)
        runs.add_metric(("running",), queue.running)
        yield runs
        yield GaugeMetricFamily(
            "kvart_workers", "Workers on any machine that were heard of within seconds.", value=queue.workers
        )
        yield GaugeMetricFamily(
            "kvart_queue_oldest_seconds", "How long the oldest waiting run has waited, seconds.", value=queue.oldest_s
        )
