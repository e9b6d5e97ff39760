"""Permanent officers for every beat: whom most residents know and understand, else whose station is near."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.beats import reasons as codes
from analysis.beats.officer_costs import OfficerCosts, OfficerWeights, SettledPairs, officer_costs
from analysis.beats.pairing import cheapest_pairing
from analysis.beats.plan import BeatPlan
from analysis.beats.reasons import Reason
from analysis.beats.staff import Staff, read_staff, rows_of
from analysis.errors import ParameterError
from analysis.wording import counted, listed

NO_OFFICER = "no_officer"
"""There are fewer officers than posts."""
NO_BEAT = "no_beat"
"""There are more officers than posts."""
UNKNOWN_BEAT = "unknown_beat"
"""An officer's current beat is not in the plan in force."""
TOO_FEW_CANDIDATES = "too_few_candidates"
"""Some beats together have fewer officers who may take them than posts (Hall's condition fails)."""

Whole = NDArray[np.int64]
Pairs = Sequence[tuple[Any, str]]


@dataclass(frozen=True)
class OfficerConditions:
    """What every assignment of officers keeps.

    Attributes
    ----------
    forbidden : sequence of (officer id, beat id)
        Pairs that must not be, for example because of family ties.
    locked : sequence of (officer id, beat id)
        Pairs that stay.
    max_travel_km : float or None
        Longest straight line from station to beat.
    several : bool
        Whether a beat of one unit above the maximum gets several officers.
    """

    forbidden: Pairs = ()
    locked: Pairs = ()
    max_travel_km: float | None = None
    several: bool = False


@dataclass(frozen=True)
class OfficerMatching:
    """Who is responsible for which beat.

    Attributes
    ----------
    officer_of_beat : dict of str to object
        First officer of each beat, None for a vacancy.
    vacancies : tuple of str
        Beats with fewer officers than posts.
    surplus : tuple
        Officers without a beat.
    kept_residents : int
        Residents whose officer stays the same.
    travel_km : dict of str to float
        Straight line from the station of the first officer to the middle of the beat, where the station is known.
    reasons : tuple of Reason
        Why beats are vacant, officers left over, or a current beat was not recognised.
    officers_of_beat : dict of str to tuple
        All officers of each beat; more than one only where ``several`` was asked for.
    cost : float
        What the matching minimises, in residents.
    """

    officer_of_beat: dict[str, Any]
    vacancies: tuple[str, ...]
    surplus: tuple[Any, ...]
    kept_residents: int
    travel_km: dict[str, float]
    reasons: tuple[Reason, ...]
    officers_of_beat: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    cost: float = 0.0


def assign_officers(
    plan: BeatPlan,
    officers: pd.DataFrame,
    *,
    current_officers: Mapping[str, Any] | None = None,
    stations: pd.DataFrame | None = None,
    speakers: Mapping[str, NDArray[np.float64]] | None = None,
    conditions: OfficerConditions | None = None,
    weights: OfficerWeights | None = None,
    today: dt.date | None = None,
) -> OfficerMatching:
    """Give every beat one permanent officer.

    Parameters
    ----------
    plan : BeatPlan
        The beats.
    officers : DataFrame
        See :func:`analysis.beats.staff.read_staff`; ``current_beat`` is one of the plan in force, or of ``plan`` itself
        where there is none.
    current_officers : mapping of str to object, optional
        Officer of each beat of the plan in force; beats that it names take precedence over ``current_beat``.
    stations : DataFrame, optional
        ``station``, ``x`` and ``y`` (metres in the CRS of the plan), for officers with the name of a station.
    speakers : mapping of str to ndarray of float64, shape (n,), optional
        Residents of each unit who speak a language.
    conditions : OfficerConditions, optional
        Pairs that must be or must not be, the longest way, and whether beats may have several officers.
    weights : OfficerWeights, optional
        What counts how much.
    today : date, optional
        Day up to which years of service count.

    Returns
    -------
    OfficerMatching
        As many posts as possible are filled; nobody has two.

    Raises
    ------
    UnitsError
        When ``officer_id`` is missing or occurs twice.
    ParameterError
        Naming the row, officer, beat or language at fault.

    Notes
    -----
    Least total of ``20 per km from the station + 0.1 residents (1 - capacity) - residents who know the officer (1 +
    0.05 years) - 0.2 residents whose language the officer speaks x shortage`` over all posts and officers
    (:func:`analysis.beats.pairing.cheapest_pairing`). An officer without a station counts as far away. Beats
    that stay vacant although officers are left over are explained by a set that breaks Hall's condition.

    References
    ----------
    Hall (1935), On representatives of subsets.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> from analysis.beats.problem import beat_problem
    >>> from analysis.beats.solver import solve_beats
    >>> squares = [shapely.box(x, 0, x + 100, 100) for x in range(0, 400, 100)]
    >>> frame = gpd.GeoDataFrame({"people": [2000] * 4}, geometry=squares, crs="EPSG:32634")
    >>> plan = solve_beats(beat_problem(frame, residents="people"))
    >>> badges = pd.DataFrame({"officer_id": ["7", "9"], "station_x": [400.0, 0.0], "station_y": [50.0, 50.0]})
    >>> assign_officers(plan, badges).officer_of_beat
    {'B001': '9', 'B002': '7'}
    """
    staff = read_staff(officers, stations=stations, today=today)
    settled = conditions or OfficerConditions()
    holders, unknown = _holders(plan, staff, current_officers)
    known = _known_residents(plan, holders)
    costs = _costs(plan, staff, known, settled, weights or OfficerWeights(), speakers or {})
    found = cheapest_pairing(costs.cost, costs.kind, costs.known())
    return _matching(plan, staff, costs, found, known, (*unknown, *_balance(plan, staff, costs, found)))


