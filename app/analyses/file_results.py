"""Doing an analysis of files, and writing what it gives: layers, tables, a map, charts, a report."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import geopandas as gpd
import numpy as np

from analysis.density.density_results import KernelDensity
from analysis.density.geotiff import density_geotiff
from app.analyses.computing.cells import square_cells
from app.analyses.from_files import EventFiles, read_input
from app.analyses.inputs import AnalysisInput, AnalysisResult
from app.analyses.kinds import Analysis
from app.analyses.parameters.area import AreaParameters
from app.analyses.parameters.density import KernelDensityParameters
from app.charts.captions import Caption, Format
from app.charts.result_reports import Surroundings, result_report
from app.charts.results import ChartedResult, result_chart, result_charts
from app.charts.sheet import rendered
from app.errors import InvalidInputError
from app.files.writing import OutputFiles, layer_writer
from app.maps.formatting import mapped_units
from app.maps.results import result_map
from app.maps.saving import saved_map_context
from app.settings import MapSettings

RASTERS = (".tif", ".tiff")
CHART_FORMATS = (".svg", ".png", ".pdf")


@dataclass(frozen=True)
class WantedFiles:
    """What is to be written.

    Attributes
    ----------
    out : Path
        The first layer; a GeoTIFF of a density; the first table of a result without layers, as CSV.
    layers : dict of str to Path
        Further layers, by name.
    table, map, report : Path or None
        The first table as CSV, the map as HTML, the report as PDF.
    charts : tuple of str
        ``FILE`` or ``NAME=FILE``; the ending says the format.
    title : str or None
    """

    out: Path
    layers: dict[str, Path] = field(default_factory=dict)
    table: Path | None = None
    map: Path | None = None
    report: Path | None = None
    charts: tuple[str, ...] = ()
    title: str | None = None


@dataclass(frozen=True)
class FileResult:
    """What was done.

    Attributes
    ----------
    result : AnalysisResult
    written : tuple of Path
    """

    result: AnalysisResult
    written: tuple[Path, ...]


def analyse_files(
    analysis: Analysis, files: EventFiles, parameters: AreaParameters, seed: int, wanted: WantedFiles
) -> FileResult:
    """Read files, compute, and write what is wanted: all of it or nothing.

    Parameters
    ----------
    analysis : Analysis
    files : EventFiles
    parameters : AreaParameters
        Of the analysis.
    seed : int
    wanted : WantedFiles

    Raises
    ------
    KvartError, AnalysisError
        An input cannot be used, or an output not written; nothing was written.
    """
    charts = [_chart(text) for text in wanted.charts]
    check_wanted(files, wanted, [path for _, path in charts], raster=isinstance(parameters, KernelDensityParameters))
    found, area = read_input(files, parameters.needs(), parameters)
    result = analysis.compute(found, parameters, seed)
    title = wanted.title or f"{analysis.title}: {files.points.name}"
    charted = ChartedResult(
        result.summary, {layer.name: layer.frame for layer in result.layers}, result.tables, result.figures
    )
    statistic = getattr(parameters, "statistic", None)
    with OutputFiles() as outputs:
        _write_out(outputs, wanted.out, result, found, parameters)
        for layer, place in wanted.layers.items():
            outputs.layer(_layer(charted, layer), place)
        if wanted.table is not None:
            _write_table(outputs, wanted.table, result)
        if wanted.map is not None:
            context = saved_map_context(
                result.summary,
                title=title,
                units=mapped_units(result.summary.parameters, analysis.units),
                source=files.points,
                boundary=area,
            )
            outputs.text(result_map(charted.layers, context, statistic=statistic), wanted.map)
        caption = Caption(title, source=files.points.name, handling_mark=MapSettings().handling_mark)
        for name, path in charts:
            outputs.content(_drawn(charted, name, path, caption), path)
        if wanted.report is not None:
            around = Surroundings(area, found.streets)
            outputs.content(result_report(charted, caption, around, statistic=statistic), wanted.report)
        written = outputs.paths
    return FileResult(result, written)


def check_wanted(files: EventFiles, wanted: WantedFiles, charts: list[Path], *, raster: bool) -> None:
    """Refuse outputs that could not be written, before the work is done.

    Raises
    ------
    UnsupportedFormatError, InvalidInputError
        An ending is wrong, or an output would replace an input or another output.
    """
    ending = wanted.out.suffix.lower()
    if ending != ".csv" and not (raster and ending in RASTERS):
        layer_writer(wanted.out)
    for path in wanted.layers.values():
        layer_writer(path)
    for expected, named in ((".csv", wanted.table), (".html", wanted.map), (".pdf", wanted.report)):
        if named is not None and named.suffix.lower() != expected:
            raise InvalidInputError(f"{named.name} does not end in {expected}.", f"Call it {named.stem}{expected}.")
    for path in charts:
        if path.suffix.lower() not in CHART_FORMATS:
            raise InvalidInputError(
                f"{path.name} is no chart: the ending says the format.", f"Use one of {', '.join(CHART_FORMATS)}."
            )
    taken = {
        path.resolve(): "the input"
        for path in (files.points, files.study_area, files.units, files.streets, files.base)
        if path is not None
    }
    for one in (wanted.out, *wanted.layers.values(), wanted.table, wanted.map, wanted.report, *charts):
        if one is None:
            continue
        if one.resolve() in taken:
            raise InvalidInputError(
                f"cannot write {one}: it is {taken[one.resolve()]} already.", "Give each file a name of its own."
            )
        taken[one.resolve()] = "another output"


def _chart(text: str) -> tuple[str | None, Path]:
    name, equals, path = text.partition("=")
    return (name, Path(path)) if equals else (None, Path(text))


def _write_out(
    outputs: OutputFiles, path: Path, result: AnalysisResult, found: AnalysisInput, parameters: AreaParameters
) -> None:
    if path.suffix.lower() in RASTERS:
        outputs.content(_raster(result, found, cast("KernelDensityParameters", parameters)), path)
    elif path.suffix.lower() == ".csv":
        _write_table(outputs, path, result)
    elif result.layers:
        outputs.layer(result.layers[0].frame, path)
    else:
        raise InvalidInputError("This analysis has no layer, only tables.", f"Call the file {path.stem}.csv.")


def _write_table(outputs: OutputFiles, path: Path, result: AnalysisResult) -> None:
    if not result.tables:
        raise InvalidInputError("This analysis has no table, only a layer.", "Use .geojson, .gpkg or .parquet.")
    outputs.text(next(iter(result.tables.values())).to_csv(index=False), path)


def _raster(result: AnalysisResult, found: AnalysisInput, parameters: KernelDensityParameters) -> bytes:
    """Return the density as a GeoTIFF."""
    layer = result.layers[0]
    if layer.name != "density":
        raise InvalidInputError("A comparison of densities is written as cells.", "Use .geojson, .gpkg or .parquet.")
    grid, _ = square_cells(found, parameters)
    values = np.zeros(grid.inside.shape)
    values[grid.inside] = layer.frame["density_per_km2"].to_numpy(dtype=float)
    years = found.years() if parameters.per_year else None
    return density_geotiff(KernelDensity(values, grid, result.summary, years))


def _layer(result: ChartedResult, name: str) -> gpd.GeoDataFrame:
    if name not in result.layers:
        raise InvalidInputError(f"The result has no layer {name!r}.", f"It has: {', '.join(result.layers) or 'none'}.")
    return result.layers[name]


def _drawn(result: ChartedResult, name: str | None, path: Path, caption: Caption) -> bytes:
    there = result_charts(result)
    if not there or (name is not None and name not in there):
        asked = "no chart" if name is None else f"no chart {name!r}"
        raise InvalidInputError(f"This result has {asked}.", f"Charts: {', '.join(there) or 'none'}.")
    figure = result_chart(name or there[0], result, caption)
    return rendered(figure, cast("Format", path.suffix.lower().removeprefix(".")))
