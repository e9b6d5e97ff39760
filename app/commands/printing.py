"""What a command says about its result, in a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from analysis.summary import Summary
from app.maps.formatting import plain

_LONGEST_VALUE = 100


def progress_bars(console: Console) -> Progress:
    """Return progress bars with a sentence, a percentage and the time taken."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[message]}", markup=False),
        console=console,
        transient=not console.is_terminal,
    )


def print_summary(console: Console, summary: Summary, figures: dict[str, Any], written: Iterable[Path]) -> None:
    """Print how a result was made, its reading, its warnings and the files."""
    table = Table(title=Text(summary.method), show_header=False, title_justify="left", box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column()
    table.add_row("used", f"{summary.n_used:,}")
    for reason, count in summary.excluded.items():
        table.add_row("left out", f"{count:,} {reason.replace('_', ' ')}")
    if not summary.excluded:
        table.add_row("left out", "none")
    for name, value in {**figures, **_shown_parameters(summary)}.items():
        table.add_row(name.replace("_", " "), Text(_shown(value)))
    table.add_row("working CRS", summary.crs)
    table.add_row("study area", f"{summary.study_area_km2:,.2f} km2")
    if summary.seed is not None:
        table.add_row("seed", str(summary.seed))
    table.add_row("made by", summary.software)
    console.print(table)
    console.print(Text(summary.reading))
    for warning in summary.warnings:
        console.print(Text.assemble((f"{warning.code}: ", "yellow"), warning.message))
    print_written(console, written)


def print_written(console: Console, written: Iterable[Path]) -> None:
    """Print which files were written."""
    for path in written:
        console.print(Text.assemble(("wrote ", "green"), str(path)), soft_wrap=True)


def print_table(console: Console, frame: pd.DataFrame, most: int = 12) -> None:
    """Print the first rows of a table."""
    shown = frame.dropna(axis=1, how="all").head(most)
    table = Table(box=None, pad_edge=False, title_justify="left")
    for name in shown.columns:
        table.add_column(str(name).replace("_", " "), justify="left" if shown[name].dtype == object else "right")
    for row in shown.itertuples(index=False):
        table.add_row(*(Text(plain(value)) for value in row))
    console.print(table)
    if len(frame) > len(shown):
        console.print(Text(f"... {len(frame) - len(shown):,} more rows"))


def _shown_parameters(summary: Summary) -> dict[str, Any]:
    return {
        name: value for name, value in summary.parameters.items() if value is not None and not isinstance(value, dict)
    }


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() else f"{value:,.6g}"
    text = ", ".join(_shown(item) for item in value) if isinstance(value, list | tuple) else str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]} ..."
