"""Starting from the plan in force, so that most residents keep the officer they know."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array

from analysis.beats.energy import Rules
from analysis.beats.graph import Edges, UnitGraph, components, edges_of, positions_among, subgraph
from analysis.beats.problem import BeatProblem
from analysis.beats.randomness import RandomState
from analysis.beats.screening import Screening
from analysis.beats.seeding import seed_beats
from analysis.beats.trees import scratch_for

Labels = NDArray[np.int64]


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
    graph: UnitGraph, group: Labels, parts: Labels, current: Labels, rules: Rules, random: RandomState
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

    Returns
    -------
    WarmStart

    Notes
    -----
    Of a beat in several pieces the one with most residents goes on; the other pieces join the neighbour with the
    longest border. Then the smallest beats are merged or the largest split until the number of beats is right.
    """
    edges = edges_of(graph)
    label = _grow(edges, _largest_pieces(edges, graph.residents, current))
    next_label = int(max(label.max(initial=-1), current.max(initial=-1))) + 1
    for index, count in enumerate(parts):
        units = np.flatnonzero(group == index)
        if (label[units] < 0).any():
            label[units] = next_label
            next_label += 1
        next_label = _adjust(graph, units, label, int(count), next_label, rules, random)
    names, beat = np.unique(label, return_inverse=True)
    return WarmStart(beat.astype(np.int64), positions_among(names, current))


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
    A beat within the bounds goes on as one. A beat of ``R`` residents above the maximum becomes ``ceil(R / max)``
    beats, and one below half the minimum none.
    """
    if not problem.current_names:
        return None
    known = (screening.group >= 0) & (problem.current >= 0)
    pairs, place = np.unique(
        np.column_stack([screening.group[known], problem.current[known]]), axis=0, return_inverse=True
    )
    residents = np.bincount(place.ravel(), problem.residents[known], minlength=len(pairs))
    count = np.where(residents * 2 < problem.min_residents, 0, np.ceil(residents / problem.max_residents))
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


def _adjust(
    graph: UnitGraph,
    units: Labels,
    label: Labels,
    count: int,
    next_label: int,
    rules: Rules,
    random: NDArray[np.uint64],
) -> int:
    """Merge the smallest or split the largest beats of one group, in ``label``, until there are ``count``."""
    part = subgraph(graph, units)
    edges = edges_of(part)
    own = label[units]
    while True:
        present, place, size = np.unique(own, return_inverse=True, return_counts=True)
        people = np.bincount(place, part.residents, minlength=len(present))
        if len(present) == count:
            break
        if len(present) > count:
            smallest = present[np.argmin(people)]
            crossing = edges.select((own[edges.first] == smallest) != (own[edges.second] == smallest))
            beside = np.where(own[crossing.first] == smallest, own[crossing.second], own[crossing.first])
            near = np.isin(present, beside)
            own[own == smallest] = present[near][np.argmin(people[near])]
            continue
        largest = present[np.argmax(np.where(size > 1, people, -1.0))]
        inside = np.flatnonzero(own == largest)
        halves = np.zeros(len(inside), np.int64)
        piece = subgraph(part, inside)
        quota = 2.0 * (piece.residents + 1e-9) / (piece.residents + 1e-9).sum()
        seed_beats(piece, rules, np.arange(len(inside)), 2, quota, scratch_for(piece), random, halves)
        own[inside[halves == 1]] = next_label
        next_label += 1
    label[units] = own
    return next_label
