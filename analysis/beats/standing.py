"""How beats stand that people drew: figures of the beats asked about, and typed reasons for what is not in order."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from analysis.beats import reasons as codes
from analysis.beats.energy import FOUR_PI
from analysis.beats.graph import BorderRows, Edges, Real, Whole, components
from analysis.beats.problem import BeatProblem
from analysis.beats.reasons import Reason, name_units

Labels = NDArray[np.int64]


@dataclass(frozen=True)
class BeatStanding:
    """One beat as it stands.

    Attributes
    ----------
    beat_id : str
        Name of the beat.
    units, residents : int
        Number of units, and residents.
    workload, polsby_popper : float
        Workload, and compactness from 0 to 1.
    within_bounds, contiguous : bool
        Whether residents are within the bounds, and whether the units connect along borders.
    reasons : tuple of Reason
        Everything that is not in order with this beat.
    because : str
        What edits did to the beat, and whether that is why it is not in order; empty where they did nothing.
    """

    beat_id: str
    units: int
    residents: int
    workload: float
    polsby_popper: float
    within_bounds: bool
    contiguous: bool
    reasons: tuple[Reason, ...]
    because: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the standing as plain values."""
        return dataclasses.asdict(self)


class Figures(NamedTuple):
    """Running figures of every beat; a beat without units has zeros.

    Attributes
    ----------
    units, pieces, residents : ndarray of int64, shape (k,)
        Number of units, of connected pieces, and residents.
    workload, area_m2, perimeter_m : ndarray of float64, shape (k,)
        Totals.
    lowest_zone, highest_zone : ndarray of int64, shape (k,)
        Sides of the hard boundaries that the beat reaches.
    """

    units: Whole
    pieces: Whole
    residents: Whole
    workload: Real
    area_m2: Real
    perimeter_m: Real
    lowest_zone: Whole
    highest_zone: Whole

    def more(self, count: int) -> Figures:
        """Return the figures with room for ``count`` further beats."""
        return Figures(*(np.concatenate([values, np.zeros(count, values.dtype)]) for values in self))


def no_figures(n_beats: int) -> Figures:
    """Return figures of beats without units."""

    def whole() -> Whole:
        return np.zeros(n_beats, np.int64)

    def real() -> Real:
        return np.zeros(n_beats)

    return Figures(whole(), whole(), whole(), real(), real(), real(), whole(), whole())


class Amounts(NamedTuple):
    """What each unit adds to its beat; arrays of shape (n,)."""

    residents: Whole
    workload: Real
    area_m2: Real
    perimeter_m: Real
    zone: Whole


def amounts_of(problem: BeatProblem) -> Amounts:
    """Return what each unit of a task adds to its beat."""
    return Amounts(problem.residents, problem.workload, problem.area_m2, problem.perimeter_m, problem.zone)


@njit(cache=True, nogil=True)
def measure(
    rows: BorderRows,
    amounts: Amounts,
    beat: Whole,
    chosen: NDArray[np.bool_],
    figures: Figures,
    seen: NDArray[np.bool_],
) -> None:
    """Work out the figures of the ``chosen`` beats (shape (k,)) anew, in place.

    ``seen`` (shape (n,)) is working memory. Only units of chosen beats are visited, in ascending order, so that sums
    are those of a plan measured from scratch.
    """
    for own in range(len(chosen)):
        if chosen[own]:
            figures.units[own] = figures.pieces[own] = figures.residents[own] = 0
            figures.workload[own] = figures.area_m2[own] = figures.perimeter_m[own] = 0.0
    members = np.empty(len(beat), np.int64)
    count = 0
    for unit in range(len(beat)):
        if beat[unit] >= 0 and chosen[beat[unit]]:
            members[count] = unit
            count += 1
            seen[unit] = False
    queue = np.empty(count, np.int64)
    for position in range(count):
        unit = members[position]
        own = beat[unit]
        zone = amounts.zone[unit]
        first = figures.units[own] == 0
        figures.lowest_zone[own] = zone if first else min(zone, figures.lowest_zone[own])
        figures.highest_zone[own] = zone if first else max(zone, figures.highest_zone[own])
        figures.units[own] += 1
        figures.residents[own] += amounts.residents[unit]
        figures.workload[own] += amounts.workload[unit]
        figures.area_m2[own] += amounts.area_m2[unit]
        figures.perimeter_m[own] += amounts.perimeter_m[unit]
        for entry in range(rows.start[unit], rows.start[unit + 1]):
            if beat[rows.neighbour[entry]] == own:
                figures.perimeter_m[own] -= rows.border_m[entry]
        if not seen[unit]:
            figures.pieces[own] += 1
            visit_piece(rows, beat, seen, queue, unit)


