"""Charts of places: where counts changed, where most happens."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.places.top_places import TopPlaces
from analysis.space_time.period_change import PeriodChange
from app.charts.captions import Caption
from app.charts.sheet import plain_axes, plot_area, sheet
from app.maps.formatting import number
from app.maps.palettes import DENSITY_RAMP, GETIS_ORD_COLOURS, INK, MUTED_INK

CHANGE_MARKS = {
    "increase": ("^", GETIS_ORD_COLOURS[3]),
    "decrease": ("v", GETIS_ORD_COLOURS[-3]),
    "not clear": ("o", MUTED_INK),
}
LEAST_RATIO, MOST_RATIO = 1 / 32, 32.0
"""Ends of the axis of ratios; intervals that go on beyond it end in an arrow."""


def change_forest(change: PeriodChange, caption: Caption, *, n: int = 15) -> Figure:
    """Draw the change of the whole map and of the cells with most events, each with its interval.

    Parameters
    ----------
    change : PeriodChange
    caption : Caption
    n : int
        Cells to draw.

    Returns
    -------
    Figure
    """
    frame = change.frame
    total = (frame["before"] + frame["after"]).to_numpy()
    clear = frame["change"].isin(["increase", "decrease"]).to_numpy()
    order = np.lexsort((frame["cell"].to_numpy(), -total, ~clear))[:n]
    rows = frame.iloc[order[total[order] > 0]]
    up, down = (int((frame["change"] == kind).sum()) for kind in ("increase", "decrease"))
    told = (
        f"Rate after over rate before with 95 % interval. {up:,} cells rose and {down:,} fell clearly, after "
        "correction for testing every cell; shown are these first, then the busiest."
    )
    figure = sheet(caption, told, height=2.4 + 0.28 * (len(rows) + 1))
    axes = figure.add_axes(plot_area(figure, left=2.6, right=1.3))
    low, high = change.summary.parameters["whole_map_interval"]
    _interval(axes, 0, change.summary.parameters["whole_map_ratio"], (low, high), ("D", INK))
    labels, counts = ["whole map"], [f"{frame['before'].sum():,} → {frame['after'].sum():,}"]
    for place, row in enumerate(rows.itertuples(), start=1):
        _interval(axes, place, row.ratio, (row.ratio_low, row.ratio_high), CHANGE_MARKS[row.change])
        labels.append(f"cell at {row.cell_x:,.0f}, {row.cell_y:,.0f}")
        counts.append(f"{row.before:,} → {row.after:,}")
    axes.axvline(1.0, color=INK, linewidth=1.0)
    axes.axhline(0.5, color=MUTED_INK, linewidth=0.6)
    axes.set_xscale("log", base=2)
    axes.set(xlim=(LEAST_RATIO, MOST_RATIO), ylim=(len(rows) + 0.6, -0.6), yticks=range(len(rows) + 1))
    axes.set_xticks([1 / 16, 1 / 4, 1 / 2, 1, 2, 4, 16], ["1/16", "1/4", "half", "same", "twice", "4 x", "16 x"])
    axes.set_yticklabels(labels)
    axes.set_xlabel("▼ fell          rate after / rate before (log scale)          rose ▲")
    plain_axes(axes, grid="x")
    for place, text in enumerate(counts):
        axes.text(1.02, place, text, transform=axes.get_yaxis_transform(), va="center", fontsize=9, color=INK)
    return figure


def _interval(axes: Axes, place: int, ratio: Any, interval: tuple[Any, Any], mark: tuple[str, str]) -> None:
    """Draw one ratio with its interval; what is null is unbounded."""
    marker, colour = mark
    low = LEAST_RATIO if pd.isna(interval[0]) else max(float(interval[0]), LEAST_RATIO)
    high = MOST_RATIO if pd.isna(interval[1]) else min(float(interval[1]), MOST_RATIO)
    axes.plot([low, high], [place, place], color=colour, linewidth=1.6, clip_on=False)
    for end, beyond in ((low, "<"), (high, ">")):
        if end in (LEAST_RATIO, MOST_RATIO):
            axes.plot([end], [place], marker=beyond, color=colour, markersize=5, clip_on=False)
    if not pd.isna(ratio) and LEAST_RATIO <= float(ratio) <= MOST_RATIO:
        axes.plot([float(ratio)], [place], marker=marker, color=colour, markersize=7, linestyle="none")


def top_places_chart(top: TopPlaces, caption: Caption, *, names: dict[object, str] | None = None) -> Figure:
    """Draw the busiest places as bars.

    Parameters
    ----------
    top : TopPlaces
    caption : Caption
    names : dict, optional
        What to call a place, by its ``place``; the rest are named by number and coordinates.

    Returns
    -------
    Figure
    """
    frame = top.frame
    called = names or {}
    points = frame.geometry.representative_point()
    labels = [
        called.get(place, f"{place} ({x:,.0f}, {y:,.0f})")
        for place, x, y in zip(frame["place"], points.x, points.y, strict=True)
    ]
    share = float(frame["count"].sum()) / top.summary.n_used
    told = (
        f"These {len(frame)} places hold {share:.0%} of {top.summary.n_used:,} events. Coordinates in "
        f"{top.summary.crs}, metres."
    )
    figure = sheet(caption, told, height=2.2 + 0.27 * len(frame))
    axes = figure.add_axes(plot_area(figure, left=2.6, right=0.9))
    rows = np.arange(len(frame))
    axes.barh(rows, frame["count"], color=DENSITY_RAMP[3], height=0.72)
    axes.set(ylim=(len(frame) - 0.4, -0.6), yticks=rows, xlabel="events")
    axes.set_yticklabels(labels)
    for row, (count, part) in enumerate(zip(frame["count"], frame["share"], strict=True)):
        axes.annotate(
            f"{number(count)} ({part:.1%})", (count, row), xytext=(4, 0), textcoords="offset points", va="center",
            fontsize=9, color=INK,
        )  # fmt: skip
    plain_axes(axes, grid="x")
    return figure
