"""The secret link of a report: a page for people, the same for programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from sqlalchemy.orm import Session

from app.danger_zones import reporter_links, service
from app.danger_zones.lifecycle import TRANSITIONS, Transition
from app.danger_zones.report_forms import PhotosDep
from app.danger_zones.reporter_links import HeldReport
from app.danger_zones.schemas import ErasureOut, PhotoOut, ReportDataOut, ReportStatusOut, StepTold
from app.danger_zones.telling import status_sentence
from app.dependencies import SessionDep, permit
from app.errors import ConflictError, InvalidInputError, KvartError, TooLargeError, status_of
from app.features.parameters import MAX_IDENTIFIER
from app.languages.negotiating import LanguageDep
from app.languages.refusing import refusal_phrase
from app.openapi import problems
from app.photos import service as photos
from app.photos.images import MOST_BYTES
from app.photos.receiving import PHOTO_BODY, PHOTO_CONTENT, SentPhoto, photo_answer
from app.rate_limits import rate_limited
from app.web.pages import render_page

TRIES_PER_MINUTE = 60
READ = [permit("my-report", "read")]
ALTER = [permit("my-report", "alter")]
ERASE = [permit("my-report", "erase")]

router = APIRouter(
    prefix="/my-report/{token}", tags=["my report"], dependencies=[rate_limited("my-report", TRIES_PER_MINUTE)]
)

TokenParam = Annotated[str, Path(max_length=120, description="What the answer to the report ended its link with.")]
PhotoParam = Annotated[int, Path(ge=1, le=MAX_IDENTIFIER, description="Number of the photo.", examples=[1])]


def _origin(request: Request) -> reporter_links.Request:
    return reporter_links.Request(request.client.host if request.client else None, request.state.request_id)


OriginDep = Annotated[reporter_links.Request, Depends(_origin)]


def _status(session: Session, held: HeldReport, language: str) -> ReportStatusOut:
    return ReportStatusOut(
        status=held.status,
        sentence=status_sentence(held.status, language),
        history=[
            StepTold(day=step.day, status=step.status, sentence=step.sentence)
            for step in reporter_links.history(session, held, language)
        ],
        possible=list(service.possible_steps(held.status, "reporter")),
        expires_at=held.expires_at,
    )


@router.get("", dependencies=READ, include_in_schema=False)
def show_report(
    request: Request, session: SessionDep, token: TokenParam, origin: OriginDep, language: LanguageDep
) -> Response:
    """Show what became of the report, what is held of it, and what its reporter may do."""
    return _report_page(request, session, token, reporter_links.consult(session, token, origin), language)


def _report_page(
    request: Request,
    session: Session,
    token: str,
    held: HeldReport,
    language: str,
    refused: Sequence[KvartError] = (),
) -> Response:
    known = reporter_links.own_photos(session, held)
    return render_page(
        request,
        "my_report.html",
        status=status_of(refused[0]) if refused else HTTPStatus.OK,
        language=language,
        token=token,
        held=held,
        photos=known,
        takes_photos=held.report_id is not None and len(known) < photos.MOST_PHOTOS,
        photo_mb=MOST_BYTES // 1024**2,
        status_told=_status(session, held, language),
        left_out=[refusal_phrase(language, error) for error in refused],
        outcome=None,
    )


@router.post("/send-photos", dependencies=ALTER, include_in_schema=False)
def add_photos_from_page(
    request: Request, session: SessionDep, token: TokenParam, origin: OriginDep, language: LanguageDep, sent: PhotosDep
) -> Response:
    """Take in photos, and say which were left out and why."""
    held = reporter_links.find_report(session, token)
    refused: list[KvartError] = []
    for photo in sent:
        try:
            reporter_links.add_photo(session, token, photo, origin)
        except (InvalidInputError, TooLargeError, ConflictError) as error:
            refused.append(error)
    if refused:
        return _report_page(request, session, token, held, language, refused)
    return RedirectResponse(f"/my-report/{token}?language={language}", HTTPStatus.SEE_OTHER)


@router.post("/erase", dependencies=ERASE, include_in_schema=False)
def erase_from_page(
    request: Request, session: SessionDep, token: TokenParam, origin: OriginDep, language: LanguageDep
) -> Response:
    """Erase what the reporter left, and say what became of the report."""
    outcome = reporter_links.erase(session, token, origin)
    return render_page(request, "my_report.html", language=language, token=token, held=None, outcome=outcome)


def _endpoint_of(step: Transition) -> Callable[..., ReportStatusOut]:
    def take_step(session: SessionDep, token: TokenParam, origin: OriginDep, language: LanguageDep) -> ReportStatusOut:
        return _status(session, reporter_links.answer(session, token, step.name, origin), language)

    take_step.__doc__ = f"{step.description}\n\nTakes a report that is {' or '.join(step.sources)}."
    take_step.__name__ = f"{step.name}_report"
    return take_step


def _page_endpoint_of(step: Transition) -> Callable[..., Response]:
    def take_step(session: SessionDep, token: TokenParam, origin: OriginDep, language: LanguageDep) -> Response:
        reporter_links.answer(session, token, step.name, origin)
        return RedirectResponse(f"/my-report/{token}?language={language}", HTTPStatus.SEE_OTHER)

    take_step.__doc__ = step.description
    take_step.__name__ = f"{step.name}_report_from_page"
    return take_step


for _step in (step for step in TRANSITIONS.values() if "reporter" in step.takers):
    router.add_api_route(
        f"/status/{_step.name}",
        _endpoint_of(_step),
        methods=["POST"],
        dependencies=ALTER,
        responses=problems(400, 404, 409, 429),
    )
    router.add_api_route(
        f"/{_step.name}", _page_endpoint_of(_step), methods=["POST"], dependencies=ALTER, include_in_schema=False
    )


@router.get("/status", dependencies=READ, responses=problems(400, 404, 429))
def get_status(session: SessionDep, token: TokenParam, origin: OriginDep, language: LanguageDep) -> ReportStatusOut:
    """Return what became of a report, step by step, by its secret link."""
    return _status(session, reporter_links.consult(session, token, origin), language)


@router.post(
    "/photos",
    dependencies=ALTER,
    status_code=201,
    responses=problems(400, 404, 409, 413, 422, 429),
    openapi_extra=PHOTO_BODY,
)
def add_photo(session: SessionDep, token: TokenParam, origin: OriginDep, sent: SentPhoto) -> PhotoOut:
    """Take in a photo: the body is the JPEG, PNG or WebP itself, three at most.

    It is made anew as a JPEG of at most 1600 pixels a side; what else the file held, such as place and time, is gone.
    """
    return PhotoOut.model_validate(reporter_links.add_photo(session, token, sent, origin), from_attributes=True)


@router.get(
    "/photos/{photo}",
    dependencies=READ,
    response_class=Response,
    responses={**PHOTO_CONTENT, **problems(400, 404, 429)},
)
def get_photo(session: SessionDep, token: TokenParam, origin: OriginDep, photo: PhotoParam) -> Response:
    """Return a photo that came with the report, as it is held."""
    return photo_answer(reporter_links.read_photo(session, token, photo, origin))


@router.get("/data", dependencies=READ, response_model=ReportDataOut, responses=problems(400, 404, 429))
def get_data(session: SessionDep, token: TokenParam, origin: OriginDep) -> Any:
    """Return everything that is held about a report, as a file to keep."""
    held = reporter_links.export(session, token, origin)
    return JSONResponse(held, headers={"Content-Disposition": 'attachment; filename="my-report.json"'})


@router.delete("/data", dependencies=ERASE, responses=problems(400, 404, 429))
def erase_data(session: SessionDep, token: TokenParam, origin: OriginDep) -> ErasureOut:
    """Erase contact, words, photos and link of a report; one that nobody has looked at yet is removed entirely."""
    return ErasureOut(outcome=reporter_links.erase(session, token, origin))
