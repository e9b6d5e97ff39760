"""Kernel density of events on a grid, in events per square kilometre.

The kernels are those of `analysis.density.kernels`; the quartic, for example, is ``3 / (pi r^2) (1 - d^2 / r^2)^2`` for
``d < r``. The uniform kernel counts an event at ``d = r`` as within.

Without edge correction events outside the study area but within reach of it (radius, or six standard deviations) still
raise the density near its edge: leaving them out would draw a false slope along the boundary. Events further out are
excluded and counted as ``outside``. Where the data end at the boundary, as those of one police force do, that slope is
in the data, and an edge correction takes it out. Uniform divides each cell by how much of the kernel about it lies in
the study area, and is right where the density is even; Diggle's (after Jones) divides each event by how much of the
kernel about *it* does, and keeps the number of events. That mass is integrated exactly over the polygon of the study
area (over its cells where there is none); events outside it are excluded, and the density outside is zero.

References
----------
Silverman, B. W. (1986). Density Estimation for Statistics and Data Analysis, equation 4.5. Chapman and Hall.

Jones, M. C. (1993). Simple boundary correction for kernel density estimation. Statistics and Computing 3.

Diggle, P. J. (1985). A kernel method for smoothing point process data. Applied Statistics 34(2).
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy.typing as npt

from analysis.density import gaussian_fft
from analysis.density.bandwidth import Bandwidth
from analysis.density.cell_events import sorted_by_row
from analysis.density.density_results import Account, KernelDensity, accounted, check_years
from analysis.density.edge_correction import (
    EdgeCorrection,
    check_edge_correction,
    divided_by_mass,
    edge_parameters,
    inside_study_area,
    weights_over_mass,
)
from analysis.density.kernel_sums import ENDLESS_REACH, EXACT_REACH, finite_sums, gaussian_sums
from analysis.density.kernels import BELL, CONE, Kernel
from analysis.density.placed_events import PlacedEvents, placed_events
from analysis.density.smoothing import Smoothing, chosen_smoothing
from analysis.errors import ParameterError
from analysis.grids.square import SquareGrid
from analysis.projection import FloatArray
from analysis.summary import Notice

__all__ = ["Kernel", "KernelDensity", "kernel_density"]

Method = Literal["auto", "exact", "fft"]

CHEAP_SUMS = 2e7
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
    radius_m, sigma_m : float or Bandwidth, optional
        Radius of a finite kernel, standard deviation of the Gaussian, metres; by default `suggest_bandwidth`.
    weights : array_like of float, shape (n,), optional
        Let an event count for this much; 1 by default.
    method : {"auto", "exact", "fft"}
        ``fft`` is for the Gaussian only. ``auto`` sums exactly, except for a Gaussian of at least 2 cells over more
        than 2e7 pairs of event and cell. The summary states the method taken and its error.
    edge_correction : {"none", "uniform", "diggle"}
    years : float, optional
        Length of the period; the frame and the reading then give events per km2 and year.

    Returns
    -------
    KernelDensity
        It integrates to the number of events (the sum of weights) over the plane; with ``diggle`` over the study area.

    Raises
    ------
    ParameterError
        An unknown kernel, method or edge correction, no positive number of years, a bandwidth that is not positive or
        belongs to another kernel, bad weights.
    CoordinateError
        Coordinates that are not finite, or degrees.
    EmptyInputError
        No event, or none in the study area.

    Examples
    --------
    >>> import shapely
    >>> from analysis.grids.square import square_grid
    >>> grid = square_grid(shapely.box(0, 0, 3000, 3000), 1000, crs="EPSG:32616")
    >>> density = kernel_density([1500.0], [1500.0], grid, radius_m=2000.0)
    >>> round(float(density.density_per_km2[1, 1]), 6)
    0.238732
    """
    check_edge_correction(edge_correction)
    check_years(years)
    events = placed_events(x, y, weights, grid)
    smoothing = chosen_smoothing(kernel, radius_m, sigma_m, events.x, events.y, grid.cell_m)
    used, notices = _used_events(events, smoothing, grid, edge_correction)
    sums, how = _sums(used, smoothing, grid, method)
    sums *= smoothing.peak_per_km2
    if edge_correction != "none":
        sums[~grid.inside] = 0.0
    if edge_correction == "uniform":
        notices = divided_by_mass(sums, grid, smoothing)
    parameters = {**smoothing.parameters(grid), **how, **edge_parameters(edge_correction, grid)}
    parameters["weighted"] = weights is not None
    notices = (*smoothing.notices(grid), *notices)
    account = Account(f"Kernel density ({kernel})", smoothing.description, parameters, events, used, notices, years)
    return accounted(sums, grid, account)


def _used_events(
    events: PlacedEvents, smoothing: Smoothing, grid: SquareGrid, edge_correction: EdgeCorrection
) -> tuple[PlacedEvents, tuple[Notice, ...]]:
    """Return the events that enter the density, and doubts about their weights."""
    kernel, bandwidth_m = smoothing.kernel, smoothing.bandwidth_m
    if edge_correction == "none":
        return events.within(events.near_lattice(grid, kernel, bandwidth_m)) if events.outside else events, ()
    used = events.within(inside_study_area(events.x, events.y, grid))
    return weights_over_mass(used, grid, kernel, bandwidth_m) if edge_correction == "diggle" else (used, ())


def _sums(
    events: PlacedEvents, smoothing: Smoothing, grid: SquareGrid, method: str
) -> tuple[FloatArray, dict[str, Any]]:
    """Return kernel sums without the kernel's constant, and how they were made."""
    if method not in {"auto", "exact", "fft"}:
        raise ParameterError(f"Unknown method {method!r}.", "Use auto, exact or fft.")
    width = smoothing.bandwidth_m / grid.cell_m
    shape = grid.n_rows, grid.n_columns
    column, row, weight = events.column, events.row, events.weight
    kernel = smoothing.kernel
    if kernel.form != BELL:
        if method == "fft":
            raise ParameterError(f"The {kernel.name} kernel has no fft method.", "Use exact or auto.")
        by_row = sorted_by_row(column, row, weight, kernel.reach * width, shape[0])
        name = "exact sums over pairs" if kernel.form == CONE else "exact row sweep"
        return finite_sums(by_row, kernel, width, shape), {"method": name, "error_bound": "1e-9 of the peak"}
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
    by_row = sorted_by_row(column, row, weight, reach * width, shape[0])
    name = "exact sums" if endless else f"exact sums to {reach:g} standard deviations"
    return gaussian_sums(by_row, width, reach, shape), {"method": name, "error_bound": "1e-12 of the peak"}


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
