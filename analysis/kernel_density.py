"""Kernel density of events on a grid, in events per square kilometre."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from analysis import gaussian_fft
from analysis.bandwidth import Bandwidth
from analysis.cell_events import sorted_by_row
from analysis.density_results import Account, KernelDensity, accounted, check_years
from analysis.edge_correction import (
    EdgeCorrection,
    check_edge_correction,
    divided_by_mass,
    edge_parameters,
    inside_study_area,
    weights_over_mass,
)
from analysis.errors import ParameterError
from analysis.events import check_some_inside, events_notices
from analysis.grid_cells import BoolArray, positions
from analysis.grids import SquareGrid, checked_weights
from analysis.kernel_sums import ENDLESS_REACH, EXACT_REACH, finite_sums, gaussian_sums
from analysis.kernels import BELL, CONE, Kernel
from analysis.projection import FloatArray, checked_coordinates
from analysis.smoothing import Smoothing, chosen_smoothing
from analysis.summary import Notice

__all__ = ["Kernel", "KernelDensity", "kernel_density"]

Method = Literal["auto", "exact", "fft"]

CHEAP_SUMS = 5e8
"""Up to so many products of event and cell, `auto` sums a Gaussian exactly."""

LARGEST_TRANSFORM = 100_000_000


def kernel_density(  # noqa: PLR0913
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    grid: SquareGrid,
    *,
    kernel: Kernel = "quartic",
    radius_m: float | Bandwidth | None = None,
    sigma_m: float | Bandwidth | None = None,
    weights: npt.ArrayLike | None = None,
    method: Method = "auto",
    edge_correction: EdgeCorrection = "none",
    years: float | None = None,
) -> KernelDensity:
    """Estimate the density of events at the centre of every cell.

    Parameters
    ----------
    x, y : array_like of float, shape (n,)
        Events, metres in the CRS of the grid.
    grid : SquareGrid
    kernel : {"quartic", "epanechnikov", "triweight", "triangular", "uniform", "gaussian"}
    radius_m : float or Bandwidth, optional
        Radius of a kernel of finite reach, metres, or what a rule chose; by default `suggest_bandwidth`.
    sigma_m : float or Bandwidth, optional
        Standard deviation of the Gaussian kernel, metres, or what a rule chose; by default `suggest_bandwidth`.
    weights : array_like of float, shape (n,), optional
        Let an event count for this much; 1 by default.
    method : {"auto", "exact", "fft"}
        ``fft`` is for the Gaussian only. ``auto`` sums exactly, except for a Gaussian of at least 2 cells over more
        than 5e8 pairs of event and cell. The summary states the method taken and its error.
    edge_correction : {"none", "uniform", "diggle"}
        ``uniform`` divides each cell, ``diggle`` each event, by how much of the kernel about it lies in the study area.
    years : float, optional
        Length of the period; the frame and the reading then give events per km2 and year.

    Returns
    -------
    KernelDensity
        Over the whole plane the density integrates to the number of events (the sum of their weights); with
        ``diggle`` it does so over the study area.

    Raises
    ------
    ParameterError
        An unknown kernel, method or edge correction, no positive number of years, a bandwidth that is not positive or
        belongs to another kernel, bad weights.
    CoordinateError
        Coordinates that are not finite, or degrees.
    EmptyInputError
        No event, or none in the study area.

    Notes
    -----
    The kernels are those of `analysis.kernels`; quartic, for example, is ``3 / (pi r^2) (1 - d^2 / r^2)^2`` for
    ``d < r``, and the uniform kernel counts an event at ``d = r`` as within. Without edge correction
    events outside the study area but within reach of it (radius, or six standard deviations) still raise the density
    near its edge: leaving them out would draw a false slope along the boundary. Events further out are excluded and
    counted as ``outside``.

    Where the data end at the boundary, as those of one police force do, that slope is in the data, and an edge
    correction takes it out: uniform is right where the density is even, Diggle's (Jones) keeps the number of events.
    Both need the mass of the kernel in the study area, which is integrated exactly over its polygon (over its cells
    where there is none); events outside the polygon are excluded. The density outside the study area is then zero.

    References
    ----------
    Silverman, B. W. (1986). Density Estimation for Statistics and Data Analysis, equation 4.5. Chapman and Hall.

    Jones, M. C. (1993). Simple boundary corrections for kernel density estimation. Statistics and Computing 3.

    Diggle, P. J. (1985). A kernel method for smoothing point process data. Applied Statistics 34(2).

    Examples
    --------
    >>> import shapely
    >>> from analysis.grids import square_grid
    >>> grid = square_grid(shapely.box(0, 0, 3000, 3000), 1000, crs="EPSG:32616")
    >>> density = kernel_density([1500.0], [1500.0], grid, radius_m=2000.0)
    >>> round(float(density.density_per_km2[1, 1]), 6)
    0.238732
    """
    check_edge_correction(edge_correction)
    check_years(years)
    eastings, northings = checked_coordinates(x, y)
    weight = np.ones(eastings.size) if weights is None else checked_weights(weights, eastings.size)
    smoothing = chosen_smoothing(kernel, radius_m, sigma_m, eastings, northings, grid.cell_m)
    column, row, outside = positions(eastings, northings, grid.origin_x, grid.origin_y, grid.cell_m, grid.inside)
    check_some_inside(eastings, northings, grid, outside)
    notices: tuple[Notice, ...] = ()
    near = None
    if edge_correction != "none":
        near = inside_study_area(eastings, northings, grid)
    elif outside:
        near = _within_reach(column, row, smoothing, grid)
    if near is not None:
        column, row, weight = column[near], row[near], weight[near]
    if near is not None and edge_correction == "diggle":
        weight, notices = weights_over_mass(eastings[near], northings[near], weight, grid, smoothing)
    sums, how = _sums(column, row, weight, smoothing, grid, method)
    sums *= smoothing.peak_per_km2
    if edge_correction == "uniform":
        notices = divided_by_mass(sums, grid, smoothing)
    if edge_correction != "none":
        sums[~grid.inside] = 0.0
    used, excluded = int(column.size), int(eastings.size - column.size)
    account = Account(
        method=f"Kernel density ({kernel})",
        description=smoothing.description,
        parameters={
            **smoothing.parameters(grid),
            **how,
            **edge_parameters(edge_correction, grid),
            "weighted": weights is not None,
            "used_beyond_study_area": max(0, outside - excluded),
        },
        used=used,
        excluded=excluded,
        warnings=(*events_notices(eastings, northings, grid, used), *smoothing.notices(grid), *notices),
        years=years,
    )
    return accounted(sums, grid, account)


def _within_reach(column: FloatArray, row: FloatArray, smoothing: Smoothing, grid: SquareGrid) -> BoolArray:
    """Return which events lie in the lattice or within reach of its cell centres."""
    reach = smoothing.bandwidth_m / grid.cell_m * min(smoothing.kernel.reach, gaussian_fft.REACH)
    margin = max(reach, 0.5)
    across = (row >= -margin) & (row <= grid.n_rows - 1 + margin)
    return np.asarray(across & (column >= -margin) & (column <= grid.n_columns - 1 + margin))


def _sums(
    column: FloatArray, row: FloatArray, weight: FloatArray, smoothing: Smoothing, grid: SquareGrid, method: str
) -> tuple[FloatArray, dict[str, Any]]:
    """Return kernel sums without the kernel's constant, and how they were made."""
    if method not in {"auto", "exact", "fft"}:
        raise ParameterError(f"Unknown method {method!r}.", "Use auto, exact or fft.")
    width = smoothing.bandwidth_m / grid.cell_m
    shape = grid.n_rows, grid.n_columns
    kernel = smoothing.kernel
    if kernel.form != BELL:
        if method == "fft":
            raise ParameterError(f"The {kernel.name} kernel has no fft method.", "Use exact or auto.")
        events = sorted_by_row(column, row, weight, kernel.reach * width, shape[0])
        name = "exact sums over pairs" if kernel.form == CONE else "exact row sweep"
        return finite_sums(events, kernel, width, shape), {"method": name, "error_bound": "1e-9 of the peak"}
    side = 2.0 * EXACT_REACH * width + 1.0
    pairs = column.size * min(side, shape[0]) * min(side, shape[1])
    dear = pairs > CHEAP_SUMS and width >= gaussian_fft.LEAST_SIGMA
    if method == "fft" or (method == "auto" and dear):
        _check_transform(smoothing, grid)
        sums = gaussian_fft.gaussian_sums_by_fft(column, row, weight, width, shape)
        bound = f"{gaussian_fft.ERROR_OF_PEAK:.0e} of the peak"
        return sums, {"method": "B-spline binning, FFT and deconvolution", "error_bound": bound}
    endless = column.size * shape[0] * shape[1] <= CHEAP_SUMS
    reach = ENDLESS_REACH if endless else EXACT_REACH
    events = sorted_by_row(column, row, weight, reach * width, shape[0])
    name = "exact sums" if endless else f"exact sums to {reach:g} standard deviations"
    return gaussian_sums(events, width, reach, shape), {"method": name, "error_bound": "1e-12 of the peak"}


def _check_transform(smoothing: Smoothing, grid: SquareGrid) -> None:
    """Refuse a Gaussian too narrow or too wide to transform."""
    width = smoothing.bandwidth_m / grid.cell_m
    if width < gaussian_fft.LEAST_SIGMA:
        least = gaussian_fft.LEAST_SIGMA * grid.cell_m
        raise ParameterError(
            f"The fft method needs a sigma_m of at least 2 cells ({least:g} m); it is {smoothing.bandwidth_m:g} m.",
            "Use exact or auto, or a smaller cell.",
        )
    if math.prod(gaussian_fft.transform_shape(width, (grid.n_rows, grid.n_columns))) > LARGEST_TRANSFORM:
        raise ParameterError(
            f"A sigma_m of {smoothing.bandwidth_m:g} m is {width:,.0f} cells of {grid.cell_m:g} m: too wide.",
            "Use a smaller sigma_m or a larger cell.",
        )
