"""The map of lit, unlit and unknown streets."""

from __future__ import annotations

import geopandas as gpd

from app.maps.classed import CLASS, ClassedResult, MapClass, classed_map, require_columns
from app.maps.context import MapContext
from app.maps.formatting import NOTHING, is_missing, number, plain
from app.maps.palettes import STREET_LIGHTING_COLOURS

LIGHTING_CLASSES = {
    "unlit": MapClass("Unlit", STREET_LIGHTING_COLOURS["unlit"]),
    "unknown": MapClass("Unknown: nobody recorded it", STREET_LIGHTING_COLOURS["unknown"]),
    "lit": MapClass("Lit", STREET_LIGHTING_COLOURS["lit"], quiet=True),
}
_COLUMNS = ("lighting", "length_m", "unlit_share", "nearest_working_lamp_m")
_NOTE = "By the greater part of each segment: lit is what lies within reach of a working lamp, or what the map says."


COUNTED = {
    "dark_events": "Events in the dark",
    "day_events": "Events by day",
    "open_zones": "Open danger zones",
    "fixes_coming": "Fixes proposed or on the way",
    "fixes_done": "Fixes done",
}
"""Column to what is counted."""


def street_lighting_map(frame: gpd.GeoDataFrame, context: MapContext) -> str:
    """Return the HTML document of the lighting of streets.

    Parameters
    ----------
    frame : GeoDataFrame
        As `analysis.lighting.street_lighting.StreetLighting.frame`, in any CRS; ``name`` and ``dark_events`` are told
        where they are there.
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
        More unlit streets than a document holds.
    """
    require_columns(frame, _COLUMNS, "lighting of streets")
    order = "dark_events" if "dark_events" in frame.columns else "length_m"
    result = ClassedResult(
        frame=frame.assign(**{CLASS: frame["lighting"].astype(str)}),
        classes=LIGHTING_CLASSES,
        title="Lighting of streets",
        note=_NOTE,
        order=order,
        ordered="most events in the dark first" if order == "dark_events" else "longest first",
        texts=_texts,
        facts=(("segments unlit", ("unlit",)), ("segments unknown", ("unknown",))),
        thing="segment",
        used="segments",
    )
    return classed_map(result, context)


def _texts(frame: gpd.GeoDataFrame) -> dict[str, list[str]]:
    texts = {"Place": [plain(value) for value in frame["name"]]} if "name" in frame.columns else {}
    texts["Length, m"] = [number(value, 0) for value in frame["length_m"]]
    texts["Unlit"] = [NOTHING if is_missing(share) else f"{share:.0%}" for share in frame["unlit_share"]]
    texts["Nearest working lamp, m"] = [number(value, 0) for value in frame["nearest_working_lamp_m"]]
    for column, label in COUNTED.items():
        if column in frame.columns:
            texts[label] = [number(value, 0) for value in frame[column]]
    if "gi_bin" in frame.columns:
        texts["Hot spot (Gi*)"] = [NOTHING if is_missing(value) else f"{int(value):+d}" for value in frame["gi_bin"]]
    return texts