def _costs(
    plan: BeatPlan,
    staff: Staff,
    known: dict[tuple[int, int], float],
    conditions: OfficerConditions,
    weights: OfficerWeights,
    speakers: Mapping[str, NDArray[np.float64]],
) -> OfficerCosts:
    """Check the conditions and prepare the costs."""
    limit_km = conditions.max_travel_km
    if limit_km is not None and not limit_km > 0:
        raise ParameterError(f"The longest way is {limit_km} km.", "Give a positive number of kilometres.")
    return officer_costs(
        plan,
        staff,
        posts=_posts(plan, several=conditions.several),
        known=known,
        pairs=_settled(plan, staff, conditions),
        weights=weights,
        speakers=_checked_speakers(plan, speakers),
        limit_km=limit_km,
    )


def _matching(
    plan: BeatPlan,
    staff: Staff,
    costs: OfficerCosts,
    found: Whole,
    known: dict[tuple[int, int], float],
    reasons: tuple[Reason, ...],
) -> OfficerMatching:
    """Put the result together."""
    pairs = [(int(own), int(officer)) for own, officer in zip(costs.beat, found, strict=True)]
    holding: dict[int, list[int]] = {own: [] for own in range(len(plan.beat_ids))}
    for own, officer in pairs:
        if officer >= 0:
            holding[own].append(officer)
    for own, held in holding.items():
        held.sort(key=lambda officer, own=own: (-known.get((own, officer), 0.0), officer))  # type: ignore[misc]
    first = {own: held[0] for own, held in holding.items() if held}
    way = {own: costs.distance_km(own, officer) for own, officer in first.items()}
    vacant = dict.fromkeys(plan.beat_ids[own] for own, officer in pairs if officer < 0)
    taken = {officer for _, officer in pairs}
    badge_of = {own: staff.badges[officer] for own, officer in first.items()}
    return OfficerMatching(
        officer_of_beat={name: badge_of.get(own) for own, name in enumerate(plan.beat_ids)},
        vacancies=tuple(vacant),
        surplus=tuple(badge for officer, badge in enumerate(staff.badges) if officer not in taken),
        kept_residents=int(sum(known.get(pair, 0.0) for pair in pairs)),
        travel_km={plan.beat_ids[own]: km for own, km in way.items() if math.isfinite(km)},
        reasons=reasons,
        officers_of_beat={plan.beat_ids[own]: tuple(staff.badges[o] for o in held) for own, held in holding.items()},
        cost=costs.total(found),
    )


def _posts(plan: BeatPlan, *, several: bool) -> Whole:
    """Return the beat of every post."""
    count = np.ones(len(plan.beat_ids), np.int64)
    if several:
        place = {name: own for own, name in enumerate(plan.beat_ids)}
        for reason in plan.reasons:
            if reason.code == codes.UNIT_OVER_MAX and reason.beat_id is not None:
                own = place[reason.beat_id]
                count[own] = math.ceil(plan.totals.residents[own] / plan.problem.max_residents)
    return np.repeat(np.arange(len(count)), count)


def _settled(plan: BeatPlan, staff: Staff, conditions: OfficerConditions) -> SettledPairs:
    """Check the pairs that must not be and those that stay."""
    place = {name: own for own, name in enumerate(plan.beat_ids)}
    forbidden = rows_of(staff, conditions.forbidden, place, "forbidden pair")
    locked = rows_of(staff, conditions.locked, place, "locked pair")
    held = [f"beat '{plan.beat_ids[own]}'" for own, _ in locked] + [
        f"officer '{staff.badges[who]}'" for _, who in locked
    ]
    twice = [name for name, times in Counter(held).items() if times > 1]
    if twice:
        raise ParameterError(f"A lock is given twice for {listed(twice)}.", "Lock each officer to one beat.")
    for own, officer in sorted(set(locked) & set(forbidden)):
        raise ParameterError(
            f"Officer '{staff.badges[officer]}' is both locked to beat '{plan.beat_ids[own]}' and forbidden there.",
            "Keep one of the two.",
        )
    return SettledPairs(tuple(forbidden), tuple(locked))


