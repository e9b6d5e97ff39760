"""Fixtures of all tests: a temporary PostGIS cluster, a fresh database per test, and the shared real input."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import make_url
from sqlalchemy.orm import Session

from app.database import migrating
from app.database.embedded import EmbeddedCluster
from app.database.sessions import Database
from tests.statements import share_compiled_statements

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED = REPOSITORY.parent / "shared"
TEMPLATE = "kvart_template"
ROOM_BYTES = 3_000_000_000
"""More than the databases of a worker take."""

settings.register_profile("kvart", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kvart")

clone_numbers = count(1)

LONG_FILES = (
    "tests/faults/",
    "tests/app/test_rights_matrix.py",
    "tests/app/test_api_contract.py",
    "tests/app/commands/test_demonstration.py",
    "tests/app/identity/test_local_administrator.py",
    "tests/app/jobs/",
    "tests/app/web/",
    "tests/app/database/",
    "tests/clients/",
    "tests/notebooks/",
)
"""Begun first, so that no worker of pytest-xdist is left alone with one of them at the end."""

SWEEPS = (
    "tests/faults/",
    "tests/notebooks/",
    "tests/clients/",
    "tests/app/test_rights_matrix.py",
    "tests/app/test_safe_headers.py",
    "tests/app/test_api_contract.py",
    "tests/app/test_public_limits.py",
    "tests/app/test_hostile_requests.py",
    "tests/app/test_transactions_of_requests.py",
    "tests/app/commands/test_demonstration.py",
    "tests/app/danger_zones/test_gathering.py",
    "tests/app/database/test_concurrent_tenants.py",
    "tests/app/ingest/test_real_cities.py",
    "tests/app/ogc/test_description_is_kept.py",
    "tests/app/web/test_hostile_text.py",
)
"""They go again over what other tests reach, thousands of times; measuring their coverage nearly doubles their time."""


def pytest_configure() -> None:
    """Keep what Python compiles, most of the start of a process of Kvart, and what SQLAlchemy compiles."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    share_compiled_statements()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files first, and leave sweeps out of the coverage; the order is otherwise as it was."""

    def place(item: pytest.Item) -> int:
        return next((at for at, name in enumerate(LONG_FILES) if item.nodeid.startswith(name)), len(LONG_FILES))

    items.sort(key=place)
    for item in items:
        if item.nodeid.startswith(SWEEPS):
            item.add_marker(pytest.mark.no_cover)


@pytest.fixture(scope="session")
def quick_directory() -> Callable[[], Path]:
    """Makes directories in memory where there is room for them: a database is cloned there in a tenth of the time."""
    memory = Path("/dev/shm")

    def make() -> Path:
        has_room = memory.is_dir() and shutil.disk_usage(memory).free > ROOM_BYTES
        return Path(tempfile.mkdtemp(prefix="kvart-tests-", dir=memory if has_room else None))

    return make


@pytest.fixture(scope="session")
def cluster(quick_directory: Callable[[], Path]) -> Iterator[EmbeddedCluster]:
    """A cluster in a temporary directory, one for each worker of pytest-xdist."""
    home = quick_directory()
    home.chmod(0o711)
    cluster = EmbeddedCluster(home, durable=False)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(home)


@pytest.fixture(scope="session")
def cluster_url(cluster: EmbeddedCluster) -> str:
    """Address of the temporary cluster's own, empty database."""
    return cluster.url().render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def administer(cluster: EmbeddedCluster) -> Iterator[Callable[[str], object]]:
    """Executes a statement of the server's administrator, on one connection: a new one for each takes 10 ms."""
    with psycopg.connect(cluster.conninfo("postgres"), autocommit=True) as connection:
        yield connection.execute


@pytest.fixture(scope="session")
def template(cluster: EmbeddedCluster, administer: Callable[[str], object]) -> str:
    """Name of a migrated database that tests are cloned from."""
    administer(f"create database {TEMPLATE}")
    database = Database(cluster.url(TEMPLATE))
    migrating.upgrade(database.owner_engine)
    database.close()
    return TEMPLATE


@pytest.fixture
def database_url(cluster: EmbeddedCluster, administer: Callable[[str], object], template: str) -> Iterator[str]:
    """Address of a fresh migrated database that only this test uses."""
    with _new_database(administer, template) as name:
        yield cluster.url(name).render_as_string(hide_password=False)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh migrated database that only this test uses."""
    database = Database(make_url(database_url))
    yield database
    database.close()


@pytest.fixture
def empty_database(cluster: EmbeddedCluster, administer: Callable[[str], object]) -> Iterator[Database]:
    """A database without any schema."""
    with _new_database(administer, "template0") as name:
        database = Database(cluster.url(name))
        yield database
        database.close()


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """A session in one transaction of a fresh database."""
    with database.transaction() as session:
        yield session


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Directory of the real input; the test is skipped where it is absent."""
    return _shared("data")


@pytest.fixture(scope="session")
def oracles() -> Path:
    """Directory of the independently computed results; the test is skipped where it is absent."""
    return _shared("oracles")


def _shared(name: str) -> Path:
    directory = SHARED / name
    if not directory.is_dir():
        pytest.skip(f"../shared/{name} is not on this machine")
    return directory


@contextmanager
def _new_database(administer: Callable[[str], object], template: str) -> Iterator[str]:
    name = f"test_{next(clone_numbers)}"
    administer(f"create database {name} template {template} strategy file_copy")
    yield name
    administer(f"drop database {name} with (force)")
