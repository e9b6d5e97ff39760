"""The work that the events of a file make for areal units: their number, or the ways to them, at some hours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from analysis.beats.workload import ways_km
from app.analyses.from_files import EventFiles, event_times
from app.areal_units.counting import amounts_per_unit
from app.beats.officer_files import read_stations
from app.beats.schemas import Weekday
from app.beats.workload import hour_shares
from app.errors import InvalidInputError
from app.files.columns import require_column
from app.files.delimited import Dialect
from app.files.reading import Features, read_features

EVENTS_TERM = "events"
"""Workload term: events of a file, counted by unit."""
TRAVEL_TERM = "travel_km"
"""Workload term: kilometres from the nearest station to these events."""


@dataclass(frozen=True)
class CountedEvents:
    """Which events of a file make work.

    Attributes
    ----------
    path : Path
    where : tuple of str
        ``COL=VALUE``: only events with the value; of one column several may be given.
    hours : str or None
        ``22-6``: only the part of each event within these hours of the local day.
    weekdays : str or None
        ``fri,sat``: only the part of each event on these days.
    time, time_to : str or None
        Columns of the earliest and latest possible time; found by name when absent.
    time_zone : str or None
        IANA name; needed for hours and days.
    stations : Path or None
        Table of stations that officers travel from.
    """

    path: Path
    where: tuple[str, ...] = ()
    hours: str | None = None
    weekdays: str | None = None
    time: str | None = None
    time_to: str | None = None
    time_zone: str | None = None
    stations: Path | None = None


@dataclass(frozen=True)
class EventWork:
    """Work of each unit by its term, and the events that count for none, by reason."""

    columns: dict[str, npt.NDArray[np.float64]]
    excluded: dict[str, int]


def event_work(units: gpd.GeoDataFrame, file: CountedEvents, terms: Sequence[str]) -> EventWork:
    """Add up the events of a file by unit, and the ways to them where that term is asked for.

    Parameters
    ----------
    units : GeoDataFrame
        In metres.
    file : CountedEvents
    terms : sequence of str
        Workload terms of the request.

    Raises
    ------
    KvartError, AnalysisError
        The file cannot be used, names no such column or value, or carries no times although hours are asked for.
    """
    found = read_features(file.path, working_crs=units.crs, expect="points", dialect=Dialect())
    events = rows_where(found, file.where, file.path.name)
    x, y = events.geometry.x.to_numpy(), events.geometry.y.to_numpy()
    weight, excluded = _weights(events, file)
    counts, outside = amounts_per_unit(units, x, y, weight)
    columns = {EVENTS_TERM: counts}
    if TRAVEL_TERM in terms:
        if file.stations is None:
            raise InvalidInputError(f"The workload {TRAVEL_TERM} needs stations.", "Name their table with --stations.")
        places = read_stations(file.stations, units.crs)[["x", "y"]].to_numpy(np.float64)
        columns[TRAVEL_TERM], _ = amounts_per_unit(units, x, y, weight * ways_km(x, y, places))
    return EventWork(columns, excluded | ({"events_outside_units": outside} if outside else {}))


def rows_where(found: Features, conditions: Sequence[str], name: str) -> gpd.GeoDataFrame:
    """Return the rows that have the values asked for; of one column any of several.

    Raises
    ------
    InvalidInputError
        A condition is no ``COL=VALUE``, or no row meets it.
    """
    wanted: dict[str, set[str]] = {}
    for condition in conditions:
        column, sign, value = condition.partition("=")
        if not sign:
            raise InvalidInputError(f"{condition!r} is no COL=VALUE.", "For example category=burglary.")
        require_column(column.strip(), list(found.frame.columns), where=name)
        wanted.setdefault(column.strip(), set()).add(value.strip())
    kept = np.ones(len(found.frame), np.bool_)
    for column, values in wanted.items():
        kept &= found.frame[column].astype(str).isin(values).to_numpy()
    if not kept.any():
        raise InvalidInputError(f"No row of {name} meets {', '.join(conditions)}.", "Check the values.")
    return found.frame[kept]


def _weights(events: gpd.GeoDataFrame, file: CountedEvents) -> tuple[npt.NDArray[np.float64], dict[str, int]]:
    """Return what each event counts: 1, or its part within the hours and days asked for."""
    hours, weekdays = _hours(file.hours), _weekdays(file.weekdays)
    if hours is None and not weekdays:
        return np.ones(len(events)), {}
    if file.time_zone is None:
        raise InvalidInputError("Hours and days need the zone of local times.", "Give --time-zone Europe/Riga.")
    named = EventFiles(file.path, time=file.time, time_to=file.time_to)
    times, _ = event_times(events, named, file.time_zone)
    shares, excluded = hour_shares(times, file.time_zone, hours, weekdays)
    return shares, {f"events_{reason}": count for reason, count in excluded.items()}


def _hours(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    parts = text.split("-")
    if len(parts) != 2 or not all(part.strip().isdigit() for part in parts):
        raise InvalidInputError(f"--count-hours {text!r} is no part of the day.", "Write it as 22-6.")
    return int(parts[0]), int(parts[1])


def _weekdays(text: str | None) -> tuple[Any, ...]:
    days = tuple(day.strip().lower()[:3] for day in (text or "").split(",") if day.strip())
    known = get_args(Weekday)
    unknown = [day for day in days if day not in known]
    if unknown:
        raise InvalidInputError(f"--count-weekdays: there is no day {unknown[0]!r}.", f"Days are: {', '.join(known)}.")
    return days
