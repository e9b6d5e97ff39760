"""The weighted displacement difference: net change in events against a control, buffers included."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import ndtr, ndtri

from analysis.errors import TooFewEventsError
from analysis.evaluation.count_design import BeforeAfter, CountDesign, checked_level, required_control


@dataclass(frozen=True)
class Difference:
    """A difference in numbers of events with its interval.

    Attributes
    ----------
    estimate, standard_error : float
        Events (per unit of the weights); negative is a reduction.
    z, p_value : float
        Two-sided, normal.
    low, high : float
        Interval at the confidence asked for.
    """

    estimate: float
    standard_error: float
    z: float
    p_value: float
    low: float
    high: float

    @property
    def differs(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class DisplacementDifference:
    """The weighted displacement difference and its parts.

    Attributes
    ----------
    local : Difference
        Treated area against control, without the buffers.
    displacement : Difference or None
        Buffer of the treated area against buffer of the control: above zero crime may have moved there, below zero the
        benefit spread. None without buffers.
    total : Difference
        Their sum; `local` without buffers.
    """

    local: Difference
    displacement: Difference | None
    total: Difference


def weighted_displacement_difference(
    design: CountDesign, *, dispersion: float = 1.0, confidence: float = 0.95
) -> DisplacementDifference:
    """Compare the change in the treated area, and around it, with the change in and around the control.

    Parameters
    ----------
    design : CountDesign
        With a control; zeros are allowed.
    dispersion : float
        Variance of a count over its mean; 1 for Poisson counts, more widens the interval.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    DisplacementDifference

    Raises
    ------
    ParameterError
        No control area, or an impossible dispersion or confidence.
    TooFewEventsError
        There is no event at all.

    Notes
    -----
    ``WDD = (dT - dC) + (dDT - dDC)``, each d the count after over its time and area weight less the count before over
    its own; the variance is the sum of all counts over their squared weights, times the dispersion. A difference of
    counts is defined with zeros, where ratios are not, but it supposes that without the fix both areas had changed by
    the same number of events: controls should be of about the same level.

    References
    ----------
    Wheeler, A. P. and Ratcliffe, J. H. (2018). A simple weighted displacement difference test to evaluate place based
    crime interventions. Crime Science 7:11.

    Examples
    --------
    >>> design = CountDesign(BeforeAfter(207, 110), BeforeAfter(308, 318), BeforeAfter(178, 157), BeforeAfter(150, 140))
    >>> found = weighted_displacement_difference(design).total
    >>> found.estimate, round(found.standard_error, 2), round(found.z, 2)
    (-118.0, 39.6, -2.98)
    """
    checked_level(dispersion, confidence)
    weights = design.area_weights
    control = _weighted(required_control(design, "weighted displacement difference"), weights.control, design)
    treated = _weighted(design.treated, weights.treated, design)
    local = (treated[0] - control[0], treated[1] + control[1])
    displacement = None
    if design.displacement_treated is not None and design.displacement_control is not None:
        around = _weighted(design.displacement_treated, weights.displacement_treated, design)
        around_control = _weighted(design.displacement_control, weights.displacement_control, design)
        displacement = (around[0] - around_control[0], around[1] + around_control[1])
    total = local if displacement is None else (local[0] + displacement[0], local[1] + displacement[1])
    if total[1] == 0:
        raise TooFewEventsError("There is no event in any area or period.", "Use longer periods or larger areas.")
    scale = (dispersion, confidence)
    return DisplacementDifference(
        local=_difference(*local, *scale),
        displacement=None if displacement is None else _difference(*displacement, *scale),
        total=_difference(*total, *scale),
    )


def _weighted(counts: BeforeAfter, area: float, design: CountDesign) -> tuple[float, float]:
    """Return the weighted change of an area and its Poisson variance."""
    before, after = (weight * area for weight in design.time_weights)
    return (
        counts.after / after - counts.before / before,
        counts.after / after**2 + counts.before / before**2,
    )


def _difference(estimate: float, variance: float, dispersion: float, confidence: float) -> Difference:
    """Return a difference with its test and interval; one of no events at all differs in nothing."""
    error = math.sqrt(variance * dispersion)
    z = estimate / error if error > 0 else 0.0
    half = float(ndtri(0.5 + confidence / 2.0)) * error
    return Difference(estimate, error, z, float(2.0 * ndtr(-abs(z))), estimate - half, estimate + half)
