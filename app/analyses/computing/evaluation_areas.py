"""Where a fix is evaluated: its own area, controls matched on their history, and the buffers around them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from analysis.errors import AnalysisError, GeometryError
from analysis.evaluation.comparison_areas import displacement_buffer, overlap_guard, suggest_controls
from analysis.evaluation.expected_baseline import ExpectedBaseline, expected_baseline
from analysis.evaluation.guards import Guard
from analysis.siting.catalogue import CATALOGUE
from analysis.summary import Notice
from app.analyses.computing.control_candidates import control_candidates, copies
from app.analyses.inputs import AnalysisInput
from app.analyses.parameters.fixes import FixEvaluationParameters
from app.events.service import polygon_of_geojson

REACH_M = {kind.code: kind.reach_m for kind in CATALOGUE}
USUAL_REACH_M = 50.0
Counts = npt.NDArray[np.float64]


@dataclass(frozen=True)
class MonthlyEvents:
    """Events by month, with their places.

    Attributes
    ----------
    points : ndarray of shapely.Point, shape (n,)
    month : ndarray of int64, shape (n,)
        Position in `months`; -1 for events of other months.
    months : DatetimeIndex
        First day of each month.
    """

    points: npt.NDArray[np.object_]
    month: npt.NDArray[np.int64]
    months: pd.DatetimeIndex

    def of(self, areas: npt.NDArray[np.object_]) -> Counts:
        """Return the events of each area by month, shape (n_areas, n_months)."""
        area, event = shapely.STRtree(self.points).query(areas, "intersects")
        known = self.month[event] >= 0
        place = area[known] * len(self.months) + self.month[event[known]]
        tally = np.bincount(place, minlength=len(areas) * len(self.months))
        return tally.reshape(len(areas), len(self.months)).astype(np.float64)


@dataclass(frozen=True)
class EvaluationAreas:
    """The areas that are compared.

    Attributes
    ----------
    treated, buffer : BaseGeometry
    controls, control_buffers : tuple of BaseGeometry
        Of the same order; none makes the evaluation uncontrolled.
    table : DataFrame or None
        How controls were chosen: ``rank, events, monthly_mean, history_distance, area_m2, place``.
    overlap : Guard
    baseline : ExpectedBaseline or None
    notices : tuple of Notice
    """

    treated: BaseGeometry
    buffer: BaseGeometry
    controls: tuple[BaseGeometry, ...]
    control_buffers: tuple[BaseGeometry, ...]
    table: pd.DataFrame | None
    overlap: Guard
    baseline: ExpectedBaseline | None = None
    notices: tuple[Notice, ...] = field(default_factory=tuple)


def treated_area(fixes: gpd.GeoDataFrame, reach_m: float | None) -> BaseGeometry:
    """Return the area that fixes work on: so far around each as its kind reaches."""
    return shapely.union_all(shapely.buffer(fixes.geometry.to_numpy(), _reaches(fixes, reach_m)))


def _reaches(fixes: gpd.GeoDataFrame, reach_m: float | None) -> list[float]:
    return [reach_m or REACH_M.get(kind, USUAL_REACH_M) for kind in fixes["kind"]]


def evaluation_areas(
    found: AnalysisInput,
    parameters: FixEvaluationParameters,
    fixes: gpd.GeoDataFrame,
    events: MonthlyEvents,
    before: npt.NDArray[np.bool_],
) -> EvaluationAreas:
    """Return the areas of an evaluation.

    Parameters
    ----------
    found : AnalysisInput
    parameters : FixEvaluationParameters
    fixes : GeoDataFrame
        The fix, or those of the bundle.
    events : MonthlyEvents
    before : ndarray of bool, shape (n_months,)
        Months before the work began: the only ones that controls are matched on.

    Raises
    ------
    GeometryError
        Nothing is left of the buffer of the treated area.
    """
    treated = treated_area(fixes, parameters.reach_m)
    others = _other_fixes(found, fixes, parameters.reach_m, treated)
    baseline = None
    if parameters.expected_baseline:
        baseline = _baseline(events.of(copies(found.study_area, treated))[:, before])
    kept_clear = _Treated(treated, max(_reaches(fixes, parameters.reach_m)), others)
    controls, table, notices = _controls(found, parameters, kept_clear, events, before)
    buffer = displacement_buffer(treated, parameters.buffer_m, crs=found.crs, keep_clear=[*controls, *others])
    rings = tuple(_ring(control, parameters.buffer_m, found, [treated, buffer, *others]) for control in controls)
    named = {"treated area": treated, "its buffer": buffer}
    named |= {f"control {rank}": control for rank, control in enumerate(controls, start=1)}
    named |= {f"buffer of control {rank}": ring for rank, ring in enumerate(rings, start=1)}
    return EvaluationAreas(treated, buffer, controls, rings, table, overlap_guard(named), baseline, notices)


def _other_fixes(
    found: AnalysisInput, fixes: gpd.GeoDataFrame, reach_m: float | None, treated: BaseGeometry
) -> list[BaseGeometry]:
    """Return what other fixes work on, as far as it is not treated here too."""
    every = found.town.fixes
    if every is None:
        return []
    rest = every[~every["fix"].isin(fixes["fix"]) & every["status"].isin(["under_way", "done"])]
    areas = [treated_area(rest.iloc[[i]], reach_m).difference(treated) for i in range(len(rest))]
    return [area for area in areas if not area.is_empty]


def _baseline(history: Counts) -> ExpectedBaseline | None:
    counts = history.sum(axis=1)
    return expected_baseline(counts, np.arange(len(counts)) == 0) if len(counts) > 1 and counts[0] > 0 else None


@dataclass(frozen=True)
class _Treated:
    """The treated area, how far it reaches around the fixes, and where other fixes work."""

    area: BaseGeometry
    reach_m: float
    others: list[BaseGeometry]


def _controls(
    found: AnalysisInput,
    parameters: FixEvaluationParameters,
    treated: _Treated,
    events: MonthlyEvents,
    before: npt.NDArray[np.bool_],
) -> tuple[tuple[BaseGeometry, ...], pd.DataFrame | None, tuple[Notice, ...]]:
    if parameters.control_area is not None:
        area = polygon_of_geojson(parameters.control_area.model_dump(mode="json"))
        own = gpd.GeoSeries([area], crs="EPSG:4326").to_crs(found.crs).iloc[0]
        return (own,), None, ()
    if parameters.controls == 0:
        return (), None, ()
    try:
        candidates = control_candidates(found, parameters, treated.area, treated.reach_m)
        suggested = suggest_controls(
            gpd.GeoSeries(candidates.areas, crs=found.crs),
            events.of(candidates.areas)[:, before],
            0,
            buffer_m=parameters.buffer_m,
            number=parameters.controls,
            occupied=treated.others,
        )
    except AnalysisError as error:
        return (), None, (Notice("no_control", f"No control area was found: {error.message} {error.hint}"),)
    frame = suggested.frame
    table = pd.DataFrame(frame.drop(columns=["geometry", "area"])).round(3)
    table["area_m2"] = shapely.area(frame.geometry.to_numpy()).round()
    table["place"] = candidates.places[frame["area"].to_numpy()]
    return tuple(frame.geometry), table, suggested.summary.warnings


def _ring(control: BaseGeometry, width_m: float, found: AnalysisInput, clear: list[BaseGeometry]) -> BaseGeometry:
    try:
        return displacement_buffer(control, width_m, crs=found.crs, keep_clear=clear)
    except GeometryError:
        return shapely.Polygon()


def areas_frame(
    areas: EvaluationAreas, sums: Callable[[BaseGeometry], tuple[float, float]], crs: Any
) -> gpd.GeoDataFrame:
    """Return the areas as a layer, buffers first: ``role, rank, events_before, events_after``."""
    rows: list[tuple[str, int | None, BaseGeometry]] = [("buffer", None, areas.buffer)]
    rows += [("control_buffer", rank, ring) for rank, ring in enumerate(areas.control_buffers, 1) if not ring.is_empty]
    rows += [("control", rank, control) for rank, control in enumerate(areas.controls, 1)]
    rows.append(("treated", None, areas.treated))
    counted = [sums(shape) for _, _, shape in rows]
    return gpd.GeoDataFrame(
        {
            "role": [role for role, _, _ in rows],
            "rank": pd.array([rank for _, rank, _ in rows], dtype="Int64"),
            "events_before": [before for before, _ in counted],
            "events_after": [after for _, after in counted],
        },
        geometry=[shape for _, _, shape in rows],
        crs=crs,
    )
