"""A whole evaluation of monthly counts: difference-in-differences, every guard, one verdict, a frame for charts."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.evaluation.difference_in_differences import (
    DifferenceInDifferences,
    Season,
    difference_in_differences,
    has_events,
)
from analysis.evaluation.displacement_difference import DisplacementDifference, weighted_displacement_difference
from analysis.evaluation.guards import Guard, StudyConditions, design_guards, notices_of
from analysis.evaluation.monthly_panel import MonthlyPanel
from analysis.evaluation.verdict import Verdict, verdict
from analysis.hot_spots.hot_spot_reading import nullable
from analysis.summary import Notice, Summary

YEAR = 12
TREND_LEVEL = 0.05
LARGE_DISPERSION = 1.5


@dataclass(frozen=True, eq=False)
class PanelEvaluation:
    """What monthly counts say about a fix.

    Attributes
    ----------
    estimate : DifferenceInDifferences or None
        None where an area has no event in one of the periods, so that no ratio is defined.
    difference : DisplacementDifference or None
        Weighted displacement difference of the sums, in events a month, with the dispersion of the panel; None without
        a control.
    guards : tuple of Guard
        All of them, also those that passed.
    verdict : Verdict
    frame : DataFrame
        ``month, after, treated, control, expected``: `expected` is the treated area if the fix had done nothing
        (null without an estimate).
    summary : Summary
    """

    estimate: DifferenceInDifferences | None
    difference: DisplacementDifference | None
    guards: tuple[Guard, ...]
    verdict: Verdict
    frame: pd.DataFrame
    summary: Summary


def evaluate_panel(
    panel: MonthlyPanel,
    conditions: StudyConditions | None = None,
    *,
    season: Season | None = None,
    confidence: float = 0.95,
) -> PanelEvaluation:
    """Evaluate a fix by monthly counts.

    Parameters
    ----------
    panel : MonthlyPanel
    conditions : StudyConditions, optional
        What is known about the choice of areas and periods; `same_months` is taken from the panel.
    season : {"months", "calendar"}, optional
        See `difference_in_differences`.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    PanelEvaluation

    Raises
    ------
    TooFewEventsError
        There is no event at all, or the months leave too few degrees of freedom.
    ParameterError
        See `difference_in_differences`.

    Notes
    -----
    Where an area has no event in one of the periods, the weighted displacement difference of the sums takes the place
    of the ratio; months then do not tell how much counts vary, and a guard says so.

    Examples
    --------
    >>> from analysis.evaluation.monthly_panel import monthly_panel
    >>> months = pd.date_range("2023-01-01", periods=24, freq="MS")
    >>> panel = monthly_panel(months, [20, 22] * 6 + [10, 11] * 6, [30, 33] * 12, start="2024-01-01")
    >>> evaluate_panel(panel, StudyConditions(selected_on="other")).verdict.text
    'About 50 % fewer, 34 to 62 %.'
    """
    known = dataclasses.replace(conditions or StudyConditions(), same_months=panel.same_months)
    design, controlled = panel.design(), panel.control is not None
    estimate = None
    if has_events(panel):
        estimate = difference_in_differences(panel, season=season, confidence=confidence)
    dispersion = 1.0 if estimate is None else max(1.0, estimate.dispersion)
    difference = None
    if controlled:
        difference = weighted_displacement_difference(design, dispersion=dispersion, confidence=confidence)
    base = tuple(guard for guard in design_guards(design, known) if guard.code != "seasonality")
    guards = (*base, _season_guard(panel), _dispersion_guard(estimate), _trend_guard(estimate, controlled=controlled))
    found = verdict(
        estimate.effect if estimate else None,
        guards,
        controlled=controlled,
        difference=difference.local if difference and not estimate else None,
    )
    told = _summary(panel, estimate, found.text, notices_of(guards), (known, confidence))
    return PanelEvaluation(estimate, difference, guards, found, _frame(panel, estimate), told)


def _summary(
    panel: MonthlyPanel,
    estimate: DifferenceInDifferences | None,
    finding: str,
    warnings: tuple[Notice, ...],
    asked: tuple[StudyConditions, float],
) -> Summary:
    """Describe how a panel was evaluated."""
    controlled = panel.control is not None
    before, after = int((~panel.after).sum()), int(panel.after.sum())
    parameters = {
        "months_before": before,
        "months_after": after,
        "season": estimate.season if estimate else None,
        "dispersion": estimate.dispersion if estimate else None,
        "degrees_of_freedom": estimate.degrees if estimate else None,
        "conditions": dataclasses.asdict(asked[0]),
        "confidence": asked[1],
    }
    against = "against a control area" if controlled else "without a control area"
    return Summary(
        method="Quasi-Poisson difference-in-differences" if controlled else "Quasi-Poisson change without control",
        parameters=parameters,
        n_used=round(panel.design().total),
        excluded={},
        crs="",
        study_area_km2=0.0,
        reading=f"{finding} Estimated from {before} months before and {after} after, {against}.",
        warnings=warnings,
    )


def _frame(panel: MonthlyPanel, estimate: DifferenceInDifferences | None) -> pd.DataFrame:
    """Return what a chart of the panel shows."""
    columns = {"month": panel.months.astype(str), "after": panel.after, "treated": panel.treated}
    if panel.control is not None:
        columns["control"] = panel.control
    known = np.full(panel.months.size, estimate is not None)
    expected = nullable(np.zeros(panel.months.size) if estimate is None else estimate.expected, known)
    return pd.DataFrame(columns | {"expected": expected})


def _season_guard(panel: MonthlyPanel) -> Guard:
    """Tell whether the season can pass as an effect."""
    code = "seasonality"
    before, after = int((~panel.after).sum()), int(panel.after.sum())
    if min(before, after) >= YEAR:
        return Guard(code, "passed", "Both periods cover a year or more, and the model takes out the season.")
    message = f"There are {before} months before and {after} after: not every month of the year is seen in both."
    if panel.control is None and not panel.same_months and before < YEAR:
        return Guard(code, "refused", f"{message} Without a control a change may be the season.")
    return Guard(code, "warning", f"{message} The comparison holds if the seasons of both areas are alike.")


def _dispersion_guard(estimate: DifferenceInDifferences | None) -> Guard:
    """Tell how much the months vary."""
    code = "overdispersion"
    if estimate is None:
        message = "An area has a period without events: the interval supposes that variance equals the mean."
        return Guard(code, "warning", message)
    message = f"The variance of monthly counts is {estimate.dispersion:.2f} times what chance alone gives"
    if estimate.dispersion > LARGE_DISPERSION:
        return Guard(code, "warning", f"{message}; the interval was widened for it.")
    return Guard(code, "passed", f"{message}; the interval allows for it.")


def _trend_guard(estimate: DifferenceInDifferences | None, *, controlled: bool) -> Guard:
    """Tell whether the control ran parallel before the fix."""
    code = "parallel_trends"
    if not controlled:
        return Guard(code, "warning", "Without a control nobody knows which way the area was going.")
    if estimate is None or estimate.trend_p_value is None:
        return Guard(
            code, "warning", "There are too few months or events before to see whether both areas ran parallel."
        )
    if estimate.trend_p_value < TREND_LEVEL:
        message = (
            f"Treated area and control were going apart before the fix (p = {estimate.trend_p_value:.3f}): choose "
            "another control."
        )
        return Guard(code, "warning", message)
    message = f"Treated area and control ran parallel before the fix (p = {estimate.trend_p_value:.2f})."
    return Guard(code, "passed", message)
