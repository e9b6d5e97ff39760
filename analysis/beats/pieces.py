"""Large towns: the beats of one piece of the town are annealed at a time, several pieces side by side."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from analysis.beats.energy import Rules
from analysis.beats.graph import UnitGraph, positions_among, subgraph
from analysis.beats.patience import Patience
from analysis.beats.randomness import random_stream
from analysis.beats.search import Advance, Attempt, Effort, Walk, judge, walk_side_by_side
from analysis.row_blocks import thread_count

Labels = NDArray[np.int64]

PIECE_UNITS = 12_000
"""Units of a piece; a town of more than two pieces is cut."""
SEAM_HOT = 0.01
SEAM_STEPS = 0.25
"""The second turn is cool and short: it evens out what the seams of the first have left."""


def anneal_in_pieces(
    graph: UnitGraph,
    beat: Labels,
    n_beats: int,
    rules: Rules,
    *,
    effort: Effort,
    seed: int,
    patience: Patience,
    advance: Advance,
) -> Attempt:
    """Anneal a division of many units piece by piece.

    Parameters
    ----------
    graph : UnitGraph
        Units in an order in which neighbours are close.
    beat, n_beats : ndarray of int64, shape (n,), and int
        Where to start: connected beats.
    rules, effort, seed
        Bounds and weights, how long and how hot, and the seed of the run.
    patience : Patience
        How long it may take.
    advance : callable
        Told the finished share (0 to 1).

    Returns
    -------
    Attempt

    Notes
    -----
    A piece holds whole beats that follow each other along the order of the units. There are two turns; the pieces of
    the second begin in the middle of those of the first, so that no beat lies at a seam twice. Pieces do not depend on
    the number of threads, so neither does the result.
    """
    rank = _ranks(beat, n_beats)
    seam = replace(effort, steps_per_unit=max(1, int(SEAM_STEPS * effort.steps_per_unit)), hot=SEAM_HOT)
    for turn, (turn_effort, shift) in enumerate(((effort, 0.0), (seam, 0.5))):
        pieces = _pieces(beat, rank, shift)

        def begin(number: int, pieces: list[Labels] = pieces, effort: Effort = turn_effort, turn: int = turn) -> Walk:
            return _walk(graph, beat, pieces[number], rules, effort, random_stream(seed, 3, turn, number))

        def tell(share: float, turn: int = turn) -> None:
            advance((turn + share) * 0.8 if turn == 0 else 0.8 + 0.2 * share)

        with ThreadPoolExecutor(min(len(pieces), thread_count())) as pool:
            walks = list(pool.map(begin, range(len(pieces))))
        walk_side_by_side(walks, patience, tell)
        for units, walk in zip(pieces, walks, strict=True):
            names = np.unique(beat[units])
            beat[units] = names[walk.result().beat]
    return judge(graph, beat, n_beats, rules)


def _ranks(beat: Labels, n_beats: int) -> Labels:
    """Return the place of every beat along the order of the units."""
    mean = np.bincount(beat, np.arange(len(beat)), minlength=n_beats) / np.bincount(beat, minlength=n_beats)
    rank = np.empty(n_beats, np.int64)
    rank[np.argsort(mean, kind="stable")] = np.arange(n_beats)
    return rank


def _pieces(beat: Labels, rank: Labels, shift: float) -> list[Labels]:
    """Return the units of every piece, in ascending order."""
    count = max(1, round(len(beat) / PIECE_UNITS))
    piece_of_beat = np.floor(rank / len(rank) * count + shift).astype(np.int64)
    piece = piece_of_beat[beat]
    return [units for number in range(count + 1) if len(units := np.flatnonzero(piece == number))]


def _walk(
    graph: UnitGraph, beat: Labels, units: Labels, rules: Rules, effort: Effort, random: NDArray[np.uint64]
) -> Walk:
    """Return a walk over the beats of one piece."""
    part = subgraph(graph, units)
    names, own = np.unique(beat[units], return_inverse=True)
    part = part._replace(home=positions_among(names, graph.home[units]))
    return Walk(part, own.astype(np.int64), len(names), rules, effort=effort, random=random)
