"""The pages on which staff decides what becomes of danger zones: what waits, one of them, the decision."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from app.access import FORM, other_access
from app.danger_zones.service import ZoneStatus
from app.database.looks import note_look
from app.dependencies import AccessDep, IdentifierParam, MunicipalityDep, SessionDep, permit
from app.errors import ConflictError, InvalidInputError, KvartError, NotFoundError, status_of
from app.identity.forms import require_own_form
from app.identity.rights import right_of
from app.languages.negotiating import PARAMETER, LanguageDep
from app.moderation import service
from app.municipalities.context import MunicipalityContext
from app.web.pages import render_page

MOST_FIELDS = 1100
FIELDS = ("step", "why", "next_step", "passed_on_to", "into")
ZONE_STATUSES: tuple[str, ...] = get_args(ZoneStatus)
EMPTY: dict[str, Any] = {**dict.fromkeys(FIELDS, ""), "reports": []}

router = APIRouter(prefix="/moderation/{municipality}", include_in_schema=False)


@router.get("", dependencies=[permit("danger-zones", "inspect")])
def show_queue(
    request: Request,
    session: SessionDep,
    municipality: MunicipalityDep,
    language: LanguageDep,
    status: Annotated[ZoneStatus | None, Query()] = None,
) -> Response:
    """Show the danger zones that wait for a decision."""
    queue = service.open_queue(session, municipality, status)
    seen = [zone["id"] for zone in queue.zones]
    note_look(session, "danger-zones", len(seen), min(seen, default=None), max(seen, default=None))
    return render_page(
        request,
        "moderation.html",
        language=language,
        here=f"/moderation/{municipality.code}",
        asked={} if status is None else {"status": status},
        municipality=municipality,
        queue=queue,
        statuses=ZONE_STATUSES,
    )


@router.get("/{id}", dependencies=[permit("danger-zones", "inspect")])
def show_case(
    request: Request,
    session: SessionDep,
    municipality: MunicipalityDep,
    access: AccessDep,
    language: LanguageDep,
    id: IdentifierParam,  # noqa: A002
) -> Response:
    """Show what is known of a danger zone and what can be done about it."""
    return _case_page(request, session, municipality, access, language, id, EMPTY)


async def read_form(request: Request) -> dict[str, Any]:
    """Return the decision that the form of our page sent.

    Raises
    ------
    ForbiddenError
        If a page of another site sent it.
    UnsupportedFormatError
        If it is no form.
    """
    require_own_form(request, {FORM}, "Programs send JSON to .../danger-zones/{id}/{step}.")
    form = await request.form(max_fields=MOST_FIELDS)
    told: dict[str, Any] = {name: str(form.get(name, "")).strip() for name in FIELDS}
    return {**told, "reports": [str(number) for number in form.getlist("reports")]}


@router.post("/{id}", dependencies=[permit("danger-zones", "moderate")])
def decide(
    request: Request,
    session: SessionDep,
    municipality: MunicipalityDep,
    access: AccessDep,
    language: LanguageDep,
    id: IdentifierParam,  # noqa: A002
    told: Annotated[dict[str, Any], Depends(read_form)],
) -> Response:
    """Take the step that the form asks for, or show the page again with what is wrong."""
    try:
        following = service.decide(session, municipality, id, told, access.caller, language)
    except (InvalidInputError, ConflictError, NotFoundError) as error:
        return _case_page(request, session, municipality, access, language, id, told, error=error)
    note_look(session, "danger-zones", 1, id, id)
    kept = f"?language={language}" if PARAMETER in request.query_params else ""
    return RedirectResponse(f"/moderation/{municipality.code}/{following}{kept}", HTTPStatus.SEE_OTHER)


def _case_page(
    request: Request,
    session: Session,
    municipality: MunicipalityContext,
    access: AccessDep,
    language: str,
    danger_zone_id: int,
    told: dict[str, Any],
    *,
    error: KvartError | None = None,
) -> Response:
    case = service.open_case(session, municipality, danger_zone_id, language)
    note_look(session, "danger-zones", 1, danger_zone_id, danger_zone_id)
    return render_page(
        request,
        "moderation_case.html",
        status=200 if error is None else status_of(error),
        nonce=request.state.nonce,
        language=language,
        here=f"/moderation/{municipality.code}/{danger_zone_id}",
        asked={},
        municipality=municipality,
        case=case,
        told=told,
        refused=error and str(error),
        may_decide=other_access(access, right_of("danger-zones", "moderate"), municipality.code) is not None,
    )
