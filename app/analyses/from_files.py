"""Events, areal units and streets of files, as the analyses take them, without a database."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.errors import TimePrecisionError
from analysis.summary import Notice
from app.analyses.inputs import AnalysisInput
from app.analyses.parameters.area import AreaParameters, Needs
from app.errors import InvalidInputError
from app.events.service import EventTimes
from app.files.areas import read_study_area
from app.files.columns import find_by_synonym, listed, require_column
from app.files.delimited import Dialect
from app.files.reading import Features, read_features
from app.ingest.columns_of_times import read_times

TIME_NAMES = ("occurredfrom", "occurred(at|on)?", "reported(at|on)?", "from", "(date)?time", "date")
TIME_TO_NAMES = ("occurredto",)
UNIT_NAMES = ("unitid", "id", "code")
RESIDENTS_NAMES = ("residents", "population", "pop")


@dataclass(frozen=True)
class EventFiles:
    """Which files hold what an analysis reads.

    Attributes
    ----------
    points : Path
        Events, of any readable format.
    where : tuple of str
        ``COL=VALUE``: only rows with the value; of one column several may be given.
    study_area : Path or None
        Areas whose union is looked at.
    crs, working_crs : str or None
        CRS of the coordinate columns, and CRS to work in.
    x, y : str or None
        Coordinate columns; found by name when absent.
    time, time_to : str or None
        Columns of the earliest and latest possible time; found by name when absent.
    time_zone : str or None
        IANA name; that of the study area's column ``time_zone`` when absent.
    time_precision : str or None
        Where times are coarser than they look.
    weights : str or None
        Column of what an event counts for.
    dialect : Dialect
        How a text file of events is written.
    units, streets, base : Path or None
        Areal units, street lines, and the other events.
    residents : str or None
        Column of the residents of the units.
    base_where : tuple of str
        Rows of the other events, like `where`.
    """

    points: Path
    where: tuple[str, ...] = ()
    study_area: Path | None = None
    crs: str | None = None
    working_crs: str | None = None
    x: str | None = None
    y: str | None = None
    time: str | None = None
    time_to: str | None = None
    time_zone: str | None = None
    time_precision: str | None = None
    weights: str | None = None
    dialect: Dialect = field(default_factory=Dialect)
    units: Path | None = None
    residents: str | None = None
    streets: Path | None = None
    base: Path | None = None
    base_where: tuple[str, ...] = ()


def read_input(
    files: EventFiles, needs: Needs, parameters: AreaParameters
) -> tuple[AnalysisInput, gpd.GeoDataFrame | None]:
    """Return what an analysis gets, and the study area as one row.

    Parameters
    ----------
    files : EventFiles
    needs : Needs
        Times, units, streets and other events are read only where they are needed (times also where they are named).
    parameters : AreaParameters
        Period and point masses.

    Raises
    ------
    KvartError, AnalysisError
        A file cannot be used.
    """
    events = _read_points(files)
    crs = events.frame.crs
    area = None if files.study_area is None else read_study_area(files.study_area, crs)
    by_time = needs.times or parameters.period_from is not None or parameters.period_to is not None
    named = files.time is not None or getattr(parameters, "per_year", False)
    zone = _zone(files, needed=by_time or named) if by_time or named else "UTC"
    found = _of_events(events, files, crs, area, zone=zone if by_time or named else None)
    found = _in_period(found, parameters)
    if needs.clipped:
        found = found.in_study_area()
    if parameters.exclude_point_masses:
        found = found.without_point_masses()
    more: dict[str, Any] = {}
    if needs.units:
        more["units"] = _read_units(files, crs)
    if needs.streets:
        more["streets"] = _read_streets(files, crs)
    if needs.base is not None:
        other = dataclasses.replace(
            files, points=files.base or files.points, where=files.base_where, working_crs=str(crs)
        )
        more["base"] = _of_events(_read_points(other), other, crs, area, zone=None)
    return dataclasses.replace(found, **more), area


def _read_points(files: EventFiles) -> Features:
    """Return the rows that are asked for."""
    events = read_features(
        files.points, crs=files.crs, x=files.x, y=files.y, working_crs=files.working_crs, dialect=files.dialect
    )  # fmt: skip
    wanted: dict[str, list[str]] = {}
    for condition in files.where:
        column, equals, value = condition.partition("=")
        if not equals:
            raise InvalidInputError(
                f"{condition!r} is no condition.", "Write COLUMN=VALUE, for example category=Burglary."
            )
        wanted.setdefault(require_column(column, list(events.frame.columns), where=files.points.name), []).append(value)
    kept = np.ones(len(events.frame), dtype=bool)
    for column, values in wanted.items():
        kept &= events.frame[column].astype(str).isin(values).to_numpy()
    if not kept.any():
        column, values = next(iter(wanted.items()))
        there = listed(sorted(events.frame[column].dropna().astype(str).unique()))
        raise InvalidInputError(
            f"{files.points.name}: no row has {column} = {' or '.join(values)}.", f"There are: {there}."
        )
    return dataclasses.replace(events, frame=events.frame[kept].reset_index(drop=True))


def _of_events(
    events: Features, files: EventFiles, crs: Any, area: gpd.GeoDataFrame | None, *, zone: str | None
) -> AnalysisInput:
    frame = events.frame
    times, notices = (None, ()) if zone is None else event_times(frame, files, zone)
    first, last = _period(times, zone)
    return AnalysisInput(
        x=frame.geometry.x.to_numpy(),
        y=frame.geometry.y.to_numpy(),
        crs=crs,
        study_area=None if area is None else area.geometry.iloc[0],
        zone=zone or "UTC",
        times=times,
        weights=_weights(frame, files),
        weighed_by=f"what the column {files.weights!r} says" if files.weights else "",
        first_day=first,
        last_day=last,
        excluded=dict(events.excluded),
        notices=(*events.notices, *notices),
    )


def event_times(frame: gpd.GeoDataFrame, files: EventFiles, zone: str) -> tuple[EventTimes, tuple[Notice, ...]]:
    """Return the times of the events of a file, and what a careful reader must know of them.

    Parameters
    ----------
    frame : GeoDataFrame
        Events as they were read.
    files : EventFiles
        Which columns hold their times.
    zone : str
        IANA name of the zone of local times.

    Raises
    ------
    TimePrecisionError
        No column of times is named or known by its name.
    InvalidInputError
        A column does not exist, or its days and months cannot be told apart.
    """
    columns = list(frame.columns)
    begin = files.time or find_by_synonym(columns, TIME_NAMES)
    if begin is None:
        raise TimePrecisionError(
            f"{files.points.name} has no column of times that is known by its name.",
            f"Name it with --time. Its columns are: {listed(columns)}.",
        )
    end = files.time_to or find_by_synonym(columns, TIME_TO_NAMES)
    names = [require_column(name, columns, where=files.points.name) for name in (begin, end) if name]
    read = [read_times(frame[name], zone, column=name, precision=files.time_precision) for name in names]
    first = read[0]
    latest = first.moments if len(read) == 1 else read[1].moments
    unreadable = sum(column.unreadable for column in read)
    notice = Notice("unreadable_times", f"{unreadable:,} times cannot be read and count as not known.")
    return EventTimes(first.moments, latest, first.precision), (notice,) if unreadable else ()


def _period(times: EventTimes | None, zone: str | None) -> tuple[date | None, date | None]:
    if times is None or times.begin.isna().all():
        return None, None
    local = times.begin.tz_convert(zone)
    return local.min().date(), local.max().date()


def _in_period(found: AnalysisInput, parameters: AreaParameters) -> AnalysisInput:
    first, last = parameters.period_from, parameters.period_to
    if first is None and last is None:
        return found
    begin = found.event_times().begin
    known = ~begin.isna()
    kept = np.asarray(known)
    if first is not None:
        kept = kept & np.asarray(begin >= pd.Timestamp(first, tz=found.zone))
    if last is not None:
        kept = kept & np.asarray(begin < pd.Timestamp(last + timedelta(days=1), tz=found.zone))
    if not kept.any():
        raise InvalidInputError(
            "No event lies in the period.", f"The events are from {found.first_day} to {found.last_day}."
        )
    chosen = found.among(kept, "other_period")
    return dataclasses.replace(chosen, first_day=first or found.first_day, last_day=last or found.last_day)


def _weights(frame: gpd.GeoDataFrame, files: EventFiles) -> npt.NDArray[np.float64] | None:
    if files.weights is None:
        return None
    column = require_column(files.weights, list(frame.columns), where=files.points.name)
    values = pd.to_numeric(frame[column], errors="coerce").to_numpy(dtype=float)
    if not np.isfinite(values).all():
        raise InvalidInputError(
            f"{files.points.name}: {int((~np.isfinite(values)).sum()):,} rows have no number in {column!r}.",
            "Every event needs a weight; leave out those without.",
        )
    return np.asarray(values)


def _zone(files: EventFiles, *, needed: bool) -> str:
    """Return the zone of local times: as given, or as the study area says."""
    if files.time_zone is not None:
        return files.time_zone
    if files.study_area is not None:
        areas = read_features(files.study_area, expect="area").frame
        column = find_by_synonym(areas.columns, ("timezone", "tz"))
        if column is not None and areas[column].nunique() == 1 and areas[column].notna().all():
            return str(areas[column].iloc[0])
    if needed:
        raise InvalidInputError(
            "The time zone of the events is not known.",
            "Give it with --time-zone, for example --time-zone Europe/Riga.",
        )
    return "UTC"


def _read_units(files: EventFiles, crs: Any) -> gpd.GeoDataFrame:
    if files.units is None:
        raise InvalidInputError("This analysis needs areal units.", "Give a layer of them with --areal-units.")
    frame = read_features(files.units, working_crs=crs, expect="units").frame
    columns = list(frame.columns)
    identifier = find_by_synonym(columns, UNIT_NAMES)
    residents = files.residents or find_by_synonym(columns, RESIDENTS_NAMES)
    people = pd.Series(pd.NA, index=frame.index, dtype="Float64")
    if residents is not None:
        people = pd.to_numeric(frame[require_column(residents, columns, where=files.units.name)], errors="coerce")
    names = frame[identifier] if identifier is not None else pd.Series(range(1, len(frame) + 1))
    return gpd.GeoDataFrame(
        {"unit_id": names.astype(str), "residents": people.astype("Float64")}, geometry=frame.geometry, crs=crs
    )


def _read_streets(files: EventFiles, crs: Any) -> gpd.GeoDataFrame:
    if files.streets is None:
        raise InvalidInputError("This analysis needs streets.", "Give their lines with --streets.")
    frame = read_features(files.streets, working_crs=crs, expect="lines").frame
    kept: Sequence[str] = [name for name in ("name", "lit", "geometry") if name in frame.columns]
    return frame[list(kept)]
