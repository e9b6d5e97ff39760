"""A whole evaluation of four or eight counts: every measure, every guard, one verdict."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from scipy.special import ndtri

from analysis.errors import TooFewEventsError
from analysis.evaluation.count_design import CountDesign, checked_level
from analysis.evaluation.displacement_difference import DisplacementDifference, weighted_displacement_difference
from analysis.evaluation.displacement_quotient import DisplacementQuotient, weighted_displacement_quotient
from analysis.evaluation.guards import Guard, StudyConditions, design_guards, notices_of
from analysis.evaluation.relative_effect import Ratio, relative_effect_size, uncontrolled_change
from analysis.evaluation.verdict import Verdict, verdict
from analysis.summary import Summary

POWER = 0.8


@dataclass(frozen=True)
class CountEvaluation:
    """What counts before and after say about a fix.

    Attributes
    ----------
    effect : Ratio or None
        What the fix multiplied the count by: the inverse of the relative effect size, or the plain change without a
        control. None where a count is zero.
    relative_effect_size : Ratio or None
        None without a control or where a count is zero.
    difference : DisplacementDifference or None
        None without a control.
    quotient : DisplacementQuotient or None
        None without a buffer, or where the control is zero.
    smallest_visible : float or None
        The fall, 0 to 1, that counts like these would show as significant in 80 of 100 evaluations.
    guards : tuple of Guard
        All of them, also those that passed.
    verdict : Verdict
    summary : Summary
    """

    effect: Ratio | None
    relative_effect_size: Ratio | None
    difference: DisplacementDifference | None
    quotient: DisplacementQuotient | None
    smallest_visible: float | None
    guards: tuple[Guard, ...]
    verdict: Verdict
    summary: Summary

    def to_dict(self) -> dict[str, Any]:
        """Return the evaluation as JSON-ready plain values."""
        return dataclasses.asdict(self)


def evaluate_counts(
    design: CountDesign,
    conditions: StudyConditions | None = None,
    *,
    dispersion: float | None = None,
    confidence: float = 0.95,
) -> CountEvaluation:
    """Evaluate a fix by its counts.

    Parameters
    ----------
    design : CountDesign
    conditions : StudyConditions, optional
        What is known about the choice of areas and periods; by default nothing is, and the guards warn.
    dispersion : float, optional
        Variance of a count over its mean, for example from a monthly panel. By default 1, and a guard warns, because
        two periods leave no degree of freedom to estimate it.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    CountEvaluation
        An effect is claimed only where the ratio and the difference of treated area and control both leave out "no
        effect" and no guard refuses.

    Raises
    ------
    TooFewEventsError
        There is no event at all.
    ParameterError
        An impossible dispersion or confidence.

    Examples
    --------
    >>> from analysis.evaluation.count_design import BeforeAfter
    >>> evaluate_counts(CountDesign(BeforeAfter(207, 110), BeforeAfter(308, 318))).verdict.text
    'About 49 % fewer, 32 to 61 %.'
    """
    scale = 1.0 if dispersion is None else dispersion
    checked_level(scale, confidence)
    if design.total == 0:
        raise TooFewEventsError("There is no event in any area or period.", "Use longer periods or larger areas.")
    levels = {"dispersion": scale, "confidence": confidence}
    controlled = design.control is not None
    difference = weighted_displacement_difference(design, **levels) if controlled else None
    size = _or_none(relative_effect_size, design, levels) if controlled else None
    effect = (size.inverse() if size else None) if controlled else _or_none(uncontrolled_change, design, levels)
    quotient = _or_none(weighted_displacement_quotient, design, levels) if design.displacement_treated else None
    local = difference.local if difference else None
    margin = float(ndtri(0.5 + confidence / 2.0))
    guards = (
        *design_guards(design, conditions or StudyConditions()),
        _dispersion_guard(dispersion, _strength(effect, local), margin),
    )
    found = verdict(effect, guards, controlled=controlled, difference=local)
    visible = None if effect is None else 1.0 - math.exp(-(margin + float(ndtri(POWER))) * effect.log_standard_error)
    summary = Summary(
        method="Weighted displacement difference and relative effect size" if controlled else "Change without control",
        parameters={
            **dataclasses.asdict(design),
            **levels,
            "conditions": dataclasses.asdict(conditions or StudyConditions()),
        },
        n_used=round(design.total),
        excluded={},
        crs="",
        study_area_km2=0.0,
        reading=_reading(found, difference, quotient, visible),
        warnings=notices_of(guards),
    )
    return CountEvaluation(effect, size, difference, quotient, visible, guards, found, summary)


def _or_none(measure: Any, design: CountDesign, levels: dict[str, float]) -> Any:
    """Return a measure, None where the counts do not define it."""
    try:
        return measure(design, **levels)
    except TooFewEventsError:
        return None


def _strength(effect: Ratio | None, local: Any) -> float:
    """Return the smaller z of the tests that a claim needs."""
    tests = [abs(local.z)] if local is not None else []
    if effect is not None:
        tests.append(abs(math.log(effect.estimate)) / effect.log_standard_error)
    return min(tests, default=0.0)


def _dispersion_guard(dispersion: float | None, strength: float, margin: float) -> Guard:
    """Tell what is known about counts that vary more than Poisson counts."""
    code = "overdispersion"
    if dispersion is not None:
        message = f"Intervals allow for counts whose variance is {dispersion:.2f} times their mean."
        return Guard(code, "passed", message)
    message = "Two periods do not show how much counts vary; intervals suppose that variance equals the mean."
    if strength > margin:
        message += f" The claim holds while variance is less than {(strength / margin) ** 2:.1f} times the mean."
    return Guard(code, "warning", f"{message} Monthly counts would tell.")


def _reading(
    found: Verdict,
    difference: DisplacementDifference | None,
    quotient: DisplacementQuotient | None,
    visible: float | None,
) -> str:
    """Say in one paragraph what the measures come to."""
    parts = [found.text]
    if difference is not None:
        total = difference.total
        where = "In the treated area and around it" if difference.displacement else "In the treated area"
        parts.append(
            f"{where} the count is {_compared(total.estimate)} the control leads to expect "
            f"(interval {total.low:+,.0f} to {total.high:+,.0f})."
        )
    if quotient is not None and quotient.quotient is not None and found.kind != "fewer":
        parts.append(
            f"The displacement quotient ({quotient.quotient:.2f}) says nothing here: it takes a fall that can be "
            "claimed."
        )
    elif quotient is not None and quotient.quotient is not None:
        words = {
            "diffusion": "the surroundings shared in the benefit",
            "displacement": "a part of it moved to the surroundings",
            "none": "the surroundings did not change",
        }
        parts.append(f"By the displacement quotient ({quotient.quotient:.2f}) {words[quotient.spread]}.")
    if visible is not None:
        parts.append(
            f"Counts like these show a fall of {visible * 100:.0f} % or more in 80 of 100 evaluations, a smaller one "
            "seldom."
        )
    return " ".join(parts)


def _compared(difference: float) -> str:
    """Return a difference of counts in words that ask for what it is compared with."""
    number = round(abs(difference))
    if number == 0:
        return "what"
    return f"{number:,} {'event' if number == 1 else 'events'} {'lower' if difference < 0 else 'higher'} than"
