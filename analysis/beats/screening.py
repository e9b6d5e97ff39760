"""What cannot be divided within the bounds, found before any search and named."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from analysis.beats import reasons
from analysis.beats.graph import Edges, components
from analysis.beats.problem import BeatProblem
from analysis.errors import ParameterError
from analysis.wording import counted

Units = NDArray[np.int64]

COARSE_SHARE = 5
"""Units are coarse when the median inhabited unit has more than one fifth of the minimum of a beat."""


@dataclass(frozen=True)
class Finding:
    """A reason before the beats have names.

    Attributes
    ----------
    code, message, hint : str
        As in :class:`analysis.beats.reasons.Reason`.
    units : ndarray of int64, shape (k,)
        Units concerned.
    """

    code: str
    message: str
    hint: str
    units: Units


@dataclass(frozen=True)
class Screening:
    """Which units can be divided, and what stands in the way of the others.

    Attributes
    ----------
    group : ndarray of int64, shape (n,)
        Connected group of each unit that is to be divided, -1 for the units of ``alone``.
    fewest, most : ndarray of int64, shape (g,)
        Beats that each group can have.
    alone : tuple of Finding
        Sets of units that become one flagged beat each.
    strained : dict of int to Finding
        Groups that are divided although no division keeps the bounds.
    edges : Edges
        Borders that a beat may grow across.
    """

    group: NDArray[np.int64]
    fewest: NDArray[np.int64]
    most: NDArray[np.int64]
    alone: tuple[Finding, ...]
    strained: dict[int, Finding]
    edges: Edges


def screen(problem: BeatProblem) -> Screening:
    """Find what cannot be divided within the bounds; every unit is in a group or in one finding of ``alone``.

    Notes
    -----
    A unit above the maximum stands alone, with the empty units that it cuts off. A group of ``R`` residents can have
    from ``ceil(R / max)`` to ``floor(R / min)`` beats; below the minimum it stands alone, and where that range is empty
    it is divided with the least breach.
    """
    edges = problem.contiguity.edges
    edges = edges.select(problem.zone[edges.first] == problem.zone[edges.second])
    holder = _cut_off_by_large_units(problem, edges)
    out = (holder >= 0) | problem.locks.kept
    inside = edges.select(~out[edges.first] & ~out[edges.second])
    _, component = components(inside, problem.n_units)
    alone = [_over_max(problem, unit, np.flatnonzero(holder == unit)) for unit in np.unique(holder[holder >= 0])]
    alone += [_kept(problem, beat) for beat in np.unique(problem.locks.beat[problem.locks.kept])]
    group = np.full(problem.n_units, -1, np.int64)
    fewest: list[int] = []
    most: list[int] = []
    strained: dict[int, Finding] = {}
    small: list[Units] = []
    for units in _members(component, ~out):
        total = int(problem.residents[units].sum())
        if total < problem.min_residents:
            small.append(units)
            continue
        least, top = _fitting_counts(problem, total, len(units))
        if top < least:
            strained[len(fewest)] = _no_count(problem, units, total)
            least = top = _least_breach(problem, total, len(units))
        locked = problem.locks.beat[units]
        least = min(max(least, len(np.unique(locked[locked >= 0]))), top)
        group[units] = len(fewest)
        fewest.append(least)
        most.append(top)
    alone += _below_min(problem, small)
    return Screening(group, np.array(fewest, np.int64), np.array(most, np.int64), tuple(alone), strained, edges)


def coarse_units(problem: BeatProblem) -> Finding | None:
    """Say when the units are large against a beat.

    Parameters
    ----------
    problem : BeatProblem
        Checked task.

    Returns
    -------
    Finding or None
        ``units_too_coarse`` with the largest units, None when the median inhabited unit is at most a fifth of the
        minimum.
    """
    inhabited = problem.residents[problem.residents > 0]
    if not len(inhabited) or np.median(inhabited) * COARSE_SHARE <= problem.min_residents:
        return None
    median = float(np.median(inhabited))
    largest = np.argsort(-problem.residents, kind="stable")[:10]
    return Finding(
        reasons.UNITS_TOO_COARSE,
        f"The median inhabited unit has {median:,.0f} residents, more than a fifth of the minimum of "
        f"{problem.min_residents:,}: few combinations of units make a beat.",
        f"Use smaller units (blocks), at most {problem.min_residents // COARSE_SHARE:,} residents for more even beats.",
        largest.astype(np.int64),
    )


def share_out(problem: BeatProblem, screening: Screening, wanted: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """Choose the number of beats of every group.

    Parameters
    ----------
    problem, screening
        Checked task, and its groups with their fewest and most beats.
    wanted : ndarray of int64, shape (g,), optional
        Beats that each group has today; kept where the bounds allow and the number is free.

    Returns
    -------
    ndarray of int64, shape (g,)
        Beats of each group.

    Raises
    ------
    ParameterError
        When the number of beats asked for does not fit; names the range that does.

    Notes
    -----
    Without a number the aim is the middle of the bounds. Beats go to groups by Huntington-Hill (divisor ``sqrt(k (k +
    1))``) on the mean of their shares of residents and workload.
    """
    alone = len(screening.alone)
    lowest, highest = int(screening.fewest.sum()), int(screening.most.sum())
    _refuse_count(problem, lowest + alone, highest + alone)
    if wanted is not None and problem.beats is None:
        return np.clip(wanted, screening.fewest, screening.most)
    residents, workload = (_by_group(screening, values) for values in (problem.residents, problem.workload))
    middle = (problem.min_residents + problem.max_residents) / 2.0
    target = round(residents.sum() / middle) if problem.beats is None else problem.beats - alone
    share = residents / max(residents.sum(), 1.0) + workload / max(workload.sum(), 1e-12)
    parts = screening.fewest.copy()
    for _ in range(min(target, highest) - lowest):
        claim = np.where(parts < screening.most, share / np.sqrt(parts * (parts + 1.0)), -1.0)
        parts[np.argmax(claim)] += 1
    return parts


def _by_group(screening: Screening, values: NDArray[Any]) -> NDArray[np.float64]:
    """Add up the values of the units of every group."""
    free = screening.group >= 0
    return np.bincount(screening.group[free], values[free], minlength=len(screening.fewest)).astype(np.float64)


def _refuse_count(problem: BeatProblem, lowest: int, highest: int) -> None:
    """Raise when the number of beats asked for is out of the feasible range."""
    if problem.beats is not None and not lowest <= problem.beats <= highest:
        raise ParameterError(
            f"{problem.beats} beats do not fit: with {problem.min_residents:,} to {problem.max_residents:,} residents "
            f"each there can be {lowest} to {highest} beats.",
            "Ask for a number in that range, change the bounds, or leave the number free.",
        )


def _fitting_counts(problem: BeatProblem, residents: int, n_units: int) -> tuple[int, int]:
    """Return the fewest and the most beats that connected units can have; the wrong way round when none fits."""
    return math.ceil(residents / problem.max_residents), min(residents // problem.min_residents, n_units)


def _cut_off_by_large_units(problem: BeatProblem, edges: Edges) -> NDArray[np.int64]:
    """Return for each unit the over-capacity unit that it belongs to (itself, or the one that cuts it off), else -1."""
    large = (problem.residents > problem.max_residents) & ~problem.locks.kept
    free = ~large & ~problem.locks.kept
    holder = np.where(large, np.arange(problem.n_units), -1)
    if not large.any():
        return holder
    between = edges.select(free[edges.first] & free[edges.second])
    _, component = components(between, problem.n_units)
    residents = np.bincount(component, problem.residents * free)
    touch = edges.select((large[edges.first] & free[edges.second]) | (free[edges.first] & large[edges.second]))
    big = np.where(large[touch.first], touch.first, touch.second)
    rest = np.where(large[touch.first], touch.second, touch.first)
    for unit, part in sorted(zip(big.tolist(), component[rest].tolist(), strict=True), reverse=True):
        if residents[part] == 0:
            holder[(component == part) & free] = unit
    return holder


def _members(component: NDArray[np.int64], keep: NDArray[np.bool_]) -> list[Units]:
    """Return the units of every component in the order of its first unit."""
    units = np.flatnonzero(keep)
    order = units[np.argsort(component[units], kind="stable")]
    cuts = np.flatnonzero(np.diff(component[order])) + 1
    return sorted(np.split(order, cuts), key=lambda part: int(part[0])) if len(order) else []


def _over_max(problem: BeatProblem, unit: int, units: Units) -> Finding:
    """Describe a unit that alone exceeds the maximum."""
    residents = int(problem.residents[unit])
    posts = math.ceil(residents / problem.max_residents)
    return Finding(
        reasons.UNIT_OVER_MAX,
        f"Unit '{problem.unit_ids[unit]}' alone has {residents:,} residents, above the maximum of "
        f"{problem.max_residents:,}; it is a beat of its own.",
        f"Split this unit into {posts} or more parts, or give its beat {posts} officers.",
        units,
    )


def _kept(problem: BeatProblem, beat: int) -> Finding:
    """Describe a beat that is locked as it is, for the case that it does not keep to what is asked for."""
    units = np.flatnonzero(problem.locks.kept & (problem.current == beat))
    residents = int(problem.residents[units].sum())
    return Finding(
        reasons.LOCKED_CONFLICT,
        f"Beat '{problem.current_names[beat]}' is locked as it is, with {residents:,} residents in "
        f"{counted(len(units), 'unit')}; it is not a connected beat of "
        f"{problem.min_residents:,} to {problem.max_residents:,} residents.",
        "Unlock the beat, or widen the bounds.",
        units,
    )


def _least_breach(problem: BeatProblem, residents: int, n_units: int) -> int:
    """Return the number of beats with the least relative breach when none fits."""
    low = max(1, residents // problem.max_residents)
    counts = range(low, max(low, min(n_units, residents // problem.min_residents + 1)) + 1)

    def breach(count: int) -> float:
        mean = residents / count
        over = max(0.0, mean / problem.max_residents - 1.0)
        return over + max(0.0, 1.0 - mean / problem.min_residents)

    return min(counts, key=breach)


def _no_count(problem: BeatProblem, units: Units, residents: int) -> Finding:
    """Describe a group for which no whole number of beats fits."""
    less, more = residents // problem.max_residents, residents // problem.max_residents + 1
    names = tuple(problem.unit_ids[units])
    few_units = residents // problem.min_residents > len(units)
    why = (
        f"{len(units)} units are too few for the {more} beats needed"
        if few_units
        else f"{less} would exceed {problem.max_residents:,} each and {more} would fall below {problem.min_residents:,}"
    )
    zone = _zone_of_cut_group(problem, units)
    place = f"Zone '{zone}' (or a part of it): " if zone else ""
    return Finding(
        reasons.ZONE_INFEASIBLE if zone else reasons.NO_INTEGER_BEAT_COUNT,
        f"{place}{residents:,} connected residents in {reasons.name_units(names)} fit no whole number of beats: {why}.",
        "Widen the bounds here"
        + (", or let beats cross this hard boundary." if zone else ", or connect it to a neighbour."),
        units,
    )


def _below_min(problem: BeatProblem, groups: list[Units]) -> list[Finding]:
    """Describe the groups of connected units with too few residents, with the nearest unit of another group."""
    findings = []
    for units, (own, nearest, gap_m) in zip(groups, _nearest_others(problem, groups), strict=True):
        residents = int(problem.residents[units].sum())
        zone = _zone_of_cut_group(problem, units)
        what = f"Zone '{zone}' (or a part of it): " if zone else ""
        message = (
            f"{what}{reasons.name_units(tuple(problem.unit_ids[units]))} together have {residents:,} residents, "
            f"below the minimum of {problem.min_residents:,}"
        )
        hint = f"Allow a smaller minimum here (at most {residents:,})"
        if nearest >= 0:
            message += f"; the nearest other unit is '{problem.unit_ids[nearest]}', {gap_m:,.0f} m away"
            large = problem.residents[nearest] > problem.max_residents
            if zone and problem.zone[nearest] != problem.zone[units[0]]:
                hint += f", or let beats cross the hard boundary to zone '{problem.zone_names[problem.zone[nearest]]}'"
            elif large:
                hint += f", or serve it from the beat of unit '{problem.unit_ids[nearest]}', itself above the maximum"
            else:
                hint += (
                    f", or add the bridge '{problem.unit_ids[own]}', '{problem.unit_ids[nearest]}' of {gap_m:,.0f} m"
                )
        code = reasons.ZONE_INFEASIBLE if zone else reasons.COMPONENT_BELOW_MIN
        findings.append(Finding(code, message + ".", hint + ".", units))
    return findings


def _zone_of_cut_group(problem: BeatProblem, units: Units) -> str:
    """Return the zone of a group that a hard boundary parts from neighbours, else an empty name."""
    edges = problem.contiguity.edges
    inside = np.zeros(problem.n_units, np.bool_)
    inside[units] = True
    crossing = inside[edges.first] != inside[edges.second]
    across = problem.zone[edges.first[crossing]] != problem.zone[edges.second[crossing]]
    return problem.zone_names[problem.zone[units[0]]] if across.any() else ""


def _nearest_others(problem: BeatProblem, groups: list[Units]) -> list[tuple[int, int, float]]:
    """Return for every group its unit nearest to another, that one and the gap in metres; (-1, -1, inf) for none."""
    found = [(-1, -1, math.inf)] * len(groups)
    tree = shapely.STRtree(problem.polygons)
    extent_m = float(np.hypot(*np.ptp(shapely.total_bounds(problem.polygons).reshape(2, 2), axis=0)))
    for index, units in enumerate(groups):
        if len(units) == problem.n_units:
            continue
        reach_m = 50.0
        while found[index][1] < 0:
            row, other = tree.query(problem.polygons[units], predicate="dwithin", distance=reach_m)
            outside = ~np.isin(other, units)
            if outside.any():
                gaps = shapely.distance(problem.polygons[units[row[outside]]], problem.polygons[other[outside]])
                best = int(np.lexsort((other[outside], gaps))[0])
                found[index] = int(units[row[outside][best]]), int(other[outside][best]), float(gaps[best])
            reach_m = min(4.0 * reach_m, max(extent_m, 4.0 * reach_m))
    return found
