"""``kvart run``: any analysis over what is stored, its result as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from app.commands.importing import MunicipalityOption, only_municipality
from app.commands.opening import opened_database
from app.commands.options import ChartFiles, MapFile, PdfFile


def register(program: typer.Typer) -> None:
    """Add the command to the program."""
    program.command(name="run")(run)
    program.command(name="map")(write_map)


def run(
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help="Kind of run, for example lighting, fix-ranking or fix-evaluation.")
    ],
    parameters: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="Parameter of the run as over HTTP; may be given for several."
        ),
    ] = None,
    municipality: MunicipalityOption = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="Seed of the random numbers.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Main layer: .geojson, .gpkg, .parquet.")
    ] = None,
    table: Annotated[
        list[str] | None, typer.Option("--table", metavar="[NAME=]FILE.csv", help="Table to write; may be several.")
    ] = None,
    chart: ChartFiles = None,
    map_file: MapFile = None,
    pdf: PdfFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the account of the run as JSON.")] = False,
) -> None:
    """Do an analysis over what is stored, and write its result to files.

    Example: kvart run fix-ranking --set budget=100000 --set objective=concern --map ranking.html
    """
    from app.analyses.run_files import WantedRunFiles, write_run_files
    from app.analyses.stored import stored_summary
    from app.jobs.worker import Worker
    from app.municipalities.service import find_municipality
    from app.runs import service as runs

    asked = _parameters(parameters or ())
    wanted = WantedRunFiles(out, tuple(table or ()), tuple(chart or ()), map_file, pdf)
    with opened_database() as database:
        with database.transaction() as session:
            place = find_municipality(session, municipality or only_municipality(database))
            number = runs.submit_run(session, place, kind, asked, seed).id
        Worker(database).run_until_idle()
        with database.inside(place.id) as session:
            done = runs.get_run(session, place, number)
            _require_result(done)
            written = write_run_files(session, place, done, wanted)
            told, summary = done.summary or {}, stored_summary(done)
    if as_json:
        typer.echo(json.dumps({"run": number, **told}, ensure_ascii=False, indent=2))
        return
    from rich.console import Console

    from app.commands.printing import print_summary, print_written

    console = Console()
    print_summary(console, summary, {"run": str(number)}, ())
    print_written(console, written)


def write_map(
    topic: Annotated[
        str, typer.Argument(metavar="TOPIC", help="Topic as over HTTP, for example lighting, hot-spots or fix-ranking.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FILE.html", help="Map to write; it opens without a network.")],
    municipality: MunicipalityOption = None,
) -> None:
    """Write the newest map of a topic; `lighting` shows hot spots, streets without light, danger zones and fixes.

    Example: kvart map lighting --out lighting.html
    """
    from app.files.writing import OutputFiles
    from app.maps.service import Frame, latest_map
    from app.maps.topics import topic_of
    from app.municipalities.service import find_municipality
    from app.settings import Settings

    with opened_database() as database:
        with database.transaction() as session:
            place = find_municipality(session, municipality or only_municipality(database))
        with database.inside(place.id) as session, OutputFiles() as outputs:
            frame = Frame(Settings().maps, assets="embedded")
            outputs.text(latest_map(session, place, topic_of(topic), frame), out)
    typer.echo(f"wrote {out}")


def _parameters(given: tuple[str, ...] | list[str]) -> dict[str, Any]:
    """Return parameters from ``NAME=VALUE``; a value is JSON where it can be read so, else text."""
    from app.errors import InvalidInputError

    found: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise InvalidInputError(f"--set {text[:80]!r} is no NAME=VALUE.", "For example --set budget=100000.")
        try:
            found[name.strip().replace("-", "_")] = json.loads(value)
        except ValueError:
            found[name.strip().replace("-", "_")] = value
    return found


def _require_result(done: Any) -> None:
    """Refuse a run that has no result, with its own words."""
    from app.errors import ConflictError, KvartError

    if done.state in ("queued", "running"):
        raise ConflictError(f"Run {done.id} is done by another worker.", "Ask for its result over HTTP later.")
    if done.state != "succeeded":
        problem = done.problem or {}
        raise KvartError(str(problem.get("detail", f"Run {done.id} was {done.state}.")), str(problem.get("hint", "")))
