"""Kernel density of a million events on a million cells."""

from __future__ import annotations

import numpy as np
import shapely
from sklearn.neighbors import KernelDensity

from analysis.density.kernel_density import Kernel, kernel_density
from analysis.grids.square import SquareGrid, square_grid
from benchmarks.report import Row, Section, Timing, measure, peak_mb

N_EVENTS = 1_000_000
SIDE = 1024
CELL_M = 50.0
QUERIED_CELLS = 256


def run() -> Section:
    """Measure Gaussian and quartic density against KDEpy and scikit-learn."""
    x, y = clustered_events()
    extent = SIDE * CELL_M
    grid = square_grid(shapely.box(0, 0, extent, extent), CELL_M, crs="EPSG:32616")
    rows = [_row(x, y, grid, "gaussian", 3.0, 0.06), _row(x, y, grid, "quartic", 8.0, 0.15)]
    rows += [_row(x, y, grid, "quartic", 3.0, None), _row(x, y, grid, "gaussian", 8.0, None)]
    return Section(
        "density",
        "Kernel density",
        f"{N_EVENTS:,} clustered events on {SIDE} x {SIDE} cells of {CELL_M:g} m, from coordinates to events per km2, "
        "through the public function with its checks and summary. Error: largest difference from exact sums at random "
        "cells, as a share of the highest density there.",
        tuple(rows),
    )


def clustered_events() -> tuple[np.ndarray, np.ndarray]:
    """Return a million events in 400 clusters over an even background."""
    random = np.random.default_rng(1)
    extent = SIDE * CELL_M
    centres = random.uniform(0, extent, (400, 2))
    points = centres[random.integers(0, 400, N_EVENTS)] + random.normal(0, 800, (N_EVENTS, 2))
    even = random.random(N_EVENTS) < 0.3
    points[even] = random.uniform(0, extent, (int(even.sum()), 2))
    points %= extent
    return np.ascontiguousarray(points[:, 0]), np.ascontiguousarray(points[:, 1])


def _row(x: np.ndarray, y: np.ndarray, grid: SquareGrid, kernel: Kernel, cells: float, target: float | None) -> Row:
    """Measure one kernel and bandwidth, the peer, and both errors."""
    width = cells * CELL_M
    bandwidth = {"sigma_m": width} if kernel == "gaussian" else {"radius_m": width}

    def ours() -> np.ndarray:
        return kernel_density(x, y, grid, kernel=kernel, **bandwidth).density_per_km2.ravel()

    queried = np.random.default_rng(2).choice(grid.n_cells, QUERIED_CELLS, replace=False)
    exact = _exact(x, y, grid, kernel, width, queried)
    note = f"error {np.abs(ours()[queried] - exact).max() / exact.max():.1e}"
    what = f"{kernel}, {'sigma' if kernel == 'gaussian' else 'radius'} {cells:g} cells"
    if kernel == "gaussian":
        theirs, error = _kdepy(x, y, width, queried, exact)
        note += f"; KDEpy {error}" if error else ""
        return Row(what, measure(ours, runs=9), target, "KDEpy FFTKDE", theirs, peak_mb(ours), note)
    if cells < 8.0:
        return Row(what, measure(ours, runs=9), target, peak_mb=peak_mb(ours), note=note)
    theirs = _sklearn(x, y, grid, width, queried)
    note += f"; scikit-learn timed at {QUERIED_CELLS} cells and multiplied, epanechnikov (it has no quartic)"
    return Row(what, measure(ours, runs=9), target, "sklearn KernelDensity, extrapolated", theirs, peak_mb(ours), note)


def _exact(
    x: np.ndarray, y: np.ndarray, grid: SquareGrid, kernel: Kernel, width: float, queried: np.ndarray
) -> np.ndarray:
    """Sum the kernel over every event at some cells, per km2."""
    centre_x, centre_y = (values[queried] for values in grid.centres())
    sums = []
    for cell_x, cell_y in zip(centre_x, centre_y, strict=True):
        squared = ((x - cell_x) ** 2 + (y - cell_y) ** 2) / width**2
        inside = np.exp(-0.5 * squared) / 2.0 if kernel == "gaussian" else 3.0 * np.clip(1.0 - squared, 0.0, None) ** 2
        sums.append(inside.sum() / (np.pi * (width / 1000.0) ** 2))
    return np.array(sums)


def _kdepy(
    x: np.ndarray, y: np.ndarray, width: float, queried: np.ndarray, exact: np.ndarray
) -> tuple[Timing | str, str]:
    """Time KDEpy's FFT density on a grid whose points are our cell centres."""
    try:
        from KDEpy import FFTKDE
    except ImportError:
        return "not installed", ""
    axis = (np.arange(-SIDE // 8, SIDE + SIDE // 8) + 0.5) * CELL_M
    points = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    data = np.column_stack([x, y])

    def theirs() -> np.ndarray:
        return FFTKDE(kernel="gaussian", bw=width).fit(data).evaluate(points)

    timing = measure(theirs, runs=3)
    per_km2 = (
        theirs().reshape(axis.size, axis.size).T[SIDE // 8 : -SIDE // 8, SIDE // 8 : -SIDE // 8].ravel() * x.size * 1e6
    )
    return timing, f"error {np.abs(per_km2[queried] - exact).max() / exact.max():.1e} on a grid a quarter wider"


def _sklearn(x: np.ndarray, y: np.ndarray, grid: SquareGrid, width: float, queried: np.ndarray) -> Timing:
    """Time scikit-learn at some cells and extrapolate to all."""
    model = KernelDensity(kernel="epanechnikov", bandwidth=width, algorithm="ball_tree").fit(np.column_stack([x, y]))
    centres = np.column_stack(grid.centres())[queried]
    some = measure(lambda: model.score_samples(centres), runs=3)
    return Timing(tuple(seconds * grid.n_cells / queried.size for seconds in some.seconds))
