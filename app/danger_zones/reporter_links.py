"""What a reporter may do with the secret link of a report: see what became of it, take along what is held, erase it."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

import shapely
from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.events import AuditEvent
from app.danger_zones import repository
from app.danger_zones.moderating import Decision, take_step
from app.danger_zones.telling import public_sentence
from app.errors import NotFoundError
from app.identity.caller import Caller
from app.municipalities import service as municipalities
from app.municipalities.context import MunicipalityContext
from app.photos import service as photos
from app.retention import rules

REPORTER = Caller("reporter")
SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
"""256 random bits as URL-safe base64."""

UNMODERATED = ("received", "in_moderation")
COLLECTION = "reporter-data"
COMINGS = frozenset({"report", "me-too"})
"""Steps by which reports came in: everybody is told of the own one only."""

Outcome = Literal["removed", "anonymised"]


@dataclass(frozen=True)
class HeldReport:
    """What is held about the report of a link.

    Attributes
    ----------
    municipality : MunicipalityContext
    link_id, danger_zone_id : int
    report_id : int or None
        None for a link from before reports were kept one by one.
    status : str
        What became of the danger zone.
    feature : dict
        The report, as GeoJSON with its exact place; nothing of what others reported of the same danger zone.
    contact : str or None
    created_at, expires_at : datetime
        Of the link and the contact.
    """

    municipality: MunicipalityContext
    link_id: int
    danger_zone_id: int
    report_id: int | None
    status: str
    feature: dict[str, Any]
    contact: str | None
    created_at: datetime
    expires_at: datetime

    @property
    def is_unmoderated(self) -> bool:
        """Whether nobody has looked at the report yet, so that erasing removes it entirely."""
        return self.status in UNMODERATED


@dataclass(frozen=True)
class Request:
    """Where a request with a link came from, for the audit log."""

    address: str | None
    request_id: str | None


def make_link(
    session: Session, municipality: MunicipalityContext, danger_zone_id: int, report_id: int, contact: str | None
) -> str:
    """Store a link to a new report and return its token, which is not stored and cannot be shown again.

    The token names the municipality, so that a lookup never leaves it; the rest of it is 256 random bits.
    """
    secret = secrets.token_urlsafe(32)
    days = rules.days_kept(session, municipality.id, COLLECTION)
    link = {"danger_zone_id": danger_zone_id, "report_id": report_id, "contact": contact}
    repository.insert_reporter_link(session, municipality.id, days=days, token_sha256=_hashed(secret), **link)
    return f"{municipality.code}.{secret}"


def find_report(session: Session, token: str) -> HeldReport:
    """Return what is held about the report of a link.

    Raises
    ------
    NotFoundError
        If the token is wrong, has expired or was used to erase the report; the message never says which.
    """
    code, _, secret = token.partition(".")
    if not SECRET.fullmatch(secret):
        raise _no_such_report()
    try:
        municipality = municipalities.find_municipality(session, code)
    except NotFoundError:
        raise _no_such_report() from None
    row = repository.find_reporter_link(session, municipality.id, _hashed(secret))
    if row is None:
        raise _no_such_report()
    (zone,) = repository.zones_by_ids(session, municipality.id, [row.danger_zone_id])
    return HeldReport(
        municipality,
        row.id,
        row.danger_zone_id,
        row.report_id,
        zone["status"],
        _feature(session, municipality, row.report_id, zone),
        row.contact,
        row.created_at,
        row.expires_at,
    )


def _feature(
    session: Session, municipality: MunicipalityContext, report_id: int | None, zone: RowMapping
) -> dict[str, Any]:
    report = None if report_id is None else repository.read_report(session, municipality.id, report_id)
    shape = shapely.from_wkb(bytes((report or zone)["shape"]))
    told: dict[str, Any] = {"category": zone["category"], "status": zone["status"]}
    told |= {"description": None if report is None else report["description"]}
    told |= {"channel": None if report is None else report["channel"]}
    return {"type": "Feature", "geometry": json.loads(shapely.to_geojson(shape)), "properties": told}


def answer(session: Session, token: str, step: str, origin: Request) -> HeldReport:
    """Take the danger zone of a link through a step that its reporter may take, and return what is held.

    Raises
    ------
    NotFoundError
        See :func:`find_report`.
    ConflictError
        If the step cannot be taken now.
    """
    held = find_report(session, token)
    status = take_step(session, held.municipality, held.danger_zone_id, step, Decision(REPORTER, None), "reporter")
    _record(session, held, "alteration", origin, step=step)
    return replace(held, status=status)


def consult(session: Session, token: str, origin: Request) -> HeldReport:
    """Return what is held about the report of a link, and write down that the link was used.

    Raises
    ------
    NotFoundError
        See :func:`find_report`.
    """
    held = find_report(session, token)
    _record(session, held, "consultation", origin)
    return held


def export(session: Session, token: str, origin: Request) -> dict[str, Any]:
    """Return everything that is held about the report of a link, JSON-ready, and write down that it was handed out.

    Raises
    ------
    NotFoundError
        See :func:`find_report`.
    """
    held = find_report(session, token)
    _record(session, held, "disclosure", origin)
    return {
        "municipality": {"code": held.municipality.code, "name": held.municipality.name},
        "report": held.feature,
        "photos": [f"/my-report/{token}/photos/{photo}" for photo in own_photos(session, held)],
        "contact": held.contact,
        "link": {"created_at": held.created_at.isoformat(), "expires_at": held.expires_at.isoformat()},
    }


def erase(session: Session, token: str, origin: Request) -> Outcome:
    """Erase what the reporter left, and return what became of the danger zone.

    While nobody has moderated it, and nothing refers to it, it is removed entirely. Afterwards contact, link, words,
    photos and the key of the reporter are erased; the place, its category and what was done about it stay without them.

    Raises
    ------
    NotFoundError
        See :func:`find_report`.
    """
    held = find_report(session, token)
    key = (held.municipality.id, held.danger_zone_id)
    removed = held.is_unmoderated and repository.delete_lone_zone(session, *key, held.report_id)
    if not removed:
        if held.report_id is None:
            repository.update_zone(session, *key, description=None)
        else:
            repository.anonymise_report(session, held.municipality.id, held.report_id)
            photos.delete_of_report(session, held.municipality.id, held.report_id)
        repository.delete_reporter_link(session, held.municipality.id, held.link_id)
    outcome: Outcome = "removed" if removed else "anonymised"
    _record(session, held, "erasure", origin, outcome=outcome)
    return outcome


@dataclass(frozen=True)
class ToldStep:
    """A step in the life of a report, as its reporter reads it.

    Attributes
    ----------
    day : str
        ISO date; only the month of what was before the report, which tells when others reported.
    status, sentence : str
    """

    day: str
    status: str
    sentence: str


def history(session: Session, held: HeldReport, language: str) -> list[ToldStep]:
    """Return what has happened to the danger zone of a link, oldest first, without what other reporters did."""
    zone = ZoneInfo(held.municipality.time_zone)
    arrived: dict[str, Any] = {
        "action": "report",
        "to_status": "received",
        "why": None,
        "next_step": None,
        "passed_on_to": None,
    }
    known = repository.list_changes(session, held.municipality.id, held.danger_zone_id)
    steps = [{**arrived, "changed_at": held.created_at}, *(step for step in known if step["action"] not in COMINGS)]
    told = []
    for step in sorted(steps, key=lambda step: step["changed_at"]):
        day = step["changed_at"].astimezone(zone).date().isoformat()
        is_later = step["changed_at"] >= held.created_at
        told.append(ToldStep(day if is_later else day[:7], step["to_status"], public_sentence(step, language)))
    return told


def own_photos(session: Session, held: HeldReport) -> list[int]:
    """Return the numbers of the photos that came with the report of a link."""
    if held.report_id is None:
        return []
    return photos.of_reports(session, held.municipality.id, [held.report_id]).get(held.report_id, [])


def read_photo(session: Session, token: str, photo_id: int, origin: Request) -> bytes:
    """Return a photo of the report of a link as JPEG.

    Raises
    ------
    NotFoundError
        See :func:`find_report`; also where the report has no such photo.
    """
    held = find_report(session, token)
    if photo_id not in own_photos(session, held):
        raise _no_such_report()
    _record(session, held, "disclosure", origin, photo=str(photo_id))
    return photos.read(session, held.municipality.id, photo_id)


def add_photo(session: Session, token: str, sent: bytes, origin: Request) -> photos.StoredPhoto:
    """Take in a photo for the report of a link.

    Raises
    ------
    NotFoundError
        See :func:`find_report`.
    InvalidInputError, TooLargeError, ConflictError
        See :func:`app.photos.service.add`.
    """
    held = find_report(session, token)
    if held.report_id is None:
        raise _no_such_report()
    stored = photos.add(session, held.municipality.id, sent, report_id=held.report_id)
    _record(session, held, "collection", origin, photo=str(stored.id))
    return stored


def _record(
    session: Session,
    held: HeldReport,
    kind: Literal["collection", "alteration", "consultation", "disclosure", "erasure"],
    origin: Request,
    **told: str,
) -> None:
    what = {"collection": COLLECTION, "danger_zone": held.danger_zone_id, **told}
    event = AuditEvent(kind, held.municipality.id, REPORTER, what, address=origin.address, request_id=origin.request_id)
    audit.record(session, event)


def _hashed(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("ascii")).digest()


def _no_such_report() -> NotFoundError:
    return NotFoundError(
        "There is no report of this link.", "Check the address; links end when they expire or the report is erased."
    )
