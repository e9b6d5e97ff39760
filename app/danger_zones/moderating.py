"""What staff does with danger zones: steps with a public sentence, merging and splitting that can be undone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from app.danger_zones import repository
from app.danger_zones.lifecycle import MERGEABLE, Taker, require_transition, steps_towards
from app.danger_zones.models import STAFF_SOURCES
from app.errors import ConflictError, InvalidInputError, NotFoundError
from app.identity.caller import Caller
from app.municipalities.context import MunicipalityContext

UNDECIDED = "in_moderation"
"""What a duplicate becomes that was imported as one: what it was before, nobody knows."""


@dataclass(frozen=True)
class Decision:
    """Who takes a step, and what the public is told about it.

    Attributes
    ----------
    actor : Caller
    why : str or None
        In words for everybody; None where the step says it all.
    next_step : str or None
        What happens next.
    passed_on_to : str or None
        Who is responsible, where the zone is passed on.
    """

    actor: Caller
    why: str | None
    next_step: str | None = None
    passed_on_to: str | None = None


@dataclass(frozen=True)
class ZoneSummary:
    """A danger zone as other domains see it.

    Attributes
    ----------
    id : int
    category, status : str
    reporters : int
        Distinct residents who named it.
    verified : bool
    reported_at : datetime
    place : BaseGeometry
        WGS 84.
    """

    id: int
    category: str
    status: str
    reporters: int
    verified: bool
    reported_at: datetime
    place: BaseGeometry


def zones_by_ids(session: Session, municipality: MunicipalityContext, identifiers: Sequence[int]) -> list[ZoneSummary]:
    """Return danger zones in the order of their identifiers.

    Raises
    ------
    NotFoundError
        If the municipality lacks one of them.
    """
    rows = repository.zones_by_ids(session, municipality.id, identifiers)
    found = [
        ZoneSummary(
            row["id"],
            row["category"],
            row["status"],
            row["reporters"],
            row["verified"],
            row["reported_at"],
            shapely.from_wkb(bytes(row["shape"])),
        )
        for row in rows
    ]
    missing = sorted(set(identifiers) - {zone.id for zone in found})
    if missing:
        raise NotFoundError(f"{municipality.name} has no danger zone {missing[0]}.")
    return found


def take_step(
    session: Session,
    municipality: MunicipalityContext,
    danger_zone_id: int,
    step: str,
    decision: Decision,
    taker: Taker = "staff",
) -> str:
    """Take a danger zone through a step of its life and return its status: the one way in which a status changes.

    Raises
    ------
    NotFoundError
        The municipality has no such danger zone.
    ConflictError
        The zone has another status.
    InvalidInputError
        It is passed on and nobody is named.
    """
    zone = _locked(session, municipality, danger_zone_id)
    transition = require_transition(step, zone["status"], taker)
    if transition.target == "passed_on" and decision.passed_on_to is None:
        raise InvalidInputError(
            "passed_on_to: say to whom it is passed on.", "For example 'water company'.", pointer="passed_on_to"
        )
    values = {"status": transition.target, "passed_on_to": decision.passed_on_to}
    repository.update_zone(session, municipality.id, danger_zone_id, **values)
    _note(session, municipality, zone, step, transition.target, decision)
    return transition.target


def advance_zones(
    session: Session, municipality: MunicipalityContext, identifiers: Sequence[int], target: str, decision: Decision
) -> list[int]:
    """Bring danger zones to ``in_plan``, ``fix_under_way`` or ``fixed``, step by step, and return those that moved.

    For plans and fixes that the zones belong to. A zone that is there already, or further, stays as it is.

    Raises
    ------
    NotFoundError
        If the municipality lacks one of them; nothing is changed.
    ConflictError
        If one of them was rejected, passed on or is a duplicate; nothing is changed.
    """
    ways = {zone.id: steps_towards(zone.status, target) for zone in zones_by_ids(session, municipality, identifiers)}
    for zone_id, steps in ways.items():
        for step in steps:
            take_step(session, municipality, zone_id, step, decision)
    return [zone_id for zone_id, steps in ways.items() if steps]


def verify(session: Session, municipality: MunicipalityContext, danger_zone_id: int, decision: Decision) -> None:
    """Write down that staff looked at the place and found it as reported.

    Raises
    ------
    NotFoundError
        The municipality has no such danger zone.
    """
    zone = _locked(session, municipality, danger_zone_id)
    repository.update_zone(session, municipality.id, danger_zone_id, verified=True)
    _note(session, municipality, zone, "verify", zone["status"], decision)


def merge(
    session: Session, municipality: MunicipalityContext, danger_zone_id: int, into: int, decision: Decision
) -> None:
    """Make a danger zone the duplicate of another, which takes over its reports, their reporters and their links.

    The duplicate keeps its place and its history, so that :func:`restore` undoes it.

    Raises
    ------
    NotFoundError
        The municipality lacks one of them.
    ConflictError
        One of them is finished, or they are the same.
    """
    if danger_zone_id == into:
        raise ConflictError("A danger zone is no duplicate of itself.", "Name another one.")
    first, second = sorted((danger_zone_id, into))
    locked = {zone_id: _locked(session, municipality, zone_id) for zone_id in (first, second)}
    for zone in locked.values():
        if zone["status"] not in MERGEABLE:
            raise ConflictError(
                f"Danger zone {zone['id']} is {zone['status']}: it can neither be merged nor take in another.",
                f"That takes one that is {', '.join(MERGEABLE)}.",
            )
    duplicate, target = locked[danger_zone_id], locked[into]
    reports = repository.report_ids(session, municipality.id, danger_zone_id)
    common = repository.reporters_in_common(session, municipality.id, reports, into)
    repository.move_reports(session, municipality.id, reports, source=danger_zone_id, target=into)
    repository.update_zone(session, municipality.id, danger_zone_id, status="duplicate", merged_into=into)
    gained = duplicate["reporters"] - common
    repository.update_zone(session, municipality.id, into, reporters=target["reporters"] + gained)
    moved = {"moved_reports": reports}
    _note(session, municipality, duplicate, "merge", "duplicate", decision, other_zone_id=into, **moved)
    _note(session, municipality, target, "take-in", target["status"], decision, other_zone_id=danger_zone_id)


def restore(session: Session, municipality: MunicipalityContext, danger_zone_id: int, decision: Decision) -> str:
    """Undo a merge: the duplicate gets its reports and its former status back; return the status.

    Raises
    ------
    NotFoundError
        The municipality has no such danger zone.
    ConflictError
        It is no duplicate that was merged here.
    """
    zone = _locked(session, municipality, danger_zone_id)
    merged = repository.last_merge(session, municipality.id, danger_zone_id)
    if zone["merged_into"] is None or merged is None:
        raise ConflictError("Only a danger zone that was merged with another can be taken out again.", "")
    chain = _chain(session, municipality, zone["merged_into"])
    holder = chain[-1]
    moved = repository.move_reports(
        session, municipality.id, merged["moved_reports"] or [], source=holder["id"], target=danger_zone_id
    )
    lost = zone["reporters"] - repository.reporters_in_common(session, municipality.id, moved, holder["id"])
    if merged["action"] == "import":
        lost = 0
    for other in chain:
        repository.update_zone(session, municipality.id, other["id"], reporters=max(0, other["reporters"] - lost))
    status = merged["from_status"] or UNDECIDED
    repository.update_zone(session, municipality.id, danger_zone_id, status=status, merged_into=None)
    _note(session, municipality, zone, "restore", status, decision, other_zone_id=holder["id"], moved_reports=moved)
    _note(session, municipality, holder, "give-back", holder["status"], decision, other_zone_id=danger_zone_id)
    return status


def split(
    session: Session, municipality: MunicipalityContext, danger_zone_id: int, reports: Sequence[int], decision: Decision
) -> int:
    """Make some reports of a danger zone one of their own, at the place of the first of them, and return its id.

    Merging the new zone again undoes it.

    Raises
    ------
    NotFoundError
        The municipality has no such danger zone.
    ConflictError
        The zone is finished.
    InvalidInputError
        The reports are not some, and not all, of the zone's.
    """
    zone = _locked(session, municipality, danger_zone_id)
    if zone["status"] not in MERGEABLE:
        raise ConflictError(f"A danger zone that is {zone['status']} cannot be split.", "Open it again first.")
    known, chosen = repository.report_ids(session, municipality.id, danger_zone_id), sorted(set(reports))
    if not chosen or not set(chosen) < set(known):
        raise InvalidInputError(
            f"reports: choose some of the reports of danger zone {danger_zone_id}, not all.",
            f"It has: {', '.join(map(str, known)) or 'none'}.",
            pointer="reports",
        )
    common = repository.reporters_in_common(session, municipality.id, chosen, danger_zone_id)
    reporters = repository.distinct_residents(session, municipality.id, chosen, STAFF_SOURCES)
    new_id = _insert_part(session, municipality, zone, chosen[0], reporters)
    repository.move_reports(session, municipality.id, chosen, source=danger_zone_id, target=new_id)
    left = max(0, zone["reporters"] - reporters + common)
    repository.update_zone(session, municipality.id, danger_zone_id, reporters=left)
    part = {"id": new_id, "status": None}
    moved = {"moved_reports": chosen}
    _note(session, municipality, zone, "split", zone["status"], decision, other_zone_id=new_id, **moved)
    _note(session, municipality, part, "split-off", "in_moderation", decision, other_zone_id=danger_zone_id)
    return new_id


def history(session: Session, municipality: MunicipalityContext, danger_zone_id: int) -> list[dict[str, Any]]:
    """Return the steps in the life of a danger zone, oldest first, as `DangerZoneChange` has them.

    Raises
    ------
    NotFoundError
        The municipality has no such danger zone.
    """
    zones_by_ids(session, municipality, [danger_zone_id])
    return repository.list_changes(session, municipality.id, danger_zone_id)


def list_reports(session: Session, municipality: MunicipalityContext, danger_zone_id: int) -> Sequence[RowMapping]:
    """Return the reports of a danger zone, oldest first, with their places as GeoJSON text and without reporters.

    Raises
    ------
    NotFoundError
        The municipality has no such danger zone.
    """
    zones_by_ids(session, municipality, [danger_zone_id])
    return repository.list_reports(session, municipality.id, danger_zone_id)


def _locked(session: Session, municipality: MunicipalityContext, danger_zone_id: int) -> RowMapping:
    zone = repository.lock_zone(session, municipality.id, danger_zone_id)
    if zone is None:
        raise NotFoundError(
            f"{municipality.name} has no danger zone {danger_zone_id}.",
            f"GET /municipalities/{municipality.code}/danger-zones lists those there are.",
        )
    return zone


def _chain(session: Session, municipality: MunicipalityContext, zone_id: int) -> list[RowMapping]:
    """Return a zone and those that it was merged into in turn; the last one holds the reports."""
    chain = [_locked(session, municipality, zone_id)]
    while chain[-1]["merged_into"] is not None:
        chain.append(_locked(session, municipality, chain[-1]["merged_into"]))
    return chain


def _insert_part(
    session: Session, municipality: MunicipalityContext, zone: RowMapping, report_id: int, reporters: int
) -> int:
    first = repository.read_report(session, municipality.id, report_id)
    assert first is not None  # noqa: S101 - it was listed in this transaction, and its zone is locked
    row: dict[str, Any] = {name: zone[name] for name in ("day_part", "weekday", "season")}
    row |= {
        "category_id": first["category_id"] or zone["category_id"],
        "geom": shapely.from_wkb(bytes(first["shape"])),
        "status": "in_moderation",
        "reported_by": first["reported_by"],
        "channel": first["channel"],
        "reported_at": first["reported_at"],
        "reporters": reporters,
    }
    return repository.insert_danger_zone(session, municipality.id, row)


def _note(
    session: Session,
    municipality: MunicipalityContext,
    zone: RowMapping | dict[str, Any],
    action: str,
    to_status: str,
    decision: Decision,
    **told: Any,
) -> None:
    repository.insert_change(
        session,
        municipality.id,
        zone["id"],
        action=action,
        from_status=zone["status"],
        to_status=to_status,
        why=decision.why,
        next_step=decision.next_step,
        passed_on_to=decision.passed_on_to,
        actor_kind=decision.actor.kind,
        actor=decision.actor.name,
        **told,
    )
