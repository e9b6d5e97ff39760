"""One permanent officer for every beat: the one whom most residents know, else one whose station is near."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.beats.matching import cheapest_pairs
from analysis.beats.plan import BeatPlan
from analysis.beats.reasons import Reason
from analysis.errors import ParameterError, UnitsError

NO_OFFICER = "no_officer"
"""There are fewer officers than beats."""
NO_BEAT = "no_beat"
"""There are more officers than beats."""
UNKNOWN_BEAT = "unknown_beat"
"""An officer's current beat is not in the plan in force."""

RESIDENTS_PER_KM = 20.0
"""A kilometre between station and beat weighs as much as this many residents who know the officer."""
PART_TIME_SHARE = 0.1
"""A missing tenth of a post weighs as much as one in a hundred of the beat's residents."""
NEAREST_STATIONS = 24


@dataclass(frozen=True)
class OfficerMatching:
    """Who is responsible for which beat.

    Attributes
    ----------
    officer_of_beat : dict of str to object
        Officer of each beat, None for a vacancy.
    vacancies : tuple of str
        Beats without an officer.
    surplus : tuple
        Officers without a beat.
    kept_residents : int
        Residents whose officer stays the same.
    travel_km : dict of str to float
        Straight line from the officer's station to the middle of the beat, where the station is known.
    reasons : tuple of Reason
        Why beats are vacant, officers left over, or a current beat was not recognised.
    """

    officer_of_beat: dict[str, Any]
    vacancies: tuple[str, ...]
    surplus: tuple[Any, ...]
    kept_residents: int
    travel_km: dict[str, float]
    reasons: tuple[Reason, ...]


