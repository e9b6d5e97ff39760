"""Options of the commands that go from files to files."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from app.files.delimited import Dialect


class Kernel(StrEnum):
    """Form of the kernel."""

    QUARTIC = "quartic"
    GAUSSIAN = "gaussian"


class Correction(StrEnum):
    """Map-wide correction of the probabilities."""

    BH = "bh"
    BY = "by"
    BONFERRONI = "bonferroni"
    NONE = "none"


READABLE = "CSV(.gz), GeoJSON(.gz), GeoPackage, GeoParquet or zipped Shapefile"
WRITABLE = "the ending says the format: .geojson (CRS84), .gpkg or .parquet (working CRS)"

PointsFile = Annotated[Path, typer.Argument(metavar="POINTS", help=f"Events: {READABLE}.")]
UnitsFile = Annotated[Path, typer.Argument(metavar="UNITS", help=f"Areal units (areas or points): {READABLE}.")]
OutFile = Annotated[Path, typer.Option("--out", metavar="FILE", help=f"Layer to write; {WRITABLE}.")]
CellM = Annotated[float | None, typer.Option("--cell-m", metavar="N", help="Side of a cell, metres.")]
StudyArea = Annotated[
    Path | None,
    typer.Option(
        "--study-area", metavar="FILE", help="Areas whose union is looked at; point units are spread over it."
    ),
]
OriginM = Annotated[
    tuple[float, float] | None,
    typer.Option("--origin-m", metavar="X Y", help="A corner of the lattice in the working CRS, metres."),
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
ExcludeMasses = Annotated[
    bool,
    typer.Option("--exclude-point-masses", help="Leave out points that hold an implausible share of the events."),
]
KernelOption = Annotated[Kernel, typer.Option("--kernel", help="Form of the kernel.")]
RadiusM = Annotated[float | None, typer.Option("--radius-m", metavar="N", help="Reach of the quartic kernel, metres.")]
SigmaM = Annotated[
    float | None, typer.Option("--sigma-m", metavar="N", help="Standard deviation of the gaussian, metres.")
]
CorrectionOption = Annotated[Correction, typer.Option("--correction", help="Map-wide correction.")]
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
