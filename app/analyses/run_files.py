"""Writing what a stored run resulted in to files: layers, tables, map, charts, report."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from sqlalchemy.orm import Session

from app.analyses import service
from app.analyses.stored import stored_layers
from app.charts.captions import Format
from app.charts.names import chart_names
from app.charts.service import run_chart, run_report
from app.errors import InvalidInputError
from app.files.writing import OutputFiles
from app.maps.service import Frame, run_map
from app.municipalities.context import MunicipalityContext
from app.runs.service import AnalysisRun
from app.settings import MapSettings


@dataclass(frozen=True)
class WantedRunFiles:
    """Which files are wanted.

    Attributes
    ----------
    out : Path or None
        The main layer, in the working CRS where the format can say so.
    tables, charts : tuple of str
        ``FILE`` for the first one there is, or ``NAME=FILE``.
    map, report : Path or None
    """

    out: Path | None = None
    tables: tuple[str, ...] = field(default_factory=tuple)
    charts: tuple[str, ...] = field(default_factory=tuple)
    map: Path | None = None
    report: Path | None = None


def write_run_files(
    session: Session, municipality: MunicipalityContext, run: AnalysisRun, wanted: WantedRunFiles
) -> tuple[Path, ...]:
    """Write the wanted files of a run, all of them or none, and return them.

    Raises
    ------
    InvalidInputError
        The run has no such table, chart or layer.
    NotFoundError
        The run has no map or no report.
    """
    settings = MapSettings()
    tables = service.tables_of(run.summary)
    layers = {layer.name for layer in service.layers_of(run.kind, run.summary)}
    charts = chart_names({*layers, *tables})
    with OutputFiles() as outputs:
        if wanted.out is not None:
            frames = stored_layers(session, municipality, run, most=1)
            if not frames:
                raise InvalidInputError(f"A run of {run.kind} has no layer.", "Its tables are written with --table.")
            outputs.layer(next(iter(frames.values())).to_crs(municipality.working_crs), wanted.out)
        for name, path in (_named(text, tables, "table") for text in wanted.tables):
            outputs.text(service.result_table(session, municipality, run, name).to_csv(index=False), path)
        for name, path in (_named(text, charts, "chart") for text in wanted.charts):
            kind = cast("Format", path.suffix.lower().removeprefix("."))
            if kind not in ("svg", "png", "pdf"):
                raise InvalidInputError(
                    f"{path.name} is no chart: the ending says the format.", "Use .svg, .png, .pdf."
                )
            outputs.content(run_chart(session, municipality, run, name, kind, settings.handling_mark), path)
        if wanted.map is not None:
            outputs.text(run_map(session, municipality, run, Frame(settings, assets="embedded")), wanted.map)
        if wanted.report is not None:
            outputs.content(run_report(session, municipality, run, settings.handling_mark), wanted.report)
        return outputs.paths


def _named(text: str, there: tuple[str, ...], what: str) -> tuple[str, Path]:
    """Return the name and the file of ``FILE`` or ``NAME=FILE``."""
    name, equals, path = text.partition("=")
    if not equals:
        name, path = (there[0] if there else "", text)
    if name not in there:
        raise InvalidInputError(f"This run has no {what} {name!r}.", f"It has: {', '.join(there) or 'none'}.")
    return name, Path(path)
