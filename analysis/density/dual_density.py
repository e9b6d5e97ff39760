"""Density of events against the density of something else: residents, or another layer of events.

Both densities are taken at the same cells. Where the base is nothing, or less than a floor, a ratio says nothing: the
cell then holds null and the reason, never a number that a tiny divisor has blown up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.density.density_results import KernelDensity, unit_of
from analysis.density.kernel_density import kernel_density
from analysis.errors import EmptyInputError, ParameterError, UnitsError
from analysis.grids.square import SquareGrid
from analysis.projection import BoolArray, FloatArray
from analysis.summary import Notice, Summary, figure

Measure = Literal["ratio", "log_ratio", "difference"]
MEASURES: tuple[Measure, ...] = ("ratio", "log_ratio", "difference")

REASONS = {
    0: None,
    1: "both_zero",
    2: "base_zero",
    3: "base_below_floor",
    4: "events_zero",
}
"""Why a cell has no value: 0/0, x/0, a base below the floor, and the logarithm of 0/x."""

FLOOR_OF_MEAN = 0.01
"""Default floor, as a share of the mean density of the base over the study area."""

BANDWIDTHS = ("radius_m", "sigma_m")

CODES_OF_UNITS = {"little_mass"}
"""Warnings about a density that concern units with residents as well as events."""


@dataclass(frozen=True, eq=False)
class DualDensity:
    """One density against another at the centre of each cell of the study area.

    Attributes
    ----------
    name : str
        What the value is, for example ``"events_per_1000_residents"``.
    value : ndarray of float64, shape (n_cells,)
        Finite; 0 where there is none.
    reason : ndarray of int8, shape (n_cells,)
        Key of `REASONS`; 0 where there is a value.
    events, base : KernelDensity
        The two densities.
    summary : Summary
    """

    name: str
    value: FloatArray
    reason: npt.NDArray[np.int8]
    events: KernelDensity
    base: KernelDensity
    summary: Summary

    @property
    def defined(self) -> BoolArray:
        """Cells that have a value."""
        return np.asarray(self.reason == 0)

    def to_frame(self) -> gpd.GeoDataFrame:
        """Return the cells of the study area.

        Returns
        -------
        GeoDataFrame
            A column of the `name` (null where there is no value), ``reason`` (null where there is one),
            ``events_per_km2``, ``base_per_km2``, ``cell``, ``cell_x``, ``cell_y`` and ``geometry``.
        """
        grid = self.events.grid
        columns = {
            self.name: pd.array(self.value, dtype="Float64"),
            "reason": pd.array([REASONS[code] for code in self.reason.tolist()], dtype="string"),
            "events_per_km2": self.events.density_per_km2[grid.inside],
            "base_per_km2": self.base.density_per_km2[grid.inside],
        }
        columns[self.name][~self.defined] = pd.NA
        return grid.to_frame(**columns)


def density_per_1000_residents(
    events: KernelDensity,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    residents: npt.ArrayLike,
    *,
    floor_per_km2: float | None = None,
) -> DualDensity:
    """Estimate events per 1,000 residents: density of events over the density of residents, smoothed alike.

    Parameters
    ----------
    events : KernelDensity
        Of events, with any kernel; residents get the same kernel, bandwidth and edge correction.
    x, y : array_like of float, shape (n,)
        Areal units: their points, or the centres of their polygons, metres in the CRS of the grid.
    residents : array_like of float, shape (n,)
        Residents of each unit.
    floor_per_km2 : float, optional
        Residents per km2 below which no rate is given; by default 1 % of the mean of the study area.

    Returns
    -------
    DualDensity
        ``events_per_1000_residents``; per year where the events have a period.

    Raises
    ------
    UnitsError
        No resident at all, a negative or missing number.
    ParameterError
        A floor that is negative or not finite; an adaptive density of events, which has no single bandwidth.
    CoordinateError, EmptyInputError
        See `kernel_density`.

    Notes
    -----
    ``1000 f(s) / r(s)``, f and r kernel densities with one bandwidth, so that both are smoothed over the same ground. A
    bandwidth narrower than the units shows their centres, not the residents; where much of the ground sees no resident
    a warning says so.

    References
    ----------
    Bithell, J. F. (1990). An application of density estimation to geographical epidemiology. Statistics in Medicine 9.

    Examples
    --------
    >>> import shapely
    >>> from analysis.grids.square import square_grid
    >>> grid = square_grid(shapely.box(0, 0, 3000, 3000), 1000, crs="EPSG:32616")
    >>> events = kernel_density([1500.0], [1500.0], grid, radius_m=1200.0)
    >>> rate = density_per_1000_residents(events, [1500.0], [1500.0], [500.0])
    >>> float(rate.value[4]), REASONS[int(rate.reason[0])]
    (2.0, 'both_zero')
    """
    people = np.asarray(residents, dtype=np.float64)
    if not np.isfinite(people).all() or (people < 0).any() or not people.sum() > 0:
        raise UnitsError(
            "The residents of the units are missing, negative, or none at all.", "Give residents of zero or more."
        )
    parameters = events.summary.parameters
    if "adaptive" in parameters:
        raise ParameterError("An adaptive density has no single bandwidth.", "Use kernel_density for the events.")
    bandwidth = {name: parameters[name] for name in BANDWIDTHS if name in parameters}
    edge, kernel = parameters["edge_correction"], parameters["kernel"]
    base = kernel_density(x, y, events.grid, kernel=kernel, weights=people, edge_correction=edge, **bandwidth)
    years = events.years or 1.0
    floor = _floor(floor_per_km2, base)
    above, below = _shown(events) / years, _shown(base)
    value, reason = _ratio(1000.0 * above, below, floor)
    name = "events_per_1000_residents" + ("_year" if events.years else "")
    of_units = [notice for notice in base.summary.warnings if notice.code in CODES_OF_UNITS]
    notices = (*of_units, *_unseen_notices(above, below))
    unit = unit_of(
        "events per 1,000 residents" + (" and year" if events.years else ""), weighted=parameters["weighted"]
    )
    return _dual(name, unit, value, reason, events, base, floor, notices)


def compare_densities(
    events: KernelDensity,
    base: KernelDensity,
    *,
    measure: Measure = "log_ratio",
    normalised: bool = True,
    floor_per_km2: float | None = None,
) -> DualDensity:
    """Compare the densities of two layers: two periods, reports against records, one kind of crime against all.

    Parameters
    ----------
    events, base : KernelDensity
        On the same grid; best with the same kernel and bandwidth, else a warning is given.
    measure : {"ratio", "log_ratio", "difference"}
        ``events / base``, its natural logarithm, or ``events - base``.
    normalised : bool
        Divide each density by its total over the study area first: a ratio of 1, or a logarithm of 0, then means the
        same share of both layers (a relative risk). Otherwise densities per km2 (and year) are compared as they are.
    floor_per_km2 : float, optional
        Density of the base, before it is normalised, below which no ratio is given; by default 1 % of its mean.

    Returns
    -------
    DualDensity
        A difference is defined everywhere.

    Raises
    ------
    ParameterError
        Different grids, only one with a period, an unknown measure, a floor that is negative or not finite.
    EmptyInputError
        A density is zero throughout the study area.

    References
    ----------
    Kelsall, J. E. and Diggle, P. J. (1995). Kernel estimation of relative risk. Bernoulli 1(1/2).

    Examples
    --------
    >>> import shapely
    >>> from analysis.grids.square import square_grid
    >>> grid = square_grid(shapely.box(0, 0, 3000, 3000), 1000, crs="EPSG:32616")
    >>> twice = kernel_density([1500.0, 1500.0], [1500.0, 1500.0], grid, radius_m=1200.0)
    >>> once = kernel_density([1500.0], [1500.0], grid, radius_m=1200.0)
    >>> float(compare_densities(twice, once, measure="ratio", normalised=False).value[4])
    2.0
    """
    if measure not in MEASURES:
        raise ParameterError(f"Unknown measure {measure!r}.", f"Use one of: {', '.join(MEASURES)}.")
    _check_comparable(events, base)
    floor = _floor(floor_per_km2, base)
    above, below = _shown(events) / (events.years or 1.0), _shown(base) / (base.years or 1.0)
    if normalised:
        cell_km2 = (events.grid.cell_m / 1000.0) ** 2
        totals = float(above.sum()) * cell_km2, float(below.sum()) * cell_km2
        above, below, compared = above / totals[0], below / totals[1], floor / totals[1] / (base.years or 1.0)
    else:
        compared = floor / (base.years or 1.0)
    if measure == "difference":
        value, reason = above - below, np.zeros(above.size, dtype=np.int8)
    else:
        value, reason = _ratio(above, below, compared)
    if measure == "log_ratio":
        reason[(reason == 0) & (value <= 0.0)] = 4
        value = np.log(np.where(reason == 0, value, 1.0))
    unit = {"ratio": "ratio", "log_ratio": "natural logarithm of the ratio", "difference": "difference per km2"}[
        measure
    ]
    share = " of shares" if normalised else " of densities"
    notices = (*base.summary.warnings, *_bandwidth_notices(events, base))
    return _dual(measure, unit + share, value, reason, events, base, floor, notices)


def _shown(density: KernelDensity) -> FloatArray:
    """Return the density of the cells of the study area, per km2."""
    return density.density_per_km2[density.grid.inside]


def _floor(floor_per_km2: float | None, base: KernelDensity) -> float:
    """Return the floor, by default a share of the mean; refuse a base of nothing."""
    mean = float(_shown(base).mean())
    if mean <= 0.0:
        raise EmptyInputError("The base is zero throughout the study area.", "Check its layer and its bandwidth.")
    if floor_per_km2 is None:
        return FLOOR_OF_MEAN * mean
    if not (math.isfinite(floor_per_km2) and floor_per_km2 >= 0):
        raise ParameterError(f"floor_per_km2 is {floor_per_km2}.", "Give zero or a positive number.")
    return float(floor_per_km2)


def _ratio(above: FloatArray, below: FloatArray, floor: float) -> tuple[FloatArray, npt.NDArray[np.int8]]:
    """Divide where that says something, else give the reason; a quotient too large for a double counts as x/0."""
    reason = np.zeros(above.size, dtype=np.int8)
    reason[below < floor] = 3
    reason[below <= 0.0] = 2
    reason[(below <= 0.0) & (above <= 0.0)] = 1
    with np.errstate(over="ignore"):
        value = np.divide(above, below, out=np.zeros(above.size), where=reason == 0)
    reason[np.isinf(value)] = 2
    value[reason != 0] = 0.0
    return value, reason


def _check_comparable(events: KernelDensity, base: KernelDensity) -> None:
    """Refuse densities that do not belong to the same cells or to the same kind of time."""
    if not _same_cells(events.grid, base.grid):
        raise ParameterError("The two densities lie on different grids.", "Take both on the same grid.")
    if (events.years is None) != (base.years is None):
        raise ParameterError("Only one of the densities has a period.", "Give years for both, or for neither.")
    if not _shown(events).any():
        raise EmptyInputError("The density is zero throughout the study area.", "Check its layer and its bandwidth.")


def _same_cells(grid: SquareGrid, other: SquareGrid) -> bool:
    """Tell whether two grids have the same cells."""
    lattices = [(g.cell_m, g.origin_x, g.origin_y, g.crs) for g in (grid, other)]
    return lattices[0] == lattices[1] and np.array_equal(grid.inside, other.inside)


def _bandwidth_notices(events: KernelDensity, base: KernelDensity) -> tuple[Notice, ...]:
    """Warn of layers that were smoothed differently."""
    smoothing = [
        {key: density.summary.parameters.get(key) for key in ("kernel", *BANDWIDTHS, "adaptive", "edge_correction")}
        for density in (events, base)
    ]
    if smoothing[0] == smoothing[1]:
        return ()
    message = (
        "The two layers were not smoothed alike (kernel, bandwidth or edge correction differ): where their densities "
        "differ, that may be the reason. Use one bandwidth for both."
    )
    return (Notice("different_smoothing", message),)


def _unseen_notices(above: FloatArray, below: FloatArray) -> tuple[Notice, ...]:
    """Warn where events lie further from the centres of units than the bandwidth."""
    with_events = above > 0.0
    unseen = int(np.count_nonzero(with_events & (below <= 0.0)))
    if 3 * unseen < int(np.count_nonzero(with_events)) or not unseen:
        return ()
    message = (
        f"{unseen:,} cells have events and no resident within the bandwidth: units are larger than it reaches. Use a "
        "wider bandwidth or smaller units."
    )
    return (Notice("bandwidth_below_units", message),)


def _dual(
    name: str,
    unit: str,
    value: FloatArray,
    reason: npt.NDArray[np.int8],
    events: KernelDensity,
    base: KernelDensity,
    floor: float,
    notices: tuple[Notice, ...],
) -> DualDensity:
    """Return the comparison with its summary."""
    undefined = {str(REASONS[int(code)]): int((reason == code).sum()) for code in np.unique(reason[reason > 0])}
    values = value[reason == 0]
    spread = (
        f"from {figure(values.min())} to {figure(values.max())}, median {figure(np.median(values))}"
        if values.size
        else "none"
    )
    left = "; ".join(f"{n:,} {code.replace('_', ' ')}" for code, n in undefined.items())
    reading = (
        f"{unit[0].upper()}{unit[1:]} at {value.size:,} cells of {events.grid.cell_m:g} m: {spread}. "
        + (f"No value is given at {sum(undefined.values()):,} cells ({left}). " if left else "")
        + f"The base is held to be too thin below {figure(floor)} per km2. Values where the base is thin are uncertain."
    )
    summary = Summary(
        method=f"Dual kernel density ({name.replace('_', ' ')})",
        parameters={
            "unit": unit,
            "weighted": events.summary.parameters["weighted"],
            "floor_per_km2": floor,
            "cells_without_value": undefined,
            "events": events.summary.parameters,
            "base": {**base.summary.parameters, "n_used": base.summary.n_used, "excluded": base.summary.excluded},
        },
        n_used=events.summary.n_used,
        excluded=events.summary.excluded,
        crs=events.summary.crs,
        study_area_km2=events.summary.study_area_km2,
        reading=reading,
        warnings=tuple(dict.fromkeys([*events.summary.warnings, *notices])),
    )
    return DualDensity(name, value, reason, events, base, summary)
