"""What a reporter may do with the secret link of a report: see what became of it, take along what is held, erase it."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.events import AuditEvent
from app.danger_zones import repository
from app.danger_zones.repository import DANGER_ZONES
from app.database.feature_pages import read_feature
from app.errors import NotFoundError
from app.identity.caller import Caller
from app.municipalities import service as municipalities
from app.municipalities.context import MunicipalityContext
from app.retention import rules

REPORTER = Caller("reporter")
SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
"""256 random bits as URL-safe base64."""

UNMODERATED = ("received", "in_moderation")
COLLECTION = "reporter-data"

Outcome = Literal["removed", "anonymised"]


@dataclass(frozen=True)
class HeldReport:
    """What is held about the report of a link.

    Attributes
    ----------
    municipality : MunicipalityContext
    link_id, danger_zone_id : int
    feature : dict
        The danger zone, as GeoJSON with its exact place.
    contact : str or None
    created_at, expires_at : datetime
        Of the link and the contact.
    """

    municipality: MunicipalityContext
    link_id: int
    danger_zone_id: int
    feature: dict[str, Any]
    contact: str | None
    created_at: datetime
    expires_at: datetime

    @property
    def status(self) -> str:
        """What became of the report."""
        return str(self.feature["properties"]["status"])

    @property
    def is_unmoderated(self) -> bool:
        """Whether nobody has looked at the report yet, so that erasing removes it entirely."""
        return self.status in UNMODERATED


@dataclass(frozen=True)
class Request:
    """Where a request with a link came from, for the audit log."""

    address: str | None
    request_id: str | None


def make_link(session: Session, municipality: MunicipalityContext, danger_zone_id: int, contact: str | None) -> str:
    """Store a link to a new danger zone and return its token, which is not stored and cannot be shown again.

    The token names the municipality, so that a lookup never leaves it; the rest of it is 256 random bits.
    """
    secret = secrets.token_urlsafe(32)
    days = rules.days_kept(session, municipality.id, COLLECTION)
    repository.insert_reporter_link(
        session, municipality.id, danger_zone_id, token_sha256=_hashed(secret), contact=contact, days=days
    )
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
    feature = read_feature(session, DANGER_ZONES, municipality.id, row.danger_zone_id) if row else None
    if row is None or feature is None:
        raise _no_such_report()
    return HeldReport(
        municipality, row.id, row.danger_zone_id, json.loads(feature), row.contact, row.created_at, row.expires_at
    )


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
        "contact": held.contact,
        "link": {"created_at": held.created_at.isoformat(), "expires_at": held.expires_at.isoformat()},
    }


def erase(session: Session, token: str, origin: Request) -> Outcome:
    """Erase what the reporter left, and return what became of the danger zone.

    While nobody has moderated it, and nothing refers to it, it is removed entirely. Afterwards contact, link and words
    are erased; the place, its category and what was done about it stay without them.

    Raises
    ------
    NotFoundError
        See :func:`find_report`.
    """
    held = find_report(session, token)
    key = (held.municipality.id, held.danger_zone_id)
    removed = held.is_unmoderated and repository.delete_lone_zone(session, *key)
    if not removed:
        repository.anonymise_zone(session, *key)
        repository.delete_reporter_link(session, held.municipality.id, held.link_id)
    outcome: Outcome = "removed" if removed else "anonymised"
    _record(session, held, "erasure", origin, outcome=outcome)
    return outcome


def _record(
    session: Session,
    held: HeldReport,
    kind: Literal["consultation", "disclosure", "erasure"],
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
