"""``kvart import`` and ``kvart quarantine``: files into the database, and what was not taken in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.opening import opened_database

if TYPE_CHECKING:
    from rich.console import Console

    from app.database.sessions import Database
    from app.ingest.report import ImportReport

KINDS = {
    "areal-units": "Blocks or other small areas (or their centre points) with residents.",
    "streets": "Street segments.",
    "incidents": "Recorded incidents.",
    "reports": "Reports of residents and staff.",
    "danger-zones": "Places that somebody named as dangerous.",
    "street-lights": "The inventory of street lights.",
    "street-light-outages": "Times in which lamps did not work.",
    "fixes": "What was done about places, or is planned.",
    "officers": "Officers by badge number.",
    "beats": "A beat plan: polygons with a code, or a table unit_id, beat_id.",
}
MOST_ROWS = 10_000_000
"""Quarantined rows that are shown or written at once."""

FileArgument = Annotated[
    Path, typer.Argument(help="CSV, TSV, GeoJSON (also .gz), GeoPackage, GeoParquet or zipped SHP.")
]
CrsOption = Annotated[str | None, typer.Option("--crs", help="CRS of the coordinates, as EPSG:n.")]
LayerOption = Annotated[str | None, typer.Option("--layer", help="Layer of a GeoPackage that holds several.")]
MunicipalityOption = Annotated[
    str | None, typer.Option("--municipality", help="Code of the municipality; by default the only one stored.")
]


def register(program: typer.Typer) -> None:
    """Add ``kvart import`` with a command for each kind of file, and ``kvart quarantine``."""
    group = typer.Typer(no_args_is_help=True, help="Import files; every row is taken in or quarantined with reasons.")
    group.command("municipalities")(municipalities)
    for kind, help_text in KINDS.items():
        group.command(kind, help=help_text)(_import_command(kind))
    group.command("fix-photos")(fix_photos)
    program.add_typer(group, name="import")
    program.command()(quarantine)


def municipalities(
    file: FileArgument,
    dissolve: Annotated[bool, typer.Option("--dissolve", help="Make one municipality out of all polygons.")] = False,
    name: Annotated[str | None, typer.Option(help="Name of the municipality.")] = None,
    code: Annotated[
        str | None, typer.Option(help="Code in addresses and commands; by default made of the name.")
    ] = None,
    timezone: Annotated[str | None, typer.Option(help="IANA time zone, for example Europe/Riga.")] = None,
    working_crs: Annotated[str | None, typer.Option(help="Projected CRS in metres; by default the UTM zone.")] = None,
    crs: CrsOption = None,
    layer: LayerOption = None,
    skip_invalid: Annotated[bool, typer.Option("--skip-invalid", help="Leave invalid polygons out.")] = False,
) -> None:
    """Municipalities: polygons with a name, or one municipality out of many polygons."""
    from app.ingest.municipalities import MunicipalityOptions, import_municipalities

    options = MunicipalityOptions(dissolve, skip_invalid, name, code, crs, working_crs, timezone, layer)
    console = _console()
    with opened_database() as database:
        report = import_municipalities(database, file, options)
    for made in report.created:
        console.print(f"Municipality [bold]{made}[/bold] stored.")
    for known in report.unchanged:
        console.print(f"Municipality [bold]{known}[/bold] was stored already; unchanged.")
    for notice in report.notices:
        console.print(f"[yellow]![/yellow] {notice.message}", highlight=False)


def fix_photos(
    folder: Annotated[
        Path, typer.Argument(help="Folder of JPEG, PNG or WebP files named FIX_before.jpg, FIX_after.jpg.")
    ],
    municipality: MunicipalityOption = None,
) -> None:
    """Photos of fixes before and after the work; place and camera are stripped."""
    from app.fixes.photo_files import take_in_photos
    from app.municipalities.service import find_municipality

    with opened_database() as database:
        code = municipality or only_municipality(database)
        with database.transaction() as session:
            taken = take_in_photos(session, find_municipality(session, code), folder)
    _console().print(f"{taken.added:,} photos stored; {taken.known:,} were stored already.", highlight=False)


def _import_command(kind: str) -> Callable[..., None]:
    def command(
        file: FileArgument,
        source: Annotated[str, typer.Option(help="Name of the supplier's series of files; its profile is kept.")],
        profile: Annotated[Path | None, typer.Option(help="Source profile in TOML.")] = None,
        municipality: MunicipalityOption = None,
        crs: CrsOption = None,
        timezone: Annotated[
            str | None, typer.Option(help="IANA zone of local times; by default the municipality's.")
        ] = None,
        columns: Annotated[
            list[str] | None, typer.Option("--map", help="FIELD=COLUMN,... ; x, y or wkt name the place.")
        ] = None,
        x: Annotated[str | None, typer.Option(help="Column of eastings or longitudes.")] = None,
        y: Annotated[str | None, typer.Option(help="Column of northings or latitudes.")] = None,
        delimiter: Annotated[str | None, typer.Option(help="Character between values; found when left out.")] = None,
        decimal: Annotated[str | None, typer.Option(help="Decimal mark, . or , ; found when left out.")] = None,
        encoding: Annotated[str | None, typer.Option(help="Character encoding; by default UTF-8.")] = None,
        date_format: Annotated[
            str | None, typer.Option(help="day-first, month-first or a strptime format such as %d.%m.%Y.")
        ] = None,
        precision: Annotated[str | None, typer.Option(help="Finest unit that times really have, e.g. month.")] = None,
        utc_label: Annotated[str | None, typer.Option(help="What a Z behind a time means: utc or local.")] = None,
        category: Annotated[str | None, typer.Option(help="Category of every row, where no column names one.")] = None,
        layer: LayerOption = None,
    ) -> None:
        given = {
            "crs": crs, "timezone": timezone, "delimiter": _character(delimiter), "decimal": decimal,
            "encoding": encoding, "date_format": date_format, "time_precision": precision, "utc_label": utc_label,
            "category": category, "layer": layer,
        }  # fmt: skip
        settings: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        settings["columns"] = _column_map(columns or [], x, y)
        run_import(kind, file, source=source, profile=profile, municipality=municipality, settings=settings)

    return command


def run_import(
    kind: str, file: Path, *, source: str, profile: Path | None, municipality: str | None, settings: dict[str, Any]
) -> None:
    """Import a file with a progress bar and print how its rows ended."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from app.ingest.profiles import combine_profiles, load_profile
    from app.ingest.service import import_file

    written = {} if profile is None else load_profile(profile)
    merged = combine_profiles(written, settings).to_json()
    console = _console()
    bar = Progress(
        TextColumn(f"{kind} {file.name}"), BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn(),
        console=console, transient=True,
    )  # fmt: skip
    with opened_database() as database, bar:
        code = municipality or only_municipality(database)
        task = bar.add_task("reading", total=1.0)
        report = import_file(
            database,
            code,
            kind,
            file,
            source=source,
            profile=merged,
            progress=lambda fraction, message: bar.update(task, completed=fraction, description=message),
        )
    show_report(console, report)


