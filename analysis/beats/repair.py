"""Local repair: a beat out of bounds is solved anew with its neighbours, with one beat fewer or more if that helps."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from analysis.beats.annealing import FIXED_WEIGHT
from analysis.beats.continuity import adjust_count, continue_names
from analysis.beats.energy import Rules
from analysis.beats.graph import Edges, UnitGraph, edges_of, positions_among, subgraph
from analysis.beats.locking import cores_within_beats
from analysis.beats.patience import Patience
from analysis.beats.randomness import random_stream
from analysis.beats.search import Attempt, Effort, Walk, judge, seeded
from analysis.beats.trees import scratch_for
from analysis.row_blocks import thread_count

Labels = NDArray[np.int64]

ROUNDS = 3
TRIES = 4
EFFORT = Effort(steps_per_unit=400, least_steps=10_000, hot=0.5, cold=2e-4, merge_split=0.1)
GENTLE_ROUNDS = 5
GENTLE = Effort(steps_per_unit=300, least_steps=10_000, hot=0.05, cold=2e-4, merge_split=0.1)
BREACH_WEIGHT = 100.0


def repair(
    graph: UnitGraph,
    attempt: Attempt,
    rules: Rules,
    *,
    fixed_count: bool,
    seed: int,
    patience: Patience | None = None,
    gentle: bool = False,
) -> Attempt:
    """Bring beats within bounds by solving their surroundings anew.

    Parameters
    ----------
    graph, rules
        Units and neighbours; bounds and weights.
    attempt : Attempt
        Division with connected beats, some out of bounds.
    fixed_count, seed : bool, int
        Whether the number of beats must stay, and the seed of the run.
    patience : Patience or None
        How long it may take.
    gentle : bool
        Whether to start from the present beats every time and to look for the least change, further around where that
        is needed.

    Returns
    -------
    Attempt
        With no more breaches than before; beats are numbered anew when their number changed.

    Notes
    -----
    Round ``r`` takes the beats up to ``r + 1`` steps away. Each surrounding is tried with as many beats as now, one
    fewer and one more, and taken when fewer of its beats are out of bounds. Surroundings without a beat in common are
    solved side by side; which ones does not depend on the number of threads.
    """
    graph = graph._replace(home=attempt.home)
    patience = patience or Patience()
    beat = attempt.beat.copy()
    borders = edges_of(graph)
    with ThreadPoolExecutor(thread_count()) as pool:
        for turn in range(GENTLE_ROUNDS if gentle else ROUNDS):
            waiting = _breaching(graph, beat, rules).tolist()
            while waiting and not patience.is_over():
                batch, waiting = _apart(_beats_beside(borders, beat), waiting, turn + 1)

                def solve(job: tuple[int, Labels], turn: int = turn) -> Labels | None:
                    centre, around = job
                    path = (seed, turn, centre)
                    if patience.is_over():
                        return None
                    return solve_around(graph, beat, around, rules, fixed_count=fixed_count, gentle=gentle, path=path)

                touched: set[int] = set()
                for (_, around), solved in zip(batch, list(pool.map(solve, batch)), strict=True):
                    if solved is not None:
                        fresh = solved < 0
                        solved[fresh] = int(beat.max()) - solved[fresh]
                        beat[np.isin(beat, around)] = solved
                        touched.update(around.tolist())
                waiting = [bad for bad in waiting if bad not in touched]
            if patience.is_over() or not len(_breaching(graph, beat, rules)):
                break
    return _numbered(graph, beat, rules)


def _numbered(graph: UnitGraph, beat: Labels, rules: Rules) -> Attempt:
    """Give the beats numbers without gaps."""
    names, beat = np.unique(beat, return_inverse=True)
    renamed = graph._replace(home=positions_among(names, graph.home))
    return judge(renamed, beat.astype(np.int64), len(names), rules)


def _breaching(graph: UnitGraph, beat: Labels, rules: Rules) -> Labels:
    """Return the beats that are out of bounds."""
    residents = np.bincount(beat, graph.residents)
    present = np.bincount(beat) > 0
    return np.flatnonzero(present & ((residents < rules.min_residents) | (residents > rules.max_residents)))


def _beats_beside(borders: Edges, beat: Labels) -> csr_array:
    """Return which beats touch which, as a symmetric matrix."""
    crossing = borders.select(beat[borders.first] != beat[borders.second])
    one, two = beat[crossing.first], beat[crossing.second]
    count = int(beat.max()) + 1
    matrix = coo_array((np.ones(len(one), np.int8), (one, two)), shape=(count, count)).astype(np.bool_)
    return csr_array(matrix + matrix.T)


def _apart(beside: csr_array, waiting: list[int], steps: int) -> tuple[list[tuple[int, Labels]], list[int]]:
    """Return beats with surroundings (beats up to ``steps`` away) that have none in common, and the beats left."""
    claimed = np.zeros(beside.shape[0], np.bool_)
    batch: list[tuple[int, Labels]] = []
    left: list[int] = []
    for centre in waiting:
        near = np.array([centre], np.int64)
        for _ in range(steps):
            reached = [beside.indices[beside.indptr[own] : beside.indptr[own + 1]] for own in near]
            near = np.unique(np.concatenate([near, *reached])).astype(np.int64)
        if claimed[near].any():
            left.append(centre)
        else:
            claimed[near] = True
            batch.append((centre, near))
    return batch, left


def solve_around(
    graph: UnitGraph,
    beat: Labels,
    around: Labels,
    rules: Rules,
    *,
    fixed_count: bool,
    gentle: bool,
    path: tuple[int, int, int],
) -> Labels | None:
    """Solve some beats that touch each other anew.

    Parameters
    ----------
    graph, rules, fixed_count, gentle
        As for :func:`repair`; residents who leave the ``home`` of the graph have their price.
    beat : ndarray of int64, shape (n,)
        Beat of each unit; those of ``around`` are connected.
    around : ndarray of int64, shape (c,)
        Beats to solve, ascending.
    path : tuple of int
        Seed and what else the random stream depends on.

    Returns
    -------
    ndarray of int64, or None
        Beats for the units of ``around`` in ascending order of the units (-1, -2 ... for new ones), None when no
        division with fewer beats out of bounds was found.
    """
    units = np.flatnonzero(np.isin(beat, around))
    part = subgraph(graph, units)
    present = np.searchsorted(around, beat[units])
    part = part._replace(home=positions_among(around, graph.home[units]))
    strict = rules._replace(breach=BREACH_WEIGHT)
    now = judge(part, present, len(around), strict).breaches
    best: Attempt | None = None

    def preference(attempt: Attempt) -> tuple[int, float]:
        return (attempt.breaches, _moved(part, attempt)) if gentle else attempt.rank

    for count in _counts(part, present, rules, fixed_count):
        for walk in _walks(part, present, count, strict, gentle, (*path, count)):
            walk.advance(0.0, 1.0)
            found = walk.result()
            if found.breaches < now and (best is None or preference(found) < preference(best)):
                best = found
            if best is not None and best.breaches == 0 and not gentle:
                break
        if best is not None and best.breaches == 0 and not gentle:
            break
    if best is None:
        return None
    reference = np.where((part.home >= 0) & ~part.fixed, part.home, present)
    continued = continue_names(
        best.beat, reference, part.residents + FIXED_WEIGHT * part.fixed, best.n_beats, len(around)
    )
    fresh = continued < 0
    names = around[continued]
    names[fresh] = -1 - np.arange(int(fresh.sum()))
    return names[best.beat]


def _moved(part: UnitGraph, attempt: Attempt) -> float:
    """Return the residents who leave their home beat or lose it to a merger."""
    return float(part.residents[(part.home >= 0) & (attempt.home != attempt.beat)].sum())


def _counts(part: UnitGraph, present: Labels, rules: Rules, fixed_count: bool) -> list[int]:
    """Return the numbers of beats worth trying."""
    count, residents = int(present.max()) + 1, float(part.residents.sum())
    if fixed_count:
        return [count]
    fewest = max(1, len(np.unique(present[part.fixed])))
    fitting = [
        other
        for other in (count, count - 1, count + 1)
        if fewest <= other <= len(present) and other * rules.min_residents <= residents <= other * rules.max_residents
    ]
    return fitting or [count]


def _walks(
    part: UnitGraph, present: Labels, count: int, rules: Rules, gentle: bool, path: tuple[int, ...]
) -> Iterator[Walk]:
    """Yield annealing walks over a surrounding: first from the present beats, then from fresh seeds."""
    seed, *rest = path
    scratch, cores = scratch_for(part), cores_within_beats(part, present)
    for turn in range(TRIES):
        random = random_stream(seed, 1, *rest, turn)
        if gentle or part.fixed.any() or (turn == 0 and count == int(present.max()) + 1):
            label = adjust_count(part, present, cores, count, int(present.max()) + 1, rules, random)
            names, beat = np.unique(label, return_inverse=True)
            if len(names) != count:
                continue
            start = part._replace(home=positions_among(names, part.home))
        else:
            start = part._replace(home=np.full(len(part.home), -1, np.int64))
            beat = seeded(
                part,
                np.zeros(len(part.residents), np.int64),
                np.array([count]),
                rules,
                even_residents=0.6 if turn < 2 else 1.0,
                random=random,
                scratch=scratch,
            )
        effort = GENTLE if gentle else EFFORT
        yield Walk(start, beat.astype(np.int64), count, rules, effort=effort, random=random, scratch=scratch)
