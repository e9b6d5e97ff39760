"""Density and hot spots of events from anywhere: a file on the command line, or the database."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
from shapely.geometry.base import BaseGeometry

from analysis.density.kernel_density import kernel_density
from analysis.errors import ParameterError
from analysis.grids.square import SquareGrid, square_grid, suggest_cell_m
from analysis.hot_spots.getis_ord import hot_spots
from analysis.places.point_mass import point_masses
from analysis.summary import Notice, Summary
from app.events.schemas import FARTHEST_M, LONGEST_M, SHORTEST_M

Kernel = Literal["quartic", "gaussian"]
Correction = Literal["bh", "by", "bonferroni", "none"]


@dataclass(frozen=True)
class GridInput:
    """Events and where to look at them.

    Attributes
    ----------
    x, y : ndarray of float64, shape (n,)
        Metres in ``crs``.
    crs : Any
        Working CRS.
    study_area : Polygon or MultiPolygon or None
        In ``crs``; None takes the bounding rectangle of the events.
    excluded : dict of str to int
        Events left out already, by reason.
    notices : tuple of Notice
        What a careful reader must know of the input.
    """

    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    crs: Any
    study_area: BaseGeometry | None
    excluded: dict[str, int] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()

    def without_point_masses(self) -> GridInput:
        """Return the input without the coordinates that hold an implausible share of the events."""
        masses = point_masses(self.x, self.y)
        if not masses:
            return self
        keep = np.ones(len(self.x), dtype=bool)
        for mass in masses:
            keep &= (self.x != mass.x) | (self.y != mass.y)
        left_out = int((~keep).sum())
        places = "; ".join(f"{mass.n:,} at {mass.x:,.0f}, {mass.y:,.0f}" for mass in masses)
        notice = Notice("point_mass_excluded", f"Events on {len(masses)} point(s) were left out: {places}.")
        return dataclasses.replace(
            self,
            x=self.x[keep],
            y=self.y[keep],
            excluded={**self.excluded, "point_mass": left_out},
            notices=(*self.notices, notice),
        )


@dataclass(frozen=True)
class GridResult:
    """Cells of the study area in the working CRS, and how they were made."""

    frame: gpd.GeoDataFrame
    summary: Summary


def compute_density(
    events: GridInput,
    *,
    kernel: Kernel = "quartic",
    radius_m: float | None = None,
    sigma_m: float | None = None,
    cell_m: float | None = None,
    origin_m: tuple[float, float] | None = None,
) -> GridResult:
    """Return the kernel density of events; see `analysis.density.kernel_density.kernel_density`."""
    _check_lengths(radius_m=radius_m, sigma_m=sigma_m, cell_m=cell_m)
    grid, rule = _grid(events, cell_m, origin_m)
    result = kernel_density(events.x, events.y, grid, kernel=kernel, radius_m=radius_m, sigma_m=sigma_m)
    return GridResult(result.to_frame(), _completed(result.summary, events, rule))


def compute_hot_spots(
    events: GridInput,
    *,
    correction: Correction = "bh",
    cell_m: float | None = None,
    origin_m: tuple[float, float] | None = None,
) -> GridResult:
    """Return the Getis-Ord Gi* hot spots of events; see `analysis.hot_spots.getis_ord.hot_spots`."""
    _check_lengths(cell_m=cell_m)
    grid, rule = _grid(events, cell_m, origin_m)
    result = hot_spots(events.x, events.y, grid, correction=correction)
    return GridResult(result.frame, _completed(result.summary, events, rule))


def _check_lengths(**lengths: float | None) -> None:
    for name, length in lengths.items():
        if length is not None and not SHORTEST_M <= length <= LONGEST_M:
            raise ParameterError(
                f"{name} is {length:g}.", f"Give a length from {SHORTEST_M:g} to {LONGEST_M:,.0f} metres."
            )


def _grid(
    events: GridInput, cell_m: float | None, origin_m: tuple[float, float] | None
) -> tuple[SquareGrid, dict[str, str]]:
    if origin_m is not None and not all(abs(value) <= FARTHEST_M for value in origin_m):
        raise ParameterError(
            f"The origin {origin_m} lies outside every projected CRS.", "Give two coordinates in metres."
        )
    rule = {}
    if cell_m is None:
        suggestion = suggest_cell_m(len(events.x), _area_m2(events))
        cell_m, rule = suggestion.cell_m, {"cell_rule": suggestion.reason}
    grid = square_grid(events.study_area, cell_m, crs=events.crs, x=events.x, y=events.y, origin_m=origin_m)
    return grid, rule


def _area_m2(events: GridInput) -> float:
    if events.study_area is not None:
        return float(events.study_area.area)
    return max(float(np.ptp(events.x) * np.ptp(events.y)), 1.0)


def _completed(summary: Summary, events: GridInput, rule: dict[str, str]) -> Summary:
    excluded = dict(events.excluded)
    for reason, count in summary.excluded.items():
        excluded[reason] = excluded.get(reason, 0) + count
    return dataclasses.replace(
        summary,
        excluded=excluded,
        parameters={**summary.parameters, **rule},
        warnings=(*events.notices, *summary.warnings),
    )
