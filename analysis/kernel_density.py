"""Kernel density of events on a grid, in events per square kilometre."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from analysis import gaussian_fft
from analysis.bandwidth import Bandwidth
from analysis.cell_events import sorted_by_row
from analysis.errors import ParameterError
from analysis.events import check_some_inside, events_notices
from analysis.grid_cells import BoolArray, positions
from analysis.grids import SquareGrid, checked_weights
from analysis.kernel_sums import ENDLESS_REACH, EXACT_REACH, finite_sums, gaussian_sums
from analysis.kernels import BELL, CONE, Kernel
from analysis.projection import FloatArray, checked_coordinates, crs_name
from analysis.smoothing import Smoothing, chosen_smoothing
from analysis.summary import Summary

__all__ = ["Kernel", "KernelDensity", "kernel_density"]

Method = Literal["auto", "exact", "fft"]

CHEAP_SUMS = 5e8
"""Up to so many products of event and cell, `auto` sums a Gaussian exactly."""

LARGEST_TRANSFORM = 100_000_000


@dataclass(frozen=True)
class KernelDensity:
    """Density at the centre of each cell.

    Attributes
    ----------
    density_per_km2 : ndarray of float64, shape (n_rows, n_columns)
        Events per square kilometre, zero or more; also for the cells of the lattice outside the study area.
    grid : SquareGrid
    summary : Summary
    """

    density_per_km2: FloatArray
    grid: SquareGrid
    summary: Summary

    def to_frame(self) -> gpd.GeoDataFrame:
        """Return the cells of the study area with ``density_per_km2, cell, cell_x, cell_y, geometry``."""
        return self.grid.to_frame(density_per_km2=self.density_per_km2[self.grid.inside])


def kernel_density(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    grid: SquareGrid,
    *,
    kernel: Kernel = "quartic",
    radius_m: float | Bandwidth | None = None,
    sigma_m: float | Bandwidth | None = None,
    weights: npt.ArrayLike | None = None,
    method: Method = "auto",
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

    Returns
    -------
    KernelDensity
        Over the whole plane the density integrates to the number of events (the sum of their weights).

    Raises
    ------
    ParameterError
        An unknown kernel or method, a bandwidth that is not positive or belongs to the other kernel, bad weights.
    CoordinateError
        Coordinates that are not finite, or degrees.
    EmptyInputError
        No event, or none in the study area.

    Notes
    -----
    The kernels are those of `analysis.kernels`; quartic, for example, is ``3 / (pi r^2) (1 - d^2 / r^2)^2`` for
    ``d < r``, and the uniform kernel counts an event at ``d = r`` as within. No edge correction. Events outside the
    study area but within reach of it (radius, or six standard deviations) still raise the density near its edge:
    leaving them out would draw a false slope along the boundary. Events further out are excluded and counted as
    ``outside``.

    References
    ----------
    Silverman, B. W. (1986). Density Estimation for Statistics and Data Analysis, equation 4.5. Chapman and Hall.

    Examples
    --------
    >>> import shapely
    >>> from analysis.grids import square_grid
    >>> grid = square_grid(shapely.box(0, 0, 3000, 3000), 1000, crs="EPSG:32616")
    >>> density = kernel_density([1500.0], [1500.0], grid, radius_m=2000.0)
    >>> round(float(density.density_per_km2[1, 1]), 6)
    0.238732
    """
    eastings, northings = checked_coordinates(x, y)
    weight = np.ones(eastings.size) if weights is None else checked_weights(weights, eastings.size)
    smoothing = chosen_smoothing(kernel, radius_m, sigma_m, eastings, northings, grid.cell_m)
    column, row, outside = positions(eastings, northings, grid.origin_x, grid.origin_y, grid.cell_m, grid.inside)
    check_some_inside(eastings, northings, grid, outside)
    if outside:
        near = _within_reach(column, row, smoothing, grid)
        column, row, weight = column[near], row[near], weight[near]
    sums, how = _sums(column, row, weight, smoothing, grid, method)
    sums *= smoothing.peak_per_km2
    used, excluded = int(column.size), int(eastings.size - column.size)
    parameters = {
        **smoothing.parameters(grid),
        **how,
        "edge_correction": "none",
        "unit": "events per km2",
        "weighted": weights is not None,
        "used_beyond_study_area": outside - excluded,
    }
    summary = Summary(
        method=f"Kernel density ({kernel})",
        parameters=parameters,
        n_used=used,
        excluded={"outside": excluded} if excluded else {},
        crs=crs_name(grid.crs),
        study_area_km2=grid.study_area_km2,
        reading=_reading(sums, grid, smoothing, used, excluded),
        warnings=(*events_notices(eastings, northings, grid, used), *smoothing.notices(grid)),
    )
    return KernelDensity(sums, grid, summary)


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


def _reading(density: FloatArray, grid: SquareGrid, smoothing: Smoothing, used: int, excluded: int) -> str:
    """Say in plain language what the map shows."""
    shown = density[grid.inside]
    highest = int(np.argmax(shown))
    row, column = divmod(int(grid.cells[highest]), grid.n_columns)
    x, y = grid.origin_x + (column + 0.5) * grid.cell_m, grid.origin_y + (row + 0.5) * grid.cell_m
    left_out = f" {excluded:,} events too far outside the study area were left out." if excluded else ""
    return (
        f"Density of {used:,} events over {grid.study_area_km2:,.1f} km2 in {grid.n_cells:,} cells of "
        f"{grid.cell_m:g} m, {smoothing.description}. "
        f"The highest density is {shown[highest]:,.3g} events per km2 at {x:,.0f}, {y:,.0f}; the mean of the cells is "
        f"{shown.mean():,.3g}.{left_out} A density map shows where events are many; it does not test whether that is "
        "more than chance."
    )