@njit(cache=True, nogil=True)
def visit_piece(rows: BorderRows, beat: Whole, seen: NDArray[np.bool_], queue: Whole, unit: int) -> None:
    """Mark all units of the beat of ``unit`` that connect with it as ``seen``."""
    own = beat[unit]
    queue[0] = unit
    seen[unit] = True
    waiting, position = 1, 0
    while position < waiting:
        current = queue[position]
        position += 1
        for entry in range(rows.start[current], rows.start[current + 1]):
            other = rows.neighbour[entry]
            if rows.passable[entry] and beat[other] == own and not seen[other]:
                seen[other] = True
                queue[waiting] = other
                waiting += 1


def standings(
    problem: BeatProblem, beat: Labels, names: Sequence[str], figures: Figures, chosen: Labels
) -> tuple[BeatStanding, ...]:
    """Describe some beats.

    Parameters
    ----------
    problem : BeatProblem
        The task.
    beat : ndarray of int64, shape (n,)
        Beat of each unit, -1 for none.
    names : sequence of str
        Names of the beats.
    figures : Figures
        Up-to-date figures.
    chosen : ndarray of int64, shape (c,)
        Beats to describe.

    Returns
    -------
    tuple of BeatStanding
        In the order of ``chosen``; a beat without units has a compactness of 0 and is in order.
    """
    return tuple(_standing(problem, beat, names, figures, int(own)) for own in chosen)


def _standing(problem: BeatProblem, beat: Labels, names: Sequence[str], figures: Figures, own: int) -> BeatStanding:
    """Describe one beat."""
    units, residents = int(figures.units[own]), int(figures.residents[own])
    within = units == 0 or problem.min_residents <= residents <= problem.max_residents
    whole = figures.pieces[own] <= 1
    crosses = units > 0 and figures.lowest_zone[own] != figures.highest_zone[own]
    found: list[Reason] = []
    if not (within and whole) or crosses:
        members = np.flatnonzero(beat == own)
        if crosses:
            found.append(_crossing(problem, members, names[own]))
        if not whole:
            found.append(_in_pieces(problem, members, names[own]))
        if not within:
            found.append(_out_of_bounds(problem, beat, names, figures, members, own))
    round_share = FOUR_PI * figures.area_m2[own] / max(float(figures.perimeter_m[own]), 1e-9) ** 2 if units else 0.0
    return BeatStanding(
        beat_id=names[own],
        units=units,
        residents=residents,
        workload=float(figures.workload[own]),
        polsby_popper=float(min(1.0, round_share)),
        within_bounds=within,
        contiguous=bool(whole),
        reasons=tuple(found),
    )


def _crossing(problem: BeatProblem, members: Labels, name: str) -> Reason:
    """Name the units on the less populous sides of a hard boundary."""
    zone = problem.zone[members]
    residents = np.bincount(zone, problem.residents[members] + 1e-6)
    sides = np.unique(zone)
    main = int(np.argmax(residents))
    beyond = members[zone != main]
    named = ", ".join(f"'{problem.zone_names[side]}'" for side in sides)
    units = tuple(problem.unit_ids[beyond].tolist())
    message = f"Beat '{name}' lies on {len(sides)} sides of a hard boundary ({named})."
    hint = f"Move {name_units(units)} to a beat of their own side."
    return Reason(codes.CROSSES_HARD_BOUNDARY, message, hint, units, name)


