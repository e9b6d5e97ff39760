"""A stored run as the API shows it."""

from __future__ import annotations

from app.analyses.kinds import ANALYSES
from app.analyses.results import LayerInfo, collections_of, layers_of, tables_of
from app.beats.schemas import PLAN_KINDS, PLAN_MAKERS
from app.charts.names import chart_names
from app.features.responses import GEOJSON
from app.municipalities.context import MunicipalityContext
from app.runs.models import AnalysisRun
from app.runs.schemas import RunDetail, RunLink

EVENT_STREAM = "text/event-stream"
SERVER_ONLY = frozenset({"file"})
"""Parameters that say where the service keeps a file; nobody outside is told."""


def run_address(municipality: MunicipalityContext, run_id: int) -> str:
    """Return the address of a run, without host."""
    return f"/municipalities/{municipality.code}/runs/{run_id}"


def run_detail(municipality: MunicipalityContext, run: AnalysisRun) -> RunDetail:
    """Return a run with its links."""
    address = run_address(municipality, run.id)
    links = [RunLink(rel="self", href=address, type="application/json")]
    if run.finished_at is None:
        links.append(RunLink(rel="events", href=f"{address}/events", type=EVENT_STREAM))
    if run.state == "succeeded" and run.kind != "import":
        links.extend(_result_links(run, address))
        plan_id = (run.summary or {}).get("beat_plan_id")
        if plan_id is not None:
            plan = f"/municipalities/{municipality.code}/beat-plans/{plan_id}"
            links.append(RunLink(rel="beat-plan", href=plan, type="application/json"))
    return RunDetail(
        id=run.id,
        municipality=municipality.code,
        kind=run.kind,
        state=run.state,
        progress=run.progress,
        message=run.message,
        parameters={name: value for name, value in run.parameters.items() if name not in SERVER_ONLY},
        seed=run.seed,
        repeat_of=run.repeat_of,
        attempt=run.attempt,
        software_version=run.software_version,
        input_fingerprint=run.input_fingerprint,
        summary=run.summary,
        problem=run.problem,
        created_at=run.created_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
        links=links,
    )


def _result_links(run: AnalysisRun, address: str) -> list[RunLink]:
    """Return the addresses of what the run resulted in."""
    if run.kind in PLAN_KINDS:
        layers: tuple[LayerInfo, ...] = (LayerInfo("beats", 0, (), exact_places=False),)
    else:
        layers = layers_of(run.kind, run.summary)
    links = []
    if any(not layer.exact_places for layer in layers):
        links.append(RunLink(rel="result", href=f"{address}/result", type=GEOJSON))
    if layers:
        links.append(RunLink(rel="map", href=f"{address}/map", type="text/html"))
    if any(layer.exact_places for layer in layers):
        links.append(RunLink(rel="places", href=f"{address}/places", type=GEOJSON))
    if any(layer.name == "density" for layer in layers):
        links.append(RunLink(rel="raster", href=f"{address}/raster", type="image/tiff"))
    tables = tables_of(run.summary)
    links.extend(RunLink(rel="table", href=f"{address}/tables/{name}", type="application/json") for name in tables)
    if run.kind in ANALYSES or run.kind in PLAN_MAKERS:
        charts = chart_names({*(layer.name for layer in layers), *tables, *({"trade-off"} & {run.kind})})
        links.extend(RunLink(rel="chart", href=f"{address}/charts/{name}.svg", type="image/svg+xml") for name in charts)
        links.append(RunLink(rel="report", href=f"{address}/report.pdf", type="application/pdf"))
    for name in collections_of(run.kind, run.summary):
        collection = f"{address.removesuffix(f'/runs/{run.id}')}/ogc/collections/{name}-{run.id}"
        links.append(RunLink(rel="collection", href=collection, type="application/json"))
    return links
