"""The secret link of a report: a page for people, the same for programs."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import JSONResponse

from app.danger_zones import reporter_links
from app.danger_zones.schemas import ErasureOut, ReportDataOut, ReportStatusOut
from app.dependencies import SessionDep, permit
from app.openapi import problems
from app.rate_limits import rate_limited
from app.web.pages import render_page

TRIES_PER_MINUTE = 60

router = APIRouter(
    prefix="/my-report/{token}", tags=["my report"], dependencies=[rate_limited("my-report", TRIES_PER_MINUTE)]
)

TokenParam = Annotated[str, Path(max_length=120, description="What the answer to the report ended its link with.")]
STATUS_SENTENCES = {
    "received": "We have received your report. Nobody has looked at it yet.",
    "in_moderation": "Somebody is looking at your report now.",
    "open": "Your report was accepted. It waits for a plan.",
    "in_plan": "What you reported is part of a plan.",
    "fix_under_way": "It is being fixed now.",
    "fixed": "It was fixed.",
    "confirmed": "It was fixed, and people confirmed that.",
    "not_confirmed": "It was fixed, but people say that it is not better yet.",
    "reopened": "It was opened again.",
    "rejected": "Your report was not accepted.",
    "duplicate": "The same place was reported before; both are followed together.",
    "passed_on": "Your report was passed on to somebody else who is responsible.",
}


def _origin(request: Request) -> reporter_links.Request:
    return reporter_links.Request(request.client.host if request.client else None, request.state.request_id)


OriginDep = Annotated[reporter_links.Request, Depends(_origin)]


@router.get("", dependencies=[permit("my-report", "read")], include_in_schema=False)
def show_report(request: Request, session: SessionDep, token: TokenParam, origin: OriginDep) -> Response:
    """Show what became of the report, what is held of it, and how to erase it."""
    held = reporter_links.consult(session, token, origin)
    sentence = STATUS_SENTENCES[held.status]
    return render_page(request, "my_report.html", token=token, held=held, sentence=sentence, outcome=None)


@router.post("/erase", dependencies=[permit("my-report", "erase")], include_in_schema=False)
def erase_from_page(request: Request, session: SessionDep, token: TokenParam, origin: OriginDep) -> Response:
    """Erase what the reporter left, and say what became of the report."""
    outcome = reporter_links.erase(session, token, origin)
    return render_page(request, "my_report.html", token=token, held=None, sentence="", outcome=outcome)


@router.get("/status", dependencies=[permit("my-report", "read")], responses=problems(400, 404, 429))
def get_status(session: SessionDep, token: TokenParam, origin: OriginDep) -> ReportStatusOut:
    """Return what became of a report, by its secret link."""
    held = reporter_links.consult(session, token, origin)
    return ReportStatusOut(status=held.status, sentence=STATUS_SENTENCES[held.status], expires_at=held.expires_at)


@router.get(
    "/data",
    dependencies=[permit("my-report", "read")],
    response_model=ReportDataOut,
    responses=problems(400, 404, 429),
)
def get_data(session: SessionDep, token: TokenParam, origin: OriginDep) -> Any:
    """Return everything that is held about a report, as a file to keep."""
    held = reporter_links.export(session, token, origin)
    return JSONResponse(held, headers={"Content-Disposition": 'attachment; filename="my-report.json"'})


@router.delete("/data", dependencies=[permit("my-report", "erase")], responses=problems(400, 404, 429))
def erase_data(session: SessionDep, token: TokenParam, origin: OriginDep) -> ErasureOut:
    """Erase contact, words and link of a report; one that nobody has looked at yet is removed entirely."""
    return ErasureOut(outcome=reporter_links.erase(session, token, origin))
