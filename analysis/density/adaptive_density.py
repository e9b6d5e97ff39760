"""Kernel density whose bandwidth is narrow where events are dense and wide where they are sparse.

``h_i = h (f(x_i) / g)^(-1/2)``: f is the density with the fixed bandwidth h, summed exactly at every event, g its
geometric mean over the events (by weight), so that h remains the typical bandwidth. The factor is held within limits:
without them a lone event would spread over the town, and a point mass would shrink to a needle. The sums are exact,
over pairs of event and cell. Events count from as far outside as their own kernels reach.

References
----------
Abramson, I. S. (1982). On bandwidth variation in kernel estimates - a square root law. Annals of Statistics 10(4).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from analysis.density.bandwidth import Bandwidth, distinct_places
from analysis.density.cell_events import sorted_by_row
from analysis.density.density_results import Account, KernelDensity, accounted, check_years
from analysis.density.edge_correction import EdgeCorrection, edge_parameters, inside_study_area, weights_over_mass
from analysis.density.kernel_sums import EXACT_REACH, finite_sums_of_widths, gaussian_sums
from analysis.density.kernels import BELL, Kernel
from analysis.density.place_sums import sums_at_places
from analysis.density.placed_events import PlacedEvents, placed_events
from analysis.density.smoothing import Smoothing, chosen_smoothing
from analysis.errors import ParameterError
from analysis.grids.square import SquareGrid
from analysis.projection import FloatArray
from analysis.summary import Notice


def adaptive_density(  # noqa: PLR0913
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    grid: SquareGrid,
    *,
    kernel: Kernel = "quartic",
    radius_m: float | Bandwidth | None = None,
    sigma_m: float | Bandwidth | None = None,
    weights: npt.ArrayLike | None = None,
    factor_limits: tuple[float, float] = (0.25, 4.0),
    edge_correction: EdgeCorrection = "none",
    years: float | None = None,
) -> KernelDensity:
    """Estimate density with a bandwidth of its own for every event, after Abramson.

    Parameters
    ----------
    x, y, grid, kernel, weights, years
        As in `kernel_density`.
    radius_m, sigma_m : float or Bandwidth, optional
        The bandwidth that is varied, metres; by default `suggest_bandwidth`.
    factor_limits : (float, float)
        A bandwidth is at least and at most so many times the given one.
    edge_correction : {"none", "diggle"}
        ``diggle`` divides each event by how much of its own kernel lies in the study area.

    Returns
    -------
    KernelDensity
        It integrates to the number of events (the sum of weights) over the plane; with ``diggle`` over the study area.

    Raises
    ------
    ParameterError
        As in `kernel_density`; limits that are not ``0 < least <= 1 <= most``; uniform edge correction, which asks for
        one bandwidth; more pairs of event and cell than can be summed.
    CoordinateError, EmptyInputError
        As in `kernel_density`.

    Examples
    --------
    >>> import shapely
    >>> from analysis.grids.square import square_grid
    >>> grid = square_grid(shapely.box(0, 0, 3000, 3000), 100, crs="EPSG:32616")
    >>> found = adaptive_density([500.0, 510.0, 520.0, 2500.0], [500.0, 500.0, 500.0, 2500.0], grid, radius_m=300.0)
    >>> found.summary.parameters["bandwidth_range_m"]
    [261.4, 452.4]
    """
    _check_options(factor_limits, edge_correction)
    check_years(years)
    events = placed_events(x, y, weights, grid)
    smoothing = chosen_smoothing(kernel, radius_m, sigma_m, events.x, events.y, grid.cell_m)
    used, width, limited = _used_events(events, smoothing, grid, edge_correction, factor_limits)
    notices = _cell_notices(width, smoothing, grid)
    summed = used
    if edge_correction == "diggle":
        summed, held = weights_over_mass(used, grid, smoothing.kernel, width)
        notices = (*notices, *held)
    density = _density(summed, width, smoothing, grid)
    if edge_correction == "diggle":
        density[~grid.inside] = 0.0
    parameters = {
        **smoothing.parameters(grid),
        "method": "exact sums over pairs",
        "adaptive": "Abramson, square root of the density at the event over its geometric mean",
        "factor_limits": list(factor_limits),
        "bandwidth_range_m": [round(float(width.min()), 1), round(float(width.max()), 1)],
        "bandwidths_at_a_limit": limited,
        **edge_parameters(edge_correction, grid),
        "weighted": weights is not None,
    }
    words = f"{smoothing.description}, varied after Abramson from {width.min():,.0f} to {width.max():,.0f} m"
    account = Account(f"Adaptive kernel density ({kernel})", words, parameters, events, used, notices, years)
    return accounted(density, grid, account)


def _check_options(factor_limits: tuple[float, float], edge_correction: str) -> None:
    """Refuse limits that exclude a factor of 1, and corrections that one bandwidth is needed for."""
    least, most = factor_limits
    if not (0.0 < least <= 1.0 <= most < math.inf):
        raise ParameterError(
            f"factor_limits is {factor_limits}.",
            "Give two numbers, the first above 0 and up to 1, the second 1 or more.",
        )
    if edge_correction not in {"none", "diggle"}:
        raise ParameterError(f"The adaptive density has no edge correction {edge_correction!r}.", "Use none or diggle.")


def _used_events(
    events: PlacedEvents,
    smoothing: Smoothing,
    grid: SquareGrid,
    edge_correction: EdgeCorrection,
    limits: tuple[float, float],
) -> tuple[PlacedEvents, FloatArray, int]:
    """Return the events that enter the density, the bandwidth of each, metres, and how many are held at a limit."""
    if edge_correction == "diggle":
        used = events.within(inside_study_area(events.x, events.y, grid))
        return used, *_bandwidths(used, smoothing, limits)
    used = events.within(events.near_lattice(grid, smoothing.kernel, limits[1] * smoothing.bandwidth_m))
    width, limited = _bandwidths(used, smoothing, limits)
    near = used.near_lattice(grid, smoothing.kernel, width)
    return used.within(near), width[near], limited


def _bandwidths(events: PlacedEvents, smoothing: Smoothing, limits: tuple[float, float]) -> tuple[FloatArray, int]:
    """Return the bandwidth of each event, metres, and how many are held at a limit."""
    x, y, weight = events.x, events.y, events.weight
    order = np.lexsort((y, x))
    places, piles = distinct_places(x, y)
    place_of = np.empty(x.size, dtype=np.int64)
    place_of[order] = np.repeat(np.arange(len(places)), piles.astype(np.int64))
    pilot = sums_at_places(
        places, np.bincount(place_of, weight).astype(np.float64), smoothing.kernel, smoothing.bandwidth_m
    )[place_of]
    counts = (weight > 0.0) & (pilot > 0.0)
    if not counts.any():
        return np.full(x.size, smoothing.bandwidth_m), 0
    mean = np.average(np.log(pilot[counts]), weights=weight[counts])
    factor = np.exp(0.5 * (mean - np.log(np.where(pilot > 0.0, pilot, np.finfo(np.float64).tiny))))
    limited = int(np.count_nonzero((factor < limits[0]) | (factor > limits[1])))
    return smoothing.bandwidth_m * np.clip(factor, *limits), limited


def _density(events: PlacedEvents, width_m: FloatArray, smoothing: Smoothing, grid: SquareGrid) -> FloatArray:
    """Sum kernels of different widths at the cell centres, events per km2."""
    shape, width = (grid.n_rows, grid.n_columns), width_m / grid.cell_m
    share = events.weight * smoothing.kernel.peak / (width_m / 1000.0) ** 2
    reach = float(width.max()) * min(smoothing.kernel.reach, EXACT_REACH)
    by_row = sorted_by_row(events.column, events.row, share, reach, grid.n_rows)
    sorted_width = sorted_by_row(events.column, events.row, width, reach, grid.n_rows).weight
    if smoothing.kernel.form == BELL:
        return gaussian_sums(by_row, sorted_width, EXACT_REACH, shape)
    return finite_sums_of_widths(by_row, sorted_width, smoothing.kernel, shape)


def _cell_notices(width_m: FloatArray, smoothing: Smoothing, grid: SquareGrid) -> tuple[Notice, ...]:
    """Warn of bandwidths that the cells cannot show."""
    narrow = int(np.count_nonzero(width_m < grid.cell_m))
    if not narrow:
        return ()
    return (
        Notice(
            "bandwidth_below_cell",
            f"The {smoothing.name} of {narrow:,} events is less than the cell of {grid.cell_m:g} m: density is taken "
            "at cell centres, so they may not show. Use a smaller cell, or a higher lower limit.",
        ),
    )