def _checked_speakers(plan: BeatPlan, speakers: Mapping[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    """Return residents of each unit by language."""
    checked = {}
    for language, people in speakers.items():
        values = np.asarray(people, np.float64)
        if values.shape != (plan.problem.n_units,) or not (np.isfinite(values).all() and (values >= 0).all()):
            raise ParameterError(
                f"The speakers of '{language}' are not one number, zero or more, for each of the "
                f"{plan.problem.n_units:,} units.",
                "Fill in zero where nobody speaks it.",
            )
        checked[language] = values
    return checked


def _holders(
    plan: BeatPlan, staff: Staff, current_officers: Mapping[str, Any] | None
) -> tuple[dict[str, int], tuple[Reason, ...]]:
    """Return the position of the officer of each beat of the plan in force."""
    names = set(plan.problem.current_names or plan.beat_ids)
    holders: dict[str, int] = {}
    unknown: list[Reason] = []
    for own, beat in enumerate(staff.current_beat):
        if beat is None:
            continue
        if beat in names:
            holders.setdefault(beat, own)
        else:
            message = f"Officer '{staff.badges[own]}' holds beat '{beat}', which the plan in force does not have."
            hint = "Correct the beat, or give the column with the plan in force."
            unknown.append(Reason(UNKNOWN_BEAT, message, hint, ()))
    position = staff.row
    for beat, badge in (current_officers or {}).items():
        if str(badge) in position:
            holders[str(beat)] = position[str(badge)]
    return holders, tuple(unknown)


def _known_residents(plan: BeatPlan, holders: dict[str, int]) -> dict[tuple[int, int], float]:
    """Return the residents of each beat whom an officer serves today, by (beat, officer)."""
    names = plan.problem.current_names or plan.beat_ids
    before = plan.problem.current if plan.problem.current_names else plan.beat_of_unit
    holder = np.array([*(holders.get(name, -1) for name in names), -1], np.int64)[before]
    served = holder >= 0
    pairs, place = np.unique(np.column_stack([plan.beat_of_unit[served], holder[served]]), axis=0, return_inverse=True)
    residents = np.bincount(place.ravel(), plan.problem.residents[served], minlength=len(pairs))
    return {(own, officer): people for (own, officer), people in zip(pairs.tolist(), residents.tolist(), strict=True)}


def _balance(plan: BeatPlan, staff: Staff, costs: OfficerCosts, found: Whole) -> list[Reason]:
    """Say why posts are vacant and officers left over."""
    open_posts = np.flatnonzero(found < 0)
    idle = np.setdiff1d(np.arange(len(staff.badges)), found)
    posts, officers = len(found), len(staff.badges)
    reasons: list[Reason] = []
    if len(open_posts) and len(idle):
        reasons.append(_hall_violator(plan, staff, costs, found, int(open_posts[0])))
    elif len(open_posts):
        names = list(dict.fromkeys(plan.beat_ids[own] for own in costs.beat[open_posts]))
        message = (
            f"{_supply(officers, posts)}: {counted(len(names), 'beat stays', 'beats stay')} vacant: {listed(names)}."
        )
        reasons.append(Reason(NO_OFFICER, message, "Recruit, or allow more residents per beat.", ()))
    if len(idle):
        named = listed([str(staff.badges[own]) for own in idle])
        message = f"{_supply(officers, posts)}: {counted(len(idle), 'officer has', 'officers have')} none: {named}."
        reasons.append(Reason(NO_BEAT, message, "Let them stand in, or lower the minimum per beat.", ()))
    return reasons


def _supply(officers: int, posts: int) -> str:
    """Say how many officers there are for how many posts."""
    return f"{counted(officers, 'officer')} for {counted(posts, 'post')}"


def _hall_violator(plan: BeatPlan, staff: Staff, costs: OfficerCosts, found: Whole, vacant: int) -> Reason:
    """Name posts that together have fewer possible officers than there are posts."""
    post_of = np.full(len(staff.badges), -1, np.int64)
    post_of[found[found >= 0]] = np.flatnonzero(found >= 0)
    posts, candidates, waiting = {vacant}, set[int](), [vacant]
    while waiting:
        post = waiting.pop()
        fresh = set(costs.candidates(post).tolist()) - candidates
        candidates |= fresh
        reached = {int(post_of[officer]) for officer in fresh} - posts
        posts |= reached
        waiting += sorted(reached)
    beats = list(dict.fromkeys(plan.beat_ids[own] for own in costs.beat[sorted(posts)]))
    able = [str(staff.badges[officer]) for officer in sorted(candidates)]
    where = f"{'Beat' if len(beats) == 1 else 'Beats'} {listed(beats)}"
    need = f"{'needs' if len(beats) == 1 else 'need'} {counted(len(posts), 'officer')}"
    takers = f"only {len(able):,} can serve there: {listed(able)}" if able else "nobody can serve there"
    message = f"{where} {need}, but {takers}."
    hint = "Lift a forbidden pair or the longest way for one of these beats."
    return Reason(TOO_FEW_CANDIDATES, message, hint, (), beats[0] if len(beats) == 1 else None)
