"""``kvart density``, ``kvart hot-spots`` and ``kvart beats``: from files to files, without a database."""

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
    Path | None, typer.Option("--study-area", metavar="FILE", help="Areas whose union the cells cover.")
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


def register(program: typer.Typer) -> None:
    """Add the commands of this group to the program."""
    program.command(name="density")(density)
    program.command(name="hot-spots")(hot_spots)
    program.command(name="beats")(beats)


def density(
    points: PointsFile,
    out: OutFile,
    kernel: Annotated[Kernel, typer.Option("--kernel", help="Form of the kernel.")] = Kernel.QUARTIC,
    radius_m: Annotated[
        float | None, typer.Option("--radius-m", metavar="N", help="Reach of the quartic kernel, metres.")
    ] = None,
    sigma_m: Annotated[
        float | None, typer.Option("--sigma-m", metavar="N", help="Standard deviation of the gaussian, metres.")
    ] = None,
    cell_m: CellM = None,
    study_area: StudyArea = None,
    origin_m: OriginM = None,
    crs: Crs = None,
    working_crs: WorkingCrs = None,
    x: XColumn = None,
    y: YColumn = None,
    layer: Layer = None,
    delimiter: Delimiter = None,
    decimal: Decimal = None,
    exclude_point_masses: ExcludeMasses = False,
    map_file: MapFile = None,
    title: Title = None,
) -> None:
    """Kernel density of points, in events per km2 at the centre of each cell.

    Writes cells with density_per_km2, cell_x and cell_y (centre in the working CRS). Sizes that are left out are
    suggested, with the reason.
    """
    from app.hot_spots.computing import compute_density
    from app.hot_spots.from_files import PointsRequest, analyse_points
    from app.maps.documents import density_map

    request = PointsRequest(
        points, out, study_area, crs, working_crs, x, y, dialect(layer, delimiter, decimal), exclude_point_masses,
        map_file, title,
    )  # fmt: skip
    outcome = analyse_points(
        request,
        lambda events: compute_density(
            events, kernel=kernel.value, radius_m=radius_m, sigma_m=sigma_m, cell_m=cell_m, origin_m=origin_m
        ),
        density_map,
        what="Density",
        units="events per km²",
    )
    from rich.console import Console

    from app.commands.printing import print_summary

    peak = float(outcome.frame["density_per_km2"].max())
    print_summary(Console(), outcome.summary, {"highest density": f"{peak:,.3g} per km2"}, outcome.written)


def hot_spots(
    points: PointsFile,
    out: OutFile,
    cell_m: CellM = None,
    study_area: StudyArea = None,
    origin_m: OriginM = None,
    correction: Annotated[Correction, typer.Option("--correction", help="Map-wide correction.")] = Correction.BH,
    crs: Crs = None,
    working_crs: WorkingCrs = None,
    x: XColumn = None,
    y: YColumn = None,
    layer: Layer = None,
    delimiter: Delimiter = None,
    decimal: Decimal = None,
    exclude_point_masses: ExcludeMasses = False,
    map_file: MapFile = None,
    title: Title = None,
) -> None:
    """Getis-Ord Gi* hot spots of points on square cells.

    Writes cells with count, gi_z, p_value (exact conditional permutation), q_value (corrected over the map), gi_bin
    (-3 cold 99 % ... 3 hot 99 %), cell_x and cell_y (centre in the working CRS).
    """
    from app.hot_spots.computing import compute_hot_spots
    from app.hot_spots.from_files import PointsRequest, analyse_points
    from app.maps.documents import hot_spot_map

    request = PointsRequest(
        points, out, study_area, crs, working_crs, x, y, dialect(layer, delimiter, decimal), exclude_point_masses,
        map_file, title,
    )  # fmt: skip
    outcome = analyse_points(
        request,
        lambda events: compute_hot_spots(events, correction=correction.value, cell_m=cell_m, origin_m=origin_m),
        hot_spot_map,
        what="Hot spots",
        units="Gi* class (z score)",
    )
    from rich.console import Console

    from app.commands.printing import print_summary

    bins = outcome.frame["gi_bin"]
    figures = {"hot cells": f"{int((bins > 0).sum()):,}", "cold cells": f"{int((bins < 0).sum()):,}"}
    print_summary(Console(), outcome.summary, figures, outcome.written)


