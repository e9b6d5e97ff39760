"""The map of local Moran's I: where high values lie beside high ones, low beside low, and what falls out of place."""

from __future__ import annotations

import geopandas as gpd

from analysis.hot_spots.unit_hot_spots import LEAST_SURE
from app.maps.classed import CLASS, ClassedResult, MapClass, classed_map, require_columns
from app.maps.context import MapContext
from app.maps.formatting import number, probability, signed
from app.maps.palettes import GETIS_ORD_COLOURS, NEUTRAL

CLASSES = {
    "HH": MapClass("High among high", GETIS_ORD_COLOURS[3], "HH"),
    "HL": MapClass("High among low", "#f4b393", "HL"),
    "none": MapClass("Not significant", NEUTRAL, quiet=True),
    "LH": MapClass("Low among high", "#9cc7e0", "LH"),
    "LL": MapClass("Low among low", GETIS_ORD_COLOURS[-3], "LL"),
}


def quadrant_map(frame: gpd.GeoDataFrame, context: MapContext) -> str:
    """Return the HTML document of local Moran's I.

    Parameters
    ----------
    frame : GeoDataFrame
        As `analysis.hot_spots.unit_hot_spots.hot_spots_of_units` returns it, in any CRS.
    context : MapContext

    Returns
    -------
    str

    Raises
    ------
    InvalidInputError, TooLargeError
        See `app.maps.classed.classed_map`.
    """
    require_columns(frame, ("count", "quadrant", "moran_i", "moran_z", "q_value"), "local Moran's I")
    sure = frame["q_value"].astype("Float64").fillna(1.0).to_numpy(dtype=float) <= LEAST_SURE
    named = [str(name) if clear else "none" for name, clear in zip(frame["quadrant"], sure, strict=True)]
    result = ClassedResult(
        frame=frame.assign(**{CLASS: [name if name in CLASSES else "none" for name in named]}),
        classes=CLASSES,
        title="Local Moran's I",
        note=f"Classes where q, the p-value adjusted for testing every place, is at most {LEAST_SURE:g}.",
        order="count",
        ordered="most events first",
        texts=_texts,
        facts=(("high among high", ("HH",)), ("out of place", ("HL", "LH"))),
        thing="cell" if "cell" in frame.columns else "place",
    )
    return classed_map(result, context)


def _texts(frame: gpd.GeoDataFrame) -> dict[str, list[str]]:
    return {
        "Events": [number(value) for value in frame["count"]],
        "I": [signed(value) for value in frame["moran_i"]],
        "z": [signed(value) for value in frame["moran_z"]],
        "q": [probability(value) for value in frame["q_value"]],
    }
