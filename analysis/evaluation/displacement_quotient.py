"""Did crime move or did the benefit spread? Weighted displacement quotient and total net effect."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from scipy.special import ndtri

from analysis.errors import ParameterError, TooFewEventsError
from analysis.evaluation.count_design import CountDesign, checked_level, required_control

Spread = Literal["diffusion", "displacement", "none", "not_defined"]


@dataclass(frozen=True)
class DisplacementQuotient:
    """What happened around the treated area, in units of what happened in it.

    Attributes
    ----------
    success : float
        Share of treated to control after, less the same before; below zero the treated area did better.
    buffer : float
        The same for the buffer.
    quotient : float or None
        ``buffer / success``; None where the treated area did no better, so that there is nothing to be moved.
    spread : {"diffusion", "displacement", "none", "not_defined"}
        Sign of the quotient in words.
    total_net_effect : float
        Events prevented in the treated area and the buffer together; below zero more happened than expected.
    low, high : float
        Its interval.
    """

    success: float
    buffer: float
    quotient: float | None
    spread: Spread
    total_net_effect: float
    low: float
    high: float


def weighted_displacement_quotient(
    design: CountDesign, *, dispersion: float = 1.0, confidence: float = 0.95
) -> DisplacementQuotient:
    """Measure displacement or diffusion of benefits in the buffer of the treated area.

    Parameters
    ----------
    design : CountDesign
        With a control and a buffer of the treated area; time weights cancel out.
    dispersion : float
        Variance of a count over its mean, for the interval.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    DisplacementQuotient

    Raises
    ------
    ParameterError
        No control or no buffer.
    TooFewEventsError
        The control area has no event in one of the periods.

    Notes
    -----
    With T the treated area, D its buffer and C the control, 0 before and 1 after:
    ``WDQ = (D1/C1 - D0/C0) / (T1/C1 - T0/C0)``; above 1 the benefit spread by more than itself, 0 to 1 it spread, -1 to
    0 a part moved, below -1 more moved than was prevented. Total net effect
    ``(T0 + D0) C1/C0 - (T1 + D1)``; its variance by the delta method.

    References
    ----------
    Bowers, K. J. and Johnson, S. D. (2003). Measuring the geographical displacement and diffusion of benefit effects of
    crime prevention activity. Journal of Quantitative Criminology 19(3).

    Examples
    --------
    >>> from analysis.evaluation.count_design import BeforeAfter
    >>> design = CountDesign(BeforeAfter(207, 110), BeforeAfter(308, 318), BeforeAfter(178, 157), BeforeAfter(150, 140))
    >>> found = weighted_displacement_quotient(design)
    >>> round(found.quotient, 4), found.spread, round(found.total_net_effect, 1)
    (0.2582, 'diffusion', 130.5)
    """
    checked_level(dispersion, confidence)
    control, around = required_control(design, "weighted displacement quotient"), design.displacement_treated
    if around is None:
        raise ParameterError("The weighted displacement quotient needs a buffer.", "Give the counts of the buffer.")
    if control.before == 0 or control.after == 0:
        raise TooFewEventsError(
            "The control area has no event in one of the periods.", "Use a longer period or a larger control area."
        )
    treated, growth = design.treated, control.after / control.before
    success = treated.after / control.after - treated.before / control.before
    buffer = around.after / control.after - around.before / control.before
    quotient = buffer / success if success < 0 else None
    before, after = treated.before + around.before, treated.after + around.after
    effect = before * growth - after
    of_growth = before**2 * growth**2 * (1.0 / control.after + 1.0 / control.before)
    half = float(ndtri(0.5 + confidence / 2.0)) * math.sqrt(dispersion * (growth**2 * before + after + of_growth))
    return DisplacementQuotient(success, buffer, quotient, _spread(quotient), effect, effect - half, effect + half)


def _spread(quotient: float | None) -> Spread:
    """Say what the sign of a quotient means."""
    if quotient is None:
        return "not_defined"
    if quotient == 0:
        return "none"
    return "diffusion" if quotient > 0 else "displacement"
