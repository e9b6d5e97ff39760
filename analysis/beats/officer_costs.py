"""What it costs to give a beat to an officer: residents who know them, languages, way to work, part-time posts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.spatial.distance import cdist

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


@dataclass(frozen=True)
class SettledPairs:
    """Pairs of (beat, officer) positions that are settled beforehand.

    Attributes
    ----------
    forbidden, locked : tuple of (int, int)
        Pairs that must not be, and pairs that stay; no officer and no beat is locked twice.
    """

    forbidden: tuple[tuple[int, int], ...] = ()
    locked: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, eq=False)
class OfficerCosts:
    """Costs of every post and officer: by kind of officer, and of the pairs where residents know the officer.

    Attributes
    ----------
    beat : ndarray of int64, shape (p,)
        Beat of each post.
    kind : ndarray of int64, shape (o,)
        Kind of each officer: same station, capacity and languages.
    cost : ndarray of float64, shape (p, kinds)
        Cost of a post with an officer of a kind whom nobody knows; infinite where impossible.
    worth : sparse array of float64, shape (p, o)
        What it is worth that residents know the officer.
    centre, station : ndarray of float64, shape (k, 2) and (kinds, 2)
        Middle of each beat and station of each kind in metres, NaN without a station.
    """

    beat: Whole
    kind: Whole
    cost: Real
    worth: csr_array
    centre: Real
    station: Real

    def distance_km(self, beat: int, officer: int) -> float:
        """Return the straight line from station to beat in kilometres, NaN without a station."""
        return math.dist(self.centre[beat], self.station[self.kind[officer]]) / 1000.0

    def candidates(self, post: int) -> Whole:
        """Return the officers who may take a post."""
        return np.flatnonzero(np.isfinite(self.cost[post, self.kind])).astype(np.int64)

    def known(self) -> coo_array:
        """Return the costs of the pairs where residents know the officer, shape (p, o)."""
        pairs = self.worth.tocoo()
        post, officer = pairs.coords
        return coo_array((self.cost[post, self.kind[officer]] - pairs.data, (post, officer)), shape=pairs.shape)

    def total(self, found: Whole) -> float:
        """Return the cost of an assignment: the officer of each post, -1 for none."""
        post = np.flatnonzero(found >= 0)
        paired = coo_array((np.ones(len(post)), (post, found[post])), shape=self.worth.shape)
        return float(self.cost[post, self.kind[found[post]]].sum() - (self.worth * paired.tocsr()).sum())


def officer_costs(
    plan: BeatPlan,
    staff: Staff,
    *,
    posts: Whole,
    known: Mapping[tuple[int, int], float],
    pairs: SettledPairs,
    weights: OfficerWeights,
    speakers: Mapping[str, Real],
    limit_km: float | None,
) -> OfficerCosts:
    """Work out the costs.

    Parameters
    ----------
    plan, staff
        The beats and the officers.
    posts : ndarray of int64, shape (p,)
        Beat of each post.
    known : mapping of (beat, officer) to float
        Residents who know the officer.
    pairs : SettledPairs
        Pairs that must not be and pairs that stay.
    weights : OfficerWeights
        What counts how much.
    speakers : mapping of str to ndarray of float64, shape (n,)
        Residents of each unit who speak a language.
    limit_km : float or None
        Longest way from station to beat; locked pairs may be farther apart.

    Returns
    -------
    OfficerCosts

    Notes
    -----
    A language counts the more the rarer it is among officers: its weight is multiplied by the share of residents over
    the share of officers who speak it, from 0.5 to 5.
    """
    heard, spoken = _languages(plan, staff, speakers, weights)
    kind, sample = _kinds(staff, spoken, pairs)
    centre = _centres(plan)
    cost = cdist(centre, staff.station[sample])
    cost /= 1000.0
    far = None if limit_km is None else cost > limit_km
    cost *= weights.per_km
    cost[:, np.isnan(staff.station[sample]).any(axis=1)] = weights.per_km * _farthest_km(centre, staff.station)
    burden = np.asarray(weights.part_time * plan.totals.residents, np.float64)
    add_products(cost, burden, 1.0 - staff.capacity[sample])
    if speakers:
        cost -= heard @ spoken[:, sample]
    if far is not None:
        for own, officer in pairs.locked:
            far[own, kind[officer]] = False
        cost[far] = np.inf
    by_post = cost[posts] if len(posts) > len(cost) else cost
    _settle(by_post, posts, kind, pairs)
    return OfficerCosts(posts, kind, by_post, _worth(plan, staff, known, weights)[posts], centre, staff.station[sample])


@njit(cache=True, nogil=True)
def add_products(cost: Real, of_row: Real, of_column: Real) -> None:
    """Add the product of what its row and its column have to each cost, in place."""
    for row in range(len(cost)):
        for column in range(cost.shape[1]):
            cost[row, column] += of_row[row] * of_column[column]


def _languages(
    plan: BeatPlan, staff: Staff, speakers: Mapping[str, Real], weights: OfficerWeights
) -> tuple[Real, Real]:
    """Return the worth of each language in each beat, shape (k, l), and who speaks it, shape (l, o)."""
    count, people_of_all = len(plan.beat_ids), max(float(plan.problem.residents.sum()), 1.0)
    heard, spoken = np.zeros((count, len(speakers))), np.zeros((len(speakers), len(staff.badges)))
    for column, (language, people) in enumerate(speakers.items()):
        spoken[column] = [language.strip().lower() in own for own in staff.languages]
        supply = float(spoken[column].sum()) / max(len(staff.badges), 1)
        shortage = float(np.clip(float(people.sum()) / people_of_all / max(supply, 1e-9), *SHORTAGE_RANGE))
        heard[:, column] = weights.language * shortage * np.bincount(plan.beat_of_unit, people, minlength=count)
    return heard, spoken


def _kinds(staff: Staff, spoken: Real, pairs: SettledPairs) -> tuple[Whole, Whole]:
    """Return the kind of each officer and an officer of each kind; who is named by a settled pair is a kind alone."""
    alone = np.full(len(staff.badges), -1.0)
    for _, officer in (*pairs.forbidden, *pairs.locked):
        alone[officer] = officer
    traits = np.column_stack([np.nan_to_num(staff.station, nan=np.inf), staff.capacity, alone, spoken.T])
    _, sample, kind = np.unique(traits, axis=0, return_index=True, return_inverse=True)
    return kind.ravel().astype(np.int64), sample.astype(np.int64)


def _centres(plan: BeatPlan) -> Real:
    """Return the middle of the residents of each beat, shape (k, 2)."""
    weight = plan.problem.residents + 1e-6
    total = np.bincount(plan.beat_of_unit, weight)
    return np.column_stack([np.bincount(plan.beat_of_unit, weight * axis) / total for axis in plan.problem.centres.T])


def _settle(cost: Real, posts: Whole, kind: Whole, pairs: SettledPairs) -> None:
    """Make forbidden pairs impossible, and for locked pairs all others, in place."""
    for own, officer in pairs.forbidden:
        cost[posts == own, kind[officer]] = np.inf
    for own, officer in pairs.locked:
        post = int(np.argmax(posts == own))
        price = cost[post, kind[officer]]
        cost[post] = np.inf
        cost[:, kind[officer]] = np.inf
        cost[post, kind[officer]] = price


def _worth(plan: BeatPlan, staff: Staff, known: Mapping[tuple[int, int], float], weights: OfficerWeights) -> csr_array:
    """Return what it is worth that residents know an officer, shape (k, o)."""
    pairs = np.array(list(known), np.int64).reshape(-1, 2)
    residents = np.array(list(known.values()), np.float64)
    worth = residents * (1.0 + weights.tenure * np.minimum(staff.years[pairs[:, 1]], MOST_YEARS))
    return csr_array(coo_array((worth, (pairs[:, 0], pairs[:, 1])), shape=(len(plan.beat_ids), len(staff.badges))))


def _farthest_km(centre: Real, station: Real) -> float:
    """Return about the longest way between a station and a beat: the diagonal of the rectangle around all of them."""
    places = np.vstack([centre, station[np.isfinite(station).all(axis=1)]])
    return float(np.hypot(*np.ptp(places, axis=0)) / 1000.0) if len(places) else 0.0
