"""Places at raised risk now: what a near-repeat pattern says about the neighbourhood of recent crimes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from analysis.errors import CoordinateError, ParameterError
from analysis.grids.square import SquareGrid
from analysis.projection import FloatArray, crs_name
from analysis.space_time.dated_events import DatedEvents
from analysis.space_time.local_time import local_day
from analysis.space_time.near_repeat import Metric, NearRepeats
from analysis.summary import Notice, Summary

QUADRANT_SEGMENTS = 16


@dataclass(frozen=True)
class RaisedRisk:
    """Neighbourhoods that recent events lend a raised risk.

    Attributes
    ----------
    frame : GeoDataFrame
        One row for each event and distance band that is at raised risk: ``event`` (row of the input), ``x``, ``y``,
        ``age_days``, ``distance_from_m``, ``distance_to_m``, ``ratio`` (of the Knox table), ``weight`` (``ratio - 1``:
        the excess over the usual risk), ``until`` (first local date on which it is no longer raised) and ``geometry``,
        the ring around the event.
    weights : ndarray of float64, shape (n, n_bands)
        The same weights by event, in the order of the events, and distance band; 0 where the risk is not raised.
    metric : {"manhattan", "euclidean"}
    summary : Summary
    """

    frame: gpd.GeoDataFrame
    weights: FloatArray
    metric: Metric
    summary: Summary


def raised_risk(events: DatedEvents, pattern: NearRepeats, *, as_of: Any) -> RaisedRisk:
    """Tell which neighbourhoods are at raised risk at a moment, how much and until when.

    Parameters
    ----------
    events : DatedEvents
        The events known then, usually newer than those that made the pattern; later ones are left out and counted.
    pattern : NearRepeats
        The bands that are raised there lend their ratio.
    as_of : datetime
        The moment; its local date counts.

    Returns
    -------
    RaisedRisk

    Raises
    ------
    ParameterError
        `as_of` is no time, or the events are known to the month only.

    Notes
    -----
    An event of age t days falls into the time band ``u <= t < v``; every distance band that is raised for it in the
    Knox table (p at most 0.05 and at least 1.2 times the expected pairs) makes a ring around the event with the weight
    ``ratio - 1``. The risk lasts while the time bands that follow without a gap are raised too. Where the ratio is
    undefined, because no permutation ever had a pair, the observed number of pairs is the weight.

    References
    ----------
    Johnson, S. D. et al. (2007). Prospective crime mapping in operational context. Home Office.

    Examples
    --------
    >>> from analysis.space_time.dated_events import dated_events
    >>> from analysis.space_time.near_repeat import KnoxBands, near_repeat
    >>> day, x = np.datetime64("2024-01-01") + np.arange(40) * 30, np.arange(40) * 5000.0
    >>> events = dated_events(np.r_[x, x + 50], np.full(80, 4e6), np.r_[day, day + 2], crs="EPSG:32616", zone="UTC")
    >>> pattern = near_repeat(events, KnoxBands((0, 100), (0, 7, 14)), seed=1)
    >>> raised_risk(events, pattern, as_of="2024-02-03").frame[["event", "age_days", "until"]].values.tolist()
    [[41, 1, '2024-02-09'], [1, 3, '2024-02-07']]
    """
    if events.precision != "day":
        raise ParameterError("Events known to the month have no age in days.", "Use events known to the day.")
    today = local_day(as_of, events.zone, "time of the map")
    age = today - events.day
    excess, edges = _excess(pattern)
    band = np.searchsorted(edges, age, "right") - 1
    live = (band >= 0) & (band < edges.size - 1) & (age >= 0)
    weights = np.zeros((age.size, excess.shape[1]))
    weights[live] = excess[band[live]]
    lasting = _last_edge(excess > 0, edges)
    event, ring = np.nonzero(weights)
    until = events.day[event] + lasting[band[event], ring]
    distance = np.asarray(pattern.bands.distance_edges_m)
    x, y = events.x[event], events.y[event]
    frame = gpd.GeoDataFrame(
        {
            "event": events.row[event],
            "x": x,
            "y": y,
            "age_days": age[event],
            "distance_from_m": distance[ring],
            "distance_to_m": distance[ring + 1],
            "ratio": weights[event, ring] + 1.0,
            "weight": weights[event, ring],
            "until": pd.Series(until.astype("datetime64[D]").astype(str), dtype=object),
        },
        geometry=_rings(x, y, distance[ring], distance[ring + 1], pattern.bands.metric),
        crs=events.crs,
    )
    order = np.lexsort((frame["distance_from_m"], frame["y"], frame["x"], frame["age_days"]))
    frame = frame.iloc[order].reset_index(drop=True)
    later = int(np.count_nonzero(age < 0))
    summary = _summary(events, pattern, frame, str(np.datetime64(today, "D")), later)
    return RaisedRisk(frame, weights, pattern.bands.metric, summary)


def risk_by_cell(risk: RaisedRisk, grid: SquareGrid) -> gpd.GeoDataFrame:
    """Add up the raised risk in the cells of a grid.

    Parameters
    ----------
    risk : RaisedRisk
    grid : SquareGrid
        In the CRS of the risk.

    Returns
    -------
    GeoDataFrame
        ``risk`` (sum of the weights; 0 is the usual risk) and ``events`` (how many recent events lend it), then
        ``cell, cell_x, cell_y, geometry``; every cell of the study area.

    Raises
    ------
    CoordinateError
        The grid is in another CRS.

    Notes
    -----
    A cell takes the weight of a ring when the distance from its centre to the event lies in the ring. The cell that the
    event lies in holds ground at distance 0 and beyond: it takes the larger weight of the ring around the event itself
    and that of its centre. Weights of several events are added.
    """
    if grid.crs != risk.frame.crs:
        raise CoordinateError(
            f"The grid is in {crs_name(grid.crs)}, the risk in {crs_name(risk.frame.crs)}.", "Use one CRS."
        )
    total, n_events = np.zeros(grid.n_cells), np.zeros(grid.n_cells, dtype=np.int64)
    rings = risk.frame
    if len(rings):
        cell_x, cell_y = grid.centres()
        tree = cKDTree(np.column_stack([cell_x, cell_y]))
        home = grid.cell_of(rings["x"], rings["y"])
        number = np.full(grid.inside.size, -1, dtype=np.int64)
        number[grid.cells] = np.arange(grid.n_cells)
        home = np.where(home >= 0, number[home], -1)
        at_home: dict[tuple[int, int], float] = {}
        power = 1.0 if risk.metric == "manhattan" else 2.0
        for row, own in zip(rings.itertuples(), home.tolist(), strict=True):
            near = np.asarray(tree.query_ball_point((row.x, row.y), row.distance_to_m, p=power), dtype=np.int64)
            east, north = np.abs(cell_x[near] - row.x), np.abs(cell_y[near] - row.y)
            away = east + north if risk.metric == "manhattan" else np.hypot(east, north)
            hit = (away >= row.distance_from_m) & (away < row.distance_to_m)
            if own >= 0 and (row.distance_from_m == 0 or own in near[hit]):
                at_home[row.event, own] = max(row.weight, at_home.get((row.event, own), 0.0))
            hit &= near != own
            total[near[hit]] += row.weight
            n_events[near[hit]] += 1
        for (_, own), weight in at_home.items():
            total[own] += weight
            n_events[own] += 1
    return grid.to_frame(risk=total, events=n_events)


def _excess(pattern: NearRepeats) -> tuple[FloatArray, npt.NDArray[np.int64]]:
    """Return the raised ratios less 1 by time and distance band, 0 elsewhere, and the edges of the time bands."""
    bands = pattern.bands
    shape = len(bands.time_edges_days) - 1, len(bands.distance_edges_m) - 1
    ratio = pattern.frame["ratio"].fillna(1.0 + pattern.frame["observed"]).to_numpy(dtype=np.float64)
    excess = np.where(pattern.frame["raised"], ratio - 1.0, 0.0)
    return excess.reshape(shape), np.asarray(bands.time_edges_days, dtype=np.int64)


def _last_edge(raised: npt.NDArray[np.bool_], edges: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the day on which each band's unbroken run of raised time bands ends."""
    ends = np.zeros(raised.shape, dtype=np.int64)
    for t in range(raised.shape[0] - 1, -1, -1):
        goes_on = raised[t + 1] if t + 1 < raised.shape[0] else np.zeros(raised.shape[1], dtype=np.bool_)
        ends[t] = np.where(goes_on, ends[t + 1] if t + 1 < raised.shape[0] else 0, edges[t + 1])
    return ends


