"""Taking reports: a new danger zone, one more reporter of a known one, and what was reported nearby before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from analysis.privacy.public_categories import public_category
from app.danger_zones import repository
from app.danger_zones.lifecycle import MERGEABLE
from app.danger_zones.models import STAFF_SOURCES
from app.danger_zones.reporter_links import make_link
from app.danger_zones.reporters import identity_of, reporter_key
from app.danger_zones.schemas import DangerZoneFeature, MeToo
from app.errors import ConflictError, InvalidInputError, NotFoundError
from app.features.geometries import checked_geometry, require_within_surroundings, working_coordinates
from app.features.schemas import AnyGeometry
from app.identity.caller import Caller
from app.incidents import service as incidents
from app.municipalities.context import MunicipalityContext

NEARBY_M = 250.0
PUBLIC_NEARBY_M = 750.0
"""To a public place, which lies at some distance from the place that it stands for."""

MOST_OFFERED = 10
JOINABLE = tuple(status for status in MERGEABLE if status not in {"received", "in_moderation"})
"""A report is counted with a zone that staff has accepted; what nobody has looked at is for staff to merge."""


@dataclass(frozen=True)
class Sender:
    """Who sends a report, and what the service holds against it.

    Attributes
    ----------
    caller : Caller
    is_public : bool
        Whether it is a member of the public, who reports as a citizen only and gets a secret link.
    address : str or None
        From where; kept as a salted key only.
    max_vertices : int
        Most positions of a place.
    """

    caller: Caller
    is_public: bool
    address: str | None
    max_vertices: int


@dataclass(frozen=True)
class Taken:
    """What became of a report.

    Attributes
    ----------
    danger_zone_id, report_id : int
    token : str or None
        Token of the secret link, where there is somebody to give it to; it cannot be shown again.
    joined : bool
        Whether it was counted with a danger zone that was known before.
    """

    danger_zone_id: int
    report_id: int
    token: str | None
    joined: bool


@dataclass(frozen=True)
class _Sighting:
    """A report that was checked."""

    place: BaseGeometry
    category: str
    category_id: int
    reported_by: str
    channel: str | None
    words: str | None
    contact: str | None


def take_report(session: Session, municipality: MunicipalityContext, zone: DangerZoneFeature, sender: Sender) -> Taken:
    """Store a report as a new danger zone or, where it asks to be, count it with an accepted one that it lies near.

    Raises
    ------
    InvalidInputError
        If the public claims to be somebody else, the category is unknown or the geometry cannot be stored as it is.
    TooLargeError
        If the geometry has too many positions.
    """
    told = zone.properties
    if sender.is_public and told.reported_by != "citizen":
        raise InvalidInputError(
            f"properties.reported_by: only staff report as {told.reported_by!r}.",
            "Say 'citizen', or sign in.",
            pointer="properties.reported_by",
        )
    code, category_id = _known_category(session, municipality, told.category)
    place = _checked_place(session, municipality, zone.geometry, sender.max_vertices)
    sighting = _Sighting(place, code, category_id, told.reported_by, told.channel, told.description, told.contact)
    if told.join_similar:
        known = _nearest_to_join(session, municipality, place, code, sender)
        if known is not None:
            return _join(session, municipality, known, sighting, sender)
    is_staff = told.reported_by in STAFF_SOURCES
    row = {"category_id": category_id, "geom": place, "reported_by": told.reported_by, "channel": told.channel}
    row |= {"day_part": told.day_part, "weekday": told.weekday, "season": told.season, "reporters": int(not is_staff)}
    zone_id = repository.insert_danger_zone(session, municipality.id, row)
    repository.insert_change(
        session,
        municipality.id,
        zone_id,
        action="report",
        to_status="received",
        actor_kind=sender.caller.kind,
        actor=sender.caller.name,
    )
    return _store_report(session, municipality, zone_id, sighting, sender, joined=False)


def me_too(
    session: Session, municipality: MunicipalityContext, danger_zone_id: int, body: MeToo, sender: Sender
) -> Taken:
    """Count one more reporter of a danger zone; who has reported it before changes no count.

    The public names it by its public identifier.

    Raises
    ------
    NotFoundError
        If the municipality has no such danger zone.
    ConflictError
        If nothing is to be done about it any more.
    """
    own_id = danger_zone_id
    if sender.is_public:
        own_id = repository.zone_of_public_id(session, municipality.id, danger_zone_id) or 0
    rows = repository.zones_by_ids(session, municipality.id, [own_id])
    if not rows:
        raise NotFoundError(f"{municipality.name} has no danger zone {danger_zone_id}.", "Ask `similar` again.")
    (zone,) = rows
    if zone["status"] not in JOINABLE:
        raise ConflictError(
            "This danger zone takes no further reports.", "Send a report of your own.", reason="not_joinable"
        )
    place: BaseGeometry = shapely.from_wkb(bytes(zone["public_shape" if sender.is_public else "shape"]))
    if body.geometry is not None:
        place = _checked_place(session, municipality, body.geometry, sender.max_vertices)
    _, category_id = _known_category(session, municipality, zone["category"])
    sighting = _Sighting(place, zone["category"], category_id, "citizen", body.channel, body.description, body.contact)
    return _join(session, municipality, own_id, sighting, sender)


def public_id_of(session: Session, municipality: MunicipalityContext, danger_zone_id: int) -> int:
    """Return the random number by which the public will know a danger zone, once it is public."""
    (zone,) = repository.zones_by_ids(session, municipality.id, [danger_zone_id])
    return int(zone["public_id"])


@dataclass(frozen=True)
class Question:
    """A place and a concern that somebody is about to report.

    Attributes
    ----------
    geometry : AnyGeometry
    category : str
        Code or label.
    max_vertices : int
        Most positions of a place.
    """

    geometry: AnyGeometry
    category: str
    max_vertices: int


def find_similar(
    session: Session, municipality: MunicipalityContext, question: Question, *, exact: bool
) -> list[dict[str, Any]]:
    """Return the danger zones that may be the one that somebody is about to report, nearest first.

    Parameters
    ----------
    session : Session
    municipality : MunicipalityContext
    question : Question
    exact : bool
        Whether the asker may see exact places. Everybody else is answered from the public layer alone, by the distance
        to public places: no series of questions finds out what that layer does not show.

    Raises
    ------
    InvalidInputError
        If the category is unknown or the geometry cannot be used.
    TooLargeError
        If the geometry has too many positions.
    """
    code, _ = _known_category(session, municipality, question.category)
    place = _checked_place(session, municipality, question.geometry, question.max_vertices)
    if exact:
        rows = near_zones(session, municipality, place, code)
        return [{**row, "reported_at": row["reported_at"].isoformat()} for row in rows]
    wanted: dict[str, Any] = {"category": public_category(code), "statuses": list(JOINABLE), "most": MOST_OFFERED}
    found = repository.near_public_zones(session, municipality.id, place, within_m=PUBLIC_NEARBY_M, **wanted)
    return [dict(row) for row in found]


def near_zones(
    session: Session,
    municipality: MunicipalityContext,
    place: BaseGeometry,
    category: str,
    statuses: Sequence[str] = MERGEABLE,
    *,
    most: int = MOST_OFFERED,
) -> Sequence[RowMapping]:
    """Return the danger zones of a category that overlap a place or lie within 250 m of it, nearest first.

    The distance is that of the stored places: only for those who may see them.
    """
    wanted: dict[str, Any] = {"category": category, "statuses": list(statuses), "most": most}
    return repository.near_zones(session, municipality.id, place, within_m=NEARBY_M, **wanted)


def _nearest_to_join(
    session: Session, municipality: MunicipalityContext, place: BaseGeometry, category: str, sender: Sender
) -> int | None:
    """Return the danger zone that a report is counted with; for the public by its public place, as `find_similar`."""
    if not sender.is_public:
        rows = near_zones(session, municipality, place, category, JOINABLE, most=1)
        return rows[0]["id"] if rows else None
    wanted: dict[str, Any] = {"category": public_category(category), "statuses": list(JOINABLE), "most": 1}
    found = repository.near_public_zones(session, municipality.id, place, within_m=PUBLIC_NEARBY_M, **wanted)
    return repository.zone_of_public_id(session, municipality.id, found[0]["id"]) if found else None


def _join(
    session: Session, municipality: MunicipalityContext, zone_id: int, sighting: _Sighting, sender: Sender
) -> Taken:
    zone = repository.lock_zone(session, municipality.id, zone_id)
    taken = _store_report(session, municipality, zone_id, sighting, sender, joined=True)
    known = repository.reporters_in_common(session, municipality.id, [taken.report_id], zone_id) > 0
    status = zone["status"] if zone is not None else "open"
    if sighting.reported_by not in STAFF_SOURCES and not known and zone is not None:
        repository.update_zone(session, municipality.id, zone_id, reporters=zone["reporters"] + 1)
    repository.insert_change(
        session,
        municipality.id,
        zone_id,
        action="me-too",
        from_status=status,
        to_status=status,
        actor_kind=sender.caller.kind,
        actor=sender.caller.name,
    )
    return taken


def _store_report(
    session: Session,
    municipality: MunicipalityContext,
    zone_id: int,
    sighting: _Sighting,
    sender: Sender,
    *,
    joined: bool,
) -> Taken:
    ((x, y),) = working_coordinates(municipality, [sighting.place.centroid])
    address = sender.address if sender.is_public else None
    row = {
        "category_id": sighting.category_id,
        "danger_zone_id": zone_id,
        "geom": sighting.place,
        "x": x,
        "y": y,
        "reported_by": sighting.reported_by,
        "channel": sighting.channel,
        "description": sighting.words,
        "reporter_key": reporter_key(session, municipality.id, identity_of(sighting.contact, address)),
    }
    report_id = repository.insert_report(session, municipality.id, row)
    token = None
    if sender.is_public or sighting.contact is not None:
        token = make_link(session, municipality, zone_id, report_id, sighting.contact)
    return Taken(zone_id, report_id, token, joined)


def _known_category(session: Session, municipality: MunicipalityContext, label: str) -> tuple[str, int]:
    known = incidents.concern_category_ids(session, municipality)
    code = incidents.category_code(label)
    if code not in known:
        raise InvalidInputError(
            f"properties.category: unknown concern {label!r}.",
            f"Use one of: {', '.join(sorted(known))}.",
            pointer="properties.category",
            reason="unknown_category",
        )
    return code, known[code]


def _checked_place(
    session: Session, municipality: MunicipalityContext, geometry: AnyGeometry, max_vertices: int
) -> BaseGeometry:
    place = checked_geometry(geometry, member="geometry", max_vertices=max_vertices)
    require_within_surroundings(municipality, place, member="geometry")
    if not repository.meets_boundary(session, municipality.id, place):
        raise InvalidInputError(
            f"geometry lies outside {municipality.name}.",
            "Report it to the municipality that it lies in.",
            pointer="geometry",
            reason="outside_municipality",
        )
    return place
