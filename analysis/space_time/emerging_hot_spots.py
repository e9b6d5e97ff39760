"""Emerging hot spots: how the hot and cold spots of a space-time cube develop, in seventeen named categories."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from analysis.errors import ParameterError
from analysis.hot_spots.significance import CORRECTION_NAMES, Correction
from analysis.projection import BoolArray, crs_name
from analysis.space_time.cube_hot_spots import CubeHotSpots, cube_hot_spots
from analysis.space_time.mann_kendall import mann_kendall
from analysis.space_time.space_time_cube import SpaceTimeCube
from analysis.summary import Notice, Summary

PATTERNS = (
    "new",
    "consecutive",
    "intensifying",
    "persistent",
    "diminishing",
    "sporadic",
    "oscillating",
    "historical",
)
CATEGORIES = (*(f"{name} {side} spot" for side in ("hot", "cold") for name in PATTERNS), "no pattern")
"""The seventeen categories."""

MOST_OF_THE_TIME = 0.9
LEVELS = {90: (1, 0.10), 95: (2, 0.05), 99: (3, 0.01)}
"""Class of a bin and level of a trend, by confidence."""

FEW_EVENTS = 100


@dataclass(frozen=True)
class EmergingHotSpots:
    """Development of hot and cold spots.

    Attributes
    ----------
    frame : GeoDataFrame
        ``category`` (one of `CATEGORIES`), ``count`` (events over all steps), ``hot_steps``, ``cold_steps`` (time steps
        at which the cell is one), ``last_bin`` (``gi_bin`` of the last step), ``trend_z``, ``trend_p`` (Mann-Kendall
        test of the z-scores from the second step), ``cell, cell_x, cell_y, geometry``; every cell of the study area.
    bins : CubeHotSpots
        z, p, q and class of every bin.
    cube : SpaceTimeCube
    summary : Summary
    """

    frame: gpd.GeoDataFrame
    bins: CubeHotSpots
    cube: SpaceTimeCube
    summary: Summary


def emerging_hot_spots(
    cube: SpaceTimeCube, *, correction: Correction = "bh", confidence: Literal[90, 95, 99] = 90, seed: int = 0
) -> EmergingHotSpots:
    """Classify every cell of a cube by how its hot or cold spot has developed.

    Parameters
    ----------
    cube : SpaceTimeCube
    correction : {"bh", "by", "bonferroni", "none"}
        Over all bins of the cube; the trend of a cell is not corrected, as in ArcGIS.
    confidence : {90, 95, 99}
        From which a bin is a hot or cold spot and a trend is one.
    seed : int
        Of random permutations, which are made only where exact ones would take too long.

    Returns
    -------
    EmergingHotSpots

    Raises
    ------
    ParameterError
        An unknown correction or confidence.
    TooFewEventsError, ZeroVarianceError
        See `analysis.space_time.cube_hot_spots.cube_hot_spots`.

    Notes
    -----
    Gi* of every bin in its neighbourhood of space and time (`cube_hot_spots.cube_hot_spots`), the Mann-Kendall
    test of every cell's z-scores (`space_time.mann_kendall.mann_kendall`), then `development_category`. The method and
    the categories are those of the Emerging Hot Spot Analysis tool of ArcGIS; p-values are of exact permutations in
    place of the normal distribution, so that sparse counts do not make hot spots.

    The trend begins at the second step: the window of the first has no step before it, which makes its z-scores smaller
    than the rest. With it thousands of empty cells of a sparse map would be "intensifying cold spots" (2,716 of 5,695
    in Chicago). A window reaches one step back, so a z-score resembles the one before and the trend's p is somewhat too
    small.

    References
    ----------
    Esri. How Emerging Hot Spot Analysis works. ArcGIS Pro documentation, Space Time Pattern Mining toolbox.

    Examples
    --------
    >>> import shapely
    >>> from analysis.space_time.dated_events import dated_events
    >>> from analysis.grids.square import square_grid
    >>> from analysis.space_time.space_time_cube import space_time_cube
    >>> day = np.datetime64("2024-01-01") + np.r_[np.arange(70), np.repeat(np.arange(63, 70), 9)]
    >>> x, y = 5e5 + 50 + 100.0 * (np.arange(133) * 7 % 20), 4e6 + 50 + 100.0 * (np.arange(133) * 11 % 20)
    >>> x[70:], y[70:] = 500_750 + 100 * (np.arange(63) % 3), 4_000_750 + 100 * (np.arange(63) // 3 % 3)
    >>> events = dated_events(x, y, day, crs="EPSG:32616", zone="UTC")
    >>> grid = square_grid(shapely.box(5e5, 4e6, 502e3, 4002e3), 100, crs="EPSG:32616")
    >>> found = emerging_hot_spots(space_time_cube(events, grid, step=7)).frame
    >>> found.loc[found["cell_x"].eq(500_850) & found["cell_y"].eq(4_000_850), "category"].item()
    'new hot spot'
    """
    if confidence not in LEVELS:
        raise ParameterError(f"Unknown confidence {confidence!r}.", "Use 90, 95 or 99.")
    if correction not in CORRECTION_NAMES:
        raise ParameterError(f"Unknown correction {correction!r}.", "Use bh, by, bonferroni or none.")
    grid = cube.grid
    found = cube_hot_spots(cube.counts, grid.inside, correction=correction, seed=seed)
    trend = mann_kendall(found.z[1:].T)
    least = LEVELS[confidence][0]
    category = development_category(found.bins.T, trend.z, trend.p_value, confidence=confidence)
    frame = grid.to_frame(
        category=category,
        count=cube.counts[:, grid.inside].sum(axis=0),
        hot_steps=np.count_nonzero(found.bins >= least, axis=0),
        cold_steps=np.count_nonzero(found.bins <= -least, axis=0),
        last_bin=found.bins[-1],
        trend_z=trend.z,
        trend_p=trend.p_value,
    )
    return EmergingHotSpots(frame, found, cube, _summary(frame, cube, found, correction, confidence, seed))


def development_category(
    bins: npt.ArrayLike, trend_z: npt.ArrayLike, trend_p: npt.ArrayLike, *, confidence: Literal[90, 95, 99] = 90
) -> npt.NDArray[np.object_]:
    """Name the development of each cell.

    Parameters
    ----------
    bins : array_like of int, shape (n, n_steps)
        ``gi_bin`` of each cell, oldest step first.
    trend_z, trend_p : array_like of float, shape (n,)
        Mann-Kendall trend of each cell's z-scores.
    confidence : {90, 95, 99}
        From which a bin is a hot or cold spot and a trend is one.

    Returns
    -------
    ndarray of str, shape (n,)
        One of `CATEGORIES`.

    Raises
    ------
    ParameterError
        Shapes that do not fit, bins outside -3 to 3, numbers that are not finite, or an unknown confidence.

    Notes
    -----
    The first that fits, for hot spots; cold spots likewise with hot and cold, rise and fall changed round:

    - new: hot at the last step and never before.
    - consecutive: one unbroken run of two or more hot steps up to the last, never hot before it, and hot in less than
      90 % of all steps.
    - intensifying: hot in at least 90 % of the steps, the last among them, and the z-scores rise significantly.
    - persistent: hot in at least 90 % of the steps, with no trend up or down.
    - diminishing: hot in at least 90 % of the steps, the last among them, and the z-scores fall significantly.
    - sporadic: hot at the last step, on and off before; hot in less than 90 % of the steps and never cold.
    - oscillating: hot at the last step and cold at some step before; hot in less than 90 % of the steps.
    - historical: not hot at the last step, but in at least 90 % of the steps.
    - no pattern: none of these.

    Esri's text leaves three cases open. A cell that is hot in 90 % of the steps but not the last, without a trend, fits
    persistent and historical: it is historical here. A cell that was cold once and is hot for the first time at the end
    fits new (or consecutive) and oscillating: the first in Esri's list is taken. A cell that was hot in 90 % of the
    steps and is cold at the last is a historical hot spot and a new cold spot: what it is now is taken.

    References
    ----------
    Esri. How Emerging Hot Spot Analysis works. ArcGIS Pro documentation, Space Time Pattern Mining toolbox.

    Examples
    --------
    >>> bins = [[0, 0, 0, 3], [0, 0, 2, 3], [3, 3, 3, 3], [0, 1, 0, 1], [-1, 1, 0, 1], [0, 3, 0, 0]]
    >>> development_category(bins, [0.0] * 6, [1.0] * 6).tolist()[:3]
    ['new hot spot', 'consecutive hot spot', 'persistent hot spot']
    >>> development_category(bins, [0.0] * 6, [1.0] * 6).tolist()[3:]
    ['sporadic hot spot', 'oscillating hot spot', 'no pattern']
    """
    classes, z, p = np.asarray(bins), np.asarray(trend_z, dtype=np.float64), np.asarray(trend_p, dtype=np.float64)
    if confidence not in LEVELS:
        raise ParameterError(f"Unknown confidence {confidence!r}.", "Use 90, 95 or 99.")
    if classes.ndim != 2 or classes.shape[1] < 2 or z.shape != (classes.shape[0],) or p.shape != z.shape:
        raise ParameterError("Bins and trends do not fit.", "Give two or more steps and one trend a cell.")
    if classes.dtype.kind not in "iu" or (classes.size and np.abs(classes).max() > 3):
        raise ParameterError("Bins are the whole numbers from -3 to 3.", "Use the classes of the hot spots.")
    if not (np.isfinite(z).all() and np.isfinite(p).all()):
        raise ParameterError("A trend is not a finite number.", "Use the result of mann_kendall.")
    least, level = LEVELS[confidence]
    trend = np.where(p <= level, np.sign(z), 0.0)
    hot, cold = classes >= least, classes <= -least
    as_hot, as_cold = _side(hot, cold, trend, "hot spot"), _side(cold, hot, -trend, "cold spot")
    return np.where((as_cold != "no pattern") & ~hot[:, -1] & (cold[:, -1] | (as_hot == "no pattern")), as_cold, as_hot)


def _side(spot: BoolArray, opposite: BoolArray, trend: npt.NDArray[np.float64], name: str) -> npt.NDArray[np.object_]:
    """Name the development of hot spots (or, all turned round, of cold spots)."""
    steps = spot.shape[1]
    times = np.count_nonzero(spot, axis=1)
    last = spot[:, -1]
    mostly = times >= MOST_OF_THE_TIME * steps - 1e-9
    final_run = np.where(spot.all(axis=1), steps, np.argmin(spot[:, ::-1], axis=1))
    only_now = last & (final_run == times)
    conditions = [
        only_now & (times == 1),
        only_now & (times >= 2) & ~mostly,
        mostly & last & (trend > 0),
        mostly & last & (trend == 0),
        mostly & last & (trend < 0),
        last & ~mostly & ~opposite.any(axis=1),
        last & ~mostly & opposite.any(axis=1),
        mostly & ~last,
    ]
    named = np.select(conditions, [f"{pattern} {name}" for pattern in PATTERNS], "no pattern")
    return named.astype(object)


def _summary(
    frame: gpd.GeoDataFrame,
    cube: SpaceTimeCube,
    found: CubeHotSpots,
    correction: Correction,
    confidence: int,
    seed: int,
) -> Summary:
    """Describe the development."""
    tally = {name: int((frame["category"] == name).sum()) for name in CATEGORIES}
    seen = "; ".join(f"{count:,} {name}{'s' if count > 1 else ''}" for name, count in tally.items()
                     if count and name != "no pattern")  # fmt: skip
    length = "a calendar month" if cube.step_days is None else f"{cube.step_days} days"
    left_out = sum(cube.excluded.values())
    p_value = "exact conditional permutation" if found.permutations is None else f"{found.permutations:,} permutations"
    reading = (
        f"{cube.n_used:,} events in {cube.n_steps} steps of {length}, from {cube.starts[0]} to {cube.end} (that day "
        f"not counted), on {len(frame):,} cells of {cube.grid.cell_m:g} m: {seen or 'no spot with a pattern'}; "
        f"{tally['no pattern']:,} cells without a pattern. {left_out:,} events were left out. New and consecutive hot "
        "spots are where crime has lately gathered; persistent and intensifying ones are where it has long been."
    )
    return Summary(
        method="Emerging hot spots",
        parameters={
            "cell_m": cube.grid.cell_m,
            "step": length,
            "steps": cube.n_steps,
            "start": cube.starts[0],
            "end": cube.end,
            "neighbours": "queen contiguity with the cell itself, this step and the one before, binary weights",
            "p_value": f"{p_value}, two-sided",
            "correction": correction,
            "confidence": confidence,
            "trend": "Mann-Kendall on z from the second step, ties and continuity corrected",
            "categories": {name: count for name, count in tally.items() if count},
        },
        n_used=cube.n_used,
        excluded=cube.excluded,
        crs=crs_name(cube.grid.crs),
        study_area_km2=cube.grid.study_area_km2,
        reading=reading,
        warnings=_notices(cube),
        seed=None if found.permutations is None else seed,
    )


def _notices(cube: SpaceTimeCube) -> tuple[Notice, ...]:
    """Warn of few events and of a missing study area."""
    notices = list(cube.notices)
    if cube.n_used < FEW_EVENTS:
        notices.append(
            Notice("few_events", f"Only {cube.n_used} events are in the cube: most patterns cannot be seen.")
        )
    if cube.grid.from_points:
        notices.append(
            Notice(
                "no_study_area",
                "No study area was given: mean and significance depend on the bounding rectangle of the events.",
            )
        )
    return tuple(notices)
