"""The busiest cells, areal units, street segments or points, and how concentrated events are."""

from __future__ import annotations

import dataclasses
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from analysis.networks.segment_counts import segment_counts
from analysis.networks.street_network import street_network
from analysis.places.concentration import Concentration, concentration
from analysis.places.top_places import EventDays, TopPlaces, top_cells, top_points, top_units
from app.analyses.computing.cells import square_cells
from app.analyses.inputs import AnalysisInput, AnalysisResult, Layer
from app.analyses.parameters.places import TopPlacesParameters
from app.areal_units.counting import events_per_unit

CORNERS_OF_CURVE = 101
WORST_SHARE = 0.05
"""Part of the segments of which their counts tell already."""


def compute(found: AnalysisInput, parameters: TopPlacesParameters, _seed: int) -> AnalysisResult:
    """Return the layer and table ``top-places``, and the table ``lorenz`` where all places are known."""
    if parameters.place == "street-segments":
        return _of_segments(found, parameters)
    rule: dict[str, str] = {}
    counts = None
    days = None if found.times is None else EventDays(found.times.begin, found.zone)
    if parameters.place == "points":
        result = top_points(found.x, found.y, crs=found.crs, n=parameters.most, days=days)
    elif parameters.place == "areal-units":
        units = found.known_units()
        result = top_units(found.x, found.y, units, "unit_id", n=parameters.most, days=days)
        counts, _ = events_per_unit(units, found.x, found.y)
    else:
        grid, rule = square_cells(found, parameters)
        result = top_cells(found.x, found.y, grid, n=parameters.most, days=days)
        counts = grid.count(found.x, found.y).counts[grid.inside]
    return _told(found, parameters, result, counts, rule)


def _told(
    found: AnalysisInput,
    parameters: TopPlacesParameters,
    result: TopPlaces,
    counts: Any,
    rule: dict[str, str],
) -> AnalysisResult:
    exact = parameters.place == "points"
    layer = Layer("top-places", result.frame, exact_places=exact)
    table = pd.DataFrame(result.frame.drop(columns="geometry"))
    tables, figures = {"top-places": table}, {}
    summary = found.of_result(result.summary, **rule)
    if counts is not None:
        held = concentration(counts, worst_share=parameters.worst_share)
        tables["lorenz"], figures = lorenz_curve(held), {"concentration": concentration_figures(held)}
        if result.concentration is not None and result.concentration.worst_share != parameters.worst_share:
            summary = dataclasses.replace(summary, reading=f"{summary.reading} {held.reading}")
    return AnalysisResult(summary, (layer,), tables, figures)


def _of_segments(found: AnalysisInput, parameters: TopPlacesParameters) -> AnalysisResult:
    streets = found.known_streets()
    network = street_network(streets)
    counted = segment_counts(found.x, found.y, network, tolerance_m=parameters.tolerance_m)
    frame = counted.frame
    held = concentration(frame["count"], worst_share=parameters.worst_share)
    busiest = frame[frame["count"] > 0].sort_values("count", ascending=False, kind="stable").head(parameters.most)
    share = busiest["count"] / frame["count"].sum()
    names = streets["name"].iloc[busiest["source"]].to_numpy() if "name" in streets else None
    top = gpd.GeoDataFrame(
        {
            "rank": busiest["count"].rank(method="min", ascending=False).astype(int),
            "place": busiest.index,
            **({} if names is None else {"street": names}),
            "count": busiest["count"],
            "share": share,
            "cumulative_share": share.cumsum(),
            "per_100m": busiest["per_100m"],
            "length_m": busiest["length_m"],
        },
        geometry=busiest.geometry,
        crs=frame.crs,
    ).reset_index(drop=True)
    told = counted.summary.reading
    reading = told if parameters.worst_share == WORST_SHARE else f"{told} {held.reading}"
    own = dataclasses.replace(counted.summary, reading=reading)
    tables = {"top-places": pd.DataFrame(top.drop(columns="geometry")), "lorenz": lorenz_curve(held)}
    figures = {"concentration": concentration_figures(held)}
    summary = found.of_result(own, most=parameters.most, worst_share=parameters.worst_share)
    return AnalysisResult(summary, (Layer("top-places", top),), tables, figures)


def lorenz_curve(held: Concentration) -> pd.DataFrame:
    """Return the Lorenz curve, at most at a hundred and one corners."""
    corners = np.unique(np.linspace(0, held.place_share.size - 1, CORNERS_OF_CURVE).round().astype(int))
    return pd.DataFrame({"place_share": held.place_share[corners], "event_share": held.event_share[corners]})


def concentration_figures(held: Concentration) -> dict[str, Any]:
    """Return the figures of a concentration, JSON-ready."""
    curves = {"place_share", "event_share"}
    names = [field.name for field in dataclasses.fields(held) if field.name not in curves]
    return {name: getattr(held, name) for name in names}