def _rings(x: FloatArray, y: FloatArray, inner: FloatArray, outer: FloatArray, metric: Metric) -> Any:
    """Return rings around points: between circles, or between squares on their corner."""
    if metric == "euclidean":
        points = shapely.points(x, y)
        whole, hole = (shapely.buffer(points, radius, quad_segs=QUADRANT_SEGMENTS) for radius in (outer, inner))
    else:
        turns = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0], [1.0, 0.0]])
        centres = np.column_stack([x, y])[:, None, :]
        whole, hole = (
            shapely.polygons(centres + np.asarray(radius)[:, None, None] * turns) for radius in (outer, inner)
        )
    return np.where(inner > 0, shapely.difference(whole, np.where(inner > 0, hole, None)), whole)


def _summary(events: DatedEvents, pattern: NearRepeats, frame: gpd.GeoDataFrame, today: str, later: int) -> Summary:
    """Describe the risk."""
    excluded = {**events.excluded, **({"after_as_of": later} if later else {})}
    recent = int(frame["event"].nunique())
    notices = list(events.notices)
    if not pattern.frame["raised"].any():
        notices.append(Notice("no_pattern", "The Knox table has no raised band: crime does not follow crime here."))
    lasts = f", the last until {frame['until'].max()}" if recent else ""
    widest = f" up to {frame['distance_to_m'].max():g} m around them" if recent else ""
    reading = (
        f"On {today} {recent:,} recent events lend the places{widest} a raised risk{lasts}. The weight is the excess "
        "over the usual risk of the place: 1.0 means twice the usual. The usual risk itself is not on this map."
    )
    return Summary(
        method="Near-repeat risk",
        parameters={
            "as_of": today,
            "zone": events.zone,
            "distance_edges_m": list(pattern.bands.distance_edges_m),
            "time_edges_days": list(pattern.bands.time_edges_days),
            "metric": pattern.bands.metric,
            "pattern_events": pattern.summary.n_used,
        },
        n_used=events.x.size - later,
        excluded=excluded,
        crs=crs_name(events.crs),
        study_area_km2=0.0,
        reading=reading,
        warnings=tuple(notices),
    )
