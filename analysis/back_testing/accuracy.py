"""How well a ranking of places foretold where later events happened: hit rate, PAI, PEI, RRI, capture curve."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from analysis.errors import EmptyInputError, ParameterError, TooFewEventsError, UnitsError
from analysis.projection import FloatArray

AREA_SHARES = (0.01, 0.05, 0.1, 0.2)
"""Shares of the area that are usual in the literature and within reach of a patrol."""


@dataclass(frozen=True)
class Accuracy:
    """What the highest-ranked part of the area caught of the later events.

    Attributes
    ----------
    area_share : float
        Part of the area that was chosen, 0 to 1.
    area : float
        The same in the unit of the areas given.
    hits : float
        Later events in it; the expected number where places tie.
    n_later : float
        Later events in the whole area.
    hit_rate : float
        ``hits / n_later``, 0 to 1.
    pai : float
        Prediction accuracy index, ``hit_rate / area_share``; 1 is what chance reaches.
    best_pai : float
        The PAI that the best possible choice of the same area reaches (PAI*).
    pei : float
        Prediction efficiency index, ``pai / best_pai``, 0 to 1.
    rri : float or None
        Recapture rate index: how the later events compare with the earlier ones in the chosen part, relative to the
        whole area; 1 where the part kept its share, less where it cooled. None without earlier events in the part.
    rri_reason : str or None
        Why `rri` is None.
    """

    area_share: float
    area: float
    hits: float
    n_later: float
    hit_rate: float
    pai: float
    best_pai: float
    pei: float
    rri: float | None
    rri_reason: str | None


@dataclass(frozen=True)
class CaptureCurve:
    """Share of the later events caught against share of the area searched, best ranks first.

    Attributes
    ----------
    area_share, capture_share : ndarray of float64, shape (k + 1,)
        Corners of the curve, from (0, 0) to (1, 1); places that tie make one straight piece.
    area_under : float
        Area under the curve; 0.5 is what chance reaches.
    best_area_under : float
        Area under the curve of the best possible ranking.
    gain : float or None
        Part of the possible gain over chance that was reached, ``(area_under - 0.5) / (best_area_under - 0.5)``; below
        zero for a map worse than chance. None where no ranking could beat chance.
    gain_reason : str or None
        Why `gain` is None.
    """

    area_share: FloatArray
    capture_share: FloatArray
    area_under: float
    best_area_under: float
    gain: float | None
    gain_reason: str | None


class _Ranking(NamedTuple):
    """Cumulative area and events after each group of tied places, from zero, shape (k + 1,)."""

    area: FloatArray
    later: FloatArray
    earlier: FloatArray


class _Places(NamedTuple):
    """Checked columns, shape (n,)."""

    score: FloatArray
    later: FloatArray
    area: FloatArray
    earlier: FloatArray


def accuracy(
    score: npt.ArrayLike,
    later: npt.ArrayLike,
    area: npt.ArrayLike | None = None,
    *,
    area_shares: Sequence[float] = AREA_SHARES,
    earlier: npt.ArrayLike | None = None,
) -> tuple[Accuracy, ...]:
    """Measure what the highest-ranked part of the area caught of the later events.

    Parameters
    ----------
    score : array_like of float, shape (n,)
        Rank of each place: the higher, the more events are expected. Only the order counts.
    later : array_like of float, shape (n,)
        Events of the later period in each place, zero or more.
    area : array_like of float, shape (n,), optional
        Area (or length, for street segments) of each place, any unit, greater than zero. By default all are equal.
    area_shares : sequence of float
        Parts of the area to choose, over 0 and up to 1.
    earlier : array_like of float, shape (n,), optional
        Events of the earlier period in each place, for the recapture rate index.

    Returns
    -------
    tuple of Accuracy
        One an area share.

    Raises
    ------
    EmptyInputError
        There is no place.
    TooFewEventsError
        There is no later event: nothing could be hit.
    ParameterError
        Columns of another length, values that are not finite, negative events, or an area share out of range.
    UnitsError
        A place without an area.

    Notes
    -----
    Places are taken by falling score until the share of the area is used up; the last place is taken in part, with the
    same part of its events, so that every map is measured on exactly the same area. Places with equal score are one
    piece of ground of which every part is equally likely to be chosen: with equal areas `hits` is the exact expected
    value over all orders of the tied places. The order of rows never matters.

    ``PAI = (hits / n_later) / (a / A)``. ``PEI = hits / best hits`` with the best hits those of the densest places of
    later events on the same area ``a``. ``RRI = (hits / hits of the earlier period) / (N_later / N_earlier)``.

    References
    ----------
    Chainey, S., Tompson, L. and Uhlig, S. (2008). The utility of hotspot mapping for predicting spatial patterns of
    crime. Security Journal 21.
    Hunt, J. M. (2016). Do crime hot spots move? Dissertation, American University (PEI and PAI*).
    Levine, N. (2008). The "hottest" part of a hotspot: comments on Chainey et al. Security Journal 21 (RRI).

    Examples
    --------
    >>> level, = accuracy([9, 5, 5, 1], [4, 0, 2, 2], area_shares=[0.5], earlier=[3, 1, 1, 0])
    >>> level.hits, level.hit_rate, level.pai, round(level.pei, 3), round(level.rri, 3)
    (5.0, 0.625, 1.25, 0.833, 0.781)
    """
    places = _checked(score, later, area, earlier)
    for share in area_shares:
        if not 0.0 < share <= 1.0:
            raise ParameterError(f"The area share is {share}.", "Give parts over 0 and up to 1, such as 0.05.")
    ranked = _ranked(places, places.score)
    best = _ranked(places, places.later / places.area)
    return tuple(_level(float(share), ranked, best, known_earlier=earlier is not None) for share in area_shares)


def capture_curve(score: npt.ArrayLike, later: npt.ArrayLike, area: npt.ArrayLike | None = None) -> CaptureCurve:
    """Draw the share of later events caught against the share of the area searched.

    Parameters
    ----------
    score, later, area : array_like of float, shape (n,)
        As for `accuracy`.

    Returns
    -------
    CaptureCurve

    Raises
    ------
    EmptyInputError, TooFewEventsError, ParameterError, UnitsError
        As for `accuracy`.

    Notes
    -----
    The curve is straight between its corners, so the trapezium rule is exact. Places that tie are one straight piece,
    the expected value over their orders; a map that gives every place the same score has an area of 0.5.

    References
    ----------
    Chainey, S., Tompson, L. and Uhlig, S. (2008). Security Journal 21.

    Examples
    --------
    >>> curve = capture_curve([3, 2, 1, 1], [6, 2, 0, 0])
    >>> curve.capture_share.tolist(), curve.area_under
    ([0.0, 0.75, 1.0, 1.0], 0.8125)
    """
    places = _checked(score, later, area, None)
    ranked, best = _ranked(places, places.score), _ranked(places, places.later / places.area)
    under, most = _area_under(ranked), _area_under(best)
    possible = most - 0.5
    even = possible <= 1e-12
    return CaptureCurve(
        ranked.area / ranked.area[-1],
        ranked.later / ranked.later[-1],
        under,
        most,
        None if even else (under - 0.5) / possible,
        "the later events lie evenly over the area, so no ranking can beat chance" if even else None,
    )


def _checked(
    score: npt.ArrayLike, later: npt.ArrayLike, area: npt.ArrayLike | None, earlier: npt.ArrayLike | None
) -> _Places:
    """Refuse columns that cannot be measured."""
    scores = np.asarray(score, dtype=np.float64)
    if scores.ndim != 1 or scores.size == 0:
        raise EmptyInputError("There is no place with a score.", "Give one score a place.")
    areas = _column("area", np.ones(scores.size) if area is None else area, scores.size)
    if (areas <= 0).any():
        bad = np.flatnonzero(areas <= 0)
        raise UnitsError(
            f"{bad.size:,} of {areas.size:,} places have no area, the first is number {bad[0] + 1}.",
            "Leave them out, or mend their geometry.",
        )
    events = _column("later events", later, scores.size)
    before = _column("earlier events", np.zeros(scores.size) if earlier is None else earlier, scores.size)
    if (events < 0).any() or (before < 0).any():
        raise ParameterError("A number of events is negative.", "Give zero or more events a place.")
    if events.sum() == 0:
        raise TooFewEventsError(
            "There is no later event in the area, so nothing could be hit.", "Take a later or a longer period."
        )
    return _Places(_column("score", scores, scores.size), events, areas, before)


def _column(name: str, values: npt.ArrayLike, n: int) -> FloatArray:
    """Return a column of one finite value a place."""
    column = np.asarray(values, dtype=np.float64)
    if column.shape != (n,):
        raise ParameterError(f"There are {n} scores but {name} of shape {column.shape}.", "Give one value a place.")
    if not np.isfinite(column).all():
        bad = np.flatnonzero(~np.isfinite(column))
        raise ParameterError(
            f"{bad.size:,} places have no finite {name}, the first is number {bad[0] + 1}.",
            "Leave the places out, or give the value.",
        )
    return column


def _ranked(places: _Places, score: FloatArray) -> _Ranking:
    """Sum area and events over the groups of equal score, highest first."""
    order = np.lexsort((places.area, places.earlier, places.later, -score))
    falling = score[order]
    begins = np.flatnonzero(np.r_[True, falling[1:] != falling[:-1]])

    def cumulative(values: FloatArray) -> FloatArray:
        sums: FloatArray = np.r_[0.0, np.cumsum(np.add.reduceat(values[order], begins))]
        return sums

    return _Ranking(cumulative(places.area), cumulative(places.later), cumulative(places.earlier))


def _level(share: float, ranked: _Ranking, best: _Ranking, *, known_earlier: bool) -> Accuracy:
    """Measure the choice of one share of the area."""
    area, n_later = share * float(ranked.area[-1]), float(ranked.later[-1])
    hits = float(np.interp(area, ranked.area, ranked.later))
    best_hits = float(np.interp(share * float(best.area[-1]), best.area, best.later))
    before, all_before = float(np.interp(area, ranked.area, ranked.earlier)), float(ranked.earlier[-1])
    reason = None
    if not known_earlier:
        reason = "no earlier events were given"
    elif before == 0:
        reason = "the chosen part held no earlier event"
    return Accuracy(
        area_share=share,
        area=area,
        hits=hits,
        n_later=n_later,
        hit_rate=hits / n_later,
        pai=hits / n_later / share,
        best_pai=best_hits / n_later / share,
        pei=min(1.0, hits / best_hits),
        rri=None if reason else (hits / before) / (n_later / all_before),
        rri_reason=reason,
    )


def _area_under(ranked: _Ranking) -> float:
    """Return the area under a curve of shares."""
    widths, middles = np.diff(ranked.area), (ranked.later[1:] + ranked.later[:-1]) / 2
    return math.fsum(widths * middles) / float(ranked.area[-1] * ranked.later[-1])
