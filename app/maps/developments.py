"""Maps of how hot and cold spots develop: seventeen patterns of a space-time cube, stays and goes, stability."""

from __future__ import annotations

from typing import Any

import geopandas as gpd

from app.maps.classed import CLASS, ClassedResult, MapClass, Texts, classed_map, require_columns
from app.maps.context import MapContext
from app.maps.formatting import number, probability, signed
from app.maps.palettes import COLD_DEVELOPMENT_COLOURS, GETIS_ORD_COLOURS, HOT_DEVELOPMENT_COLOURS, NEUTRAL

MINUS = "\N{MINUS SIGN}"
PATTERN_MEANINGS = {
    "new": "now for the first time",
    "consecutive": "an unbroken run up to now",
    "intensifying": "nearly always, growing",
    "persistent": "nearly always, steady",
    "diminishing": "nearly always, easing",
    "sporadic": "on and off",
    "oscillating": "now; was the opposite before",
    "historical": "nearly always, but not now",
}


def _emerging_classes() -> dict[str, MapClass]:
    sides = (("hot", "+", HOT_DEVELOPMENT_COLOURS), ("cold", MINUS, COLD_DEVELOPMENT_COLOURS))
    classes = {
        f"{name} {side} spot": MapClass(f"{name.capitalize()} {side} spot", colours[name], name[0].upper() + sign)
        for side, sign, colours in sides
        for name in PATTERN_MEANINGS
    }
    return {**classes, "no pattern": MapClass("No pattern", NEUTRAL, quiet=True)}


EMERGING_CLASSES = _emerging_classes()
HISTORY_CLASSES = {
    "persistent": MapClass("Persistent: hot in every period", "#67000d", "P"),
    "emerging": MapClass("Emerging: hot in the last only", "#f03b20", "E"),
    "intermittent": MapClass("Intermittent: hot on and off", "#feb24c", "I"),
    "former": MapClass("Former: not hot any more", "#5b86ad", "F"),
    "never": MapClass("Never hot", NEUTRAL, quiet=True),
}
STABILITY_CLASSES = {
    "stable hot": MapClass("Stable hot: at least 80 % of grids", GETIS_ORD_COLOURS[3], "S+"),
    "often hot": MapClass("Often hot: at least 50 %", GETIS_ORD_COLOURS[2], "O+"),
    "sometimes hot": MapClass("Sometimes hot", GETIS_ORD_COLOURS[1]),
    "never": MapClass("On no grid hot or cold", NEUTRAL, quiet=True),
    "sometimes cold": MapClass("Sometimes cold", GETIS_ORD_COLOURS[-1]),
    "often cold": MapClass("Often cold: at least 50 %", GETIS_ORD_COLOURS[-2], f"O{MINUS}"),
    "stable cold": MapClass("Stable cold: at least 80 % of grids", GETIS_ORD_COLOURS[-3], f"S{MINUS}"),
}
_EMERGING_COLUMNS = ("category", "count", "hot_steps", "cold_steps", "last_bin", "trend_z", "trend_p")
_EMERGING_NOTE = (
    " ".join(f"{name.capitalize()}: {meaning}." for name, meaning in PATTERN_MEANINGS.items())
    + " Now: the last time step. Nearly always: at least 90 % of the steps. Significance is corrected over all cells "
    "and steps, the trend of a cell is not."
)


def emerging_map(frame: gpd.GeoDataFrame, context: MapContext) -> str:
    """Return the HTML document of emerging hot spots in their seventeen categories.

    Parameters
    ----------
    frame : GeoDataFrame
        As `analysis.space_time.emerging_hot_spots.EmergingHotSpots.frame`, in any CRS.
    context : MapContext

    Returns
    -------
    str

    Raises
    ------
    InvalidInputError
        A column is missing or there is nothing to draw.
    TooLargeError
        More cells with a pattern remain than a document holds.
    """
    require_columns(frame, _EMERGING_COLUMNS, "emerging hot spots")
    lately = ("new hot spot", "consecutive hot spot")
    long_hot = ("intensifying hot spot", "persistent hot spot")
    result = ClassedResult(
        frame=frame.assign(**{CLASS: frame["category"].astype(str)}),
        classes=EMERGING_CLASSES,
        title="Development of hot and cold spots",
        note=_EMERGING_NOTE,
        order="count",
        ordered="most events first",
        texts=_emerging_texts,
        facts=(("hot lately", lately), ("hot for long", long_hot)),
    )
    return classed_map(result, context)


