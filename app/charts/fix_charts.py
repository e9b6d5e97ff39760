"""Charts of fixes: months before and after, the ranking under a budget, light and dark, concern by beat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from app.charts.captions import Caption
from app.charts.sheet import plain_axes, plot_area, sheet
from app.maps.formatting import number
from app.maps.palettes import EVALUATION_COLOURS, INK, MISMATCH_COLOURS, MUTED_INK, RANKING_COLOURS

LIGHT_COLOURS = {"day": "#f0cf65", "twilight": "#a394c8", "dark": "#3b1a6b"}
LONGEST_TITLE = 44


def before_after_chart(panel: pd.DataFrame, told: Mapping[str, Any], caption: Caption) -> Figure:
    """Draw the months of a treated area against what was to be expected, and the control.

    Parameters
    ----------
    panel : DataFrame
        ``month, after, treated, expected`` and, with a control, ``control``.
    told : mapping
        ``text`` of the verdict, ``began_on`` and ``finished_on``.
    caption : Caption

    Returns
    -------
    Figure
    """
    figure = sheet(caption, str(told["text"]), height=5.6)
    axes = figure.add_axes(plot_area(figure, head=1.5))
    months = pd.PeriodIndex(panel["month"].astype(str), freq="M")
    x = np.array([month.ordinal for month in months])
    after = panel["after"].to_numpy(dtype=bool)
    axes.axvspan(x[~after].max() + 0.5, x[after].min() - 0.5, color="#e6e9ec", linewidth=0)
    _series(axes, x, panel["treated"], after, EVALUATION_COLOURS["treated"], "treated area")
    expected = panel["expected"].to_numpy(dtype=float, na_value=np.nan)
    axes.plot(x[after], expected[after], color=INK, linewidth=1.6, linestyle=(0, (3, 2)), label="if nothing were done")
    if "control" in panel:
        control = panel["control"].to_numpy(dtype=float)
        level = panel["treated"][~after].sum() / max(float(control[~after].sum()), 1.0)
        _series(axes, x, control * level, after, EVALUATION_COLOURS["control"], "control, at the level of the treated")
    axes.set(ylim=(0, None), ylabel="events a month", xlim=(x.min() - 0.7, x.max() + 0.7))
    shown = [place for place, month in zip(x, months, strict=True) if month.month in (1, 4, 7, 10)]
    axes.set_xticks(shown, [pd.Period(ordinal=int(place), freq="M").strftime("%b\n%Y") for place in shown])
    middle = (x[~after].max() + x[after].min()) / 2.0
    words = f"work, {told['began_on']} to {told['finished_on']}"
    axes.annotate(
        words, (middle, 1.0), xytext=(0, 3), xycoords=axes.get_xaxis_transform(), textcoords="offset points",
        ha="center", fontsize=8.5, color=MUTED_INK,
    )  # fmt: skip
    plain_axes(axes)
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.06), ncols=3, frameon=False, fontsize=9)
    return figure


def _series(axes: Axes, x: Any, counts: Any, after: Any, colour: str, label: str) -> None:
    """Draw a series in two parts, so that nothing is drawn across the work."""
    held = np.asarray(counts, dtype=float)
    marker = "o" if label.startswith("treated") else "s"
    for part, told in ((~after, label), (after, None)):
        axes.plot(x[part], held[part], color=colour, linewidth=1.8, marker=marker, markersize=4, label=told)


def ranking_chart(ranking: pd.DataFrame, caption: Caption, *, n: int = 20) -> Figure:
    """Draw what the fixes of a ranking serve: crime and concern side by side, never summed.

    Parameters
    ----------
    ranking : DataFrame
        Table ``fix-ranking``.
    caption : Caption
    n : int
        Fixes to draw.

    Returns
    -------
    Figure
    """
    rows = ranking.head(n)
    chosen = int(ranking["chosen"].astype(bool).sum())
    told = (
        f"{chosen} of {len(ranking)} fixes are chosen. Bars: within reach of each by itself. Of the events none, or up "
        "to the marked part, may be prevented; dark blue is chosen nearly always when budget, costs and counts change."
    )
    figure = sheet(caption, told, height=2.5 + 0.34 * len(rows))
    left, bottom, width, height = plot_area(figure, left=3.6)
    y = np.arange(len(rows))
    colours = [RANKING_COLOURS[name] for name in rows["choice"]]
    crime = figure.add_axes((left, bottom, width * 0.56, height))
    concern = figure.add_axes((left + width * 0.62, bottom, width * 0.38, height))
    crime.barh(y, rows["crime_alone"].to_numpy(dtype=float), color=colours, height=0.62)
    prevented = rows["prevented_high"].to_numpy(dtype=float, na_value=0.0)
    crime.barh(y, prevented, color="none", edgecolor=INK, hatch="////", linewidth=0.8, height=0.62)
    concern.barh(y, rows["concern_alone"].to_numpy(dtype=float), color=colours, height=0.62)
    for axes, label in ((crime, "events a year (hatched: may be prevented)"), (concern, "voices of residents")):
        axes.set(ylim=(len(rows) - 0.4, -0.6), yticks=y, xlabel=label)
        plain_axes(axes, grid="x")
    crime.set_yticklabels([_named(row) for row in rows.itertuples()], fontsize=8.5)
    concern.set_yticklabels([])
    return figure


def _named(row: Any) -> str:
    """Return rank, title and cost of a fix."""
    title = str(row.title)
    short = title if len(title) <= LONGEST_TITLE else f"{title[: LONGEST_TITLE - 1].rstrip()}…"
    rank = "-" if pd.isna(row.rank) else f"{int(row.rank)}."
    return f"{rank} {short}\ncost {number(row.cost, 0)}"


def light_chart(rates: pd.DataFrame, caption: Caption, reading: str = "") -> Figure:
    """Draw events per 1,000 hours of day, twilight and dark, with intervals.

    Parameters
    ----------
    rates : DataFrame
        ``light, events, hours, per_1000_hours, low, high``.
    caption : Caption
    reading : str
        What nights near dark and near lit metres say.

    Returns
    -------
    Figure
    """
    figure = sheet(caption, reading or "Events per 1,000 hours, by the sun and not by the clock; 95 % intervals.")
    axes = figure.add_axes(plot_area(figure, head=1.25))
    middle, low, high = (
        rates[name].to_numpy(dtype=float, na_value=np.nan) for name in ("per_1000_hours", "low", "high")
    )
    x = np.arange(len(rates))
    axes.bar(x, middle, color=[LIGHT_COLOURS[str(light)] for light in rates["light"]], width=0.55)
    axes.errorbar(x, middle, yerr=np.vstack([middle - low, high - middle]), fmt="none", ecolor=INK, capsize=5)
    names = [
        f"{light}\n{number(events, 0)} events in {number(hours, 0)} h"
        for light, events, hours in zip(rates["light"], rates["events"], rates["hours"], strict=True)
    ]
    axes.set_xticks(x, names)
    axes.set(ylabel="events per 1,000 hours", ylim=(0, None))
    plain_axes(axes)
    return figure


def mismatch_chart(beats: pd.DataFrame, caption: Caption) -> Figure:
    """Draw each beat's share of the incidents against its share of the voices.

    Parameters
    ----------
    beats : DataFrame
        Table ``mismatch-by-beat``.
    caption : Caption

    Returns
    -------
    Figure
    """
    told = "Share of all incidents and of all voices of residents by beat; one voice is one reporter of one zone."
    figure = sheet(caption, told, height=2.4 + 0.32 * len(beats))
    axes = figure.add_axes(plot_area(figure, left=1.1))
    gap = beats["share_of_voices"] - beats["share_of_incidents"]
    rows = beats.assign(gap=gap).sort_values("gap", ascending=False, kind="stable")
    y = np.arange(len(rows))
    axes.hlines(y, rows["share_of_incidents"], rows["share_of_voices"], color=MUTED_INK, linewidth=1.4)
    marks = {
        "incidents": ("s", MISMATCH_COLOURS["hidden_victims"]),
        "voices": ("o", MISMATCH_COLOURS["cpted_and_inform"]),
    }
    for name, (marker, colour) in marks.items():
        axes.scatter(rows[f"share_of_{name}"], y, marker=marker, color=colour, s=46, zorder=3, label=name)
    axes.set(ylim=(len(rows) - 0.4, -0.6), yticks=y, xlim=(0, None), xlabel="share of the town")
    axes.set_yticklabels([str(beat) for beat in rows["beat"]])
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    plain_axes(axes, grid="x")
    axes.legend(loc="lower right", frameon=False, fontsize=9)
    return figure
