"""Kernel density of ten thousand to a million events on grids of 256 to 1024 cells a side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import shapely
from sklearn.neighbors import KernelDensity

from analysis.density.kernel_density import Kernel, kernel_density
from analysis.grids.square import SquareGrid, square_grid
from benchmarks.report import Row, Section, Timing, measure, peak_mb

EXTENT_M = 51_200.0
MOST_EVENTS, MOST_CELLS = 1_000_000, 1024
EVENTS, SIDES = (10_000, 100_000, MOST_EVENTS), (256, 512, MOST_CELLS)
QUERIED_CELLS = 256
TARGETS = {("gaussian", 3.0): 0.06, ("quartic", 8.0): 0.15}
"""Seconds for a million events on 1024 x 1024 cells."""

Places = tuple[np.ndarray, np.ndarray]


def run() -> Section:
    """Measure Gaussian and quartic density against KDEpy, an exact sum in numpy and scikit-learn."""
    x, y = clustered_events()
    rows = [
        _against_kdepy((x[:n], y[:n]), _grid(side), 3.0)
        for n in EVENTS
        for side in SIDES
    ]  # fmt: skip
    grid = _grid(MOST_CELLS)
    rows += [_against_kdepy((x, y), grid, 8.0), _against_exact((x, y), grid, 8.0), _against_exact((x, y), grid, 3.0)]
    rows += [_against_sklearn((x, y), grid, "gaussian", 3.0), _against_sklearn((x, y), grid, "epanechnikov", 8.0)]
    return Section(
        "density",
        "Kernel density",
        f"Clustered events on {EXTENT_M / 1000:g} x {EXTENT_M / 1000:g} km, from coordinates to events per km2, "
        "through the public function with its checks and summary; bandwidths in cells. Error: largest difference from "
        f"exact sums at {QUERIED_CELLS} random cells, as a share of the highest density there. The exact sum in numpy "
        "stands in for R's spatstat, which is not Python: every event at every cell, timed at some cells and "
        "multiplied, as is scikit-learn (it has no quartic). Memory of a peer is in the note.",
        tuple(rows),
    )


def clustered_events() -> Places:
    """Return a million events in 400 clusters over an even background."""
    random = np.random.default_rng(1)
    centres = random.uniform(0, EXTENT_M, (400, 2))
    points = centres[random.integers(0, 400, MOST_EVENTS)] + random.normal(0, 800, (MOST_EVENTS, 2))
    even = random.random(MOST_EVENTS) < 0.3
    points[even] = random.uniform(0, EXTENT_M, (int(even.sum()), 2))
    points %= EXTENT_M
    return np.ascontiguousarray(points[:, 0]), np.ascontiguousarray(points[:, 1])


def _grid(side: int) -> SquareGrid:
    """Return a square lattice over the extent."""
    return square_grid(shapely.box(0, 0, EXTENT_M, EXTENT_M), EXTENT_M / side, crs="EPSG:32616")


def _ours(places: Places, grid: SquareGrid, kernel: Kernel, cells: float) -> Callable[[], np.ndarray]:
    """Return our work."""
    width = cells * grid.cell_m
    bandwidth = {"sigma_m": width} if kernel == "gaussian" else {"radius_m": width}

    def work() -> np.ndarray:
        return kernel_density(*places, grid, kernel=kernel, **bandwidth).density_per_km2.ravel()

    return work


def _what(places: Places, grid: SquareGrid, kernel: Kernel, cells: float) -> str:
    """Name the work with its size."""
    bandwidth = "sigma" if kernel == "gaussian" else "radius"
    return f"{kernel}, {bandwidth} {cells:g} cells: {places[0].size:,} events on {grid.n_columns} x {grid.n_rows}"


def _target(places: Places, grid: SquareGrid, kernel: Kernel, cells: float) -> float | None:
    """Return the seconds to stay within, for the largest input."""
    largest = places[0].size == MOST_EVENTS and grid.n_columns == MOST_CELLS
    return TARGETS.get((kernel, cells)) if largest else None


def _queried(grid: SquareGrid) -> np.ndarray:
    """Return some random cells."""
    return np.random.default_rng(2).choice(grid.n_cells, QUERIED_CELLS, replace=False)


def _error(found: np.ndarray, exact: np.ndarray) -> str:
    """Return the largest difference as a share of the highest density."""
    return f"{np.abs(found - exact).max() / exact.max():.1e}"


def _exact(places: Places, grid: SquareGrid, kernel: Kernel, cells: float) -> np.ndarray:
    """Sum the kernel over every event at some cells, per km2, in numpy."""
    width = cells * grid.cell_m
    centre_x, centre_y = (values[_queried(grid)] for values in grid.centres())
    sums = []
    for cell_x, cell_y in zip(centre_x, centre_y, strict=True):
        squared = ((places[0] - cell_x) ** 2 + (places[1] - cell_y) ** 2) / width**2
        inside = np.exp(-0.5 * squared) / 2.0 if kernel == "gaussian" else 3.0 * np.clip(1.0 - squared, 0.0, None) ** 2
        sums.append(inside.sum() / (np.pi * (width / 1000.0) ** 2))
    return np.array(sums)


def _against_kdepy(places: Places, grid: SquareGrid, cells: float) -> Row:
    """Measure the Gaussian and KDEpy's FFT density on a grid whose points are our cell centres."""
    work, what = _ours(places, grid, "gaussian", cells), _what(places, grid, "gaussian", cells)
    exact, queried = _exact(places, grid, "gaussian", cells), _queried(grid)
    note = f"error {_error(work()[queried], exact)}"
    timing, memory = measure(work, runs=5), peak_mb(work)
    target = _target(places, grid, "gaussian", cells)
    try:
        from KDEpy import FFTKDE
    except ImportError:
        return Row(what, timing, target, "KDEpy FFTKDE", "not installed", memory, note)
    side, wider = grid.n_columns, grid.n_columns // 8
    axis = (np.arange(-wider, side + wider) + 0.5) * grid.cell_m
    points = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    data = np.column_stack(places)

    def theirs() -> np.ndarray:
        return FFTKDE(kernel="gaussian", bw=cells * grid.cell_m).fit(data).evaluate(points)

    found = theirs().reshape(axis.size, axis.size).T[wider:-wider, wider:-wider].ravel() * places[0].size * 1e6
    note += f"; KDEpy's {_error(found[queried], exact)}, on a grid a quarter wider, {_told(peak_mb(theirs))}"
    return Row(what, timing, target, "KDEpy FFTKDE", measure(theirs, runs=3, warm=0), memory, note)


