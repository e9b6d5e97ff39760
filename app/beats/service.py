"""Use cases of beat plans: draw one as a run, list and read them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from analysis.summary import Notice, Summary
from app.beats import repository
from app.beats.computing import BeatRequest, BeatResult, compute_beats, events_per_unit
from app.beats.schemas import AllocationParameters
from app.database.feature_pages import FeaturePage, FeatureQuery
from app.database.sessions import Database
from app.errors import InvalidInputError, NotFoundError
from app.events import service as events
from app.jobs.handlers import ClaimedRun, ReportProgress, RunResult
from app.municipalities import service as municipalities
from app.municipalities.context import MunicipalityContext

COLLECTION = repository.beats_of()
"""The beats of a plan, as the API document describes them."""
MOST_PLANS = 500


@dataclass(frozen=True)
class _Input:
    units: gpd.GeoDataFrame
    study_area: BaseGeometry
    officers: pd.DataFrame | None
    has_current: bool
    excluded: dict[str, int]
    about: dict[str, Any]
    notices: tuple[Notice, ...]
    fingerprint: str


def execute_allocation(database: Database, run: ClaimedRun, report: ReportProgress) -> RunResult:
    """Do a run of the kind ``beat-allocation``."""
    parameters = AllocationParameters.model_validate(run.parameters)
    report(0.02, "reading units and events")
    with database.transaction() as session:
        municipality = municipalities.find_municipality(session, run.municipality_code)
        found = _read_input(session, municipality, parameters)
    request = BeatRequest(
        residents="residents",
        workload="workload" if parameters.workload == "events" else None,
        hard_boundary="hard_boundary" if parameters.hard_boundary else None,
        unit_id="unit_id",
        current="current_beat" if found.has_current else None,
        min_residents=parameters.min_residents,
        max_residents=parameters.max_residents,
        beats=parameters.beats,
        seed=run.seed or 0,
    )
    computed = compute_beats(
        found.units,
        request,
        officers=found.officers,
        study_area=found.study_area,
        excluded=found.excluded,
        notices=found.notices,
        progress=lambda share, told: report(0.1 + 0.8 * share, told),
    )
    result = dataclasses.replace(computed, summary=_told_by_name(computed.summary, parameters, found))
    report(0.95, f"storing {len(result.frame):,} beats")

    def publish(session: Session) -> dict[str, Any]:
        plan = _new_plan(run, parameters, found, result)
        plan_id, version = repository.insert_plan(session, municipality.id, municipality.time_zone, plan)
        return {"beat_plan_id": plan_id, "beat_plan_version": version}

    figures = {"figures": result.plan.report.to_dict(), **found.about}
    return RunResult({**result.summary.to_dict(), **figures}, found.fingerprint, publish)


def input_fingerprint(session: Session, municipality: MunicipalityContext, parameters: AllocationParameters) -> str:
    """Return the fingerprint that a run with these parameters would have now."""
    return _read_input(session, municipality, parameters).fingerprint


def list_plans(session: Session, municipality: MunicipalityContext) -> list[dict[str, Any]]:
    """Return the plans of the municipality, newest first."""
    return repository.list_plans(session, municipality.id, MOST_PLANS)


def get_plan(session: Session, municipality: MunicipalityContext, plan_id: int) -> dict[str, Any]:
    """Return a plan with its report.

    Raises
    ------
    NotFoundError
        The municipality has no such plan.
    """
    plan = repository.find_plan(session, municipality.id, plan_id)
    if plan is None:
        raise NotFoundError(
            f"{municipality.name} has no beat plan {plan_id}.",
            f"GET /municipalities/{municipality.code}/beat-plans lists those there are.",
        )
    return plan


def plan_of_run(session: Session, municipality: MunicipalityContext, run_id: int) -> int:
    """Return the key of the plan that a run made.

    Raises
    ------
    NotFoundError
        The plan was deleted.
    """
    plan_id = repository.plan_of_run(session, municipality.id, run_id)
    if plan_id is None:
        raise NotFoundError(f"The beat plan of run {run_id} is gone.", "Start a new run.")
    return plan_id


def latest_plan(session: Session, municipality: MunicipalityContext) -> int:
    """Return the key of the newest plan that can be drawn.

    Raises
    ------
    NotFoundError
        There is none.
    """
    plan_id = repository.newest_plan(session, municipality.id)
    if plan_id is None:
        raise NotFoundError(
            f"{municipality.name} has no beat plan.",
            f"POST /municipalities/{municipality.code}/runs with the kind beat-allocation makes one.",
        )
    return plan_id


def beat_features(
    session: Session, municipality: MunicipalityContext, plan_id: int, query: FeatureQuery
) -> FeaturePage:
    """Return the beats of a plan as GeoJSON text."""
    get_plan(session, municipality, plan_id)
    return repository.read_beats_as_geojson(session, municipality.id, plan_id, query)


def beat_frame(session: Session, municipality: MunicipalityContext, plan_id: int) -> gpd.GeoDataFrame:
    """Return the beats of a plan, WGS 84."""
    return repository.read_beats(session, municipality.id, plan_id)


def unit_assignments(session: Session, municipality: MunicipalityContext, plan_id: int) -> pd.DataFrame:
    """Return ``unit_id`` and ``beat_id`` of every unit of a plan."""
    return repository.read_assignments(session, municipality.id, plan_id)


def _new_plan(
    run: ClaimedRun, parameters: AllocationParameters, found: _Input, result: BeatResult
) -> repository.NewPlan:
    officers = found.officers
    keys = {} if officers is None else dict(zip(officers["officer_id"], officers["id"].tolist(), strict=True))
    holders = {} if result.matching is None else result.matching.officer_of_beat
    report = result.report()
    report["summary"] |= found.about
    return repository.NewPlan(
        name=parameters.plan_name,
        min_residents=parameters.min_residents,
        max_residents=parameters.max_residents,
        effective_from=parameters.effective_from,
        run_id=run.id,
        report=report,
        beats=result.frame,
        unit_keys=found.units["id"].to_numpy(),
        beat_of_unit=result.plan.beat_of_unit,
        officer_keys={beat: keys[badge] for beat, badge in holders.items() if badge is not None},
    )


def _told_by_name(summary: Summary, parameters: AllocationParameters, found: _Input) -> Summary:
    """Say what residents, workload, boundary and current plan are, instead of the columns they were put in."""
    period = found.about.get("period")
    told = {
        "residents": f"residents of the areal units ({parameters.units_source or 'the only source'})",
        "workload": f"{parameters.events}, {period}" if parameters.workload == "events" else "residents",
        "hard_boundary": parameters.hard_boundary,
        "current": None if parameters.current_plan_id is None else f"beat plan {parameters.current_plan_id}",
    }
    kept = {name: value for name, value in (summary.parameters | told).items() if value is not None}
    return dataclasses.replace(summary, parameters=kept)


def _read_input(session: Session, municipality: MunicipalityContext, parameters: AllocationParameters) -> _Input:
    plan_id = parameters.current_plan_id
    if plan_id is not None:
        get_plan(session, municipality, plan_id)
    units = _read_units(session, municipality, parameters)
    excluded: dict[str, int] = {}
    about: dict[str, Any] = {"workload": parameters.workload}
    if parameters.workload == "events":
        selected = events.read_events(session, municipality, parameters)
        counts, outside = events_per_unit(units, selected.x, selected.y)
        units = units.assign(workload=counts)
        about |= {"events": parameters.events, "period": selected.period, "events_counted": int(counts.sum())}
        excluded = {f"events_{reason}": count for reason, count in selected.excluded.items()}
        if outside:
            excluded["events_outside_units"] = outside
    officers = _read_officers(session, municipality, plan_id) if parameters.officers else None
    notices = (Notice("no_officers", "No officers are stored: every beat is vacant."),)
    return _Input(
        units=units,
        study_area=events.read_study_area(session, municipality).iloc[0],
        officers=officers if officers is not None and len(officers) else None,
        has_current=plan_id is not None,
        excluded=excluded,
        about=about,
        notices=notices if officers is not None and not len(officers) else (),
        fingerprint=_fingerprint(units, officers),
    )


def _read_units(
    session: Session, municipality: MunicipalityContext, parameters: AllocationParameters
) -> gpd.GeoDataFrame:
    sources = repository.unit_sources(session, municipality.id)
    if not sources:
        raise InvalidInputError(f"{municipality.name} has no areal units.", "Import areal units with residents first.")
    name = parameters.units_source or (next(iter(sources)) if len(sources) == 1 else None)
    if name is None or name not in sources:
        wrong = "of several sources" if name is None else f"not of the source {name!r}"
        raise InvalidInputError(
            f"{municipality.name} has areal units {wrong}.", f"Set units_source to one of: {', '.join(sources)}."
        )
    attribute = parameters.hard_boundary
    units = repository.read_units(session, municipality.id, sources[name], attribute, parameters.current_plan_id)
    if attribute is not None and units["hard_boundary"].isna().all():
        raise InvalidInputError(
            f"No areal unit has the attribute {attribute!r}.", "Name an attribute of the areal units for hard_boundary."
        )
    return units.to_crs(municipality.working_crs)


def _read_officers(session: Session, municipality: MunicipalityContext, plan_id: int | None) -> pd.DataFrame:
    officers = repository.read_officers(session, municipality.id, plan_id)
    places = gpd.GeoSeries.from_xy(
        officers["longitude"].astype(float), officers["latitude"].astype(float), crs="EPSG:4326"
    ).to_crs(municipality.working_crs)
    known = officers["longitude"].notna().to_numpy()
    return officers.assign(station_x=np.where(known, places.x, np.nan), station_y=np.where(known, places.y, np.nan))


def _fingerprint(units: gpd.GeoDataFrame, officers: pd.DataFrame | None) -> str:
    columns = [name for name in ("unit_id", "residents", "workload", "hard_boundary", "current_beat") if name in units]
    parts: list[str | bytes] = [units[columns].to_csv(index=False)]
    parts.extend(shapely.to_wkb(units.geometry.to_numpy()).tolist())
    if officers is not None:
        parts.append(officers.drop(columns="id").to_csv(index=False))
    return events.fingerprint(*parts)
