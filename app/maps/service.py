"""Gathers what a map document shows: the result of a run, and what the municipality has around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
from sqlalchemy.orm import Session

from analysis.summary import Notice
from app.analyses.kinds import ANALYSES
from app.analyses.stored import stored_layers
from app.beats import service as beats
from app.beats.changes import with_changes
from app.beats.computing import reasons_by_beat
from app.beats.schemas import PLAN_KINDS
from app.errors import NotFoundError
from app.events import service as events
from app.hot_spots import service as hot_spots
from app.maps import repository
from app.maps.context import Assets, MapContext
from app.maps.documents import beat_map, lighting_map
from app.maps.formatting import mapped_units
from app.maps.results import result_map
from app.maps.topics import Topic, latest_run_of
from app.municipalities.context import MunicipalityContext
from app.plans import measuring
from app.runs import service as runs
from app.runs.service import AnalysisRun
from app.settings import MapSettings

PLAN_UNITS = "residents per beat"


@dataclass(frozen=True)
class Frame:
    """How a document is delivered.

    Attributes
    ----------
    settings : MapSettings
        Basemap and handling mark.
    assets : {"linked", "embedded"}
        Served by us, or everything inside one file.
    nonce : str or None
        Nonce of the answer's Content-Security-Policy.
    """

    settings: MapSettings
    assets: Assets = "linked"
    nonce: str | None = None


def run_map(session: Session, municipality: MunicipalityContext, run: AnalysisRun, frame: Frame) -> str:
    """Return the map of the result of a run.

    Raises
    ------
    NotFoundError
        Its kind has no map.
    """
    if run.kind in PLAN_KINDS:
        return plan_map(session, municipality, beats.plan_of_run(session, municipality, run.id), frame)
    layers = stored_layers(session, municipality, run)
    if not layers:
        hint = "Its charts and tables show it." if run.kind in ANALYSES else "Its summary says what it did."
        raise NotFoundError(f"Run {run.id} has no map: its kind is {run.kind}.", hint)
    return result_map(
        layers, _run_context(session, municipality, run, frame), statistic=run.parameters.get("statistic")
    )


def latest_map(session: Session, municipality: MunicipalityContext, topic: Topic, frame: Frame) -> str:
    """Return the newest map of a topic.

    Raises
    ------
    NotFoundError
        There is nothing to draw yet.
    """
    if topic == "beats":
        return plan_map(session, municipality, beats.latest_plan(session, municipality), frame)
    run = latest_run_of(session, municipality, topic)
    return _lighting_map(session, municipality, frame) if run is None else run_map(session, municipality, run, frame)


def _run_context(session: Session, municipality: MunicipalityContext, run: AnalysisRun, frame: Frame) -> MapContext:
    summary = run.summary or {}
    heading = ANALYSES[run.kind].heading(run.parameters.get("categories", []), summary.get("events", "incidents"))
    return _context(
        session, municipality, frame, summary,
        title=f"{heading}, {municipality.name}",
        units=mapped_units(summary.get("parameters", {}), ANALYSES[run.kind].units),
        run_id=str(run.id),
        source=_source(session, municipality, run.parameters),
    )  # fmt: skip


def plan_map(
    session: Session, municipality: MunicipalityContext, plan_id: int, frame: Frame, before: int | None = None
) -> str:
    """Return the map of a plan: its beats, why they are not as asked for, and who changes beat.

    Parameters
    ----------
    session : Session
    municipality : MunicipalityContext
    plan_id : int
    frame : Frame
    before : int, optional
        Plan to compare it with; by default the one that it was drawn from.

    Raises
    ------
    NotFoundError
        The municipality has no such plan.
    InvalidInputError
        The plans divide different units.
    """
    plan = beats.get_plan(session, municipality, plan_id)
    report = plan["report"] or {}
    bounds = {"min_residents": plan["min_residents"], "max_residents": plan["max_residents"]}
    context = _context(
        session, municipality, frame, report.get("summary") or {"parameters": bounds},
        title=f"{plan['name']}, version {plan['version']} ({plan['status']}), {municipality.name}",
        units=PLAN_UNITS,
        run_id="" if plan["run_id"] is None else str(plan["run_id"]),
        source="areal units with residents, and the events that count as workload",
    )  # fmt: skip
    drawn, moved = _with_moved(session, municipality, plan, before)
    return beat_map(drawn, context, reasons=reasons_by_beat(report.get("reasons", ())), moved=moved)


def _with_moved(
    session: Session, municipality: MunicipalityContext, plan: dict[str, Any], before: int | None
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame | None]:
    """Return the beats of a plan with what they were before, and the areas whose residents change beat."""
    drawn = beats.beat_frame(session, municipality, plan["id"])
    if before is not None:
        found = measuring.compare(session, municipality, before, plan["id"])
        moved = measuring.moved_areas(session, municipality, before, plan["id"], found.continues)
        return with_changes(drawn, found), moved
    origin = beats.drawn_from(plan)
    if origin is None:
        return drawn, None
    moved = measuring.moved_areas(session, municipality, origin, plan["id"])
    came = moved.groupby("beat_after")["residents"].sum()
    return drawn.assign(moved_residents=drawn["beat_id"].map(came).fillna(0).astype(int)), moved


def _lighting_map(session: Session, municipality: MunicipalityContext, frame: Frame) -> str:
    layers = {
        "danger_zones": repository.read_danger_zones(session, municipality.id),
        "lights": repository.read_lights(session, municipality.id),
        "fixes": repository.read_fixes(session, municipality.id),
    }
    if not any(len(layer) for layer in layers.values()):
        raise NotFoundError(
            f"{municipality.name} has no street lights, danger zones or fixes.", "Import or report some first."
        )
    lit = runs.find_latest_run(session, municipality, "lighting", "street-lighting")
    if lit is not None:
        layers["streets"] = stored_layers(session, municipality, lit, most=1)["street-lighting"]
    run = runs.find_latest_run(session, municipality, "getis-ord")
    cells = None if run is None else hot_spots.result_frame(session, municipality, "getis-ord", run.id)
    context = _context(
        session, municipality, frame, (run.summary if run else None) or {},
        title=f"Lighting and fixes over hot spots and danger zones, {municipality.name}",
        units=ANALYSES["getis-ord"].units,
        run_id=str(run.id) if run else "",
        source="municipal inventory of lights, reported danger zones, fixes",
    )  # fmt: skip
    return lighting_map(cells, context, **layers)


def _context(
    session: Session, municipality: MunicipalityContext, frame: Frame, summary: dict[str, Any], **about: Any
) -> MapContext:
    more = {"working_crs": "crs", "study_area_km2": "study_area_km2", "seed": "seed"}
    parameters = summary.get("parameters", {}) | {
        name: summary[key] for name, key in more.items() if summary.get(key) is not None
    }
    software = {"software": summary["software"]} if "software" in summary else {}
    streets = repository.read_streets(session, municipality.id)
    return MapContext(
        period=str(summary.get("period", "")),
        n_used=int(summary.get("n_used", 0)),
        excluded=summary.get("excluded", {}),
        method=str(summary.get("method", "")),
        reading=str(summary.get("reading", "")),
        parameters=parameters,
        warnings=tuple(Notice(**warning) for warning in summary.get("warnings", [])),
        handling_mark=frame.settings.handling_mark,
        boundary=events.read_study_area(session, municipality).to_frame("geometry"),
        streets=streets if len(streets) else None,
        basemap_url=frame.settings.basemap_url,
        basemap_attribution=frame.settings.basemap_attribution,
        assets=frame.assets,
        nonce=frame.nonce,
        **software,
        **about,
    )


def _source(session: Session, municipality: MunicipalityContext, parameters: dict[str, Any]) -> str:
    named = parameters.get("source")
    return named or ", ".join(events.source_names(session, municipality, parameters.get("events", "incidents")))
