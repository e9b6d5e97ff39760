"""The busiest places as a table: coordinates, cells or areal units, with their share of all events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from analysis.errors import CoordinateError, EmptyInputError, GeometryError, ParameterError, UnitsError
from analysis.events import check_some_inside, events_notices
from analysis.grids.square import SquareGrid
from analysis.places.concentration import Concentration, concentration
from analysis.places.point_mass import point_mass_notice
from analysis.projection import BoolArray, FloatArray, checked_coordinates, crs_name, looks_like_degrees, require_metres
from analysis.space_time.local_time import IntArray, instants
from analysis.summary import Notice, Summary

NO_PLACE = -1


@dataclass(frozen=True)
class TopPlaces:
    """The busiest places.

    Attributes
    ----------
    frame : GeoDataFrame
        ``rank, place, count, share, cumulative_share, first, last, geometry``, busiest first. ``share`` is of the
        events used, ``first`` and ``last`` are ISO dates (null without times). Equal counts share a rank and stand in
        the order of their places.
    concentration : Concentration or None
        Over all places, also those without events; None for coordinates, because places without events are not known.
    summary : Summary
    """

    frame: gpd.GeoDataFrame
    concentration: Concentration | None
    summary: Summary


@dataclass(frozen=True)
class EventDays:
    """When the events happened, for the first and last date of each place.

    Attributes
    ----------
    occurred : array_like of datetime, shape (n,)
        See `analysis.space_time.local_time.instants`; missing times count as events without a date.
    zone : str
        IANA name of the local zone.
    """

    occurred: Any
    zone: str


class _Placed(NamedTuple):
    """Events put to places: the number of the place of each event (-1: none) and what the places are called."""

    x: FloatArray
    y: FloatArray
    place: IntArray
    names: npt.NDArray[Any]
    what: str


def top_points(
    x: npt.ArrayLike, y: npt.ArrayLike, *, crs: Any, n: int = 20, days: EventDays | None = None
) -> TopPlaces:
    """Return the coordinates with the most events.

    Parameters
    ----------
    x, y : array_like of float, shape (n_events,)
        Metres in `crs`. Only equal coordinates are one place: addresses that are snapped alike.
    crs : Any
        Projected, metres.
    n : int
        Places to return.
    days : EventDays, optional

    Returns
    -------
    TopPlaces
        ``place`` is the number of the coordinate in the order of x, then y. The area of the summary is zero, because a
        list of coordinates has none.

    Raises
    ------
    CoordinateError
        Degrees, feet, or coordinates that are not finite.
    EmptyInputError
        There is no event.
    ParameterError
        `n` is less than 1, or times that cannot be read or of another number.

    Examples
    --------
    >>> top = top_points([500_000, 500_000, 500_900], [4e6, 4e6, 4e6], crs="EPSG:32616", n=1)
    >>> top.frame[["count", "share"]].values.tolist()
    [[2.0, 0.6666666666666666]]
    """
    metric = require_metres(crs)
    eastings, northings = checked_coordinates(x, y)
    if looks_like_degrees(eastings, northings) and np.ptp(eastings) + np.ptp(northings) > 0:
        raise CoordinateError("The coordinates look like degrees, not metres.", "Project them to metres.")
    points, place = np.unique(np.column_stack([eastings, northings]), axis=0, return_inverse=True)
    placed = _Placed(eastings, northings, place.reshape(-1), np.arange(len(points)), "coordinate")
    busiest, table = _table(placed, n, days)
    frame = gpd.GeoDataFrame(table, geometry=shapely.points(points[busiest]), crs=metric)
    mass = point_mass_notice(eastings, northings)
    summary = Summary(
        method="Top places by coordinate",
        parameters={"n": n, "places_with_events": len(points)},
        n_used=eastings.size,
        excluded={},
        crs=crs_name(metric),
        study_area_km2=0.0,
        reading=_reading(frame, placed, len(points)),
        warnings=(*((mass,) if mass else ()), *_cut_notice(placed, frame)),
    )
    return TopPlaces(frame, None, summary)


def top_cells(
    x: npt.ArrayLike, y: npt.ArrayLike, grid: SquareGrid, *, n: int = 20, days: EventDays | None = None
) -> TopPlaces:
    """Return the cells with the most events.

    Parameters
    ----------
    x, y : array_like of float, shape (n_events,)
        Metres in the CRS of the grid.
    grid : SquareGrid
    n : int
        Places to return.
    days : EventDays, optional

    Returns
    -------
    TopPlaces
        ``place`` is the number of the cell in the lattice.

    Raises
    ------
    CoordinateError, EmptyInputError
        No event, none in the study area, coordinates that are not finite, or degrees.
    ParameterError
        `n` is less than 1, or times that cannot be read or of another number.

    Examples
    --------
    >>> from analysis.grids.square import square_grid
    >>> grid = square_grid(shapely.box(0, 0, 400, 100), 100, crs="EPSG:32616")
    >>> top_cells([50, 250, 250], [50, 50, 50], grid, n=1).frame[["place", "count"]].values.tolist()
    [[2, 2]]
    """
    eastings, northings = checked_coordinates(x, y)
    cell = grid.cell_of(eastings, northings)
    check_some_inside(eastings, northings, grid, int(np.count_nonzero(cell < 0)))
    number = np.where(cell < 0, NO_PLACE, np.searchsorted(grid.cells, cell))
    placed = _Placed(eastings, northings, number, grid.cells, "cell")
    busiest, table = _table(placed, n, days)
    frame = gpd.GeoDataFrame(table, geometry=grid.polygons()[busiest], crs=grid.crs)
    used = int(np.count_nonzero(number >= 0))
    parameters = {"n": n, "cell_m": grid.cell_m, "origin_m": [grid.origin_x, grid.origin_y], "cells": grid.n_cells}
    warnings = events_notices(eastings, northings, grid, used)
    return _with_concentration(frame, placed, parameters, grid.study_area_km2, warnings)


def top_units(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    units: gpd.GeoDataFrame,
    unit_id: str,
    *,
    n: int = 20,
    days: EventDays | None = None,
) -> TopPlaces:
    """Return the areal units with the most events.

    Parameters
    ----------
    x, y : array_like of float, shape (n_events,)
        Metres in the CRS of the units.
    units : GeoDataFrame
        Polygons, projected, metres.
    unit_id : str
        Column with a name or number that is each unit's own.
    n : int
        Places to return.
    days : EventDays, optional

    Returns
    -------
    TopPlaces
        ``place`` is the unit's name. An event on the border of two units, or where units overlap, counts once, in the
        unit whose name sorts first.

    Raises
    ------
    CoordinateError, EmptyInputError
        No event or unit, no event in a unit, coordinates that are not finite, or a CRS not in metres.
    UnitsError
        No such column, or names that are missing or not unique.
    GeometryError
        A unit is no valid polygon.
    ParameterError
        `n` is less than 1, or times that cannot be read or of another number.

    Examples
    --------
    >>> units = gpd.GeoDataFrame({"name": ["west", "east"]}, crs="EPSG:32616",
    ...                          geometry=[shapely.box(0, 0, 500, 500), shapely.box(500, 0, 900, 500)])
    >>> top_units([600, 700, 100], [1, 1, 1], units, "name", n=1).frame[["place", "count"]].values.tolist()
    [['east', 2]]
    """
    metric = require_metres(units.crs)
    eastings, northings = checked_coordinates(x, y)
    ordered = _checked_units(units, unit_id)
    shapes = ordered.geometry.to_numpy()
    place = np.full(eastings.size, len(ordered), dtype=np.int64)
    event, unit = shapely.STRtree(shapes).query(shapely.points(eastings, northings), predicate="intersects")
    np.minimum.at(place, event, unit)
    place[place == len(ordered)] = NO_PLACE
    if (place < 0).all():
        raise EmptyInputError(f"None of {place.size:,} events lies in a unit.", "Check that both are in one CRS.")
    placed = _Placed(eastings, northings, place, ordered[unit_id].to_numpy(), "unit")
    busiest, table = _table(placed, n, days)
    frame = gpd.GeoDataFrame(table, geometry=shapes[busiest], crs=metric)
    area = float(shapely.union_all(shapes).area) / 1e6
    mass = point_mass_notice(eastings, northings)
    return _with_concentration(frame, placed, {"n": n, "units": len(ordered)}, area, (mass,) if mass else ())


def _checked_units(units: gpd.GeoDataFrame, unit_id: str) -> gpd.GeoDataFrame:
    """Return the units in the order of their names after checking names and shapes."""
    if len(units) == 0:
        raise EmptyInputError("There is no unit.", "Give at least one polygon.")
    if unit_id not in units.columns:
        raise UnitsError(f"The units have no column {unit_id!r}.", f"Use one of {', '.join(map(str, units.columns))}.")
    names = units[unit_id]
    if names.isna().any() or names.duplicated().any():
        stranger = "is missing" if names.isna().any() else f"{names[names.duplicated()].iloc[0]!r} occurs twice"
        raise UnitsError(f"In column {unit_id!r} a name {stranger}.", "Give each unit a name of its own.")
    usable = units.geometry.geom_type.isin(["Polygon", "MultiPolygon"]) & units.geometry.is_valid
    if not usable.all():
        raise GeometryError(
            f"{int((~usable).sum())} units are no valid polygon, the first is {names[~usable].iloc[0]!r}.",
            "Repair them, for example with shapely.make_valid.",
        )
    return units.sort_values(unit_id, kind="stable")


def _table(placed: _Placed, n: int, days: EventDays | None) -> tuple[IntArray, dict[str, Any]]:
    """Return the numbers of the busiest places and their columns."""
    if n < 1:
        raise ParameterError(f"The number of places is {n}.", "Ask for at least 1.")
    here = placed.place >= 0
    counts = np.bincount(placed.place[here], minlength=placed.names.size)
    busiest = np.argsort(-counts, kind="stable")[:n]
    busiest = busiest[counts[busiest] > 0]
    shown, total = counts[busiest], int(counts.sum())
    first, last = _dates(placed, here, days)
    table = {
        "rank": [1 + int(np.count_nonzero(shown > count)) for count in shown],
        "place": placed.names[busiest],
        "count": shown,
        "share": shown / total,
        "cumulative_share": np.cumsum(shown) / total,
        "first": first[busiest],
        "last": last[busiest],
    }
    return busiest, table


def _dates(
    placed: _Placed, here: BoolArray, days: EventDays | None
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
    """Return the first and last date of every place as text, None where it has none."""
    nowhere = np.full(placed.names.size, None, dtype=object)
    if days is None:
        return nowhere, nowhere
    times = instants(days.occurred, days.zone)
    if times.utc.size != here.size:
        raise ParameterError(f"There are {here.size} events but {times.utc.size} times.", "Give one an event.")
    dated = here & times.known
    by_place = pd.Series(times.local_day[dated]).groupby(placed.place[dated])

    def text(day: pd.Series) -> npt.NDArray[np.object_]:
        column = nowhere.copy()
        column[day.index.to_numpy()] = day.to_numpy().astype("datetime64[D]").astype(str).astype(object)
        return column

    return text(by_place.min()), text(by_place.max())


def _with_concentration(
    frame: gpd.GeoDataFrame,
    placed: _Placed,
    parameters: dict[str, Any],
    area_km2: float,
    warnings: tuple[Notice, ...],
) -> TopPlaces:
    """Add how concentrated the events are over all places."""
    here = placed.place >= 0
    spread = concentration(np.bincount(placed.place[here], minlength=placed.names.size))
    outside = int(np.count_nonzero(~here))
    left_out = f" {outside:,} events in no {placed.what} were left out." if outside else ""
    summary = Summary(
        method=f"Top places by {placed.what}",
        parameters=parameters,
        n_used=int(np.count_nonzero(here)),
        excluded={"outside": outside} if outside else {},
        crs=crs_name(frame.crs),
        study_area_km2=area_km2,
        reading=f"{_reading(frame, placed, placed.names.size)} {spread.reading}{left_out}",
        warnings=(*warnings, *_cut_notice(placed, frame)),
    )
    return TopPlaces(frame, spread, summary)


def _cut_notice(placed: _Placed, frame: gpd.GeoDataFrame) -> tuple[Notice, ...]:
    """Warn where places as busy as the last one shown are not shown."""
    counts = np.bincount(placed.place[placed.place >= 0])
    least = int(frame["count"].iloc[-1])
    more = int(np.count_nonzero(counts == least)) - int((frame["count"] == least).sum())
    if not more:
        return ()
    message = (
        f"{more:,} more places have {least:,} events like the last one shown; which of them is shown is arbitrary."
    )
    return (Notice("tie_at_the_end", message),)


def _reading(frame: gpd.GeoDataFrame, placed: _Placed, n_places: int) -> str:
    """Say in plain language what the table shows."""
    used = int(np.count_nonzero(placed.place >= 0))
    return (
        f"The {len(frame):,} busiest of {n_places:,} {placed.what}s hold {frame['cumulative_share'].iloc[-1]:.1%} of "
        f"{used:,} events; the busiest has {int(frame['count'].iloc[0]):,}."
    )
