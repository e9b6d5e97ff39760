"""Use cases of Open311: services, the requests that are public, and new requests."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args
from zoneinfo import ZoneInfo

from pydantic import ValidationError
from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from app.danger_zones import service as danger_zones
from app.danger_zones.schemas import DangerZoneFeature, DangerZoneProperties
from app.danger_zones.service import Sender
from app.database.looks import note_look
from app.database.public_views import PUBLIC_STATUSES
from app.errors import InvalidInputError, NotFoundError
from app.incidents import service as incidents
from app.languages.phrases import ENGLISH
from app.municipalities.context import MunicipalityContext
from app.open311 import repository

MOST_REQUESTS = 1000
CLOSED = ("fixed", "confirmed")
OPEN = tuple(status for status in PUBLIC_STATUSES if status not in CLOSED)
PUBLIC_STEPS = tuple(danger_zones.TRANSITIONS)
ATTRIBUTES = {"day_part": "When is it dangerous?", "weekday": "On which days?", "season": "In which season?"}
"""What a report may tell besides, and the question; the answers are those of a danger zone."""

UNKEPT = ("first_name", "last_name", "device_id", "account_id", "media_url", "address_id")
"""Fields of the standard that are taken and thrown away: no names, no accounts, no pictures from elsewhere."""


@dataclass(frozen=True)
class RequestFilter:
    """Which requests are asked for; None is no limit.

    Attributes
    ----------
    ids : list of int or None
    codes : list of str or None
    closed : bool or None
    begin, end : datetime or None
        Requests whose month meets the span.
    box : tuple of float or None
        West, south, east, north.
    page, page_size : int
    """

    ids: list[int] | None = None
    codes: list[str] | None = None
    closed: bool | None = None
    begin: datetime | None = None
    end: datetime | None = None
    box: tuple[float, float, float, float] | None = None
    page: int = 1
    page_size: int = 100


def list_services(session: Session, municipality: MunicipalityContext) -> list[dict[str, Any]]:
    """Return the concerns that can be reported."""
    return [
        {
            "service_code": known.code,
            "service_name": known.label,
            "description": f"Places that are dangerous: {known.label}.",
            "metadata": True,
            "type": "realtime",
            "keywords": "danger zone",
            "group": "community safety",
        }
        for known in incidents.list_categories(session, municipality, "concern")
    ]


def define_service(session: Session, municipality: MunicipalityContext, code: str) -> dict[str, Any]:
    """Return what may be told of a concern besides its place.

    Raises
    ------
    NotFoundError
        There is no such concern.
    """
    if code not in {service["service_code"] for service in list_services(session, municipality)}:
        raise NotFoundError(f"service_code {code[:100]!r} was not found.", "GET services lists those there are.")
    attributes = [
        {
            "variable": True,
            "code": name,
            "datatype": "singlevaluelist",
            "required": False,
            "datatype_description": "one of the values",
            "order": order,
            "description": question,
            "values": [
                {"key": value, "name": value} for value in get_args(DangerZoneProperties.model_fields[name].annotation)
            ],
        }
        for order, (name, question) in enumerate(ATTRIBUTES.items(), start=1)
    ]
    return {"service_code": code, "attributes": attributes}


def list_requests(
    session: Session,
    municipality: MunicipalityContext,
    wanted: RequestFilter,
    *,
    with_updates: bool,
    language: str = ENGLISH,
) -> list[dict[str, Any]]:
    """Return the public danger zones as requests of GeoReport v2: at their public places, with their months.

    Parameters
    ----------
    session : Session
    municipality : MunicipalityContext
    wanted : RequestFilter
    with_updates : bool
        Whether to tell what staff did, step by step.
    language : str
        Of what Kvart says of the steps; what staff wrote stays as it is.
    """
    statuses = None if wanted.closed is None else list(CLOSED if wanted.closed else OPEN)
    rows = repository.read_requests(
        session,
        municipality.id,
        ids=wanted.ids,
        codes=wanted.codes,
        statuses=statuses,
        begin=wanted.begin,
        end=wanted.end,
        box=None if wanted.box is None else list(wanted.box),
        most=wanted.page_size,
        skipped=(wanted.page - 1) * wanted.page_size,
    )
    requests = [_request(municipality, row) for row in rows]
    if with_updates:
        updates = _updates(session, municipality, [row["id"] for row in rows], language)
        for request, row in zip(requests, rows, strict=True):
            request["extended_attributes"]["updates"] = updates.get(row["id"], [])
    note_look(session, "danger-zones", len(rows), None, None)
    return requests


def get_request(session: Session, municipality: MunicipalityContext, identifier: str) -> dict[str, Any]:
    """Return one public danger zone with its history.

    Raises
    ------
    NotFoundError
        Nothing is public under that identifier.
    """
    known = identifier.isascii() and identifier.isdecimal() and len(identifier) <= 16
    wanted = RequestFilter(ids=[int(identifier)] if known else [])
    found = list_requests(session, municipality, wanted, with_updates=True)
    if not found:
        raise NotFoundError(
            f"service_request_id {identifier[:40]!r} was not found.",
            "A request is public once it was moderated and named by three residents or verified by staff.",
        )
    return found[0]


def take_request(
    session: Session, municipality: MunicipalityContext, form: Mapping[str, str], sender: Sender
) -> dict[str, Any]:
    """Store a report that came as a form of GeoReport v2, and return its notice and the token of its secret link.

    Staff, who get no link, get the identifier: the standard allows one of the two.

    Raises
    ------
    InvalidInputError
        A field is missing or cannot be used.
    TooLargeError
        The geometry has too many positions.
    """
    if not form.get("service_code"):
        raise InvalidInputError("service_code was not provided.", "GET services lists those there are.")
    told = {name: form[f"attribute[{name}]"] for name in ATTRIBUTES if form.get(f"attribute[{name}]")}
    told |= {"category": form["service_code"], "reported_by": "citizen", "channel": "open311"}
    told |= {"description": form["description"]} if form.get("description") else {}
    contact = form.get("email") or form.get("phone")
    told |= {"contact": contact} if contact else {}
    body = {"type": "Feature", "geometry": _geometry(form), "properties": told}
    try:
        zone = DangerZoneFeature.model_validate(body)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][-1]) if first["loc"] else "geometry"
        raise InvalidInputError(f"{name}: {first['msg']}.", "Correct the field.") from error
    taken = danger_zones.take_report(session, municipality, zone, sender)
    identifier = danger_zones.public_id_of(session, municipality, taken.danger_zone_id)
    notice = "Nobody has looked at your report yet; it is public once it was moderated and others named it too."
    if taken.token is not None:
        notice += f" /my-report/{taken.token} tells what becomes of it; keep that address secret."
    dropped = [name for name in UNKEPT if form.get(name)]
    if dropped:
        notice += f" Not kept: {', '.join(dropped)}."
    known_by = {"token": taken.token} if taken.token is not None else {"service_request_id": str(identifier)}
    return {**known_by, "service_notice": notice, "account_id": None}


def _geometry(form: Mapping[str, str]) -> Any:
    """Return the place of a form: ``lat`` and ``long``, or the extension ``geometry`` as GeoJSON."""
    if form.get("geometry"):
        try:
            return json.loads(form["geometry"])
        except (ValueError, RecursionError) as error:
            raise InvalidInputError("geometry is no GeoJSON.", "Send a Point, LineString or Polygon.") from error
    if not form.get("lat") or not form.get("long"):
        hint = "Send lat and long in degrees (WGS 84), or geometry as GeoJSON; addresses are not looked up."
        raise InvalidInputError("lat and long were not provided.", hint)
    try:
        place = [float(form["long"]), float(form["lat"])]
    except ValueError as error:
        raise InvalidInputError("lat or long is no number.", "Send degrees such as 57.2441.") from error
    if not all(math.isfinite(number) for number in place):
        raise InvalidInputError("lat or long is no number.", "Send degrees such as 57.2441.")
    return {"type": "Point", "coordinates": place}


def _request(municipality: MunicipalityContext, row: RowMapping) -> dict[str, Any]:
    begin = datetime.fromisoformat(row["begin_local"]).replace(tzinfo=ZoneInfo(row["time_zone"]))
    unknown = dict.fromkeys(("updated_datetime", "expected_datetime", "address", "address_id", "zipcode", "media_url"))
    return {
        "service_request_id": str(row["id"]),
        "status": "closed" if row["status"] in CLOSED else "open",
        "status_notes": row["status"],
        "service_name": row["label"] or row["category"],
        "service_code": row["category"],
        "description": None,
        "agency_responsible": municipality.name,
        "service_notice": "The place stands for at least eight addresses, the time for its month.",
        "requested_datetime": begin.isoformat(),
        **unknown,
        "lat": round(row["lat"], 7),
        "long": round(row["long"], 7),
        "extended_attributes": {name: row[name] for name in (*ATTRIBUTES, "reported_month")},
    }


def _updates(
    session: Session, municipality: MunicipalityContext, identifiers: Sequence[int], language: str
) -> dict[int, list[dict[str, str]]]:
    found: dict[int, list[dict[str, str]]] = {}
    for row in repository.read_updates(session, municipality.id, identifiers, PUBLIC_STEPS):
        told = {
            "status": row["to_status"],
            "month": row["month"],
            "notes": danger_zones.public_sentence(dict(row), language),
        }
        found.setdefault(row["id"], []).append(told)
    return found
