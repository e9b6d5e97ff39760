"""Kernel density of events on a grid, in events per square kilometre."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from analysis import gaussian_fft
from analysis.bandwidth import suggest_bandwidth
from analysis.cell_events import sorted_by_row
from analysis.errors import ParameterError
from analysis.events import check_some_inside, events_notices
from analysis.grid_cells import positions
from analysis.grids import SquareGrid, checked_weights
from analysis.kernel_sums import ENDLESS_REACH, EXACT_REACH, gaussian_sums, quartic_sums
from analysis.projection import FloatArray, checked_coordinates, crs_name
from analysis.summary import Notice, Summary

Kernel = Literal["quartic", "gaussian"]
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


@dataclass(frozen=True)
class _Smoothing:
    """Kernel, bandwidth and why that bandwidth."""

    kernel: Kernel
    bandwidth_m: float
    reason: str | None

    @property
    def name(self) -> str:
        """Parameter that the bandwidth goes by."""
        return "radius_m" if self.kernel == "quartic" else "sigma_m"


def kernel_density(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    grid: SquareGrid,
    *,
    kernel: Kernel = "quartic",
    radius_m: float | None = None,
    sigma_m: float | None = None,
    weights: npt.ArrayLike | None = None,
    method: Method = "auto",
) -> KernelDensity:
    """Estimate the density of events at the centre of every cell.

    Parameters
    ----------
    x, y : array_like of float, shape (n,)
        Events, metres in the CRS of the grid.
    grid : SquareGrid
    kernel : {"quartic", "gaussian"}
    radius_m : float, optional
        Radius of the quartic kernel, metres; by default `suggest_bandwidth`.
    sigma_m : float, optional
        Standard deviation of the Gaussian kernel, metres; by default `suggest_bandwidth`.
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
    Quartic: ``3 / (pi r^2) (1 - d^2 / r^2)^2`` for ``d < r``. Gaussian: ``exp(-d^2 / (2 s^2)) / (2 pi s^2)``. No edge
    correction. Events outside the study area but within reach of it (radius, or six standard deviations) still raise
    the density near its edge: leaving them out would draw a false slope along the boundary. Events further out are
    excluded and counted as ``outside``.

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
    smoothing = _smoothing(kernel, radius_m, sigma_m, eastings, northings, grid)
    column, row, outside = positions(eastings, northings, grid.origin_x, grid.origin_y, grid.cell_m, grid.inside)
    check_some_inside(eastings, northings, grid, outside)
    if outside:
        near = _within_reach(column, row, smoothing, grid)
        column, row, weight = column[near], row[near], weight[near]
    sums, how = _sums(column, row, weight, smoothing, grid, method)
    sums *= _peak_per_km2(smoothing)
    used, excluded = int(column.size), int(eastings.size - column.size)
    parameters = {
        **_parameters(smoothing, grid),
        **how,
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
        warnings=(*events_notices(eastings, northings, grid, used), *_bandwidth_notices(smoothing, grid)),
    )
    return KernelDensity(sums, grid, summary)


def _parameters(smoothing: _Smoothing, grid: SquareGrid) -> dict[str, Any]:
    """Return the parameters that kernel and grid bring."""
    return {
        "kernel": smoothing.kernel,
        smoothing.name: smoothing.bandwidth_m,
        "bandwidth_rule": smoothing.reason or "given",
        "cell_m": grid.cell_m,
        "origin_m": [grid.origin_x, grid.origin_y],
        "cells": grid.n_cells,
        "edge_correction": "none",
        "unit": "events per km2",
    }


def _smoothing(
    kernel: str,
    radius_m: float | None,
    sigma_m: float | None,
    x: FloatArray,
    y: FloatArray,
    grid: SquareGrid,
) -> _Smoothing:
    """Check kernel and bandwidth, and suggest a bandwidth where none is given."""
    if kernel == "quartic":
        name, given, other_name, other = "radius_m", radius_m, "sigma_m", sigma_m
    elif kernel == "gaussian":
        name, given, other_name, other = "sigma_m", sigma_m, "radius_m", radius_m
    else:
        raise ParameterError(f"Unknown kernel {kernel!r}.", "Use quartic or gaussian.")
    if other is not None:
        raise ParameterError(f"The {kernel} kernel takes {name}, not {other_name}.", f"Give {name} instead.")
    known: Kernel = "quartic" if kernel == "quartic" else "gaussian"
    if given is None:
        suggested = suggest_bandwidth(x, y, grid.cell_m)
        return _Smoothing(known, suggested.radius_m if kernel == "quartic" else suggested.sigma_m, suggested.reason)
    if not (math.isfinite(given) and given > 0):
        raise ParameterError(f"{name} is {given}.", "Give a positive number of metres.")
    return _Smoothing(known, float(given), None)