def beats(
    units: UnitsFile,
    out: OutFile,
    residents: Annotated[str, typer.Option("--residents", metavar="COL", help="Column of residents.")],
    workload: Annotated[
        str | None, typer.Option("--workload", metavar="COL", help="Column of workload; the residents by default.")
    ] = None,
    hard_boundary: Annotated[
        str | None,
        typer.Option("--hard-boundary", metavar="COL", help="Column whose values no beat may mix (a district)."),
    ] = None,
    min_residents: Annotated[int, typer.Option("--min-residents", help="Fewest residents of a beat.")] = 3000,
    max_residents: Annotated[int, typer.Option("--max-residents", help="Most residents of a beat.")] = 7000,
    number: Annotated[
        int | None, typer.Option("--beats", metavar="K", help="Number of beats; any that fits by default.")
    ] = None,
    officers: Annotated[
        Path | None,
        typer.Option(
            "--officers",
            metavar="FILE",
            help="Table with officer_id (or badge) and, where known, current_beat, station_x and station_y (or lon, "
            "lat), capacity.",
        ),
    ] = None,
    current: Annotated[
        str | None, typer.Option("--current", metavar="COL", help="Column of the beat in force, to stay close to.")
    ] = None,
    unit_id: Annotated[
        str | None, typer.Option("--unit-id", metavar="COL", help="Column that names the units; found by default.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed: the same seed gives the same plan.")] = 0,
    assignments: Annotated[
        Path | None, typer.Option("--assignments", metavar="FILE.csv", help="Table unit_id,beat_id to write.")
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="FILE.json", help="Evenness, bound, compactness, reasons to write."),
    ] = None,
    crs: Crs = None,
    working_crs: WorkingCrs = None,
    x: XColumn = None,
    y: YColumn = None,
    layer: Layer = None,
    delimiter: Delimiter = None,
    decimal: Decimal = None,
    map_file: MapFile = None,
    title: Title = None,
) -> None:
    """Contiguous beats of 3,000 to 7,000 residents with even workload, and one permanent officer each.

    Writes beats with beat_id, residents, workload, officer_id, polsby_popper, units, within_bounds, contiguous and
    reason. A beat that cannot be within the bounds is written too, with the reason.
    """
    from rich.console import Console

    from app.beats.computing import BeatRequest
    from app.beats.from_files import UnitsRequest, draw_beats
    from app.commands.printing import print_summary, progress_bars

    columns = BeatRequest(
        residents, workload, hard_boundary, unit_id, current, min_residents, max_residents, number, seed
    )
    request = UnitsRequest(
        units, out, columns, officers, crs, working_crs, x, y, dialect(layer, delimiter, decimal), assignments, report,
        map_file, title,
    )  # fmt: skip
    console = Console()
    with progress_bars(console) as bars:
        task = bars.add_task("beats", total=1.0, message="reading units")
        outcome = draw_beats(request, lambda share, told: bars.update(task, completed=share, message=told))
    found = outcome.result.plan.report
    figures = {
        "beats": f"{found.beats:,}",
        "within bounds": f"{found.within_bounds:,} of {found.beats:,}",
        "workload variation": f"{found.workload_cv:.1%}; busiest {found.workload_max_over_mean:.2f} times the mean",
        "above the bound": f"{found.workload_gap:.1%}",
        "compactness": f"{found.polsby_popper_mean:.2f} (Polsby-Popper mean)",
    }
    matching = outcome.result.matching
    if matching is not None:
        figures["officers"] = (
            f"{found.beats - len(matching.vacancies):,} of {found.beats:,} beats; "
            f"{matching.kept_residents:,} residents keep theirs"
        )
    print_summary(console, outcome.result.summary, figures, outcome.written)


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
