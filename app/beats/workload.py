"""The workload of areal units: events, residents, or several kinds of work with their weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from sqlalchemy.orm import Session

from analysis.beats.workload import ways_km
from analysis.space_time.aoristic import aoristic_week
from analysis.space_time.hours_of_week import share_in_hours
from app.areal_units.counting import amounts_per_unit, events_per_unit
from app.beats import repository
from app.beats.schemas import EVENT_KINDS, AllocationParameters, WorkloadTerm
from app.database.base import WGS84
from app.errors import InvalidInputError
from app.events import service as events
from app.events.schemas import EventSelection
from app.events.service import EventTimes
from app.municipalities.context import MunicipalityContext
from app.officers import service as officers

EVENTS_COLUMN = "workload"
WEIGHT_OF_WHOLE = 1.0
MEASURED_BY = ("areal_unit", "officer", *events.TABLES.values())
"""Tables of all that residents and work can be measured by."""


@dataclass(frozen=True)
class Workload:
    """Work of each unit.

    Attributes
    ----------
    columns : dict of str to ndarray
        Numbers of each unit, by the name of their column.
    excluded : dict of str to int
        Events that count for no unit, by reason.
    about : dict
        What is told with the result.
    """

    columns: dict[str, npt.NDArray[Any]]
    excluded: dict[str, int]
    about: dict[str, Any]


def workload_columns(parameters: AllocationParameters) -> dict[str, float]:
    """Return the weight of each column of work; none where work is residents."""
    if parameters.workload_terms:
        return {_column(number): term.weight for number, term in enumerate(parameters.workload_terms, start=1)}
    return {EVENTS_COLUMN: WEIGHT_OF_WHOLE} if parameters.workload == "events" else {}


def tables_behind(parameters: AllocationParameters) -> tuple[str, ...]:
    """Return those tables of `MEASURED_BY` whose rows tell the residents and the work of the units of a plan."""
    counted: list[EventSelection] = [term for term in parameters.workload_terms if term.kind in EVENT_KINDS]
    if not parameters.workload_terms and parameters.workload == "events":
        counted = [parameters]
    stations = ["officer"] if any(term.kind == "travel" for term in parameters.workload_terms) else []
    return tuple(dict.fromkeys(("areal_unit", *stations, *(events.TABLES[selected.events] for selected in counted))))


def workload_in_words(parameters: AllocationParameters, period: str | None) -> str:
    """Say what the workload is, for a heading."""
    if parameters.workload_terms:
        return " + ".join(f"{term.weight:g} {_in_words(term)}" for term in parameters.workload_terms)
    return f"{parameters.events}, {period}" if parameters.workload == "events" else "residents"


def read_workload(
    session: Session,
    municipality: MunicipalityContext,
    units: gpd.GeoDataFrame,
    source: int | None,
    parameters: AllocationParameters,
) -> Workload:
    """Read the work of each unit.

    Parameters
    ----------
    session : Session
    municipality : MunicipalityContext
    units : GeoDataFrame
        In the working CRS, with ``residents``.
    source : int or None
        Key of the source of the units.
    parameters : AllocationParameters

    Raises
    ------
    InvalidInputError
        A kind of work names something that is not stored, or that the units do not have.
    """
    about: dict[str, Any] = {"workload": parameters.workload}
    if parameters.workload_terms:
        return _read_terms(session, municipality, units, source, parameters.workload_terms)
    if parameters.workload == "residents":
        return Workload({}, {}, about)
    counts, excluded, period = _count(session, municipality, units, parameters)
    about |= {"events": parameters.events, "period": period, "events_counted": int(counts.sum())}
    return Workload({EVENTS_COLUMN: counts}, excluded, about)


def _read_terms(
    session: Session,
    municipality: MunicipalityContext,
    units: gpd.GeoDataFrame,
    source: int | None,
    terms: tuple[WorkloadTerm, ...],
) -> Workload:
    columns: dict[str, npt.NDArray[Any]] = {}
    excluded: dict[str, int] = {}
    told = []
    amounts: npt.NDArray[Any]
    for number, term in enumerate(terms, start=1):
        about: dict[str, Any] = {"what": _in_words(term), "weight": term.weight}
        match term.kind:
            case "events" | "travel":
                amounts, left_out, about["period"] = _of_events(session, municipality, units, term)
                excluded |= {f"{_column(number)}_{reason}": count for reason, count in left_out.items()}
            case "residents":
                amounts = units["residents"].to_numpy(dtype=np.float64, na_value=np.nan)
            case "area":
                amounts = _areas_km2(units)
            case "attribute":
                amounts = _attribute(session, municipality, source, units, term.attribute or "")
        columns[_column(number)] = amounts
        told.append(about | {"total": float(np.nansum(amounts))})
    return Workload(columns, excluded, {"workload": "several", "workload_terms": told})


def _count(
    session: Session, municipality: MunicipalityContext, units: gpd.GeoDataFrame, selection: EventSelection
) -> tuple[npt.NDArray[np.int64], dict[str, int], str]:
    selected = events.read_events(session, municipality, selection)
    counts, outside = events_per_unit(units, selected.x, selected.y)
    excluded = {f"events_{reason}": count for reason, count in selected.excluded.items()}
    return counts, excluded | ({"events_outside_units": outside} if outside else {}), selected.period


def _of_events(
    session: Session, municipality: MunicipalityContext, units: gpd.GeoDataFrame, term: WorkloadTerm
) -> tuple[npt.NDArray[Any], dict[str, int], str]:
    """Add up events, or the ways to them, as far as they fall into the hours and days asked for."""
    timed = term.hours is not None or bool(term.weekdays)
    if not timed and term.kind == "events":
        return _count(session, municipality, units, term)
    selected = events.read_events(session, municipality, term, with_times=timed)
    excluded = {f"events_{reason}": count for reason, count in selected.excluded.items()}
    weight = np.ones(len(selected.x))
    if timed and selected.times is not None:
        weight, left_out = hour_shares(selected.times, municipality.time_zone, term.hours, term.weekdays)
        excluded |= {f"events_{reason}": count for reason, count in left_out.items()}
    if term.kind == "travel":
        weight = weight * ways_km(selected.x, selected.y, _stations(session, municipality))
    amounts, outside = amounts_per_unit(units, selected.x, selected.y, weight)
    return amounts, excluded | ({"events_outside_units": outside} if outside else {}), selected.period


def hour_shares(
    times: EventTimes, zone: str, hours: tuple[int, int] | None, weekdays: Sequence[str]
) -> tuple[npt.NDArray[np.float64], dict[str, int]]:
    """Return the part of each event that falls into hours and days of the week, and the events that say nothing of it.

    Raises
    ------
    TimePrecisionError, EmptyInputError
        No time is known to the hour.
    """
    spread = aoristic_week(times.begin, times.end, zone=zone, time_precision=times.precision)
    return share_in_hours(spread, hours=hours, weekdays=weekdays), dict(spread.summary.excluded)


def _stations(session: Session, municipality: MunicipalityContext) -> npt.NDArray[np.float64]:
    """Return the places of the stations of the officers that are stored, metres, shape (s, 2)."""
    known = officers.read_officers(session, municipality, None)[["longitude", "latitude"]].dropna().drop_duplicates()
    if not len(known):
        raise InvalidInputError(
            f"{municipality.name} has no officer whose station has a place: travel cannot count as work.",
            "Import officers with the coordinates of their stations, or leave the workload term 'travel' away.",
        )
    places = gpd.GeoSeries.from_xy(known["longitude"], known["latitude"], crs=f"EPSG:{WGS84}")
    metres = places.to_crs(municipality.working_crs)
    return np.column_stack([metres.x.to_numpy(), metres.y.to_numpy()])


def _areas_km2(units: gpd.GeoDataFrame) -> npt.NDArray[np.float64]:
    if (shapely.get_type_id(units.geometry.to_numpy()) == shapely.GeometryType.POINT).any():
        raise InvalidInputError("Units that are points have no area.", "Leave the workload term 'area' away.")
    areas: npt.NDArray[np.float64] = units.area.to_numpy() / 1e6
    return areas


def _attribute(
    session: Session, municipality: MunicipalityContext, source: int | None, units: gpd.GeoDataFrame, name: str
) -> npt.NDArray[np.float64]:
    """Return an attribute as numbers, each unit without one named."""
    stored = repository.read_attribute(session, municipality.id, source, name)
    values: npt.NDArray[np.float64] = pd.to_numeric(pd.Series(stored, dtype=object), errors="coerce").to_numpy(
        np.float64
    )
    bad = np.flatnonzero(~(np.isfinite(values) & (values >= 0)))
    if len(bad) == len(values):
        raise InvalidInputError(
            f"No areal unit has a number in the attribute {name!r}.", "Name an attribute with the amount of work."
        )
    if len(bad):
        unit, value = units["unit_id"].iloc[bad[0]], stored[bad[0]]
        raise InvalidInputError(
            f"Areal unit {unit!r} has {value!r} in the attribute {name!r}; {len(bad)} units have no usable number.",
            "Give every unit a number, zero or more.",
        )
    return values


def _column(number: int) -> str:
    return f"workload_{number}"


def _in_words(term: WorkloadTerm) -> str:
    if term.kind not in EVENT_KINDS:
        return {"residents": "residents", "area": "area, km2"}.get(term.kind, term.attribute or "")
    days = f", {term.period_from or 'begin'} to {term.period_to or 'today'}"
    chosen = f" ({', '.join(term.categories)})" if term.categories else ""
    when = f", {'/'.join(term.weekdays)}" if term.weekdays else ""
    when += f", {term.hours[0]} to {term.hours[1]} h" if term.hours else ""
    what = f"km to {term.events}" if term.kind == "travel" else term.events
    return f"{what}{chosen}{days if term.period_from or term.period_to else ''}{when}"
