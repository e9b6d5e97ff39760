"""Do events at unlit places happen more at night than events at lit places do? Odds ratio with an interval."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from analysis.errors import ParameterError, TooFewEventsError
from analysis.evaluation.relative_effect import Ratio
from analysis.lighting.street_lighting import LIT, UNKNOWN, UNLIT
from analysis.projection import FloatArray
from analysis.summary import Notice, Summary

LEAST_EVENTS = 5
FEW_IN_A_FIELD = 5.0


@dataclass(frozen=True, eq=False)
class DarknessOdds:
    """Night and day near unlit and lit metres of street.

    Attributes
    ----------
    table : ndarray of float64, shape (2, 2)
        Expected events: rows unlit, lit; columns night, day.
    odds : Ratio
        Odds of night at unlit over odds of night at lit places; above 1 nights are worse where it is dark.
    night_per_km : tuple of float or None
        Events by night per km of unlit and of lit street; None without the metres.
    summary : Summary
        Of a result without a place: its ``crs`` is empty and its area zero.
    """

    table: FloatArray
    odds: Ratio
    night_per_km: tuple[float, float] | None
    summary: Summary


def darkness_odds(
    night_share: npt.ArrayLike,
    lighting: npt.ArrayLike,
    *,
    metres: tuple[float, float] | None = None,
    confidence: float = 0.95,
) -> DarknessOdds:
    """Compare night with day at unlit and at lit places.

    Parameters
    ----------
    night_share : array_like of float, shape (n,)
        Probability that the event happened in the dark (`light_of_events`), 0 to 1; twilight counts as day unless it is
        added.
    lighting : array_like of int, shape (n,)
        Position in `LIGHTINGS` of the place of each event (`StreetLighting.at`); unknown places are left out, counted.
    metres : tuple of float, optional
        Metres of unlit and of lit street, for rates per km.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    DarknessOdds

    Raises
    ------
    TooFewEventsError
        Fewer than five events at unlit or at lit places.
    ParameterError
        Shares that are no probabilities, codes that are none, other lengths, or an impossible confidence.

    Notes
    -----
    Each place is its own control: what makes a street busy makes it busy by day too, so that the odds of night cancel
    it out. ``OR = (n_u d_l) / (n_l d_u)`` with half an event added to every field where one is less than a half
    (Haldane), interval by Woolf's formula on the log scale. With fractions of aoristic windows the interval is a little
    too narrow. An odds ratio says that darkness and nights go together, not that a lamp would change it: what is open
    at night differs between lit and unlit streets too.

    References
    ----------
    Woolf, B. (1955). On estimating the relation between blood group and disease. Annals of Human Genetics 19.

    Examples
    --------
    >>> found = darkness_odds([1] * 30 + [0] * 10 + [1] * 20 + [0] * 20, [1] * 40 + [0] * 40)
    >>> found.odds.estimate, found.odds.differs
    (3.0, True)
    """
    share, code = np.asarray(night_share, dtype=np.float64), np.asarray(lighting)
    if share.shape != code.shape or share.ndim != 1:
        raise ParameterError(f"There are {share.size} shares but {code.size} places.", "Give one of each an event.")
    if not (np.isfinite(share).all() and (share >= 0).all() and (share <= 1).all()):
        raise ParameterError("A share of night is no probability.", "Give numbers from 0 to 1.")
    if not np.isin(code, (LIT, UNLIT, UNKNOWN)).all() or not 0 < confidence < 1:
        raise ParameterError("A code of lighting or the confidence is none.", "Use 0, 1, 2 and, say, 0.95.")
    places = {"unlit": code == UNLIT, "lit": code == LIT}
    for name, here in places.items():
        if here.sum() < LEAST_EVENTS:
            raise TooFewEventsError(
                f"Only {int(here.sum())} events are at {name} places.", f"At least {LEAST_EVENTS} of each are needed."
            )
    table = np.array([[share[here].sum(), (1.0 - share[here]).sum()] for here in places.values()])
    odds = _odds_ratio(table, confidence)
    rates = None
    if metres is not None and min(metres) > 0:
        rates = (float(table[0, 0]) / metres[0] * 1000.0, float(table[1, 0]) / metres[1] * 1000.0)
    unknown = int(np.count_nonzero(code == UNKNOWN))
    summary = Summary(
        method="Night/day odds ratio, unlit against lit",
        parameters={"confidence": confidence, "metres_unlit_lit": list(metres) if metres else None},
        n_used=int(share.size) - unknown,
        excluded={"lighting_unknown": unknown} if unknown else {},
        crs="",
        study_area_km2=0.0,
        reading=_reading(odds, rates, confidence),
        warnings=_notices(table),
    )
    return DarknessOdds(table, odds, rates, summary)


def _odds_ratio(table: FloatArray, confidence: float) -> Ratio:
    """Return the odds ratio of a table with Woolf's interval."""
    (night_unlit, day_unlit), (night_lit, day_lit) = table + (0.5 if table.min() < 0.5 else 0.0)
    estimate = float(night_unlit * day_lit / (night_lit * day_unlit))
    error = math.sqrt(1 / night_unlit + 1 / day_unlit + 1 / night_lit + 1 / day_lit)
    half = float(ndtri(0.5 + confidence / 2.0)) * error
    return Ratio(estimate, estimate * math.exp(-half), estimate * math.exp(half), error)


def _reading(odds: Ratio, rates: tuple[float, float] | None, confidence: float) -> str:
    """Say in plain language what the odds come to."""
    span = f"{odds.low:.2f} to {odds.high:.2f}"
    if not odds.differs:
        text = f"No difference can be claimed: the odds ratio {odds.estimate:.2f} fits anything from {span}."
    else:
        side = "more" if odds.estimate > 1 else "less"
        text = (
            f"At unlit places events happen {side} often at night than at lit places: the odds of night are "
            f"{odds.estimate:.2f} times as high ({confidence:.0%} interval {span})."
        )
    if rates is not None:
        text += f" By night there were {rates[0]:,.1f} events per km of unlit and {rates[1]:,.1f} per km of lit street."
    return f"{text} This is a comparison of places, not proof that a lamp would help."


def _notices(table: FloatArray) -> tuple[Notice, ...]:
    """Warn of fields with few events."""
    if table.min() >= FEW_IN_A_FIELD:
        return ()
    return (Notice("few_events", f"A field of the table holds {table.min():.1f} events: the interval is rough."),)
