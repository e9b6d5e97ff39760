"""The map of one density against another: two periods, reports against records, one kind of crime against all."""

from __future__ import annotations

import geopandas as gpd
import numpy as np

from app.errors import InvalidInputError
from app.maps.classed import CLASS, ClassedResult, MapClass, classed_map
from app.maps.context import MapContext
from app.maps.formatting import number, signed
from app.maps.palettes import GETIS_ORD_COLOURS, NEUTRAL

_EDGES = (-2.0, -1.0, -1 / 3, 1 / 3, 1.0, 2.0)
"""Logarithms to base 2 of the ratios between the classes: a quarter, half, 0.8, 1.25, twice, four times."""
_RATIO_LABELS = (
    "less than a quarter",
    "a quarter to half",
    "half to 0.8",
    "about the same, 0.8 to 1.25",
    "1.25 to twice",
    "twice to 4 times",
    "4 times and more",
)
_DIFFERENCE_LABELS = ("far less", "less", "a little less", "about the same", "a little more", "more", "far more")
_UNDEFINED = MapClass("No value: too little to compare with", "#e2e5e8", quiet=True)
_MEASURES = ("ratio", "log_ratio", "difference")


def _classes(labels: tuple[str, ...]) -> dict[str, MapClass]:
    colours = [GETIS_ORD_COLOURS[at - 3] for at in range(7)]
    classes = {
        str(at): MapClass(label, NEUTRAL if at == 3 else colours[at], quiet=at == 3) for at, label in enumerate(labels)
    }
    return {**dict(reversed(classes.items())), "none": _UNDEFINED}


RATIO_CLASSES = _classes(_RATIO_LABELS)
DIFFERENCE_CLASSES = _classes(_DIFFERENCE_LABELS)


def comparison_map(frame: gpd.GeoDataFrame, context: MapContext) -> str:
    """Return the HTML document of one density against another.

    Parameters
    ----------
    frame : GeoDataFrame
        Cells with ``ratio``, ``log_ratio`` or ``difference``, as
        `analysis.density.dual_density.DualDensity.to_frame` returns them, in any CRS.
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
        More cells that differ remain than a document holds.
    """
    measure = compared_measure(frame)
    values = frame[measure].to_numpy(dtype=float, na_value=np.nan)
    scaled, unit = _scaled(values, measure)
    result = ClassedResult(
        frame=frame.assign(
            **{
                CLASS: compared_classes(frame),
                "departure": np.abs(np.nan_to_num(scaled)),
            }
        ),
        classes=RATIO_CLASSES if measure != "difference" else DIFFERENCE_CLASSES,
        title="Events against the base",
        note=f"{unit} Cells where the base is next to nothing have no value.",
        order="departure",
        ordered="farthest from the base first",
        texts=lambda cells: _texts(cells, measure),
        facts=(("cells above", ("4", "5", "6")), ("cells below", ("0", "1", "2"))),
    )
    return classed_map(result, context)


def compared_measure(frame: gpd.GeoDataFrame) -> str:
    """Return the column that compares.

    Raises
    ------
    InvalidInputError
        There is none.
    """
    measure = next((name for name in _MEASURES if name in frame.columns), None)
    if measure is None:
        raise InvalidInputError(f"The layer has none of {', '.join(_MEASURES)}.", "Draw a comparison of densities.")
    return measure


def compared_classes(frame: gpd.GeoDataFrame) -> list[str]:
    """Return the class of each cell, a key of `RATIO_CLASSES`."""
    measure = compared_measure(frame)
    values = frame[measure].to_numpy(dtype=float, na_value=np.nan)
    places = np.digitize(_scaled(values, measure)[0], _EDGES)
    return ["none" if np.isnan(one) else str(at) for one, at in zip(values, places, strict=True)]


def _scaled(values: np.ndarray, measure: str) -> tuple[np.ndarray, str]:
    """Return values on the scale of the classes, and what a class means."""
    if measure == "ratio":
        with np.errstate(divide="ignore"):
            return np.log2(values), "Ratio of the two densities."
    if measure == "log_ratio":
        return values / np.log(2.0), "Ratio of the two densities, from their logarithm."
    widest = float(np.nanmax(np.abs(values), initial=0.0)) or 1.0
    limits = ", ".join(number(widest * part / 3) for part in (1 / 3, 1, 2))
    return 3.0 * values / widest, f"Difference of the two densities; classes part at 0 ± {limits}."


def _texts(cells: gpd.GeoDataFrame, measure: str) -> dict[str, list[str]]:
    show = number if measure == "ratio" else signed
    texts = {measure.replace("_", " ").capitalize(): [show(value) for value in cells[measure]]}
    for column, label in (("events_per_km2", "Events per km²"), ("base_per_km2", "Base per km²"), ("cell", "Cell")):
        if column in cells.columns:
            texts[label] = [str(value) if column == "cell" else number(value) for value in cells[column]]
    return texts
