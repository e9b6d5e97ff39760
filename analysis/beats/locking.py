"""Locks: contradictions named before the search, and a connected core for every beat that units are locked to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.beats.continuity import continue_names
from analysis.beats.graph import UnitGraph, components, edges_of
from analysis.beats.problem import BeatProblem
from analysis.beats.reasons import name_units
from analysis.beats.screening import Screening
from analysis.errors import ParameterError

Labels = NDArray[np.int64]

OUTSIDE = -2
"""Marks units that no way may pass through."""


def refuse_contradictions(problem: BeatProblem, screening: Screening) -> None:
    """Refuse locks that no plan can keep.

    Parameters
    ----------
    problem : BeatProblem
        The task with its locks.
    screening : Screening
        Its connected groups.

    Raises
    ------
    ParameterError
        Naming units locked to one beat that do not connect or have too many residents, and groups with more beats
        locked into them than they can have.
    """
    place = screening.group.copy()
    for index, finding in enumerate(screening.alone):
        place[finding.units] = -2 - index
    for beat in np.unique(problem.current[problem.locks.kept]):
        units = np.flatnonzero(problem.current == beat)
        if len(np.unique(problem.zone[units])) > 1:
            raise _conflict(problem, units, int(beat), "lie on both sides of a hard boundary")
    locked = np.where(problem.locks.kept, -1, problem.locks.beat)
    for beat in np.unique(locked[locked >= 0]):
        units = np.flatnonzero(locked == beat)
        if len(np.unique(place[units])) > 1:
            raise _conflict(
                problem, units, int(beat), "do not connect without crossing a hard boundary, a gap or a beat of its own"
            )
        residents = int(problem.residents[units].sum())
        if residents > problem.max_residents and place[units[0]] >= 0:
            raise _conflict(problem, units, int(beat), f"have {residents:,} residents, above {problem.max_residents:,}")
    for own in np.unique(place[locked >= 0]):
        inside = (place == own) & (locked >= 0)
        wanted = len(np.unique(locked[inside]))
        if wanted > (screening.most[own] if own >= 0 else 1):
            units = np.flatnonzero(inside)
            raise ParameterError(
                f"{name_units(tuple(problem.unit_ids[units])).capitalize()} are locked to {wanted} beats, more than "
                "their connected surroundings can have within the bounds.",
                "Lock them to fewer beats, or lower the minimum of residents.",
            )


def lock_cores(problem: BeatProblem, graph: UnitGraph, free: Labels, locked: Labels) -> Labels:
    """Connect the units that are locked to the same beat.

    Parameters
    ----------
    problem : BeatProblem
        The task, for names.
    graph : UnitGraph
        Units that can be divided.
    free, locked : ndarray of int64, shape (n,)
        Their position in the task, and the beat each is locked to, -1 for none.

    Returns
    -------
    ndarray of int64, shape (n,)
        ``locked`` with the units on the ways between units of the same beat.

    Raises
    ------
    ParameterError
        Naming the units for which no way is left beside those of the other beats.
    """
    first = list(np.unique(locked[locked >= 0]))
    for _ in range(len(first)):
        cores = locked.copy()
        for beat in first:
            if not _connect(graph, cores, int(beat)):
                break
        else:
            return cores
        first.remove(beat)
        first.insert(0, beat)
    units = free[locked == first[0]]
    raise _conflict(problem, units, int(first[0]), "do not connect without passing through units locked to other beats")


def beats_around_cores(beat: Labels, cores: Labels, residents: NDArray[np.float64]) -> Labels:
    """Return seeded beats named after the cores that they have most in common with.

    Parameters
    ----------
    beat, cores : ndarray of int64, shape (n,)
        Seeded beats, and locked beats or -1.
    residents : ndarray of float64, shape (n,)
        Residents of each unit.

    Returns
    -------
    ndarray of int64, shape (n,)
        The number of the core, or a number above that of all cores.
    """
    count, most = int(beat.max()) + 1, int(cores.max()) + 1
    core_of_beat = continue_names(beat, cores, residents + 1.0, count, most)
    names = np.where(core_of_beat >= 0, core_of_beat, most + np.arange(count))
    label: Labels = names[beat].astype(np.int64)
    return label


def cores_within_beats(graph: UnitGraph, beat: Labels) -> NDArray[np.bool_]:
    """Return the fixed units of every beat and those on ways between them inside the beat.

    Parameters
    ----------
    graph : UnitGraph
        With its fixed units.
    beat : ndarray of int64, shape (n,)
        Connected beats.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    core = graph.fixed.copy()
    for own in np.unique(beat[graph.fixed]):
        cores = np.where(beat == own, np.where(graph.fixed, own, -1), OUTSIDE)
        _connect(graph, cores, int(own))
        core |= cores == own
    return core


def _connect(graph: UnitGraph, cores: Labels, beat: int) -> bool:
    """Add to the core of a beat the shortest ways between its parts; return whether it is connected then."""
    edges = edges_of(graph)
    while True:
        inside = cores == beat
        _, piece = components(edges.select(inside[edges.first] & inside[edges.second]), len(cores))
        parts = np.unique(piece[inside])
        if len(parts) <= 1:
            return True
        way = _shortest_way(graph, cores, beat, piece == parts[0])
        if way is None:
            return False
        cores[way] = beat


def _shortest_way(graph: UnitGraph, cores: Labels, beat: int, start: NDArray[np.bool_]) -> list[int] | None:
    """Return the free units on the shortest way from ``start`` to another part of the core, None without one."""
    origin = np.where(start, -2, -1)
    front = np.flatnonzero(start).tolist()
    while front:
        reached: list[int] = []
        for unit in front:
            for other in graph.neighbour[graph.start[unit] : graph.start[unit + 1]].tolist():
                if origin[other] != -1 or cores[other] not in (-1, beat):
                    continue
                origin[other] = unit
                if cores[other] == beat:
                    return _way_back(origin, unit)
                reached.append(other)
        front = reached
    return None


def _way_back(origin: Labels, unit: int) -> list[int]:
    """Return the units from ``unit`` back to the start."""
    way = []
    while origin[unit] >= 0:
        way.append(unit)
        unit = int(origin[unit])
    return way


def _conflict(problem: BeatProblem, units: Labels, beat: int, why: str) -> ParameterError:
    """Return the error for units locked to one beat."""
    names = name_units(tuple(problem.unit_ids[units]))
    return ParameterError(
        f"The {names} locked to beat '{problem.locks.names[beat]}' {why}.", "Unlock one of them, or add a bridge."
    )
