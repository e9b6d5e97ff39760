"""Starting from the plan in force, so that most residents keep the officer they know."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

from analysis.beats.energy import Rules
from analysis.beats.graph import Edges, UnitGraph, components, edges_of, positions_among, subgraph
from analysis.beats.problem import BeatProblem
from analysis.beats.randomness import RandomState
from analysis.beats.screening import Screening
from analysis.beats.seeding import seed_beats
from analysis.beats.trees import scratch_for

Labels = NDArray[np.int64]

CORE_WEIGHT = 1e12
SPLIT_TRIES = 8
SHED = 1.3
"""A beat with up to this many times the maximum can hand the surplus to its neighbours; a larger one is split."""


@dataclass(frozen=True)
class WarmStart:
    """A connected division close to the plan in force.

    Attributes
    ----------
    beat : ndarray of int64, shape (n,)
        Beat of each unit, numbered 0 to ``parts.sum() - 1``.
    home : ndarray of int64, shape (n,)
        Beat that continues the unit's beat of the plan in force, -1 where none does.
    """

    beat: Labels
    home: Labels


def warm_start(
    graph: UnitGraph,
    group: Labels,
    parts: Labels,
    current: Labels,
    rules: Rules,
    random: RandomState,
    *,
    cores: Labels,
) -> WarmStart:
    """Turn the plan in force into connected beats of the right number.

    Parameters
    ----------
    graph, rules, random
        Units and neighbours; bounds, weights; random state.
    group, parts : ndarray of int64, shape (n,) and (g,)
        Connected group of each unit, and beats of each group.
    current : ndarray of int64, shape (n,)
        Beat of the plan in force, -1 for none.
    cores : ndarray of int64, shape (n,)
        Beat that the unit is to start in because of a lock (connected for each beat), -1 for none.

    Returns
    -------
    WarmStart

    Notes
    -----
    Of a beat in several pieces the one with most residents goes on; the other pieces join the neighbour with the
    longest border. Then the smallest beats are merged or the largest split until the number of beats is right.
    """
    label = continued_labels(graph, group, current, cores)
    next_label = int(max(label.max(), current.max())) + 1
    for index, count in enumerate(parts):
        units = np.flatnonzero(group == index)
        own, in_core = label[units], cores[units] >= 0
        label[units] = adjust_count(subgraph(graph, units), own, in_core, int(count), next_label, rules, random)
        next_label = max(next_label, int(label[units].max()) + 1)
    names, beat = np.unique(label, return_inverse=True)
    return WarmStart(beat.astype(np.int64), positions_among(names, current))


def continued_labels(graph: UnitGraph, group: Labels, current: Labels, cores: Labels) -> Labels:
    """Turn the plan in force into connected beats, however many.

    Parameters
    ----------
    graph, group, current, cores
        As for :func:`warm_start`.

    Returns
    -------
    ndarray of int64, shape (n,)
        Labels of the plan in force, and above them one for each group without any beat.
    """
    edges = edges_of(graph)
    label = np.where(cores >= 0, cores, current)
    above = int(label.max(initial=-1)) + 1
    label = _grow(edges, _largest_pieces(edges, graph.residents + CORE_WEIGHT * (cores >= 0), label))
    return np.where(label >= 0, label, above + group)


def beats_to_continue(problem: BeatProblem, screening: Screening) -> Labels | None:
    """Return the number of beats of every group that disturbs the plan in force least, None without such a plan.

    Parameters
    ----------
    problem : BeatProblem
        The task.
    screening : Screening
        Its groups.

    Returns
    -------
    ndarray of int64, shape (g,), or None

    Notes
    -----
    A beat within the bounds goes on as one. A beat of ``R`` residents above the maximum becomes ``ceil(R / (1.3 max))``
    beats, for its neighbours can take in what little it has too many, and one below half the minimum none.
    """
    if not problem.current_names:
        return None
    known = (screening.group >= 0) & (problem.current >= 0)
    pairs, place = np.unique(
        np.column_stack([screening.group[known], problem.current[known]]), axis=0, return_inverse=True
    )
    residents = np.bincount(place.ravel(), problem.residents[known], minlength=len(pairs))
    count = np.where(residents * 2 < problem.min_residents, 0, np.ceil(residents / (SHED * problem.max_residents)))
    return np.bincount(pairs[:, 0], count, minlength=len(screening.fewest)).astype(np.int64)


def continue_names(
    beat: Labels, current: Labels, residents: NDArray[np.float64], n_beats: int, n_current: int
) -> Labels:
    """Choose which beat of the plan in force each new beat continues.

    Parameters
    ----------
    beat, current : ndarray of int64, shape (n,)
        New beat and beat of the plan in force (-1 for none) of each unit.
    residents : ndarray of float64, shape (n,)
        Residents of each unit.
    n_beats, n_current : int
        Number of beats in either plan.

    Returns
    -------
    ndarray of int64, shape (n_beats,)
        Beat continued, -1 for a new one; no beat is continued twice and as many residents as possible stay.

    Examples
    --------
    >>> continue_names(np.array([0, 0, 1]), np.array([1, 1, 0]), np.array([5.0, 5.0, 9.0]), 2, 2)
    array([1, 0])
    """
    known = current >= 0
    shared = coo_array((residents[known] + 1e-3, (beat[known], current[known])), shape=(n_beats, n_current))
    overlap = shared.toarray()
    row, column = linear_sum_assignment(overlap, maximize=True)
    continued = np.full(n_beats, -1, np.int64)
    real = overlap[row, column] > 0
    continued[row[real]] = column[real]
    return continued


def _largest_pieces(edges: Edges, residents: NDArray[np.float64], current: Labels) -> Labels:
    """Keep the label of the most populous connected piece of every beat; the rest becomes -1."""
    same = edges.select((current[edges.first] == current[edges.second]) & (current[edges.first] >= 0))
    count, piece = components(same, len(current))
    people = np.bincount(piece, residents, minlength=count)
    owner = np.zeros(count, np.int64)
    owner[piece] = current
    order = np.lexsort((np.arange(count), -people, owner))
    leads = np.zeros(count, np.bool_)
    leads[order[np.concatenate([[True], np.diff(owner[order]) != 0])]] = True
    return np.where(leads[piece] & (current >= 0), current, -1)


def _grow(edges: Edges, label: Labels) -> Labels:
    """Give units without a label that of the neighbour with the longest border, round by round."""
    label = label.copy()
    source = np.concatenate([edges.first, edges.second])
    target = np.concatenate([edges.second, edges.first])
    border_m = np.concatenate([edges.border_m, edges.border_m])
    while True:
        reach = np.flatnonzero((label[source] >= 0) & (label[target] < 0))
        if not len(reach):
            return label
        order = reach[np.lexsort((label[source[reach]], -border_m[reach], target[reach]))]
        first = np.concatenate([[True], np.diff(target[order]) != 0])
        label[target[order[first]]] = label[source[order[first]]]


def _half(
    part: UnitGraph, inside: Labels, in_core: NDArray[np.bool_], rules: Rules, random: RandomState
) -> NDArray[np.bool_]:
    """Return which units of a beat (shape (k,)) to part from it: about half, or a single one, but none of its core.

    No unit where neither works, which cannot be when the core is connected and is not the whole beat: the unit that is
    farthest from it lies on no other unit's shortest way to it.
    """
    piece = subgraph(part, inside)
    quota = 2.0 * (piece.residents + 1e-9) / (piece.residents + 1e-9).sum()
    scratch, sides = scratch_for(piece), np.zeros(len(inside), np.int64)
    for _ in range(SPLIT_TRIES if in_core.any() else 1):
        seed_beats(piece, rules, np.arange(len(inside)), 2, quota, scratch, random, sides)
        for away in (sides == 1, sides == 0):
            chosen: NDArray[np.bool_] = away
            if not (chosen & in_core).any():
                return chosen
    nothing: NDArray[np.bool_] = np.zeros(len(inside), np.bool_)
    if not in_core.any():
        return nothing
    matrix = csr_array((np.ones(len(piece.neighbour)), piece.neighbour, piece.start), shape=(len(inside),) * 2)
    away_from_core = dijkstra(matrix, indices=np.flatnonzero(in_core), unweighted=True, min_only=True)
    farthest = np.arange(len(inside)) == np.argmax(away_from_core)
    rest = matrix[~farthest][:, ~farthest]
    return farthest if connected_components(rest, directed=False)[0] == 1 else nothing


def adjust_count(
    graph: UnitGraph,
    label: Labels,
    in_core: NDArray[np.bool_],
    count: int,
    next_label: int,
    rules: Rules,
    random: RandomState,
) -> Labels:
    """Merge the smallest or split the largest beats until there are ``count``.

    Parameters
    ----------
    graph : UnitGraph
        Connected units.
    label : ndarray of int64, shape (n,)
        Connected beats.
    in_core : ndarray of bool, shape (n,)
        Units that must stay together with those of the same beat; two such beats are not merged.
    count, next_label : int
        Beats wanted, and the label of the first new one.
    rules, random
        Bounds and weights; random state.

    Returns
    -------
    ndarray of int64, shape (n,)
        Labels; parts split off have labels from ``next_label`` on. There are fewer beats than wanted where the units
        that must stay together leave nothing to split.
    """
    edges = edges_of(graph)
    own = label.copy()
    whole: list[int] = []
    while True:
        present, place, size = np.unique(own, return_inverse=True, return_counts=True)
        people = np.bincount(place, graph.residents, minlength=len(present))
        if len(present) == count:
            return own
        with_core = np.bincount(place, in_core, minlength=len(present)) > 0
        if len(present) > count:
            smallest = present[np.argmin(np.where(with_core, np.inf, people))]
            crossing = edges.select((own[edges.first] == smallest) != (own[edges.second] == smallest))
            beside = np.where(own[crossing.first] == smallest, own[crossing.second], own[crossing.first])
            near = np.isin(present, beside)
            own[own == smallest] = present[near][np.argmin(people[near])]
            continue
        loose = size - np.bincount(place, in_core, minlength=len(present))
        splittable = (size > 1) & (loose > 0) & ~np.isin(present, whole)
        if not splittable.any():
            return own
        largest = int(present[np.argmax(np.where(splittable, people, -1.0))])
        inside = np.flatnonzero(own == largest)
        away = _half(graph, inside, in_core[inside], rules, random)
        if not away.any():
            whole.append(largest)
        own[inside[away]] = next_label
        next_label += 1
