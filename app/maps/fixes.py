"""The maps of fixes: proposed from evidence, ranked under a budget, evaluated against control areas."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from app.maps.classed import CLASS, MARK, ClassedResult, MapClass, classed_map, require_columns
from app.maps.context import MapContext
from app.maps.formatting import number, plain, words
from app.maps.palettes import EVALUATION_COLOURS, PRINCIPLE_COLOURS, RANKING_COLOURS

SMALLEST_SHARE = 0.025
"""Part of the extent of all places below which a line or an area is drawn as a point."""
PRINCIPLE_CLASSES = {
    name: MapClass(words(name).capitalize(), colour, mark)
    for (name, colour), mark in zip(PRINCIPLE_COLOURS.items(), "SATMUHCRP", strict=True)
}
RANKING_CLASSES = {
    "chosen_firm": MapClass("Chosen, and nearly always", RANKING_COLOURS["chosen_firm"]),
    "chosen": MapClass("Chosen, but not firmly", RANKING_COLOURS["chosen"]),
    "not_chosen": MapClass("Not chosen under this budget", RANKING_COLOURS["not_chosen"]),
}
EVALUATION_CLASSES = {
    "treated": MapClass("Treated: where the fix works", EVALUATION_COLOURS["treated"], "T"),
    "buffer": MapClass("Its buffer: where crime may move to", EVALUATION_COLOURS["buffer"]),
    "control": MapClass("Control: alike, nothing done", EVALUATION_COLOURS["control"], "C"),
    "control_buffer": MapClass("Buffer of the control", EVALUATION_COLOURS["control_buffer"]),
}


def proposals_map(frame: gpd.GeoDataFrame, context: MapContext) -> str:
    """Return the HTML document of proposed fixes.

    Parameters
    ----------
    frame : GeoDataFrame
        Layer ``fix-proposals``, in any CRS.
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
        More proposals than a document holds.
    """
    require_columns(frame, ("place", "principle", "fix", "evidence", "from_crime", "from_concern"), "proposed fixes")
    both = frame["from_crime"].astype(int) + frame["from_concern"].astype(int)
    result = ClassedResult(
        frame=_to_be_seen(frame).assign(**{CLASS: frame["principle"].astype(str), "grounds": both}),
        classes={name: drawn for name, drawn in PRINCIPLE_CLASSES.items() if (frame["principle"] == name).any()},
        title="Proposed fixes by principle",
        note="Each is proposed by a rule from what is known about the place. Go and look before anything is built.",
        order="grounds",
        ordered="those with grounds in crime and concern first",
        texts=_proposal_texts,
        facts=(),
        thing="proposal",
    )
    return classed_map(result, context)


def _to_be_seen(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return places that can be seen on a map of all: small lines and areas as points."""
    shapes = frame.geometry.to_numpy()
    west, south, east, north = shapely.bounds(shapes).T
    extent = np.maximum(east - west, north - south)
    whole = shapely.total_bounds(shapes)
    small = extent < SMALLEST_SHARE * max(whole[2] - whole[0], whole[3] - whole[1])
    return frame.set_geometry(np.where(small, shapely.point_on_surface(shapes), shapes), crs=frame.crs)


def _proposal_texts(frame: gpd.GeoDataFrame) -> dict[str, list[str]]:
    grounds = zip(frame["from_crime"], frame["from_concern"], strict=True)
    names = {(True, True): "crime and concern", (True, False): "crime", (False, True): "concern"}
    return {
        "Place": [plain(value) for value in frame["place"]],
        "Fix": [plain(value) for value in frame["fix"]],
        "Evidence": [plain(value) for value in frame["evidence"]],
        "Grounds": [names.get((bool(crime), bool(concern)), "inventory") for crime, concern in grounds],
        "Look first": [plain(value or None) for value in frame["against"]],
    }


def ranking_map(frame: gpd.GeoDataFrame, context: MapContext) -> str:
    """Return the HTML document of fixes ranked under a budget; the chosen ones carry their rank.

    Parameters
    ----------
    frame : GeoDataFrame
        Layer ``fix-ranking``, in any CRS.
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
        More fixes than a document holds.
    """
    require_columns(frame, ("choice", "rank", "title", "cost", "crime_alone", "concern_alone"), "ranking of fixes")
    rank = frame["rank"].astype("Int64")
    marks = ["" if pd.isna(place) else str(place) for place in rank]
    drawn = _to_be_seen(frame).assign(**{CLASS: frame["choice"], MARK: marks, "urgency": -rank.fillna(len(frame) + 1)})
    result = ClassedResult(
        frame=drawn.sort_values("urgency", kind="stable"),
        classes=RANKING_CLASSES,
        title="Choice under the budget",
        note="The number is the rank: 1 is done first. What a fix may prevent is a range that begins at nothing.",
        order="urgency",
        ordered="in order of rank",
        texts=_ranking_texts,
        facts=(("fixes chosen", ("chosen_firm", "chosen")), ("chosen nearly always", ("chosen_firm",))),
        thing="candidate",
        used="events and voices",
    )
    return classed_map(result, context)


def _ranking_texts(frame: gpd.GeoDataFrame) -> dict[str, list[str]]:
    prevented = zip(frame["prevented_low"], frame["prevented_high"], strict=True)
    return {
        "Place": [plain(value) for value in frame["title"]],
        "Rank": [plain(value) for value in frame["rank"].astype("Int64")],
        "Cost": [number(value, 0) for value in frame["cost"]],
        "Events a year in reach": [number(value, 0) for value in frame["crime_alone"]],
        "May prevent": [f"{number(low, 0)} to {number(high, 0)}" for low, high in prevented],
        "Voices in reach": [number(value, 0) for value in frame["concern_alone"]],
        "Chosen in": [f"{share:.0%} of runs" for share in frame["share_chosen"]],
    }


def evaluation_map(frame: gpd.GeoDataFrame, context: MapContext) -> str:
    """Return the HTML document of the areas that an evaluation compares.

    Parameters
    ----------
    frame : GeoDataFrame
        Layer ``evaluation-areas``, in any CRS.
    context : MapContext

    Returns
    -------
    str
        The document; the same input gives the same bytes.

    Raises
    ------
    InvalidInputError
        A column is missing or there is nothing to draw.
    """
    require_columns(frame, ("role", "rank", "events_before", "events_after"), "areas of an evaluation")
    result = ClassedResult(
        frame=frame.assign(**{CLASS: frame["role"], "shown": frame["role"].map(list(EVALUATION_CLASSES)[::-1].index)}),
        classes=EVALUATION_CLASSES,
        title="Areas compared",
        note="Controls are as large as the treated area and had the most similar history before the fix.",
        order="shown",
        ordered="treated area first",
        texts=_area_texts,
        facts=(("control areas", ("control",)),),
        thing="area",
    )
    return classed_map(result, context)


def _area_texts(frame: gpd.GeoDataFrame) -> dict[str, list[str]]:
    return {
        "Control": [plain(value) for value in frame["rank"].astype("Int64")],
        "Events before": [number(value, 0) for value in frame["events_before"]],
        "Events after": [number(value, 0) for value in frame["events_after"]],
    }
