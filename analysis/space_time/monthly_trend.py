"""Crime by calendar month: intervals, gaps in the recording, and the trend per year."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import TooFewEventsError
from analysis.intervals import poisson_interval
from analysis.projection import BoolArray, FloatArray
from analysis.space_time.calendar_months import HOLE_PROBABILITY, HOLE_SHARE, MonthCounts, count_months
from analysis.space_time.log_linear import LogLinearFit, log_linear
from analysis.summary import Notice, Summary

FEWEST_MONTHS, SEASONAL_MONTHS = 6, 24
DAYS_OF_YEAR = 365.25


@dataclass(frozen=True)
class YearlyTrend:
    """Change of the rate per year.

    Attributes
    ----------
    ratio, ratio_low, ratio_high : float
        Rate over the rate a year before, with its confidence interval.
    p_value : float
        Two-sided, of no trend.
    model : str
        ``"poisson"``, or ``"quasi-poisson"`` where months vary more than that.
    dispersion : float
        Variance over mean of the months around the trend.
    seasonal : bool
        Whether a yearly wave is part of the model.
    months : int
        Months that the trend rests on.
    """

    ratio: float
    ratio_low: float
    ratio_high: float
    p_value: float
    model: str
    dispersion: float
    seasonal: bool
    months: int


@dataclass(frozen=True)
class MonthlyTrend:
    """Counts by month and their trend.

    Attributes
    ----------
    frame : DataFrame
        One row for each calendar month from first to last: ``month`` (``"2024-01"``), ``days`` (in the period),
        ``count``, ``low``, ``high`` (interval of the expected count), ``coverage`` (``whole``, ``partial`` or
        ``hole``), ``fitted``, ``fitted_low``, ``fitted_high`` (expected by the trend; null without a trend).
    trend : YearlyTrend or None
        None where the whole months are too few for one, which a notice says.
    summary : Summary
    """

    frame: pd.DataFrame
    trend: YearlyTrend | None
    summary: Summary


def monthly_trend(
    occurred: Any,
    *,
    zone: str,
    time_precision: Any = None,
    start: Any = None,
    end: Any = None,
    seasonal: bool | None = None,
    confidence: float = 0.95,
) -> MonthlyTrend:
    """Count events by calendar month and fit the trend per year to the months that are whole.

    Parameters
    ----------
    occurred : array_like of datetime, shape (n,)
        When; see `analysis.space_time.local_time.instants` for times without a zone.
    zone : str
        IANA name of the local zone.
    time_precision : array_like of str, shape (n,), or str, optional
        ``second, minute, hour, day, month, year`` or ``unknown``; coarser than the month is left out and counted.
    start, end : datetime, optional
        Local dates of the period: the first day, and the day after the last. By default the months of the first and
        last event, either partial if its days without any event at that end are too many to be chance.
    seasonal : bool, optional
        Put a yearly wave into the model; by default with 24 whole months or more.
    confidence : float
        Of the intervals, between 0 and 1.

    Returns
    -------
    MonthlyTrend

    Raises
    ------
    TimePrecisionError
        No time is known to the month.
    EmptyInputError
        No event, or none in the period.
    ParameterError
        No times, an unknown zone, an empty period or an impossible confidence.

    Notes
    -----
    Holes (months with implausibly few events against the median, see `space_time.calendar_months.count_months` for the
    rule) and partial months are shown, but the trend leaves them out.

    ``log E(count) = log(days) + a + b t``, t in years of 365.25 days, with ``c sin + d cos`` of the month of the year
    where `seasonal`; the ratio per year is ``exp(b)``. Quasi-Poisson where months vary more than Poisson counts
    (`log_linear.log_linear`); intervals of the counts are exact Poisson ones, widened by the same dispersion.

    References
    ----------
    McCullagh, P. and Nelder, J. A. (1989). Generalized Linear Models, chapter 6. Chapman and Hall.

    Examples
    --------
    >>> days = np.arange("2022-01-01", "2024-01-01", dtype="datetime64[D]")
    >>> found = monthly_trend(np.repeat(days, np.where(days < np.datetime64("2023-01-01"), 2, 4)), zone="UTC")
    >>> found.frame["count"].tolist()[10:14], 1.5 < found.trend.ratio < 3.5
    ([60, 62, 124, 112], True)
    """
    months = count_months(occurred, zone=zone, time_precision=time_precision, start=start, end=end)
    whole = months.coverage == "whole"
    fit, design = _fit(months, whole, seasonal)
    scale = 1.0 if fit is None else fit.scale
    low, high = poisson_interval(months.counts, confidence, dispersion=max(1.0, scale))
    columns = {
        "month": pd.Series(months.names, dtype=object),
        "days": months.days,
        "count": months.counts,
        "low": low,
        "high": high,
        "coverage": pd.Series(months.coverage, dtype=object),
        **_fitted(months, fit, design, confidence),
    }
    frame = pd.DataFrame(columns)
    trend = None if fit is None else _yearly(fit, whole, confidence)
    notices = months.notices + _residual_notice(months, whole, fit)
    summary = _summary(frame, trend, months, zone, confidence, notices)
    return MonthlyTrend(frame, trend, summary)


def _fit(months: MonthCounts, whole: BoolArray, seasonal: bool | None) -> tuple[LogLinearFit | None, FloatArray]:
    """Fit the trend to whole months; None where they do not determine one."""
    n_whole = int(np.count_nonzero(whole))
    wave = n_whole >= SEASONAL_MONTHS if seasonal is None else seasonal
    middle = np.cumsum(months.days) - months.days / 2.0
    years = (middle - np.mean(middle[whole] if n_whole else middle)) / DAYS_OF_YEAR
    angle = 2.0 * np.pi * ((months.first + np.arange(months.days.size)) % 12 + 0.5) / 12.0
    columns = [np.ones(years.size), years, *([np.sin(angle), np.cos(angle)] if wave else [])]
    design = np.column_stack(columns)
    if n_whole < max(FEWEST_MONTHS, 2 * design.shape[1]):
        return None, design
    try:
        return log_linear(months.counts[whole], design[whole], months.days[whole]), design
    except TooFewEventsError:
        return None, design


def _fitted(
    months: MonthCounts, fit: LogLinearFit | None, design: FloatArray, confidence: float
) -> dict[str, pd.arrays.FloatingArray]:
    """Return the expected counts of all months with their intervals, null without a trend."""
    names = ("fitted", "fitted_low", "fitted_high")
    if fit is None:
        nothing = np.zeros(months.days.size), np.ones(months.days.size, dtype=np.bool_)
        return {name: pd.arrays.FloatingArray(*nothing) for name in names}
    line = design @ fit.coefficients
    half = fit.quantile(confidence) * np.sqrt(np.einsum("ij,jk,ik->i", design, fit.covariance, design))
    defined = np.zeros(line.size, dtype=np.bool_)
    return {
        name: pd.arrays.FloatingArray(months.days * np.exp(np.minimum(line + sign * half, 300.0)), defined.copy())
        for name, sign in zip(names, (0.0, -1.0, 1.0), strict=True)
    }


def _yearly(fit: LogLinearFit, whole: BoolArray, confidence: float) -> YearlyTrend:
    """Return the trend per year."""
    slope = float(fit.coefficients[1])
    half = fit.quantile(confidence) * float(np.sqrt(fit.covariance[1, 1]))
    low, ratio, high = (float(np.exp(np.clip(value, -300.0, 300.0))) for value in (slope - half, slope, slope + half))
    return YearlyTrend(
        ratio,
        low,
        high,
        fit.p_value(1),
        "quasi-poisson" if fit.overdispersed else "poisson",
        fit.dispersion,
        fit.coefficients.size > 2,
        int(np.count_nonzero(whole)),
    )


def _residual_notice(months: MonthCounts, whole: BoolArray, fit: LogLinearFit | None) -> tuple[Notice, ...]:
    """Warn where a month resembles the one before beyond the trend."""
    if fit is None:
        return ()
    residual = np.zeros(whole.size)
    residual[whole] = (months.counts[whole] - fit.fitted) / np.sqrt(fit.fitted)
    pairs = whole[1:] & whole[:-1]
    spread = float(np.sum(residual**2))
    n_pairs = int(np.count_nonzero(pairs))
    if spread <= 0 or n_pairs < FEWEST_MONTHS:
        return ()
    resemblance = float(np.sum((residual[1:] * residual[:-1])[pairs])) / spread
    if resemblance <= 2.0 / np.sqrt(n_pairs):
        return ()
    return (
        Notice(
            "autocorrelation",
            f"Months resemble the month before (correlation {resemblance:.2f}): the trend's interval is too narrow.",
        ),
    )


def _summary(
    frame: pd.DataFrame,
    trend: YearlyTrend | None,
    months: MonthCounts,
    zone: str,
    confidence: float,
    notices: tuple[Notice, ...],
) -> Summary:
    """Describe counts and trend."""
    n_used = int(frame["count"].sum())
    found = list(notices)
    for coverage, code, text in (
        ("hole", "coverage_holes", "have hardly any events, so they were probably not recorded"),
        ("partial", "partial_months", "are not covered whole"),
    ):
        named = frame[frame["coverage"] == coverage]
        if len(named):
            listed = ", ".join(f"{row.month} ({row.count_:,})" for row in named.rename(columns={"count": "count_"})
                               .head(12).itertuples())  # fmt: skip
            more = f" and {len(named) - 12} more" if len(named) > 12 else ""
            found.append(Notice(code, f"{len(named)} months {text}; the trend leaves them out: {listed}{more}."))
    if trend is None:
        found.append(Notice("no_trend", "There are too few whole months with events for a trend."))
    elif trend.months < SEASONAL_MONTHS:
        found.append(
            Notice("under_two_years", f"{trend.months} months: the seasons and the trend cannot be told apart.")
        )
    first, last = frame["month"].iloc[0], frame["month"].iloc[-1]
    reading = (
        f"{n_used:,} events from {first} to {last}, {months.median_per_day * 30.4:,.1f} in the median month. "
        f"{_trend_words(trend, confidence)}"
    )
    return Summary(
        method="Monthly trend",
        parameters={
            "zone": zone,
            "confidence": confidence,
            "hole": f"under {HOLE_SHARE:g} of the median per day, with a probability of at most {HOLE_PROBABILITY:g}",
            "median_per_day": months.median_per_day,
            "model": None if trend is None else trend.model,
            "seasonal": None if trend is None else trend.seasonal,
        },
        n_used=n_used,
        excluded=months.excluded,
        crs="",
        study_area_km2=0.0,
        reading=reading,
        warnings=tuple(found),
    )


def _trend_words(trend: YearlyTrend | None, confidence: float) -> str:
    """Say what the trend is."""
    if trend is None:
        return "There are too few whole months for a trend."
    low, middle, high = (f"{ratio - 1.0:+.1%}" for ratio in (trend.ratio_low, trend.ratio, trend.ratio_high))
    change = f"{middle} a year ({confidence:.0%} interval {low} to {high})"
    clear = trend.ratio_low > 1.0 or trend.ratio_high < 1.0
    verdict = (
        f"Crime {'rises' if trend.ratio > 1 else 'falls'}: {change}" if clear else f"There is no clear trend: {change}"
    )
    wave = ", seasons allowed for" if trend.seasonal else ""
    return f"{verdict}, on {trend.months} whole months{wave}. Recorded crime also changes with recording practice."
