"""Night against day: light works after dark, so a fall by day as well speaks against the lamp as the cause."""

from __future__ import annotations

from analysis.errors import ParameterError
from analysis.evaluation.count_design import BeforeAfter, checked_level
from analysis.evaluation.relative_effect import Ratio, ratio_of_counts


def night_day_contrast(
    night: BeforeAfter,
    day: BeforeAfter,
    *,
    control_night: BeforeAfter | None = None,
    control_day: BeforeAfter | None = None,
    dispersion: float = 1.0,
    confidence: float = 0.95,
) -> Ratio:
    """Compare the change by night with the change by day at the same place.

    Parameters
    ----------
    night, day : BeforeAfter
        Events of the treated area after dark and in daylight; both periods should have the same dark hours (whole
        years), or the counts be rates per dark and per light hour.
    control_night, control_day : BeforeAfter, optional
        The same of the control area: both or neither.
    dispersion : float
        Variance of a count over its mean.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    Ratio
        Change by night over change by day, divided by the same of the control where there is one. Below 1: nights got
        better than days, as light would do; about 1: whatever happened, happened by day too.

    Raises
    ------
    TooFewEventsError
        A count is zero.
    ParameterError
        One of the control's counts without the other, or an impossible dispersion or confidence.

    References
    ----------
    Chalfin, A., Hansen, B., Lerner, J. and Parker, L. (2022). Reducing crime through environmental design: evidence
    from a randomized experiment of street lighting in New York City. Journal of Quantitative Criminology 38.

    Examples
    --------
    >>> found = night_day_contrast(BeforeAfter(80, 40), BeforeAfter(60, 60))
    >>> round(found.estimate, 3), found.differs
    (0.5, True)
    """
    checked_level(dispersion, confidence)
    if (control_night is None) != (control_day is None):
        raise ParameterError("The control has only one of night and day.", "Give both or neither.")
    above: tuple[float, ...] = (night.after, day.before)
    below: tuple[float, ...] = (night.before, day.after)
    if control_night is not None and control_day is not None:
        above += (control_night.before, control_day.after)
        below += (control_night.after, control_day.before)
    return ratio_of_counts(above, below, dispersion, confidence)
