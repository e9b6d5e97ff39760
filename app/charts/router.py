"""Charts and reports of runs over HTTP; drawn in the thread of the request, beside the event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Request, Response

from app.analyses.stored import check_exact_places
from app.charts.captions import Format
from app.deferred import Deferred
from app.dependencies import IdentifierParam, MunicipalityDep, SessionDep, SettingsDep, permit
from app.openapi import problems
from app.runs import service as runs

if TYPE_CHECKING:
    from app.charts import service
else:
    service = Deferred("app.charts.service")

router = APIRouter(prefix="/municipalities/{municipality}/runs/{id}", tags=["maps"])

MEDIA_TYPES: dict[Format, str] = {"svg": "image/svg+xml", "png": "image/png", "pdf": "application/pdf"}
SVG_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"
"""A drawing asks for nothing and runs nothing; its styles are attributes."""
_CHART = {
    "description": "The chart.",
    "content": {media: {"schema": {"type": "string", "format": "binary"}} for media in MEDIA_TYPES.values()},
}
_REPORT = {
    "description": "The report.",
    "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
}

ChartParam = Annotated[
    str, Path(pattern=r"^[a-z-]{1,40}$", description="Name of the chart; the run links to those it has.")
]


@router.get(
    "/charts/{chart}.{format}",
    dependencies=[permit("results", "read")],
    response_class=Response,
    responses={200: _CHART, **problems(400, 404, 409)},
)
def get_chart(
    request: Request,
    session: SessionDep,
    municipality: MunicipalityDep,
    settings: SettingsDep,
    id: IdentifierParam,  # noqa: A002
    chart: ChartParam,
    format: Format,  # noqa: A002
) -> Response:
    """Return a chart of the result of a run: hours of the week, trend, capture curve, bandwidth, change, places."""
    run = runs.get_finished_run(session, municipality, id)
    check_exact_places(request, session, municipality, run)
    drawn = service.run_chart(session, municipality, run, chart, format, settings.maps.handling_mark)
    return _file(drawn, format, f"{municipality.code}-run-{id}-{chart}")


@router.get(
    "/report.pdf",
    dependencies=[permit("results", "read")],
    response_class=Response,
    responses={200: _REPORT, **problems(400, 404, 409)},
)
def get_report(
    request: Request,
    session: SessionDep,
    municipality: MunicipalityDep,
    settings: SettingsDep,
    id: IdentifierParam,  # noqa: A002
) -> Response:
    """Return the report of a run for a meeting: map, what it says, what to beware of, charts, how it was made."""
    run = runs.get_finished_run(session, municipality, id)
    check_exact_places(request, session, municipality, run)
    report = service.run_report(session, municipality, run, settings.maps.handling_mark)
    return _file(report, "pdf", f"{municipality.code}-run-{id}-report")


def _file(content: bytes, kind: Format, name: str) -> Response:
    headers = {"Content-Disposition": f'inline; filename="{name}.{kind}"'}
    if kind == "svg":
        headers["Content-Security-Policy"] = SVG_POLICY
    return Response(content, media_type=MEDIA_TYPES[kind], headers=headers)
