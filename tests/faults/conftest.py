"""The service as a process, with one municipality."""

from __future__ import annotations

import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.service_process import Service, kill_pid


@pytest.fixture
def home() -> Iterator[Path]:
    """A home on a real disk that the account of the database may enter, and nobody else needs."""
    directory = Path(tempfile.mkdtemp(prefix="kvart-faults-"))
    directory.chmod(0o711)
    yield directory / "home"
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def service(home: Path) -> Iterator[Service]:
    """The service with one municipality."""
    service = Service(home)
    try:
        service.start()
        service.create_town()
        yield service
    finally:
        service.stop()
        kill_pid(service.postmaster_pid(), signal.SIGQUIT)
