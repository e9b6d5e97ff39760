"""Do the hot spots stay when the grid moves? The same analysis over several origins and cell sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.errors import AnalysisError, ParameterError
from analysis.grids.cell_grid import CellGrid
from analysis.grids.hexagons import HexagonGrid, hexagon_grid
from analysis.grids.square import square_grid
from analysis.hot_spots.conditional_permutation import IntArray
from analysis.hot_spots.getis_ord import HotSpots, hot_spots
from analysis.hot_spots.hot_spot_reading import nullable
from analysis.hot_spots.significance import Correction
from analysis.projection import FloatArray
from analysis.summary import Notice, Summary

SIZES = (0.75, 1.0, 1.25)
"""Cell sizes of the runs, in cells of the reference grid."""

SIGNIFICANT = 2
"""Smallest class, either side, that counts as hot or cold: q at most 0.05."""

STABLE, OFTEN = 0.8, 0.5
MOST_RUNS = 400


@dataclass(frozen=True)
class Run:
    """One analysis.

    Attributes
    ----------
    cell_m : float
        Metres.
    origin_x, origin_y : float
        A corner (square) or a centre (hexagon) of the grid, metres.
    hot, cold : int
        Cells with q at most 0.05.
    failure : str
        Why it gave no map, empty where it did.
    """

    cell_m: float
    origin_x: float
    origin_y: float
    hot: int
    cold: int
    failure: str = ""


@dataclass(frozen=True)
class Sensitivity:
    """How the hot spots of a grid fare on other grids.

    Attributes
    ----------
    frame : GeoDataFrame
        The cells of the reference grid with the columns of `hot_spots.getis_ord.HotSpots`, before them ``hot_share``
        and ``cold_share`` (of the runs that cover the centre of the cell, those in which it lies in a hot or a cold
        cell, 0 to 1), ``runs`` (their number) and ``stability``: ``"stable hot"`` or ``"stable cold"`` (at least 80 %
        of runs), ``"often hot"``, ``"often cold"`` (at least 50 %), ``"sometimes hot"``, ``"sometimes cold"``,
        ``"never"``. A null share: no run covers the place.
    runs : tuple of Run
        The first is the reference grid.
    summary : Summary
    """

    frame: gpd.GeoDataFrame
    runs: tuple[Run, ...]
    summary: Summary


def hot_spot_sensitivity(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    grid: CellGrid,
    *,
    sizes: Sequence[float] = SIZES,
    origins: int = 4,
    correction: Correction = "bh",
    seed: int = 0,
) -> Sensitivity:
    """Repeat Gi* over several origins and cell sizes, and count how often each place is hot or cold.

    Parameters
    ----------
    x, y : array_like of float, shape (n,)
        Events, metres in the CRS of the grid.
    grid : SquareGrid or HexagonGrid
        The reference, laid over a study area; the other grids are of the same shape over the same area.
    sizes : sequence of float
        Cell sizes of the runs, in cells of the reference grid.
    origins : int
        Runs of each size; each has a grid moved by a random part of a cell.
    correction : {"bh", "by", "bonferroni", "none"}
    seed : int
        Of the moves.

    Returns
    -------
    Sensitivity

    Raises
    ------
    ParameterError
        A grid without a study area, no run, too many, or a size that is no positive number.
    AnalysisError
        The reference analysis itself fails, see `analysis.hot_spots.getis_ord.hot_spots`.

    Notes
    -----
    Cells are an arbitrary way to cut a map. A hot spot that a shift of half a cell removes is a product of the cut (the
    modifiable areal unit problem); one that stays in four of five runs is a property of the place. The reference grid
    is a run as well. Runs that fail, such as those of cells so large that all hold the same, are named and not counted.

    References
    ----------
    Openshaw, S. (1984). The Modifiable Areal Unit Problem. Geo Books.

    Examples
    --------
    >>> import shapely
    >>> random = np.random.default_rng(0)
    >>> x, y = np.r_[random.uniform(0, 4000, (300, 2)), random.normal(2000, 150, (80, 2))].T
    >>> grid = square_grid(shapely.box(0, 0, 4000, 4000), 250, crs="EPSG:32616")
    >>> found = hot_spot_sensitivity(x, y, grid, origins=2)
    >>> len(found.runs), float(found.frame["hot_share"].max())
    (7, 1.0)
    """
    _check_plan(grid, sizes, origins)
    reference = hot_spots(x, y, grid, correction=correction, seed=seed)
    tally = _Tally(grid)
    runs = [tally.add(grid, reference)]
    moves = np.random.default_rng(seed).random((len(sizes), origins, 2))
    for size, parts in zip(sizes, moves.tolist(), strict=True):
        for part_x, part_y in parts:
            cell_m = size * grid.cell_m
            origin = grid.origin_x + part_x * cell_m, grid.origin_y + part_y * cell_m
            try:
                moved = _laid_anew(grid, cell_m, origin)
                found = hot_spots(x, y, moved, correction=correction, seed=seed)
            except AnalysisError as error:
                runs.append(Run(cell_m, *origin, 0, 0, str(error)))
            else:
                runs.append(tally.add(moved, found))
    return _sensitivity(reference, tally, tuple(runs), seed)


def _check_plan(grid: CellGrid, sizes: Sequence[float], origins: int) -> None:
    """Refuse runs that cannot be made."""
    if grid.study_area is None:
        raise ParameterError(
            "The grid has no study area, so other grids would cover other ground.", "Lay it over the boundary."
        )
    if not 1 <= origins * len(sizes) < MOST_RUNS:
        raise ParameterError(
            f"{len(sizes)} cell sizes with {origins} origins each are no plan.", f"Give 1 to {MOST_RUNS - 1} in all."
        )
    if not all(math.isfinite(size) and size > 0 for size in sizes):
        raise ParameterError(f"The cell sizes are {list(sizes)}.", "Give positive multiples of the reference cell.")


def _laid_anew(grid: CellGrid, cell_m: float, origin: tuple[float, float]) -> CellGrid:
    """Return a grid of the same shape over the same study area."""
    if isinstance(grid, HexagonGrid):
        return hexagon_grid(grid.study_area, cell_m, crs=grid.crs, origin_m=origin)
    return square_grid(grid.study_area, cell_m, crs=grid.crs, origin_m=origin)


class _Tally:
    """Runs, hot runs and cold runs at the centres of the cells of the reference grid."""

    def __init__(self, grid: CellGrid) -> None:
        self.x, self.y = grid.centres()
        self.runs, self.hot, self.cold = (np.zeros(grid.n_cells, np.int64) for _ in range(3))

    def add(self, grid: CellGrid, found: HotSpots) -> Run:
        """Count a run and return its record."""
        cell = grid.cell_of(self.x, self.y)
        covered = cell >= 0
        bins = found.frame["gi_bin"].to_numpy()
        here = bins[np.searchsorted(grid.cells, cell[covered])]
        self.runs[covered] += 1
        self.hot[covered] += here >= SIGNIFICANT
        self.cold[covered] += here <= -SIGNIFICANT
        hot, cold = int(np.count_nonzero(bins >= SIGNIFICANT)), int(np.count_nonzero(bins <= -SIGNIFICANT))
        return Run(grid.cell_m, grid.origin_x, grid.origin_y, hot, cold)


def _sensitivity(reference: HotSpots, tally: _Tally, runs: tuple[Run, ...], seed: int) -> Sensitivity:
    """Return shares, stability and what they say."""
    shares = [np.divide(count, np.maximum(tally.runs, 1)) for count in (tally.hot, tally.cold)]
    stability = _stability(*shares)
    frame = reference.frame.copy()
    covered = tally.runs > 0
    frame.insert(0, "hot_share", nullable(shares[0], covered))
    frame.insert(1, "cold_share", nullable(shares[1], covered))
    frame.insert(2, "runs", tally.runs)
    frame.insert(3, "stability", pd.array(stability.tolist(), dtype="string"))
    told = reference.summary
    sizes = sorted({run.cell_m for run in runs})
    failed = [run for run in runs if run.failure]
    notices = [*told.warnings]
    if failed:
        notices.append(Notice("runs_failed", f"{len(failed)} of {len(runs)} runs gave no map: {failed[0].failure}"))
    summary = Summary(
        method="Sensitivity of Getis-Ord Gi* to the grid",
        parameters={**told.parameters, "runs": len(runs), "cell_sizes_m": sizes, "significant": "q <= 0.05"},
        n_used=told.n_used,
        excluded=told.excluded,
        crs=told.crs,
        study_area_km2=told.study_area_km2,
        reading=_reading(frame, stability, len(runs) - len(failed), sizes),
        warnings=tuple(notices),
        seed=seed,
    )
    return Sensitivity(frame, runs, summary)


def _stability(hot: FloatArray, cold: FloatArray) -> npt.NDArray[np.str_]:
    """Name how often each place is hot or cold, by whichever is the more often."""
    share, side = np.maximum(hot, cold), np.where(hot >= cold, " hot", " cold")
    often = np.select([share >= STABLE, share >= OFTEN], ["stable", "often"], "sometimes")
    return np.where(share > 0, np.char.add(often, side), "never")


def _reading(frame: gpd.GeoDataFrame, stability: npt.NDArray[np.str_], runs: int, sizes: list[float]) -> str:
    """Say in plain language what stays."""
    hot: IntArray = np.flatnonzero(frame["gi_bin"].to_numpy() >= SIGNIFICANT)
    kept = int(np.count_nonzero(stability[hot] == "stable hot"))
    doubtful = int(np.count_nonzero(~np.isin(stability[hot], ["stable hot", "often hot"])))
    missed = int(np.count_nonzero(stability == "stable hot")) - kept
    verdict = (
        f"Of {hot.size:,} cells that are hot at 95 % confidence on the reference grid, {kept:,} are hot in at least "
        f"80 % of the runs, and {doubtful:,} in fewer than half of them: those owe their colour to where the lines of "
        "the grid happen to run"
    )
    if hot.size == 0:
        verdict = "No cell of the reference grid is hot at 95 % confidence"
    also = (
        f" {missed:,} more places are hot in at least 80 % of the runs but not on the reference grid." if missed else ""
    )
    return (
        f"Gi* was repeated {runs} times with the grid moved and with cells of {sizes[0]:g} to {sizes[-1]:g} m. "
        f"{verdict}.{also} Act first on places that stay hot."
    )
