"""``kvart demo``: the main job on the sample town."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from app.demonstration.running import Demonstration
    from app.settings import Settings


TOLD = ("lighting", "concern-mismatch", "fix-proposals", "fix-ranking", "fix-evaluation")
"""Kinds of runs whose sentence is printed."""


def register(program: typer.Typer) -> None:
    """Add the command to the program."""
    program.command(name="demo")(demo)


def demo(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Directory to write layers and maps to.")] = Path(
        "out"
    ),
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the result afterwards.")] = True,
    sample: Annotated[
        Path | None, typer.Option("--sample", metavar="DIR", help="Directory of the sample data.")
    ] = None,
) -> None:
    """Import the synthetic sample town; find hot spots, beats, dark streets and fixes; write maps, and serve them.

    A second time nothing is imported twice and results are used again where nothing has changed.
    """
    from rich.console import Console
    from rich.progress import TaskID

    from app.commands.opening import opened_database
    from app.commands.printing import progress_bars
    from app.demonstration.running import demonstrate
    from app.demonstration.sample import SAMPLE
    from app.settings import Settings

    settings = Settings()
    console = Console()
    with opened_database() as database, progress_bars(console) as bars:
        tasks: dict[str, TaskID] = {}

        def tell(step: str, fraction: float, told: str) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=1.0, message="")
            bars.update(tasks[step], completed=fraction, message=told)

        done = demonstrate(database, sample or SAMPLE, out, settings.maps, tell)
    print_demonstration(console, done)
    if serve:
        serve_demonstration(settings, done.municipality.code)


def serve_demonstration(settings: Settings, code: str) -> None:
    """Serve the result, and print where the layers and maps are."""
    from app import serving
    from app.commands.serving import print_links

    def announce(address: str, codes: list[str], sign_in_link: str | None) -> None:
        topics = (
            "hot-spots", "density", "beats", "lighting", "street-lighting", "concern-mismatch", "fix-proposals",
            "fix-ranking", "fix-evaluation",
        )  # fmt: skip
        print_links(address, codes, sign_in_link, [f"/municipalities/{code}/maps/{topic}" for topic in topics])

    serving.serve(settings, announce)


def print_demonstration(console: Console, done: Demonstration) -> None:
    """Print what was imported, the hottest cells, the beats before and after, and the files."""
    from rich.text import Text

    console.print()
    console.print(_imports_table(done))
    console.print(_hot_spots_table(done))
    console.print(_beats_table(done))
    for title, reading in _readings(done).items():
        console.print(Text.assemble((f"{title}: ", "bold"), reading))
    for path in done.written:
        console.print(Text.assemble(("wrote ", "green"), str(path)), soft_wrap=True)
    again = f" ({', '.join(done.reused)} used again: nothing has changed)" if done.reused else ""
    console.print(f"Done in {done.seconds:.1f} s{again}.", soft_wrap=True)


def _readings(done: Demonstration) -> dict[str, str]:
    """Return what the runs about lighting and fixes say, by what was asked."""
    from app.demonstration.questions import QUESTIONS

    found = {QUESTIONS[kind]: run.summary for kind, run in done.done.items() if kind in TOLD}
    return {title.capitalize(): str(summary["reading"]) for title, summary in found.items() if summary}


def _imports_table(done: Demonstration) -> object:
    from rich.table import Table

    table = Table(title=f"Imported: {done.municipality.name} (synthetic)", title_justify="left")
    for heading in ("layer", "rows", "new", "changed", "unchanged", "quarantined"):
        table.add_column(heading, justify="left" if heading == "layer" else "right")
    for report in done.imports:
        counts = report.counts
        figures = (counts.rows_read, counts.accepted, counts.updated, counts.unchanged, counts.quarantined)
        table.add_row(report.kind, *(f"{figure:,}" for figure in figures))
    return table


def _hot_spots_table(done: Demonstration) -> object:
    from rich.table import Table

    table = Table(title="Hottest cells of 150 m", title_justify="left")
    for heading in ("x", "y", "incidents", "Gi* z", "q", "class"):
        table.add_column(heading, justify="right")
    for cell in done.hottest:
        table.add_row(
            f"{cell['cell_x']:,.0f}", f"{cell['cell_y']:,.0f}", f"{cell['count']:,}", f"{cell['gi_z']:.1f}",
            f"{cell['q_value']:.2g}", f"{cell['gi_bin']:+d}",
        )  # fmt: skip
    return table


def _beats_table(done: Demonstration) -> object:
    from rich.table import Table

    report = done.plan["report"]
    before, after, officers = report.get("before") or {}, report["figures"], report.get("officers") or {}
    table = Table(title=f"Beats: {done.plan['name']}, version {done.plan['version']}", title_justify="left")
    table.add_column("")
    table.add_column("today", justify="right")
    table.add_column("proposed", justify="right")
    for label, name, form in (
        ("beats", "beats", "{:,}"),
        ("with 3,000 to 7,000 residents", "within_bounds", "{:,}"),
        ("fewest residents", "residents_min", "{:,}"),
        ("most residents", "residents_max", "{:,}"),
        ("variation of workload (CV)", "workload_cv", "{:.0%}"),
        ("busiest beat over mean", "workload_max_over_mean", "{:.2f}"),
    ):
        today = form.format(before[name]) if name in before else "-"
        table.add_row(label, today, form.format(after[name]))
    vacant = len(officers.get("vacancies", [])) if officers else after["beats"]
    table.add_row("beats without an officer", "", f"{vacant:,}")
    if officers.get("kept_share") is not None:
        table.add_row("residents who keep their officer", "", f"{officers['kept_share']:.0%}")
    return table
