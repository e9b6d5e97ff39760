"""How well a map on a grid foretold where later events happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy.typing as npt

from analysis.back_testing.accuracy import AREA_SHARES, Accuracy, CaptureCurve, accuracy, capture_curve
from analysis.events import check_some_inside, events_notices
from analysis.grids.square import SquareGrid
from analysis.projection import checked_coordinates, crs_name
from analysis.summary import Summary

METRES2_IN_KM2 = 1e6


@dataclass(frozen=True)
class MapAccuracy:
    """How well a map of scores foretold later events.

    Attributes
    ----------
    levels : tuple of Accuracy
        One an area share, in the order asked for.
    curve : CaptureCurve
    summary : Summary
    """

    levels: tuple[Accuracy, ...]
    curve: CaptureCurve
    summary: Summary


def map_accuracy(
    score: npt.ArrayLike,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    grid: SquareGrid,
    *,
    area_shares: Sequence[float] = AREA_SHARES,
    earlier: npt.ArrayLike | None = None,
) -> MapAccuracy:
    """Measure how well a map of scores on a grid foretold later events.

    Parameters
    ----------
    score : array_like of float, shape (n_cells,)
        Of the cells of the study area, in the order of ``grid.cells``.
    x, y : array_like of float, shape (n,)
        Later events, metres in the CRS of the grid.
    grid : SquareGrid
    area_shares : sequence of float
        Parts of the area to choose, over 0 and up to 1.
    earlier : array_like of float, shape (n_cells,), optional
        Events by cell of the period that the map was made from.

    Returns
    -------
    MapAccuracy
        Areas in km2. Later events outside the study area are left out and counted.

    Raises
    ------
    ParameterError
        As for `accuracy`; a score for other cells.
    CoordinateError, EmptyInputError
        No later event, none in the study area, coordinates that are not finite, or degrees.

    Notes
    -----
    Cells count with their whole square, also those that the boundary cuts.

    References
    ----------
    Chainey, S., Tompson, L. and Uhlig, S. (2008). Security Journal 21.

    Examples
    --------
    >>> import shapely
    >>> from analysis.grids.square import square_grid
    >>> grid = square_grid(shapely.box(0, 0, 400, 100), 100, crs="EPSG:32616")
    >>> found = map_accuracy([4, 3, 2, 1], [50, 60, 150, 350], [50, 50, 50, 50], grid, area_shares=[0.25])
    >>> found.levels[0].pai
    2.0
    """
    eastings, northings = checked_coordinates(x, y)
    counted = grid.count(eastings, northings)
    check_some_inside(eastings, northings, grid, counted.outside)
    later = counted.counts[grid.inside]
    cell_km2 = grid.cell_m**2 / METRES2_IN_KM2
    in_cells = accuracy(score, later, area_shares=area_shares, earlier=earlier)
    levels = tuple(replace(level, area=level.area * cell_km2) for level in in_cells)
    curve = capture_curve(score, later)
    summary = Summary(
        method="Accuracy of a map on later events",
        parameters={"cell_m": grid.cell_m, "cells": grid.n_cells, "area_shares": [float(a) for a in area_shares]},
        n_used=int(later.sum()),
        excluded={"outside": counted.outside} if counted.outside else {},
        crs=crs_name(grid.crs),
        study_area_km2=grid.study_area_km2,
        reading=_reading(levels, curve, counted.outside),
        warnings=events_notices(eastings, northings, grid, int(later.sum())),
    )
    return MapAccuracy(levels, curve, summary)


def _reading(levels: tuple[Accuracy, ...], curve: CaptureCurve, outside: int) -> str:
    """Say in plain language how good the map was."""
    parts = "; ".join(
        f"the top {level.area_share:.0%} of the area caught {level.hit_rate:.1%} of the later events "
        f"({level.pai:.1f} times what chance would, {level.pei:.0%} of the best possible)"
        for level in levels
    )
    left_out = f" {outside:,} later events outside the study area were left out." if outside else ""
    return (
        f"Judged on {levels[0].n_later if levels else 0:,.0f} later events, {parts}. The area under the capture curve "
        f"is {curve.area_under:.3f}, where chance reaches 0.5 and the best possible ranking "
        f"{curve.best_area_under:.3f}.{left_out}"
    )
