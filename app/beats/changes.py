"""What changes from one plan to another, as areas and as columns of the beats."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from analysis.beats.comparison import PlanComparison
from analysis.beats.plan import BeatPlan
from analysis.beats.problem import BeatProblem

CHANGES = ("residents_before", "residents_in", "residents_out", "workload_before", "officer_before")
"""Columns that `with_changes` adds to the beats of the later plan."""


def moved_areas(
    problem: BeatProblem, before: NDArray[Any], after: NDArray[Any], moved: NDArray[np.bool_]
) -> gpd.GeoDataFrame:
    """Return the areas whose residents change beat, one for each pair of beats.

    Parameters
    ----------
    problem : BeatProblem
    before, after : ndarray of str or None, shape (n,)
        Beat of each unit in the earlier and the later plan.
    moved : ndarray of bool, shape (n,)
        Units that change beat.

    Returns
    -------
    GeoDataFrame
        ``beat_before``, ``beat_after``, ``units``, ``residents`` and the area in the CRS of the units.
    """
    at = np.flatnonzero(moved)
    table = pd.DataFrame({"beat_before": before[at], "beat_after": after[at], "residents": problem.residents[at]})
    groups = list(table.groupby(["beat_before", "beat_after"], sort=True))
    columns = {
        "beat_before": [pair[0] for pair, _ in groups],
        "beat_after": [pair[1] for pair, _ in groups],
        "units": [len(rows) for _, rows in groups],
        "residents": [int(rows["residents"].sum()) for _, rows in groups],
    }
    shapes = [shapely.union_all(problem.polygons[at[rows.index.to_numpy()]]) for _, rows in groups]
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=problem.crs)


def moved_by_plan(plan: BeatPlan) -> gpd.GeoDataFrame | None:
    """Return the areas whose residents get another beat than in the plan in force; None where there is none."""
    problem = plan.problem
    if not problem.current_names:
        return None
    before = np.array([*problem.current_names, None], dtype=object)[problem.current]
    after = np.array(plan.beat_ids, dtype=object)[plan.beat_of_unit]
    return moved_areas(problem, before, after, (problem.current >= 0) & (before != after))


def moved_between(
    problem: BeatProblem, before: pd.DataFrame, after: pd.DataFrame, comparison: PlanComparison
) -> gpd.GeoDataFrame:
    """Return the areas whose residents change beat between two tables ``unit_id,beat_id`` that were compared."""
    moved = np.isin(problem.unit_ids.astype(str), [str(unit) for unit in comparison.moved_unit_ids])
    return moved_areas(problem, _beats_of_units(problem, before), _beats_of_units(problem, after), moved)


def with_changes(beats: gpd.GeoDataFrame, comparison: PlanComparison) -> gpd.GeoDataFrame:
    """Return the beats of the later plan with what they were before: see `CHANGES`."""
    table = comparison.beats[comparison.beats["beat_after"].notna()].set_index("beat_after")
    known = table.reindex(beats["beat_id"].astype(str))
    return beats.assign(**{name: known[name].to_numpy() for name in CHANGES})


def _beats_of_units(problem: BeatProblem, table: pd.DataFrame) -> NDArray[Any]:
    held = dict(zip(table["unit_id"].astype(str), table["beat_id"], strict=True))
    return np.array([held.get(str(unit)) for unit in problem.unit_ids.tolist()], dtype=object)
