"""Shares of a survey with intervals, change between two waves, and the least change that they could see."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from scipy.optimize import brentq
from scipy.special import ndtri

from analysis.errors import ParameterError, TooFewEventsError
from analysis.intervals import wilson_interval
from analysis.summary import Notice, Summary

LEAST_ANSWERS = 10
"""Fewer answers are not shown: they could be recognised, and they say nothing."""

POWER = 0.8

ChangeKind = Literal["rose", "fell", "no_change_can_be_claimed"]


@dataclass(frozen=True)
class Answers:
    """How many said yes to a question in one wave and one area.

    Attributes
    ----------
    yes, answered : int
        Those who said yes, and all who answered; "do not know" and refusals are no answers.
    wording : str
        The question as it was asked.
    method : str
        How it was asked: ``face_to_face``, ``telephone``, ``online``, ``paper`` ...
    design_effect : float
        Variance over that of a simple random sample; above 1 for clusters and weights.

    Raises
    ------
    ParameterError
        Impossible numbers.
    """

    yes: int
    answered: int
    wording: str
    method: str
    design_effect: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.yes <= self.answered:
            raise ParameterError(f"{self.yes} of {self.answered} said yes.", "Give whole numbers, yes among answered.")
        if not (math.isfinite(self.design_effect) and self.design_effect >= 1):
            raise ParameterError(f"The design effect is {self.design_effect}.", "Give a number of at least 1.")


@dataclass(frozen=True)
class Share:
    """A share with its interval.

    Attributes
    ----------
    share, low, high : float
        0 to 1.
    answered : int
    """

    share: float
    low: float
    high: float
    answered: int


@dataclass(frozen=True)
class WaveChange:
    """Change of a share between two waves.

    Attributes
    ----------
    before, after : Share
    difference, low, high : float
        Share after less share before, -1 to 1, with its interval.
    smallest_visible : float
        The change that waves of this size show as significant in 80 of 100 surveys, 0 to 1.
    kind : {"rose", "fell", "no_change_can_be_claimed"}
    summary : Summary
        Of a result without a place: its ``crs`` is empty and its area zero.
    """

    before: Share
    after: Share
    difference: float
    low: float
    high: float
    smallest_visible: float
    kind: ChangeKind
    summary: Summary


def survey_share(answers: Answers, *, confidence: float = 0.95) -> Share | None:
    """Return the share that said yes, None where too few answered to be shown.

    Parameters
    ----------
    answers : Answers
    confidence : float
        Between 0 and 1.

    Returns
    -------
    Share or None
        Wilson's interval; None with fewer than ten answers.

    Raises
    ------
    ParameterError
        An impossible confidence.

    Notes
    -----
    A design effect makes the sample smaller: answers and yes are divided by it before the interval is taken.

    References
    ----------
    Wilson, E. B. (1927). Journal of the American Statistical Association 22(158).

    Examples
    --------
    >>> survey_share(Answers(30, 100, "Do you feel safe after dark?", "online")).share
    0.3
    >>> survey_share(Answers(3, 9, "Do you feel safe after dark?", "online")) is None
    True
    """
    if answers.answered < LEAST_ANSWERS:
        return None
    scale = answers.design_effect
    low, high = wilson_interval([answers.yes / scale], answers.answered / scale, confidence)
    return Share(answers.yes / answers.answered, float(low[0]), float(high[0]), answers.answered)


def compare_waves(before: Answers, after: Answers, *, confidence: float = 0.95) -> WaveChange:
    """Compare the same question in two waves.

    Parameters
    ----------
    before, after : Answers
    confidence : float
        Between 0 and 1.

    Returns
    -------
    WaveChange

    Raises
    ------
    ParameterError
        Another wording or another method, which no statistic can take back; an impossible confidence.
    TooFewEventsError
        Fewer than ten answers in a wave.

    Notes
    -----
    Newcombe's hybrid score interval: with the Wilson limits l and u of both shares,
    ``d - sqrt((p2 - l2)^2 + (u1 - p1)^2)`` to ``d + sqrt((u2 - p2)^2 + (p1 - l1)^2)``, d = p2 - p1. It keeps within -1
    and 1 and holds for shares near 0 and 1.

    References
    ----------
    Newcombe, R. G. (1998). Interval estimation for the difference between independent proportions: comparison of eleven
    methods. Statistics in Medicine 17, method 10.

    Examples
    --------
    >>> question = {"wording": "Do you know your officer?", "method": "telephone"}
    >>> found = compare_waves(Answers(48, 80, **question), Answers(56, 70, **question))
    >>> round(found.difference, 2), round(found.low, 4), round(found.high, 4)
    (0.2, 0.0524, 0.3339)
    """
    reason = why_not_comparable(before, after)
    if reason is not None:
        raise ParameterError(reason, "Compare waves that asked the same question in the same way.")
    first, second = survey_share(before, confidence=confidence), survey_share(after, confidence=confidence)
    if first is None or second is None:
        raise TooFewEventsError(
            f"{before.answered} and {after.answered} answered.", f"At least {LEAST_ANSWERS} are needed in each wave."
        )
    difference = second.share - first.share
    low = max(-1.0, difference - math.hypot(second.share - second.low, first.high - first.share))
    high = min(1.0, difference + math.hypot(second.high - second.share, first.share - first.low))
    kind: ChangeKind = "rose" if low > 0 else "fell" if high < 0 else "no_change_can_be_claimed"
    visible = smallest_visible_change(
        before.answered / before.design_effect,
        after.answered / after.design_effect,
        share=first.share,
        confidence=confidence,
    )
    summary = _summary(first, second, (difference, low, high), kind, visible, confidence)
    return WaveChange(first, second, difference, low, high, visible, kind, summary)


def why_not_comparable(before: Answers, after: Answers) -> str | None:
    """Say why two waves did not ask the same.

    Parameters
    ----------
    before, after : Answers

    Returns
    -------
    str or None
        None where wording (but for spaces, capitals and the last mark) and method are the same.

    Examples
    --------
    >>> why_not_comparable(Answers(1, 20, "Safe?", "online"), Answers(1, 20, " safe", "online")) is None
    True
    """

    def plain(wording: str) -> str:
        return " ".join(wording.casefold().split()).rstrip(" ?.!:")

    if plain(before.wording) != plain(after.wording):
        return f"The question was {before.wording!r} and then {after.wording!r}."
    if before.method != after.method:
        return f"It was asked by {before.method} and then by {after.method}."
    return None


def smallest_visible_change(
    n_before: float, n_after: float, *, share: float = 0.5, confidence: float = 0.95, power: float = POWER
) -> float:
    """Return the least change of a share that two waves would show.

    Parameters
    ----------
    n_before, n_after : float
        Answers of each wave, divided by the design effect.
    share : float
        Share before, 0 to 1; 0.5 is the hardest.
    confidence, power : float
        Between 0 and 1.

    Returns
    -------
    float
        0 to 1; 1 where no change would be seen.

    Raises
    ------
    ParameterError
        Impossible numbers.

    Notes
    -----
    The d with ``d = z_(1 - a/2) sqrt(p (1 - p) (1/n1 + 1/n2)) + z_power sqrt(p1 (1 - p1) / n1 + p2 (1 - p2) / n2)``,
    p1 the share, p2 = p1 + d towards the middle, p their mean.

    References
    ----------
    Fleiss, J. L., Levin, B. and Paik, M. C. (2003). Statistical Methods for Rates and Proportions, chapter 4. Wiley.

    Examples
    --------
    >>> round(smallest_visible_change(100, 100), 2)
    0.19
    """
    if not (n_before > 0 and n_after > 0 and 0 <= share <= 1 and 0 < confidence < 1 and 0 < power < 1):
        raise ParameterError("Answers, share, confidence or power are impossible.", "Give answers above zero, shares.")
    margin, strength = float(ndtri(0.5 + confidence / 2.0)), float(ndtri(power))
    towards = 1.0 if share <= 0.5 else -1.0

    def lacking(change: float) -> float:
        other = share + towards * change
        pooled = (share * n_before + other * n_after) / (n_before + n_after)
        null = math.sqrt(max(pooled * (1 - pooled), 0.0) * (1 / n_before + 1 / n_after))
        apart = math.sqrt(share * (1 - share) / n_before + max(other * (1 - other), 0.0) / n_after)
        return change - margin * null - strength * apart

    most = max(share, 1 - share)
    if lacking(most) <= 0:
        return 1.0
    return float(brentq(lacking, 1e-9, most))


def suppressed_shares(areas: Mapping[str, Answers], *, confidence: float = 0.95) -> dict[str, Share | None]:
    """Return the share of each area, None where too few answered to be shown.

    Parameters
    ----------
    areas : mapping of str to Answers
        By beat or quarter.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    dict of str to Share or None

    Raises
    ------
    ParameterError
        An impossible confidence.

    Examples
    --------
    >>> found = suppressed_shares({"B1": Answers(5, 8, "Safe?", "online"), "B2": Answers(9, 12, "Safe?", "online")})
    >>> found["B1"] is None, found["B2"].share
    (True, 0.75)
    """
    return {name: survey_share(answers, confidence=confidence) for name, answers in areas.items()}


def _summary(
    first: Share,
    second: Share,
    change: tuple[float, float, float],
    kind: ChangeKind,
    visible: float,
    confidence: float,
) -> Summary:
    """Say what changed, and what could have been seen."""
    points = [100 * part for part in change]
    span = f"{points[1]:+.0f} to {points[2]:+.0f} points"
    if kind == "no_change_can_be_claimed":
        text = (
            f"No change can be claimed: from {first.share:.0%} to {second.share:.0%}, which fits anything from {span}."
        )
    else:
        text = (
            f"The share {kind} from {first.share:.0%} to {second.share:.0%}, by {abs(points[0]):.0f} points ({span})."
        )
    notice = Notice(
        "smallest_visible_change",
        f"With {first.answered:,} and {second.answered:,} answers a change of {100 * visible:.0f} points or more would "
        "be seen in 80 of 100 surveys, a smaller one seldom.",
    )
    return Summary(
        method="Change of a share between survey waves",
        parameters={"confidence": confidence, "power": POWER},
        n_used=first.answered + second.answered,
        excluded={},
        crs="",
        study_area_km2=0.0,
        reading=f"{text} {notice.message}",
        warnings=(notice,),
    )
