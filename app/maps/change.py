"""The map of change between two periods."""

from __future__ import annotations

import geopandas as gpd
import numpy as np

from app.maps.classed import CLASS, ClassedResult, MapClass, classed_map, require_columns
from app.maps.context import MapContext
from app.maps.formatting import NOTHING, is_missing, number, probability
from app.maps.palettes import CHANGE_COLOURS

SURE = 0.01
"""q-value from which a change is of the surer class."""
CLASSES = {
    "increase_99": MapClass("Increase, q at most 0.01", CHANGE_COLOURS["increase_99"], "▲"),
    "increase_95": MapClass("Increase, q at most 0.05", CHANGE_COLOURS["increase_95"], "▲"),
    "not_clear": MapClass("Not clear: could be chance", CHANGE_COLOURS["not_clear"], quiet=True),
    "no_events": MapClass("No events in either period", "#ffffff", quiet=True),
    "decrease_95": MapClass("Decrease, q at most 0.05", CHANGE_COLOURS["decrease_95"], "▼"),
    "decrease_99": MapClass("Decrease, q at most 0.01", CHANGE_COLOURS["decrease_99"], "▼"),
}
_COLUMNS = ("before", "after", "ratio", "ratio_low", "ratio_high", "q_value", "change")
_NOTE = (
    "Tested cell by cell on the rates of both periods, and corrected for testing every cell. Not clear does not mean "
    "unchanged: with few events only a large change can be seen."
)


def change_map(frame: gpd.GeoDataFrame, context: MapContext) -> str:
    """Return the HTML document of change between two periods.

    Parameters
    ----------
    frame : GeoDataFrame
        As `analysis.space_time.period_change.PeriodChange.frame`, in any CRS.
    context : MapContext

    Returns
    -------
    str
        The document; the same input gives the same bytes.

    Raises
    ------
    InvalidInputError
        A column is missing or there is nothing to draw.
    TooLargeError
        More changed cells remain than a document holds.
    """
    require_columns(frame, _COLUMNS, "change between periods")
    result = ClassedResult(
        frame=frame.assign(**{CLASS: _classes(frame), "difference": _difference(frame)}),
        classes=CLASSES,
        title="Change after against before",
        note=_NOTE,
        order="difference",
        ordered="largest difference first",
        texts=_texts,
        facts=(
            ("cells that rose", ("increase_99", "increase_95")),
            ("cells that fell", ("decrease_99", "decrease_95")),
        ),
    )
    return classed_map(result, context)


def _classes(frame: gpd.GeoDataFrame) -> list[str]:
    sure = frame["q_value"].astype("Float64").fillna(1.0).to_numpy(dtype=float) <= SURE
    named = [str(value).replace(" ", "_") for value in frame["change"]]
    return [
        f"{name}_{99 if strong else 95}" if name in ("increase", "decrease") else name
        for name, strong in zip(named, sure, strict=True)
    ]


def _difference(frame: gpd.GeoDataFrame) -> np.ndarray:
    """Return by how many events the periods differ; the longer period counts for no more by its length."""
    rates = ("rate_after", "rate_before") if "rate_after" in frame.columns else ("after", "before")
    after, before = (frame[name].to_numpy(dtype=float, na_value=0.0) for name in rates)
    return np.asarray(np.abs(after - before))


def _texts(frame: gpd.GeoDataFrame) -> dict[str, list[str]]:
    texts = {
        "Before": [number(value) for value in frame["before"]],
        "After": [number(value) for value in frame["after"]],
        "Rate after / before": [_ratio(*row) for row in zip(frame["ratio"], frame["before"], strict=True)],
        "95 % interval": [_interval(*row) for row in zip(frame["ratio_low"], frame["ratio_high"], strict=True)],
        "q": [probability(value) for value in frame["q_value"]],
    }
    if "cell" in frame.columns:
        texts["Cell"] = [str(value) for value in frame["cell"]]
    return texts


def _ratio(ratio: float | None, before: float) -> str:
    if is_missing(ratio):
        return "from none" if before == 0 else NOTHING
    return f"x {number(ratio)}"


def _interval(low: float | None, high: float | None) -> str:
    if is_missing(low) and is_missing(high):
        return NOTHING
    return f"{number(low)} to {'any' if is_missing(high) else number(high)}"
