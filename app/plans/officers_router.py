"""Who holds a beat, over HTTP: assignments with their history, tenure, and "who is my officer"."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from app.database.looks import note_look
from app.dependencies import IdentifierParam, MunicipalityDep, SessionDep, permit
from app.openapi import problems
from app.plans import service
from app.plans.schemas import (
    Assignment,
    AssignmentList,
    AssignmentOut,
    MyOfficer,
    OfficerPublication,
    PublicOfficer,
    TenureOut,
)
from app.plans.tables import records

AS_OF = "Day that it is told of, past or to come; today when absent."

router = APIRouter(prefix="/municipalities/{municipality}", tags=["officers"])


@router.get("/my-officer", dependencies=[permit("my-officer", "read")], responses=problems(400, 404))
def get_my_officer(
    session: SessionDep,
    municipality: MunicipalityDep,
    lon: Annotated[float, Query(ge=-180, le=180, allow_inf_nan=False, description="Longitude, degrees.")],
    lat: Annotated[float, Query(ge=-90, le=90, allow_inf_nan=False, description="Latitude, degrees.")],
    as_of: Annotated[date | None, Query(description=AS_OF)] = None,
) -> MyOfficer:
    """Tell who is the permanent officer at a place; named only where the officer agreed to be published.

    Of a day that is past, the beat and its plan are told, but nobody is named.
    """
    found = service.officer_at(session, municipality, lon, lat, as_of)
    officer, message = None, "The beat has no officer at present: ask at the station."
    if found["published"] is not None and as_of is not None and as_of < service.today(municipality):
        message = "The beat had a permanent officer; those of past days are not named."
    elif found["published"]:
        officer = PublicOfficer(name=found["display_name"], contact=found["contact"])
        message = "This is your permanent officer."
    elif found["published"] is not None:
        message = "The beat has a permanent officer whose name is not published: ask at the station."
    return MyOfficer(beat_id=found["beat_id"], plan=found["plan"], officer=officer, message=message)


@router.get("/officer-tenure", dependencies=[permit("officers", "read")], responses=problems(400, 404, 422))
def get_tenure(
    session: SessionDep,
    municipality: MunicipalityDep,
    as_of: Annotated[date | None, Query(description=AS_OF)] = None,
) -> TenureOut:
    """Tell how long officers stay with their beats, how often beats change hands, and how long they were vacant."""
    found = service.tenure(session, municipality, as_of)
    return TenureOut(**{**vars(found), "by_beat": records(found.by_beat)})


@router.put(
    "/officers/{id}/publication", dependencies=[permit("officers", "publish")], responses=problems(400, 404, 415, 422)
)
def publish_officer(
    session: SessionDep,
    municipality: MunicipalityDep,
    id: IdentifierParam,  # noqa: A002
    body: OfficerPublication,
) -> OfficerPublication:
    """Say whether everybody may read the name and the contact of an officer who agreed to it."""
    service.publish_officer(session, municipality, id, body.display_name, published=body.published)
    note_look(session, "officers", 1, id, id)
    return body


@router.get("/beat-plans/{id}/assignments", dependencies=[permit("officers", "read")], responses=problems(400, 404))
def list_assignments(session: SessionDep, municipality: MunicipalityDep, id: IdentifierParam) -> AssignmentList:  # noqa: A002
    """List who held the beats of a plan, from when until when, why, and what was handed over."""
    rows = service.assignments(session, municipality, id)
    note_look(session, "assignments", len(rows), id, id)
    return AssignmentList(assignments=[AssignmentOut.model_validate(row) for row in rows])


@router.post(
    "/beat-plans/{id}/assignments",
    dependencies=[permit("beat-plans", "assign")],
    responses=problems(400, 404, 409, 415, 422),
)
def assign_officer(
    session: SessionDep,
    municipality: MunicipalityDep,
    id: IdentifierParam,  # noqa: A002
    body: Assignment,
) -> AssignmentList:
    """Give a beat to another officer, or to nobody, from a day on; the note stays with who hands over."""
    service.assign(session, municipality, id, body)
    note_look(session, "assignments", 1, id, id)
    rows = service.assignments(session, municipality, id)
    return AssignmentList(
        assignments=[AssignmentOut.model_validate(row) for row in rows if row["beat_id"] == body.beat_id]
    )
