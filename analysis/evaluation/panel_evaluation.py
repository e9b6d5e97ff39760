"""A whole evaluation of monthly counts: difference-in-differences, every guard, one verdict, a frame for charts."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import pandas as pd

from analysis.evaluation.difference_in_differences import DifferenceInDifferences, Season, difference_in_differences
from analysis.evaluation.displacement_difference import DisplacementDifference, weighted_displacement_difference
from analysis.evaluation.guards import Guard, StudyConditions, design_guards, notices_of
from analysis.evaluation.monthly_panel import MonthlyPanel
from analysis.evaluation.verdict import Verdict, verdict
from analysis.summary import Summary

YEAR = 12
TREND_LEVEL = 0.05
LARGE_DISPERSION = 1.5


@dataclass(frozen=True, eq=False)
class PanelEvaluation:
    """What monthly counts say about a fix.

    Attributes
    ----------
    estimate : DifferenceInDifferences
    difference : DisplacementDifference or None
        Weighted displacement difference of the sums, in events a month, with the dispersion of the panel; None without
        a control.
    guards : tuple of Guard
        All of them, also those that passed.
    verdict : Verdict
    frame : DataFrame
        ``month, after, treated, control, expected``: `expected` is the treated area if the fix had done nothing.
    summary : Summary
    """

    estimate: DifferenceInDifferences
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
    TooFewEventsError, ParameterError
        See `difference_in_differences`.

    Examples
    --------
    >>> from analysis.evaluation.monthly_panel import monthly_panel
    >>> months = pd.date_range("2023-01-01", periods=24, freq="MS")
    >>> panel = monthly_panel(months, [20, 22] * 6 + [10, 11] * 6, [30, 33] * 12, start="2024-01-01")
    >>> evaluate_panel(panel, StudyConditions(selected_on="other")).verdict.text
    'About 50 % fewer, 34 to 62 %.'
    """
    known = dataclasses.replace(conditions or StudyConditions(), same_months=panel.same_months)
    estimate = difference_in_differences(panel, season=season, confidence=confidence)
    design, controlled = panel.design(), panel.control is not None
    dispersion = max(1.0, estimate.dispersion)
    difference = None
    if controlled:
        difference = weighted_displacement_difference(design, dispersion=dispersion, confidence=confidence)
    base = tuple(guard for guard in design_guards(design, known) if guard.code != "seasonality")
    guards = (*base, _season_guard(panel), _dispersion_guard(estimate), _trend_guard(estimate, controlled=controlled))
    found = verdict(estimate.effect, guards, controlled=controlled)
    parameters = {
        "months_before": int((~panel.after).sum()),
        "months_after": int(panel.after.sum()),
        "season": estimate.season,
        "confidence": confidence,
        "dispersion": estimate.dispersion,
        "degrees_of_freedom": estimate.degrees,
        "conditions": dataclasses.asdict(known),
    }
    reading = (
        f"{found.text} Estimated from {parameters['months_before']} months before and {parameters['months_after']} "
        f"after{', against a control area' if controlled else ', without a control area'}."
    )
    summary = Summary(
        method="Quasi-Poisson difference-in-differences" if controlled else "Quasi-Poisson change without control",
        parameters=parameters,
        n_used=round(design.total),
        excluded={},
        crs="",
        study_area_km2=0.0,
        reading=reading,
        warnings=notices_of(guards),
    )
    return PanelEvaluation(estimate, difference, guards, found, _frame(panel, estimate), summary)


def _frame(panel: MonthlyPanel, estimate: DifferenceInDifferences) -> pd.DataFrame:
    """Return what a chart of the panel shows."""
    columns = {"month": panel.months.astype(str), "after": panel.after, "treated": panel.treated}
    if panel.control is not None:
        columns["control"] = panel.control
    return pd.DataFrame(columns | {"expected": estimate.expected})


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


def _dispersion_guard(estimate: DifferenceInDifferences) -> Guard:
    """Tell how much the months vary."""
    code = "overdispersion"
    message = f"The variance of monthly counts is {estimate.dispersion:.2f} times what chance alone gives"
    if estimate.dispersion > LARGE_DISPERSION:
        return Guard(code, "warning", f"{message}; the interval was widened for it.")
    return Guard(code, "passed", f"{message}; the interval allows for it.")


def _trend_guard(estimate: DifferenceInDifferences, *, controlled: bool) -> Guard:
    """Tell whether the control ran parallel before the fix."""
    code = "parallel_trends"
    if not controlled:
        return Guard(code, "warning", "Without a control nobody knows which way the area was going.")
    if estimate.trend_p_value is None:
        return Guard(code, "warning", "There are too few months before to see whether both areas ran parallel.")
    if estimate.trend_p_value < TREND_LEVEL:
        message = (
            f"Treated area and control were going apart before the fix (p = {estimate.trend_p_value:.3f}): choose "
            "another control."
        )
        return Guard(code, "warning", message)
    message = f"Treated area and control ran parallel before the fix (p = {estimate.trend_p_value:.2f})."
    return Guard(code, "passed", message)
