"""What a benchmark measures and how RESULTS.md shows it.

A benchmark is a module of this package with ``run() -> Section``. A section holds rows; a row compares our timing with
a peer's for the same work, measured in the same run.
"""

from __future__ import annotations

import ctypes
import datetime as dt
import os
import platform
import re
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

RESULTS = Path(__file__).parent / "RESULTS.md"
PACKAGES = ("numpy", "scipy", "numba", "shapely", "geopandas", "pandas", "psycopg", "scikit-learn", "esda", "KDEpy")


@dataclass(frozen=True)
class Timing:
    """Seconds of several runs, first run (compilation, cold files) left out."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """Median of the runs."""
        return statistics.median(self.seconds)

    def __str__(self) -> str:
        low, high = min(self.seconds), max(self.seconds)
        return f"{_short(self.median)} ({_short(low)}-{_short(high)}, {len(self.seconds)} runs)"


@dataclass(frozen=True)
class Row:
    """One line of a section.

    Attributes
    ----------
    what : str
        The work, with its size.
    ours : Timing
    target : float or None
        Seconds to stay within on two idle cores.
    peer : str
        Who else did the same work; empty for nobody.
    theirs : Timing or str or None
        Their timing, or why there is none ("not installed").
    peak_mb : float or None
        Our peak memory over what was held before, MB.
    note : str
        Accuracy, rate, what differs, how a figure was extrapolated.
    """

    what: str
    ours: Timing
    target: float | None = None
    peer: str = ""
    theirs: Timing | str | None = None
    peak_mb: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Section:
    """One benchmark.

    Attributes
    ----------
    name : str
        Module name, for example ``"density"``.
    title : str
    about : str
        What is measured, on which input.
    rows : tuple of Row
    """

    name: str
    title: str
    about: str
    rows: tuple[Row, ...]


def measure(work: Callable[[], object], *, runs: int = 5, warm: int = 1) -> Timing:
    """Time `work`, after `warm` runs that are not counted."""
    for _ in range(warm):
        work()
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return Timing(tuple(seconds))


def measure_in_turns(*works: Callable[[], object], runs: int = 15, warm: int = 3) -> tuple[Timing, ...]:
    """Time several works in turns, each round in another order, so that what else the machine does falls on all."""
    seconds: tuple[list[float], ...] = tuple([] for _ in works)
    for number in range(-warm, runs):
        for place in range(len(works)):
            which = (number + place) % len(works)
            taken = measure(works[which], runs=1, warm=0).median
            if number >= 0:
                seconds[which].append(taken)
    return tuple(Timing(tuple(some)) for some in seconds)


def peak_mb(work: Callable[[], object]) -> float | None:
    """Return the peak memory of `work` over what the process held before, MB; None where Linux does not tell."""
    clear, status = Path("/proc/self/clear_refs"), Path("/proc/self/status")
    try:
        ctypes.CDLL(None).malloc_trim(0)  # give freed memory back, or using it again would not show
        clear.write_text("5")
        before = _kilobytes(status, "VmRSS")
        work()
        return (_kilobytes(status, "VmHWM") - before) / 1024.0
    except (OSError, AttributeError):
        return None


def write_results(sections: list[Section], path: Path = RESULTS) -> None:
    """Write RESULTS.md; sections that were not measured now stay as they are."""
    kept = _sections_of(path.read_text(encoding="utf-8")) if path.exists() else {}
    kept |= {section.name: _rendered(section) for section in sections}
    body = "\n".join(f"<!-- {name} -->\n{kept[name]}<!-- end -->\n" for name in sorted(kept))
    path.write_text(
        "# Benchmarks\n\nWritten by `make bench` (`python -m benchmarks [name ...]`). Seconds: median (lowest-highest, "
        "runs). Peers do the same work in the same run; a ratio above 1 means that ours is faster.\n\n" + body,
        encoding="utf-8",
    )


def machine() -> str:
    """Name the machine, the day and the versions."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        found = re.search(r"model name\s*:\s*(.+)", info.read_text(encoding="utf-8"))
        cpu = found.group(1) if found else cpu
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    versions = ", ".join(f"{name} {found}" for name in PACKAGES if (found := _version(name)))
    today = dt.datetime.now(dt.UTC).date().isoformat()
    return f"{today}, {cpu}, {cores} cores{load}, Python {sys.version.split()[0]}, {versions}"


def _rendered(section: Section) -> str:
    """Return a section as Markdown."""
    lines = [f"## {section.title}", "", section.about, "", f"Measured {machine()}.", ""]
    lines += [
        "| what | ours, s | target, s | peer | peer, s | ratio | peak MB | note |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in section.rows:
        ratio = f"{row.theirs.median / row.ours.median:,.1f}" if isinstance(row.theirs, Timing) else ""
        cells = [
            row.what,
            str(row.ours),
            "" if row.target is None else f"{row.target:g}",
            row.peer,
            "" if row.theirs is None else str(row.theirs),
            ratio,
            "" if row.peak_mb is None else f"{row.peak_mb:,.0f}",
            row.note,
        ]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _sections_of(text: str) -> dict[str, str]:
    """Return the sections of an earlier RESULTS.md by name."""
    return dict(re.findall(r"<!-- (\w+) -->\n(.*?)<!-- end -->\n", text, flags=re.DOTALL))


def _short(seconds: float) -> str:
    """Return seconds with three significant digits."""
    return f"{seconds:.3g}" if seconds < 100 else f"{seconds:,.0f}"


def _version(package: str) -> str | None:
    """Return the installed version of a package."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _kilobytes(status: Path, field: str) -> int:
    """Read a figure of /proc/self/status."""
    found = re.search(rf"{field}:\s+(\d+) kB", status.read_text(encoding="ascii"))
    if found is None:
        raise OSError(f"{field} is not in {status}")
    return int(found.group(1))
