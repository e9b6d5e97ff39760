"""The page by which a resident reports: form, duplicates offered before sending, secret link."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from app.danger_zones import service
from app.danger_zones.models import DAY_PARTS, SEASONS, WEEKDAYS
from app.danger_zones.report_forms import EMPTY, ReportForm, ReportFormDep, feature_of, me_too_of
from app.danger_zones.schemas import DangerZoneFeature
from app.danger_zones.service import Question, Sender, Taken
from app.dependencies import AccessDep, MunicipalityDep, SessionDep, SettingsDep, permit
from app.errors import ConflictError, InvalidInputError, KvartError, NotFoundError, TooLargeError, status_of
from app.incidents import service as incidents
from app.languages.negotiating import LanguageDep
from app.languages.refusing import refusal_phrase
from app.municipalities import service as municipalities
from app.municipalities.context import MunicipalityContext
from app.photos import service as photos
from app.photos.images import MOST_BYTES
from app.rate_limits import address_of
from app.retention import rules
from app.settings import Settings
from app.streets import service as streets
from app.web.pages import render_page

MOST_MUNICIPALITIES = 1000
NONE_OF_THESE = "none"

router = APIRouter(prefix="/report", include_in_schema=False)


@router.get("", dependencies=[permit("pages", "read")])
def choose_municipality(request: Request, session: SessionDep, language: LanguageDep) -> Response:
    """Show the municipalities that take reports."""
    names = municipalities.municipality_names(session, MOST_MUNICIPALITIES)
    return render_page(request, "report_where.html", language=language, here="/report", municipalities=names)


@router.get("/{municipality}", dependencies=[permit("pages", "read")])
def show_form(request: Request, session: SessionDep, municipality: MunicipalityDep, language: LanguageDep) -> Response:
    """Show the form."""
    return _form_page(request, session, municipality, language, EMPTY)


@router.post("/{municipality}", dependencies=[permit("danger-zones", "create")])
def send_report(
    request: Request,
    session: SessionDep,
    municipality: MunicipalityDep,
    access: AccessDep,
    settings: SettingsDep,
    language: LanguageDep,
    form: ReportFormDep,
) -> Response:
    """Take in the report, or show the form again with what is wrong or what was reported nearby before.

    Whoever sends the form is a resident here: staff too get a secret link and count as one.
    """
    sender = Sender(
        access.caller, is_public=True, address=address_of(request), max_vertices=settings.server.max_vertices
    )
    try:
        feature = feature_of(session, municipality, form.told)
        if not form.told["me_too"]:
            question = Question(feature.geometry, feature.properties.category, sender.max_vertices)
            offered = service.find_similar(session, municipality, question, exact=False)
            if offered:
                return _form_page(request, session, municipality, language, form, offered=offered)
        taken = _take(session, municipality, form, feature, sender)
    except (InvalidInputError, TooLargeError, ConflictError, NotFoundError) as error:
        return _form_page(request, session, municipality, language, form, error=error)
    left_out = [refusal_phrase(language, error) for error in _take_photos(session, municipality, form, taken)]
    return render_page(
        request,
        "report_sent.html",
        status=201,
        language=language,
        here=f"/report/{municipality.code}",
        address=f"{str(request.base_url).rstrip('/')}/my-report/{taken.token}",
        joined=taken.joined,
        left_out=left_out,
    )


def _take(
    session: Session, municipality: MunicipalityContext, form: ReportForm, feature: DangerZoneFeature, sender: Sender
) -> Taken:
    """Store the report in a transaction of its own: an error leaves nothing of it."""
    chosen = form.told["me_too"]
    with session.begin_nested():
        if chosen.isascii() and chosen.isdigit() and len(chosen) < 19:
            return service.me_too(session, municipality, int(chosen), me_too_of(feature), sender)
        return service.take_report(session, municipality, feature, sender)


def _take_photos(
    session: Session, municipality: MunicipalityContext, form: ReportForm, taken: Taken
) -> list[KvartError]:
    """Store the photos and return what was wrong with those that are left out; the report stays."""
    refused: list[KvartError] = []
    for sent in form.photos:
        try:
            photos.add(session, municipality.id, sent, report_id=taken.report_id)
        except (InvalidInputError, TooLargeError, ConflictError) as error:
            refused.append(error)
    return refused


def _form_page(
    request: Request,
    session: Session,
    municipality: MunicipalityContext,
    language: str,
    form: ReportForm,
    *,
    error: KvartError | None = None,
    offered: list[dict[str, Any]] | None = None,
) -> Response:
    settings: Settings = request.app.state.settings
    concerns = [(one.code, one.label) for one in incidents.list_categories(session, municipality, "concern")]
    return render_page(
        request,
        "report.html",
        status=200 if error is None else status_of(error),
        language=language,
        nonce=request.state.nonce,
        here=f"/report/{municipality.code}",
        municipality=municipality,
        emergency_number=settings.server.emergency_number,
        told=form.told,
        concerns=concerns,
        choices={"day_part": DAY_PARTS, "weekday": WEEKDAYS, "season": SEASONS},
        streets=streets.street_names(session, municipality),
        photo_mb=MOST_BYTES // 1024**2,
        days=rules.days_kept(session, municipality.id, "reporter-data"),
        refused=None if error is None else refusal_phrase(language, error),
        offered=offered or [],
        had_photos=bool(form.photos),
        none_of_these=NONE_OF_THESE,
    )
