"""Use cases of the pages of moderation: what waits for a decision, what staff needs for it, and the decision."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import shapely
from pydantic import ValidationError
from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from app.danger_zones import service as danger_zones
from app.danger_zones.schemas import Merging, PassingOn, Splitting, StepIn
from app.danger_zones.service import TRANSITIONS, Decision
from app.errors import InvalidInputError, NotFoundError
from app.identity.caller import Caller
from app.moderation import repository
from app.municipalities.context import MunicipalityContext
from app.photos import service as photos

__all__ = ["WAITING", "Case", "Queue", "decide", "open_case", "open_queue"]

WAITING = ("received", "in_moderation", "not_confirmed", "reopened")
"""Statuses in which staff has to decide what comes next."""

MOST_SHOWN = 100
OTHER_STEPS = {
    "verify": "Write down that staff saw the place as reported.",
    "merge": "Make it a duplicate of another one, which takes over its reports.",
    "split": "Make the chosen reports a danger zone of their own.",
}
UNDO = {"restore": "Undo the merge: it gets its reports and its former status back."}
REASONS = {
    "why": "Say why, in 3 to 500 characters.",
    "next_step": "Say what comes next in at most 500 characters.",
    "passed_on_to": "Say to whom it is passed on.",
    "into": "Choose the danger zone that takes it in, or write its number.",
    "reports": "Choose the reports that become a danger zone of their own.",
}
Body = TypeVar("Body", bound=StepIn)


@dataclass(frozen=True)
class Queue:
    """Danger zones that wait for a decision, the longest known first.

    Attributes
    ----------
    zones : sequence of mapping
    status : str or None
        The only status that was asked for; None for all that wait.
    counts : dict of str to int
        Danger zones by status.
    """

    zones: Sequence[RowMapping]
    status: str | None
    counts: dict[str, int]

    @property
    def total(self) -> int:
        """How many there are, of which the first hundred are shown."""
        return sum(self.counts.get(status, 0) for status in ((self.status,) if self.status else WAITING))


@dataclass(frozen=True)
class Case:
    """What staff needs to decide about a danger zone.

    Attributes
    ----------
    zone : mapping
        Its figures and first words.
    reports : list of dict
        Each with its words, time, place and the numbers of its ``photos``; never who sent it.
    own_photos : list of int
        Taken by staff.
    similar : list of dict
        What it may be a duplicate of, nearest first.
    history : list of dict
        Its steps, each with the ``sentence`` that the public reads.
    steps : dict of str to str
        What can be done now, and what that does.
    places : str
        GeoJSON of its place, those of its reports and of similar ones, for the map.
    """

    zone: RowMapping
    reports: list[dict[str, Any]]
    own_photos: list[int]
    similar: list[dict[str, Any]]
    history: list[dict[str, Any]]
    steps: dict[str, str]
    places: str


def open_queue(session: Session, municipality: MunicipalityContext, status: str | None) -> Queue:
    """Return the danger zones that wait for a decision, or those of one status."""
    statuses = (status,) if status else WAITING
    zones = repository.read_zones(session, municipality.id, statuses=statuses, most=MOST_SHOWN)
    return Queue(zones, status, repository.count_by_status(session, municipality.id))


def open_case(session: Session, municipality: MunicipalityContext, danger_zone_id: int) -> Case:
    """Return what staff needs to decide about a danger zone.

    Raises
    ------
    NotFoundError
        The municipality has no such danger zone.
    """
    rows = repository.read_zones(session, municipality.id, danger_zone_id=danger_zone_id)
    if not rows:
        raise NotFoundError(f"{municipality.name} has no danger zone {danger_zone_id}.", "")
    (zone,) = rows
    (summary,) = danger_zones.zones_by_ids(session, municipality, [danger_zone_id])
    reports = [dict(report) for report in danger_zones.list_reports(session, municipality, danger_zone_id)]
    pictures = photos.of_reports(session, municipality.id, [report["id"] for report in reports])
    near = danger_zones.near_zones(session, municipality, summary.place, summary.category)
    similar = [dict(other) for other in near if other["id"] != danger_zone_id]
    others = danger_zones.zones_by_ids(session, municipality, [other["id"] for other in similar]) if similar else []
    changes = danger_zones.history(session, municipality, danger_zone_id)
    return Case(
        zone,
        [{**report, "photos": pictures.get(report["id"], [])} for report in reports],
        photos.of_zone(session, municipality.id, danger_zone_id),
        similar,
        [{**change, "sentence": danger_zones.public_sentence(change)} for change in changes],
        _steps(zone, len(reports)),
        _places(summary, reports, others),
    )


def decide(
    session: Session,
    municipality: MunicipalityContext,
    danger_zone_id: int,
    told: Mapping[str, Any],
    actor: Caller,
) -> int:
    """Take the step that a form asks for, all of it or nothing, and return the danger zone to look at next.

    Parameters
    ----------
    session : Session
    municipality : MunicipalityContext
    danger_zone_id : int
    told : mapping
        ``step, why, next_step, passed_on_to, into`` as text, ``reports`` as a list.
    actor : Caller

    Raises
    ------
    InvalidInputError
        Something is missing.
    ConflictError
        The danger zone has another status.
    NotFoundError
        There is no such danger zone.
    """
    step = told["step"]
    with session.begin_nested():
        if step == "merge":
            merging = _checked(Merging, told, "into")
            danger_zones.merge(session, municipality, danger_zone_id, merging.into, _decision(merging, actor))
            return merging.into
        if step == "split":
            splitting = _checked(Splitting, told, "reports")
            decision = _decision(splitting, actor)
            return danger_zones.split(session, municipality, danger_zone_id, splitting.reports, decision)
        if step == "verify":
            danger_zones.verify(session, municipality, danger_zone_id, _decision(_checked(StepIn, told), actor))
        elif step == "restore":
            danger_zones.restore(session, municipality, danger_zone_id, _decision(_checked(StepIn, told), actor))
        elif step in TRANSITIONS:
            body = _checked(PassingOn, told, "passed_on_to") if step == "pass-on" else _checked(StepIn, told)
            danger_zones.take_step(session, municipality, danger_zone_id, step, _decision(body, actor))
        else:
            raise InvalidInputError("Choose what to do.", "")
    return danger_zone_id


def _steps(zone: RowMapping, reports: int) -> dict[str, str]:
    if zone["status"] == "duplicate":
        return UNDO
    steps = {name: _sentence(TRANSITIONS[name].description) for name in danger_zones.possible_steps(zone["status"])}
    if not zone["verified"]:
        steps["verify"] = OTHER_STEPS["verify"]
    if zone["status"] in danger_zones.MERGEABLE:
        steps["merge"] = OTHER_STEPS["merge"]
        if reports > 1:
            steps["split"] = OTHER_STEPS["split"]
    return steps


def _sentence(description: str) -> str:
    """Return what a step does without what the API document says of its parameters."""
    return description.partition(";")[0].rstrip(".") + "."


def _places(zone: danger_zones.ZoneSummary, reports: list[dict[str, Any]], others: Sequence[Any]) -> str:
    shown = [(other.place, f"{other.id}: {other.status}", "other") for other in others]
    shown += [(shapely.from_geojson(report["geometry"]), f"Report {report['id']}", "report") for report in reports]
    shown.append((zone.place, f"{zone.id}: {zone.status}", "chosen"))
    features = [
        {
            "type": "Feature",
            "geometry": json.loads(shapely.to_geojson(place)),
            "properties": {"label": label, "kind": kind},
        }
        for place, label, kind in shown
    ]
    return json.dumps({"type": "FeatureCollection", "features": features})


def _checked(kind: type[Body], told: Mapping[str, Any], *names: str) -> Body:
    wanted = {name: told[name] or None for name in ("why", "next_step", *names)}
    try:
        return kind.model_validate(wanted)
    except ValidationError as error:
        wrong = {str(found["loc"][0]) for found in error.errors(include_url=False, include_input=False)}
        reasons = [reason for name, reason in REASONS.items() if name in wrong]
        raise InvalidInputError(" ".join(reasons), "") from error


def _decision(body: StepIn, actor: Caller) -> Decision:
    return Decision(actor, body.why, body.next_step, getattr(body, "passed_on_to", None))