def _in_pieces(problem: BeatProblem, members: Labels, name: str) -> Reason:
    """Name the units outside the most populous piece of a beat."""
    piece = pieces_among(problem, members)
    residents = np.bincount(piece, problem.residents[members] + 1e-6)
    loose = members[piece != np.argmax(residents)]
    units = tuple(problem.unit_ids[loose].tolist())
    verb = "does" if len(units) == 1 else "do"
    message = f"Beat '{name}' is in {len(residents)} pieces: {name_units(units)} {verb} not touch the largest."
    hint = "Move them to a beat that they touch, or add the units between."
    return Reason(codes.NOT_CONTIGUOUS, message, hint, units, name)


def pieces_among(problem: BeatProblem, members: Labels) -> Labels:
    """Return the connected piece that each of some units belongs to, shape (k,)."""
    rows = problem.borders
    lengths = np.diff(rows.start)[members]
    source = np.repeat(np.arange(len(members)), lengths)
    entry = np.arange(lengths.sum()) + np.repeat(rows.start[members] - (np.cumsum(lengths) - lengths), lengths)
    place = np.searchsorted(members, rows.neighbour[entry])
    place = np.minimum(place, len(members) - 1)
    inside = (members[place] == rows.neighbour[entry]) & rows.passable[entry]
    _, piece = components(Edges(source[inside], place[inside], np.ones(int(inside.sum()))), len(members))
    return piece


def _out_of_bounds(
    problem: BeatProblem, beat: Labels, names: Sequence[str], figures: Figures, members: Labels, own: int
) -> Reason:
    """Say by how much a beat misses the bounds, and which neighbour could help most."""
    residents = int(figures.residents[own])
    low, high = problem.min_residents, problem.max_residents
    units = tuple(problem.unit_ids[members].tolist())
    if residents > high:
        largest = members[np.argmax(problem.residents[members])]
        if problem.residents[largest] > high:
            posts = math.ceil(residents / high)
            message = (
                f"Unit '{problem.unit_ids[largest]}' in beat '{names[own]}' alone has "
                f"{problem.residents[largest]:,} residents, above the maximum of {high:,}."
            )
            hint = f"Split this unit, or give the beat {posts} officers."
            return Reason(codes.UNIT_OVER_MAX, message, hint, tuple(problem.unit_ids[[largest]].tolist()), names[own])
        message = (
            f"Beat '{names[own]}' has {residents:,} residents, {residents - high:,} above the maximum of {high:,}."
        )
        helper, room = _neighbour_with(problem, beat, members, high - figures.residents)
        hint = f"Move at least {residents - high:,} to a neighbour"
        hint += f"; '{names[helper]}' has room for {room:,}." if room > 0 else "; none has room, so split the beat."
        return Reason(codes.ABOVE_MAX, message, hint, units, names[own])
    message = f"Beat '{names[own]}' has {residents:,} residents, {low - residents:,} below the minimum of {low:,}."
    helper, room = _neighbour_with(problem, beat, members, figures.residents - low)
    hint = f"Add at least {low - residents:,} from a neighbour"
    hint += f"; '{names[helper]}' can spare {room:,}." if room > 0 else "; none can spare any, so merge it with one."
    return Reason(codes.BELOW_MIN, message, hint, units, names[own])


def _neighbour_with(problem: BeatProblem, beat: Labels, members: Labels, room: Labels) -> tuple[int, int]:
    """Return the neighbouring beat with the most ``room`` and how much; (-1, 0) without a neighbour."""
    rows, side = problem.borders, problem.zone[members[0]]
    entries = np.concatenate([np.arange(rows.start[unit], rows.start[unit + 1]) for unit in members])
    others = rows.neighbour[entries[rows.passable[entries]]]
    others = others[problem.zone[others] == side]
    beside = np.setdiff1d(beat[others], (-1, beat[members[0]]))
    if not len(beside):
        return -1, 0
    best = int(beside[np.argmax(room[beside])])
    return best, int(room[best])