def show_report(console: Console, report: ImportReport) -> None:
    """Print how the rows of a file ended, the warnings, and where the quarantine is."""
    from rich.table import Table

    counts = report.counts
    table = Table(title=f"{report.file_name}: {report.kind} of {report.municipality}, source {report.source}")
    for name in ("read", "accepted", "updated", "unchanged", "quarantined"):
        table.add_column(name, justify="right")
    figures = (counts.rows_read, counts.accepted, counts.updated, counts.unchanged, counts.quarantined)
    table.add_row(*(f"{figure:,}" for figure in figures))
    console.print(table)
    for notice in report.notices:
        console.print(f"[yellow]![/yellow] {notice.message}", highlight=False)
    if counts.quarantined:
        reasons = ", ".join(f"{code} {n:,}" for code, n in report.reasons.items())
        console.print(f"Quarantined for: {reasons}.", highlight=False)
        console.print(
            f"See them with: kvart quarantine --batch {report.batch_id} --municipality {report.municipality}",
            highlight=False,
        )
    console.print(
        f"{counts.rows_read / max(report.seconds, 1e-9):,.0f} rows/s, {report.seconds:.1f} s", highlight=False
    )


def quarantine(
    batch: Annotated[int, typer.Option(help="Number of the import batch.")],
    municipality: MunicipalityOption = None,
    out: Annotated[Path | None, typer.Option(help="CSV file to write; by default the rows are shown.")] = None,
) -> None:
    """Show the rows that an import did not take in, with every reason."""
    from app.audit import service as audit
    from app.audit.events import OPERATOR, AuditEvent, EventKind
    from app.imports.service import quarantine_csv, quarantined_rows
    from app.municipalities.service import find_municipality

    console = _console()
    with opened_database() as database:
        code = municipality or only_municipality(database)
        with database.transaction() as session:
            found = find_municipality(session, code)
            rows = quarantined_rows(session, found, batch, after_line=-1, limit=MOST_ROWS)
            kind: EventKind = "consultation" if out is None else "disclosure"
            what = {"collection": "quarantine", "batch": batch, "returned": len(rows)}
            audit.record(session, AuditEvent(kind, found.id, OPERATOR, what))
    if out is not None:
        out.write_text(quarantine_csv(rows), encoding="utf-8", newline="")
        console.print(f"{len(rows):,} rows written to {out}.", highlight=False)
        return
    for row in rows:
        reasons = "; ".join(reason["message"] for reason in row.reasons)
        console.print(f"{row.line}: {reasons} {row.raw}", highlight=False, markup=False, soft_wrap=True)


def only_municipality(database: Database) -> str:
    """Return the code of the only municipality that is stored.

    Raises
    ------
    InvalidInputError
        If there is none or more than one.
    """
    from app.errors import InvalidInputError
    from app.municipalities.service import municipality_names

    with database.transaction() as session:
        codes = [code for code, _ in municipality_names(session)]
    if not codes:
        raise InvalidInputError(
            "No municipality is stored yet.",
            "Import its boundary first: kvart import municipalities FILE (many polygons: --dissolve --name NAME).",
        )
    if len(codes) > 1:
        raise InvalidInputError(
            "Several municipalities are stored.", f"Say --municipality with one of: {', '.join(codes)}."
        )
    return codes[0]


def _column_map(pairs: list[str], x: str | None, y: str | None) -> dict[str, str]:
    from app.errors import InvalidInputError

    columns = {name: column for name, column in (("x", x), ("y", y)) if column is not None}
    for pair in ",".join(pairs).split(",") if pairs else []:
        field, equals, column = pair.partition("=")
        if not equals or not field.strip():
            raise InvalidInputError(
                f"--map: '{pair}' is not FIELD=COLUMN.", "For example --map occurred_from=DATE,category=TYPE."
            )
        columns[field.strip()] = column.strip()
    return columns


def _character(delimiter: str | None) -> str | None:
    return {"tab": "\t", "\\t": "\t", "semicolon": ";", "comma": ",", "pipe": "|"}.get(delimiter or "", delimiter)


def _console() -> Console:
    from rich.console import Console

    return Console()
