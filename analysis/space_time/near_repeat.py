"""Near repeats: crimes closer to each other in space and time than chance would have them (Knox test)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numba as nb
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import cKDTree

from analysis.errors import ParameterError, TooFewEventsError
from analysis.hot_spots.significance import q_values
from analysis.projection import FloatArray, crs_name
from analysis.row_blocks import for_row_blocks
from analysis.space_time.dated_events import DatedEvents
from analysis.space_time.local_time import IntArray
from analysis.summary import Notice, Summary

Metric = Literal["manhattan", "euclidean"]
SmallIntArray = npt.NDArray[np.int32]

MOST_PAIRS = 20_000_000
MOST_PERMUTATIONS = 99_999
FEWEST_EVENTS = 3
FEW_EVENTS = 50
LONG_PERIOD_DAYS = 3 * 366
RAISED_LEVEL, RAISED_RATIO = 0.05, 1.2
"""A band is called raised when p is at most this and observed over expected at least that (Ratcliffe 2009)."""

BLOCK = 64


@dataclass(frozen=True)
class KnoxBands:
    """Bands of distance and of time between two events, closed on the left: ``a <= d < b``.

    Attributes
    ----------
    distance_edges_m : tuple of float
        Ascending, metres; the first band usually ends just above zero and means the same place.
    time_edges_days : tuple of int
        Ascending, days on the calendar: 0 is the same date.
    metric : {"manhattan", "euclidean"}
        Distance along the axes of the CRS, like streets, or straight.
    """

    distance_edges_m: tuple[float, ...] = (0.0, 0.1, 100.0, 200.0, 400.0, 800.0)
    time_edges_days: tuple[int, ...] = (0, 1, 4, 8, 15, 29)
    metric: Metric = "manhattan"


@dataclass(frozen=True)
class NearRepeats:
    """The Knox table.

    Attributes
    ----------
    frame : DataFrame
        One row for each pair of bands, by time, then by distance: ``distance_from_m, distance_to_m, days_from, days_to,
        observed`` (pairs), ``expected`` (mean over the permutations), ``expected_sd``, ``ratio`` (observed over
        expected, null where none was ever expected), ``p_value`` (as many or more), ``q_value`` (Benjamini-Hochberg
        over the table) and ``raised``.
    bands : KnoxBands
    summary : Summary
    """

    frame: pd.DataFrame
    bands: KnoxBands
    summary: Summary


def near_repeat(
    events: DatedEvents, bands: KnoxBands | None = None, *, permutations: int = 999, seed: int = 0
) -> NearRepeats:
    """Count pairs of events by distance and time, and compare with the same places at shuffled times.

    Parameters
    ----------
    events : DatedEvents
        Known to the day.
    bands : KnoxBands, optional
    permutations : int
        1 to 99,999; no p is below ``1 / (permutations + 1)``.
    seed : int
        Of the permutations.

    Returns
    -------
    NearRepeats

    Raises
    ------
    ParameterError
        Bands that do not ascend, months instead of days, too many pairs, or an impossible number of permutations.
    TooFewEventsError
        Fewer than three events.

    Notes
    -----
    A pair of events i, j belongs to a cell of the table when ``a <= d(i, j) < b`` and ``u <= |day_i - day_j| < v``.
    Under the hypothesis that crime does not follow crime, times belong to no place: they are dealt out anew over the
    events, and ``p = (1 + number of permutations with as many pairs or more) / (permutations + 1)``. Expected is the
    mean over the permutations; a cell is raised when ``p <= 0.05`` and ``observed / expected >= 1.2``. Events are
    sorted before they are shuffled, so the order of the rows changes nothing. The pairs within the largest distance are
    found once, and only they are counted again.

    Over years in which some parts of a town grow and others shrink the test finds interaction that is not due to
    repetition; take a year or so at a time.

    References
    ----------
    Knox, E. G. and Bartlett, M. S. (1964). The detection of space-time interactions. Applied Statistics 13(1).
    Ratcliffe, J. H. and Rengert, G. F. (2008). Near-repeat patterns in Philadelphia shootings. Security Journal 21.
    Kulldorff, M. and Hjalmars, U. (1999). The Knox method and other tests for space-time interaction. Biometrics 55(2).

    Examples
    --------
    >>> from analysis.space_time.dated_events import dated_events
    >>> day = np.datetime64("2024-01-01") + np.arange(40) * 30
    >>> x = np.arange(40) * 5000.0
    >>> events = dated_events(np.r_[x, x + 50], np.full(80, 4e6), np.r_[day, day + 2], crs="EPSG:32616", zone="UTC")
    >>> table = near_repeat(events, KnoxBands((0, 100), (0, 7, 14)), seed=1).frame
    >>> table["observed"].tolist(), table["p_value"].tolist()[0], table["raised"].tolist()
    ([40, 0], 0.001, [True, False])
    """
    bands = KnoxBands() if bands is None else bands
    distance_edges, time_edges = _checked_bands(bands)
    if events.precision != "day":
        raise ParameterError("Events known to the month have no days between them.", "Use events known to the day.")
    if not (isinstance(permutations, (int, np.integer)) and 1 <= permutations <= MOST_PERMUTATIONS):
        raise ParameterError(f"{permutations} permutations are not possible.", f"Use 1 to {MOST_PERMUTATIONS:,}.")
    n = events.x.size
    if n < FEWEST_EVENTS:
        raise TooFewEventsError(f"{n} events have no pattern of pairs.", f"Use at least {FEWEST_EVENTS}.")
    order = np.lexsort((events.day, events.y, events.x))
    day = (events.day[order] - events.day.min()).astype(np.int32)
    first, second, band = _close_pairs(events.x[order], events.y[order], distance_edges, bands.metric)
    span = int(day.max())
    band_of_days = np.full(span + 1, -1, dtype=np.int32)
    days = np.arange(span + 1)
    found = np.searchsorted(time_edges, days, "right") - 1
    within = (found >= 0) & (found < time_edges.size - 1)
    band_of_days[within] = found[within]
    shape = time_edges.size - 1, distance_edges.size - 1
    observed = np.zeros((1, *shape), dtype=np.int64)
    _count_pairs(day[None, :], first, second, band, band_of_days, observed, 0, 1)
    shuffled = _shuffled_counts(day, (first, second, band), band_of_days, shape, int(permutations), seed)
    frame = _table(distance_edges, time_edges, observed[0], shuffled)
    return NearRepeats(frame, bands, _summary(events, bands, frame, int(permutations), seed, first.size))


def _checked_bands(bands: KnoxBands) -> tuple[FloatArray, IntArray]:
    """Return the edges as arrays."""
    if bands.metric not in get_args(Metric):
        raise ParameterError(f"Unknown metric {bands.metric!r}.", "Use manhattan or euclidean.")
    distance = np.asarray(bands.distance_edges_m, dtype=np.float64)
    time = np.asarray(bands.time_edges_days, dtype=np.float64)
    for edges, what in ((distance, "distance"), (time, "time")):
        ascending = edges.ndim == 1 and edges.size >= 2 and np.isfinite(edges).all() and (np.diff(edges) > 0).all()
        if not (ascending and edges[0] >= 0):
            raise ParameterError(f"The edges of the {what} bands do not ascend from zero or more.", "Sort them.")
    if (time != np.floor(time)).any():
        raise ParameterError("The time bands do not begin and end at whole days.", "Times are compared by their dates.")
    return distance, time.astype(np.int64)


def _close_pairs(
    x: FloatArray, y: FloatArray, edges: FloatArray, metric: Metric
) -> tuple[SmallIntArray, SmallIntArray, npt.NDArray[np.int8]]:
    """Return the pairs of events within the bands, and the band of each."""
    places = np.column_stack([x - x.min(), y - y.min()])
    tree = cKDTree(places)
    reach, power = edges[-1] * (1.0 + 1e-9), 1.0 if metric == "manhattan" else 2.0
    n_pairs = (int(tree.count_neighbors(tree, reach, p=power)) - x.size) // 2
    if n_pairs > MOST_PAIRS:
        raise ParameterError(
            f"{n_pairs:,} pairs of events lie within {edges[-1]:g} m, more than {MOST_PAIRS:,}.",
            "Use a shorter distance or a shorter period.",
        )
    pairs = tree.query_pairs(reach, p=power, output_type="ndarray")
    first, second = pairs[:, 0], pairs[:, 1]
    east, north = np.abs(x[first] - x[second]), np.abs(y[first] - y[second])
    distance = east + north if metric == "manhattan" else np.hypot(east, north)
    band = np.searchsorted(edges, distance, "right") - 1
    kept = np.flatnonzero((band >= 0) & (band < edges.size - 1))
    kept = kept[np.lexsort((second[kept], first[kept]))]
    return first[kept].astype(np.int32), second[kept].astype(np.int32), band[kept].astype(np.int8)


def _shuffled_counts(
    day: SmallIntArray,
    pairs: tuple[SmallIntArray, SmallIntArray, npt.NDArray[np.int8]],
    band_of_days: SmallIntArray,
    shape: tuple[int, int],
    permutations: int,
    seed: int,
) -> IntArray:
    """Return the table of every permutation, shape (permutations, n_times, n_distances)."""
    random = np.random.default_rng(seed)
    counts = np.zeros((permutations, *shape), dtype=np.int64)
    for begin in range(0, permutations, BLOCK):
        block = counts[begin : begin + BLOCK]
        shuffled = random.permuted(np.broadcast_to(day, (block.shape[0], day.size)), axis=1)

        def count(first: int, last: int, shuffled: SmallIntArray = shuffled, block: IntArray = block) -> None:
            _count_pairs(shuffled, *pairs, band_of_days, block, first, last)

        for_row_blocks(count, block.shape[0], block_rows=BLOCK // 4)
    return counts


@nb.njit(cache=True, nogil=True)
def _count_pairs(
    days: SmallIntArray,
    first: SmallIntArray,
    second: SmallIntArray,
    band: npt.NDArray[np.int8],
    band_of_days: SmallIntArray,
    counts: IntArray,
    begin: int,
    end: int,
) -> None:
    """Count pairs by time and distance for each of several assignments of days to events."""
    for p in range(begin, end):
        day = days[p]
        for k in range(first.size):
            time = band_of_days[abs(day[first[k]] - day[second[k]])]
            if time >= 0:
                counts[p, time, band[k]] += 1


def _table(distance: FloatArray, time: IntArray, observed: IntArray, shuffled: IntArray) -> pd.DataFrame:
    """Return the Knox table as a frame."""
    permutations = shuffled.shape[0]
    expected = shuffled.sum(axis=0) / permutations
    p = (1.0 + np.count_nonzero(shuffled >= observed, axis=0)) / (permutations + 1.0)
    ever = expected > 0
    ratio = np.divide(observed, expected, out=np.zeros(expected.shape), where=ever)
    grid = np.meshgrid(np.arange(time.size - 1), np.arange(distance.size - 1), indexing="ij")
    t, d = (index.ravel() for index in grid)
    raised = (p <= RAISED_LEVEL) & ((ratio >= RAISED_RATIO) | (~ever & (observed > 0)))
    return pd.DataFrame(
        {
            "distance_from_m": distance[d],
            "distance_to_m": distance[d + 1],
            "days_from": time[t],
            "days_to": time[t + 1],
            "observed": observed.ravel(),
            "expected": expected.ravel(),
            "expected_sd": shuffled.std(axis=0).ravel(),
            "ratio": pd.arrays.FloatingArray(ratio.ravel(), ~ever.ravel()),
            "p_value": p.ravel(),
            "q_value": q_values(p.ravel()),
            "raised": raised.ravel(),
        }
    )


def _summary(
    events: DatedEvents, bands: KnoxBands, frame: pd.DataFrame, permutations: int, seed: int, n_pairs: int
) -> Summary:
    """Describe the table."""
    n = events.x.size
    raised = frame[frame["raised"]]
    words = [
        f"{row.distance_from_m:g}-{row.distance_to_m:g} m within {row.days_from}-{row.days_to} days "
        f"({row.observed} pairs, {row.observed - row.expected:+.0f} against chance, p {row.p_value:.3g})"
        for row in raised.sort_values(["p_value", "days_from", "distance_from_m"]).head(3).itertuples()
    ]
    finding = (
        f"Crime follows crime in {len(raised)} of {len(frame)} bands, most clearly at {'; '.join(words)}"
        if words
        else f"In none of {len(frame)} bands are there clearly more pairs than chance would make"
    )
    reading = (
        f"{finding}. {n:,} events make {n_pairs:,} pairs within {bands.distance_edges_m[-1]:g} m ({bands.metric} "
        f"distance); chance means the same places with their dates dealt out anew, {permutations:,} times. About one "
        "band in twenty looks raised by chance alone: see the q-values."
    )
    return Summary(
        method="Near repeat (Knox test)",
        parameters={
            "distance_edges_m": list(bands.distance_edges_m),
            "time_edges_days": list(bands.time_edges_days),
            "metric": bands.metric,
            "bands": "closed on the left",
            "permutations": permutations,
            "zone": events.zone,
        },
        n_used=n,
        excluded=events.excluded,
        crs=crs_name(events.crs),
        study_area_km2=0.0,
        reading=reading,
        warnings=_notices(events, frame),
        seed=seed,
    )


def _notices(events: DatedEvents, frame: pd.DataFrame) -> tuple[Notice, ...]:
    """Warn of few events, of a long period and of crimes that may be recorded twice."""
    n, n_days = events.x.size, int(np.ptp(events.day)) + 1
    notices = list(events.notices)
    if n < FEW_EVENTS:
        notices.append(Notice("few_events", f"Only {n} events: a pattern may well exist and not be seen."))
    if n_days > LONG_PERIOD_DAYS:
        notices.append(
            Notice(
                "long_period",
                f"The events span {n_days:,} days. Where parts of a town grow and others shrink, the test finds "
                "interaction that is no repetition; take a year or so at a time.",
            )
        )
    same = frame[(frame["distance_from_m"] == 0) & (frame["days_from"] == 0) & frame["raised"]]
    if len(same):
        notices.append(
            Notice(
                "same_place_same_day",
                f"{same['observed'].iloc[0]:,} pairs lie in the first band of both and {same['expected'].iloc[0]:.1f} "
                "were expected: check that no crime is recorded twice, once for each victim or report.",
            )
        )
    return tuple(notices)
