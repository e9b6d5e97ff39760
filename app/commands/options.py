"""Options of the commands that go from files to files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from app.files.delimited import Dialect


READABLE = "CSV(.gz), GeoJSON(.gz), GeoPackage, GeoParquet or zipped Shapefile"
WRITABLE = "the ending says the format: .geojson (CRS84), .gpkg or .parquet (working CRS)"

PointsFile = Annotated[Path, typer.Argument(metavar="POINTS", help=f"Events: {READABLE}.")]
UnitsFile = Annotated[Path, typer.Argument(metavar="UNITS", help=f"Areal units (areas or points): {READABLE}.")]
OutFile = Annotated[Path, typer.Option("--out", metavar="FILE", help=f"Layer to write; {WRITABLE}.")]
StudyArea = Annotated[
    Path | None,
    typer.Option(
        "--study-area", metavar="FILE", help="Areas whose union is looked at; point units are spread over it."
    ),
]
Crs = Annotated[
    str | None, typer.Option("--crs", metavar="EPSG:n", help="CRS of the coordinate columns (lon/lat by default).")
]
WorkingCrs = Annotated[
    str | None, typer.Option("--working-crs", metavar="EPSG:n", help="Projected CRS in metres to work in.")
]
XColumn = Annotated[str | None, typer.Option("--x", metavar="COL", help="Column of easting or longitude.")]
YColumn = Annotated[str | None, typer.Option("--y", metavar="COL", help="Column of northing or latitude.")]
MapFile = Annotated[
    Path | None, typer.Option("--map", metavar="FILE.html", help="Map to write; it opens without a network.")
]
Title = Annotated[str | None, typer.Option("--title", help="Heading of the map.")]
Layer = Annotated[str | None, typer.Option("--layer", help="Layer of a GeoPackage that holds several.")]
Delimiter = Annotated[str | None, typer.Option("--delimiter", help="Delimiter of a text file; found out by default.")]
Decimal = Annotated[str | None, typer.Option("--decimal", help="Decimal mark of a text file; found out by default.")]
TimeColumn = Annotated[
    str | None, typer.Option("--time", metavar="COL", help="Column of times, or of the earliest; found by name.")
]
TimeToColumn = Annotated[
    str | None, typer.Option("--time-to", metavar="COL", help="Column of the latest possible times; found by name.")
]
TimeZone = Annotated[
    str | None,
    typer.Option("--time-zone", metavar="ZONE", help="Zone of local times, for example Europe/Riga."),
]
TimePrecision = Annotated[
    str | None,
    typer.Option(
        "--time-precision", help="second, minute, hour, day or month, where times are coarser than they look."
    ),
]
Where = Annotated[
    list[str] | None,
    typer.Option("--where", metavar="COL=VALUE", help="Only rows with this value; of one column several may be given."),
]
Weights = Annotated[
    str | None, typer.Option("--weights", metavar="COL", help="Column of what an event counts for; 1 by default.")
]
UnitsLayer = Annotated[
    Path | None,
    typer.Option("--areal-units", metavar="FILE", help=f"Areal units, for residents or as units: {READABLE}."),
]
UnitResidents = Annotated[
    str | None, typer.Option("--residents-column", metavar="COL", help="Residents of the areal units.")
]
NeighboursFile = Annotated[
    Path | None,
    typer.Option(
        "--neighbours-file",
        metavar="FILE",
        help="Neighbours of areal units by their names, as libpysal and GeoDa write them: .gal, .gwt, .kwt or .swm.",
    ),
]
StreetsFile = Annotated[Path | None, typer.Option("--streets", metavar="FILE", help=f"Street lines: {READABLE}.")]
BaseFile = Annotated[
    Path | None, typer.Option("--base", metavar="FILE", help="Other events to compare with; POINTS by default.")
]
BaseWhere = Annotated[
    list[str] | None, typer.Option("--base-where", metavar="COL=VALUE", help="Only these rows of the other events.")
]
ChartFiles = Annotated[
    list[str] | None,
    typer.Option(
        "--chart", metavar="[NAME=]FILE", help="Chart to write as .svg, .png or .pdf; may be given for several."
    ),
]
PdfFile = Annotated[
    Path | None, typer.Option("--pdf", metavar="FILE.pdf", help="Report for a meeting: map, charts, what to beware of.")
]
TableFile = Annotated[Path | None, typer.Option("--table", metavar="FILE.csv", help="Table of the result to write.")]
Residents = Annotated[str, typer.Option("--residents", metavar="COL", help="Column of residents.")]
Workload = Annotated[
    str | None, typer.Option("--workload", metavar="COL", help="Column of workload; the residents by default.")
]
HardBoundary = Annotated[
    str | None, typer.Option("--hard-boundary", metavar="COL", help="Column whose values no beat may mix (a district).")
]
MinResidents = Annotated[int, typer.Option("--min-residents", help="Fewest residents of a beat.")]
MaxResidents = Annotated[int, typer.Option("--max-residents", help="Most residents of a beat.")]
BeatCount = Annotated[
    int | None, typer.Option("--beats", metavar="K", help="Number of beats; any that fits by default.")
]
OfficersFile = Annotated[
    Path | None,
    typer.Option(
        "--officers",
        metavar="FILE",
        help="Table with officer_id (or badge) and, where known, current_beat, station_x and station_y (or lon, lat), "
        "capacity.",
    ),
]
CurrentColumn = Annotated[
    str | None, typer.Option("--current", metavar="COL", help="Column of the beat in force, to stay close to.")
]
UnitId = Annotated[
    str | None, typer.Option("--unit-id", metavar="COL", help="Column that names the units; found by default.")
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed: the same seed gives the same plan.")]
AssignmentsFile = Annotated[
    Path | None, typer.Option("--assignments", metavar="FILE.csv", help="Table unit_id,beat_id to write.")
]
ReportFile = Annotated[
    Path | None, typer.Option("--report", metavar="FILE.json", help="Evenness, bound, compactness, reasons to write.")
]


@dataclass(frozen=True)
class EventOptions:
    """Which events of which files."""

    points: PointsFile
    where: Where = None
    study_area: StudyArea = None
    crs: Crs = None
    working_crs: WorkingCrs = None
    x: XColumn = None
    y: YColumn = None
    time: TimeColumn = None
    time_to: TimeToColumn = None
    time_zone: TimeZone = None
    time_precision: TimePrecision = None
    layer: Layer = None
    delimiter: Delimiter = None
    decimal: Decimal = None


@dataclass(frozen=True)
class OutputOptions:
    """What is written beside the layer."""

    map_file: MapFile = None
    chart: ChartFiles = None
    pdf: PdfFile = None
    table: TableFile = None
    title: Title = None


def dialect(layer: str | None, delimiter: str | None, decimal: str | None) -> Dialect:
    """Return how a text file is written, as far as the options say."""
    from app.errors import InvalidInputError
    from app.files.delimited import Dialect

    if decimal not in (None, ".", ","):
        raise InvalidInputError(f"--decimal {decimal!r} is no decimal mark.", "Use . or , .")
    mark = {"tab": "\t", "\\t": "\t"}.get(delimiter or "", delimiter)
    if mark is not None and len(mark) != 1:
        raise InvalidInputError(f"--delimiter {delimiter!r} is not one character.", "For example ; or tab.")
    return Dialect(delimiter=mark, decimal=decimal, layer=layer)
