"""The whole story of a fix: treated area against control, the buffer around it, and night against day."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.errors import ParameterError, TooFewEventsError
from analysis.evaluation.count_design import AreaWeights, BeforeAfter, CountDesign
from analysis.evaluation.displacement_difference import DisplacementDifference, weighted_displacement_difference
from analysis.evaluation.displacement_quotient import DisplacementQuotient, weighted_displacement_quotient
from analysis.evaluation.guards import Guard, StudyConditions, notices_of
from analysis.evaluation.monthly_panel import MonthlyPanel
from analysis.evaluation.night_day import night_day_contrast
from analysis.evaluation.panel_evaluation import PanelEvaluation, evaluate_panel
from analysis.evaluation.relative_effect import Ratio
from analysis.summary import Notice


@dataclass(frozen=True)
class NightAndDay:
    """Events by night and by day, before and after.

    Attributes
    ----------
    night, day : BeforeAfter
        Of the treated area.
    control_night, control_day : BeforeAfter or None
        Of the control: both or neither.
    """

    night: BeforeAfter
    day: BeforeAfter
    control_night: BeforeAfter | None = None
    control_day: BeforeAfter | None = None


@dataclass(frozen=True, eq=False)
class FixEvaluation:
    """Everything that is to be shown of the effect of a fix.

    Attributes
    ----------
    main : PanelEvaluation
        Treated area against control; its verdict is that of the fix.
    difference : DisplacementDifference or None
        Weighted displacement difference with the buffers, in events a month; None without buffers.
    quotient : DisplacementQuotient or None
        None without buffers, or where the control has a period without events.
    contrast : Ratio or None
        Change by night over change by day; None where it is not given or a count is zero.
    guards : tuple of Guard
        Those of `main`, then ``buffer`` and ``night_and_day``.
    warnings : tuple of Notice
        The guards that warn or refuse.
    """

    main: PanelEvaluation
    difference: DisplacementDifference | None
    quotient: DisplacementQuotient | None
    contrast: Ratio | None
    guards: tuple[Guard, ...]
    warnings: tuple[Notice, ...]


def evaluate_fix(
    panel: MonthlyPanel,
    *,
    buffer: MonthlyPanel | None = None,
    night_and_day: NightAndDay | None = None,
    conditions: StudyConditions | None = None,
    confidence: float = 0.95,
) -> FixEvaluation:
    """Evaluate a fix with its buffer and with night against day.

    Parameters
    ----------
    panel : MonthlyPanel
        Treated area and control.
    buffer : MonthlyPanel, optional
        The ring around the treated area, against the ring around the control, over the same months.
    night_and_day : NightAndDay, optional
    conditions : StudyConditions, optional
    confidence : float
        Between 0 and 1.

    Returns
    -------
    FixEvaluation
        What is not given is not passed over in silence: a guard says so.

    Raises
    ------
    ParameterError
        A buffer over other months, or a buffer and no control.
    TooFewEventsError
        See `evaluate_panel`.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.evaluation.monthly_panel import monthly_panel
    >>> months = pd.date_range("2023-01-01", periods=24, freq="MS")
    >>> panel = monthly_panel(months, [20, 22] * 6 + [10, 11] * 6, [30, 33] * 12, start="2024-01-01")
    >>> buffer = monthly_panel(months, [15, 16] * 6 + [14, 15] * 6, [15, 16] * 12, start="2024-01-01")
    >>> found = evaluate_fix(panel, buffer=buffer, conditions=StudyConditions("other"))
    >>> found.quotient.spread, [guard.outcome for guard in found.guards[-2:]]
    ('diffusion', ['passed', 'warning'])
    """
    main = evaluate_panel(panel, conditions, confidence=confidence)
    dispersion = max(1.0, main.estimate.dispersion) if main.estimate else 1.0
    difference, quotient = None, None
    if buffer is not None:
        design = _with_buffer(panel, buffer)
        difference = weighted_displacement_difference(design, dispersion=dispersion, confidence=confidence)
        quotient = _quotient(design, dispersion, confidence)
    contrast = None if night_and_day is None else _contrast(night_and_day, dispersion, confidence)
    guards = (*main.guards, _buffer_guard(difference), _night_guard(contrast))
    return FixEvaluation(main, difference, quotient, contrast, guards, notices_of(guards))


def _with_buffer(panel: MonthlyPanel, buffer: MonthlyPanel) -> CountDesign:
    """Return the sums of the panel and of its buffer as one design."""
    if panel.months.tolist() != buffer.months.tolist() or panel.after.tolist() != buffer.after.tolist():
        raise ParameterError("The buffer covers other months than the treated area.", "Give the same months for both.")
    inner, outer = panel.design(), buffer.design()
    sizes = AreaWeights(control=panel.control_size, displacement_control=buffer.control_size)
    return CountDesign(inner.treated, inner.control, outer.treated, outer.control, inner.time_weights, sizes)


def _quotient(design: CountDesign, dispersion: float, confidence: float) -> DisplacementQuotient | None:
    """Return the displacement quotient, None where the control has a period without events."""
    try:
        return weighted_displacement_quotient(design, dispersion=dispersion, confidence=confidence)
    except TooFewEventsError:
        return None


def _contrast(counts: NightAndDay, dispersion: float, confidence: float) -> Ratio | None:
    """Return night against day, None where a count is zero."""
    try:
        return night_day_contrast(
            counts.night,
            counts.day,
            control_night=counts.control_night,
            control_day=counts.control_day,
            dispersion=dispersion,
            confidence=confidence,
        )
    except TooFewEventsError:
        return None


def _buffer_guard(difference: DisplacementDifference | None) -> Guard:
    """Tell what happened around the treated area."""
    code = "buffer"
    if difference is None or difference.displacement is None:
        return Guard(code, "warning", "No buffer was counted: crime may have moved around the corner.")
    around = difference.displacement
    span = f"{around.low:+.1f} to {around.high:+.1f} events a month"
    if around.low > 0:
        return Guard(code, "warning", f"In the buffer there was more crime than its control leads to expect ({span}).")
    return Guard(code, "passed", f"In the buffer no displacement is seen ({span} against its control).")


def _night_guard(contrast: Ratio | None) -> Guard:
    """Tell whether nights changed otherwise than days."""
    code = "night_and_day"
    if contrast is None:
        return Guard(code, "warning", "Night was not compared with day, or a count is zero.")
    span = f"{contrast.estimate:.2f}, {contrast.low:.2f} to {contrast.high:.2f}"
    if contrast.differs and contrast.estimate < 1:
        return Guard(code, "passed", f"Nights got better than days (ratio {span}), as a lamp would do.")
    message = f"Nights did not clearly get better than days (ratio {span}): light alone does not explain a change."
    return Guard(code, "warning", message)
