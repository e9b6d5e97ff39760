"""What an analysis gets and what it gives: events from anywhere, a file or the database."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from analysis.errors import ParameterError, TimePrecisionError, UnitsError
from analysis.grids.cell_grid import CellCounts
from analysis.grids.square import SquareGrid
from analysis.places.point_mass import point_masses
from analysis.projection import crs_name
from analysis.space_time.dated_events import DatedEvents, dated_events
from analysis.summary import Notice, Summary, figure
from app.events.service import EventTimes, told_period

DAYS_OF_YEAR = 365.25


@dataclass(frozen=True)
class Counted:
    """Events that the database has counted in the cells of a grid.

    Attributes
    ----------
    grid : SquareGrid
    cells : CellCounts
    rule : dict of str to str
        Why the cells are as large as they are, where nobody chose.
    """

    grid: SquareGrid
    cells: CellCounts
    rule: dict[str, str]


@dataclass(frozen=True)
class TownLayers:
    """What the town knows besides events, in the working CRS; None where an analysis does not ask for it.

    Attributes
    ----------
    lamps : GeoDataFrame or None
        Points with ``lamp``, their key.
    outages : DataFrame or None
        ``lamp, out_from, out_to`` (null: still out).
    fixes : GeoDataFrame or None
        ``fix, title, kind, status, owner, cost, started_on, ended_on, bundle, bundle_title``.
    zones : GeoDataFrame or None
        Danger zones that are not rejected or duplicates: ``zone, category, status, reporters``.
    voices : GeoDataFrame or None
        A point for each distinct reporter of each zone or place: ``category``.
    beats : GeoDataFrame or None
        ``beat``.
    others : mapping of str to ndarray of float64, shape (n, 2)
        Places of further events.
    """

    lamps: gpd.GeoDataFrame | None = None
    outages: pd.DataFrame | None = None
    fixes: gpd.GeoDataFrame | None = None
    zones: gpd.GeoDataFrame | None = None
    voices: gpd.GeoDataFrame | None = None
    beats: gpd.GeoDataFrame | None = None
    others: Mapping[str, npt.NDArray[np.float64]] = field(default_factory=dict)

    @property
    def frames(self) -> tuple[pd.DataFrame, ...]:
        """The layers and tables that were read."""
        read = (self.lamps, self.outages, self.fixes, self.zones, self.voices, self.beats)
        return tuple(frame for frame in read if frame is not None)


@dataclass(frozen=True)
class AnalysisInput:
    """Events, where to look at them, and what else an analysis may ask for.

    Attributes
    ----------
    x, y : ndarray of float64, shape (n,)
        Metres in ``crs``; empty where the events are ``counted``.
    crs : Any
        Working CRS: projected, metres.
    study_area : Polygon or MultiPolygon or None
        In ``crs``; None takes the bounding rectangle of the events.
    zone : str
        IANA name of the local time zone.
    times : EventTimes or None
    weights : ndarray of float64, shape (n,), or None
        What an event counts for; 1 each where there are none.
    weighed_by : str
        What the weights are, for people.
    units : GeoDataFrame or None
        Areal units in ``crs`` with ``unit_id`` and ``residents``.
    streets : GeoDataFrame or None
        Lines in ``crs``.
    base : AnalysisInput or None
        Second layer of events.
    town : TownLayers
        Lamps, fixes, danger zones and the like, where they are asked for.
    counted : Counted or None
        Counts instead of events.
    first_day, last_day : date or None
        Period, both days included.
    excluded : dict of str to int
        Events left out already, by reason.
    notices : tuple of Notice
        What a careful reader must know of the input.
    """

    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    crs: Any
    study_area: BaseGeometry | None
    zone: str = "UTC"
    times: EventTimes | None = None
    weights: npt.NDArray[np.float64] | None = None
    weighed_by: str = ""
    units: gpd.GeoDataFrame | None = None
    streets: gpd.GeoDataFrame | None = None
    base: AnalysisInput | None = None
    town: TownLayers = field(default_factory=TownLayers)
    counted: Counted | None = None
    first_day: date | None = None
    last_day: date | None = None
    excluded: dict[str, int] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()

    def among(self, kept: npt.NDArray[np.bool_], reason: str, *notices: Notice) -> AnalysisInput:
        """Return the input with some of the events; the others are excluded for a reason."""
        left_out = int((~kept).sum())
        if not left_out:
            return self
        return dataclasses.replace(
            self,
            x=self.x[kept],
            y=self.y[kept],
            times=None if self.times is None else self.times.of(kept),
            weights=None if self.weights is None else self.weights[kept],
            excluded={**self.excluded, reason: self.excluded.get(reason, 0) + left_out},
            notices=(*self.notices, *notices),
        )

    def with_excluded(self, excluded: dict[str, int], *notices: Notice) -> AnalysisInput:
        """Return the input with more events left out, by reason, which the analysis sorted out itself."""
        merged = dict(self.excluded)
        for reason, count in excluded.items():
            if count:
                merged[reason] = merged.get(reason, 0) + count
        return dataclasses.replace(self, excluded=merged, notices=(*self.notices, *notices))

    def without_point_masses(self) -> AnalysisInput:
        """Return the input without the coordinates that hold an implausible share of the events."""
        masses = point_masses(self.x, self.y)
        keep = np.ones(len(self.x), dtype=bool)
        for mass in masses:
            keep &= (self.x != mass.x) | (self.y != mass.y)
        places = "; ".join(f"{mass.n:,} at {mass.x:,.0f}, {mass.y:,.0f}" for mass in masses)
        notice = Notice("point_mass_excluded", f"Events on {len(masses)} point(s) were left out: {places}.")
        return self.among(keep, "point_mass", notice)

    def in_study_area(self) -> AnalysisInput:
        """Return the input without the events that lie outside the study area, if there is one."""
        if self.study_area is None:
            return self
        shapely.prepare(self.study_area)
        return self.among(shapely.intersects_xy(self.study_area, self.x, self.y), "outside")

    def event_times(self) -> EventTimes:
        """Return when the events happened.

        Raises
        ------
        TimePrecisionError
            The events carry no times.
        """
        if self.times is None:
            raise TimePrecisionError(
                "The events carry no times.", "Name the column of times, or import events with one."
            )
        return self.times

    def dated(self, precision: Literal["day", "month"] = "day") -> DatedEvents:
        """Return the events with their local days; for windows the earliest possible moment counts.

        Raises
        ------
        AnalysisError
            See `analysis.space_time.dated_events.dated_events`.
        """
        times = self.event_times()
        return dated_events(
            self.x,
            self.y,
            times.begin,
            crs=self.crs,
            zone=self.zone,
            time_precision=times.precision,
            precision=precision,
        )

    @property
    def period(self) -> str:
        """The period for a heading, for example ``"2023-01-01 to 2024-12-31"``."""
        return told_period(self.first_day, self.last_day)

    def years(self) -> float:
        """Return the length of the period, years.

        Raises
        ------
        ParameterError
            It is not known.
        """
        if self.first_day is None or self.last_day is None:
            raise ParameterError("The period of the events is not known.", "Leave per_year out, or give the period.")
        return ((self.last_day - self.first_day).days + 1) / DAYS_OF_YEAR

    def known_units(self) -> gpd.GeoDataFrame:
        """Return the areal units.

        Raises
        ------
        UnitsError
            There are none.
        """
        if self.units is None or self.units.empty:
            raise UnitsError("This analysis needs areal units.", "Give a layer of areal units.")
        return self.units

    def known_streets(self) -> gpd.GeoDataFrame:
        """Return the streets.

        Raises
        ------
        UnitsError
            There are none.
        """
        if self.streets is None or self.streets.empty:
            raise UnitsError("This analysis needs streets.", "Give a layer of street lines.")
        return self.streets

    def of_result(self, summary: Summary, **more: Any) -> Summary:
        """Return the summary of a result with what is known of its input."""
        return dataclasses.replace(
            summary,
            crs=summary.crs or crs_name(self.crs),
            excluded=self.with_excluded(summary.excluded).excluded,
            parameters={**summary.parameters, **more},
            study_area_km2=summary.study_area_km2 or (self.study_area.area / 1e6 if self.study_area else 0.0),
            warnings=(*self.notices, *self._weighed(), *summary.warnings),
        )

    def _weighed(self) -> tuple[Notice, ...]:
        """Return what a reader of figures must know where events do not count for one each."""
        if self.weights is None:
            return ()
        told = f"{self.weights.size:,} events count for {figure(float(self.weights.sum()))} together"
        return (Notice("weighted_events", f"Each event counts for {self.weighed_by}: {told}."),)


@dataclass(frozen=True)
class Layer:
    """Features of a result.

    Attributes
    ----------
    name : str
        ``density`` and ``hot-spots`` are stored as cells, every other name as features.
    frame : GeoDataFrame
        In the working CRS.
    exact_places : bool
        Whether its geometry tells where single events happened.
    """

    name: str
    frame: gpd.GeoDataFrame
    exact_places: bool = False


@dataclass(frozen=True)
class AnalysisResult:
    """What an analysis gives.

    Attributes
    ----------
    summary : Summary
    layers : tuple of Layer
        The first is the one that maps and lists show.
    tables : dict of str to DataFrame
        Tables and series, small.
    figures : dict
        Further figures for the summary, JSON-ready.
    """

    summary: Summary
    layers: tuple[Layer, ...] = ()
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
