"""Start of the embedded PostGIS until the first query is answered."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

from sqlalchemy import text

from app.database.sessions import open_database
from app.settings import DatabaseSettings
from benchmarks.report import Row, Section, Timing

RUNS = 5
COLD_SECONDS = 3.0
WARM_SECONDS = 0.5


def run() -> Section:
    """Measure a first start, a start of an existing cluster, and joining one that another process runs."""
    cold, warm, joined = [], [], []
    for _ in range(RUNS):
        directory = Path(tempfile.mkdtemp(prefix="kvart-bench-"))
        directory.chmod(0o711)
        settings = DatabaseSettings(database_url=None, home=directory / "home")
        try:
            for times in (cold, warm):
                times.append(_first_query(settings))
            holder = open_database(settings)
            joined.append(_first_query(settings))
            holder.close()
        finally:
            shutil.rmtree(directory)
    return Section(
        "embedded",
        "Embedded PostGIS",
        "From opening the database to the answer of the first query, inside a running Python process; a cold start "
        "creates the cluster, the extension and the schema.",
        (
            Row("cold start", Timing(tuple(cold)), COLD_SECONDS),
            Row("warm start", Timing(tuple(warm)), WARM_SECONDS),
            Row("joining a running cluster", Timing(tuple(joined)), WARM_SECONDS),
        ),
    )


def _first_query(settings: DatabaseSettings) -> float:
    start = time.perf_counter()
    database = open_database(settings)
    with database.transaction() as session:
        session.execute(text("select postgis_lib_version()")).one()
    seconds = time.perf_counter() - start
    database.close()
    return seconds
