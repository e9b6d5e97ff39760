"""The PDF report of one analysis, for a meeting: a page to look at and decide from, and pages to look things up in."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.image import imread

from analysis.summary import Summary
from app.charts.captions import Caption
from app.charts.sheet import MARGIN, RENDERING, rendered, sheet
from app.charts.static_map import draw_map
from app.maps.formatting import parameter, plain, words
from app.maps.palettes import INK, MUTED_INK, OUT_OF_BOUNDS, OUTSIDE

A4 = (11.69, 8.27)
"""Landscape, inches."""

TABLE_ROWS = 20
CHARTS_A_PAGE = 2
COLUMN = 0.64
"""Where the column beside the map or the charts begins, part of the page."""

LINE = 0.0195
"""Height of a line of 8 points, part of the page."""

CHARACTERS = 58
CHARACTERS_AN_INCH = 15.0
"""Of a table."""
_PDF = {"CreationDate": None, "Creator": None, "Producer": None}


@dataclass(frozen=True)
class Subject:
    """What a report is of.

    Attributes
    ----------
    frame : GeoDataFrame or None
        Cells, units or lixels in metres; None for a result that has no map: its first chart takes the place.
    column : str
        What the map shows: a column of classes (`app.charts.static_map.CLASSES`) or of numbers.
    summary : Summary
    unit : str
        Of a column of numbers.
    study_area, streets : GeoDataFrame or None
        In any CRS.
    labels : str or None
        Column whose text stands on the shapes.
    counted : str
        What ``n_used`` of the summary counts.
    """

    frame: gpd.GeoDataFrame | None
    column: str
    summary: Summary
    unit: str = ""
    study_area: gpd.GeoDataFrame | gpd.GeoSeries | None = None
    streets: gpd.GeoDataFrame | gpd.GeoSeries | None = None
    labels: str | None = None
    counted: str = "events"


def meeting_report(
    subject: Subject,
    caption: Caption,
    *,
    charts: Sequence[Figure] = (),
    table: pd.DataFrame | None = None,
    table_title: str = "Top places",
) -> bytes:
    """Return the report of one analysis as a PDF.

    Parameters
    ----------
    subject : Subject
    caption : Caption
        Title, source, handling mark and run; on every page.
    charts : sequence of Figure
        Of `app.charts`, two a page beneath each other.
    table : DataFrame, optional
        Its first rows stand beside the charts.
    table_title : str

    Returns
    -------
    bytes
        The same for the same input.

    Raises
    ------
    InvalidInputError, CoordinateError
        See `app.charts.static_map.draw_map`.
    """
    pages = [_front_page(subject, caption, charts[0] if charts else None)]
    if subject.frame is None:
        charts = charts[1:]
    rows = None if table is None or table.empty else table
    for first in range(0, max(len(charts), 1 if rows is not None else 0), CHARTS_A_PAGE):
        page = _chart_page(charts[first : first + CHARTS_A_PAGE], caption)
        if first == 0 and rows is not None:
            _draw_table(page, rows, table_title, left=COLUMN if charts else MARGIN)
        pages.append(page)
    buffer = io.BytesIO()
    with RENDERING, mpl.rc_context({"pdf.fonttype": 42}), PdfPages(buffer, metadata=_PDF) as document:
        for number, page in enumerate(pages, start=1):
            told = f"page {number} of {len(pages)}"
            page.text(0.5, 0.12 / A4[1], told, fontsize=7.5, color=MUTED_INK, ha="center", va="bottom")
            document.savefig(page, dpi=200)
    return buffer.getvalue()


def _front_page(subject: Subject, caption: Caption, chart: Figure | None) -> Figure:
    """Return the page with the map (or a chart), what it says, how it was made and what to beware of."""
    summary = subject.summary
    left_out = "; ".join(f"{some:,} {words(reason)}" for reason, some in summary.excluded.items())
    told = (
        f"{summary.method}. {summary.n_used:,} {subject.counted} used{f', left out: {left_out}' if left_out else ''}."
    )
    page = sheet(caption, told, width=A4[0], height=A4[1])
    axes = page.add_axes((MARGIN, 0.165, COLUMN - MARGIN - 0.03, 0.705))
    axes.set_anchor("N")
    if subject.frame is not None:
        draw_map(
            axes, subject.frame, subject.column,
            unit=subject.unit, study_area=subject.study_area, streets=subject.streets, labels=subject.labels,
        )  # fmt: skip
    else:
        _paste(axes, chart)
    column = _Column(page, 0.87)
    column.heading("What it says")
    column.paragraph(summary.reading)
    if summary.warnings:
        column.heading("Beware", OUT_OF_BOUNDS)
        for notice in summary.warnings:
            column.paragraph(notice.message, bullet=True)
    column.heading("How it was made")
    facts = {**summary.parameters, "crs": summary.crs}
    if summary.study_area_km2:
        facts["study_area_km2"] = summary.study_area_km2
    if summary.seed is not None:
        facts["seed"] = summary.seed
    column.facts([parameter(name, value) for name, value in facts.items() if value is not None])
    return page


class _Column:
    """Text that flows down a column of a page, and says where it had to stop."""

    def __init__(self, page: Figure, top: float) -> None:
        self.page = page
        self.y = top
        self.full = False

    def heading(self, text: str, colour: str = INK) -> None:
        """Write the heading of a part."""
        self.y -= 0.35 * LINE
        self._write(text, 11.0, colour, bold=True)
        self.y -= 0.1 * LINE

    def paragraph(self, text: str, *, bullet: bool = False) -> None:
        """Write a paragraph."""
        lines = textwrap.wrap(
            text, CHARACTERS, initial_indent="•  " if bullet else "", subsequent_indent="   " * bullet
        )
        for line in lines:
            self._write(line, 8.8, INK)
        self.y -= 0.4 * LINE

    def facts(self, pairs: list[tuple[str, str]]) -> None:
        """Write names and values, a line each."""
        for name, value in pairs:
            self._write(textwrap.shorten(f"{name}: {value}", CHARACTERS + 2, placeholder=" ..."), 8.2, MUTED_INK)

    def _write(self, text: str, size: float, colour: str, *, bold: bool = False) -> None:
        """Write a line; where the page ends, say once that there is more."""
        if self.full:
            return
        self.full = self.y < 0.075
        told = "... more in the summary of the run" if self.full else text
        weight = "bold" if bold else "normal"
        self.page.text(COLUMN, self.y, told, fontsize=size, color=colour, va="top", fontweight=weight)
        self.y -= LINE * size / 8.0


def _chart_page(charts: Sequence[Figure], caption: Caption) -> Figure:
    """Return a page with charts beneath each other on its left."""
    page = sheet(caption, width=A4[0], height=A4[1])
    height = 0.86 / CHARTS_A_PAGE
    for place, chart in enumerate(charts):
        axes = page.add_axes((MARGIN - 0.02, 0.92 - (place + 1) * height, COLUMN - MARGIN, height - 0.01), anchor="W")
        _paste(axes, chart)
    return page


def _paste(axes: Axes, chart: Figure | None) -> None:
    """Show a chart on axes of a page."""
    axes.axis("off")
    if chart is not None:
        axes.imshow(imread(io.BytesIO(rendered(chart, "png", dpi=200))), interpolation="lanczos")


def _draw_table(page: Figure, table: pd.DataFrame, title: str, *, left: float) -> None:
    """Draw the first rows of a table, without columns that hold nothing, on a page, columns as wide as needed."""
    shown = pd.DataFrame(table.drop(columns="geometry", errors="ignore")).dropna(axis=1, how="all").head(TABLE_ROWS)
    told = f"{title}: the first {len(shown)} of {len(table):,}" if len(table) > len(shown) else title
    page.text(left, 0.88, told, fontsize=11, fontweight="bold", color=INK, va="top")
    axes = page.add_axes((left, 0.08, 1.0 - MARGIN - left, 0.765))
    axes.axis("off")
    text = [[_told(name, value) for name, value in zip(shown.columns, row, strict=True)] for row in shown.to_numpy()]
    heads = [textwrap.fill(words(str(name)), 11) for name in shown.columns]
    longest = [
        max(len(cell) for cell in (*head.split("\n"), *cells)) + 2 for head, *cells in zip(heads, *text, strict=True)
    ]
    room = (1.0 - MARGIN - left) * A4[0] * CHARACTERS_AN_INCH
    widths = [length / max(sum(longest), room) for length in longest]
    drawn = axes.table(text, colLabels=heads, colWidths=widths, loc="upper left", cellLoc="right")
    drawn.auto_set_font_size(value=False)
    scale = min(1.0, room / sum(longest))
    drawn.set_fontsize(8.5 * scale)
    drawn.scale(1.0, 1.35)
    for (row, _), cell in drawn.get_celld().items():
        cell.set(edgecolor=OUTSIDE, linewidth=0.6)
        cell.get_text().set(color=INK, fontweight="bold" if row == 0 else "normal")
        if row == 0:
            cell.get_text().set_fontsize(7.5 * scale)
            cell.set_height(1.7 * cell.get_height())


def _told(name: object, value: object) -> str:
    """Return a value of a table as text; shares in per cent."""
    if str(name).endswith("share") and isinstance(value, float):
        return f"{value:.1%}"
    return textwrap.shorten(plain(value), 24, placeholder="...")
