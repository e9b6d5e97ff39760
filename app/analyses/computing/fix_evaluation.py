"""Did a fix work? Months before and after in its area, in controls and in the buffers, with every guard told."""

from __future__ import annotations

import dataclasses
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from analysis.errors import AnalysisError, EmptyInputError, ParameterError
from analysis.evaluation.count_design import BeforeAfter
from analysis.evaluation.fix_evaluation import FixEvaluation, NightAndDay, evaluate_fix
from analysis.evaluation.guards import StudyConditions
from analysis.evaluation.monthly_panel import MonthlyPanel, monthly_panel
from analysis.evaluation.recording_practice import recording_break
from analysis.summary import Notice
from app.analyses.computing.evaluation_areas import EvaluationAreas, MonthlyEvents, areas_frame, evaluation_areas
from app.analyses.computing.evaluation_tables import measures_table
from app.analyses.computing.lighting import light_at
from app.analyses.inputs import AnalysisInput, AnalysisResult, Layer
from app.analyses.parameters.fixes import FixEvaluationParameters

WHOLE_MONTH_SLACK_DAYS = 7
"""A first or last month that lacks more days than this is not compared."""


def compute(found: AnalysisInput, parameters: FixEvaluationParameters, _seed: int) -> AnalysisResult:
    """Return the layer ``evaluation-areas`` and the tables ``monthly-panel, guards, measures, controls``."""
    fixes = _evaluated(found, parameters)
    began, finished = _dates(fixes, parameters)
    events, told = _monthly_events(found)
    before = np.asarray(events.months < pd.Timestamp(began.year, began.month, 1))
    areas = evaluation_areas(found, parameters, fixes, events, before)
    rows = {name: events.of(np.array(shapes, dtype=object)).sum(axis=0) for name, shapes in _shapes(areas).items()}
    treated = rows["treated"]
    if areas.baseline is not None:
        treated = np.where(before, treated * (1.0 + areas.baseline.regression), treated)
    span = {"start": began, "finished": finished}
    panel = monthly_panel(
        events.months, treated, rows.get("control"), control_size=_size(areas.controls, areas.treated), **span
    )
    buffer = None
    if areas.controls:
        sizes = _size(areas.control_buffers, areas.buffer)
        buffer = monthly_panel(events.months, rows["buffer"], rows["control_buffer"], control_size=sizes, **span)
    conditions, break_notice = _conditions(parameters, events, rows["treated"], areas)
    night = _night_and_day(found, parameters, areas, panel)
    evaluation = evaluate_fix(
        panel, buffer=buffer, night_and_day=night, conditions=conditions, confidence=parameters.confidence
    )
    told = told.with_excluded({}, *areas.notices, *break_notice)
    return _result(told, parameters, _Study(fixes, (began, finished), areas, events, rows, panel), evaluation)


def _evaluated(found: AnalysisInput, parameters: FixEvaluationParameters) -> gpd.GeoDataFrame:
    fixes = found.town.fixes
    column, key = ("fix", parameters.fix_id) if parameters.fix_id is not None else ("bundle", parameters.bundle_id)
    chosen = fixes[fixes[column] == key].reset_index(drop=True) if fixes is not None else None
    if chosen is None or chosen.empty:
        what = "fix" if column == "fix" else "bundle with fixes"
        raise EmptyInputError(f"There is no {what} {key}.", "The list of fixes shows their numbers.")
    return chosen


