"""Charts that justify a choice of method: what ranking catches most, what bandwidth fits best."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator, PercentFormatter

from analysis.back_testing.ranking_methods import COUNTS
from analysis.density.bandwidth import Bandwidth
from analysis.errors import ParameterError
from app.charts.captions import Caption
from app.charts.sheet import plain_axes, plot_area, sheet
from app.maps.palettes import DENSITY_RAMP, INK, MUTED_INK

LINES = (
    ("#43126f", "-", "o"),
    ("#c77d5a", "--", "s"),
    ("#1b7f6b", "-.", "^"),
    ("#111111", ":", "D"),
    ("#2166ac", (0, (5, 1, 1, 1, 1, 1)), "v"),
    ("#b2182b", (0, (8, 3)), "P"),
)
"""Colour, dashes and marker of each method: without colour, dashes and markers tell them apart."""
REST = "#b8bcc4"
"""Colour of the methods beyond those."""


def capture_chart(curves: pd.DataFrame, caption: Caption, *, area_share: float = 0.05) -> Figure:
    """Draw the share of later events that each method catches against the share of the area searched.

    Parameters
    ----------
    curves : DataFrame
        ``method, area_share, capture_share``, as `BackTest.curves`, or of `CaptureCurve`.
    caption : Caption
    area_share : float
        Part of the area to compare the methods at, over 0 and up to 1.

    Returns
    -------
    Figure
    """
    caught = {
        str(name): float(np.interp(area_share, curve["area_share"], curve["capture_share"]))
        for name, curve in curves.groupby("method", sort=False)
    }
    best = max(caught, key=lambda name: caught[name])
    told = (
        f"At {area_share:.0%} of the area, {best} catches {caught[best]:.0%} of the later events; chance "
        f"{area_share:.0%}."
    )
    figure = sheet(caption, f"{told} The higher the line at its left end, the better for patrols.", height=6.0)
    axes = figure.add_axes(plot_area(figure))
    drawn, rest = _told_apart(caught)
    for name, (colour, dashes, marker) in zip(drawn, LINES, strict=False):
        curve = curves[curves["method"] == name]
        axes.plot(
            curve["area_share"], curve["capture_share"], color=colour, linestyle=dashes, marker=marker, markersize=5,
            markevery=0.1, linewidth=1.8, label=f"{name} ({caught[name]:.0%})",
        )  # fmt: skip
    _draw_rest(axes, curves, {name: caught[name] for name in rest})
    axes.plot([0, 1], [0, 1], color=MUTED_INK, linewidth=0.8, label=f"chance ({area_share:.0%})")
    axes.axvline(area_share, color=MUTED_INK, linewidth=0.8, linestyle=(0, (2, 2)))
    axes.set(xlim=(0, 1), ylim=(0, 1.01), xlabel="share of the area searched, best places first")
    axes.set_ylabel("share of later events caught")
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    plain_axes(axes, grid="both")
    title = f"method (caught at {area_share:.0%} of the area)"
    axes.legend(loc="lower right", fontsize=9, title=title, title_fontsize=9, framealpha=1.0, edgecolor="none")
    return figure


def _told_apart(caught: dict[str, float]) -> tuple[list[str], list[str]]:
    """Return the methods with a line of their own, best first, the baseline among them, and the others."""
    ranked = sorted(caught, key=lambda name: -caught[name])
    drawn = ranked[: len(LINES)]
    if COUNTS in caught and COUNTS not in drawn:
        drawn[-1] = COUNTS
    return drawn, [name for name in ranked if name not in drawn]


def _draw_rest(axes: Axes, curves: pd.DataFrame, caught: dict[str, float]) -> None:
    for name in caught:
        curve = curves[curves["method"] == name]
        axes.plot(curve["area_share"], curve["capture_share"], color=REST, linewidth=0.8, zorder=1)
    if caught:
        label = f"{len(caught)} others ({min(caught.values()):.0%} to {max(caught.values()):.0%}): see the table"
        axes.plot([], [], color=REST, linewidth=0.8, label=label)


def bandwidth_chart(bandwidth: Bandwidth, caption: Caption) -> Figure:
    """Draw the score of every bandwidth that a rule tried, and which one was taken.

    Parameters
    ----------
    bandwidth : Bandwidth
        By a rule that tries several, such as cross-validation.
    caption : Caption

    Returns
    -------
    Figure

    Raises
    ------
    ParameterError
        The rule tried nothing.
    """
    if not bandwidth.trials:
        raise ParameterError("The rule of this bandwidth tried no others.", "Choose it by cross_validation.")
    figure = sheet(caption, f"{bandwidth.reason[:1].upper()}{bandwidth.reason[1:]}.")
    axes = figure.add_axes(plot_area(figure, left=1.0))
    radius = [trial.radius_m for trial in bandwidth.trials]
    score = [trial.score for trial in bandwidth.trials]
    axes.plot(radius, score, "-o", color=DENSITY_RAMP[3], markersize=4, linewidth=1.5)
    axes.axvline(bandwidth.radius_m, color=INK, linewidth=1.5, linestyle="--")
    axes.annotate(
        f"taken: {bandwidth.radius_m:,.0f} m", (bandwidth.radius_m, 0.96), xycoords=("data", "axes fraction"),
        xytext=(6, 0), textcoords="offset points", fontsize=10, fontweight="bold", color=INK, va="top",
    )  # fmt: skip
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter("{x:.3g}")
    axes.set(xlabel="radius of the quartic kernel, metres (log scale)", ylabel=f"{bandwidth.score} (lower is better)")
    plain_axes(axes)
    return figure
