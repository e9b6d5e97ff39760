"""Charts of beat plans: residents and work of each beat, and what five plans trade off."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from app.charts.captions import Caption
from app.charts.sheet import plain_axes, plot_area, sheet
from app.maps.palettes import DENSITY_RAMP, INK, MUTED_INK, OUT_OF_BOUNDS

MOST_NAMED = 40
"""Beats whose names stand under their bars; of more there is no room."""
BAR, GAP = DENSITY_RAMP[2], 0.11
LEAST_RANGE = 0.02
"""Of an axis of shares, so that differences of nothing do not look large."""


def beat_chart(beats: pd.DataFrame, band: tuple[int, int], caption: Caption) -> Figure:
    """Draw residents and work of each beat, the most populous first, against the band and the mean.

    Parameters
    ----------
    beats : DataFrame
        ``beat_id, residents, workload, within_bounds``.
    band : tuple of int
        Fewest and most residents of a beat.
    caption : Caption

    Returns
    -------
    Figure
    """
    ordered = beats.sort_values(["residents", "beat_id"], ascending=[False, True], kind="stable")
    workload = ordered["workload"].astype(float).fillna(0.0).to_numpy()
    inside = ordered["within_bounds"].fillna(value=False).to_numpy(dtype=bool)
    told = (
        f"{len(ordered):,} beats, the most populous first; {int(inside.sum()):,} have {band[0]:,} to {band[1]:,} "
        "residents. Dashed: the band, and the mean work."
    )
    figure = sheet(caption, told, height=5.6)
    left, bottom, width, height = plot_area(figure)
    half = (height - GAP) / 2
    residents = ordered["residents"].astype(float).fillna(0.0).to_numpy()
    above = figure.add_axes((left, bottom + half + GAP, width, half))
    _bars(above, residents, np.where(inside, BAR, OUT_OF_BOUNDS), band, "residents")
    below = figure.add_axes((left, bottom, width, half))
    _bars(below, workload, np.full(len(ordered), BAR), (float(workload.mean()),) if len(workload) else (), "work")
    if len(ordered) <= MOST_NAMED:
        names = ordered["beat_id"].astype(str)
        below.set_xticks(range(len(ordered)), names, rotation=90 if len(ordered) > MOST_NAMED / 4 else 0, fontsize=8)
    return figure


def _bars(axes: Axes, heights: np.ndarray, colours: np.ndarray, marks: tuple[float, ...], label: str) -> None:
    """Draw a bar for each beat, and marks across."""
    axes.bar(np.arange(len(heights)), heights, color=colours, width=0.8 if len(heights) <= MOST_NAMED else 1.0)
    for mark in marks:
        axes.axhline(mark, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
    axes.set(ylabel=label, ylim=(0, None), xlim=(-0.6, max(len(heights), 1) - 0.4), xticks=[])
    plain_axes(axes)


def trade_off_chart(points: pd.DataFrame, caption: Caption) -> Figure:
    """Draw plans by compactness and evenness; the best lie to the lower right.

    Parameters
    ----------
    points : DataFrame
        ``evenness, workload_cv, polsby_popper_mean, surpassed``.
    caption : Caption

    Returns
    -------
    Figure
    """
    told = (
        "Each point is a plan, named by its evenness from 0 (compact) to 1 (even): the lower, the more even the work; "
        "the farther right, the more compact the beats. Hollow: another plan is better in both."
    )
    figure = sheet(caption, told)
    axes = figure.add_axes(plot_area(figure))
    across, up = (points[name].to_numpy(dtype=float) for name in ("polsby_popper_mean", "workload_cv"))
    hollow = points["surpassed"].to_numpy(dtype=bool)
    axes.plot(across, up, color=MUTED_INK, linewidth=0.8, zorder=1)
    axes.scatter(across, up, s=70, c=np.where(hollow, "white", BAR), edgecolors=BAR, linewidths=1.4, zorder=2)
    for x, y, evenness in zip(across, up, points["evenness"].to_numpy(dtype=float), strict=True):
        axes.annotate(f"{evenness:g}", (x, y), xytext=(7, 6), textcoords="offset points", fontsize=9, color=INK)
    for values, limit in ((across, axes.set_xlim), (up, axes.set_ylim)):
        room = max(float(np.ptp(values)), LEAST_RANGE) * 0.2
        limit(float(values.min()) - room, float(values.max()) + room)
    axes.set(xlabel="compactness of the beats (mean Polsby-Popper)", ylabel="variation of work between beats")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=1))
    plain_axes(axes, grid="both")
    return figure
