"""Use cases of the life of fixes: propose, edit, take steps, bundle, link to zones and hot spots."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import shapely
from sqlalchemy.orm import Session

from analysis.errors import ParameterError
from analysis.siting.catalogue import CATALOGUE, FixKind, fix_kind
from app.danger_zones import service as danger_zones
from app.danger_zones.service import Decision
from app.errors import ConflictError, InvalidInputError, NotFoundError
from app.features.geometries import checked_geometry, require_within_surroundings
from app.fixes import repository
from app.fixes.lifecycle import STEPS, require_step, sentence_of
from app.fixes.schemas import BundleIn, FixEdit, FixFeature, FixStep
from app.identity.caller import Caller
from app.municipalities.context import MunicipalityContext
from app.runs import service as runs

ZONE_STATUS_OF = {"planned": "in_plan", "under_way": "fix_under_way", "done": "fixed"}
"""Status that a fix brings its danger zones to."""
ENDED_ZONES = ("rejected", "duplicate", "passed_on")
SHAPES = {"Point": "point", "LineString": "line", "Polygon": "polygon"}
LINKS = ("danger_zones", "hot_spots")


def catalogue() -> list[dict[str, Any]]:
    """Return the catalogue of fixes, JSON-ready."""
    return [_told_kind(kind) for kind in CATALOGUE]


def _told_kind(kind: FixKind) -> dict[str, Any]:
    benefit = None if kind.benefit is None else [kind.benefit.low, kind.benefit.middle, kind.benefit.high]
    return {**asdict(kind), "shapes": list(kind.shapes), "benefit": benefit}


def store_fix(session: Session, municipality: MunicipalityContext, fix: FixFeature, *, max_vertices: int) -> int:
    """Store a fix and return its identifier.

    Raises
    ------
    InvalidInputError
        The kind is not in the catalogue or has another shape, the place cannot be stored, or a link leads nowhere.
    NotFoundError
        There is no such bundle.
    TooLargeError
        The geometry has more than ``max_vertices`` positions.
    """
    place = checked_geometry(fix.geometry, member="geometry", max_vertices=max_vertices)
    require_within_surroundings(municipality, place, member="geometry")
    told = fix.properties
    _require_kind(told.kind, place)
    values = told.model_dump(exclude=set(LINKS), exclude_none=True)
    _require_bundle(session, municipality, told.bundle_id)
    fix_id = repository.insert_fix(session, municipality.id, place, values)
    _store_links(session, municipality, fix_id, told)
    return fix_id


def edit_fix(session: Session, municipality: MunicipalityContext, fix_id: int, edit: FixEdit) -> None:
    """Change what is told of a fix; what the edit leaves out stays.

    Raises
    ------
    NotFoundError
        There is no such fix or bundle.
    InvalidInputError
        The work would end before it began, or a link leads nowhere.
    """
    fix = _locked(session, municipality, fix_id)
    values = edit.model_dump(exclude_unset=True, exclude=set(LINKS))
    if "title" in values and values["title"] is None:
        raise InvalidInputError("A fix needs a title.", "Leave the title out to keep it.", pointer="title")
    _require_bundle(session, municipality, values.get("bundle_id"))
    began, ended = (values.get(name, fix[name]) for name in ("started_on", "ended_on"))
    if began and ended and ended < began:
        raise InvalidInputError(f"The work would end ({ended}) before it began ({began}).", "Give both days.")
    if "co_owners" in values:
        values["co_owners"] = values["co_owners"] or []
    if values:
        repository.update_fix(session, municipality.id, fix_id, values)
    _store_links(session, municipality, fix_id, edit)


def take_step(session: Session, municipality: MunicipalityContext, fix_id: int, asked: FixStep, actor: Caller) -> None:
    """Take a fix through a step of its life, and its danger zones as far as that.

    A danger zone counts as fixed when every fix that answers it is done or dropped.

    Raises
    ------
    NotFoundError
        There is no such fix.
    ConflictError
        The fix has another status.
    InvalidInputError
        The work would end before it began.
    """
    fix = _locked(session, municipality, fix_id)
    step = require_step(asked.step, fix["status"])
    day = asked.on or today(municipality)
    values: dict[str, Any] = {"status": step.target}
    if step.name == "begin":
        values["started_on"] = fix["started_on"] or day
    if step.name == "finish":
        values |= {"started_on": fix["started_on"] or day, "ended_on": day}
        if day < values["started_on"]:
            raise InvalidInputError(
                f"The work would end on {day}, before it began on {fix['started_on']}.",
                "Give a later day.",
                pointer="on",
            )
    if step.name == "redo":
        values["ended_on"] = None
    repository.update_fix(session, municipality.id, fix_id, values)
    told = {"step": step.name, "from_status": fix["status"], "to_status": step.target, "reason": asked.reason}
    repository.insert_change(session, municipality.id, fix_id, **told, actor=actor.name or actor.kind, happened_on=day)
    if step.target in ZONE_STATUS_OF and step.name != "redo":
        _advance_zones(session, municipality, fix_id, step.target, Decision(actor, asked.reason))


def _advance_zones(
    session: Session, municipality: MunicipalityContext, fix_id: int, status: str, decision: Decision
) -> None:
    zones = repository.zones_of_fix(session, municipality.id, fix_id)
    if status == "done":
        zones = [zone for zone in zones if not repository.has_unfinished_fix(session, municipality.id, zone)]
    found = danger_zones.zones_by_ids(session, municipality, zones) if zones else []
    standing = [zone.id for zone in found if zone.status not in ENDED_ZONES]
    danger_zones.advance_zones(session, municipality, standing, ZONE_STATUS_OF[status], decision)


def life(session: Session, municipality: MunicipalityContext, fix_id: int) -> dict[str, Any]:
    """Return where a fix stands, which steps it can take, and those that it took with what the public reads.

    Raises
    ------
    NotFoundError
        There is no such fix.
    """
    fix = _locked(session, municipality, fix_id, lock=False)
    possible = [step.name for step in STEPS.values() if fix["status"] in step.sources]
    changes = [
        {**change, "sentence": sentence_of(change["step"], change["to_status"], change["reason"])}
        for change in repository.list_changes(session, municipality.id, fix_id)
    ]
    return {"id": fix_id, "status": fix["status"], "possible": possible, "changes": changes}


def links(session: Session, municipality: MunicipalityContext, fix_id: int) -> dict[str, Any]:
    """Return the danger zones and the hot-spot cells that a fix answers.

    Raises
    ------
    NotFoundError
        There is no such fix.
    """
    _locked(session, municipality, fix_id, lock=False)
    cells = repository.hot_spots_of_fix(session, municipality.id, fix_id)
    return {"danger_zones": repository.zones_of_fix(session, municipality.id, fix_id), "hot_spots": cells}


def store_bundle(session: Session, municipality: MunicipalityContext, bundle: BundleIn) -> int:
    """Store a bundle and return its identifier.

    Raises
    ------
    ConflictError
        There is a bundle of that title, upper and lower case and blanks aside.
    """
    number = repository.insert_bundle(session, municipality.id, bundle.title, bundle.description)
    if number is None:
        raise ConflictError(
            f"There is a bundle '{bundle.title}' already.",
            f"GET /municipalities/{municipality.code}/fix-bundles has its number; fixes join it by their bundle_id.",
        )
    return number


def list_bundles(session: Session, municipality: MunicipalityContext) -> list[dict[str, Any]]:
    """Return the bundles with the identifiers of their fixes, what they cost and what is set aside."""
    return repository.list_bundles(session, municipality.id)


def today(municipality: MunicipalityContext) -> date:
    """Return the day in the municipality's time zone."""
    return datetime.now(ZoneInfo(municipality.time_zone)).date()


