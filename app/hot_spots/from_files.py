"""Density and hot spots of a file of points, without a database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd

from analysis.summary import Summary
from app.analyses.inputs import AnalysisInput, AnalysisResult
from app.files.areas import read_study_area
from app.files.delimited import Dialect
from app.files.reading import read_features
from app.files.writing import OutputFiles, check_outputs
from app.maps.context import MapContext
from app.maps.saving import saved_map_context


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


Compute = Callable[[AnalysisInput], AnalysisResult]
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
    area = None if request.study_area is None else read_study_area(request.study_area, events.frame.crs)
    found = AnalysisInput(
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
    frame = result.layers[0].frame
    with OutputFiles() as outputs:
        outputs.layer(frame, request.out)
        if request.map is not None:
            title = request.title or f"{what}: {request.points.name}"
            context = saved_map_context(result.summary, title=title, units=units, source=request.points, boundary=area)
            outputs.text(draw(frame, context), request.map)
        written = outputs.paths
    return FileOutcome(result.summary, frame, written)
