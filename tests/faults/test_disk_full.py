"""A disk that fills up while callers write: they are told, nothing is there by half, and room brings all back."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from load import incidents_csv

from benchmarks.service_process import Service, wait_until

DISK_MB = 400
LEFT_KB = 3000


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home on a small disk of its own."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount the small disk that this test fills")
    disk = tmp_path_factory.mktemp("disk")
    for directory in (disk, *disk.parents[:3]):
        directory.chmod(0o711)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m,mode=711", "kvart", str(disk)], check=False
    )
    if mounted.returncode != 0:
        pytest.skip("this machine does not let a small disk be mounted")
    try:
        yield disk / "home"
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def fill(directory: Path) -> Path:
    """Write a file that leaves almost no room."""
    filler = directory / "filler"
    free = os.statvfs(directory).f_bavail * os.statvfs(directory).f_frsize
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free - LEFT_KB * 1024)
    return filler


def test_a_full_disk_refuses_writes_and_loses_none(service: Service) -> None:
    acknowledged = store_zones(service, 50)
    filler = fill(service.home.parent)
    run = upload(service, 20_000)
    zones, refused = store_until_refused(service, 3000)
    acknowledged += zones
    assert refused in {503, 507}, refused
    filler.unlink()
    wait_until(service.is_ready, 60, "the service is ready again")
    if run is not None:
        state = wait_until(lambda: ended(service, run), 120, "the import ends")
        assert state in {"succeeded", "failed"}
    with service.owner_connection() as connection:
        row = connection.execute("select count(*) from danger_zone").fetchone()
        sizes = connection.execute("select count(*) from incident group by batch_id").fetchall()
    assert row is not None
    assert row[0] >= acknowledged
    assert {count for (count,) in sizes} <= {20_000}
    again = upload(service, 20_000)
    assert again is not None
    assert wait_until(lambda: ended(service, again), 120, "the import ends") == "succeeded"


def zone() -> dict:
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [22.6, 57.25]},
        "properties": {"category": "street-lighting", "reported_by": "citizen", "description": "y" * 1900},
    }


def store_zones(service: Service, number: int) -> int:
    with service.client() as client:
        answers = [client.post("/municipalities/talsi/danger-zones", json=zone()) for _ in range(number)]
    assert {answer.status_code for answer in answers} == {201}
    return number


def store_until_refused(service: Service, most: int) -> tuple[int, int]:
    with service.client() as client:
        for number in range(most):
            status = client.post("/municipalities/talsi/danger-zones", json=zone()).status_code
            if status != 201:
                return number, status
    pytest.fail(f"{most} zones were stored on a full disk")


def upload(service: Service, rows: int) -> int | None:
    files = {"file": ("many.csv", incidents_csv(rows, 1), "text/csv")}
    with service.client() as client:
        answer = client.post("/municipalities/talsi/imports", data={"kind": "incidents", "source": "s"}, files=files)
    assert answer.status_code in {201, 503, 507}, answer.text
    return answer.json()["id"] if answer.status_code == 201 else None


def ended(service: Service, run: int) -> str | None:
    with service.client() as client:
        answer = client.get(f"/municipalities/talsi/runs/{run}")
    if answer.status_code != 200:
        return None
    state = answer.json()["state"]
    return state if state in {"succeeded", "failed"} else None
