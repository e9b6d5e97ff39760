"""Quasi-Poisson difference-in-differences on monthly counts, with the season taken out."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.special import stdtr, stdtrit
from statsmodels.genmod.families import Poisson
from statsmodels.genmod.generalized_linear_model import GLM
from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

from analysis.errors import ParameterError, TooFewEventsError
from analysis.evaluation.count_design import checked_level
from analysis.evaluation.monthly_panel import MonthlyPanel
from analysis.evaluation.relative_effect import Ratio
from analysis.projection import BoolArray, FloatArray

Season = Literal["months", "calendar"]

LEAST_DEGREES = 3
LEAST_TREND_MONTHS = 6


@dataclass(frozen=True, eq=False)
class DifferenceInDifferences:
    """The effect of a fix on monthly counts.

    Attributes
    ----------
    effect : Ratio
        What the fix multiplied the count of the treated area by; the interval is that of Student's t.
    p_value : float
        Two-sided.
    dispersion : float
        Pearson's chi-square over the degrees of freedom, as estimated; below 1 it is taken as 1 for the interval.
    degrees : int
        Degrees of freedom left.
    season : {"months", "calendar"}
    expected : ndarray of float64, shape (n,)
        Events of the treated area in each month if the fix had done nothing.
    trend_p_value : float or None
        Test of parallel trends before the fix; small: the control had gone another way already. None with fewer than
        six months before, or without a control.
    """

    effect: Ratio
    p_value: float
    dispersion: float
    degrees: int
    season: Season
    expected: FloatArray
    trend_p_value: float | None


@dataclass(frozen=True, eq=False)
class _Fit:
    """A fitted model: coefficients, standard errors, fitted counts, dispersion and degrees of freedom."""

    coefficients: FloatArray
    errors: FloatArray
    fitted: FloatArray
    dispersion: float
    degrees: int

    def p_value(self, column: int) -> float:
        """Return the two-sided p-value of a coefficient, by Student's t."""
        ratio = -abs(float(self.coefficients[column]) / float(self.errors[column]))
        return float(2.0 * stdtr(self.degrees, ratio))


def difference_in_differences(
    panel: MonthlyPanel, *, season: Season | None = None, confidence: float = 0.95
) -> DifferenceInDifferences:
    """Estimate what a fix did to monthly counts.

    Parameters
    ----------
    panel : MonthlyPanel
        Without a control, the change is estimated against the same months of the year before: label it uncontrolled.
    season : {"months", "calendar"}, optional
        ``months``: every month has a level of its own, common to both areas, which takes out season, trend and shocks
        that the areas share. ``calendar``: twelve months of the year and one step for both areas. By default
        ``months`` with a control and ``calendar`` without.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    DifferenceInDifferences

    Raises
    ------
    TooFewEventsError
        An area without events in one of the periods, or fewer than three degrees of freedom.
    ParameterError
        ``months`` without a control, an unknown season, or an impossible confidence.

    Notes
    -----
    ``log E(count) = log(days) + area + season + effect [treated and after]``, fitted as a Poisson GLM with the scale
    estimated from Pearson's chi-square afterwards, as statsmodels does with ``fit(scale="X2")``, which fails where the
    fit is perfect. The scale is taken as at least 1: counts that happen to vary less than Poisson counts are no ground
    for a narrower interval. Months without an event in either area say nothing and are
    left out. In a 2 x 2 table the estimate is 1 over the relative effect size.

    References
    ----------
    McCullagh, P. and Nelder, J. A. (1989). Generalized Linear Models, chapter 6. Chapman and Hall.
    Wooldridge, J. M. (2023). Simple approaches to nonlinear difference-in-differences with panel data. The Econometrics
    Journal 26.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.evaluation.monthly_panel import monthly_panel
    >>> months = pd.date_range("2023-01-01", periods=24, freq="MS")
    >>> panel = monthly_panel(months, [20, 22] * 6 + [10, 11] * 6, [30, 33] * 12, start="2024-01-01")
    >>> found = difference_in_differences(panel)
    >>> round(found.effect.estimate, 3), found.degrees
    (0.5, 22)
    """
    checked_level(1.0, confidence)
    chosen = season or ("calendar" if panel.control is None else "months")
    if chosen not in ("months", "calendar") or (chosen == "months" and panel.control is None):
        raise ParameterError(f"The season {chosen!r} cannot be used here.", "Use calendar, or months with a control.")
    if not has_events(panel):
        raise TooFewEventsError(
            "An area has no event before or after the fix, so that no ratio is defined.",
            "Use the weighted displacement difference, which works with zeros.",
        )
    counts, treated, month, after = _stacked(panel)
    kept = _months_with_events(counts, month if chosen == "months" else panel.calendar_month[month])
    columns = _columns(panel, chosen, treated[kept], month[kept], after[kept])
    fit = _fit(counts[kept], columns, panel.days[month[kept]])
    log_effect, error = float(fit.coefficients[0]), float(fit.errors[0])
    half = float(stdtrit(fit.degrees, 0.5 + confidence / 2.0)) * error
    effect = Ratio(math.exp(log_effect), math.exp(log_effect - half), math.exp(log_effect + half), error)
    expected = np.zeros(panel.months.size)
    own = treated[kept]
    expected[month[kept][own]] = fit.fitted[own] / np.where(after[kept][own], effect.estimate, 1.0)
    return DifferenceInDifferences(
        effect, fit.p_value(0), fit.dispersion, fit.degrees, chosen, expected, _trend_p_value(panel)
    )


