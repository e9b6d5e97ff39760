"""What lies over each street besides its lighting: hot spots, danger zones and fixes."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from analysis.errors import AnalysisError
from analysis.grids.square import square_grid
from analysis.hot_spots.getis_ord import hot_spots
from analysis.summary import Notice
from app.analyses.computing.cells import cell_size
from app.analyses.inputs import AnalysisInput

ENDED_ZONES = ("rejected", "duplicate", "passed_on", "fixed", "confirmed")
"""Statuses of danger zones that wait for nothing here."""
COMING, DONE = ("proposed", "planned", "under_way"), ("done",)
UNLIT_SHARE = 0.5
HOT = 1
"""Class of a hot spot (`gi_bin`) from which on a street counts as one: 90 % and more."""
MOST_STREETS = 500
TOLD = ("name", "unlit_share", "gi_bin", "dark_events", "open_zones", "zone_reporters", "fixes_coming", "fixes_done")


def with_overlay(
    frame: gpd.GeoDataFrame, found: AnalysisInput, within_m: float, cell_m: float | None
) -> tuple[gpd.GeoDataFrame, tuple[Notice, ...]]:
    """Return streets with ``gi_bin, open_zones, zone_reporters, fixes_coming, fixes_done`` of their surroundings.

    Parameters
    ----------
    frame : GeoDataFrame
        Street segments.
    found : AnalysisInput
    within_m : float
        Danger zones and fixes so near belong to a street, metres.
    cell_m : float or None
        Size of the cells of the hot spots; suggested where it is None.
    """
    lines = frame.geometry.to_numpy()
    columns: dict[str, object] = {}
    gi_bin, notices = _gi_bin(lines, found, cell_m)
    columns["gi_bin"] = gi_bin
    zones, fixes = found.town.zones, found.town.fixes
    if zones is not None:
        open_ones = zones[~zones["status"].isin(ENDED_ZONES)]
        columns["open_zones"] = _near(lines, open_ones, within_m, None)
        columns["zone_reporters"] = _near(lines, open_ones, within_m, open_ones["reporters"].to_numpy(dtype=float))
    if fixes is not None:
        for name, statuses in (("fixes_coming", COMING), ("fixes_done", DONE)):
            columns[name] = _near(lines, fixes[fixes["status"].isin(statuses)], within_m, None)
    return frame.assign(**columns), notices


def waiting_streets(layer: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the unlit streets in a hot spot or at an open danger zone for which no fix is coming, worst first."""
    unlit = layer["unlit_share"].astype("Float64").fillna(0.0) >= UNLIT_SHARE
    asked = layer["gi_bin"].fillna(0) >= HOT
    if "open_zones" in layer:
        asked |= layer["open_zones"] > 0
    free = layer["fixes_coming"] == 0 if "fixes_coming" in layer else True
    kept = layer[unlit.to_numpy(dtype=bool) & asked.to_numpy(dtype=bool) & free]
    order = [name for name in ("zone_reporters", "gi_bin", "dark_events") if name in kept]
    worst = kept.sort_values(order, ascending=False, kind="stable").head(MOST_STREETS)
    return pd.DataFrame(worst[[name for name in TOLD if name in worst]]).reset_index(drop=True)


def _gi_bin(
    lines: npt.NDArray[np.object_], found: AnalysisInput, cell_m: float | None
) -> tuple[pd.Series, tuple[Notice, ...]]:
    """Return the class of the hot spot that holds the middle of each street; null where there is none."""
    nothing = pd.Series(pd.array([pd.NA] * len(lines), dtype="Int64"))
    if found.study_area is None or not len(found.x):
        return nothing, ()
    try:
        grid = square_grid(found.study_area, cell_size(found, cell_m, len(found.x))[0], crs=found.crs)
        cells = hot_spots(found.x, found.y, grid).frame
    except AnalysisError as error:
        return nothing, (Notice("no_hot_spots", f"No hot spot is told for streets: {error.message}"),)
    middles = shapely.line_interpolate_point(lines, 0.5, normalized=True)
    street, cell = shapely.STRtree(cells.geometry.to_numpy()).query(middles, "intersects")
    nothing.iloc[street] = cells["gi_bin"].to_numpy()[cell]
    return nothing, ()


def _near(
    lines: npt.NDArray[np.object_], shapes: gpd.GeoDataFrame, within_m: float, weight: npt.NDArray[np.float64] | None
) -> npt.NDArray[np.int64]:
    """Return how many shapes lie near each street, or the sum of their weights."""
    if shapes.empty:
        return np.zeros(len(lines), dtype=np.int64)
    street, shape = shapely.STRtree(shapes.geometry.to_numpy()).query(lines, "dwithin", distance=within_m)
    each = None if weight is None else weight[shape]
    return np.bincount(street, each, len(lines)).astype(np.int64)
