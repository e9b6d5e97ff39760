"""Density and hot spots of a file of points, without a database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import shapely

from analysis.summary import Summary
from app.errors import InvalidInputError
from app.files.delimited import Dialect
from app.files.reading import Features, read_features
from app.files.writing import OutputFiles, layer_writer
from app.hot_spots.computing import GridInput, GridResult
from app.maps.context import MapContext
from app.settings import MapSettings


@dataclass(frozen=True)
class PointsRequest:
    """Which points, where, and what to write.

    Attributes
    ----------
    points : Path
        File of points of any readable format.
    out : Path
        Layer to write; its ending says the format.
    study_area : Path or None
        File of areas; their union is the study area.
    crs, working_crs : str or None
        CRS of the coordinate columns, and CRS to work in.
    x, y : str or None
        Coordinate columns.
    dialect : Dialect
        How a text file is written; layer of a GeoPackage.
    exclude_point_masses : bool
        Leave out coordinates that hold an implausible share of the events.
    map : Path or None
        HTML document to write.
    title : str or None
        Heading of the map.
    """

    points: Path
    out: Path
    study_area: Path | None = None
    crs: str | None = None
    working_crs: str | None = None
    x: str | None = None
    y: str | None = None
    dialect: Dialect = field(default_factory=Dialect)
    exclude_point_masses: bool = False
    map: Path | None = None
    title: str | None = None


@dataclass(frozen=True)
class FileOutcome:
    """What was done.

    Attributes
    ----------
    summary : Summary
    frame : GeoDataFrame
        The layer that was written.
    written : tuple of Path
    """

    summary: Summary
    frame: gpd.GeoDataFrame
    written: tuple[Path, ...]


Compute = Callable[[GridInput], GridResult]
Draw = Callable[[gpd.GeoDataFrame, MapContext], str]


def analyse_points(request: PointsRequest, compute: Compute, draw: Draw, *, what: str, units: str) -> FileOutcome:
    """Read points, compute cells, and write the layer and its map: all of the outputs or none.

    Parameters
    ----------
    request : PointsRequest
    compute : callable
        From points in metres to cells.
    draw : callable
        From cells to an HTML document.
    what : str
        What the map shows, for its heading.
    units : str
        Unit of the mapped values.

    Raises
    ------
    KvartError, AnalysisError
        An input cannot be used, or an output not written; nothing was written.
    """
    check_outputs(request.points, layer=request.out, html=request.map)
    events = read_features(
        request.points,
        crs=request.crs,
        x=request.x,
        y=request.y,
        working_crs=request.working_crs,
        expect="points",
        dialect=request.dialect,
    )
    area = None if request.study_area is None else read_study_area(request.study_area, events)
    found = GridInput(
        x=events.frame.geometry.x.to_numpy(),
        y=events.frame.geometry.y.to_numpy(),
        crs=events.frame.crs,
        study_area=None if area is None else area.geometry.iloc[0],
        excluded=dict(events.excluded),
        notices=events.notices,
    )
    if request.exclude_point_masses:
        found = found.without_point_masses()
    result = compute(found)
    with OutputFiles() as outputs:
        outputs.layer(result.frame, request.out)
        if request.map is not None:
            title = request.title or f"{what}: {request.points.name}"
            context = file_map_context(result.summary, title=title, units=units, source=request.points, boundary=area)
            outputs.text(draw(result.frame, context), request.map)
        written = outputs.paths
    return FileOutcome(result.summary, result.frame, written)


def read_study_area(path: Path, events: Features) -> gpd.GeoDataFrame:
    """Return the union of the areas of a file, in the CRS of the events."""
    areas = read_features(path, working_crs=events.frame.crs, expect="area")
    union = shapely.union_all(areas.frame.geometry.to_numpy())
    return gpd.GeoDataFrame({"name": [path.stem]}, geometry=[union], crs=events.frame.crs)


def file_map_context(
    summary: Summary, *, title: str, units: str, source: Path, boundary: gpd.GeoDataFrame | None
) -> MapContext:
    """Return what a saved map says about itself; everything it needs is inside the file."""
    settings = MapSettings()
    return MapContext.of_summary(
        summary,
        title=title,
        units=units,
        source=source.name,
        boundary=boundary,
        handling_mark=settings.handling_mark,
        assets="embedded",
    )


def check_outputs(
    source: Path, *, layer: Path, html: Path | None = None, csv: Path | None = None, json: Path | None = None
) -> None:
    """Refuse outputs that could not be written, before the work is done.

    Raises
    ------
    UnsupportedFormatError
        The ending of the layer is not one that Kvart writes.
    InvalidInputError
        Another ending is wrong, or an output would replace the input or another output.
    """
    layer_writer(layer)
    endings = {".html": html, ".csv": csv, ".json": json}
    for ending, path in endings.items():
        if path is not None and path.suffix.lower() != ending:
            raise InvalidInputError(f"{path.name} does not end in {ending}.", f"Call it {path.stem}{ending}.")
    taken = {source.resolve(): "the input"}
    for path in (layer, html, csv, json):
        if path is None:
            continue
        if path.resolve() in taken:
            raise InvalidInputError(f"{path} is {taken[path.resolve()]} already.", "Give each file a name of its own.")
        taken[path.resolve()] = "another output"
