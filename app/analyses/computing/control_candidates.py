"""Areas that may become controls: copies of the treated area, street stretches, areal units or beats of like size."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring

from analysis.errors import EmptyInputError
from app.analyses.inputs import AnalysisInput
from app.analyses.parameters.fixes import FixEvaluationParameters

MOST_CANDIDATES = 4_000
Shapes = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Candidates:
    """Areas that may become controls.

    Attributes
    ----------
    areas : ndarray of BaseGeometry, shape (n,)
        The treated area first.
    places : ndarray of str or None, shape (n,)
        What the areas are called, where they have a name.
    """

    areas: Shapes
    places: Shapes


def control_candidates(
    found: AnalysisInput, parameters: FixEvaluationParameters, treated: BaseGeometry, reach_m: float
) -> Candidates:
    """Return the candidates that are asked for.

    Parameters
    ----------
    found : AnalysisInput
    parameters : FixEvaluationParameters
    treated : BaseGeometry
    reach_m : float
        How far a street stretch reaches to its sides, as the fix does.

    Raises
    ------
    EmptyInputError
        There is no area of that sort of like size.
    """
    sort = parameters.control_candidates
    if sort == "copies":
        areas = copies(found.study_area, treated)
        return Candidates(areas, np.full(len(areas), None, dtype=object))
    named = _stretches(found, treated, reach_m) if sort == "streets" else _areas(found, sort)
    alike = _of_like_size(named, treated, parameters.like_size)
    if alike.empty:
        raise EmptyInputError(
            f"None of {len(named):,} {sort.replace('-', ' ')} is as large as the treated area "
            f"({treated.area / 1e4:,.1f} ha), within {parameters.like_size:g} times.",
            "Allow more with like_size, or take other candidates.",
        )
    areas = np.concatenate([np.array([treated], dtype=object), alike.geometry.to_numpy()])
    return Candidates(areas, np.concatenate([np.array([None], dtype=object), alike["place"].to_numpy(dtype=object)]))


def copies(study_area: BaseGeometry | None, treated: BaseGeometry) -> Shapes:
    """Return the treated area and copies of it side by side over the study area, which do not overlap."""
    if study_area is None:
        return np.array([treated], dtype=object)
    left, bottom, right, top = study_area.bounds
    west, south, east, north = treated.bounds
    side = max(east - west, north - south, 1.0)
    step = max(side, float(np.sqrt((right - left) * (top - bottom) / MOST_CANDIDATES)))
    columns = np.arange(np.ceil((left - west) / step), np.floor((right - east) / step) + 1)
    rows = np.arange(np.ceil((bottom - south) / step), np.floor((top - north) / step) + 1)
    shifts = [(x * step, y * step) for y in rows for x in columns if x or y]
    moved = [shapely.transform(treated, lambda corners, by=shift: corners + by) for shift in shifts]
    made = np.array(moved, dtype=object)
    shapely.prepare(study_area)
    kept = made[shapely.covers(study_area, made)] if len(made) else made
    return np.concatenate([np.array([treated], dtype=object), kept])


def _stretches(found: AnalysisInput, treated: BaseGeometry, reach_m: float) -> gpd.GeoDataFrame:
    """Return stretches of streets, as long as the treated area suggests, as areas that reach to both sides."""
    streets = found.known_streets()
    names = streets["name"].fillna("").to_numpy(dtype=object) if "name" in streets else np.full(len(streets), "")
    length = max((treated.area - np.pi * reach_m**2) / (2.0 * reach_m), reach_m)
    lines: list[BaseGeometry] = []
    called: list[str | None] = []
    for name in pd.unique(names):
        merged = shapely.line_merge(shapely.union_all(streets.geometry.to_numpy()[names == name]))
        for line in shapely.get_parts(merged):
            parts = max(1, round(line.length / length))
            lines += [substring(line, i / parts, (i + 1) / parts, normalized=True) for i in range(parts)]
            called += [name or None] * parts
    kept = np.linspace(0, len(lines) - 1, min(len(lines), MOST_CANDIDATES)).astype(int)
    areas = shapely.buffer(np.array(lines, dtype=object)[kept], reach_m)
    frame = gpd.GeoDataFrame({"place": np.array(called, dtype=object)[kept]}, geometry=areas, crs=found.crs)
    return frame if found.study_area is None else frame[frame.within(found.study_area)]


def _areas(found: AnalysisInput, sort: str) -> gpd.GeoDataFrame:
    """Return areal units or beats."""
    layer = found.units if sort == "areal-units" else found.town.beats
    if layer is None or layer.empty:
        raise EmptyInputError(f"There are no {sort.replace('-', ' ')}.", "Import them, or take other candidates.")
    name = layer["unit_id" if sort == "areal-units" else "beat"].astype(str).to_numpy(dtype=object)
    frame = gpd.GeoDataFrame({"place": name}, geometry=layer.geometry.to_numpy(), crs=found.crs)
    return frame[frame.area > 0]


def _of_like_size(frame: gpd.GeoDataFrame, treated: BaseGeometry, factor: float) -> gpd.GeoDataFrame:
    times = frame.area / treated.area
    alike = frame[(times <= factor) & (times >= 1.0 / factor)]
    kept = np.linspace(0, len(alike) - 1, min(len(alike), MOST_CANDIDATES)).astype(int)
    return alike.iloc[kept]
