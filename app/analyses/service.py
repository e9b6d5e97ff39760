"""Use cases of analyses: do a run of any kind, read its layers, tables and raster."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from app.analyses import repository
from app.analyses.kinds import ANALYSES
from app.analyses.parameters.area import AreaParameters
from app.analyses.results import LayerInfo, layers_of, tables_of
from app.analyses.run_layers import RUN_LAYERS, RunLayer
from app.database.feature_collections import Collection, FeatureQuery
from app.database.feature_pages import FeaturePage
from app.database.sessions import Database
from app.deferred import Deferred, gpd, pd
from app.errors import NotFoundError
from app.hot_spots import service as hot_spots
from app.hot_spots.service import CELL_LAYERS
from app.incident_blocks import service as incident_blocks
from app.jobs.handlers import ClaimedRun, ReportProgress, RunResult
from app.municipalities import service as municipalities
from app.municipalities.context import MunicipalityContext
from app.runs.service import AnalysisRun

if TYPE_CHECKING:
    from app.analyses import rasters, reading
    from app.analyses.inputs import AnalysisInput, AnalysisResult, Layer
else:
    rasters, reading = Deferred("app.analyses.rasters"), Deferred("app.analyses.reading")

__all__ = [
    "RUN_LAYERS",
    "RunLayer",
    "collection_of_run",
    "execute",
    "input_fingerprint",
    "layer_features",
    "layer_frame",
    "layer_of",
    "layers_of",
    "raster",
    "result_table",
    "tables_of",
]


def execute(database: Database, run: ClaimedRun, report: ReportProgress) -> RunResult:
    """Do a run of any kind of `app.analyses.kinds`."""
    analysis = ANALYSES[run.kind]
    parameters = analysis.parameters.model_validate(run.parameters)
    report(0.05, "reading events")
    if parameters.needs().counts_only and parameters.events == "incidents":
        incident_blocks.pack(database, run.municipality_id)
    with database.transaction() as session:
        municipality = municipalities.find_municipality(session, run.municipality_code)
        found = reading.read_input(session, municipality, parameters)
    n = len(found.x) if found.counted is None else int(found.counted.cells.counts.sum())
    report(0.3, f"computing over {n:,} events")
    result = analysis.compute(found, parameters, run.seed or 0)
    report(0.8, "storing the result")
    summary = {**result.summary.to_dict(), **result.figures, **_events_of(parameters, found), **_contents(result)}
    return RunResult(summary, reading.fingerprint(found), _publisher(run, result))


def input_fingerprint(session: Session, municipality: MunicipalityContext, parameters: AreaParameters) -> str:
    """Return the fingerprint that a run with these parameters would have now."""
    return reading.fingerprint(reading.read_input(session, municipality, parameters))


def layer_of(run: AnalysisRun, name: str | None = None, *, exact_places: bool = False) -> LayerInfo:
    """Return a layer of a run, the main one without a name.

    Raises
    ------
    NotFoundError
        The run has no such layer.
    """
    layers = [layer for layer in layers_of(run.kind, run.summary) if layer.exact_places is exact_places]
    found = next((layer for layer in layers if name in (None, layer.name)), None)
    if found is None:
        what = "layer" if name is None else f"layer {name[:40]!r}"
        raise NotFoundError(f"Run {run.id} ({run.kind}) has no {what} here.", _told_contents(run))
    return found


def layer_features(
    session: Session, municipality: MunicipalityContext, run: AnalysisRun, layer: LayerInfo, query: FeatureQuery
) -> FeaturePage:
    """Return features of a layer as GeoJSON text."""
    if layer.name in CELL_LAYERS:
        return hot_spots.result_features(session, municipality, run.kind, run.id, query)
    return repository.read_features_as_geojson(session, municipality.id, run.id, layer.name, layer.columns, query)


def collection_of_run(layer: RunLayer, run_id: int | None) -> Collection:
    """Return a layer of a run as a collection with typed columns; of no run it is empty."""
    return repository.collection_of(layer, run_id)


def layer_frame(
    session: Session, municipality: MunicipalityContext, run: AnalysisRun, layer: LayerInfo
) -> gpd.GeoDataFrame:
    """Return the features of a layer, WGS 84."""
    if layer.name in CELL_LAYERS:
        return hot_spots.result_frame(session, municipality, run.kind, run.id)
    return repository.read_features(session, municipality.id, run.id, layer.name)


def result_table(session: Session, municipality: MunicipalityContext, run: AnalysisRun, name: str) -> pd.DataFrame:
    """Return a table of a run.

    Raises
    ------
    NotFoundError
        The run has no such table.
    """
    table = repository.read_table(session, municipality.id, run.id, name)
    if table is None:
        raise NotFoundError(f"Run {run.id} ({run.kind}) has no table {name[:40]!r}.", _told_contents(run))
    return pd.DataFrame(table.rows, columns=table.columns)


def raster(session: Session, municipality: MunicipalityContext, run: AnalysisRun) -> bytes:
    """Return the density of a run as a cloud-optimised GeoTIFF.

    Raises
    ------
    NotFoundError
        The run has no density.
    ParameterError
        The working CRS has no EPSG code.
    """
    if not any(layer.name == "density" for layer in layers_of(run.kind, run.summary)):
        raise NotFoundError(f"Run {run.id} ({run.kind}) has no raster.", "A kernel density has one.")
    cells = hot_spots.result_frame(session, municipality, run.kind, run.id)
    return rasters.density_raster(cells, run.summary or {})


def _events_of(parameters: AreaParameters, found: AnalysisInput) -> dict[str, Any]:
    """Return what the summary says of the events: which they are, and of which days."""
    days = {
        name: day and day.isoformat() for name, day in (("first_day", found.first_day), ("last_day", found.last_day))
    }
    return {"events": parameters.events, "period": found.period, **days}


def _contents(result: AnalysisResult) -> dict[str, Any]:
    """Return what the summary says of layers and tables."""
    layers = [
        {
            "name": layer.name,
            "features": len(layer.frame),
            "columns": [str(name) for name in layer.frame.columns if name != layer.frame.geometry.name],
            "exact_places": layer.exact_places,
        }
        for layer in result.layers
    ]
    tables = [
        {"name": name, "rows": len(table), "columns": [str(column) for column in table.columns]}
        for name, table in result.tables.items()
    ]
    return {"layers": layers, "tables": tables}


def _publisher(run: ClaimedRun, result: AnalysisResult) -> Callable[[Session], dict[str, Any]]:
    def publish(session: Session) -> dict[str, Any]:
        told: dict[str, Any] = {}
        first = 1
        for layer in result.layers:
            if layer.name in CELL_LAYERS:
                hot_spots.store_cells(session, run.municipality_id, run.id, layer.name, layer.frame)
                told["cells"] = len(layer.frame)
            else:
                _store_features(session, run, layer, first)
                first += len(layer.frame)
        for name, table in result.tables.items():
            repository.write_table(session, run.municipality_id, run.id, name, table)
        return told

    return publish


def _store_features(session: Session, run: ClaimedRun, layer: Layer, first: int) -> None:
    if len(layer.frame):
        repository.write_features(session, run.municipality_id, run.id, layer.name, first, layer.frame)


def _told_contents(run: AnalysisRun) -> str:
    layers = layers_of(run.kind, run.summary)
    tables = tables_of(run.summary)
    aggregate = [layer.name for layer in layers if not layer.exact_places]
    exact = [layer.name for layer in layers if layer.exact_places]
    parts = (("result", aggregate), ("places", exact), ("tables", list(tables)))
    told = [f"{what}: {', '.join(names)}" for what, names in parts if names]
    return f"It has {'; '.join(told)}." if told else "Its summary says what it did."
