"""The form by which a resident reports, as the browser sends it: read under caps, turned into a report."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import ValidationError
from sqlalchemy.orm import Session
from starlette.datastructures import FormData, UploadFile

from app.access import FORM, FORM_WITH_FILES
from app.danger_zones.schemas import DangerZoneFeature, MeToo
from app.errors import InvalidInputError
from app.identity.forms import require_own_form
from app.municipalities.context import MunicipalityContext
from app.photos.images import MOST_BYTES
from app.streets import service as streets

FIELDS = (
    "category",
    "shape",
    "positions",
    "street",
    "day_part",
    "weekday",
    "season",
    "description",
    "contact",
    "me_too",
)
MOST_FILES = 12
MOST_FIELDS = 60
MOST_WORDS_BYTES = 256 * 1024
LEAST_POSITIONS = {"point": 1, "line": 2, "area": 3}
POSITION = re.compile(r"\s*([-+]?\d{1,9}(?:[.,]\d{1,20})?)\s*[,;\s]\s*([-+]?\d{1,9}(?:[.,]\d{1,20})?)\s*", re.ASCII)
CHANNEL = "web form"


@dataclass(frozen=True)
class ReportForm:
    """What the form held.

    Attributes
    ----------
    told : mapping of str to str
        Every field of ``FIELDS``, empty where it was left out.
    photos : tuple of bytes
        Each cut off a little beyond what a photo may have.
    """

    told: Mapping[str, str]
    photos: tuple[bytes, ...]


EMPTY = ReportForm({**dict.fromkeys(FIELDS, ""), "shape": "point"}, ())


async def read_form(request: Request) -> ReportForm:
    """Return the form that a page of ours sent.

    Raises
    ------
    ForbiddenError
        If a page of another site sent it.
    UnsupportedFormatError
        If it is no form.
    """
    require_own_form(request, {FORM, FORM_WITH_FILES}, "Programs send GeoJSON to .../danger-zones.")
    async with request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=MOST_WORDS_BYTES) as form:
        told = {name: value.strip() for name in FIELDS if isinstance(value := form.get(name, ""), str)}
        photos = await _photos_of(form)
    return ReportForm({**dict.fromkeys(FIELDS, ""), **told}, photos)


async def read_photos(request: Request) -> tuple[bytes, ...]:
    """Return the photos that a page of ours sent, each cut off a little beyond what a photo may have.

    Raises
    ------
    ForbiddenError
        If a page of another site sent them.
    UnsupportedFormatError
        If it is no form with files.
    """
    require_own_form(request, {FORM_WITH_FILES}, "Programs send each photo as the body of .../photos.")
    async with request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=MOST_WORDS_BYTES) as form:
        return await _photos_of(form)


async def _photos_of(form: FormData) -> tuple[bytes, ...]:
    files = [part for part in form.getlist("photos") if isinstance(part, UploadFile) and part.size]
    return tuple([await part.read(MOST_BYTES + 1) for part in files])


PhotosDep = Annotated[tuple[bytes, ...], Depends(read_photos)]
ReportFormDep = Annotated[ReportForm, Depends(read_form)]


def feature_of(session: Session, municipality: MunicipalityContext, told: Mapping[str, str]) -> DangerZoneFeature:
    """Return the report of a form.

    Raises
    ------
    InvalidInputError
        If no place is marked or a field cannot be used; the reason says which.
    """
    properties: dict[str, Any] = {"category": told["category"] or "?", "reported_by": "citizen", "channel": CHANNEL}
    properties |= {name: told[name] or "any" for name in ("day_part", "weekday", "season")}
    properties |= {name: told[name] or None for name in ("description", "contact")}
    feature = {"type": "Feature", "geometry": _geometry(session, municipality, told)}
    return _checked(DangerZoneFeature, {**feature, "properties": properties})


def me_too_of(feature: DangerZoneFeature) -> MeToo:
    """Return a report as one more of a danger zone that is known."""
    told = feature.properties
    return MeToo(geometry=feature.geometry, channel=told.channel, description=told.description, contact=told.contact)


def _geometry(session: Session, municipality: MunicipalityContext, told: Mapping[str, str]) -> dict[str, Any]:
    positions = _positions(told["positions"])
    if not positions and told["street"]:
        middle = streets.middle_of_street(session, municipality, told["street"])
        if middle is not None:
            return {"type": "Point", "coordinates": [middle.x, middle.y]}
    kind = told["shape"] if told["shape"] in LEAST_POSITIONS else "point"
    if len(positions) < LEAST_POSITIONS[kind]:
        raise InvalidInputError("The report has no place.", "Mark it.", reason="no_place")
    if kind == "line":
        return {"type": "LineString", "coordinates": positions}
    if kind == "area":
        return {"type": "Polygon", "coordinates": [[*positions, positions[0]]]}
    return {"type": "Point", "coordinates": positions[-1]}


def _positions(text: str) -> list[list[float]]:
    """Return longitude and latitude of each line ``latitude, longitude``."""
    found = []
    for line in filter(str.strip, text.splitlines()):
        matched = POSITION.fullmatch(line)
        if matched is None:
            raise InvalidInputError(f"{line[:40]!r} is no position.", "Write latitude, longitude.", reason="positions")
        latitude, longitude = (float(number.replace(",", ".")) for number in matched.groups())
        found.append([longitude, latitude])
    return found


def _checked(kind: type[DangerZoneFeature], document: dict[str, Any]) -> DangerZoneFeature:
    try:
        return kind.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        told = "script" if first["type"] == "script" else "words"
        reason = told if {"description", "contact"} & set(first["loc"]) else "invalid_input"
        raise InvalidInputError("A field of the form cannot be used.", "Check it.", reason=reason) from error
