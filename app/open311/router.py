"""GeoReport v2 over HTTP, in XML and JSON, one endpoint per municipality."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from app.danger_zones import reporter_links
from app.danger_zones import service as danger_zones
from app.danger_zones.router import SenderDep
from app.dependencies import MunicipalityDep, SessionDep, permit
from app.errors import BadParameterError, NotFoundError
from app.features.parameters import parse_bbox, parse_interval
from app.municipalities.context import MunicipalityContext
from app.open311 import service
from app.open311.documents import MEDIA_TYPES, Format, written
from app.open311.service import MOST_REQUESTS, RequestFilter
from app.rate_limits import rate_limited

SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
CHANGESET = "2026-11-21T00:00:00Z"
TRIES_PER_MINUTE = 60
LONGEST_FIELD = 20_000
LONGEST_SPAN = timedelta(days=90)

router = APIRouter(prefix="/municipalities/{municipality}/open311", tags=["open311"])

JurisdictionParam = Annotated[
    str | None, Query(max_length=63, description="Code of the municipality; the address names it already.")
]
CodeParam = Annotated[str, Path(max_length=100, description="Code of a concern.")]
RequestIdParam = Annotated[str, Path(max_length=40, description="Public identifier of a request.")]
TokenParam = Annotated[str, Path(max_length=120, description="Token that a new request was answered with.")]
SPOKEN: dict[str, dict[str, Any]] = {"text/xml": {}, "application/json": {}}
REFUSED: dict[str, Any] = {"description": "Code and description.", "content": SPOKEN}
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The document.", "content": SPOKEN},
    **dict.fromkeys((400, 401, 403, 404, 429, 500, 503), REFUSED),
}


def require_jurisdiction(municipality: MunicipalityDep, jurisdiction_id: JurisdictionParam = None) -> None:
    """Refuse another jurisdiction than that of the address.

    Raises
    ------
    NotFoundError
        It is another one.
    """
    _check_jurisdiction(municipality, jurisdiction_id)


def request_filter(
    service_request_id: Annotated[str | None, Query(max_length=2000, description="Several with commas.")] = None,
    service_code: Annotated[str | None, Query(max_length=2000, description="Several with commas.")] = None,
    status: Annotated[str | None, Query(max_length=20, description="`open`, `closed` or both with a comma.")] = None,
    start_date: Annotated[
        str | None, Query(max_length=40, description="RFC 3339. 90 days at most are searched, by default the last.")
    ] = None,
    end_date: Annotated[str | None, Query(max_length=40, description="RFC 3339.")] = None,
    bbox: Annotated[str | None, Query(max_length=200, description="Extension: minx,miny,maxx,maxy in degrees.")] = None,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    page_size: Annotated[int, Query(ge=1, le=MOST_REQUESTS)] = MOST_REQUESTS,
) -> RequestFilter:
    """Return which requests the parameters ask for; as the standard has it, identifiers override all of them.

    Raises
    ------
    BadParameterError
        If one cannot be read, or the dates span more than 90 days.
    """
    if service_request_id is not None:
        return RequestFilter(ids=_identifiers(service_request_id), page=page, page_size=page_size)
    begin, end = _span(_instant("start_date", start_date), _instant("end_date", end_date))
    return RequestFilter(
        codes=None if service_code is None else _listed(service_code),
        closed=None if status is None else _closed(status),
        begin=begin,
        end=end,
        box=None if bbox is None else _box(bbox),
        page=page,
        page_size=page_size,
    )


FilterDep = Annotated[RequestFilter, Depends(request_filter)]
JURISDICTION = Depends(require_jurisdiction)


@router.get("/discovery.{format}", dependencies=[permit("open311", "read"), JURISDICTION], responses=ANSWERS)
def discover(request: Request, municipality: MunicipalityDep, format: Format) -> Response:  # noqa: A002
    """Tell where the endpoint is and what it speaks."""
    base = str(request.base_url).rstrip("/") + f"/municipalities/{municipality.code}/open311/v2"
    endpoint = {
        "specification": SPECIFICATION,
        "url": base,
        "changeset": CHANGESET,
        "type": "production",
        "formats": ["text/xml", "application/json"],
    }
    about = {"changeset": CHANGESET, "contact": municipality.name, "key_service": "No key is needed."}
    return _answer("discovery", {**about, "endpoints": [endpoint]}, format)


@router.get("/v2/services.{format}", dependencies=[permit("open311", "read"), JURISDICTION], responses=ANSWERS)
def list_services(session: SessionDep, municipality: MunicipalityDep, format: Format) -> Response:  # noqa: A002
    """List the concerns that can be reported."""
    return _answer("services", service.list_services(session, municipality), format)


@router.get(
    "/v2/services/{service_code}.{format}", dependencies=[permit("open311", "read"), JURISDICTION], responses=ANSWERS
)
def define_service(
    session: SessionDep,
    municipality: MunicipalityDep,
    service_code: CodeParam,
    format: Format,  # noqa: A002
) -> Response:
    """Tell what may be told of a concern besides its place."""
    return _answer("service_definition", service.define_service(session, municipality, service_code), format)


@router.get("/v2/requests.{format}", dependencies=[permit("open311", "read"), JURISDICTION], responses=ANSWERS)
def list_requests(
    session: SessionDep,
    municipality: MunicipalityDep,
    wanted: FilterDep,
    format: Format,  # noqa: A002
    extensions: Annotated[bool, Query(description="Extension: with the history of each request.")] = False,
) -> Response:
    """List the danger zones that are public, at their public places and with their months."""
    found = service.list_requests(session, municipality, wanted, with_updates=extensions)
    return _answer("service_requests", found, format)


@router.get(
    "/v2/requests/{service_request_id}.{format}",
    dependencies=[permit("open311", "read"), JURISDICTION],
    responses=ANSWERS,
)
def get_request(
    session: SessionDep,
    municipality: MunicipalityDep,
    service_request_id: RequestIdParam,
    format: Format,  # noqa: A002
) -> Response:
    """Return one public danger zone with its history."""
    return _answer("service_requests", [service.get_request(session, municipality, service_request_id)], format)


async def read_form(request: Request) -> dict[str, str]:
    """Return the text fields of a form; files and what is too long are left out.

    Raises
    ------
    BadParameterError
        If a field is given twice.
    """
    form = (await request.form()).multi_items()
    names = [name for name, _ in form]
    for name in names:
        if names.count(name) > 1:
            raise BadParameterError(name[:80], "is given more than once.", "Give it once.")
    return {name: value for name, value in form if isinstance(value, str) and len(value) <= LONGEST_FIELD}


@router.post(
    "/v2/requests.{format}",
    dependencies=[permit("danger-zones", "create"), JURISDICTION],
    status_code=201,
    responses={**ANSWERS, 201: ANSWERS[200], 413: REFUSED},
)
def create_request(
    session: SessionDep,
    municipality: MunicipalityDep,
    sender: SenderDep,
    form: Annotated[Mapping[str, str], Depends(read_form)],
    format: Format,  # noqa: A002
) -> Response:
    """Take a report as a form: `service_code`, `lat` and `long` or `geometry`, `description`, `email` or `phone`.

    `attribute[day_part]`, `attribute[weekday]` and `attribute[season]` are those of the service definition.
    """
    _check_jurisdiction(municipality, form.get("jurisdiction_id"))
    return _answer("service_requests", [service.take_request(session, municipality, form, sender)], format, status=201)


@router.get(
    "/v2/tokens/{token}.{format}",
    dependencies=[permit("my-report", "read"), rate_limited("my-report", TRIES_PER_MINUTE), JURISDICTION],
    responses=ANSWERS,
)
def read_token(
    request: Request,
    session: SessionDep,
    municipality: MunicipalityDep,
    token: TokenParam,
    format: Format,  # noqa: A002
) -> Response:
    """Return the identifier by which a new request will be public."""
    origin = reporter_links.Request(request.client.host if request.client else None, request.state.request_id)
    held = reporter_links.consult(session, token, origin)
    if held.municipality.id != municipality.id:
        raise NotFoundError("There is no request of this token here.")
    identifier = danger_zones.public_id_of(session, municipality, held.danger_zone_id)
    return _answer("service_requests", [{"service_request_id": str(identifier), "token": token}], format)


def _answer(root: str, content: Any, form: Format, *, status: int = 200) -> Response:
    return Response(written(root, content, form), status_code=status, media_type=MEDIA_TYPES[form])


def _check_jurisdiction(municipality: MunicipalityContext, given: str | None) -> None:
    if given and given != municipality.code:
        raise NotFoundError(f"jurisdiction_id {given[:63]!r} was not found here.", f"It is {municipality.code!r}.")


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _identifiers(text: str) -> list[int]:
    known = [part for part in _listed(text) if part.isascii() and part.isdecimal() and len(part) <= 16]
    return [int(part) for part in known]


def _closed(text: str) -> bool | None:
    asked = set(_listed(text))
    if not asked or not asked <= {"open", "closed"}:
        raise BadParameterError("status", "is neither open nor closed.", "Use open, closed or open,closed.")
    return None if len(asked) == 2 else asked == {"closed"}


def _instant(name: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return parse_interval(text).begin
    except BadParameterError as error:
        raise BadParameterError(
            name, "is no time with offset.", "Use RFC 3339, such as 2026-03-01T00:00:00Z."
        ) from error


def _span(begin: datetime | None, end: datetime | None) -> tuple[datetime, datetime]:
    """Return the span that is searched: 90 days at most, the last ones where no date is given."""
    if begin is None:
        end = end or datetime.now(UTC)
        return end - LONGEST_SPAN, end
    if end is not None and end - begin > LONGEST_SPAN:
        raise BadParameterError("end_date", "is more than 90 days after start_date.", "Ask for one quarter at a time.")
    return begin, end or begin + LONGEST_SPAN


def _box(text: str) -> tuple[float, float, float, float]:
    box = parse_bbox(text)
    if box.west > box.east:
        raise BadParameterError("bbox", "has its west beyond its east.", "Ask for both sides one after the other.")
    return box.west, box.south, box.east, box.north
