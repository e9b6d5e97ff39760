"""The charts of a result, drawn from the layers and tables that it has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.density.bandwidth import Bandwidth, BandwidthTrial
from analysis.places.top_places import TopPlaces
from analysis.space_time.monthly_trend import MonthlyTrend, YearlyTrend
from analysis.space_time.period_change import PeriodChange
from analysis.summary import Summary
from app.charts.captions import Caption
from app.charts.concentration_charts import concentration_chart, near_repeat_chart
from app.charts.fix_charts import before_after_chart, light_chart, mismatch_chart, ranking_chart
from app.charts.method_charts import bandwidth_chart, capture_chart
from app.charts.names import chart_names
from app.charts.place_charts import change_forest, top_places_chart
from app.charts.plan_charts import beat_chart, trade_off_chart
from app.charts.time_charts import WeekHours, heat_clock, trend_chart


@dataclass(frozen=True)
class ChartedResult:
    """A result, just computed or as a run stored it.

    Attributes
    ----------
    summary : Summary
    layers : mapping of str to GeoDataFrame
        In metres, the main one first.
    tables : mapping of str to DataFrame
    figures : mapping
        Further figures of the summary.
    """

    summary: Summary
    layers: Mapping[str, gpd.GeoDataFrame] = field(default_factory=dict)
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)


Chart = Callable[[ChartedResult, Caption], Figure]


def _heat_clock(result: ChartedResult, caption: Caption) -> Figure:
    counts = result.tables["hours"]["count"].to_numpy(dtype=np.float64)
    used = int(result.summary.parameters.get("hours_n_used", result.summary.n_used))
    return heat_clock(WeekHours(counts.reshape(7, 24), used, str(result.summary.parameters.get("zone", ""))), caption)


def _trend(result: ChartedResult, caption: Caption) -> Figure:
    told = result.figures.get("trend")
    trend = None if told is None else YearlyTrend(**told)
    return trend_chart(MonthlyTrend(result.tables["months"], trend, result.summary), caption)


def _capture(result: ChartedResult, caption: Caption) -> Figure:
    return capture_chart(result.tables["curves"], caption, area_share=result.summary.parameters["area_share"])


def _bandwidth(result: ChartedResult, caption: Caption) -> Figure:
    table = result.tables["bandwidth"]
    taken = table["taken"].astype(bool)
    tried = table[~taken]
    trials = tuple(BandwidthTrial(*row) for row in zip(tried["radius_m"], tried["score"], strict=True))
    reason = str(result.summary.parameters.get("bandwidth_reason", "chosen by rule"))
    score = str(result.summary.parameters.get("bandwidth_score", "score of the rule"))
    return bandwidth_chart(Bandwidth(float(table.loc[taken, "radius_m"].iloc[0]), reason, trials, score), caption)


def _change(result: ChartedResult, caption: Caption) -> Figure:
    return change_forest(PeriodChange(result.layers["change"], result.summary), caption)


def _top_places(result: ChartedResult, caption: Caption) -> Figure:
    frame = result.layers["top-places"]
    streets = {} if "street" not in frame.columns else dict(zip(frame["place"], frame["street"], strict=True))
    names = {place: str(street) for place, street in streets.items() if isinstance(street, str) and street}
    return top_places_chart(TopPlaces(frame, None, result.summary), caption, names=names)


def _concentration(result: ChartedResult, caption: Caption) -> Figure:
    worst = result.figures.get("concentration", {}).get("worst_share", 0.05)
    return concentration_chart(result.tables["lorenz"], caption, worst_share=float(worst))


def _near_repeat(result: ChartedResult, caption: Caption) -> Figure:
    return near_repeat_chart(result.tables["knox"], caption)


def _before_after(result: ChartedResult, caption: Caption) -> Figure:
    dates = {name: result.summary.parameters[name] for name in ("began_on", "finished_on")}
    return before_after_chart(result.tables["monthly-panel"], {**result.figures["verdict"], **dates}, caption)


def _light(result: ChartedResult, caption: Caption) -> Figure:
    return light_chart(result.tables["light-rates"], caption, str(result.figures["darkness"].get("reading", "")))


def _beats(result: ChartedResult, caption: Caption) -> Figure:
    band = (int(result.figures["min_residents"]), int(result.figures["max_residents"]))
    return beat_chart(result.tables["beats"], band, caption)


DRAWING: dict[str, Chart] = {
    "heat-clock": _heat_clock,
    "trend": _trend,
    "capture-curve": _capture,
    "bandwidth": _bandwidth,
    "change": _change,
    "top-places": _top_places,
    "concentration": _concentration,
    "near-repeat": _near_repeat,
    "before-after": _before_after,
    "fix-ranking": lambda result, caption: ranking_chart(result.tables["fix-ranking"], caption),
    "light-and-dark": _light,
    "mismatch-by-beat": lambda result, caption: mismatch_chart(result.tables["mismatch-by-beat"], caption),
    "beats": _beats,
    "trade-off": lambda result, caption: trade_off_chart(result.tables["trade-off"], caption),
}
"""How each chart of `app.charts.names` is drawn."""


def result_charts(result: ChartedResult) -> tuple[str, ...]:
    """Return the charts of a result, in the order in which a report shows them.

    Parameters
    ----------
    result : ChartedResult

    Returns
    -------
    tuple of str
    """
    names = chart_names({*result.layers, *result.tables})
    return tuple(name for name in names if name != "bandwidth" or len(result.tables["bandwidth"]) > 1)


def result_chart(name: str, result: ChartedResult, caption: Caption) -> Figure:
    """Draw a chart of a result.

    Parameters
    ----------
    name : str
        One of `result_charts`.
    result : ChartedResult
    caption : Caption

    Returns
    -------
    Figure
    """
    return DRAWING[name](result, caption)
