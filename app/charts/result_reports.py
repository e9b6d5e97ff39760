"""The PDF report of any result for a meeting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.hot_spots.unit_hot_spots import LEAST_SURE
from app.charts.captions import Caption
from app.charts.meeting_report import Subject, meeting_report
from app.charts.results import ChartedResult, result_chart, result_charts
from app.maps.comparisons import compared_classes
from app.maps.density import MEASURES, measured

COLUMN_OF_LAYER = {
    "hot-spots": ("gi_bin", ""),
    "unit-hot-spots": ("gi_bin", ""),
    "sensitivity": ("stability", ""),
    "change": ("change", ""),
    "hot-spot-history": ("history", ""),
    "emerging-hot-spots": ("category", ""),
    "raised-risk": ("risk", "excess over the usual risk"),
    "clusters": ("events", "events"),
    "top-places": ("count", "events"),
    "street-lighting": ("lighting", ""),
    "fix-proposals": ("principle", ""),
    "fix-ranking": ("choice", ""),
    "evaluation-areas": ("role", ""),
    "concern-mismatch": ("clear_class", ""),
    "beats": ("load", ""),
}
"""What the map of a report shows of each layer, and its unit."""
LABEL_OF_LAYER = {"beats": "beat_id"}
"""Column whose text stands on the shapes of a layer."""
COUNTED_OF_LAYER = {"beats": "areal units", "trade-off": "areal units"}
"""What the summary of a result with such a layer or table counts, where it is not events."""
TABLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "top-places": ("Top places", ("rank", "place", "street", "count", "share", "cumulative_share")),
    "ranking": ("Methods, best first", ("rank", "method", "mean", "windows_won", "behind_best", "above_reference")),
    "periods": ("Periods", ("period", "first", "last", "count")),
    "measures": ("Measures", ("measure", "estimate", "low", "high", "unit")),
    "fix-ranking": ("Fixes, in order of rank", ("rank", "title", "cost", "crime_alone", "concern_alone", "firmness")),
    "fix-proposals": ("Proposed fixes", ("place", "fix", "evidence")),
    "mismatch-by-beat": ("By beat", ("beat", "incidents", "voices", "share_of_incidents", "share_of_voices")),
    "darkness-odds": ("Night near unlit and lit streets", ("lighting", "dark_events", "light_events", "odds_ratio")),
    "beats": ("Beats", ("beat", "residents", "work", "officer", "km", "shape", "reason")),
    "trade-off": (
        "Five plans",
        ("evenness", "beats", "within_bounds", "workload_cv", "polsby_popper_mean", "moved_residents", "beat_plan_id"),
    ),
    "clusters": ("Clusters, largest first", ("order", "cluster", "events", "places", "hull_km2", "density_per_km2")),
}
"""Tables that a report shows, the first that there is: heading, and columns as far as there are."""


@dataclass(frozen=True)
class Surroundings:
    """What is drawn around a result.

    Attributes
    ----------
    study_area, streets : GeoDataFrame or None
        In any CRS.
    """

    study_area: gpd.GeoDataFrame | None = None
    streets: gpd.GeoDataFrame | None = None


def result_report(
    result: ChartedResult,
    caption: Caption,
    around: Surroundings,
    *,
    statistic: str | None = None,
    more_charts: Sequence[Figure] = (),
) -> bytes:
    """Return the report of a result as a PDF.

    Parameters
    ----------
    result : ChartedResult
    caption : Caption
    around : Surroundings
    statistic : str, optional
        Of hot spots: ``local-moran`` is drawn by its quadrants.
    more_charts : sequence of Figure
        Shown after the charts of the result.

    Returns
    -------
    bytes
        The same for the same input.

    Raises
    ------
    InvalidInputError, CoordinateError
        See `app.charts.meeting_report.meeting_report`.
    """
    charts = [result_chart(name, result, caption) for name in result_charts(result)]
    table, title = _table(result)
    return meeting_report(
        _subject(result, around, statistic), caption, charts=[*charts, *more_charts], table=table, table_title=title
    )


def _subject(result: ChartedResult, around: Surroundings, statistic: str | None) -> Subject:
    name = next(iter(result.layers), None)
    counted = next(
        (told for key, told in COUNTED_OF_LAYER.items() if key in {*result.layers, *result.tables}), "events"
    )
    if name is None or result.layers[name].empty:
        return Subject(None, "", result.summary, study_area=around.study_area, streets=around.streets, counted=counted)
    frame = result.layers[name]
    column, unit = COLUMN_OF_LAYER.get(name, ("", ""))
    if not column:
        drawn = next((measure for measure in MEASURES if measure in frame.columns), None)
        if drawn is None:
            frame, column, unit = (
                frame.assign(comparison=compared_classes(frame)),
                "comparison",
                "events against the base",
            )
        else:
            column, unit = drawn, measured(drawn, result.summary.parameters)
    if statistic == "local-moran":
        sure = frame["q_value"].astype("Float64").fillna(1.0).to_numpy(dtype=float) <= LEAST_SURE
        frame, column = frame.assign(quadrant=np.where(sure, frame["quadrant"].astype(str), "none")), "quadrant"
    return Subject(
        frame, column, result.summary, unit, around.study_area, around.streets,
        labels=LABEL_OF_LAYER.get(name), counted=counted,
    )  # fmt: skip


def _table(result: ChartedResult) -> tuple[pd.DataFrame | None, str]:
    for name, (title, columns) in TABLES.items():
        if name in result.tables:
            table = result.tables[name]
            return table[[column for column in columns if column in table.columns]], title
    return None, ""
