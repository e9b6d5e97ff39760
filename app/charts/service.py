"""Charts and reports of runs, from what the runs stored."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.analyses.kinds import ANALYSES
from app.analyses.stored import stored_layers, stored_summary, stored_tables
from app.beats.schemas import PLAN_MAKERS
from app.charts.captions import Caption, Format
from app.charts.plans import charted_plan, plan_title
from app.charts.result_reports import Surroundings, result_report
from app.charts.results import ChartedResult, result_chart, result_charts
from app.charts.sheet import rendered
from app.errors import NotFoundError
from app.events import service as events
from app.municipalities.context import MunicipalityContext
from app.runs.service import AnalysisRun
from app.streets import service as streets


def run_chart(
    session: Session, municipality: MunicipalityContext, run: AnalysisRun, name: str, kind: Format, handling_mark: str
) -> bytes:
    """Return a chart of a run.

    Raises
    ------
    NotFoundError
        The run has no such chart.
    """
    result = _charted(session, municipality, run)
    there = result_charts(result)
    if name not in there:
        raise NotFoundError(
            f"Run {run.id} ({run.kind}) has no chart {name[:40]!r}.", f"It has: {', '.join(there) or 'none'}."
        )
    return rendered(result_chart(name, result, _caption(session, municipality, run, handling_mark)), kind)


def run_report(session: Session, municipality: MunicipalityContext, run: AnalysisRun, handling_mark: str) -> bytes:
    """Return the report of a run for a meeting, as a PDF.

    Raises
    ------
    NotFoundError
        The run has no account.
    """
    result = _charted(session, municipality, run)
    area = events.read_study_area(session, municipality).to_frame("geometry")
    around = Surroundings(area, streets.find_streets(session, municipality))
    statistic = run.parameters.get("statistic")
    return result_report(result, _caption(session, municipality, run, handling_mark), around, statistic=statistic)


def _charted(session: Session, municipality: MunicipalityContext, run: AnalysisRun) -> ChartedResult:
    if run.kind in PLAN_MAKERS:
        return charted_plan(session, municipality, run)
    if run.kind not in ANALYSES:
        raise NotFoundError(f"Run {run.id} has no charts and no report: its kind is {run.kind}.", "Its summary tells.")
    summary = stored_summary(run)
    layers = {
        name: frame.to_crs(municipality.working_crs)
        for name, frame in stored_layers(session, municipality, run, most=1).items()
    }
    return ChartedResult(summary, layers, stored_tables(session, municipality, run), run.summary or {})


def _caption(session: Session, municipality: MunicipalityContext, run: AnalysisRun, handling_mark: str) -> Caption:
    told = run.summary or {}
    if run.kind in PLAN_MAKERS:
        title = plan_title(session, municipality, run)
    else:
        heading = ANALYSES[run.kind].heading(run.parameters.get("categories", []), told.get("events", "incidents"))
        title = f"{heading}, {municipality.name}"
    period = str(told.get("period", ""))
    return Caption(
        title,
        source=f"{run.parameters.get('source') or municipality.name}{f', {period}' if period else ''}",
        handling_mark=handling_mark,
        run_id=str(run.id),
        software=str(told.get("software", run.software_version)),
    )