def _locked(session: Session, municipality: MunicipalityContext, fix_id: int, *, lock: bool = True) -> dict[str, Any]:
    fix = repository.find_fix(session, municipality.id, fix_id, lock=lock)
    if fix is None:
        raise NotFoundError(f"There is no fix {fix_id}.", f"GET /municipalities/{municipality.code}/fixes lists them.")
    return fix


def _require_kind(code: str, place: shapely.Geometry) -> None:
    try:
        kind = fix_kind(code)
    except ParameterError as error:
        raise InvalidInputError(error.message, error.hint, pointer="properties.kind") from error
    shape = SHAPES[place.geom_type]
    if shape not in kind.shapes:
        raise InvalidInputError(
            f"{kind.name} is no {shape}.", f"Draw it as {' or '.join(kind.shapes)}.", pointer="geometry"
        )


def _require_bundle(session: Session, municipality: MunicipalityContext, bundle_id: int | None) -> None:
    if bundle_id is not None and not repository.has_bundle(session, municipality.id, bundle_id):
        raise NotFoundError(f"There is no bundle {bundle_id}.", "Make it first.")


def _store_links(session: Session, municipality: MunicipalityContext, fix_id: int, told: FixEdit) -> None:
    if told.danger_zones is not None:
        wanted = sorted(set(told.danger_zones))
        danger_zones.zones_by_ids(session, municipality, wanted)
        repository.replace_zones(session, municipality.id, fix_id, wanted)
    if told.hot_spots is not None:
        cells = sorted({(link.run_id, link.cell) for link in told.hot_spots})
        for run_id in sorted({run_id for run_id, _ in cells}):
            runs.get_finished_run(session, municipality, run_id)
        repository.replace_hot_spots(session, municipality.id, fix_id, cells)
