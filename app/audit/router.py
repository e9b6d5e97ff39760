"""The audit log over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from app.audit import service
from app.audit.events import EventKind
from app.audit.presenting import plain_event
from app.audit.schemas import AuditEventOut, AuditPage
from app.dependencies import MunicipalityDep, SessionDep, permit
from app.features.parameters import MAX_IDENTIFIER
from app.features.schemas import Instant, PlainText
from app.openapi import problems

router = APIRouter(prefix="/municipalities/{municipality}/audit", tags=["audit"])

Since = Annotated[Instant | None, Query(description="Only events at or after this RFC 3339 time.")]
Until = Annotated[Instant | None, Query(description="Only events before this RFC 3339 time.")]
Before = Annotated[
    int | None, Query(ge=1, le=MAX_IDENTIFIER, description="Only events older than this one, for the next page.")
]


@router.get("", dependencies=[permit("audit", "read")], responses=problems(400, 404, 422))
def list_audit_events(
    session: SessionDep,
    municipality: MunicipalityDep,
    kind: EventKind | None = None,
    actor: Annotated[PlainText | None, Query(max_length=200, description="Name of an account, key or program.")] = None,
    since: Since = None,
    until: Until = None,
    before: Before = None,
    most: Annotated[int, Query(ge=1, le=1000, description="The most events of a page.")] = 100,
) -> AuditPage:
    """List what was done with the data of the municipality and who looked at it, newest first."""
    wanted = service.EventFilter(municipality.id, kind, actor, since, until)
    found = service.list_events(session, wanted, before=before, limit=most + 1)
    page = found[:most]
    return AuditPage(
        events=[AuditEventOut.model_validate(plain_event(row)) for row in page],
        next_before=page[-1].id if len(found) > most else None,
    )
