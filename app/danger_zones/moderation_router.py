"""What staff does with danger zones over HTTP: steps, merging and splitting, reports, photos, history."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from sqlalchemy.orm import Session

from app.danger_zones import service
from app.danger_zones.lifecycle import TRANSITIONS, Transition
from app.danger_zones.schemas import (
    Merging,
    PassingOn,
    PhotoOut,
    Splitting,
    StepIn,
    ZoneChangeOut,
    ZoneHistory,
    ZoneReport,
    ZoneReports,
    ZoneStanding,
)
from app.danger_zones.service import Decision
from app.database.looks import note_look
from app.dependencies import AccessDep, IdentifierParam, MunicipalityDep, SessionDep, permit
from app.errors import NotFoundError
from app.features.parameters import MAX_IDENTIFIER
from app.municipalities.context import MunicipalityContext
from app.openapi import problems
from app.photos import service as photos
from app.photos.receiving import PHOTO_BODY, PHOTO_CONTENT, SentPhoto, photo_answer

MODERATE = [permit("danger-zones", "moderate")]
INSPECT = [permit("danger-zones", "inspect")]
CHANGED = problems(400, 404, 409, 413, 415, 422)
PhotoParam = Annotated[int, Path(ge=1, le=MAX_IDENTIFIER, description="Number of the photo.", examples=[1])]

router = APIRouter(prefix="/municipalities/{municipality}/danger-zones/{id}", tags=["danger zones"])


def _standing(session: Session, municipality: MunicipalityContext, danger_zone_id: int) -> ZoneStanding:
    (zone,) = service.zones_by_ids(session, municipality, [danger_zone_id])
    note_look(session, "danger-zones", 1, danger_zone_id, danger_zone_id)
    possible = list(service.possible_steps(zone.status))
    return ZoneStanding(id=zone.id, status=zone.status, verified=zone.verified, possible=possible)


def _decision(access: AccessDep, body: StepIn) -> Decision:
    return Decision(access.caller, body.why, body.next_step, getattr(body, "passed_on_to", None))


def _endpoint_of(step: Transition) -> Callable[..., ZoneStanding]:
    def take_step(
        session: SessionDep,
        municipality: MunicipalityDep,
        access: AccessDep,
        id: IdentifierParam,  # noqa: A002
        body: StepIn,
    ) -> ZoneStanding:
        service.take_step(session, municipality, id, step.name, _decision(access, body))
        return _standing(session, municipality, id)

    take_step.__annotations__["body"] = PassingOn if step.target == "passed_on" else StepIn
    take_step.__doc__ = f"{step.description}\n\nTakes a danger zone that is {' or '.join(step.sources)}."
    take_step.__name__ = f"{step.name.replace('-', '_')}_danger_zone"
    return take_step


for _step in TRANSITIONS.values():
    router.add_api_route(
        f"/{_step.name}", _endpoint_of(_step), methods=["POST"], dependencies=MODERATE, responses=CHANGED
    )


@router.post("/verify", dependencies=MODERATE, responses=CHANGED)
def verify_danger_zone(
    session: SessionDep,
    municipality: MunicipalityDep,
    access: AccessDep,
    id: IdentifierParam,  # noqa: A002
    body: StepIn,
) -> ZoneStanding:
    """Write down that staff looked at the place and found it as reported."""
    service.verify(session, municipality, id, _decision(access, body))
    return _standing(session, municipality, id)


@router.post("/merge", dependencies=MODERATE, responses=CHANGED)
def merge_danger_zone(
    session: SessionDep,
    municipality: MunicipalityDep,
    access: AccessDep,
    id: IdentifierParam,  # noqa: A002
    body: Merging,
) -> ZoneStanding:
    """Make this danger zone the duplicate of another, which takes over its reports; `restore` undoes it.

    The answer is the standing of the other one.
    """
    service.merge(session, municipality, id, body.into, _decision(access, body))
    return _standing(session, municipality, body.into)


@router.post("/restore", dependencies=MODERATE, responses=CHANGED)
def restore_danger_zone(
    session: SessionDep,
    municipality: MunicipalityDep,
    access: AccessDep,
    id: IdentifierParam,  # noqa: A002
    body: StepIn,
) -> ZoneStanding:
    """Undo a merge: this duplicate gets its reports and its former status back."""
    service.restore(session, municipality, id, _decision(access, body))
    return _standing(session, municipality, id)


@router.post("/split", dependencies=MODERATE, status_code=201, responses=CHANGED)
def split_danger_zone(
    session: SessionDep,
    municipality: MunicipalityDep,
    access: AccessDep,
    response: Response,
    id: IdentifierParam,  # noqa: A002
    body: Splitting,
) -> ZoneStanding:
    """Make some reports a danger zone of their own, at the place of the first of them; merging it again undoes that."""
    new_id = service.split(session, municipality, id, body.reports, _decision(access, body))
    response.headers["Location"] = f"/municipalities/{municipality.code}/danger-zones/{new_id}"
    return _standing(session, municipality, new_id)


@router.get("/history", dependencies=INSPECT, responses=problems(400, 404))
def get_history(session: SessionDep, municipality: MunicipalityDep, id: IdentifierParam) -> ZoneHistory:  # noqa: A002
    """Return the life of a danger zone: every step with time, actor and the sentence that the public reads."""
    changes = service.history(session, municipality, id)
    standing = _standing(session, municipality, id)
    told = [ZoneChangeOut.model_validate({**change, "sentence": service.public_sentence(change)}) for change in changes]
    return ZoneHistory(changes=told, possible=standing.possible)


@router.get("/similar", dependencies=INSPECT, responses=problems(400, 404))
def list_similar(session: SessionDep, municipality: MunicipalityDep, id: IdentifierParam) -> dict[str, Any]:  # noqa: A002
    """List danger zones of the same concern that overlap this one or lie within 250 m: what may be merged with it."""
    (zone,) = service.zones_by_ids(session, municipality, [id])
    near = service.near_zones(session, municipality, zone.place, zone.category)
    others = [{**other, "distance_m": int(other["distance_m"])} for other in near if other["id"] != id]
    note_look(session, "danger-zones", len(others), None, None)
    return {"zones": others}


@router.get("/reports", dependencies=INSPECT, responses=problems(400, 404))
def get_reports(session: SessionDep, municipality: MunicipalityDep, id: IdentifierParam) -> ZoneReports:  # noqa: A002
    """Return every report of a danger zone with its words, place and photos, oldest first."""
    rows = service.list_reports(session, municipality, id)
    pictures = photos.of_reports(session, municipality.id, [row["id"] for row in rows])
    note_look(session, "danger-zones", 1, id, id)
    told = [
        ZoneReport.model_validate(
            {**row, "geometry": json.loads(row["geometry"]), "photos": pictures.get(row["id"], [])}
        )
        for row in rows
    ]
    return ZoneReports(reports=told, photos=photos.of_zone(session, municipality.id, id))


@router.post("/photos", dependencies=MODERATE, status_code=201, responses=CHANGED, openapi_extra=PHOTO_BODY)
def add_photo(
    session: SessionDep,
    municipality: MunicipalityDep,
    id: IdentifierParam,  # noqa: A002
    sent: SentPhoto,
) -> PhotoOut:
    """Take in a photo that staff took of a danger zone: the body is the JPEG, PNG or WebP itself, three at most."""
    service.zones_by_ids(session, municipality, [id])
    stored = photos.add(session, municipality.id, sent, danger_zone_id=id)
    note_look(session, "danger-zones", 1, id, id)
    return PhotoOut.model_validate(stored, from_attributes=True)


@router.get(
    "/photos/{photo}", dependencies=INSPECT, response_class=Response, responses={**PHOTO_CONTENT, **problems(400, 404)}
)
def get_photo(
    session: SessionDep,
    municipality: MunicipalityDep,
    id: IdentifierParam,  # noqa: A002
    photo: PhotoParam,
) -> Response:
    """Return a photo of a danger zone or of one of its reports as JPEG."""
    _require_own(session, municipality, id, photo)
    return photo_answer(photos.read(session, municipality.id, photo))


@router.delete("/photos/{photo}", dependencies=MODERATE, status_code=204, responses=problems(400, 404))
def delete_photo(
    session: SessionDep,
    municipality: MunicipalityDep,
    id: IdentifierParam,  # noqa: A002
    photo: PhotoParam,
) -> None:
    """Erase a photo, for example one that shows a person."""
    _require_own(session, municipality, id, photo)
    photos.delete(session, municipality.id, photo)


def _require_own(session: Session, municipality: MunicipalityContext, danger_zone_id: int, photo: int) -> None:
    """Refuse a photo of another danger zone, and write down whose was looked at."""
    reports = [row["id"] for row in service.list_reports(session, municipality, danger_zone_id)]
    own = photos.of_reports(session, municipality.id, reports).values()
    if photo not in {*photos.of_zone(session, municipality.id, danger_zone_id), *(n for many in own for n in many)}:
        raise NotFoundError(f"There is no photo {photo} of danger zone {danger_zone_id}.", "")
    note_look(session, "danger-zones", 1, danger_zone_id, danger_zone_id)