def _within_reach(
    column: FloatArray, row: FloatArray, smoothing: _Smoothing, grid: SquareGrid
) -> npt.NDArray[np.bool_]:
    """Return which events lie in the lattice or within reach of its cell centres."""
    reach = smoothing.bandwidth_m / grid.cell_m * (1.0 if smoothing.kernel == "quartic" else gaussian_fft.REACH)
    margin = max(reach, 0.5)
    across = (row >= -margin) & (row <= grid.n_rows - 1 + margin)
    return np.asarray(across & (column >= -margin) & (column <= grid.n_columns - 1 + margin))


def _sums(
    column: FloatArray, row: FloatArray, weight: FloatArray, smoothing: _Smoothing, grid: SquareGrid, method: str
) -> tuple[FloatArray, dict[str, Any]]:
    """Return kernel sums without the kernel's constant, and how they were made."""
    if method not in {"auto", "exact", "fft"}:
        raise ParameterError(f"Unknown method {method!r}.", "Use auto, exact or fft.")
    width = smoothing.bandwidth_m / grid.cell_m
    shape = grid.n_rows, grid.n_columns
    if smoothing.kernel == "quartic":
        if method == "fft":
            raise ParameterError("The quartic kernel has no fft method.", "Use exact, which is fast, or auto.")
        events = sorted_by_row(column, row, weight, width, shape[0])
        return quartic_sums(events, width, shape), {"method": "exact row sweep", "error_bound": "1e-9 of the peak"}
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


def _check_transform(smoothing: _Smoothing, grid: SquareGrid) -> None:
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


def _peak_per_km2(smoothing: _Smoothing) -> float:
    """Return the density of one event at its own place, per km2."""
    area_km2 = math.pi * (smoothing.bandwidth_m / 1000.0) ** 2
    return 3.0 / area_km2 if smoothing.kernel == "quartic" else 0.5 / area_km2


def _bandwidth_notices(smoothing: _Smoothing, grid: SquareGrid) -> tuple[Notice, ...]:
    """Warn of a bandwidth that the cells cannot show."""
    if smoothing.bandwidth_m >= grid.cell_m:
        return ()
    return (
        Notice(
            "bandwidth_below_cell",
            f"{smoothing.name} is {smoothing.bandwidth_m:g} m, less than the cell of {grid.cell_m:g} m: density is "
            "taken at cell centres, so events between them may not show. Use a smaller cell or a wider bandwidth.",
        ),
    )


def _reading(density: FloatArray, grid: SquareGrid, smoothing: _Smoothing, used: int, excluded: int) -> str:
    """Say in plain language what the map shows."""
    shown = density[grid.inside]
    highest = int(np.argmax(shown))
    row, column = divmod(int(grid.cells[highest]), grid.n_columns)
    x, y = grid.origin_x + (column + 0.5) * grid.cell_m, grid.origin_y + (row + 0.5) * grid.cell_m
    rule = f" ({smoothing.reason})" if smoothing.reason else ""
    left_out = f" {excluded:,} events too far outside the study area were left out." if excluded else ""
    return (
        f"Density of {used:,} events over {grid.study_area_km2:,.1f} km2 in {grid.n_cells:,} cells of "
        f"{grid.cell_m:g} m, {smoothing.kernel} kernel, {smoothing.name} {smoothing.bandwidth_m:g}{rule}. "
        f"The highest density is {shown[highest]:,.3g} events per km2 at {x:,.0f}, {y:,.0f}; the mean of the cells is "
        f"{shown.mean():,.3g}.{left_out} A density map shows where events are many; it does not test whether that is "
        "more than chance."
    )
