"""The finding of an evaluation in plain language; it claims no more than figures and guards allow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from analysis.evaluation.displacement_difference import Difference
from analysis.evaluation.guards import Guard, refusals
from analysis.evaluation.relative_effect import Ratio

VerdictKind = Literal["fewer", "more", "no_effect_can_be_claimed", "refused"]


@dataclass(frozen=True)
class Verdict:
    """What may be said in public.

    Attributes
    ----------
    kind : {"fewer", "more", "no_effect_can_be_claimed", "refused"}
        ``refused``: a guard forbids a claim, whatever the figures say.
    text : str
        One or two sentences.
    uncontrolled : bool
        There was no control area; the text says so.
    """

    kind: VerdictKind
    text: str
    uncontrolled: bool


def verdict(
    effect: Ratio | None, guards: tuple[Guard, ...], *, controlled: bool, difference: Difference | None = None
) -> Verdict:
    """Say what was found.

    Parameters
    ----------
    effect : Ratio or None
        What the fix multiplied the count by, for example 0.8; None where it is not defined.
    guards : tuple of Guard
    controlled : bool
        Whether there is a control area.
    difference : Difference or None
        A second test of the same effect as a difference of counts. An effect is claimed only if both see it; where
        `effect` is None this one decides.

    Returns
    -------
    Verdict

    Examples
    --------
    >>> verdict(Ratio(0.8, 0.67, 0.95, 0.09), (), controlled=True).text
    'About 20 % fewer, 5 to 33 %.'
    >>> verdict(Ratio(0.9, 0.67, 1.2, 0.15), (), controlled=True).text
    'No effect can be claimed: the figures fit anything from 33 % fewer to 20 % more.'
    """
    forbidden = refusals(guards)
    label = "" if controlled else "Uncontrolled: "
    if forbidden:
        reasons = " ".join(guard.message for guard in forbidden)
        return Verdict(
            "refused", f"{label}{'No' if controlled else 'no'} effect can be claimed. {reasons}", not controlled
        )
    if effect is None:
        kind, text = _of_difference(difference)
    else:
        kind, text = _of_ratio(effect, difference)
    if controlled:
        return Verdict(kind, text, uncontrolled=False)
    caution = "" if kind == "no_effect_can_be_claimed" else " Nothing shows that the fix was the cause."
    return Verdict(kind, f"{label}{text[0].lower()}{text[1:]}{caution}", uncontrolled=True)


def _of_ratio(effect: Ratio, difference: Difference | None) -> tuple[VerdictKind, str]:
    """Judge an effect given as a ratio."""
    seen = effect.differs and (
        difference is None or (difference.differs and (difference.estimate < 0) == (effect.estimate < 1))
    )
    if not seen and effect.differs:
        return (
            "no_effect_can_be_claimed",
            "No effect can be claimed: the ratio of counts and the difference of counts do not agree.",
        )
    if not seen:
        span = f"{_side(effect.low)} to {_side(effect.high)}"
        return "no_effect_can_be_claimed", f"No effect can be claimed: the figures fit anything from {span}."
    if effect.estimate < 1:
        return (
            "fewer",
            f"About {_percent(effect.estimate)} % fewer, {_percent(effect.high)} to {_percent(effect.low)} %.",
        )
    return "more", f"About {_percent(effect.estimate)} % more, {_percent(effect.low)} to {_percent(effect.high)} %."


def _of_difference(difference: Difference | None) -> tuple[VerdictKind, str]:
    """Judge an effect that is known as a difference only."""
    if difference is None:
        return "no_effect_can_be_claimed", "No effect can be claimed: a count is zero, so that no ratio is defined."
    low, high = sorted((abs(difference.low), abs(difference.high)))
    if not difference.differs:
        span = f"{difference.low:+,.0f} to {difference.high:+,.0f} events"
        return "no_effect_can_be_claimed", f"No effect can be claimed: the figures fit anything from {span}."
    kind: VerdictKind = "fewer" if difference.estimate < 0 else "more"
    return kind, f"About {abs(difference.estimate):,.0f} events {kind} than expected, {low:,.0f} to {high:,.0f}."


def _percent(ratio: float) -> str:
    """Return how far a ratio is from 1, in whole percent."""
    percent = abs(ratio - 1.0) * 100.0
    return f"{percent:,.0f}" if percent >= 1 else "less than 1"


def _side(ratio: float) -> str:
    """Return a ratio as a percentage with its direction."""
    return f"{_percent(ratio)} % {'fewer' if ratio < 1 else 'more'}"
