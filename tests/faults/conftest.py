"""The service as a process, with one municipality."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.service_process import Service, kill_pid


def new_directory() -> Path:
    """Make a directory on a real disk that the account of the database may enter."""
    directory = Path(tempfile.mkdtemp(prefix="kvart-faults-"))
    directory.chmod(0o711)
    return directory


@pytest.fixture(scope="session", autouse=True)
def unmeasured() -> Iterator[None]:
    """Let the processes under fault run at their own speed: other tests count which lines they reach."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
        yield


@pytest.fixture(scope="session")
def model() -> Iterator[Service]:
    """A stopped service with one municipality and an administrator's key; its home is there to be copied."""
    directory = new_directory()
    service = Service(directory / "home")
    try:
        service.start()
        service.create_town()
        service.stop()
        yield service
    finally:
        service.stop()
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def home() -> Iterator[Path]:
    """Where the home of the service is to be."""
    directory = new_directory()
    yield directory / "home"
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def service(home: Path, model: Service) -> Iterator[Service]:
    """A running service with one municipality."""
    subprocess.run(["cp", "-a", str(model.home), str(home)], check=True)
    service = Service(home, key=model.key)
    try:
        service.start()
        yield service
    finally:
        service.stop()
        kill_pid(service.postmaster_pid(), signal.SIGQUIT)
