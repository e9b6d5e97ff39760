"""The map of concern against crime: four classes, clear ones in full colour."""

from __future__ import annotations

import geopandas as gpd
import numpy as np

from app.maps.classed import CLASS, ClassedResult, MapClass, classed_map, require_columns
from app.maps.context import MapContext
from app.maps.formatting import number, probability, signed, words
from app.maps.palettes import MISMATCH_COLOURS

MISMATCH_CLASSES = {
    "act": MapClass("Much crime, much concern: act", MISMATCH_COLOURS["act"], "A"),
    "cpted_and_inform": MapClass(
        "Much concern, little crime: better the place, inform", MISMATCH_COLOURS["cpted_and_inform"], "I"
    ),
    "hidden_victims": MapClass("Much crime, little concern: hidden victims", MISMATCH_COLOURS["hidden_victims"], "V"),
    "quiet": MapClass("Little of both", MISMATCH_COLOURS["quiet"], "q"),
    "more_concern": MapClass("More concern than crime (log ratio)", MISMATCH_COLOURS["more_concern"]),
    "more_crime": MapClass("More crime than concern (log ratio)", MISMATCH_COLOURS["more_crime"]),
    "not_clear": MapClass("Not clear: could be chance", "#ffffff", quiet=True),
}
_COLUMNS = ("clear_class", "incidents", "voices", "lees_l", "q_value", "log_ratio")
_NOTE = (
    "Lettered cells are clear by Lee's L, their surroundings included; pale ones only by the log ratio of both "
    "densities. Many reports are many voices, not the view of all; much crime is never recorded."
)


def mismatch_map(frame: gpd.GeoDataFrame, context: MapContext) -> str:
    """Return the HTML document of concern against crime.

    Parameters
    ----------
    frame : GeoDataFrame
        Layer ``concern-mismatch``, in any CRS.
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
        More clear cells remain than a document holds.
    """
    require_columns(frame, _COLUMNS, "concern against crime")
    strength = np.abs(frame["log_ratio"].astype("Float64").fillna(0.0).to_numpy(dtype=float))
    result = ClassedResult(
        frame=frame.assign(**{CLASS: frame["clear_class"], "strength": strength}),
        classes=MISMATCH_CLASSES,
        title="Concern against crime",
        note=_NOTE,
        order="strength",
        ordered="largest mismatch first",
        texts=_texts,
        facts=(
            ("cells to act", ("act",)),
            ("cells with more concern than crime", ("cpted_and_inform", "more_concern")),
        ),
        used="events and voices",
    )
    return classed_map(result, context)


def _texts(frame: gpd.GeoDataFrame) -> dict[str, list[str]]:
    texts = {
        "Incidents": [number(value, 0) for value in frame["incidents"]],
        "Voices": [number(value, 0) for value in frame["voices"]],
        "Lee's L": [signed(value) for value in frame["lees_l"]],
        "q": [probability(value) for value in frame["q_value"]],
        "Log ratio": [signed(value) for value in frame["log_ratio"]],
        "Side": [words(str(value)) for value in frame["mismatch"]],
    }
    return {**texts, "Cell": [str(value) for value in frame["cell"]]} if "cell" in frame.columns else texts
