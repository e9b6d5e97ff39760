"""Relative change against a control: relative effect size, and plain change where there is no control."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import ndtri

from analysis.errors import TooFewEventsError
from analysis.evaluation.count_design import CountDesign, checked_level, required_control


@dataclass(frozen=True)
class Ratio:
    """A ratio with its interval.

    Attributes
    ----------
    estimate, low, high : float
        Above zero.
    log_standard_error : float
        Of its natural logarithm.
    """

    estimate: float
    low: float
    high: float
    log_standard_error: float

    @property
    def differs(self) -> bool:
        """Whether the interval leaves out 1."""
        return self.low > 1 or self.high < 1

    def inverse(self) -> Ratio:
        """Return the ratio the other way round.

        Returns
        -------
        Ratio
        """
        return Ratio(1.0 / self.estimate, 1.0 / self.high, 1.0 / self.low, self.log_standard_error)


def relative_effect_size(design: CountDesign, *, dispersion: float = 1.0, confidence: float = 0.95) -> Ratio:
    """Return the relative effect size: above 1, the treated area did better than its control.

    Parameters
    ----------
    design : CountDesign
        With a control; no count may be zero. Time and area weights cancel out.
    dispersion : float
        Variance of a count over its mean.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    Ratio
        Its inverse is what the fix multiplied the count by, as in Poisson difference-in-differences.

    Raises
    ------
    TooFewEventsError
        A count is zero: use the weighted displacement difference.
    ParameterError
        No control area, or an impossible dispersion or confidence.

    Notes
    -----
    ``RES = (T_before C_after) / (T_after C_before)``; the variance of its logarithm is the sum of the inverse counts
    times the dispersion. In CCTV and lighting studies the dispersion was often 2 and more: with 1 the interval is too
    narrow.

    References
    ----------
    Farrington, D. P. and Welsh, B. C. (2006). How important is regression to the mean in area-based crime prevention
    research? Crime Prevention and Community Safety 8.
    Wilson, D. B. (2022). The relative incident rate ratio effect size for count-based impact evaluations. Journal of
    Quantitative Criminology 38.

    Examples
    --------
    >>> from analysis.evaluation.count_design import BeforeAfter
    >>> found = relative_effect_size(CountDesign(BeforeAfter(207, 110), BeforeAfter(308, 318)))
    >>> round(found.estimate, 6), round(found.low, 3), round(found.high, 3)
    (1.942916, 1.469, 2.569)
    """
    checked_level(dispersion, confidence)
    control = required_control(design, "relative effect size")
    return ratio_of_counts(
        (design.treated.before, control.after), (design.treated.after, control.before), dispersion, confidence
    )


def uncontrolled_change(design: CountDesign, *, dispersion: float = 1.0, confidence: float = 0.95) -> Ratio:
    """Return the count after over the count before in the treated area, per unit of time, with no control.

    Parameters
    ----------
    design : CountDesign
    dispersion : float
        Variance of a count over its mean.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    Ratio
        To be labelled "uncontrolled": it holds whatever else happened in town, not the effect of the fix alone.

    Raises
    ------
    TooFewEventsError
        A count is zero.
    ParameterError
        An impossible dispersion or confidence.

    Examples
    --------
    >>> from analysis.evaluation.count_design import BeforeAfter
    >>> round(uncontrolled_change(CountDesign(BeforeAfter(1000, 718))).estimate, 3)
    0.718
    """
    checked_level(dispersion, confidence)
    found = ratio_of_counts((design.treated.after,), (design.treated.before,), dispersion, confidence)
    longer = design.time_weights[0] / design.time_weights[1]
    return Ratio(found.estimate * longer, found.low * longer, found.high * longer, found.log_standard_error)


def ratio_of_counts(above: tuple[float, ...], below: tuple[float, ...], dispersion: float, confidence: float) -> Ratio:
    """Return a product of independent counts over another, with an interval on the log scale.

    Parameters
    ----------
    above, below : tuple of float
        Counts above zero.
    dispersion : float
        Variance of a count over its mean.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    Ratio

    Raises
    ------
    TooFewEventsError
        A count is zero.

    Notes
    -----
    The variance of the logarithm is ``dispersion * sum(1 / count)`` (delta method).

    Examples
    --------
    >>> ratio_of_counts((50,), (100,), 1.0, 0.95).estimate
    0.5
    """
    if not all(count > 0 for count in (*above, *below)):
        raise TooFewEventsError(
            "A ratio is not defined where a count is zero.",
            "Use the weighted displacement difference, longer periods or larger areas.",
        )
    estimate = math.prod(above) / math.prod(below)
    error = math.sqrt(dispersion * sum(1.0 / count for count in (*above, *below)))
    half = float(ndtri(0.5 + confidence / 2.0)) * error
    return Ratio(estimate, estimate * math.exp(-half), estimate * math.exp(half), error)