def _against_exact(places: Places, grid: SquareGrid, cells: float) -> Row:
    """Measure the quartic against an exact sum in numpy."""
    work, queried = _ours(places, grid, "quartic", cells), _queried(grid)
    exact = _exact(places, grid, "quartic", cells)
    some = measure(lambda: _exact(places, grid, "quartic", cells), runs=1, warm=0)
    memory = _told(peak_mb(lambda: _exact(places, grid, "quartic", cells)))
    return Row(
        _what(places, grid, "quartic", cells),
        measure(work, runs=5),
        _target(places, grid, "quartic", cells),
        "exact sum in numpy (spatstat-like), extrapolated",
        _extrapolated(some, grid),
        peak_mb(work),
        f"error {_error(work()[queried], exact)}; exact sum {memory}",
    )


def _against_sklearn(
    places: Places, grid: SquareGrid, kernel: Literal["gaussian", "epanechnikov"], cells: float
) -> Row:
    """Measure a kernel that scikit-learn has too against its tree, which leaves nothing out by default."""
    work = _ours(places, grid, kernel, cells)
    centres = np.column_stack(grid.centres())[_queried(grid)]
    data, width = np.column_stack(places), cells * grid.cell_m
    model = KernelDensity(kernel=kernel, bandwidth=width, algorithm="ball_tree").fit(data)

    def theirs() -> np.ndarray:
        return model.score_samples(centres)

    return Row(
        _what(places, grid, kernel, cells),
        measure(work, runs=5),
        _target(places, grid, kernel, cells),
        "sklearn KernelDensity, extrapolated",
        _extrapolated(measure(theirs, runs=1), grid),
        peak_mb(work),
        f"scikit-learn {_told(peak_mb(theirs))} beside its tree",
    )


def _extrapolated(some: Timing, grid: SquareGrid) -> Timing:
    """Return the time of all cells from that of some."""
    return Timing(tuple(seconds * grid.n_cells / QUERIED_CELLS for seconds in some.seconds))


def _told(megabytes: float | None) -> str:
    """Return a peak of memory in words."""
    return "memory not known" if megabytes is None else f"{megabytes:,.0f} MB"