def assign_officers(
    plan: BeatPlan, officers: pd.DataFrame, *, current_officers: Mapping[str, Any] | None = None
) -> OfficerMatching:
    """Give every beat one permanent officer.

    Parameters
    ----------
    plan : BeatPlan
        The beats.
    officers : DataFrame
        ``officer_id`` (unique), and where known ``station_x`` and ``station_y`` (metres in the CRS of the plan),
        ``capacity`` (share of a full post, above 0 up to 1) and ``current_beat`` (beat of the plan in force, or of
        ``plan`` itself where there is none).
    current_officers : mapping of str to object, optional
        Officer of each beat of the plan in force; beats that it names take precedence over ``current_beat``.

    Returns
    -------
    OfficerMatching
        As many beats as possible have an officer; nobody has two.

    Raises
    ------
    UnitsError
        When ``officer_id`` is missing or occurs twice.
    ParameterError
        When a station lacks one coordinate or a capacity is not a share; names the row.

    Notes
    -----
    Least total of ``-residents who know the officer + 20 per km from the station + 0.1 residents (1 - capacity)``, by
    sparse bipartite matching over the pairs that know each other and the nearest stations; who is left over is paired
    last.

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
    badges = _checked_ids(officers)
    holders, unknown = _holders(plan, officers, badges, current_officers)
    known = _known_residents(plan, badges, holders)
    distance_km = _distances(plan, officers)
    penalty = _part_time_penalty(plan, officers)
    found = _pair(known, distance_km, penalty)
    taken = set(found[found >= 0].tolist())
    vacancies = tuple(name for name, own in zip(plan.beat_ids, found, strict=True) if own < 0)
    surplus = tuple(badge for own, badge in enumerate(badges) if own not in taken)
    pairs = [(name, int(own)) for name, own in zip(plan.beat_ids, found, strict=True)]
    travel = {
        name: float(distance_km[row, own])
        for row, (name, own) in enumerate(pairs)
        if own >= 0 and np.isfinite(distance_km[row, own])
    }
    return OfficerMatching(
        officer_of_beat={name: badges[own] if own >= 0 else None for name, own in pairs},
        vacancies=vacancies,
        surplus=surplus,
        kept_residents=int(sum(known[row, own] for row, (_, own) in enumerate(pairs) if own >= 0)),
        travel_km=travel,
        reasons=(*unknown, *_balance(vacancies, surplus, len(badges), len(found))),
    )


def _checked_ids(officers: pd.DataFrame) -> list[Any]:
    """Return the unique officer ids."""
    if "officer_id" not in officers.columns:
        present = ", ".join(str(name) for name in officers.columns)
        raise UnitsError("The officers have no column 'officer_id'.", f"Columns present: {present or 'none'}.")
    given = officers["officer_id"].reset_index(drop=True)
    missing, twice = np.flatnonzero(given.isna()), np.flatnonzero(given.duplicated())
    if len(missing):
        raise UnitsError(
            f"Row {missing[0] + 1} of the officers has no officer_id.", "Give every officer a badge number."
        )
    if len(twice):
        raise UnitsError(f"Officer '{given[twice[0]]}' occurs twice (row {twice[0] + 1}).", "List every officer once.")
    return list(given.tolist())


def _holders(
    plan: BeatPlan, officers: pd.DataFrame, badges: list[Any], current_officers: Mapping[str, Any] | None
) -> tuple[dict[str, int], tuple[Reason, ...]]:
    """Return the position of the officer of each beat of the plan in force."""
    names = set(plan.problem.current_names or plan.beat_ids)
    position = {badge: own for own, badge in enumerate(badges)}
    holders: dict[str, int] = {}
    unknown: list[Reason] = []
    if "current_beat" in officers.columns:
        for own, beat in enumerate(officers["current_beat"].tolist()):
            if pd.isna(beat) or str(beat).strip() == "":
                continue
            if str(beat) in names:
                holders.setdefault(str(beat), own)
            else:
                message = f"Officer '{badges[own]}' holds beat '{beat}', which the plan in force does not have."
                hint = "Correct the beat, or give the column with the plan in force."
                unknown.append(Reason(UNKNOWN_BEAT, message, hint, ()))
    for beat, badge in (current_officers or {}).items():
        if badge in position:
            holders[str(beat)] = position[badge]
    return holders, tuple(unknown)


def _known_residents(plan: BeatPlan, badges: list[Any], holders: dict[str, int]) -> NDArray[np.float64]:
    """Return for every beat and officer the residents whom the officer serves today, shape (beats, officers)."""
    names = plan.problem.current_names or plan.beat_ids
    before = plan.problem.current if plan.problem.current_names else plan.beat_of_unit
    holder = np.array([*(holders.get(name, -1) for name in names), -1], np.int64)[before]
    known = np.zeros((len(plan.beat_ids), len(badges)))
    served = holder >= 0
    np.add.at(known, (plan.beat_of_unit[served], holder[served]), plan.problem.residents[served])
    return known


def _distances(plan: BeatPlan, officers: pd.DataFrame) -> NDArray[np.float64]:
    """Return kilometres from every beat to every station, NaN without a station, shape (beats, officers)."""
    stations = np.full((len(officers), 2), np.nan)
    if {"station_x", "station_y"} <= set(officers.columns):
        columns = [
            pd.to_numeric(officers[name], errors="coerce").to_numpy(np.float64) for name in ("station_x", "station_y")
        ]
        stations = np.column_stack(columns)
        half = np.flatnonzero(np.isfinite(stations).sum(axis=1) == 1)
        if len(half):
            raise ParameterError(
                f"Officer '{officers['officer_id'].iloc[half[0]]}' (row {half[0] + 1}) has half a station.",
                "Give station_x and station_y in metres, or leave both empty.",
            )
    weight = plan.problem.residents + 1e-6
    total = np.bincount(plan.beat_of_unit, weight)
    x, y = (np.bincount(plan.beat_of_unit, weight * axis) / total for axis in plan.problem.centres.T)
    kilometres: NDArray[np.float64] = np.hypot(x[:, None] - stations[:, 0], y[:, None] - stations[:, 1]) / 1000.0
    return kilometres


def _part_time_penalty(plan: BeatPlan, officers: pd.DataFrame) -> NDArray[np.float64]:
    """Return what it costs to give a beat to an officer with part of a post, shape (beats, officers)."""
    if "capacity" not in officers.columns:
        return np.zeros((len(plan.beat_ids), len(officers)))
    given = officers["capacity"].reset_index(drop=True)
    share = pd.to_numeric(given, errors="coerce").where(given.notna(), 1.0).to_numpy(np.float64)
    wrong = np.flatnonzero(~((share > 0) & (share <= 1)))
    if len(wrong):
        raise ParameterError(
            f"Officer '{officers['officer_id'].iloc[wrong[0]]}' (row {wrong[0] + 1}) has capacity {given[wrong[0]]}.",
            "Give the share of a full post: above 0, up to 1.",
        )
    penalty: NDArray[np.float64] = PART_TIME_SHARE * plan.totals.residents[:, None] * (1.0 - share)
    return penalty


def _pair(
    known: NDArray[np.float64], distance_km: NDArray[np.float64], penalty: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return the officer of each beat, -1 for none."""
    far = np.nanmax(distance_km, initial=0.0)
    cost = RESIDENTS_PER_KM * np.where(np.isnan(distance_km), far, distance_km) + penalty - known
    beats, officers = cost.shape
    likely = known > 0
    close = min(NEAREST_STATIONS, officers)
    if close:
        likely[np.arange(beats)[:, None], np.argpartition(cost, close - 1, axis=1)[:, :close]] = True
        near = min(NEAREST_STATIONS, beats)
        likely[np.argpartition(cost, near - 1, axis=0)[:near], np.arange(officers)] = True
    row, column = np.nonzero(likely)
    found = cheapest_pairs(row, column, cost[row, column], (beats, officers))
    open_beats = np.flatnonzero(found < 0)
    idle = np.setdiff1d(np.arange(officers), found)
    if len(open_beats) and len(idle):
        row, column = (axis.ravel() for axis in np.meshgrid(open_beats, idle, indexing="ij"))
        everyone = np.arange(len(open_beats)).repeat(len(idle)), np.tile(np.arange(len(idle)), len(open_beats))
        late = cheapest_pairs(*everyone, cost[row, column], (len(open_beats), len(idle)))
        found[open_beats[late >= 0]] = idle[late[late >= 0]]
    return found


def _balance(vacancies: tuple[str, ...], surplus: tuple[Any, ...], officers: int, beats: int) -> list[Reason]:
    """Say when officers and beats are not equally many."""
    found = []
    if vacancies:
        named = ", ".join(vacancies[:5])
        message = f"{officers:,} officers for {beats:,} beats: {len(vacancies):,} beat(s) stay vacant: {named}."
        found.append(Reason(NO_OFFICER, message, "Recruit, or allow more residents per beat.", ()))
    if surplus:
        named = ", ".join(str(badge) for badge in surplus[:5])
        message = f"{officers:,} officers for {beats:,} beats: {len(surplus):,} officer(s) have none: {named}."
        found.append(Reason(NO_BEAT, message, "Let them stand in, or lower the minimum per beat.", ()))
    return found
