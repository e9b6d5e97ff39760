"""What drawing beats needs of a municipality: units, workload, the plan in force, officers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from analysis.beats.conditions import Conditions
from analysis.beats.officers import OfficerConditions
from analysis.beats.weights import Weights
from analysis.summary import Notice
from analysis.wording import listed
from app.areal_units import service as areal_units
from app.beats import repository
from app.beats.computing import BeatRequest
from app.beats.schemas import AllocationParameters, OfficerParameters
from app.beats.workload import read_workload, workload_columns
from app.database.base import WGS84
from app.errors import InvalidInputError
from app.events import service as events
from app.municipalities.context import MunicipalityContext
from app.officers import service as officer_records

LANGUAGE_COLUMN = "speakers of "
NO_OFFICERS = Notice("no_officers", "No officers are stored: every beat is vacant.")


@dataclass(frozen=True)
class PlanInput:
    """What enters a plan.

    Attributes
    ----------
    units : GeoDataFrame
        ``id, unit_id, residents`` and, where asked for, columns of workload, ``hard_boundary``, ``current_beat`` and
        one column for each language, in the working CRS.
    study_area : Polygon or MultiPolygon
    officers : DataFrame or None
        None where none are asked for or stored.
    excluded : dict of str to int
    about : dict
        What is told with the result: the kind of workload, its period and number.
    notices : tuple of Notice
    fingerprint : str
    """

    units: gpd.GeoDataFrame
    study_area: BaseGeometry
    officers: pd.DataFrame | None
    excluded: dict[str, int]
    about: dict[str, Any]
    notices: tuple[Notice, ...]
    fingerprint: str


def read_input(session: Session, municipality: MunicipalityContext, parameters: AllocationParameters) -> PlanInput:
    """Read what a plan with these parameters is drawn from.

    Raises
    ------
    InvalidInputError
        There are no units, or a parameter names something that is not stored.
    """
    source = areal_units.find_source(session, municipality, parameters.units_source)
    units = _read_units(session, municipality, source, parameters)
    work = read_workload(session, municipality, units, source, parameters)
    units = units.assign(**work.columns)
    officers = read_officers(session, municipality, parameters.current_plan_id) if parameters.officers else None
    return PlanInput(
        units=units,
        study_area=events.read_study_area(session, municipality).iloc[0],
        officers=officers if officers is not None and len(officers) else None,
        excluded=work.excluded,
        about=work.about,
        notices=() if officers is None else officer_notices(officers),
        fingerprint=_fingerprint(units, officers),
    )


def request_of(parameters: AllocationParameters, municipality: MunicipalityContext, seed: int) -> BeatRequest:
    """Return parameters as the columns and conditions that `read_input` made of them."""
    asked = parameters.conditions
    lines = gpd.GeoSeries(
        [shapely.LineString(line.coordinates) for line in asked.barriers], crs=f"EPSG:{WGS84}"
    ).to_crs(municipality.working_crs)
    weights = Weights(min_max=parameters.min_max, continuity=getattr(parameters, "continuity", Weights.continuity))
    return BeatRequest(
        residents="residents",
        workload=workload_columns(parameters) or None,
        hard_boundary="hard_boundary" if parameters.hard_boundary else None,
        unit_id="unit_id",
        current="current_beat" if parameters.current_plan_id is not None else None,
        min_residents=parameters.min_residents,
        max_residents=parameters.max_residents,
        beats=parameters.beats,
        snap_m=parameters.snap_m,
        min_shared_m=parameters.min_shared_m,
        seed=seed,
        method=getattr(parameters, "method", "full"),
        conditions=Conditions(
            bridges=asked.bridges,
            forbidden=asked.forbidden_borders,
            barriers=tuple(lines),
            locked_units=asked.locked_units,
            locked_beats=asked.locked_beats,
        ),
        weights=weights.with_evenness(parameters.evenness),
        time_budget_s=parameters.time_budget_s,
        officer_conditions=officer_conditions(parameters.officer_conditions),
        languages={language: f"{LANGUAGE_COLUMN}{language}" for language in parameters.officer_conditions.languages},
        as_of=parameters.officer_conditions.as_of,
    )


def officer_conditions(asked: OfficerParameters) -> OfficerConditions:
    """Return the conditions of an assignment as the analysis takes them."""
    return OfficerConditions(
        forbidden=asked.forbidden, locked=asked.fixed, max_travel_km=asked.max_travel_km, several=asked.several
    )


def _read_units(
    session: Session, municipality: MunicipalityContext, source: int | None, parameters: AllocationParameters
) -> gpd.GeoDataFrame:
    attribute = parameters.hard_boundary
    units = repository.read_units(session, municipality.id, source, attribute, parameters.current_plan_id)
    if attribute is not None and units["hard_boundary"].isna().all():
        raise InvalidInputError(
            f"No areal unit has the attribute {attribute!r}.", "Name an attribute of the areal units for hard_boundary."
        )
    for language, name in parameters.officer_conditions.languages.items():
        speakers = repository.read_attribute(session, municipality.id, source, name)
        units[f"{LANGUAGE_COLUMN}{language}"] = pd.to_numeric(pd.Series(speakers, dtype=object), errors="coerce")
        if units[f"{LANGUAGE_COLUMN}{language}"].isna().all():
            raise InvalidInputError(
                f"No areal unit has a number in the attribute {name!r}.",
                f"Name the attribute of those who speak {language}.",
            )
    return units.to_crs(municipality.working_crs)


def read_officers(session: Session, municipality: MunicipalityContext, plan_id: int | None) -> pd.DataFrame:
    """Return the officers with their stations in metres and their beat in a plan."""
    officers = officer_records.read_officers(session, municipality, plan_id)
    places = gpd.GeoSeries.from_xy(
        officers["longitude"].astype(float), officers["latitude"].astype(float), crs=f"EPSG:{WGS84}"
    ).to_crs(municipality.working_crs)
    known = officers["longitude"].notna().to_numpy()
    return officers.assign(station_x=np.where(known, places.x, np.nan), station_y=np.where(known, places.y, np.nan))


def officer_notices(officers: pd.DataFrame) -> tuple[Notice, ...]:
    """Return what a careful reader must know of the officers that are stored.

    Parameters
    ----------
    officers : DataFrame
        ``officer_id, station, longitude``.
    """
    if not len(officers):
        return (NO_OFFICERS,)
    lost = officers[officers["station"].notna() & officers["longitude"].isna()]
    if not len(lost):
        return ()
    named = listed([f"{row.officer_id} ({row.station})" for row in lost.itertuples()])
    told = (
        f"No place is known of the station of {named}: their way to work does not count. One officer of each station "
        "with its coordinates is enough."
    )
    return (Notice("stations_without_place", told),)


def _fingerprint(units: gpd.GeoDataFrame, officers: pd.DataFrame | None) -> str:
    columns = [name for name in units.columns if name not in ("id", units.geometry.name)]
    parts: list[str | bytes] = [units[columns].to_csv(index=False)]
    parts.extend(shapely.to_wkb(units.geometry.to_numpy()).tolist())
    if officers is not None:
        parts.append(officers.drop(columns="id").to_csv(index=False))
    return events.fingerprint(*parts)