def history_map(frame: gpd.GeoDataFrame, context: MapContext) -> str:
    """Return the HTML document of the history of hot spots over two or more periods.

    Parameters
    ----------
    frame : GeoDataFrame
        Cells with ``history`` (see `analysis.space_time.hot_spot_history`) and, where known, ``count``.
    context : MapContext

    Returns
    -------
    str

    Raises
    ------
    InvalidInputError, TooLargeError
        See `app.maps.classed.classed_map`.
    """
    require_columns(frame, ("history",), "the history of hot spots")
    result = ClassedResult(
        frame=_with_order(frame).assign(**{CLASS: frame["history"].astype(str)}),
        classes=HISTORY_CLASSES,
        title="History of hot spots",
        note="Each period is tested on its own, corrected for testing every cell.",
        order="count",
        ordered="most events first",
        texts=_plain_texts("count"),
        facts=(("persistent", ("persistent",)), ("emerging", ("emerging",))),
    )
    return classed_map(result, context)


def stability_map(frame: gpd.GeoDataFrame, context: MapContext) -> str:
    """Return the HTML document of how often each cell is hot or cold when the grid moves.

    Parameters
    ----------
    frame : GeoDataFrame
        As `analysis.hot_spots.sensitivity.Sensitivity.frame`, in any CRS.
    context : MapContext

    Returns
    -------
    str

    Raises
    ------
    InvalidInputError, TooLargeError
        See `app.maps.classed.classed_map`.
    """
    require_columns(frame, ("stability", "hot_share", "cold_share"), "the stability of hot spots")
    result = ClassedResult(
        frame=_with_order(frame).assign(**{CLASS: frame["stability"].astype(str)}),
        classes=STABILITY_CLASSES,
        title="Stability over grids",
        note="The same analysis on several grid origins and cell sizes: trust what stays. Hot or cold: q at most 0.05.",
        order="count",
        ordered="most events first",
        texts=_plain_texts("count", "hot_share", "cold_share"),
        facts=(("stable hot", ("stable hot",)), ("stable cold", ("stable cold",))),
    )
    return classed_map(result, context)


def _with_order(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return frame if "count" in frame.columns else frame.assign(count=0)


def _emerging_texts(frame: gpd.GeoDataFrame) -> dict[str, list[str]]:
    return {
        "Events": [number(value) for value in frame["count"]],
        "Steps hot": [number(value) for value in frame["hot_steps"]],
        "Steps cold": [number(value) for value in frame["cold_steps"]],
        "Trend z": [signed(value) for value in frame["trend_z"]],
        "Trend p": [probability(value) for value in frame["trend_p"]],
        "Cell": [str(value) for value in frame["cell"]] if "cell" in frame.columns else [""] * len(frame),
    }


_LABELS = {"count": "Events", "hot_share": "Hot on", "cold_share": "Cold on"}


def _plain_texts(*columns: str) -> Texts:
    def texts(frame: gpd.GeoDataFrame) -> dict[str, list[str]]:
        told = {_LABELS[name]: [_told(name, value) for value in frame[name]] for name in columns}
        return {**told, "Cell": [str(value) for value in frame["cell"]]} if "cell" in frame.columns else told

    return texts


def _told(name: str, value: Any) -> str:
    if not name.endswith("share"):
        return number(value)
    share = number(None if value is None or value != value else 100 * value, 0)  # noqa: PLR0124 - NaN differs from itself
    return f"{share} % of grids"
