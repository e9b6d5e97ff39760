"""What every chart has around it, and how figures become bytes."""

from __future__ import annotations

import io
import textwrap
import threading
from typing import Literal

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from app.charts.captions import Caption, Format
from app.maps.palettes import INK, MUTED_INK

GRID = "#d5dade"
MARGIN = 0.06
RENDERING = threading.Lock()
"""The settings of matplotlib are those of the process: one file is written at a time."""
_METADATA: dict[Format, dict[str, str | None]] = {
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


def sheet(caption: Caption, subtitle: str = "", *, width: float = 9.0, height: float = 5.4) -> Figure:
    """Return an empty figure with its title, handling mark and footer.

    Parameters
    ----------
    caption : Caption
    subtitle : str
        Units, numbers of events, how to read it; two lines at most.
    width, height : float
        Inches.

    Returns
    -------
    matplotlib.figure.Figure
        Leaves the space that `plot_area` gives for axes.
    """
    figure = Figure(figsize=(width, height), facecolor="white")
    top = 1.0 - 0.22 / height
    figure.text(MARGIN, top, caption.title, fontsize=14, fontweight="bold", color=INK, va="top")
    told = "\n".join(textwrap.wrap(subtitle, int(width * 12.4)))
    figure.text(MARGIN, top - 0.31 / height, told, fontsize=9.5, color=MUTED_INK, va="top", linespacing=1.3)
    figure.text(MARGIN, 0.12 / height, caption.footer, fontsize=7.5, color=MUTED_INK, va="bottom")
    figure.text(
        1.0 - MARGIN, 0.12 / height, caption.handling_mark, fontsize=7.5, fontweight="bold", color=INK,
        ha="right", va="bottom",
    )  # fmt: skip
    return figure


def plot_area(
    figure: Figure, *, left: float = 0.75, right: float = 0.35, head: float = 1.05
) -> tuple[float, float, float, float]:
    """Return where axes fit between the subtitle and the footer.

    Parameters
    ----------
    figure : Figure
        Of `sheet`.
    left, right, head : float
        Room beside and above the axes, inches.

    Returns
    -------
    tuple of float
        Left, bottom, width and height, as parts of the figure.
    """
    width, height = figure.get_size_inches()
    bottom, top = 0.85 / height, 1.0 - head / height
    return left / width, bottom, 1.0 - (left + right) / width, top - bottom


def plain_axes(axes: Axes, *, grid: Literal["x", "y", "both", "none"] = "y") -> Axes:
    """Draw axes with the least ink: no box, a quiet grid.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    grid : {"x", "y", "both", "none"}
        Lines that help to read values.

    Returns
    -------
    matplotlib.axes.Axes
        The same.
    """
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(MUTED_INK)
    axes.tick_params(colors=INK, labelsize=9, length=3, color=MUTED_INK)
    axes.xaxis.label.set(color=INK, fontsize=10)
    axes.yaxis.label.set(color=INK, fontsize=10)
    axes.set_axisbelow(True)
    if grid != "none":
        axes.grid(visible=True, axis=grid, color=GRID, linewidth=0.7)
    return axes


def rendered(figure: Figure, kind: Format, *, dpi: int = 150) -> bytes:
    """Return a figure as a file.

    Parameters
    ----------
    figure : Figure
    kind : {"svg", "png", "pdf"}
    dpi : int
        Of PNG.

    Returns
    -------
    bytes
        The same for the same figure: no date, no random names.
    """
    buffer = io.BytesIO()
    with RENDERING, mpl.rc_context({"svg.hashsalt": "kvart", "pdf.fonttype": 42}):
        figure.savefig(buffer, format=kind, dpi=dpi, metadata=_METADATA[kind])
    return buffer.getvalue()
