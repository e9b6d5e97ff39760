"""A density on a grid, and the account of how it was made."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np

from analysis.density.placed_events import PlacedEvents
from analysis.errors import ParameterError
from analysis.events import events_notices
from analysis.grids.square import SquareGrid
from analysis.projection import FloatArray, crs_name
from analysis.summary import Notice, Summary, figure


@dataclass(frozen=True)
class KernelDensity:
    """Density at the centre of each cell.

    Attributes
    ----------
    density_per_km2 : ndarray of float64, shape (n_rows, n_columns)
        Events per square kilometre, zero or more. Without edge correction also for the cells of the lattice outside the
        study area; with one these are zero.
    grid : SquareGrid
    summary : Summary
    years : float or None
        Length of the period, where it was given.
    """

    density_per_km2: FloatArray
    grid: SquareGrid
    summary: Summary
    years: float | None = None

    def to_frame(self) -> gpd.GeoDataFrame:
        """Return the cells of the study area with ``density_per_km2, cell, cell_x, cell_y, geometry``.

        With a period ``density_per_km2_year`` comes first.
        """
        density = self.density_per_km2[self.grid.inside]
        if self.years is None:
            return self.grid.to_frame(density_per_km2=density)
        return self.grid.to_frame(density_per_km2_year=density / self.years, density_per_km2=density)


@dataclass(frozen=True, eq=False)
class Account:
    """How a density was made.

    Attributes
    ----------
    method : str
        In the field's terms.
    description : str
        Kernel and bandwidth in words.
    parameters : dict
    events, used : PlacedEvents
        Those that came in, and those that entered the density.
    notices : tuple of Notice
    years : float, optional
        Length of the period.
    """

    method: str
    description: str
    parameters: dict[str, Any]
    events: PlacedEvents
    used: PlacedEvents
    notices: tuple[Notice, ...]
    years: float | None = None

    @property
    def excluded(self) -> int:
        """Events too far away, or outside where an edge correction allows none."""
        return self.events.n - self.used.n


def check_years(years: float | None) -> None:
    """Refuse a period that is no length of time.

    Parameters
    ----------
    years : float or None

    Raises
    ------
    ParameterError
        It is not a positive number.
    """
    if years is not None and not (math.isfinite(years) and years > 0):
        raise ParameterError(f"years is {years}.", "Give the length of the period, a positive number of years.")


def unit_of(unit: str, *, weighted: bool) -> str:
    """Return a unit that begins with "events", as it is told where they do not count for one each.

    Parameters
    ----------
    unit : str
    weighted : bool
        Whether the events have weights.

    Returns
    -------
    str

    Examples
    --------
    >>> unit_of("events per km2", weighted=True)
    'weighted events per km2'
    """
    return f"weighted {unit}" if weighted else unit


def accounted(density: FloatArray, grid: SquareGrid, account: Account) -> KernelDensity:
    """Return a density with its summary.

    Parameters
    ----------
    density : ndarray of float64, shape (n_rows, n_columns)
        Events per km2.
    grid : SquareGrid
    account : Account

    Returns
    -------
    KernelDensity
    """
    unit = "events per km2" if account.years is None else "events per km2 and year"
    unit = unit_of(unit, weighted=account.parameters["weighted"])
    parameters = {
        **account.parameters,
        "unit": unit,
        **({"years": account.years} if account.years else {}),
        "used_beyond_study_area": max(0, account.events.outside - account.excluded),
    }
    events = account.events
    summary = Summary(
        method=account.method,
        parameters=parameters,
        n_used=account.used.n,
        excluded={"outside": account.excluded} if account.excluded else {},
        crs=crs_name(grid.crs),
        study_area_km2=grid.study_area_km2,
        reading=_reading(density, grid, account, unit),
        warnings=(*events_notices(events.x, events.y, grid, account.used.n), *account.notices),
    )
    return KernelDensity(density, grid, summary, account.years)


def _reading(density: FloatArray, grid: SquareGrid, account: Account, unit: str) -> str:
    """Say in plain language what the map shows."""
    shown = density[grid.inside] / (account.years or 1.0)
    highest = int(np.argmax(shown))
    row, column = divmod(int(grid.cells[highest]), grid.n_columns)
    x, y = grid.origin_x + (column + 0.5) * grid.cell_m, grid.origin_y + (row + 0.5) * grid.cell_m
    left_out = f" {account.excluded:,} events too far outside the study area were left out." if account.excluded else ""
    return (
        f"Density of {account.used.n:,} events over {grid.study_area_km2:,.1f} km2 in {shown.size:,} cells of "
        f"{grid.cell_m:g} m, {account.description}. "
        f"The highest density is {figure(shown[highest])} {unit} at {x:,.0f}, {y:,.0f}; the mean of the cells is "
        f"{figure(shown.mean())}.{left_out} A density map shows where events are many; it does not test whether that "
        "is more than chance."
    )
