"""The measures of an evaluation as one table, each with its interval, its unit and what it says."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from analysis.errors import TooFewEventsError
from analysis.evaluation.displacement_difference import Difference
from analysis.evaluation.fix_evaluation import FixEvaluation
from analysis.evaluation.monthly_panel import MonthlyPanel
from analysis.evaluation.relative_effect import Ratio, relative_effect_size

RATIO, A_MONTH, EVENTS = "ratio", "events a month", "events"
Row = tuple[str, float | None, float | None, float | None, str, str]
COLUMNS = ("measure", "estimate", "low", "high", "unit", "meaning")


def measures_table(evaluation: FixEvaluation, panel: MonthlyPanel, confidence: float) -> pd.DataFrame:
    """Return ``measure, estimate, low, high, unit, meaning``; what is not defined is left out.

    Parameters
    ----------
    evaluation : FixEvaluation
    panel : MonthlyPanel
    confidence : float
        Of the intervals.
    """
    table = pd.DataFrame(list(_rows(evaluation, panel, confidence)), columns=list(COLUMNS))
    return table.astype(dict.fromkeys(("estimate", "low", "high"), "Float64")).round(4)


def _rows(evaluation: FixEvaluation, panel: MonthlyPanel, confidence: float) -> Iterator[Row]:
    main = evaluation.main
    if main.estimate is not None:
        if panel.control is None:
            yield _ratio("Change, uncontrolled", main.estimate.effect, "count over that before, in the same season")
        else:
            words = "count over what the course of the control leads to expect"
            yield _ratio("Difference-in-differences", main.estimate.effect, words)
    size = _relative_effect(evaluation, panel, confidence)
    if size is not None:
        yield _ratio("Relative effect size", size, "above 1: the treated area did better than its control")
    if main.difference is not None:
        yield _difference("Difference of the treated area", main.difference.local, "against its control")
    if evaluation.difference is not None:
        around = evaluation.difference.displacement
        if around is not None:
            yield _difference("Difference of the buffer", around, "above 0: crime may have moved there")
        total = evaluation.difference.total
        yield _difference("Weighted displacement difference", total, "treated area and buffer together")
    if evaluation.quotient is not None:
        quotient = evaluation.quotient
        if quotient.quotient is not None:
            words = f"{quotient.spread}: above 0 the benefit spread, below 0 crime moved, below -1 more than was saved"
            yield ("Weighted displacement quotient", quotient.quotient, None, None, RATIO, words)
        net = (quotient.total_net_effect, quotient.low, quotient.high)
        yield ("Total net effect", *net, EVENTS, "prevented in treated area and buffer")
    if evaluation.contrast is not None:
        yield _ratio("Night over day", evaluation.contrast, "below 1: nights got better than days, as light would do")


def _relative_effect(evaluation: FixEvaluation, panel: MonthlyPanel, confidence: float) -> Ratio | None:
    estimate = evaluation.main.estimate
    if panel.control is None or estimate is None:
        return None
    try:
        return relative_effect_size(panel.design(), dispersion=max(1.0, estimate.dispersion), confidence=confidence)
    except TooFewEventsError:
        return None


def _ratio(name: str, ratio: Ratio, meaning: str) -> Row:
    return (name, ratio.estimate, ratio.low, ratio.high, RATIO, meaning)


def _difference(name: str, found: Difference, meaning: str) -> Row:
    return (name, found.estimate, found.low, found.high, A_MONTH, meaning)
