"""The map of places at raised risk after recent crimes."""

from __future__ import annotations

import geopandas as gpd
import numpy as np

from app.maps.classed import CLASS, ClassedResult, MapClass, classed_map, require_columns
from app.maps.context import MapContext
from app.maps.formatting import number
from app.maps.palettes import RISK_RAMP

USUAL = "usual"
_NOTE = (
    "Risk is the sum of the excess over the usual risk that recent crimes nearby lend: 1 is twice the usual. It says "
    "nothing where no crime was near, and fades with the days."
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
    limits = _limits(risk)
    position = np.searchsorted(limits, risk, side="right") - 1
    named = np.where(risk > 0, np.clip(position, 0, len(limits) - 1), -1)
    classes = _classes(limits, float(risk.max(initial=0.0)))
    result = ClassedResult(
        frame=frame.assign(**{CLASS: [USUAL if one < 0 else str(one) for one in named.tolist()]}),
        classes=classes,
        title="Raised risk",
        note=_NOTE,
        order="risk",
        ordered="highest risk first",
        texts=_texts,
        facts=(("cells at raised risk", tuple(name for name in classes if name != USUAL)),),
    )
    return classed_map(result, context)


def _limits(risk: np.ndarray) -> tuple[float, ...]:
    """Return lower limits of the classes: equal parts of the cells at raised risk, rounded; doubles left out."""
    raised = risk[risk > 0]
    if not raised.size:
        return (0.0,)
    quantiles = np.quantile(raised, [0.25, 0.5, 0.75])
    return tuple(dict.fromkeys([0.0, *(float(f"{value:.2g}") for value in quantiles)]))


def _classes(limits: tuple[float, ...], highest: float) -> dict[str, MapClass]:
    colours = RISK_RAMP[-len(limits) :]
    uppers = (*limits[1:], max(highest, limits[-1]))
    raised = {
        str(place): MapClass(f"{'over 0' if lower == 0 else number(lower)} to {number(upper)}", colour)
        for place, (lower, upper, colour) in enumerate(zip(limits, uppers, colours, strict=True))
    }
    return {**dict(reversed(raised.items())), USUAL: MapClass("the usual risk", "#ffffff", quiet=True)}


def _texts(frame: gpd.GeoDataFrame) -> dict[str, list[str]]:
    texts = {
        "Risk above the usual": [f"+{number(value)}" for value in frame["risk"]],
        "Recent crimes near": [number(value) for value in frame["events"]],
    }
    if "cell" in frame.columns:
        texts["Cell"] = [str(value) for value in frame["cell"]]
    return texts
