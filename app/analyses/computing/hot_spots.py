"""Gi*, Gi and local Moran's I of cells, areal units and street segments."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

import geopandas as gpd
import pandas as pd

from analysis.events import check_some_inside, count_notices, events_notices
from analysis.grids.cell_grid import CellGrid
from analysis.hot_spots.getis_ord import HotSpots, hot_spots, hot_spots_of_counts
from analysis.hot_spots.local_statistics import Statistic
from analysis.hot_spots.neighbour_rules import NeighbourRule, Rule, neighbours_of_cells, neighbours_of_units
from analysis.hot_spots.neighbours import Neighbours, neighbours_by_name
from analysis.hot_spots.unit_hot_spots import VALUE_NAMES, Values, hot_spots_of_units, moran_in_words
from analysis.networks.segment_counts import segment_counts, segment_neighbours
from analysis.networks.street_network import street_network
from analysis.places.point_mass import point_mass_notice
from analysis.summary import Notice
from app.analyses.computing.cells import hexagon_cells, square_cells
from app.analyses.inputs import AnalysisInput, AnalysisResult, Layer
from app.analyses.parameters.hot_spots import HotSpotParameters
from app.areal_units.counting import events_per_unit


def compute(found: AnalysisInput, parameters: HotSpotParameters, seed: int) -> AnalysisResult:
    """Return the layer ``hot-spots`` of cells, or ``unit-hot-spots`` of units, segments and local Moran's I."""
    if parameters.units == "areal-units":
        return _of_areal_units(found, parameters, seed)
    if parameters.units == "street-segments":
        return _of_segments(found, parameters, seed)
    grid, rule = _cells(found, parameters)
    if parameters.statistic == "local-moran":
        return _of_moran_cells(found, parameters, seed, grid, rule)
    options: dict[str, Any] = {
        "correction": parameters.correction,
        "seed": seed,
        "statistic": parameters.statistic.replace("-", "_"),
        "neighbours": None if parameters.neighbours == "contiguity" else neighbours_of_cells(grid, _rule(parameters)),
        "permutations": parameters.permutations,
    }
    if found.counted is not None:
        result = hot_spots_of_counts(found.counted.cells, grid, **options)
    else:
        result = hot_spots(found.x, found.y, grid, **options)
    return AnalysisResult(found.of_result(result.summary, **rule), (Layer("hot-spots", result.frame),))


def _cells(found: AnalysisInput, parameters: HotSpotParameters) -> tuple[CellGrid, dict[str, str]]:
    if found.counted is not None:
        return found.counted.grid, found.counted.rule
    return (hexagon_cells if parameters.units == "hexagons" else square_cells)(found, parameters)


def _rule(parameters: HotSpotParameters) -> NeighbourRule:
    return NeighbourRule(
        cast("Rule", parameters.neighbours),
        parameters.radius_m,
        parameters.sigma_m,
        parameters.nearest,
        parameters.kernel,
    )


def _of_moran_cells(
    found: AnalysisInput, parameters: HotSpotParameters, seed: int, grid: CellGrid, rule: dict[str, str]
) -> AnalysisResult:
    cells = found.counted.cells if found.counted is not None else grid.count(found.x, found.y)
    if found.counted is None:
        check_some_inside(found.x, found.y, grid, cells.outside)
        notices = events_notices(found.x, found.y, grid, len(found.x) - cells.outside)
    else:
        notices = count_notices(grid, int(cells.counts.sum()))
    frame = grid.to_frame(events=cells.counts[grid.inside])
    result = _judged(frame, parameters, seed, neighbours_of_cells(grid, _rule(parameters)))
    laid = {"cell_m": grid.cell_m, "origin_m": [grid.origin_x, grid.origin_y], "cells": grid.n_cells, **rule}
    outside = {"outside": cells.outside} if cells.outside else {}
    return _told(found, result, laid, outside, notices, grid.study_area_km2)


def _of_areal_units(found: AnalysisInput, parameters: HotSpotParameters, seed: int) -> AnalysisResult:
    units = found.known_units()
    counts, outside = events_per_unit(units, found.x, found.y)
    frame = units.assign(events=counts)
    given = None
    if parameters.neighbour_weights is not None:
        given = neighbours_by_name(parameters.neighbour_weights, units["unit_id"])
    excluded = {"outside_units": outside} if outside else {}
    if parameters.values != "count":
        unknown = frame["residents"].isna()
        lost = int(frame.loc[unknown, "events"].sum())
        excluded |= {"residents_not_known": lost} if lost else {}
        frame = frame[~unknown].astype({"residents": "float64"}).reset_index(drop=True)
        given = given.among(~unknown.to_numpy(dtype=bool)) if given is not None else None
    around = neighbours_of_units(frame.geometry, _rule(parameters)) if given is None else given
    result = _judged(frame, parameters, seed, around)
    mass = point_mass_notice(found.x, found.y)
    return _told(found, result, {}, excluded, (mass,) if mass else (), beside=frame[["unit_id", "residents"]])


def _of_segments(found: AnalysisInput, parameters: HotSpotParameters, seed: int) -> AnalysisResult:
    network = street_network(found.known_streets())
    counted = segment_counts(found.x, found.y, network, tolerance_m=parameters.tolerance_m)
    frame = counted.frame.rename(columns={"count": "events"})
    around = segment_neighbours(network)
    if parameters.neighbours != "contiguity":
        around = neighbours_of_units(frame.geometry, _rule(parameters))
    result = _judged(frame, parameters, seed, around)
    excluded, laid = counted.summary.excluded, counted.summary.parameters
    beside = frame[["per_100m", "length_m", "source"]]
    return _told(found, result, laid, excluded, counted.summary.warnings, beside=beside)


def _judged(frame: gpd.GeoDataFrame, parameters: HotSpotParameters, seed: int, neighbours: Neighbours) -> HotSpots:
    moran = parameters.statistic == "local-moran"
    values = cast("Values", parameters.values.replace("-", "_"))
    result = hot_spots_of_units(
        frame,
        "events",
        residents=None if parameters.values == "count" else "residents",
        values=values,
        neighbours=neighbours,
        statistic="gi_star" if moran else cast("Statistic", parameters.statistic.replace("-", "_")),
        correction=parameters.correction,
        permutations=parameters.permutations,
        seed=seed,
    )
    return _read_by_moran(result, values) if moran else result


def _read_by_moran(result: HotSpots, values: Values) -> HotSpots:
    """Return the result with the account that local Moran's I gives of it."""
    told = result.summary
    reading = (
        f"{moran_in_words(result.frame)} {told.n_used:,} events were used, as {VALUE_NAMES[values]}. High among high "
        "is a unit that holds more than the mean of the map among units that do too; an outlier differs from what "
        "is around it. Chance alone would seldom put such surroundings there."
    )
    return dataclasses.replace(result, summary=dataclasses.replace(told, method="Local Moran's I", reading=reading))


def _told(
    found: AnalysisInput,
    result: HotSpots,
    laid: dict[str, Any],
    excluded: dict[str, int],
    notices: tuple[Notice, ...],
    area_km2: float | None = None,
    beside: pd.DataFrame | None = None,
) -> AnalysisResult:
    """Return a map of units with what is known of the units and their events."""
    own = result.summary
    told = dataclasses.replace(
        own,
        excluded={**excluded, **own.excluded},
        warnings=(*notices, *own.warnings),
        study_area_km2=own.study_area_km2 if area_km2 is None else area_km2,
    )
    frame = result.frame if beside is None else result.frame.join(beside)
    return AnalysisResult(found.of_result(told, **laid), (Layer("unit-hot-spots", frame),))
