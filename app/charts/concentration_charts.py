"""Charts of how crime gathers: at few places, and after itself in space and time."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import PercentFormatter

from app.charts.captions import Caption
from app.charts.sheet import plain_axes, plot_area, sheet
from app.charts.time_charts import RAMP
from app.maps.formatting import NOTHING, number
from app.maps.palettes import DENSITY_RAMP, INK, MUTED_INK

WORST = 0.05
SAME_PLACE_M = 1.0
SHOWN_FROM = 0.5
"""Part of the ramp from which figures are written in white."""


def concentration_chart(curve: pd.DataFrame, caption: Caption, *, worst_share: float = WORST) -> Figure:
    """Draw which share of the events the worst places hold (Lorenz curve, busiest first).

    Parameters
    ----------
    curve : DataFrame
        ``place_share, event_share``, from (0, 0) to (1, 1).
    caption : Caption
    worst_share : float
        Part of the places that is marked, over 0 and up to 1.

    Returns
    -------
    Figure
    """
    places, events = curve["place_share"].to_numpy(dtype=float), curve["event_share"].to_numpy(dtype=float)
    held = float(np.interp(worst_share, places, events))
    half = float(np.interp(0.5, events, places))
    told = (
        f"The busiest {worst_share:.0%} of all places hold {held:.0%} of the events; half lies at {half:.1%} of them."
    )
    figure = sheet(caption, told, height=5.6)
    axes = figure.add_axes(plot_area(figure))
    axes.plot(places, events, color=DENSITY_RAMP[4], linewidth=2.2, label="events")
    axes.plot([0, 1], [0, 1], color=MUTED_INK, linewidth=0.8, label="if all places were alike")
    axes.plot([worst_share, worst_share, 0], [0, held, held], color=INK, linewidth=1.0, linestyle=(0, (3, 2)))
    axes.plot([worst_share], [held], "o", color=INK, markersize=6)
    axes.annotate(f"{held:.0%}", (worst_share, held), xytext=(8, -4), textcoords="offset points", fontweight="bold")
    axes.set(xlim=(0, 1), ylim=(0, 1.01), xlabel="share of the places, busiest first", ylabel="share of the events")
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    plain_axes(axes, grid="both")
    axes.legend(loc="lower right", frameon=False, fontsize=9)
    return figure


def near_repeat_chart(knox: pd.DataFrame, caption: Caption) -> Figure:
    """Draw the Knox table: how many times as many pairs there are as chance would make.

    Parameters
    ----------
    knox : DataFrame
        As `analysis.space_time.near_repeat.NearRepeats.frame`.
    caption : Caption

    Returns
    -------
    Figure
        Bands of distance across, bands of time down; raised ones are framed.
    """
    raised = int(knox["raised"].astype(bool).sum())
    told = (
        f"Pairs of crimes so far apart in space and time, over what chance would make. {raised} of {len(knox)} bands "
        "are raised (framed): there a crime is followed by more than the usual."
    )
    figure = sheet(caption, told, height=5.2)
    axes = figure.add_axes(plot_area(figure, left=1.5))
    across = list(dict.fromkeys(zip(knox["distance_from_m"], knox["distance_to_m"], strict=True)))
    down = list(dict.fromkeys(zip(knox["days_from"], knox["days_to"], strict=True)))
    ratio = knox["ratio"].to_numpy(dtype=float, na_value=np.nan).reshape(len(down), len(across))
    top = max(float(np.nanmax(ratio, initial=2.0)), 2.0)
    axes.pcolormesh(ratio, cmap=RAMP, vmin=1.0, vmax=top, edgecolors="white", linewidth=1.5)
    marked = knox["raised"].to_numpy(dtype=bool).reshape(ratio.shape)
    for (row, column), value in np.ndenumerate(ratio):
        dark = value > 1.0 + SHOWN_FROM * (top - 1.0)
        axes.text(
            column + 0.5, row + 0.5, NOTHING if np.isnan(value) else f"x {number(value)}", ha="center", va="center",
            fontsize=10, color="white" if dark else INK, fontweight="bold" if marked[row, column] else "normal",
        )  # fmt: skip
        if marked[row, column]:
            axes.add_patch(_frame(column, row))
    axes.set(ylim=(len(down), 0), xticks=np.arange(len(across)) + 0.5, yticks=np.arange(len(down)) + 0.5)
    axes.set_xticklabels([_distance(*band) for band in across])
    axes.set_yticklabels([_days(*band) for band in down])
    axes.set(xlabel="distance", ylabel="time between")
    plain_axes(axes, grid="none")
    return figure


def _frame(column: int, row: int) -> Rectangle:
    frame = Rectangle((column + 0.04, row + 0.04), 0.92, 0.92)
    frame.set(fill=False, edgecolor=INK, linewidth=2.2)
    return frame


def _distance(low: float, high: float) -> str:
    return "same place" if high <= SAME_PLACE_M else f"{number(low)} to {number(high)} m"


def _days(low: int, high: int) -> str:
    last = int(high) - 1
    return f"{int(low)} days" if last == low else f"{int(low)} to {last} days"
