"""A short soak; the long one is a benchmark."""

from __future__ import annotations

from benchmarks.service_process import Service
from benchmarks.soak import fill, soak


def test_a_steady_mixed_load_meets_no_error_and_flat_memory(service: Service) -> None:
    fill(service, 100)
    found = soak(service, seconds=20, rate=50)
    assert found.errors == 0, found.statuses
    assert len(found.seconds) == 1000
    assert found.growth < 0.25, found.memory_mb
    assert service.lines_of_log("error") == []
