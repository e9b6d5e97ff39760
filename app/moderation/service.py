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
from app.danger_zones.service import TRANSITIONS, Decision, ZoneSummary
from app.errors import InvalidInputError, NotFoundError
from app.identity.caller import Caller
from app.languages.phrases import phrase
from app.moderation import repository
from app.municipalities.context import MunicipalityContext
from app.photos import service as photos

__all__ = ["WAITING", "Case", "Queue", "decide", "open_case", "open_queue"]

WAITING = ("received", "in_moderation", "not_confirmed", "reopened")
"""Statuses in which staff has to decide what comes next."""

MOST_SHOWN = 100
ANSWERS = ("why", "next_step", "passed_on_to", "into", "reports")
"""Fields of a decision in the order in which it is said what is wrong with them."""
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
    steps : tuple of str
        What can be done now.
    places : str
        GeoJSON of its place, those of its reports and of similar ones, for the map.
    """

    zone: RowMapping
    reports: list[dict[str, Any]]
    own_photos: list[int]
    similar: list[dict[str, Any]]
    history: list[dict[str, Any]]
    steps: tuple[str, ...]
    places: str


def open_queue(session: Session, municipality: MunicipalityContext, status: str | None) -> Queue:
    """Return the danger zones that wait for a decision, or those of one status."""
    statuses = (status,) if status else WAITING
    zones = repository.read_zones(session, municipality.id, statuses=statuses, most=MOST_SHOWN)
    return Queue(zones, status, repository.count_by_status(session, municipality.id))


def open_case(session: Session, municipality: MunicipalityContext, danger_zone_id: int, language: str) -> Case:
    """Return what staff needs to decide about a danger zone, in their language.

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
        [{**change, "sentence": danger_zones.public_sentence(change, language)} for change in changes],
        _steps(zone, len(reports)),
        _places(summary, reports, others, language),
    )


def decide(
    session: Session,
    municipality: MunicipalityContext,
    danger_zone_id: int,
    told: Mapping[str, Any],
    actor: Caller,
    language: str,
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
    language : str
        In which it is said what is missing.

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

    def checked(kind: type[Body], *names: str) -> Body:
        return _checked(kind, told, language, *names)

    with session.begin_nested():
        if step == "merge":
            merging = checked(Merging, "into")
            danger_zones.merge(session, municipality, danger_zone_id, merging.into, _decision(merging, actor))
            return merging.into
        if step == "split":
            splitting = checked(Splitting, "reports")
            decision = _decision(splitting, actor)
            return danger_zones.split(session, municipality, danger_zone_id, splitting.reports, decision)
        if step == "verify":
            danger_zones.verify(session, municipality, danger_zone_id, _decision(checked(StepIn), actor))
        elif step == "restore":
            danger_zones.restore(session, municipality, danger_zone_id, _decision(checked(StepIn), actor))
        elif step in TRANSITIONS:
            body = checked(PassingOn, "passed_on_to") if step == "pass-on" else checked(StepIn)
            danger_zones.take_step(session, municipality, danger_zone_id, step, _decision(body, actor))
        else:
            raise InvalidInputError(phrase(language, "wrong.step"), "")
    return danger_zone_id


def _steps(zone: RowMapping, reports: int) -> tuple[str, ...]:
    if zone["status"] == "duplicate":
        return ("restore",)
    steps = danger_zones.possible_steps(zone["status"])
    if not zone["verified"]:
        steps += ("verify",)
    if zone["status"] in danger_zones.MERGEABLE:
        steps += ("merge", "split") if reports > 1 else ("merge",)
    return steps


def _places(zone: ZoneSummary, reports: list[dict[str, Any]], others: Sequence[ZoneSummary], language: str) -> str:
    def named(zone: ZoneSummary) -> str:
        return f"{zone.id}: {phrase(language, f'state.{zone.status}')}"

    heading = phrase(language, "staff.reports")
    shown = [(other.place, named(other), "other") for other in others]
    shown += [(shapely.from_geojson(report["geometry"]), f"{heading}: {report['id']}", "report") for report in reports]
    shown.append((zone.place, named(zone), "chosen"))
    features = [
        {
            "type": "Feature",
            "geometry": json.loads(shapely.to_geojson(place)),
            "properties": {"label": label, "kind": kind},
        }
        for place, label, kind in shown
    ]
    return json.dumps({"type": "FeatureCollection", "features": features})


def _checked(kind: type[Body], told: Mapping[str, Any], language: str, *names: str) -> Body:
    wanted = {name: told[name] or None for name in ("why", "next_step", *names)}
    try:
        return kind.model_validate(wanted, strict=False)
    except ValidationError as error:
        wrong = {str(found["loc"][0]) for found in error.errors(include_url=False, include_input=False)}
        reasons = [phrase(language, f"wrong.{name}") for name in ANSWERS if name in wrong]
        raise InvalidInputError(" ".join(reasons), "") from error


def _decision(body: StepIn, actor: Caller) -> Decision:
    return Decision(actor, body.why, body.next_step, getattr(body, "passed_on_to", None))
