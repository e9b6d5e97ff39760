"""What it costs to give a beat to an officer: residents who know them, languages, way to work, part-time posts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from analysis.beats.plan import BeatPlan
from analysis.beats.staff import Staff
from analysis.errors import ParameterError

Whole = NDArray[np.int64]
Real = NDArray[np.float64]

MOST_YEARS = 10.0
"""Years of service above this count no more."""
SHORTAGE_RANGE = (0.5, 5.0)
"""Least and most that a language counts for being rare among officers."""


@dataclass(frozen=True)
class OfficerWeights:
    """What counts how much when officers are matched, in residents who keep the officer they know.

    Attributes
    ----------
    per_km : float
        Residents that a kilometre between station and beat weighs as much as.
    part_time : float
        Share of the residents of a beat that a missing full post weighs as much as.
    language : float
        Weight of a resident whose language the officer speaks, before it is multiplied by the shortage of that
        language.
    tenure : float
        Extra weight of a resident who keeps the officer, for each year that the officer has served there.
    """

    per_km: float = 20.0
    part_time: float = 0.1
    language: float = 0.2
    tenure: float = 0.05

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not (value >= 0 and math.isfinite(value)):
                raise ParameterError(f"The weight '{name}' of officers is {value}.", "Give a number, zero or more.")


@dataclass(frozen=True, eq=False)
class OfficerCosts:
    """Costs of every post and officer, worked out a few posts at a time.

    Attributes
    ----------
    beat : ndarray of int64, shape (p,)
        Beat of each post.
    centre, station : ndarray of float64, shape (k, 2) and (o, 2)
        Middle of each beat and station of each officer in metres.
    away_km : float
        Distance that counts where a station is not known.
    lacking, burden : ndarray of float64, shape (o,) and (k,)
        Missing share of a post, and what a missing post costs in each beat.
    heard, spoken : ndarray of float64, shape (k, l) and (l, o)
        Worth of each language in each beat, and 1 where the officer speaks it.
    known : dict of int to tuple of ndarray
        Officers who are known in a beat and what that is worth.
    barred : dict of int to ndarray of int64
        Officers who must not have a beat.
    per_km, limit_km : float
        Weight of a kilometre, and longest way allowed.
    """

    beat: Whole
    centre: Real
    station: Real
    away_km: float
    lacking: Real
    burden: Real
    heard: Real
    spoken: Real
    known: dict[int, tuple[Whole, Real]]
    barred: dict[int, Whole]
    per_km: float
    limit_km: float

    def rows(self, first: int, last: int) -> Real:
        """Return the costs of some posts with every officer, shape (last - first, o); infinite where impossible."""
        beat = self.beat[first:last]
        cost: Real = self.heard[beat] @ -self.spoken if self.spoken.size else np.zeros((len(beat), len(self.station)))
        add_ways(
            cost,
            self.centre[beat],
            self.station,
            self.burden[beat],
            self.lacking,
            self.per_km,
            self.away_km,
            self.limit_km,
        )
        for row, own in enumerate(beat.tolist()):
            if own in self.known:
                officer, worth = self.known[own]
                cost[row, officer] -= worth
            if own in self.barred:
                cost[row, self.barred[own]] = np.inf
        return cost

    def distance_km(self, beat: int, officer: int) -> float:
        """Return the straight line from station to beat in kilometres, NaN without a station."""
        return float(np.hypot(*(self.centre[beat] - self.station[officer])) / 1000.0)


@njit(cache=True, nogil=True)
def add_ways(
    cost: Real,
    centre: Real,
    station: Real,
    burden: Real,
    lacking: Real,
    per_km: float,
    away_km: float,
    limit_km: float,
) -> None:
    """Add what the way to work and part-time posts cost, in place; infinite beyond ``limit_km``."""
    for row in range(cost.shape[0]):
        for officer in range(cost.shape[1]):
            east, north = centre[row, 0] - station[officer, 0], centre[row, 1] - station[officer, 1]
            way_km = np.sqrt(east * east + north * north) / 1000.0
            if np.isnan(way_km):
                way_km = away_km
            elif way_km > limit_km:
                way_km = np.inf
            cost[row, officer] += per_km * way_km if per_km > 0 or way_km == np.inf else 0.0
            cost[row, officer] += burden[row] * lacking[officer]


def officer_costs(
    plan: BeatPlan,
    staff: Staff,
    *,
    posts: Whole,
    known: dict[tuple[int, int], float],
    barred: dict[int, Whole],
    weights: OfficerWeights,
    speakers: Mapping[str, Real],
    limit_km: float | None,
) -> OfficerCosts:
    """Prepare the costs.

    Parameters
    ----------
    plan, staff
        The beats and the officers.
    posts : ndarray of int64, shape (p,)
        Beat of each post.
    known : dict of (beat, officer) to float
        Residents who know the officer.
    barred : dict of int to ndarray of int64
        Officers who must not have a beat.
    weights : OfficerWeights
        What counts how much.
    speakers : mapping of str to ndarray of float64, shape (n,)
        Residents of each unit who speak a language.
    limit_km : float or None
        Longest way from station to beat.

    Returns
    -------
    OfficerCosts

    Notes
    -----
    A language counts the more the rarer it is among officers: its weight is multiplied by the share of residents over
    the share of officers who speak it, from 0.5 to 5.
    """
    problem, count = plan.problem, len(plan.beat_ids)
    weight = problem.residents + 1e-6
    total = np.bincount(plan.beat_of_unit, weight)
    centre = np.column_stack([np.bincount(plan.beat_of_unit, weight * axis) / total for axis in problem.centres.T])
    heard = np.zeros((count, len(speakers)))
    spoken = np.zeros((len(speakers), len(staff.badges)))
    for column, (language, people) in enumerate(speakers.items()):
        spoken[column] = [language.strip().lower() in own for own in staff.languages]
        demand = float(people.sum()) / max(float(problem.residents.sum()), 1.0)
        supply = float(spoken[column].sum()) / max(len(staff.badges), 1)
        shortage = float(np.clip(demand / max(supply, 1e-9), *SHORTAGE_RANGE))
        heard[:, column] = weights.language * shortage * np.bincount(plan.beat_of_unit, people, minlength=count)
    by_beat: dict[int, tuple[list[int], list[float]]] = {}
    for (own, officer), residents in known.items():
        officers, worth = by_beat.setdefault(own, ([], []))
        officers.append(officer)
        worth.append(residents * (1.0 + weights.tenure * min(float(staff.years[officer]), MOST_YEARS)))
    return OfficerCosts(
        beat=posts,
        centre=centre,
        station=staff.station,
        away_km=_farthest_km(centre, staff.station),
        lacking=1.0 - staff.capacity,
        burden=(weights.part_time * plan.totals.residents).astype(np.float64),
        heard=heard,
        spoken=spoken,
        known={own: (np.array(pair[0], np.int64), np.array(pair[1])) for own, pair in by_beat.items()},
        barred=barred,
        per_km=weights.per_km,
        limit_km=math.inf if limit_km is None else limit_km,
    )


def _farthest_km(centre: Real, station: Real) -> float:
    """Return about the longest way between a station and a beat: the diagonal of the rectangle around all of them."""
    places = np.vstack([centre, station[np.isfinite(station).all(axis=1)]])
    return float(np.hypot(*np.ptp(places, axis=0)) / 1000.0) if len(places) else 0.0
