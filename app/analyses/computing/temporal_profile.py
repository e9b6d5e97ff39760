"""Hours of the week, with windows spread, and months with their trend."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta

import pandas as pd

from analysis.errors import AnalysisError
from analysis.space_time.hour_profile import HourProfile, hour_profile
from analysis.space_time.monthly_trend import MonthlyTrend, monthly_trend
from analysis.summary import Notice, Summary
from app.analyses.inputs import AnalysisInput, AnalysisResult
from app.analyses.parameters.times import TemporalProfileParameters
from app.events.service import EventTimes


def compute(found: AnalysisInput, parameters: TemporalProfileParameters, _seed: int) -> AnalysisResult:
    """Return the tables ``hours`` (168 rows) and ``months``; one is missing where the times are too coarse for it."""
    times = found.event_times()
    notices: list[Notice] = []
    try:
        months = _months(found, parameters, times)
    except AnalysisError as error:
        raise type(error)(f"No months: {error}", error.hint) from error
    tables = {"months": months.frame}
    hours: HourProfile | None = None
    try:
        hours = hour_profile(
            times.begin,
            times.end,
            zone=found.zone,
            time_precision=times.precision,
            longest_hours=parameters.longest_hours,
            confidence=parameters.confidence,
        )
        tables = {"hours": hours.frame, **tables}
    except AnalysisError as error:
        notices.append(Notice("no_hours", f"There is no profile by hour: {error} {error.hint}".strip()))
    summary = _summary(hours, months, tuple(notices))
    trend = None if months.trend is None else dataclasses.asdict(months.trend)
    return AnalysisResult(found.of_result(summary), (), tables, {"trend": trend})


def _months(found: AnalysisInput, parameters: TemporalProfileParameters, times: EventTimes) -> MonthlyTrend:
    return monthly_trend(
        times.begin,
        zone=found.zone,
        time_precision=times.precision,
        start=_stamp(parameters.period_from),
        end=None if parameters.period_to is None else _stamp(parameters.period_to + timedelta(days=1)),
        seasonal=parameters.seasonal,
        confidence=parameters.confidence,
    )


def _stamp(day: date | None) -> pd.Timestamp | None:
    return None if day is None else pd.Timestamp(day)


def _summary(hours: HourProfile | None, months: MonthlyTrend, notices: tuple[Notice, ...]) -> Summary:
    """Return the account of both; what the hours left out is told beside what the months did."""
    own = months.summary
    if hours is None:
        return dataclasses.replace(own, warnings=(*notices, *own.warnings))
    other = hours.summary
    return dataclasses.replace(
        own,
        method=f"{other.method}; {own.method}",
        parameters={
            **own.parameters,
            **other.parameters,
            "hours_n_used": other.n_used,
            "hours_excluded": other.excluded,
        },
        reading=f"{other.reading} {own.reading}",
        warnings=tuple(dict.fromkeys((*notices, *other.warnings, *own.warnings))),
    )
