"""Density of reports against density of incidents: log ratio, tested by random labelling."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.spatial import cKDTree

from analysis.errors import EmptyInputError, ParameterError
from analysis.grids.square import SquareGrid
from analysis.hot_spots.hot_spot_reading import nullable
from analysis.hot_spots.significance import CORRECTION_NAMES, Correction, q_values
from analysis.projection import BoolArray, FloatArray, checked_coordinates, crs_name
from analysis.summary import Notice, Summary

CLEAR_LEVEL = 0.10
STEADYING_SHARE = 0.05
FLOOR_SHARE = 0.01
FEW_EVENTS = 30
LABELLINGS_AT_ONCE = 64
MOST_PAIRS = 50_000_000


@dataclass(frozen=True, eq=False)
class ConcernSurface:
    """Where there is more concern than crime, and where less.

    Attributes
    ----------
    frame : GeoDataFrame
        Cells of the study area: ``log_ratio`` (above zero: more concern than crime; null where neither is near),
        ``p_value, q_value`` (null there too), ``mismatch`` (``more_concern``, ``more_crime``, ``alike`` or
        ``nothing_near``), ``cell, cell_x, cell_y, geometry``.
    summary : Summary
    """

    frame: gpd.GeoDataFrame
    summary: Summary


def concern_surface(
    concern: tuple[npt.ArrayLike, npt.ArrayLike],
    crime: tuple[npt.ArrayLike, npt.ArrayLike],
    grid: SquareGrid,
    *,
    radius_m: float,
    labellings: int = 499,
    correction: Correction = "bh",
    seed: int = 0,
) -> ConcernSurface:
    """Map the log ratio of the density of reports and the density of incidents.

    Parameters
    ----------
    concern, crime : tuple of array_like of float, shapes (n,) and (m,)
        x and y of reports (one for each distinct reporter and place) and of incidents, metres in the CRS of the grid.
    grid : SquareGrid
    radius_m : float
        Reach of the quartic kernel, the same for both, metres.
    labellings : int
        Random labellings, at least 99.
    correction : {"bh", "by", "bonferroni", "none"}
    seed : int

    Returns
    -------
    ConcernSurface

    Raises
    ------
    CoordinateError, EmptyInputError
        No report or incident in the study area, or coordinates that are not finite.
    ParameterError
        A radius that is not above zero or too large for the events, or too few labellings.

    Notes
    -----
    ``log((f + d) / (g + d))`` with f and g the two densities, each divided by its total, and d a twentieth of the mean
    of the pooled density, which keeps the ratio finite where one is nothing. Random labelling: the places stay, which
    of them are reports is drawn anew; if both came from one pattern, no labelling would be special. Cells where the
    pooled density is below a hundredth of its mean say nothing.

    References
    ----------
    Kelsall, J. E. and Diggle, P. J. (1995). Non-parametric estimation of spatial variation in relative risk. Statistics
    in Medicine 14.
    Hazelton, M. L. and Davies, T. M. (2009). Inference based on kernel estimates of the relative risk function in
    geographical epidemiology. Biometrical Journal 51.

    Examples
    --------
    >>> import shapely
    >>> from analysis.grids.square import square_grid
    >>> grid = square_grid(shapely.box(0, 0, 2000, 1000), 1000, crs="EPSG:32616")
    >>> reports, incidents = ([400.0] * 30, [500.0] * 30), ([1600.0] * 30, [500.0] * 30)
    >>> concern_surface(reports, incidents, grid, radius_m=500).frame["mismatch"].tolist()
    ['more_concern', 'more_crime']
    """
    if not (math.isfinite(radius_m) and radius_m > 0) or labellings < 99:
        raise ParameterError(f"Radius {radius_m} m, {labellings} labellings.", "Use metres above zero, at least 99.")
    reports, left_reports = _inside(*concern, grid, "report")
    incidents, left_incidents = _inside(*crime, grid, "incident")
    places, n_reports = np.vstack([reports, incidents]), len(reports)
    kernel = _kernel_matrix(np.column_stack(grid.centres()), places, radius_m)
    pooled = np.asarray(kernel.sum(axis=1), dtype=np.float64).ravel()
    near = pooled > FLOOR_SHARE * float(pooled.mean())
    if not near.any():
        raise EmptyInputError("No cell has an event within the radius.", "Use a larger radius or smaller cells.")
    steady = STEADYING_SHARE / pooled.size
    labels = (np.arange(len(places)) < n_reports).astype(np.float64)
    observed = _log_ratio(kernel, pooled, labels[:, None], steady).ravel()
    p = _p_values(kernel, pooled, observed, n_reports, steady, labellings, seed)
    q = np.ones(p.size)
    q[near] = q_values(p[near], correction)
    frame = _frame(grid, near, observed, p, q)
    parameters = {"radius_m": radius_m, "kernel": "quartic", "labellings": labellings, "correction": correction}
    parameters |= {"reports": n_reports, "incidents": len(incidents)}
    excluded = {"reports_outside": left_reports, "incidents_outside": left_incidents}
    return ConcernSurface(frame, _summary(frame, grid, parameters, excluded, seed))


def _inside(x: npt.ArrayLike, y: npt.ArrayLike, grid: SquareGrid, what: str) -> tuple[FloatArray, int]:
    """Return the places in the study area, and how many are not."""
    eastings, northings = checked_coordinates(x, y)
    inside = grid.cell_of(eastings, northings) >= 0
    if not inside.any():
        raise EmptyInputError(f"No {what} lies in the study area.", "Check that both are in one CRS.")
    return np.column_stack([eastings[inside], northings[inside]]), int((~inside).sum())


def _kernel_matrix(cells: FloatArray, places: FloatArray, radius_m: float) -> csr_array:
    """Return the quartic kernel, but for its constant, of every cell and place within reach."""
    cell_tree, place_tree = cKDTree(cells), cKDTree(places)
    pairs = int(cell_tree.count_neighbors(place_tree, radius_m))
    if pairs > MOST_PAIRS:
        raise ParameterError(
            f"The radius brings {pairs:,} pairs of cell and event.", "Use a smaller radius or larger cells."
        )
    near = cell_tree.sparse_distance_matrix(place_tree, radius_m, output_type="ndarray")
    values = (1.0 - (near["v"] / radius_m) ** 2) ** 2
    return csr_array((values, (near["i"], near["j"])), shape=(len(cells), len(places)))


def _log_ratio(kernel: csr_array, pooled: FloatArray, labels: FloatArray, steady: float) -> FloatArray:
    """Return the log ratio of shares for each column of labels, shape (n_cells, n_labellings)."""
    first = kernel @ labels
    second = np.maximum(pooled[:, None] - first, 0.0)
    totals = np.maximum(first.sum(axis=0), 1e-300), np.maximum(second.sum(axis=0), 1e-300)
    ratio: FloatArray = np.log((first / totals[0] + steady) / (second / totals[1] + steady))
    return ratio


def _p_values(
    kernel: csr_array,
    pooled: FloatArray,
    observed: FloatArray,
    n_reports: int,
    steady: float,
    labellings: int,
    seed: int,
) -> FloatArray:
    """Return the two-sided p of every cell under random labelling."""
    random = np.random.default_rng(seed)
    n = kernel.shape[1]
    upper, lower = np.ones(observed.size), np.ones(observed.size)
    for first in range(0, labellings, LABELLINGS_AT_ONCE):
        labels = np.zeros((n, min(LABELLINGS_AT_ONCE, labellings - first)))
        for column in range(labels.shape[1]):
            labels[random.choice(n, n_reports, replace=False), column] = 1.0
        drawn = _log_ratio(kernel, pooled, labels, steady)
        upper += (drawn >= observed[:, None] - 1e-9).sum(axis=1)
        lower += (drawn <= observed[:, None] + 1e-9).sum(axis=1)
    p: FloatArray = np.minimum(1.0, 2.0 * np.minimum(upper, lower) / (labellings + 1))
    return p


def _frame(grid: SquareGrid, near: BoolArray, value: FloatArray, p: FloatArray, q: FloatArray) -> gpd.GeoDataFrame:
    """Return the cells with what is known of them."""
    clear = near & (q <= CLEAR_LEVEL)
    mismatch = np.select([~near, clear & (value > 0), clear], ["nothing_near", "more_concern", "more_crime"], "alike")
    columns = {name: nullable(values, near) for name, values in (("log_ratio", value), ("p_value", p), ("q_value", q))}
    return grid.to_frame(**columns, mismatch=mismatch.astype(object))


def _summary(
    frame: gpd.GeoDataFrame, grid: SquareGrid, parameters: dict[str, Any], excluded: dict[str, int], seed: int
) -> Summary:
    """Describe where there is more concern than crime."""
    tally = frame["mismatch"].value_counts()
    more, less, alike = (int(tally.get(name, 0)) for name in ("more_concern", "more_crime", "alike"))
    notices = []
    if min(parameters["reports"], parameters["incidents"]) < FEW_EVENTS:
        notices.append(
            Notice("few_events", f"There are fewer than {FEW_EVENTS} reports or incidents: little can be seen.")
        )
    correction: Correction = parameters["correction"]
    reading = (
        f"Of {len(frame):,} cells {more:,} have clearly more concern and {less:,} clearly more crime than the other "
        f"would lead to expect, after {CORRECTION_NAMES[correction]}; {alike:,} are alike as far as can be seen. "
        "Reports follow who is asked and who has a telephone: many reports are many voices, not the view of all."
    )
    return Summary(
        method="Log ratio of reports and incidents",
        parameters=parameters,
        n_used=parameters["reports"] + parameters["incidents"],
        excluded={reason: count for reason, count in excluded.items() if count},
        crs=crs_name(grid.crs),
        study_area_km2=grid.study_area_km2,
        reading=reading,
        warnings=tuple(notices),
        seed=seed,
    )
