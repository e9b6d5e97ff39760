"""Methods that rank the cells of a grid by how many events they expect, in one form, for back-tests.

A method is a name and a callable ``fit(x, y, age_days, grid) -> score``; any other method of that form can be tested
beside these, for example::

    def recent_counts(x, y, age_days, grid):
        return grid.count(x, y, weights=0.5 ** (age_days / 30)).counts[grid.inside]

    back_test(..., methods=(*standard_methods(grid), RankingMethod("recent counts", recent_counts)))
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from analysis.density.kernel_density import Kernel, kernel_density
from analysis.errors import ParameterError
from analysis.grids.square import SquareGrid
from analysis.hot_spots.getis_ord import gi_star
from analysis.projection import FloatArray

Fit = Callable[[FloatArray, FloatArray, FloatArray, SquareGrid], npt.NDArray[Any]]
"""From x, y (metres), the age of each event in days when scoring begins (0.5 is the day before), and the grid, to one
finite score a cell, in the order of ``grid.cells``. Events come sorted by day, x and y, so that no sum depends on the
order of the input."""

BANDWIDTHS_IN_CELLS = (1.5, 3.0, 6.0)
"""Radii of the quartic kernel; the Gaussian takes the standard deviation of equal variance."""

RADIUS_PER_SIGMA = 8.0**0.5

COUNTS, RANDOM = "counts", "random"


@dataclass(frozen=True)
class RankingMethod:
    """A way to rank cells.

    Attributes
    ----------
    name : str
        Unique among the methods tested together.
    fit : callable
        See `Fit`.
    parameters : dict
        What shaped it, for the summary.
    """

    name: str
    fit: Fit
    parameters: dict[str, Any] = field(default_factory=dict)


def count_ranking() -> RankingMethod:
    """Return the naive baseline: a cell will have what it had.

    Returns
    -------
    RankingMethod
    """

    def fit(x: FloatArray, y: FloatArray, _: FloatArray, grid: SquareGrid) -> npt.NDArray[Any]:
        return grid.count(x, y).counts[grid.inside]

    return RankingMethod(COUNTS, fit)


def random_ranking() -> RankingMethod:
    """Return the baseline of no knowledge: every piece of ground is equally likely.

    Returns
    -------
    RankingMethod
        Scores tie, so that `back_testing.accuracy.accuracy` takes their expected value: PAI is 1 without any drawing.
    """

    def fit(_x: FloatArray, _y: FloatArray, _age: FloatArray, grid: SquareGrid) -> npt.NDArray[Any]:
        return np.zeros(grid.n_cells)

    return RankingMethod(RANDOM, fit)


def residents_ranking(residents: npt.ArrayLike) -> RankingMethod:
    """Return the baseline that crime goes where people live.

    Parameters
    ----------
    residents : array_like of float, shape (n_cells,)
        Residents of each cell of the study area, in the order of ``grid.cells``.

    Returns
    -------
    RankingMethod

    Raises
    ------
    ParameterError
        Residents that are negative or not finite.
    """
    values = np.array(residents, dtype=np.float64)
    if not np.isfinite(values).all() or (values < 0).any():
        raise ParameterError("A number of residents is negative or not finite.", "Give zero or more for each cell.")

    def fit(_x: FloatArray, _y: FloatArray, _age: FloatArray, _grid: SquareGrid) -> npt.NDArray[Any]:
        return values

    return RankingMethod("residents", fit, {"residents": float(values.sum())})


def getis_ord_ranking() -> RankingMethod:
    """Return Gi*: the z-score of a cell with its neighbours.

    Returns
    -------
    RankingMethod
    """

    def fit(x: FloatArray, y: FloatArray, _: FloatArray, grid: SquareGrid) -> npt.NDArray[Any]:
        return gi_star(grid.count(x, y).counts, grid.inside).z

    return RankingMethod("Gi* z", fit, {"neighbours": "queen contiguity with the cell itself"})


def kernel_ranking(kernel: Kernel, bandwidth_m: float | None = None) -> RankingMethod:
    """Return kernel density at cell centres.

    Parameters
    ----------
    kernel : {"quartic", "gaussian"}
    bandwidth_m : float, optional
        Radius of the quartic kernel or standard deviation of the Gaussian, metres; by default the one that
        `analysis.density.kernel_density.kernel_density` suggests from each fitting period.

    Returns
    -------
    RankingMethod

    Raises
    ------
    ParameterError
        An unknown kernel.

    Examples
    --------
    >>> kernel_ranking("quartic", 500).name, kernel_ranking("gaussian").name
    ('quartic density, radius 500 m', 'gaussian density, suggested sigma')
    """
    names: dict[str, str] = {"quartic": "radius", "gaussian": "sigma"}
    if kernel not in names:
        raise ParameterError(f"Unknown kernel {kernel!r}.", "Use quartic or gaussian.")
    parameter = names[kernel]

    def fit(x: FloatArray, y: FloatArray, _: FloatArray, grid: SquareGrid) -> npt.NDArray[Any]:
        radius, sigma = (bandwidth_m, None) if kernel == "quartic" else (None, bandwidth_m)
        density = kernel_density(x, y, grid, kernel=kernel, radius_m=radius, sigma_m=sigma)
        return density.density_per_km2[grid.inside]

    width = f"suggested {parameter}" if bandwidth_m is None else f"{parameter} {bandwidth_m:g} m"
    return RankingMethod(f"{kernel} density, {width}", fit, {"kernel": kernel, f"{parameter}_m": bandwidth_m})


def standard_methods(grid: SquareGrid, residents: npt.ArrayLike | None = None) -> tuple[RankingMethod, ...]:
    """Return the methods of this package for a grid, with the baselines.

    Parameters
    ----------
    grid : SquareGrid
    residents : array_like of float, shape (n_cells,), optional
        Adds the baseline of residents.

    Returns
    -------
    tuple of RankingMethod
        Quartic and Gaussian density with the suggested bandwidth and with 1.5, 3 and 6 cells (the Gaussian with the
        sigma of equal variance, radius over the root of 8, rounded to a metre), Gi*, counts, random and, where given,
        residents.

    Raises
    ------
    ParameterError
        See `residents_ranking`.

    Examples
    --------
    >>> import shapely
    >>> from analysis.grids.square import square_grid
    >>> grid = square_grid(shapely.box(0, 0, 1000, 1000), 100, crs="EPSG:32616")
    >>> [method.name for method in standard_methods(grid)][-3:]
    ['Gi* z', 'counts', 'random']
    """
    radii = [round(cells * grid.cell_m, 1) for cells in BANDWIDTHS_IN_CELLS]
    sigmas = [float(max(1, round(radius / RADIUS_PER_SIGMA))) for radius in radii]
    kernels = (
        *(kernel_ranking("quartic", radius) for radius in (None, *radii)),
        *(kernel_ranking("gaussian", sigma) for sigma in (None, *dict.fromkeys(sigmas))),
    )
    baselines = (count_ranking(), random_ranking())
    extra = () if residents is None else (residents_ranking(residents),)
    return (*kernels, getis_ord_ranking(), *baselines, *extra)