def has_events(panel: MonthlyPanel) -> bool:
    """Tell whether every area has an event in both periods; without, a ratio would need an infinite coefficient.

    Parameters
    ----------
    panel : MonthlyPanel

    Returns
    -------
    bool
    """
    series = [panel.treated] if panel.control is None else [panel.treated, panel.control]
    return all(counts[part].sum() > 0 for counts in series for part in (panel.after, ~panel.after))


def _stacked(panel: MonthlyPanel) -> tuple[FloatArray, BoolArray, Any, BoolArray]:
    """Return counts, whether treated, position of the month and whether after, of treated and control in one column."""
    n = panel.months.size
    series = [panel.treated] if panel.control is None else [panel.treated, panel.control]
    treated = np.repeat([True, False][: len(series)], n)
    return np.concatenate(series), treated, np.tile(np.arange(n), len(series)), np.tile(panel.after, len(series))


def _months_with_events(counts: FloatArray, group: Any) -> BoolArray:
    """Tell which rows belong to a season level that holds an event."""
    return np.asarray(np.bincount(group, counts)[group] > 0)


def _columns(panel: MonthlyPanel, season: Season, treated: BoolArray, month: Any, after: BoolArray) -> FloatArray:
    """Return the design, the effect first."""
    controlled = panel.control is not None
    level = month if season == "months" else panel.calendar_month[month]
    dummies = (level[:, None] == np.unique(level)[None, :]).astype(np.float64)
    columns = [treated & after]
    if controlled:
        columns.append(treated)
        if season == "calendar":
            columns.append(after)
    return np.column_stack([*(column.astype(np.float64) for column in columns), dummies])


def _fit(counts: FloatArray, columns: FloatArray, days: FloatArray) -> _Fit:
    """Fit a quasi-Poisson model whose dispersion is at least 1 in the standard errors."""
    degrees = counts.size - columns.shape[1]
    if degrees < LEAST_DEGREES:
        raise TooFewEventsError(
            f"{counts.size} monthly counts leave {degrees} degrees of freedom.", "Give more months before and after."
        )
    if np.linalg.matrix_rank(columns) < columns.shape[1]:
        raise TooFewEventsError(
            "The months before and after share no month of the year, so that season and effect cannot be told apart.",
            "Give whole years, or a control area.",
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PerfectSeparationWarning)
        result = GLM(counts, columns, family=Poisson(), offset=np.log(days)).fit()
    scale = float(result.pearson_chi2) / degrees
    variances = np.diag(np.asarray(result.normalized_cov_params)) * max(scale, 1.0)
    return _Fit(np.asarray(result.params), np.sqrt(variances), np.asarray(result.fittedvalues), scale, degrees)


def _trend_p_value(panel: MonthlyPanel) -> float | None:
    """Test whether treated area and control went apart before the fix."""
    counts, treated, month, after = _stacked(panel)
    before = ~after & (np.bincount(month, counts)[month] > 0)
    distinct = np.unique(month[before])
    if panel.control is None or distinct.size < LEAST_TREND_MONTHS:
        return None
    time = month - distinct.mean()
    levels = (month[before][:, None] == distinct[None, :]).astype(np.float64)
    columns = np.column_stack([(treated * time)[before], treated[before], levels])
    return _fit(counts[before], columns, panel.days[month[before]]).p_value(0)
