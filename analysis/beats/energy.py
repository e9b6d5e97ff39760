"""What makes one plan better than another: a single figure per beat, to be made small."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from analysis.beats.graph import UnitGraph, Whole

FOUR_PI = 4.0 * np.pi
RAGGED_BELOW = 0.5
"""Polsby-Popper compactness below which a shape counts as ragged."""
RAGGED_PRICE = 20.0
"""Extra weight of the squared distance below it, so that no beat pays for the others with a thin arm."""


class Rules(NamedTuple):
    """The bounds and the weights of the energy.

    Attributes
    ----------
    min_residents, max_residents : float
        Bounds of one beat.
    mean_workload : float
        Workload that every beat would have if all were equal.
    breach : float
        Weight of a breach of the bounds.
    workload : float
        Weight of uneven workload.
    compactness : float
        Weight of ragged shape.
    continuity : float
        Price of one resident who changes beat.
    most_workload : float
        Workload of a beat above which it counts as a breach; infinite where only evenness matters.

    Notes
    -----
    Energy of a beat = ``breach (h + h^2 + e + e^2) + workload (W / mean_workload - 1)^2 + compactness (1 - PP + 20
    r^2)`` with ``h`` the relative breach of the bounds, ``e`` that of ``most_workload``, ``PP = 4 pi A / P^2`` its
    Polsby-Popper compactness and ``r = max(0, 0.5 - PP)``, which keeps single beats from growing thin arms; a plan adds
    ``continuity`` for each resident moved.
    """

    min_residents: float
    max_residents: float
    mean_workload: float
    breach: float
    workload: float
    compactness: float
    continuity: float
    most_workload: float = np.inf


class Division(NamedTuple):
    """A division of the units into beats together with running totals of every beat.

    Attributes
    ----------
    beat : ndarray of int64, shape (n,)
        Beat of each unit.
    units : ndarray of int64, shape (k,)
        Units in each beat.
    residents, workload, area_m2, perimeter_m, energy : ndarray of float64, shape (k,)
        Totals of each beat.
    """

    beat: NDArray[np.int64]
    units: NDArray[np.int64]
    residents: NDArray[np.float64]
    workload: NDArray[np.float64]
    area_m2: NDArray[np.float64]
    perimeter_m: NDArray[np.float64]
    energy: NDArray[np.float64]


@njit(cache=True, nogil=True)
def load_energy(residents: float, workload: float, rules: Rules) -> float:
    """Return the part of the energy that residents and workload decide."""
    breach = 0.0
    if residents < rules.min_residents:
        breach = (rules.min_residents - residents) / rules.min_residents
    elif residents > rules.max_residents:
        breach = (residents - rules.max_residents) / rules.max_residents
    uneven = workload / rules.mean_workload - 1.0
    energy = rules.breach * (breach + breach * breach) + rules.workload * uneven * uneven
    if workload > rules.most_workload:
        excess = (workload - rules.most_workload) / rules.mean_workload
        energy += rules.breach * (excess + excess * excess)
    return energy


@njit(cache=True, nogil=True)
def shape_energy(area_m2: float, perimeter_m: float, rules: Rules) -> float:
    """Return the part of the energy that the shape decides."""
    roundness = FOUR_PI * area_m2 / (perimeter_m * perimeter_m + 1e-9)
    ragged = max(0.0, RAGGED_BELOW - roundness)
    return rules.compactness * (1.0 - roundness + RAGGED_PRICE * ragged * ragged)


@njit(cache=True, nogil=True)
def total_up(graph: UnitGraph, beat: Whole, n_beats: int, rules: Rules) -> Division:
    """Return the :class:`Division` for the beats of the units."""
    units = np.zeros(n_beats, np.int64)
    residents, workload = np.zeros(n_beats), np.zeros(n_beats)
    area_m2, perimeter_m = np.zeros(n_beats), np.zeros(n_beats)
    for unit in range(len(beat)):
        own = beat[unit]
        units[own] += 1
        residents[own] += graph.residents[unit]
        workload[own] += graph.workload[unit]
        area_m2[own] += graph.area_m2[unit]
        perimeter_m[own] += graph.perimeter_m[unit]
        for entry in range(graph.start[unit], graph.start[unit + 1]):
            if beat[graph.neighbour[entry]] == own:
                perimeter_m[own] -= graph.border_m[entry]
    energy = np.zeros(n_beats)
    for own in range(n_beats):
        energy[own] = load_energy(residents[own], workload[own], rules)
        energy[own] += shape_energy(area_m2[own], perimeter_m[own], rules)
    return Division(beat, units, residents, workload, area_m2, perimeter_m, energy)


@njit(cache=True, nogil=True)
def moved_residents(graph: UnitGraph, beat: Whole) -> float:
    """Return the residents whose unit has left its home beat."""
    moved = 0.0
    for unit in range(len(beat)):
        if graph.home[unit] >= 0 and graph.home[unit] != beat[unit]:
            moved += graph.residents[unit]
    return moved


@njit(cache=True, nogil=True)
def total_energy(graph: UnitGraph, division: Division, rules: Rules) -> float:
    """Return the energy of the whole plan."""
    return float(division.energy.sum()) + rules.continuity * moved_residents(graph, division.beat)
