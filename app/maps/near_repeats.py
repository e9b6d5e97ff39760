"""The map of places at raised risk after recent crimes."""

from __future__ import annotations

from itertools import pairwise

import geopandas as gpd
import numpy as np

from app.maps.classed import CLASS, ClassedResult, MapClass, classed_map, require_columns
from app.maps.context import MapContext
from app.maps.formatting import number
from app.maps.palettes import RISK_RAMP

USUAL = "usual"
TIMES = (1.0, 1.5, 2.0, 4.0)
"""Lower limits of the classes, in times of the usual risk."""
_NOTE = (
    "How many times the usual risk of such a place on such a day recent crimes nearby make it. Outside the cells in "
    "colour it is the usual, which is not the same everywhere; it fades with the days."
)


def risk_map(frame: gpd.GeoDataFrame, context: MapContext) -> str:
    """Return the HTML document of cells at raised risk.

    Parameters
    ----------
    frame : GeoDataFrame
        Cells with ``risk`` and ``events``, as `analysis.space_time.raised_risk.risk_by_cell` returns them.
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
        More cells at raised risk remain than a document holds.
    """
    require_columns(frame, ("risk", "events"), "places at raised risk")
    risk = frame["risk"].to_numpy(dtype=float)
    named = np.where(risk > 0, np.searchsorted(TIMES, 1.0 + risk, side="right") - 1, -1)
    classes = _classes()
    if (named < 0).any():
        classes[USUAL] = MapClass("the usual risk", "#ffffff", quiet=True)
    as_of = context.parameters.get("as_of")
    result = ClassedResult(
        frame=frame.assign(**{CLASS: [USUAL if one < 0 else str(one) for one in named.tolist()]}),
        classes=classes,
        title=f"Risk on {as_of}" if as_of else "Raised risk",
        note=_NOTE,
        order="risk",
        ordered="highest risk first",
        texts=_texts,
        facts=(("cells at raised risk", tuple(name for name in classes if name != USUAL)),),
    )
    return classed_map(result, context)


def _classes() -> dict[str, MapClass]:
    """Return the classes, which are the same on every day, highest first."""
    colours = RISK_RAMP[-len(TIMES) :]
    uppers = [f"{number(lower)} to {number(upper)} times" for lower, upper in pairwise(TIMES)]
    labels = [f"up to {number(TIMES[1])} times the usual", *uppers[1:], f"over {number(TIMES[-1])} times"]
    raised = {
        str(place): MapClass(label, colour) for place, (label, colour) in enumerate(zip(labels, colours, strict=True))
    }
    return dict(reversed(raised.items()))


def _texts(frame: gpd.GeoDataFrame) -> dict[str, list[str]]:
    texts = {
        "Times the usual risk": [number(1.0 + value) for value in frame["risk"]],
        "Recent crimes near": [number(value) for value in frame["events"]],
    }
    if "cell" in frame.columns:
        texts["Cell"] = [str(value) for value in frame["cell"]]
    return texts