def _dates(fixes: gpd.GeoDataFrame, parameters: FixEvaluationParameters) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return when the work began, and from when on everything was in place."""
    begins, ends = fixes["started_on"].dropna(), fixes["ended_on"].dropna()
    began = parameters.began_on or (begins.min() if len(begins) else ends.min() if len(ends) else None)
    finished = parameters.finished_on or (ends.max() if len(ends) == len(fixes) else None)
    if began is None:
        raise ParameterError("It is not known when the work began.", "Record it with the fix, or give began_on.")
    if finished is None:
        raise ParameterError(
            "It is not known since when the fix is in place: it is not done.", "Record it, or give finished_on."
        )
    return pd.Timestamp(began), pd.Timestamp(finished)


def _monthly_events(found: AnalysisInput) -> tuple[MonthlyEvents, AnalysisInput]:
    """Return the events by whole month, and the input with what was left out."""
    dated = found.dated("month")
    first = pd.Timestamp(found.first_day) if found.first_day else pd.Timestamp(int(dated.day.min()), unit="D")
    last = pd.Timestamp(found.last_day) if found.last_day else pd.Timestamp(int(dated.day.max()), unit="D")
    begin = first.to_period("M") + (1 if first.day > WHOLE_MONTH_SLACK_DAYS else 0)
    end = last.to_period("M") - (1 if last.days_in_month - last.day > WHOLE_MONTH_SLACK_DAYS else 0)
    if end < begin:
        raise ParameterError("The events cover no whole month.", "Give a longer period.")
    months = pd.period_range(begin, end, freq="M")
    position = dated.month - months[0].ordinal
    inside = (position >= 0) & (position < len(months))
    events = MonthlyEvents(shapely.points(dated.x, dated.y), np.where(inside, position, -1), months.to_timestamp())
    return events, found.with_excluded({**dated.excluded, "month_not_whole": int((~inside).sum())}, *dated.notices)


def _shapes(areas: EvaluationAreas) -> dict[str, list[Any]]:
    shapes = {"treated": [areas.treated], "buffer": [areas.buffer]}
    if areas.controls:
        shapes |= {"control": list(areas.controls), "control_buffer": list(areas.control_buffers)}
    return shapes


def _size(controls: tuple[Any, ...], treated: Any) -> float:
    """Return how many times as large as a treated area its controls are; 1 where there is none to compare."""
    return float(shapely.area(list(controls)).sum() / treated.area) or 1.0


def _conditions(
    parameters: FixEvaluationParameters,
    events: MonthlyEvents,
    treated: npt.NDArray[np.float64],
    areas: EvaluationAreas,
) -> tuple[StudyConditions, tuple[Notice, ...]]:
    """Return what is known about the choice of areas and periods, and a notice of a break in the records."""
    changed = parameters.recording_changed
    notices: tuple[Notice, ...] = ()
    if changed is None:
        town = np.bincount(events.month[events.month >= 0], minlength=len(events.months)) - treated
        try:
            jump = recording_break(events.months, town)
        except AnalysisError:
            jump = None
        if jump is not None:
            changed = jump.is_break
            message = f"The records of the whole town jump in {jump.month} to {jump.ratio:.2f} times the level before."
            notices = (Notice("recording_break", message),) if jump.is_break else ()
    conditions = StudyConditions(
        selected_on=parameters.selected_on,
        expected_baseline=areas.baseline is not None,
        areas_overlap=areas.overlap.outcome == "refused",
        recording_changed=changed,
    )
    return conditions, notices


def _night_and_day(
    found: AnalysisInput,
    parameters: FixEvaluationParameters,
    areas: EvaluationAreas,
    panel: MonthlyPanel,
) -> NightAndDay | None:
    """Return expected events in the dark and by day, before and after; None where no clock tells."""
    light = light_at(found, parameters)
    if isinstance(light, Notice):
        return None
    months = found.event_times().begin.tz_convert(found.zone).tz_localize(None).to_numpy().astype("datetime64[M]")
    points = shapely.points(found.x, found.y)

    def counts(shapes: list[Any], code: int) -> BeforeAfter:
        inside = shapely.intersects(shapely.union_all(shapes), points)
        share = np.where(inside, light.shares[:, code], 0.0)
        sums = [float(share[np.isin(months, panel.months[part])].sum()) for part in (~panel.after, panel.after)]
        return BeforeAfter(*sums)

    shapes = _shapes(areas)
    both = [counts(shapes["treated"], 2), counts(shapes["treated"], 0)]
    if "control" in shapes:
        both += [counts(shapes["control"], 2), counts(shapes["control"], 0)]
    return NightAndDay(*both)


@dataclasses.dataclass(frozen=True)
class _Study:
    """Everything that was compared."""

    fixes: gpd.GeoDataFrame
    dates: tuple[pd.Timestamp, pd.Timestamp]
    areas: EvaluationAreas
    events: MonthlyEvents
    rows: dict[str, npt.NDArray[np.float64]]
    panel: MonthlyPanel

    @property
    def compared(self) -> npt.NDArray[np.bool_]:
        """Which months of the events are in the panel."""
        return np.isin(self.events.months.to_numpy().astype("datetime64[M]"), self.panel.months)

    def sums(self, area: Any) -> tuple[float, float]:
        """Return the events of an area before and after."""
        monthly = self.events.of(np.array([area], dtype=object))[0][self.compared]
        return float(monthly[~self.panel.after].sum()), float(monthly[self.panel.after].sum())


def _result(
    told: AnalysisInput, parameters: FixEvaluationParameters, study: _Study, evaluation: FixEvaluation
) -> AnalysisResult:
    """Return layer, tables, figures and account of an evaluation."""
    areas, main = study.areas, evaluation.main
    months = {name: study.rows[name][study.compared] for name in ("buffer", "control_buffer") if name in study.rows}
    tables = {
        "monthly-panel": main.frame.assign(**months),
        "measures": measures_table(evaluation, study.panel, parameters.confidence),
        "guards": pd.DataFrame([dataclasses.asdict(guard) for guard in evaluation.guards]),
    }
    if areas.table is not None:
        tables["controls"] = areas.table
    titles = "; ".join(study.fixes["title"].astype(str))
    baseline = f" {areas.baseline.reading}" if areas.baseline is not None else ""
    own = dataclasses.replace(
        main.summary,
        reading=f"{titles}: {main.summary.reading}{baseline}",
        warnings=evaluation.warnings,
        crs=str(told.crs),
    )
    began, finished = (day.date().isoformat() for day in study.dates)
    more = {"fix": titles, "began_on": began, "finished_on": finished, "buffer_m": parameters.buffer_m}
    layer = areas_frame(areas, study.sums, told.crs)
    figures = {"verdict": dataclasses.asdict(main.verdict)}
    summary = told.of_result(own, controls=len(areas.controls), **more)
    return AnalysisResult(summary, (Layer("evaluation-areas", layer),), tables, figures)
