"""Charts of time: hours of the week, months."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from analysis.space_time.hour_profile import HourProfile
from analysis.space_time.monthly_trend import MonthlyTrend
from app.charts.captions import Caption
from app.charts.sheet import plain_axes, plot_area, sheet
from app.maps.formatting import number
from app.maps.palettes import DENSITY_RAMP, INK, MUTED_INK

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
RAMP = LinearSegmentedColormap.from_list("kvart density", ["#ffffff", *DENSITY_RAMP])
HOLE_HATCH, PARTIAL_HATCH = "xxx", "///"
DARK = 0.55
"""Part of the ramp from which figures are written in white."""


@dataclass(frozen=True)
class WeekHours:
    """Expected events by hour of the local week, as a stored result has them.

    Attributes
    ----------
    table : ndarray of float64, shape (7, 24)
        One row a weekday from Monday.
    n_used : int
    zone : str
    """

    table: np.ndarray
    n_used: int
    zone: str

    @classmethod
    def of_profile(cls, profile: HourProfile) -> WeekHours:
        """Return the hours of a profile that was just computed."""
        return cls(profile.table, profile.summary.n_used, str(profile.summary.parameters.get("zone", "")))


def heat_clock(profile: HourProfile | WeekHours, caption: Caption) -> Figure:
    """Draw events by hour and weekday.

    Parameters
    ----------
    profile : HourProfile or WeekHours
    caption : Caption

    Returns
    -------
    Figure
        Seven rows of 24 cells, with bars of hours above and of weekdays beside; the figure in each of the busiest
        cells.
    """
    week = profile if isinstance(profile, WeekHours) else WeekHours.of_profile(profile)
    table = week.table
    hours = f"{week.n_used:,} events; darker is more. Figures: events in the busiest hours of the week."
    figure = sheet(caption, f"{hours} Local time {week.zone}.", height=5.6)
    left, bottom, width, height = plot_area(figure, left=0.75, right=0.5)
    cells = figure.add_axes((left, bottom, width * 0.83, height * 0.72))
    above = figure.add_axes((left, bottom + height * 0.75, width * 0.83, height * 0.25), sharex=cells)
    beside = figure.add_axes((left + width * 0.85, bottom, width * 0.15, height * 0.72), sharey=cells)
    cells.pcolormesh(np.arange(25), np.arange(8), table, cmap=RAMP, vmin=0.0, edgecolors="white", linewidth=0.8)
    _write_busiest(cells, table)
    cells.set(ylim=(7, 0), xlabel="hour of the day", yticks=np.arange(7) + 0.5, yticklabels=WEEKDAYS)
    cells.set_xticks(np.arange(0, 25, 3))
    plain_axes(cells, grid="none")
    above.bar(np.arange(24) + 0.5, table.sum(axis=0), width=0.85, color=DENSITY_RAMP[3])
    above.set_ylabel("per hour")
    plain_axes(above).tick_params(labelbottom=False)
    beside.barh(np.arange(7) + 0.5, table.sum(axis=1), height=0.85, color=DENSITY_RAMP[3])
    beside.set_xlabel("per weekday")
    plain_axes(beside, grid="x").tick_params(labelleft=False)
    beside.xaxis.set_major_locator(MaxNLocator(2, prune="lower"))
    return figure


def _write_busiest(cells: Axes, table: np.ndarray) -> None:
    """Write the figure into the busiest tenth of the cells."""
    busy = max(float(np.quantile(table, 0.9)), 1.0)
    for day, hour in np.argwhere(table >= busy):
        dark = table[day, hour] > DARK * table.max()
        cells.text(
            hour + 0.5, day + 0.5, number(table[day, hour], 0), ha="center", va="center", fontsize=7.5,
            color="white" if dark else INK,
        )  # fmt: skip


def trend_chart(trend: MonthlyTrend, caption: Caption) -> Figure:
    """Draw counts by month with their intervals, the trend, and hatched where the data have holes.

    Parameters
    ----------
    trend : MonthlyTrend
    caption : Caption

    Returns
    -------
    Figure
    """
    frame = trend.frame
    figure = sheet(caption, _trend_words(trend))
    axes = figure.add_axes(plot_area(figure, head=1.3))
    months = np.arange(len(frame))
    coverage = frame["coverage"].to_numpy()
    handles = [_count_line(axes, months, frame)]
    if frame["fitted"].notna().any():
        handles += _fitted_band(axes, months, frame)
    for state, hatch, label in (
        ("hole", HOLE_HATCH, "hole in the data"),
        ("partial", PARTIAL_HATCH, "part of a month"),
    ):
        for month in months[coverage == state]:
            axes.axvspan(month - 0.5, month + 0.5, facecolor="none", edgecolor=MUTED_INK, hatch=hatch, linewidth=0.0)
        if (coverage == state).any():
            handles.append(Patch(facecolor="none", edgecolor=MUTED_INK, hatch=hatch, label=label))
    step = max(1, -(-len(frame) // 12))
    axes.set_xticks(months[::step], frame["month"].to_numpy()[::step])
    axes.set(ylabel="events a month", xlabel="month", ylim=(0, None), xlim=(-0.5, len(frame) - 0.5))
    plain_axes(axes)
    axes.legend(handles=handles, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4, frameon=False, fontsize=8.5)
    return figure


def _count_line(axes: Axes, months: np.ndarray, frame: pd.DataFrame) -> Artist:
    """Draw the counts of whole months as filled dots, of others as open ones, with intervals."""
    count = frame["count"].to_numpy(dtype=float)
    low, high = frame["low"].to_numpy(dtype=float), frame["high"].to_numpy(dtype=float)
    whole = frame["coverage"].to_numpy() == "whole"
    axes.vlines(months, low, high, color=MUTED_INK, linewidth=1.0)
    axes.plot(months[~whole], count[~whole], "o", markerfacecolor="white", markeredgecolor=INK, markersize=4.5)
    shown = np.where(whole, count, np.nan)
    return axes.plot(months, shown, "-o", color=INK, linewidth=0.8, markersize=4.5, label="count, 95 % interval")[0]


def _fitted_band(axes: Axes, months: np.ndarray, frame: pd.DataFrame) -> list[Artist]:
    """Draw the trend and its interval."""
    fitted, low, high = (
        frame[name].to_numpy(dtype=float, na_value=np.nan) for name in ("fitted", "fitted_low", "fitted_high")
    )
    band = axes.fill_between(months, low, high, color=DENSITY_RAMP[0], label="its 95 % interval", zorder=0)
    return [axes.plot(months, fitted, "--", color=DENSITY_RAMP[4], linewidth=2.0, label="trend")[0], band]


def _trend_words(trend: MonthlyTrend) -> str:
    """Say what the trend is."""
    used = f"{trend.summary.n_used:,} events. "
    if trend.trend is None:
        return f"{used}Too few whole months for a trend."
    found = trend.trend
    change, low, high = (100.0 * (ratio - 1.0) for ratio in (found.ratio, found.ratio_low, found.ratio_high))
    return (
        f"{used}Change a year {change:+.0f} % (95 % interval {low:+.0f} to {high:+.0f} %), from {found.months} whole "
        f"months{', allowing for the season' if found.seasonal else ''}. Hatched months are no part of the trend."
    )
